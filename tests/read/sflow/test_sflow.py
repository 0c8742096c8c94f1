"""Rows of sFlow: samples, records, places, sampling; inputs are built by hand (case 15 and 16)."""

from ipaddress import ip_address
from pathlib import Path

import pytest
from tests.read.sflow.sflow_datagrams import (
    IPV4,
    IPV6,
    MPLS,
    POS,
    PPP,
    START_MS,
    Row,
    datagram,
    ethernet,
    expanded,
    flow,
    gateway,
    gre,
    ip,
    labels,
    nat,
    nat_ports,
    part,
    pcap,
    pppoe,
    raw,
    read_content,
    structure,
    switch,
    tcp,
    udp,
    vxlan,
)

from folkways.read.reader import ReadOptions
from folkways.read.sflow import SflowReader

PACKET = ip(tcp(), 6, length=182)
SIX = ip(tcp(), 6, "2001:db8::1", "2001:db8::2")
RAW = raw(ethernet(PACKET), frame=200)


def mapped(text: str) -> bytes:
    address = ip_address(text).packed
    return bytes(10) + b"\xff\xff" + address if len(address) == 4 else address


def read(folder: Path, *samples: bytes, options: ReadOptions | None = None) -> list[Row]:
    rows, _ = read_content(pcap([datagram(1, *samples)]), folder, options)
    return rows


def test_bytes_are_the_ip_length_and_unknown_interfaces_keep_the_record(tmp_path: Path) -> None:
    (row,) = read(tmp_path, flow(RAW))
    assert (row["bytes_forward"], row["packets_forward"], row["sampling"]) == (182, 1, 512)
    assert (row["source_port"], row["destination_port"], row["protocol"]) == (1234, 443, 6)
    assert (row["tcp_flags_forward"], row["begins"]) == (2, True)
    assert (row["start_ms"], row["end_ms"]) == (START_MS, START_MS)
    assert (row["exporter"], row["observation_point"]) == ("192.0.2.1", "interface 7")
    assert row["source_address"] == mapped("10.0.0.1")


@pytest.mark.parametrize(
    "record",
    [
        raw(ethernet(PACKET, (0x8100,)), frame=1000),
        raw(ethernet(PACKET, (0x88A8, 0x8100)), frame=1000),
        raw(ethernet(labels(PACKET), kind=0x8847), frame=1000),
        raw(ethernet(pppoe(PACKET), kind=0x8864), frame=1000),
        raw(PACKET, IPV4, 1000, 0),
        raw(b"\xff\x03\x00\x21" + PACKET, PPP, 1000),
        raw(b"\xff\x03\x00\x21" + PACKET, POS, 1000),
        raw(labels(PACKET), MPLS, 1000),
        raw(ethernet(ip(vxlan(ethernet(PACKET)), 17, length=1000)), frame=1100),
        raw(ethernet(ip(gre(PACKET), 47, length=1000)), frame=1100),
        raw(ethernet(ip(PACKET, 4, length=1000)), frame=1100),
    ],
)
def test_the_innermost_packet_counts_whatever_is_around_it(record: bytes, tmp_path: Path) -> None:
    compact, wide = read(tmp_path, flow(switch(), record), expanded(record, switch()))
    for row in (compact, wide):
        assert (row["bytes_forward"], row["source_port"], row["flaws"]) == (182, 1234, None)
        assert row["destination_address"] == mapped("198.51.100.7")


def test_raw_ipv6(tmp_path: Path) -> None:
    (row,) = read(tmp_path, flow(raw(SIX, IPV6, len(SIX), 0)))
    assert (row["bytes_forward"], row["source_address"]) == (60, mapped("2001:db8::1"))


def test_ip_structures_count_where_no_header_can_be_read(tmp_path: Path) -> None:
    four = structure("1.1.1.1", "2.2.2.2")
    six = structure("2001:db8::1", "2001:db8::2", 1300, 6, ports=(443, 80), flags=16)
    token_ring = raw(bytes(30), 3)
    rows = read(
        tmp_path, flow(four), expanded(six, rate=0), flow(token_ring, four), flow(RAW, four)
    )
    assert [r["bytes_forward"] for r in rows] == [99, 1300, 99, 182]
    assert [r["source_port"] for r in rows] == [53, 443, 53, 1234]
    assert [r["sampling"] for r in rows] == [512, None, 512, 512]
    assert [r["tcp_flags_forward"] for r in rows] == [None, 16, None, 2]
    assert rows[0]["source_address"] == mapped("1.1.1.1")
    assert rows[1]["destination_address"] == mapped("2001:db8::2")


