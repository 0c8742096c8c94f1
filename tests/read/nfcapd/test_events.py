"""What firewalls and routers say of a flow, what outgoing counters are, and impossible times."""

import struct
from pathlib import Path
from typing import Any

import pytest
from tests.read.nfcapd.nfcapd_files import (
    GENERIC,
    IPV4,
    Row,
    extension_map,
    file1,
    file2,
    flow1,
    flow2,
    read,
)

_FORWARDING = 8 + 2 * 2 + 2 * 4
"""Offset in a flow record of layout 1: behind the head and four parts of times."""


def only(path: Path, data: bytes) -> tuple[Row, Any]:
    path.write_bytes(data)
    (row,), tally = read(path)
    return row, tally


def test_a_firewall_that_does_not_tell_when_it_began(tmp_path: Path) -> None:
    generic = (0, 0, 0, 3, 180, *GENERIC[5:])
    event = (19, (1_700_000_005_000, 77, 0, 2, 0))
    row, tally = only(tmp_path / "f", file2([flow2([(1, generic), (2, IPV4), event])]))
    assert (row["start_ms"], row["end_ms"], row["cumulative"]) == (*[1_700_000_005_000] * 2, True)
    assert row["flaws"] == "payload-bytes,total-counters"
    assert tally.flagged["total-counters"] == 1


@pytest.mark.parametrize(
    ("status", "denied"),
    [(0, None), (64, False), (66, False), (128, True), (145, True), (192, None)],
)
@pytest.mark.parametrize("layout", [1, 2])
def test_what_a_router_says_of_forwarding(
    tmp_path: Path, *, status: int, denied: bool | None, layout: int
) -> None:
    if layout == 2:
        generic = (*GENERIC[:9], status, 0)
        data = file2([flow2([(1, generic), (2, IPV4)])])
    else:
        body = struct.pack("<IIII", *IPV4, 3, 180)
        record = bytearray(flow1(body))
        record[_FORWARDING] = status
        data = file1([extension_map(1, []), bytes(record)])
    row, _ = only(tmp_path / "f", data)
    assert (row["denied"], row["flaws"]) == (denied, "rejected" if denied else None)


def outgoing(path: Path, *counters: tuple[int, int, int, int, int]) -> tuple[list[Any], Any]:
    """Rows of (packets, octets, outgoing packets, outgoing octets, direction)."""
    path.write_bytes(
        file2(
            [
                flow2(
                    [
                        (1, (*GENERIC[:3], packets, octets, *GENERIC[5:])),
                        (2, IPV4),
                        (4, (1, 2, 0, 0, way, 0, 0, 0, 0, 0)),
                        (5, (1, out_packets, out)),
                    ]
                )
                for packets, octets, out_packets, out, way in counters
            ]
        )
    )
    rows, tally = read(path)
    names = ("packets_forward", "bytes_forward", "packets_reverse", "bytes_reverse")
    return [tuple(row[name] for name in names) for row in rows], tally


def test_outgoing_counters_by_what_the_records_of_an_exporter_show(tmp_path: Path) -> None:
    unknown = "outgoing counters of unknown meaning, not used"
    path = tmp_path / "f"
    rows, tally = outgoing(path, (10, 1000, 12, 9000, 0), (1, 84, 1, 84, 0), (12, 9000, 9, 800, 0))
    assert rows == [(10, 1000, 12, 9000), (1, 84, 1, 84), (12, 9000, 9, 800)]
    assert not tally.flagged
    rows, tally = outgoing(path, (10, 1000, 10, 1000, 0), (12, 9000, 12, 9000, 1))
    assert rows == [(10, 1000, None, None), (12, 9000, None, None)]
    assert not tally.flagged
    rows, tally = outgoing(path, (0, 0, 10, 1000, 1), (0, 0, 12, 9000, 1))
    assert rows == [(10, 1000, None, None), (12, 9000, None, None)]
    assert not tally.flagged
    rows, tally = outgoing(path, (12, 9000, 9, 800, 0), (0, 0, 9, 800, 0))
    assert rows == [(12, 9000, None, None), (None, None, None, None)]
    assert tally.flagged == {unknown: 2}
    assert any("OUT_BYTES" in note for note in tally.notes)


@pytest.mark.parametrize("received", [0, 1_700_000_002_000])
def test_an_impossible_time_leaves_the_right_one(tmp_path: Path, received: int) -> None:
    in_2042 = 2_272_147_200_000
    spans = [(in_2042, GENERIC[1]), (1000, GENERIC[1]), (GENERIC[0], in_2042), GENERIC[:2]]
    path = tmp_path / "f"
    path.write_bytes(
        file2([flow2([(1, (*span, received, *GENERIC[3:])), (2, IPV4)]) for span in spans])
    )
    rows, tally = read(path)
    assert [(row["start_ms"], row["end_ms"], row["flaws"]) for row in rows] == [
        (GENERIC[1], GENERIC[1], "clock"),
        (GENERIC[1], GENERIC[1], "clock"),
        (GENERIC[0], GENERIC[0], "clock"),
        (*GENERIC[:2], None),
    ]
    assert tally.flagged == {"clock: impossible start": 2, "clock: impossible end": 1}
