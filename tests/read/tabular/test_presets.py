"""The presets for what collectors write, by their projects' documentation: a row each, by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from folkways.model.addresses import address_from_text
from folkways.model.errors import FormatError
from folkways.read.source import Source
from folkways.read.tabular import presets
from folkways.read.tabular.recognise import recognised

A, B = address_from_text("10.10.11.38"), address_from_text("198.51.100.54")
A6, B6 = address_from_text("fe80::1"), address_from_text("2001:db8::54")
SECOND, AT = 1709065920, 1709065920620


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def some(row: dict[str, Any], *fields: str) -> tuple[Any, ...]:
    return tuple(row[field] for field in fields)


def counters(row: dict[str, Any]) -> tuple[Any, ...]:
    return some(row, "bytes_forward", "packets_forward", "bytes_reverse", "packets_reverse")


def ends(row: dict[str, Any]) -> tuple[Any, ...]:
    return some(
        row, "source_address", "source_port", "destination_address", "destination_port", "protocol"
    )


GOFLOW2 = {
    "type": "SFLOW_5",
    "time_received_ns": AT * 1_000_000 + 635488,
    "sequence_num": 47142,
    "sampling_rate": 1024,
    "sampler_address": "10.10.26.5",
    "time_flow_start_ns": AT * 1_000_000 + 635488,
    "time_flow_end_ns": AT * 1_000_000 + 635488,
    "bytes": 1518,
    "packets": 1,
    "src_addr": "10.10.11.38",
    "dst_addr": "198.51.100.54",
    "etype": "IPv4",
    "proto": "TCP",
    "src_port": 16443,
    "dst_port": 57444,
    "src_mac": "3c:ec:ef:fc:f7:38",
    "tcp_flags": 16,
    "src_as": 0,
    "dst_as": 64496,
    "mpls_label": [],
    "observation_domain_id": 7,
}


def test_goflow2(read: Callable[..., Any], write: Callable[..., Path]) -> None:
    netflow = GOFLOW2 | {"type": "NETFLOW_V9", "sampling_rate": 0, "observation_domain_id": 0}
    arp = GOFLOW2 | {"etype": "ARP", "src_addr": "", "dst_addr": ""}
    found, tally = read(write(lines(GOFLOW2, netflow, arp, GOFLOW2 | {"type": "new"})))
    frame, plain, odd = found
    assert ends(frame) == (A, 16443, B, 57444, 6)
    assert some(frame, "start_ms", "end_ms", "exporter") == (AT, AT, "10.10.26.5")
    # A frame of 1518 octets is a full IP packet of 1500, Ethernet's header and checksum.
    assert counters(frame) == (1500, 1, None, None)
    assert counters(plain) == counters(odd) == (1518, 1, None, None)
    assert some(frame, "sampling", "flaws", "observation_point") == (1024, None, "7")
    assert some(plain, "sampling", "flaws", "observation_point") == (None, None, None)
    assert some(frame, "source_asn", "destination_asn") == (None, 64496)
    assert tally.skipped == {"left out: etype is ARP": 1}
    assert tally.flagged == {"bad value: byte_basis": 1}
    assert tally.versions == {"mapping goflow2": 4}


def test_goflow2_of_version_1(read: Callable[..., Any], write: Callable[..., Path]) -> None:
    row = {
        "Type": "IPFIX",
        "TimeFlowEnd": SECOND + 2,
        "TimeFlowStart": SECOND,
        "TimeReceived": SECOND + 9,
        "Bytes": 70,
        "Packets": 1,
        "SamplingRate": 100,
        "SamplerAddress": "192.168.1.254",
        "FlowDirection": 1,
        "DstAddr": "198.51.100.54",
        "SrcAddr": "10.10.11.38",
        "Etype": 2048,
        "EtypeName": "IPv4",
        "Proto": 6,
        "SrcPort": 443,
        "DstPort": 46344,
        "TCPFlags": 16,
    }
    (found,), _ = read(write(lines(row)))
    assert ends(found) == (A, 443, B, 46344, 6)
    assert some(found, "start_ms", "end_ms") == (SECOND * 1000, SECOND * 1000 + 2000)
    assert some(found, "observation_point", "sampling", "bytes_forward") == ("egress", 100, 70)


PMACCT = {
    "event_type": "purge",
    "peer_ip_src": "192.168.10.1",
    "iface_in": 15,
    "ip_src": "10.10.11.38",
    "ip_dst": "198.51.100.54",
    "port_src": 59913,
    "port_dst": 443,
    "ip_proto": "tcp",
    "tcp_flags": "24",
    "sampling_rate": 1,
    "post_nat_ip_src": "203.0.113.9",
    "post_nat_ip_dst": "198.51.100.54",
    "post_nat_port_src": 2000,
    "post_nat_port_dst": 0,
    "timestamp_start": "2018-06-07 14:31:47.220000",
    "timestamp_end": "1970-01-01 05:30:00.0",
    "stamp_inserted": "2018-06-07 14:31:00",
    "packets": 4,
    "bytes": 400,
}


def test_pmacct_json(read: Callable[..., Any], write: Callable[..., Path]) -> None:
    own = write('name = "own"\npreset = "pmacct-json"\nzone = "Asia/Kolkata"\n', "own.toml")
    slot = {k: v for k, v in PMACCT.items() if not k.startswith("timestamp")}
    (flow, total), tally = read(write(lines(PMACCT, slot)), own)
    assert ends(flow) == (A, 59913, B, 443, 6)
    # 14:31:47.22 in Kolkata; the end is the zero of pmacct in local time, so not known.
    assert some(flow, "start_ms", "end_ms") == (1528362107220, 1528362107220)
    assert some(total, "start_ms", "end_ms") == (1528362060000, 1528362060000)
    assert counters(flow) == (400, 4, None, None)
    assert some(flow, "sampling", "exporter") == (1, "192.168.10.1")
    assert flow["translated_source_address"] == address_from_text("203.0.113.9")
    assert flow["translated_destination_address"] is None
    assert some(flow, "translated_source_port", "translated_destination_port") == (2000, None)
    assert flow["tcp_flags_forward"] == 24
    assert not tally.flagged
    with pytest.raises(FormatError, match="zone"):
        read(write(lines(PMACCT)))


@pytest.mark.parametrize("time", ["1528362107.220000", "2018-06-07T14:31:47.220000+05:30"])
def test_pmacct_with_times_that_say_their_zone(
    read: Callable[..., Any], write: Callable[..., Path], time: str
) -> None:
    (row,), _ = read(write(lines(PMACCT | {"timestamp_start": time, "timestamp_end": time})))
    assert some(row, "start_ms", "end_ms") == (1528362107220, 1528362107220)


def test_pmacct_csv(read: Callable[..., Any], write: Callable[..., Path]) -> None:
    text = (
        "PEER_SRC_IP,SRC_IP,DST_IP,SRC_PORT,DST_PORT,TCP_FLAGS,PROTOCOL,TOS,SAMPLING_RATE,"
        "TIMESTAMP_START,TIMESTAMP_END,PACKETS,FLOWS,BYTES\n"
        "192.168.10.1,10.10.11.38,198.51.100.54,0,0,0,icmp,0,1000,"
        "1528362107.220000,1528362109.5,4,1,400\n"
    )
    (row,), tally = read(write(text))
    assert ends(row) == (A, None, B, None, 1)
    assert some(row, "start_ms", "end_ms", "sampling") == (1528362107220, 1528362109500, 1000)
    assert some(row, "exporter", "flows") == ("192.168.10.1", None)
    assert counters(row) == (400, 4, None, None)
    assert not tally.flagged


NPROBE = {
    "IPV4_SRC_ADDR": "10.10.11.38",
    "IPV4_DST_ADDR": "198.51.100.54",
    "IPV6_SRC_ADDR": "::",
    "IPV6_DST_ADDR": "::",
    "PROTOCOL": 6,
    "L4_SRC_PORT": 44692,
    "L4_DST_PORT": 6000,
    "FIRST_SWITCHED": SECOND,
    "LAST_SWITCHED": SECOND + 3,
    "IN_BYTES": 112,
    "IN_PKTS": 2,
    "OUT_BYTES": 216,
    "OUT_PKTS": 4,
    "L7_PROTO": "91.119",
    "L7_PROTO_NAME": "TLS.Facebook",
    "TLS_SERVER_NAME": "www.Example.com",
}
NUMBERS = {
    "8": "10.10.11.38",
    "12": "198.51.100.54",
    "4": 6,
    "7": 44692,
    "11": 6000,
    "22": SECOND,
    "21": SECOND + 3,
    "1": 112,
    "2": 2,
    "23": 216,
    "24": 4,
    "57591": "TLS.Facebook",
}


@pytest.mark.parametrize(
    ("row", "flaw", "point"),
    [
        (NPROBE, None, None),
        (NUMBERS, None, None),
        (NPROBE | {"NTOPNG_INSTANCE_NAME": "one", "INTERFACE": "eth0"}, "frame-bytes", "eth0"),
    ],
)
def test_nprobe_and_ntopng(
    read: Callable[..., Any],
    write: Callable[..., Path],
    row: dict[str, Any],
    flaw: str | None,
    point: str | None,
) -> None:
    (found,), tally = read(write(lines(row)))
    assert ends(found) == (A, 44692, B, 6000, 6)
    assert counters(found) == (112, 2, 216, 4)
    assert some(found, "start_ms", "end_ms") == (SECOND * 1000, SECOND * 1000 + 3000)
    assert some(found, "sensor_label", "flaws", "observation_point") == (
        "TLS.Facebook",
        flaw,
        point,
    )
    assert found["name"] == (None if row is NUMBERS else "www.example.com")
    assert not tally.flagged


def test_the_first_address_that_says_something_is_used(
    read: Callable[..., Any], write: Callable[..., Path]
) -> None:
    six = {"IPV4_SRC_ADDR": "0.0.0.0", "IPV6_SRC_ADDR": "fe80::1"}  # noqa: S104  # a value
    six |= {"IPV4_DST_ADDR": "0.0.0.0", "IPV6_DST_ADDR": "2001:db8::54"}  # noqa: S104  # likewise
    found, _ = read(write(lines(NPROBE | six, NPROBE)))
    assert [some(r, "source_address", "destination_address") for r in found] == [(A6, B6), (A, B)]


AKVORADO = {
    "TimeReceived": "2024-02-27 20:32:00",
    "SamplingRate": 1000,
    "ExporterAddress": "::ffff:192.0.2.1",
    "ExporterName": "edge",
    "SrcAddr": "::ffff:10.10.11.38",
    "DstAddr": "::ffff:198.51.100.54",
    "SrcAS": 0,
    "DstAS": 64496,
    "SrcCountry": "\0\0",
    "DstCountry": "FR",
    "EType": 2048,
    "Proto": 17,
    "SrcPort": 443,
    "DstPort": 50000,
    "Bytes": 1500,
    "Packets": 1,
    "ForwardingStatus": 64,
    "FlowDirection": "egress",
    "SrcAddrNAT": "::",
}


@pytest.mark.parametrize("form", ["csv", "tsv", "json", "parquet"])
def test_akvorado_in_any_container(
    read: Callable[..., Any], write: Callable[..., Path], tmp_path: Path, form: str
) -> None:
    own = 'name = "own"\npreset = "akvorado"\nzone = "UTC"\n'
    path = tmp_path / "table"
    if form == "parquet":
        octets = {
            k: address_from_text(v.removeprefix("::ffff:"))
            for k, v in AKVORADO.items()
            if isinstance(v, str) and "Addr" in k
        }
        octets["SrcAddrNAT"] = b"\0" * 16
        row = AKVORADO | octets | {"TimeReceived": SECOND, "SrcCountry": b"\0\0"}
        table = pa.Table.from_pylist([row])
        for name in octets:
            place = table.schema.get_field_index(name)
            table = table.set_column(place, name, table[name].cast(pa.binary(16)))
        pq.write_table(table, path)
    elif form == "json":
        write(lines(AKVORADO))
    else:
        mark = {"csv": ",", "tsv": "\t"}[form]
        values = (str(v) if isinstance(v, int) else f'"{v}"' for v in AKVORADO.values())
        text = mark.join(f'"{k}"' for k in AKVORADO) + "\n" + mark.join(values) + "\n"
        write(text if form == "csv" else text.replace('"', ""))
    preset = recognised(Source("table", path))
    assert preset is not None
    assert preset.name == "akvorado"
    (found,), tally = read(path, write(own, "own.toml"))
    assert ends(found) == (A, 443, B, 50000, 17)
    assert some(found, "start_ms", "sampling", "exporter") == (SECOND * 1000, 1000, "192.0.2.1")
    assert some(found, "bytes_forward", "packets_forward") == (1500, 1)
    assert some(found, "source_asn", "destination_asn", "destination_country") == (
        None,
        64496,
        "FR",
    )
    assert some(found, "observation_point", "translated_source_address") == ("egress", None)
    # ClickHouse writes an unknown country as two NULs; JSON escapes them, Parquet holds no lines.
    nul = {"line with NUL bytes": 1} if form in {"csv", "tsv"} else {}
    assert (found["source_country"], tally.flagged) == (None, nul)


@pytest.mark.parametrize(("kind", "number"), [("tls", 6), ("quic", 17)])
def test_cesnet(
    read: Callable[..., Any], write: Callable[..., Path], kind: str, number: int
) -> None:
    sni = f"{kind.upper()}_SNI"
    text = (
        f"ID,SRC_IP,DST_IP,DST_ASN,SRC_PORT,DST_PORT,PROTOCOL,{sni},TIME_FIRST,TIME_LAST,DURATION,"
        "BYTES,BYTES_REV,PACKETS,PACKETS_REV,PPI,APP,CATEGORY\n"
        f"1,10.10.11.38,198.51.100.54,64496,50000,443,{number},example.com,"
        "2022-02-27T20-32-00.620635,2022-02-27T20-32-01.620,1.0,"
        '1500,3000,3,4,"[[0, 1], [1, -1]]",example,Web\n'
    )
    (row,), tally = read(write(text))
    assert ends(row) == (A, 50000, B, 443, number)
    assert some(row, "start_ms", "end_ms") == (1645993920620, 1645993921620)
    assert counters(row) == (1500, 3, 3000, 4)
    assert some(row, "name", "name_source", "sensor_label") == ("example.com", kind, "example")
    assert not tally.flagged


@pytest.mark.external
def test_ipfixprobe_adds_up(
    shared_data: Path, read: Callable[..., Any], write: Callable[..., Path]
) -> None:
    text = (shared_data / "captures/ipfixprobe/outputs/basic").read_text()
    # The reference is sorted, so that its header stands last.
    header, *rows = sorted(text.splitlines(), key=lambda line: not line.startswith("ipaddr "))
    found, tally = read(write("\n".join((header, *rows))))
    assert len(found) == len(rows) == tally.records
    values = [row.split(",") for row in rows]
    wanted = [tuple(int(row[place]) for place in (2, 9, 3, 10)) for row in values]
    assert [counters(row) for row in found] == wanted
    assert [row["source_address"] for row in found] == [address_from_text(r[1]) for r in values]
    assert not tally.flagged


def test_a_log_that_begins_in_the_middle_of_a_line(
    read: Callable[..., Any], write: Callable[..., Path]
) -> None:
    found, tally = read(write(lines(GOFLOW2, GOFLOW2)[40:]))
    assert (len(found), tally.skipped) == (1, {"line is not a JSON object": 1})


FOREIGN = [
    "src_ip,dst_ip,bytes,packets\n10.0.0.1,10.0.0.2,1,1\n",
    "ts,te,td,sa,da\n1,2,3,4,5\n",
    '{"src_addr": "10.0.0.1", "dst_addr": "10.0.0.2", "bytes": 1, "packets": 1}\n',
    '{"8": "a", "12": "b"}\n',
    lines(GOFLOW2, {"other": 1}),
    lines(NPROBE | GOFLOW2),
    "[]",
    "{",
    '{"a": ' * 5000,
    "PAR1",
    "",
]


@pytest.mark.parametrize("text", FOREIGN)
def test_tables_of_others_are_taken_for_no_preset(write: Callable[..., Path], text: str) -> None:
    assert recognised(Source("table", write(text))) is None


def test_presets_are_called_as_their_files_and_say_what_they_are() -> None:
    assert len(presets()) >= 15
    for preset in presets():
        assert preset.meaning
