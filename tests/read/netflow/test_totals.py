"""Totals and a firewall's reports of one connection: each row says what its counters count."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.read.netflow.decoding import A, decode, pack

from folkways.model.addresses import address_to_text

TOTALS = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (152, 8), (153, 8), (85, 8), (86, 8)]
NSEL = [
    *((148, 4), (8, 4), (7, 2), (12, 4), (11, 2), (4, 1), (225, 4), (227, 2), (226, 4), (228, 2)),
    *((233, 1), (33002, 2), (323, 8), (152, 8), (231, 4), (232, 4)),
]
CREATED, DELETED, DENIED, UPDATED = 1, 2, 3, 5


def totals(
    write: SimpleNamespace, *flows: tuple[int, int, int, int], number: int = 0, domain: int = 7
) -> bytes:
    """A packet of (source port, seconds of the start and end, octets)."""
    base = write.NOW * 1000
    records = b"".join(
        pack(
            TOTALS, 1, 2, port, 443, 6, base + 1000 * start, base + 1000 * end, octets, octets // 9
        )
        for port, start, end, octets in flows
    )
    layout = write.flow_set(2, write.template(256, TOTALS))
    now = write.NOW + max(end for _, _, end, _ in flows)
    return bytes(
        write.ipfix(layout, write.flow_set(256, records), sequence=number, now=now, domain=domain)
    )


def seen(rows: list[dict[str, Any]], write: SimpleNamespace) -> list[tuple[int, int, int, int]]:
    base = write.NOW * 1000
    return [
        (
            row["source_port"],
            (row["start_ms"] - base) // 1000,
            (row["end_ms"] - base) // 1000,
            row["bytes_forward"],
        )
        for row in rows
    ]


@pytest.mark.parametrize("batch_rows", [1, 1000])
def test_totals_stand_as_they_are_and_say_so(write: SimpleNamespace, batch_rows: int) -> None:
    rows, tally = decode(
        totals(write, (1, 0, 60, 900), (2, 10, 60, 50), number=0),
        totals(write, (1, 0, 120, 1500), number=2),
        totals(write, (2, 10, 120, 50), (3, 100, 120, 7), number=3),
        totals(write, (1, 0, 180, 1500), number=5),
        batch_rows=batch_rows,
    )
    assert seen(rows, write) == [
        (1, 0, 60, 900),
        (2, 10, 60, 50),
        (1, 0, 120, 1500),
        (2, 10, 120, 50),
        (3, 100, 120, 7),
        (1, 0, 180, 1500),
    ]
    assert {row["cumulative"] for row in rows} == {True}
    assert {row["flaws"] for row in rows} == {None}
    assert not tally.skipped


@pytest.mark.parametrize(
    ("counter", "column"),
    [
        ((85, 8), "bytes_forward"),
        ((86, 8), "packets_forward"),
        ((85, 8, 29305), "bytes_reverse"),
        ((86, 8, 29305), "packets_reverse"),
        ((353, 8), "bytes_forward"),
        ((171, 8), "bytes_forward"),
        ((172, 8), "packets_forward"),
    ],
)
def test_each_total_is_one(write: SimpleNamespace, counter: Any, column: str) -> None:
    row = one(write, [counter], 700)
    assert (row[column], row["cumulative"]) == (700, True)


@pytest.mark.parametrize(
    ("counter", "column"),
    [
        ((1, 8), "bytes_forward"),
        ((2, 8), "packets_forward"),
        ((1, 8, 29305), "bytes_reverse"),
        ((231, 8), "bytes_forward"),
        ((232, 8), "bytes_reverse"),
        ((352, 8), "bytes_forward"),
        ((23, 8), "bytes_forward"),
        ((24, 8), "packets_forward"),
    ],
)
def test_steps_are_no_totals(write: SimpleNamespace, counter: Any, column: str) -> None:
    row = one(write, [counter], 700)
    assert (row[column], row["cumulative"]) == (700, None)


def test_steps_and_totals_are_not_mixed(write: SimpleNamespace) -> None:
    """Octets decide: a row cannot be both."""
    row = one(write, [(85, 8), (2, 8), (1, 8), (86, 8)], 9000, 2, 100, 90)
    assert (row["bytes_forward"], row["packets_forward"], row["cumulative"]) == (100, 2, None)
    row = one(write, [(1, 8), (86, 8)], 100, 90)
    assert (row["bytes_forward"], row["packets_forward"], row["cumulative"]) == (100, None, None)
    row = one(write, [(85, 8), (2, 8)], 9000, 2)
    assert (row["bytes_forward"], row["packets_forward"], row["cumulative"]) == (9000, None, True)


def test_totals_without_a_start_may_count_twice(write: SimpleNamespace) -> None:
    fields = [(8, 4), (12, 4), (153, 8), (161, 4), (85, 8)]
    base = write.NOW * 1000
    layout = write.flow_set(2, write.template(256, fields))
    data = pack(fields, 1, 2, base, 60_000, 500)
    rows, tally = decode(write.ipfix(layout, write.flow_set(256, data)))
    assert (rows[0]["start_ms"], rows[0]["flaws"]) == (base - 60_000, None)
    for without in (fields[:3] + fields[4:], fields[:2] + fields[4:]):
        layout = write.flow_set(2, write.template(256, without))
        values = (1, 2, base, 500) if len(without) == 4 else (1, 2, 500)
        data = write.flow_set(256, pack(without, *values))
        rows, tally = decode(write.ipfix(layout, data))
        assert (rows[0]["bytes_forward"], rows[0]["cumulative"]) == (500, True)
        assert rows[0]["flaws"] == "total-counters"
        assert tally.flagged["total-counters"] == 1


def one(write: SimpleNamespace, counters: list[Any], *values: int) -> dict[str, Any]:
    fields = [(8, 4), (12, 4), (152, 8), (153, 8), *counters]
    base = write.NOW * 1000
    data = pack(fields, 1, 2, base - 60_000, base, *values)
    layout = write.flow_set(2, write.template(256, fields))
    rows, _ = decode(write.ipfix(layout, write.flow_set(256, data)))
    return rows[0]


def nsel(
    write: SimpleNamespace, *events: tuple[int, ...], number: int = 0, begun: bool = True
) -> bytes:
    """A packet of (connection, event, seconds of the event, octets of initiator and responder)."""
    base = write.NOW * 1000
    records = b"".join(
        pack(
            NSEL,
            *(connection, 0x0A000001, 1000 + connection, 0x0A000002, 443, 6),
            *(0xC0000201, 40_000 + connection, 0x0A000002, 443),
            *(event, 0, base + 1000 * second, base * begun, initiator, responder),
        )
        for connection, event, second, initiator, responder in events
    )
    sets = write.flow_set(0, write.template(263, NSEL)), write.flow_set(263, records)
    return bytes(write.v9(*sets, sequence=number, now=write.NOW + 600))


@pytest.mark.parametrize("batch_rows", [1, 1000])
def test_a_firewall_s_end_states_the_whole_connection(
    write: SimpleNamespace, batch_rows: int
) -> None:
    rows, tally = decode(
        nsel(write, (1, CREATED, 0, 0, 0), (2, CREATED, 1, 0, 0)),
        nsel(write, (1, UPDATED, 60, 2557, 1117), number=1),
        nsel(write, (2, DELETED, 70, 300, 4000), (1, UPDATED, 120, 31, 0), number=2),
        nsel(write, (1, UPDATED, 150, 12, 13), (1, DELETED, 150, 2600, 1130), number=3),
        nsel(write, (3, DENIED, 200, 0, 0), number=4),
        batch_rows=batch_rows,
    )
    mine = [row for row in rows if row["source_port"] == 1001]
    base = write.NOW * 1000
    assert [(row["start_ms"] - base, row["end_ms"] - base) for row in mine] == [
        (0, 60_000),
        (0, 120_000),
        (0, 150_000),
        (0, 150_000),
    ]
    assert [(row["bytes_forward"], row["bytes_reverse"], row["cumulative"]) for row in mine] == [
        (2557, 1117, None),
        (31, 0, None),
        (12, 13, None),
        (2600, 1130, True),
    ]
    other = next(row for row in rows if row["source_port"] == 1002)
    assert (other["bytes_forward"], other["bytes_reverse"], other["cumulative"]) == (
        300,
        4000,
        True,
    )
    assert tally.skipped == {"firewall event without traffic": 2}
    assert [row["denied"] for row in rows] == [False] * 5 + [True]
    denied = rows[-1]
    assert denied["flaws"] == "rejected,payload-bytes"
    assert {row["initiator"] for row in rows} == {"source"}
    assert address_to_text(rows[0]["translated_source_address"]) == "192.0.2.1"
    assert rows[0]["translated_source_port"] == 40_001
    assert rows[0]["translated_destination_address"] is None
    assert rows[0]["translated_destination_port"] is None


def test_a_firewall_that_does_not_tell_when_it_began(write: SimpleNamespace) -> None:
    rows, tally = decode(
        nsel(write, (1, UPDATED, 60, 2557, 1117), begun=False),
        nsel(write, (1, DELETED, 150, 2600, 1130), number=1, begun=False),
    )
    base = write.NOW * 1000
    assert [(row["start_ms"] - base, row["end_ms"] - base, row["flaws"]) for row in rows] == [
        (60_000, 60_000, "payload-bytes"),
        (150_000, 150_000, "payload-bytes,total-counters"),
    ]
    assert tally.flagged["total-counters"] == 1


def test_deltas_of_other_firewalls_are_all_counted(write: SimpleNamespace) -> None:
    fields = [(8, 4), (12, 4), (233, 1), (1, 4), (2, 4), (152, 8), (153, 8)]
    base = write.NOW * 1000
    records = b"".join(
        pack(fields, 1, 2, event, octets, 1, base, base + second)
        for event, octets, second in ((CREATED, 0, 0), (UPDATED, 70, 9), (DELETED, 30, 12))
    )
    rows, _ = decode(
        (
            write.ipfix(
                write.flow_set(2, write.template(256, fields)), write.flow_set(256, records)
            ),
            A,
        )
    )
    assert [row["bytes_forward"] for row in rows] == [70, 30]
    assert [row["cumulative"] for row in rows] == [None, None]
    # Each direction is reported by itself, so that the source is who sent.
    assert [row["initiator"] for row in rows] == [None, None]


def test_numbers_of_older_firewalls(write: SimpleNamespace) -> None:
    fields = [(148, 4), (8, 4), (7, 2), (12, 4), (11, 2), (4, 1), (40_001, 4), (40_003, 2)]
    fields += [(40_005, 1), (323, 8), (85, 4)]
    data = b"".join(
        pack(fields, 1, 1, 1000, 2, 443, 6, 3, 4000, event, write.NOW * 1000, octets)
        for event, octets in ((CREATED, 0), (DELETED, 900))
    )
    sets = write.flow_set(0, write.template(263, fields)), write.flow_set(263, data)
    rows, tally = decode(write.v9(*sets))
    assert [(row["bytes_forward"], row["translated_source_port"]) for row in rows] == [(900, 4000)]
    # The record says no start: what its total repeats cannot be told.
    assert [(row["cumulative"], row["flaws"]) for row in rows] == [(True, "total-counters")]
    assert [row["initiator"] for row in rows] == ["source"]
    assert tally.skipped == {"firewall event without traffic": 1}


@pytest.mark.external
def test_a_real_firewall_s_ends_cover_its_updates(shared_data: Path) -> None:
    """Each connection that ends was told by an update at that moment and by its deletion."""
    folder = shared_data / "exports" / "logstash_codec_netflow"
    names = "tpl_26x", "tpl_27x", "data"
    packets = [(folder / f"netflow9_test_cisco_asa_2_{name}.dat").read_bytes() for name in names]
    rows, tally = decode(*packets)
    ends = {(r["source_port"], r["start_ms"]): r for r in rows if r["cumulative"]}
    steps = [row for row in rows if not row["cumulative"]]
    for step in steps:
        end = ends.get((step["source_port"], step["start_ms"]))
        if end is not None:
            assert end["end_ms"] >= step["end_ms"]
            assert end["bytes_forward"] >= step["bytes_forward"]
    assert (len(ends), len(steps)) == (8, 7)
    assert tally.skipped == {"firewall event without traffic": 4}
    assert tally.records == len(rows) + sum(tally.skipped.values())