def test_zero_in_a_structure_is_unknown(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        flow(structure("1.1.1.1", "2.2.2.2", 0, 6, ports=(0, 70_000))),
        flow(structure("1.1.1.1", "2.2.2.2", 84, 1, ports=(8, 0))),
        flow(structure("1.1.1.1", "2.2.2.2", 84, 300)),
    )
    first, ping = rows
    names = ("bytes_forward", "source_port", "destination_port", "tcp_flags_forward", "begins")
    assert [first[name] for name in names] == [None] * 5
    assert (ping["protocol"], ping["source_port"], ping["bytes_forward"]) == (1, None, 84)


def test_a_header_cut_behind_its_addresses_has_a_flaw(tmp_path: Path) -> None:
    (row,) = read(tmp_path, flow(raw(ethernet(PACKET)[:36], frame=200)))
    assert (row["bytes_forward"], row["source_port"], row["flaws"]) == (182, None, "cut")
    (later,) = read(tmp_path, flow(raw(ethernet(ip(tcp(), 6, fragment=64)))))
    assert (later["source_port"], later["tcp_flags_forward"]) == (None, None)


def test_as_numbers(tmp_path: Path) -> None:
    paths: list[tuple[bytes, tuple[int | None, int | None]]] = [
        (gateway(65_001, (2, (65_002, 65_003)), (2, (4_200_000_000,))), (65_001, 4_200_000_000)),
        (gateway(65_001, (2, (65_002,)), (1, (65_004, 65_005))), (65_001, None)),
        (gateway(65_001, (2, (65_002,)), (1, (65_004,))), (65_001, 65_004)),
        (gateway(65_001, (2, (65_002,)), (2, ())), (65_001, 65_002)),
        (gateway(0, (2, (65_002,)), hop=None), (None, 65_002)),
        (gateway(65_001, (2, (65_002,)), hop="2001:db8::9"), (65_001, 65_002)),
        (gateway(65_001), (65_001, None)),
        (part(1003, gateway(65_001, (2, (65_002, 65_003)))[8:-12]), (65_001, None)),
        (part(1003, bytes(4) + b"\xff" * 16), (4_294_967_295, None)),
        (part(1003, b"\xff" * 24), (None, None)),
        (switch(), (None, None)),
    ]
    rows = read(tmp_path, *(flow(RAW, record) for record, _ in paths))
    assert [(r["source_asn"], r["destination_asn"]) for r in rows] == [found for _, found in paths]


def test_translations(tmp_path: Path) -> None:
    inside, outside = "10.0.0.1", "198.51.100.7"
    records = [
        [nat("203.0.113.5", outside), nat_ports(40_000, 443)],
        [nat(inside, "2001:db8::7")],
        [nat(inside, outside), nat_ports(1234, 80_000)],
        [part(1007, bytes(8)), nat_ports(0, 0)],
        [part(1007, b"\0\0\0\2" + bytes(8)), part(1020, bytes(4))],
    ]
    rows = read(tmp_path, *(flow(RAW, *more) for more in records))
    names = [f"translated_{s}_{p}" for p in ("address", "port") for s in ("source", "destination")]
    found = [tuple(row[name] for name in names) for row in rows]
    assert found == [
        (mapped("203.0.113.5"), None, 40_000, None),
        (None, mapped("2001:db8::7"), None, None),
        *[(None,) * 4] * 3,
    ]


def test_what_is_said_of_a_tunnel_is_not_said_of_the_packet_in_it(tmp_path: Path) -> None:
    more = gateway(65_001, (2, (65_002,))), nat("203.0.113.5", "198.51.100.7"), nat_ports(9, 8)
    for ends in (("10.0.0.1", "10.0.0.2"), ("2001:db8::1", "2001:db8::2")):
        outer = ethernet(ip(PACKET, 4, *ends, length=1000))
        (row,) = read(tmp_path, flow(raw(outer, frame=1100), *more))
        assert row["destination_address"] == mapped("198.51.100.7")
        assert (row["source_asn"], row["destination_asn"]) == (None, None)
        assert (row["translated_source_address"], row["translated_source_port"]) == (None, None)


