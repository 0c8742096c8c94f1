"""Several meters' statements of the same packets: two exporters, a log beside its own capture.

Of the meters that saw a connection the best is kept: the one that saw both directions, then most
packets, then the first by name. A row of another is a repetition only if what is kept of better
ones covers its time and has its packets, within what loss explains. Otherwise both stand: the path
changed, or each saw a part.
"""

from dataclasses import dataclass

import numpy as np

from folkways.connect.same_meter import COVERED, LOSS, TOLERANCE_MS
from folkways.connect.statements import (
    SPAN_BITS,
    Flags,
    Ints,
    Statements,
    groups,
    reached_before,
)


@dataclass(frozen=True)
class Chains:
    """Runs of rows of a key without a silence longer than the timeout; entries are of rows.

    ``chain`` numbers them, ``place`` is that of the row's meter in its chain, 1 the best, and
    ``sampled`` says that some of the chain is.
    """

    chain: Ints
    place: Ints
    sampled: Flags


def chains(rows: Statements, timeout_ms: int) -> Chains:
    """Chains of rows, and the order of the meters in each."""
    group = groups(rows.key)
    order = np.lexsort((rows.end, rows.start, group))
    reached = reached_before(group[order], rows.end[order])
    new = (reached < 0) | (rows.start[order] - reached > timeout_ms)
    chain = np.empty(len(rows), np.int64)
    chain[order] = np.cumsum(new) - 1
    sampled = np.bincount(chain, rows.sampled) > 0
    return Chains(chain, _places(rows, chain), sampled[chain])


def _places(rows: Statements, chain: Ints) -> Ints:
    part = groups(rows.track, chain)
    first = np.unique(part, return_index=True)[1]

    packets = np.bincount(part, np.maximum(rows.counts, 0).sum(axis=1))
    one_way = np.bincount(part, rows.states.all(axis=1)) == 0
    flawed = np.bincount(part, rows.flawed) > 0
    of_chain, sort = chain[first], -rows.kind[first]
    keys = (rows.meter[first], sort, flawed, -packets, one_way, rows.outside[first], of_chain)
    order = np.lexsort(keys)
    new = np.ones(len(order), np.bool_)
    new[1:] = of_chain[order][1:] != of_chain[order][:-1]
    at = np.arange(len(order))
    place = np.empty(len(order), np.int64)
    place[order] = at - np.maximum.accumulate(np.where(new, at, 0)) + 1
    return place[part]


def repeated(rows: Statements, found: Chains, timeout_ms: int) -> Flags:
    """Rows that repeat what rows of better meters state, of those that are kept."""
    again = np.zeros(len(rows), np.bool_)
    for place in range(2, int(found.place.max(initial=1)) + 1):
        asked = np.flatnonzero(found.place == place)
        here = np.isin(found.chain, found.chain[asked])
        kept = np.flatnonzero(here & (found.place < place) & ~again)
        again[asked] = _covered(
            rows.take(asked), found.chain[asked], rows.take(kept), found.chain[kept], timeout_ms
        )
    return again


def _covered(
    rows: Statements, chain: Ints, kept: Statements, kept_chain: Ints, timeout_ms: int
) -> Flags:
    """Rows whose every direction that counts something is covered."""
    ways = np.empty((len(rows), 2), np.bool_)
    for way in (0, 1):
        # A row that counts nothing in either direction goes where anything is covered.
        holds = kept.states[:, way] | ~kept.states.any(axis=1)
        cover = Cover(kept.take(holds), kept_chain[holds], way, timeout_ms)
        ways[:, way] = cover.holds(rows, chain)
    stated = rows.states
    return np.where(stated.any(axis=1), (ways | ~stated).all(axis=1), ways.any(axis=1))


