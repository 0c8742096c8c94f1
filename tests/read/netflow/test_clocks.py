"""Exporters whose clock is off, that restart, or whose flows have impossible times."""

import struct
from types import SimpleNamespace
from typing import Any

import pytest
from tests.read.netflow.decoding import A, decode, pack

from folkways.model.batches import Tally
from folkways.read.netflow import Decoder
from folkways.read.netflow.clocks import CAUSE
from folkways.read.netflow.restarts import MOST, with_start

HOUR = 3_600_000
KEY = [(8, 4), (12, 4), (1, 4)]
B = ("192.0.2.2", 2055)


def received(
    *fed: tuple[bytes, tuple[str, int], int],
) -> tuple[list[dict[str, Any]], Tally]:
    tally = Tally()
    decoder = Decoder(tally)
    batches = [batch for one in fed for batch in decoder.feed(*one)]
    batches += decoder.finish()
    return [row for batch in batches for row in batch.rows.to_pylist()], tally


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (-7 * HOUR, "7 h 00 min behind"),
        (5 * HOUR + 30 * 60_000, "5 h 30 min ahead of"),
        (11 * 60_000, "0 h 11 min ahead of"),
        (-400 * 24 * HOUR, "400 days behind"),
    ],
)
@pytest.mark.parametrize("version", [5, 10])
def test_a_clock_that_is_off_is_said(
    write: SimpleNamespace, ahead: int, said: str, version: int
) -> None:
    if version == 5:
        packet = write.v5(write.v5_record())
    else:
        layout = write.flow_set(2, write.template(256, KEY))
        packet = write.ipfix(layout, write.flow_set(256, pack(KEY, 1, 2, 9)))
    rows, tally = received((packet, A, write.NOW * 1000 - ahead))
    assert [row["flaws"] for row in rows] == ["clock"]
    assert tally.flagged[CAUSE] == 1
    (note,) = tally.notes
    assert said in note
    assert "192.0.2.1" in note


def test_clocks_that_are_right_are_not_spoken_of(write: SimpleNamespace) -> None:
    at = write.NOW * 1000
    packets = [write.v5(write.v5_record(), sequence=i) for i in (1, 2, 3)]
    moments = (at - 9 * 60_000, at, at + 9 * 60_000)
    fed = [(p, A, when) for p, when in zip(packets, moments, strict=True)]
    rows, tally = received(*fed)
    assert [row["flaws"] for row in rows] == [None] * 3
    assert not tally.notes
    assert CAUSE not in tally.flagged


def test_only_rows_of_that_exporter_while_it_is_off(write: SimpleNamespace) -> None:
    at = write.NOW * 1000
    records = [write.v5_record(octets=100 + i) for i in range(5)]
    right, wrong = at, at + 3 * HOUR
    rows, tally = received(
        (write.v5(records[0], sequence=1), A, right),
        (write.v5(records[1], sequence=2), A, wrong),
        (write.v5(records[2], sequence=1), B, right),
        (write.v5(records[3], sequence=3), A, wrong),
        (write.v5(records[4], sequence=4), A, right),
    )
    flawed = {row["bytes_forward"] for row in rows if row["flaws"] == "clock"}
    assert (len(rows), flawed) == (5, {101, 103})
    assert (tally.flagged[CAUSE], len(tally.notes)) == (2, 1)


def test_an_impossible_start_leaves_the_right_end(write: SimpleNamespace) -> None:
    base = write.NOW * 1000
    fields = [*KEY, (152, 8), (153, 8)]
    spans = [(base + 20 * 365 * 24 * HOUR, base - 5), (1000, base - 6), (base - 9, base - 7)]
    data = b"".join(pack(fields, 1, 2, 9, *span) for span in spans)
    layout = write.flow_set(2, write.template(256, fields))
    rows, tally = decode(write.ipfix(layout, write.flow_set(256, data)))
    assert [(row["start_ms"] - base, row["end_ms"] - base, row["flaws"]) for row in rows] == [
        (-5, -5, "clock"),
        (-6, -6, "clock"),
        (-9, -7, None),
    ]
    assert tally.flagged == {"clock: impossible start": 2}


@pytest.mark.parametrize("batch_rows", [1, 1000])
def test_each_record_has_the_uptime_of_its_own_packet(
    write: SimpleNamespace, batch_rows: int
) -> None:
    fields = [*KEY, (22, 4), (21, 4)]
    layout = write.flow_set(0, write.template(256, fields))
    first = write.flow_set(256, pack(fields, 1, 2, 1, 990_000, 995_000))
    later = write.flow_set(256, pack(fields, 1, 2, 2, 10_000, 15_000))
    # The data come before their template, and are held across the restart.
    rows, tally = decode(
        write.v9(first, uptime=1_000_000, sequence=700),
        write.v9(later, uptime=20_000, now=write.NOW + 60, sequence=0),
        write.v9(layout, uptime=21_000, now=write.NOW + 61, sequence=1),
        batch_rows=batch_rows,
    )
    base = write.NOW * 1000
    assert [
        (row["bytes_forward"], row["start_ms"] - base, row["end_ms"] - base) for row in rows
    ] == [
        (1, -10_000, -5_000),
        (2, 50_000, 55_000),
    ]
    assert tally.flagged == {"exporter restarted": 1}


@pytest.mark.parametrize("batch_rows", [1, 1000])
def test_beginnings_told_by_options_hold_from_then_on(
    write: SimpleNamespace, batch_rows: int
) -> None:
    base = write.NOW * 1000
    options = struct.pack(">HHHHHHH", 300, 2, 1, 149, 4, 160, 8)
    fields = [*KEY, (22, 4), (21, 4)]
    layouts = write.flow_set(3, options), write.flow_set(2, write.template(256, fields))

    def begun(at: int) -> bytes:
        return bytes(write.flow_set(300, struct.pack(">IQ", 7, at)))

    first = write.flow_set(256, pack(fields, 1, 2, 1, 90_000, 95_000))
    later = write.flow_set(256, pack(fields, 1, 2, 2, 1_000, 5_000))
    rows, _ = decode(
        write.ipfix(*layouts, begun(base - 100_000), first),
        write.ipfix(begun(base + 50_000), now=write.NOW + 56, sequence=2),
        write.ipfix(later, now=write.NOW + 57, sequence=3),
        batch_rows=batch_rows,
    )
    assert [
        (row["bytes_forward"], row["start_ms"] - base, row["end_ms"] - base) for row in rows
    ] == [
        (1, -10_000, -5_000),
        (2, 51_000, 55_000),
    ]


def test_beginnings_that_are_kept_are_bounded() -> None:
    known: tuple[int, ...] = ()
    for i in range(1000):
        known = with_start(known, i * HOUR)
    assert known == tuple(i * HOUR for i in range(1000 - MOST, 1000))
    assert with_start(known, 999 * HOUR + 900)[-1] == 999 * HOUR + 900
    assert len(with_start(known, 999 * HOUR + 900)) == MOST