def test_places_tell_ingress_from_egress(tmp_path: Path) -> None:
    ways = [(7, 8), (8, 7), (7, 7), (0, 7), (0, 0), (7, 0x40000102), (7, 0x80000000)]
    rows = read(
        tmp_path,
        *(flow(RAW, ways=way) for way in ways),
        flow(RAW, source=1 << 24 | 7, ways=(7, 8)),
        expanded(RAW, source=(0, 1 << 30), ways=(0, 5, 0, 1 << 30)),
        expanded(RAW, source=(2, 9)),
        expanded(RAW, source=(77, 9)),
    )
    words = ["ingress", "egress", "", "egress", "", "ingress", "ingress"]
    assert [r["observation_point"] for r in rows] == [
        *(f"interface 7 {word}".strip() for word in words),
        "vlan 7",
        f"interface {1 << 30} egress",
        "entity 9",
        "class 77 source 9",
    ]


def test_agents_and_sub_agents(tmp_path: Path) -> None:
    payloads = [
        datagram(1, flow(RAW), sub_agent=3),
        datagram(1, flow(RAW), agent="2001:db8::a"),
    ]
    rows, tally = read_content(pcap(payloads), tmp_path)
    assert [(r["exporter"], r["observation_point"]) for r in rows] == [
        ("192.0.2.1", "sub-agent 3 interface 7"),
        ("2001:db8::a", "interface 7"),
    ]
    assert (dict(tally.versions), tally.gaps) == ({"sFlow v5": 2}, [])


def test_sampling_that_cannot_be_meant_is_told_and_overridden(tmp_path: Path) -> None:
    content = pcap([datagram(1, flow(RAW, rate=512 << 16), flow(RAW, rate=100_000), flow(RAW))])
    rows, tally = read_content(content, tmp_path)
    assert [r["sampling"] for r in rows] == [None, 100_000, 512]
    assert (tally.flagged, len(tally.notes)) == ({"implausible sampling": 1}, 1)
    rows, tally = read_content(content, tmp_path, ReadOptions(sampling=64))
    assert ([r["sampling"] for r in rows], dict(tally.flagged)) == ([64] * 3, {})


def test_what_gives_no_row_is_counted(tmp_path: Path) -> None:
    arp = raw(ethernet(bytes(28), kind=0x0806))
    samples = (
        *(part(kind, bytes(12)) for kind in (2, 4, 5, 99, 1 | 9 << 12)),
        part(1, bytes(31)),
        part(3, bytes(43)),
        flow(part(2, bytes(20))),
        flow(arp),
        flow(raw(bytes(30), 3)),
        flow(raw(b"", frame=0)),
        flow(RAW, claimed=9),
        b"\0\0\0\1\xff\xff\xff\xff",
    )
    rows, tally = read_content(pcap([datagram(1, *samples), b"garbage"]), tmp_path)
    assert len(rows) == 1
    assert tally.skipped == {
        "counter sample": 2,
        "unknown kind of sample": 2,
        "cut sample": 4,
        "sample without an IP packet": 1,
        "ARP": 1,
        "link type not supported": 1,
        "cut before the IP header": 1,
        "not sFlow": 1,
    }
    assert tally.flagged == {"cut flow record": 1}


def test_octets_after_the_last_sample_are_told(tmp_path: Path) -> None:
    whole = datagram(1, flow(RAW), flow(RAW))
    rows, tally = read_content(pcap([whole + b"trailer"]), tmp_path)
    assert [row["bytes_forward"] for row in rows] == [182, 182]
    assert tally.flagged == {"octets after the last sample": 1}
    assert not tally.skipped


def test_times_that_cannot_be_are_told(tmp_path: Path) -> None:
    rows, tally = read_content(pcap([datagram(1, flow(RAW))], start_s=0), tmp_path)
    assert (rows[0]["start_ms"], tally.flagged) == (0, {"clock: time before 1990": 1})


def test_a_snap_length_cuts_samples_that_are_counted(tmp_path: Path) -> None:
    whole = datagram(1, flow(RAW), flow(RAW))
    rows, tally = read_content(pcap([whole], snaplen=42 + len(whole) - 9), tmp_path)
    assert (len(rows), tally.skipped, tally.records) == (1, {"cut sample": 1}, 2)
    assert tally.flagged == {"datagram cut by the capture": 1}


def test_gives_is_what_rows_can_have(tmp_path: Path) -> None:
    full = (gateway(65_001, (2, (65_002,))), nat("9.9.9.9", "8.8.8.8"), nat_ports(9, 8))
    cut = raw(ethernet(ip(udp(), 17))[:36], frame=200)
    rows = read(tmp_path, flow(RAW, *full), flow(cut, ways=(7, 1 << 30)))
    filled = {name for row in rows for name, value in row.items() if value is not None}
    assert filled == SflowReader.gives
