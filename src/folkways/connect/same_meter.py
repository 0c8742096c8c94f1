"""One meter's statements of the same packets: a row again, an earlier state, two flows at a time.

A row that is equal to another in all it says is the same row, read from another file: a copy, a log
that grew, a file and the part of it that was rotated. So is a row in a form with whole seconds.
Totals (``cumulative``) and the later rows of one connection of a sensor hold what the earlier ones
said. A meter that keeps one flow a key (``exclusive``, or one that gives connections ids) cannot
have two at a time: two processes, two sensors or two captures saw the same packets, and where they
only overlap, the later one counts for what is beyond.
"""

import numpy as np

from folkways.connect.statements import (
    SECOND_MS,
    UNKNOWN,
    Flags,
    Ints,
    Statements,
    groups,
    reached_before,
)

TOLERANCE_MS = 2_000
"""How far the clocks of two meters, or the two reports of one, may lie apart."""
COVERED = 0.9
"""The least share of its time in which a row is another's repetition as a whole."""
LOSS = 0.25
"""What share of the packets one of two meters may have missed."""
_NEIGHBOURS = 8
"""So many rows that follow in order of start are compared with each."""
ALIKE = 3.0
"""Rates of two rows of the same packets, uneven in time, may differ by this factor."""


def same_rows(rows: Statements) -> Flags:
    """Rows that are equal to an earlier one.

    Where rows that are equal may well be two (samples, sums, rows without ports), as many stay as
    the source that has most holds.
    """
    single = rows.comparable & ~rows.sampled
    order = np.lexsort((rows.source, rows.identity))
    identity, source = rows.identity[order], rows.source[order]
    again = np.zeros(len(rows), np.bool_)
    again[1:] = (identity[1:] == identity[:-1]) & (source[1:] == source[:-1])
    place = np.arange(len(rows))
    first = np.maximum.accumulate(np.where(again, 0, place))
    nth = np.empty(len(rows), np.int64)
    nth[order] = np.where(single[order], 0, place - first)
    order = np.lexsort((rows.row, rows.source, nth, rows.identity))
    found = np.zeros(len(rows), np.bool_)
    found[order[1:]] = (rows.identity[order[1:]] == rows.identity[order[:-1]]) & (
        nth[order[1:]] == nth[order[:-1]]
    )
    return found


def stated_anew(rows: Statements) -> Flags:
    """Rows inside a total of the same meter, or an earlier state of the same connection."""
    by_meter = _contained(rows, groups(rows.meter, rows.key), rows.cumulative)
    by_id = _contained(rows, groups(rows.uid, rows.meter, rows.key), rows.whole)
    return by_meter | (by_id & rows.whole)


def _contained(rows: Statements, group: Ints, total: Flags) -> Flags:
    """Rows whose time lies inside that of a total of their group, direction by direction."""
    count = np.maximum(rows.counts, 0).sum(axis=1)
    order = np.lexsort((rows.identity, -count, -rows.end, rows.start, group))
    inside = np.zeros((len(rows), 2), np.bool_)
    for way in (0, 1):
        holds = total & (rows.states[:, way] | ~rows.states.any(axis=1))
        reached = reached_before(group[order], np.where(holds, rows.end, UNKNOWN)[order])
        inside[order, way] = reached >= rows.end[order]
    needed = rows.states
    return np.where(needed.any(axis=1), (inside | ~needed).all(axis=1), inside.any(axis=1))


def two_at_a_time(rows: Statements) -> Flags:
    """Rows that a better row of the same meter and sort repeats."""
    found = np.zeros(len(rows), np.bool_)
    group = groups(rows.track, rows.key)
    order = np.lexsort((rows.identity, rows.end, rows.start, group))
    able = rows.comparable & ~rows.sampled
    for step in range(1, min(_NEIGHBOURS, len(rows) - 1) + 1):
        one, other = order[:-step], order[step:]
        near = (group[one] == group[other]) & able[one] & able[other]
        near &= rows.start[other] <= rows.end[one] + TOLERANCE_MS
        one, other = one[near], other[near]
        swap = rows.rank[one] < rows.rank[other]
        better, worse = np.where(swap, other, one), np.where(swap, one, other)
        found[worse[_repeats(rows.take(better), rows.take(worse))]] = True
    return found


def _repeats(better: Statements, worse: Statements) -> Flags:
    """Whether each worse row states what the better one beside it states."""
    equal = (better.packets == worse.packets).all(axis=1) & (better.octets == worse.octets).all(
        axis=1
    )
    apart = np.maximum(np.abs(better.start - worse.start), np.abs(better.end - worse.end))
    counted = worse.states.any(axis=1)
    whole_seconds = better.on_seconds | worse.on_seconds
    twin = equal & counted & (apart < np.where(whole_seconds, SECOND_MS, 2))
    overlap = _overlap(better, worse)
    inside = np.where(
        worse.length > 0,
        overlap >= COVERED * worse.length,
        (better.start < worse.start) & (worse.start < better.end) | (apart == 0),
    )
    held = (worse.counts <= better.counts / (1 - LOSS) + 1) & (better.states | ~worse.states)
    one_flow = inside & held.all(axis=1)
    # Two whole connections, by clocks that differ; pieces that follow each other may be equal.
    shifted = equal & counted & better.whole & worse.whole & (apart <= TOLERANCE_MS)
    return np.where(worse.exclusive, one_flow | shifted, twin)


def _overlap(one: Statements, other: Statements) -> Ints:
    return np.minimum(one.end, other.end) - np.maximum(one.start, other.start)


def shares(rows: Statements) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(n,) what share of each row no earlier row of its meter states: 1 but where they overlap.

    Packets are taken as even in time. A row whose rate differs too much from the other's states
    something else, and counts whole.
    """
    kept = np.ones(len(rows), np.float64)
    group = groups(rows.track, rows.key)
    order = np.lexsort((rows.identity, rows.end, rows.start, group))
    one, other = order[:-1], order[1:]
    near = (group[one] == group[other]) & rows.exclusive[one] & rows.exclusive[other]
    near &= ~rows.sampled[one] & ~rows.sampled[other] & (rows.end[one] > rows.start[other])
    near &= rows.comparable[one] & (rows.length[other] > 0)
    one, other = one[near], other[near]
    before, after = rows.take(one), rows.take(other)
    part = _overlap(before, after) / after.length
    rate = [np.maximum(r.counts, 0).sum(axis=1) / np.maximum(r.length, 1) for r in (before, after)]
    alike = (before.states | ~after.states).all(axis=1)
    alike &= (rate[0] * ALIKE >= rate[1]) & (rate[1] * ALIKE >= rate[0])
    kept[other[alike]] = 1 - part[alike]
    return kept