class Cover:
    """What kept rows of many chains cover in one direction.

    A silence of a kept meter is covered as well, up to the timeout: it would have seen packets.
    """

    def __init__(self, kept: Statements, chain: Ints, way: int, timeout_ms: int) -> None:
        self._way = way
        order = np.lexsort((kept.end, kept.start, chain))
        self._rows, self._chain = kept.take(order), chain[order]
        rows, chain = self._rows, self._chain
        self._starts = _instant(chain, rows.start)
        by_end = np.argsort(_instant(chain, rows.end), kind="stable")
        self._ends = _instant(chain, rows.end)[by_end]
        counts = [np.maximum(c[:, way], 0) for c in (rows.packets, rows.octets)]
        unknown = [(c[:, way] < 0).astype(np.int64) for c in (rows.packets, rows.octets)]
        self._sums = [(_sums(c), _sums(c[by_end])) for c in (*counts, *unknown)]
        number = groups(chain)
        reached = reached_before(number, rows.end)
        new = (reached < 0) | (rows.start - reached > timeout_ms)
        at = np.flatnonzero(new)
        self._spans = self._starts[at]
        last = _instant(chain, np.maximum(reached, rows.end))
        self._lasts = np.maximum.reduceat(last, at) if len(at) else last
        self._before = _sums(self._lasts - self._spans)

    def holds(self, rows: Statements, chain: Ints) -> Flags:
        """Whether each row's time and packets in this direction are covered."""
        if not len(self._starts):
            return np.zeros(len(rows), np.bool_)
        start, end = _instant(chain, rows.start), _instant(chain, rows.end)
        # Sums of rows that touch the row's time, and of rows that lie inside it.
        first = np.searchsorted(self._ends, start - TOLERANCE_MS)
        last = np.searchsorted(self._starts, end + TOLERANCE_MS, side="right")
        begun = np.searchsorted(self._starts, start - TOLERANCE_MS)
        ended = np.searchsorted(self._ends, end + TOLERANCE_MS, side="right")
        touching = [by_start[last] - by_end[first] for by_start, by_end in self._sums]
        inside = [by_end[ended] - by_start[begun] for by_start, by_end in self._sums[:2]]
        seen = last > first
        counted = self._counts_agree(rows, touching, inside)
        length = end - start
        gone = length - (self._length(end) - self._length(start))
        timed = (gone <= np.maximum(TOLERANCE_MS, (1 - COVERED) * length)) & (
            (gone < length) | self._within(start, end)
        )
        # A report of a NAT's outside is known by the translation, however it was counted.
        return seen & (timed | self._beside(start, end)) & (counted | rows.outside)

    def _counts_agree(self, rows: Statements, touching: list[Ints], inside: list[Ints]) -> Flags:
        """By packets where both sides count them, else by octets; true if neither is known."""
        found = np.ones(len(rows), np.bool_)
        # Octets are counted with other headers by other meters.
        for which, mine, loss in ((1, rows.octets, 2 * LOSS), (0, rows.packets, LOSS)):
            known = (mine[:, self._way] >= 0) & (touching[2 + which] == 0)
            least, most = inside[which] * (1 - loss) - 1, touching[which] / (1 - loss) + 1
            agrees = (mine[:, self._way] >= least) & (mine[:, self._way] <= most)
            found = np.where(known, agrees, found)
        return found

    def _length(self, at: Ints) -> Ints:
        """How much before an instant is covered, over all chains, ms."""
        span = np.searchsorted(self._spans, at, side="right") - 1
        there = np.maximum(span, 0)
        part = np.minimum(at, self._lasts[there]) - self._spans[there]
        return np.where(span >= 0, self._before[there] + part, 0)

    def _within(self, start: Ints, end: Ints) -> Flags:
        """Whether an instant lies in a span; false for what lasts."""
        span = np.maximum(np.searchsorted(self._spans, start, side="right") - 1, 0)
        return (start == end) & (self._spans[span] <= start) & (start <= self._lasts[span])

    def _beside(self, start: Ints, end: Ints) -> Flags:
        """Whether a kept row has nearly the same start and end, by clocks that differ."""
        found = np.zeros(len(start), np.bool_)
        at = np.searchsorted(self._starts, start)
        ends = _instant(self._chain, self._rows.end)
        for place in (at - 2, at - 1, at, at + 1):
            near = np.clip(place, 0, len(self._starts) - 1)
            found |= (np.abs(self._starts[near] - start) <= TOLERANCE_MS) & (
                np.abs(ends[near] - end) <= TOLERANCE_MS
            )
        return found


def _instant(chain: Ints, at: Ints) -> Ints:
    """Time and chain as one number; chains lie far apart."""
    return (chain << SPAN_BITS) + at


def _sums(values: Ints) -> Ints:
    """(n + 1,) sums of the values before each place."""
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(values)))
