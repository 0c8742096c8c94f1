"""Flow records by hand, in both layouts: every extension that is used."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.read.nfcapd.nfcapd_files import (
    GENERIC,
    IPV4,
    Row,
    exporter,
    extension_map,
    file1,
    file2,
    flow1,
    flow2,
    read,
    structure,
)

from folkways.formats import nfcapd
from folkways.formats.nfcapd import layout1, layout2
from folkways.read.nfcapd import layout2 as tables2

NO_FLOW = "record that is no flow (exporter, sampler, other)"
A6 = ((0x20010DB8 << 32, 1), (0x20010DB8 << 32, 2))


def silent(event_first: int = 0) -> tuple[int, ...]:
    return (event_first, 0, 0, 0, 0, *GENERIC[5:])


def only(path: Path, data: bytes) -> tuple[Row, Any]:
    path.write_bytes(data)
    (row,), tally = read(path)
    return row, tally


@pytest.mark.parametrize("compression", [0, 1, 4])
def test_plain_record(tmp_path: Path, compression: int) -> None:
    record = flow2([(1, GENERIC), (2, IPV4), (7, (64500, 0))])
    row, tally = only(tmp_path / "f", file2([record], compression=compression))
    assert {name: value for name, value in row.items() if value is not None} == {
        "start_ms": 1_700_000_000_123,
        "end_ms": 1_700_000_001_456,
        "source_address": bytes(10) + b"\xff\xff\xc0\x00\x02\x01",
        "destination_address": bytes(10) + b"\xff\xff\xc6\x33\x64\x02",
        "source_port": 4000,
        "destination_port": 443,
        "protocol": 6,
        "packets_forward": 3,
        "bytes_forward": 180,
        "tcp_flags_forward": 0x1B,
        "source_asn": 64500,
    }
    assert (tally.records, dict(tally.skipped)) == (1, {})


def test_layout_1_with_all_extensions(tmp_path: Path) -> None:
    used: dict[int, tuple[Any, ...]] = {
        6: (64500, 64501),
        8: (0, 1, 24, 24),
        18: (7,),
        27: (1_700_000_002_000,),
        38: (5000, 443),
        39: (0xC0000299, 0xC6336402),
    }
    body = struct.pack("<IIII", *IPV4, 3, 180)
    for number, dtype in layout1.EXTENSIONS.items():
        values = used.get(number)
        body += bytes(dtype.itemsize) if values is None else structure(dtype, values)
    # Of those that exclude each other the first one counts.
    numbers = extension_map(3, list(layout1.EXTENSIONS))
    row, tally = only(tmp_path / "f", file1([exporter(), numbers, flow1(body, extensions=3)]))
    assert (row["start_ms"], row["end_ms"]) == (1_700_000_000_123, 1_700_000_001_456)
    assert (row["source_port"], row["destination_port"], row["protocol"]) == (4000, 443, 6)
    assert (row["packets_forward"], row["bytes_forward"], row["flows"]) == (3, 180, 7)
    assert (row["source_asn"], row["destination_asn"]) == (64500, 64501)
    assert (row["exporter"], row["observation_point"]) == ("192.0.2.99", "domain 7 egress")
    assert row["translated_source_address"][12:] == b"\xc0\x00\x02\x99"
    assert row["translated_destination_address"] is None
    assert row["translated_source_port"] == 5000
    assert tally.skipped == {NO_FLOW: 2}


@pytest.mark.parametrize("flags", [0, 1, 2, 4, 6, 7])
def test_layout_1_counters_and_addresses_by_flags(tmp_path: Path, flags: int) -> None:
    six, wide_packets, wide_bytes = flags & 1, flags & 2, flags & 4
    packets = 2**40 if wide_packets else 3
    octets = 2**50 if wide_bytes else 180
    body = struct.pack("<4Q", *A6[0], *A6[1]) if six else struct.pack("<2I", *IPV4)
    body += struct.pack("<Q" if wide_packets else "<I", packets)
    body += struct.pack("<Q" if wide_bytes else "<I", octets)
    row, _ = only(tmp_path / "f", file1([extension_map(1, []), flow1(body, flags=flags)]))
    assert (row["packets_forward"], row["bytes_forward"]) == (packets, octets)
    address = bytes.fromhex("20010db8") + bytes(11) + b"\1" if six else b"\xc0\0\x02\x01"
    assert row["source_address"].endswith(address)


def test_layout_1_oldest_flow_record_and_what_has_no_map(tmp_path: Path) -> None:
    body = struct.pack("<IIII", *IPV4, 3, 180)
    size = layout1.OLD_FLOW.itemsize + len(body)
    times = (123, 456, 1_700_000_000, 1_700_000_001)
    old = structure(layout1.OLD_FLOW, (1, size, 0, 1, 1, *times, 0, 0, 17, 0, 4000, 53)) + body
    path = tmp_path / "f"
    data = [exporter(), extension_map(1, []), extension_map(2, [99]), old, flow1(body)]
    data += [flow1(body, extensions=2), flow1(body, extensions=9), flow1(body[:8])]
    path.write_bytes(file1(data))
    rows, tally = read(path)
    assert sorted(row["protocol"] for row in rows) == [6, 17]
    assert {row["exporter"] for row in rows} == {"192.0.2.99"}
    assert tally.records == 8
    assert tally.skipped == {
        NO_FLOW: 3,
        "record with an unknown extension": 1,
        "record whose extension map is missing": 1,
        "record with a damaged element": 1,
    }


def test_an_extension_map_that_changes_holds_from_there_on(tmp_path: Path) -> None:
    body = struct.pack("<IIIIHH", *IPV4, 3, 180, 64500, 64501)
    path = tmp_path / "f"
    path.write_bytes(
        file1([extension_map(1, [6]), flow1(body)], [extension_map(1, [13]), flow1(body)])
    )
    rows, _ = read(path)
    assert [row["source_asn"] for row in rows] == [64500, None]


def test_a_firewall_s_end_states_the_whole_connection(tmp_path: Path) -> None:
    """Case 30: created, updated, denied and deleted connections of an ASA."""
    event_ms = 1_700_000_005_000
    out = (0, 4, 900)
    translated = [(20, (0xC0000299, IPV4[1])), (22, (5000, 443))]

    def event(kind: int, octets: int, packets: int = 0) -> bytes:
        generic = (GENERIC[0], 0, 0, packets, octets, *GENERIC[5:])
        return flow2(
            [
                *((1, generic), (2, IPV4), (5, out if octets else (0, 0, 0)), *translated),
                (19, (event_ms, 77, 0, kind, 0)),
            ],
            flags=1,
        )

    path = tmp_path / "f"
    path.write_bytes(file2([event(1, 0), event(5, 100), event(2, 180), event(3, 0)]))
    (updated, ended, denied), tally = read(path)
    assert (updated["bytes_forward"], updated["cumulative"]) == (100, None)
    assert (updated["start_ms"], updated["end_ms"]) == (GENERIC[0], event_ms)
    assert (ended["cumulative"], denied["cumulative"]) == (True, None)
    assert [row["denied"] for row in (updated, ended, denied)] == [False, False, True]
    assert (ended["bytes_forward"], ended["bytes_reverse"], ended["packets_reverse"]) == (
        180,
        900,
        4,
    )
    # The firewall counts octets above the transport layer, and no packets of this direction.
    assert (ended["packets_forward"], ended["flaws"]) == (None, "payload-bytes")
    assert (ended["start_ms"], ended["end_ms"]) == (GENERIC[0], event_ms)
    assert (ended["initiator"], ended["translated_source_port"]) == ("source", 5000)
    assert (denied["flaws"], denied["bytes_forward"]) == ("rejected", 0)
    assert tally.skipped == {"firewall event without traffic": 1}


def test_nat_events_are_no_traffic(tmp_path: Path) -> None:
    path = tmp_path / "f"
    mapping = (25, (1_700_000_005_000, 1, 1, b""))
    path.write_bytes(
        file2(
            [
                flow2([(1, silent()), (2, IPV4), mapping, (20, (0xC0000299, IPV4[1]))], flags=1),
                flow2([(1, (0, 0, 0, *GENERIC[3:])), (2, IPV4), mapping], flags=1),
            ]
        )
    )
    (row,), tally = read(path)
    assert (row["start_ms"], row["end_ms"]) == (1_700_000_005_000, 1_700_000_005_000)
    assert tally.skipped == {"NAT event without traffic": 1}


def test_biflows_of_an_exporter(tmp_path: Path) -> None:
    path = tmp_path / "f"
    records = [
        flow2([(1, GENERIC), (2, IPV4), (4, (1, 2, 0, 0, 0, 0, way, 0, 0x12, 0)), (5, (1, 5, 700))])
        for way in (0, 1, 2)
    ]
    path.write_bytes(file2(records))
    rows, tally = read(path)
    told = [(r["bytes_reverse"], r["packets_reverse"], r["initiator"]) for r in rows]
    # Without the word biflow the counters show it: 700 octets cannot be those 180 as they leave.
    assert told == [(700, 5, None), (700, 5, "source"), (700, 5, "destination")]
    assert {r["tcp_flags_reverse"] for r in rows} == {0x12}
    assert not tally.flagged


def test_times(tmp_path: Path) -> None:
    """Cases 8 and 17: no duration, absurd and missing times; always UTC by the record."""
    received = 1_700_000_009_000
    day_ms = 86_400_000
    times = [
        (GENERIC[0], GENERIC[0], 0),
        (GENERIC[1], GENERIC[0], 0),
        (0, 0, received),
        (0, 0, 0),
        (2**63, 2**63, 0),
        (2**62, 2**62, 0),
        (received - 2 * day_ms, received - 2 * day_ms, received),
    ]
    path = tmp_path / "nfcapd.203803140330"
    path.write_bytes(file2([flow2([(1, (*t, *GENERIC[3:])), (2, IPV4)]) for t in times]))
    rows, tally = read(path)
    assert [(r["start_ms"], r["end_ms"]) for r in rows] == [
        (GENERIC[0], GENERIC[0]),
        (GENERIC[1], GENERIC[1]),
        (received, received),
        (received - 2 * day_ms, received - 2 * day_ms),
    ]
    assert tally.skipped == {"record of an impossible time": 2, "record of an unknown time": 1}
    assert tally.flagged == {
        "clock: end before start": 1,
        "clock: time of receipt used": 1,
        "clock: flow a day from its receipt": 1,
    }


def test_exporters_by_record_or_by_sender(tmp_path: Path) -> None:
    path = tmp_path / "f"
    v6 = structure(nfcapd.EXPORTER, (7, 32, 10, (0x20010DB8 << 32, 5), 10, 2, 0))
    elements = [(1, GENERIC), (2, IPV4), (12, (0xC0000205,))]
    path.write_bytes(
        file2(
            [exporter(1, version=5, domain=3), v6]
            + [flow2(elements, exporter=n) for n in (1, 2, 3)]
            + [flow2(elements[:2], exporter=4)]
        )
    )
    rows, _ = read(path)
    assert [(r["exporter"], r["observation_point"]) for r in rows] == [
        ("192.0.2.99", "engine 3"),
        ("2001:db8::5", None),
        ("192.0.2.5", None),
        (None, None),
    ]


def test_a_record_may_state_its_own_domain_and_point(tmp_path: Path) -> None:
    elements = [(1, GENERIC), (2, IPV4), (33, (9, 5)), (4, (1, 2, 0, 0, 1, 0, 0, 0, 0, 0))]
    row, _ = only(tmp_path / "f", file2([exporter(), flow2(elements, exporter=1)]))
    assert row["observation_point"] == "domain 5 point 9 egress"


def test_anonymised_files_say_so(tmp_path: Path) -> None:
    _, tally = only(tmp_path / "f", file2([flow2([(1, GENERIC), (2, IPV4)], flags=4)]))
    assert tally.flagged == {"anonymised addresses": 1}
    body = struct.pack("<IIII", *IPV4, 3, 180)
    _, tally = only(tmp_path / "g", file1([extension_map(1, []), flow1(body)], flags=2))
    assert tally.notes == ["g says that its addresses were anonymised."]


def test_records_of_many_shapes_are_all_read(tmp_path: Path) -> None:
    """Beyond the first shapes records are gathered element by element: the same rows."""
    rng = np.random.default_rng(3)
    choices: list[tuple[int, Any]] = [
        (4, (1, 2, 0, 0, 1, 0, 0, 0, 0, 0)),
        (5, (3, 0, 0)),
        (7, (64500, 64501)),
        (12, (0xC0000205,)),
        (18, (4, 1, 0)),
        (20, (0xC0000299, 0xC0000298)),
        (22, (5000, 5001)),
        (99, b"unknown"),
    ]
    records, plain = [], []
    for _ in range(3 * tables2.MAX_SHAPES):
        chosen = [choices[i] for i in rng.permutation(len(choices))[: rng.integers(1, 8)]]
        address = (2, IPV4) if rng.random() < 0.5 else (3, A6)
        records.append(flow2([(1, GENERIC), address, *chosen]))
        plain.append(file2([records[-1]]))
    path = tmp_path / "many"
    path.write_bytes(file2(records))
    rows, tally = read(path)
    alone: list[Row] = []
    for data in plain:
        (tmp_path / "one").write_bytes(data)
        alone += read(tmp_path / "one")[0]
    assert len(rows) == len(records)
    assert not tally.skipped
    assert sorted(map(repr, rows)) == sorted(map(repr, alone))


def test_what_lacks_a_part_is_counted_in_any_shape(tmp_path: Path) -> None:
    path = tmp_path / "f"
    shapes = range(100, 100 + tables2.MAX_SHAPES + 5)
    records = [flow2([(1, GENERIC), (n, b"")]) for n in shapes]
    records += [flow2([(2, IPV4), (n, b"")]) for n in shapes]
    path.write_bytes(file2(records))
    rows, tally = read(path)
    assert not rows
    assert tally.skipped == {
        "record without addresses": len(shapes),
        "record without times and counters": len(shapes),
    }


def test_blocks_that_are_put_together(tmp_path: Path) -> None:
    """Positions of a block are moved by the blocks before it."""
    path = tmp_path / "blocks"
    path.write_bytes(
        file2(
            *[
                [flow2([(1, (*GENERIC[:4], n, *GENERIC[5:])), (2, IPV4)]), b"\x63\0\x06\0ab"]
                for n in range(100, 200)
            ]
        )
    )
    rows, tally = read(path)
    assert [row["bytes_forward"] for row in rows] == list(range(100, 200))
    assert tally.skipped == {NO_FLOW: 100}


def test_a_next_hop_that_looks_like_a_head(tmp_path: Path) -> None:
    """Element 11 begins like a flow record (type 11)."""
    path = tmp_path / "hops"
    hop = (11, struct.pack("<QQ", 0x0000_0000_0000_0001, 2) + bytes(4))
    records = [flow2([(1, GENERIC), (3, A6), hop, (7, (64500, n))]) for n in range(1, 50)]
    path.write_bytes(file2(records))
    rows, tally = read(path)
    assert [row["destination_asn"] for row in rows] == list(range(1, 50))
    assert not tally.skipped
    assert layout2.ELEMENT_HEADER.itemsize == 4
