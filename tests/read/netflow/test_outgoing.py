"""OUT_BYTES and OUT_PKTS (23, 24) beside other counters, in each of their meanings."""

from types import SimpleNamespace
from typing import Any

import pytest
from tests.read.netflow.decoding import decode, pack

from folkways.model.batches import Tally

BASE = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (22, 4), (21, 4)]
NTOP = 35_632
COLUMNS = ("bytes_forward", "packets_forward", "bytes_reverse", "packets_reverse")
UNKNOWN = "outgoing counters of unknown meaning, not used"
Record = tuple[int | bytes, ...]
IN_OUT = [(1, 4), (2, 4), (23, 4), (24, 4)]
DIRECTED = [*IN_OUT, (61, 1)]


def read(
    write: SimpleNamespace, layout: list[Any], *records: Record, to: int = 0xCB007105
) -> tuple[list[tuple[int | None, ...]], Tally]:
    fields = [*BASE, *layout]
    data = b"".join(
        pack(fields, 0xC6336402, to, 50_000 + i, 443, 6, 990_000, 999_000, *record)
        for i, record in enumerate(records)
    )
    if any(len(field) > 2 for field in layout):
        sets = write.flow_set(2, write.template(256, fields)), write.flow_set(256, data)
        packet = write.ipfix(*sets)
    else:
        sets = write.flow_set(0, write.template(256, fields)), write.flow_set(256, data)
        packet = write.v9(*sets)
    rows, tally = decode(packet)
    return [tuple(row[name] for name in COLUMNS) for row in rows], tally


@pytest.mark.parametrize("layout", [IN_OUT, DIRECTED])
def test_more_than_can_leave_is_the_other_direction(
    write: SimpleNamespace, layout: list[Any]
) -> None:
    more = (0,) * (len(layout) - 4)
    rows, tally = read(write, layout, (1000, 10, 9000, 12, *more))
    assert rows == [(1000, 10, 9000, 12)]
    assert not tally.flagged
    assert not tally.notes


def test_records_of_one_layout_decide_together(write: SimpleNamespace) -> None:
    """An upload, an echo and an unanswered attempt among downloads are read as these are."""
    rows, tally = read(
        write, IN_OUT, (1000, 10, 9000, 12), (700, 9, 80_000, 60), (9000, 12, 800, 9),
        (84, 1, 84, 1), (60, 1, 0, 0), (0, 0, 500, 2),
    )  # fmt: skip
    assert rows == [
        (1000, 10, 9000, 12),
        (700, 9, 80_000, 60),
        (9000, 12, 800, 9),
        (84, 1, 84, 1),
        (60, 1, 0, 0),
        (0, 0, 500, 2),
    ]
    assert not tally.notes


@pytest.mark.parametrize("direction", [0, 1, 255])
def test_the_same_packets_as_they_leave(write: SimpleNamespace, direction: int) -> None:
    rows, tally = read(
        write, DIRECTED, (1000, 10, 1000, 10, direction), (9000, 12, 9000, 12, direction)
    )
    assert rows == [(1000, 10, None, None), (9000, 12, None, None)]
    assert not tally.flagged


def test_one_flow_that_grew_does_not_double_a_router_s_traffic(write: SimpleNamespace) -> None:
    same = [(1000 + i, 10, 1000 + i, 10) for i in range(9)]
    rows, tally = read(write, IN_OUT, *same, (100, 1, 5000, 4))
    assert {row[2] for row in rows} == {None}
    assert tally.flagged == {UNKNOWN: 1}
    assert any("OUT_BYTES" in note for note in tally.notes)


def test_tunnels_and_policing_are_no_other_direction(write: SimpleNamespace) -> None:
    """Fifty octets of headers a packet, or fewer packets: neither tells of answers."""
    rows, tally = read(write, IN_OUT, (1000, 10, 1500, 10), (1000, 10, 400, 4))
    assert rows == [(1000, 10, None, None), (1000, 10, None, None)]
    assert tally.flagged == {UNKNOWN: 2}
    assert len(tally.notes) == 1


def test_copies_to_a_group_are_no_other_direction(write: SimpleNamespace) -> None:
    rows, _ = read(write, IN_OUT, (1000, 1, 5000, 5), to=0xE0000005)
    assert rows == [(1000, 1, None, None)]


def test_egress_that_counts_only_what_leaves(write: SimpleNamespace) -> None:
    rows, tally = read(write, DIRECTED, (0, 0, 1000, 10, 1), (0, 0, 9000, 12, 1), (0, 0, 0, 0, 1))
    assert rows == [(1000, 10, None, None), (9000, 12, None, None), (0, 0, None, None)]
    assert not tally.flagged


def test_what_only_left_without_a_direction_is_unknown_and_said(write: SimpleNamespace) -> None:
    for record in ((0, 0, 1000, 10), (0, 0, 1000, 10, 0)):
        rows, tally = read(write, DIRECTED if len(record) > 4 else IN_OUT, record)
        assert rows == [(None, None, None, None)]
        assert tally.flagged == {UNKNOWN: 1}
        assert any("OUT_BYTES" in note for note in tally.notes)


@pytest.mark.parametrize(
    ("layout", "record", "row"),
    [
        ([(23, 4), (24, 4)], (700, 7), (700, 7, None, None)),
        ([(23, 4)], (700,), (700, None, None, None)),
        ([(24, 4)], (7,), (None, 7, None, None)),
        ([(171, 8), (172, 8)], (700, 7), (700, 7, None, None)),
    ],
)
def test_a_layout_without_other_counters(
    write: SimpleNamespace, layout: list[Any], record: Record, row: tuple[int | None, ...]
) -> None:
    rows, tally = read(write, layout, record)
    assert rows == [row]
    assert not tally.flagged


@pytest.mark.parametrize("mark", [(57_591, 4), (57_472, 2)])
def test_nprobe_is_known_for_it(write: SimpleNamespace, mark: tuple[int, int]) -> None:
    rows, _ = read(write, [*IN_OUT, mark], (84, 1, 84, 1, 0), (9000, 9, 100, 2, 0))
    assert rows == [(84, 1, 84, 1), (9000, 9, 100, 2)]
    rows, _ = read(write, [*IN_OUT, (56_701, 4)], (84, 1, 84, 1, 0))  # another vendor's
    assert rows == [(84, 1, None, None)]


def test_nprobe_is_known_in_ipfix(write: SimpleNamespace) -> None:
    rows, _ = read(write, [*IN_OUT, (119, 4, NTOP)], (9000, 9, 100, 2, 0))
    assert rows == [(9000, 9, 100, 2)]


def test_totals_have_outgoing_ones_of_their_own(write: SimpleNamespace) -> None:
    rows, _ = read(write, [(85, 8), (86, 8), (171, 8), (172, 8)], (1000, 10, 9000, 12))
    assert rows == [(1000, 10, 9000, 12)]


def test_reverse_elements_say_it_themselves(write: SimpleNamespace) -> None:
    rows, tally = read(write, [*IN_OUT, (1, 4, 29_305)], (1000, 10, 9000, 12, 77))
    assert rows == [(1000, 10, 77, None)]
    assert not tally.flagged[UNKNOWN]
