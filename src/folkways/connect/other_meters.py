"""Several meters' statements of the same packets: two exporters, a log beside its own capture.

Of the meters that saw a connection the best is kept: the one that saw both directions, then most
packets, then the one with finer times, then the first by name. A row of another is a repetition
only if what is kept of better ones covers its time and has its packets, within what loss explains,
and does so for all that the other meter states of the connection, or if one row beside it says the
same. Otherwise both stand: the path changed, or each saw a part.
"""

from dataclasses import dataclass

import numpy as np

from folkways.connect.meter_runs import runs
from folkways.connect.same_meter import COVERED, LOSS, TOLERANCE_MS
from folkways.connect.statements import (
    SPAN_BITS,
    Flags,
    Ints,
    Statements,
    groups,
    reached_before,
)

_TELLING_ROWS = 30


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
    coarse = _coarse(rows)[first]
    of_chain, sort = chain[first], -rows.kind[first]
    last = (rows.meter[first], sort, coarse, flawed)
    keys = (*last, -packets, one_way, rows.outside[first], of_chain)
    order = np.lexsort(keys)
    new = np.ones(len(order), np.bool_)
    new[1:] = of_chain[order][1:] != of_chain[order][:-1]
    at = np.arange(len(order))
    place = np.empty(len(order), np.int64)
    place[order] = at - np.maximum.accumulate(np.where(new, at, 0)) + 1
    return place[part]


def _coarse(rows: Statements) -> Flags:
    """Rows of meters that give whole seconds only, if they have enough rows to tell."""
    track = groups(rows.track)
    found: Flags = (np.bincount(track) >= _TELLING_ROWS) & (
        np.bincount(track, ~rows.on_seconds) == 0
    )
    return found[track]


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
        run = runs(rows, chain, self._rows, self._chain, self._way)
        begun, ended = _instant(chain, run.start), _instant(chain, run.end)
        reaches = self._timed(begun, ended, TOLERANCE_MS) & self._touched(begun, ended, 0)
        timed = self._timed(start, end, np.where(reaches, TOLERANCE_MS, 0))
        counted = self._counts_agree(rows, *self._counts(start, end))
        beside, alike = self._beside(rows, start, end)
        # A report of a NAT's outside is known by the translation, however it was counted.
        outside = rows.outside & (beside | self._timed(start, end, TOLERANCE_MS))
        return (timed & counted & run.agree) | alike | outside

    def _timed(self, start: Ints, end: Ints, tolerance: int | Ints) -> Flags:
        """Whether time is covered, but for the tolerance or a small share."""
        length = end - start
        gone = length - (self._length(end) - self._length(start))
        little = gone <= np.maximum(tolerance, (1 - COVERED) * length)
        return little & self._touched(start, end, tolerance)

    def _touched(self, start: Ints, end: Ints, tolerance: int | Ints) -> Flags:
        """Whether some of what is covered lies between, or by the tolerance beside it."""
        span = np.searchsorted(self._spans, end + tolerance, side="right") - 1
        return (span >= 0) & (self._lasts[np.maximum(span, 0)] >= start - tolerance)

    def _counts(self, start: Ints, end: Ints) -> tuple[list[Ints], list[Ints]]:
        """Sums of the rows that share a row's time, and of those that lie inside it.

        What only touches the edge of a row that lasts may be what came before, by another path.
        """
        length = end - start
        edge = np.minimum((1 - COVERED) * length, TOLERANCE_MS).astype(np.int64)
        edge = np.where(length < 2 * TOLERANCE_MS, -TOLERANCE_MS, edge)
        first = np.searchsorted(self._ends, start + edge)
        last = np.searchsorted(self._starts, end - edge, side="right")
        begun = np.searchsorted(self._starts, start - TOLERANCE_MS)
        ended = np.searchsorted(self._ends, end + TOLERANCE_MS, side="right")
        sharing, inside = [], []
        for by_start, by_end in self._sums:
            inside.append(by_end[ended] - by_start[begun])
            before = np.where(edge > 0, by_end[first] - by_start[begun], 0)
            after = np.where(edge > 0, by_end[ended] - by_start[last], 0)
            core = by_start[last] - by_end[first]
            sharing.append(core + np.maximum(before, 0) + np.maximum(after, 0))
        return sharing, inside

    def _counts_agree(self, rows: Statements, sharing: list[Ints], inside: list[Ints]) -> Flags:
        """By packets where both sides count them, else by octets; true if neither is known."""
        found = np.ones(len(rows), np.bool_)
        # Octets are counted with other headers by other meters.
        for which, mine, loss in ((1, rows.octets, 2 * LOSS), (0, rows.packets, LOSS)):
            known = (mine[:, self._way] >= 0) & (sharing[2 + which] == 0)
            least, most = inside[which] * (1 - loss) - 1, sharing[which] / (1 - loss) + 1
            agrees = (mine[:, self._way] >= least) & (mine[:, self._way] <= most)
            found = np.where(known, agrees, found)
        return found

    def _length(self, at: Ints) -> Ints:
        """How much before an instant is covered, over all chains, ms."""
        span = np.searchsorted(self._spans, at, side="right") - 1
        there = np.maximum(span, 0)
        part = np.minimum(at, self._lasts[there]) - self._spans[there]
        return np.where(span >= 0, self._before[there] + part, 0)

    def _beside(self, rows: Statements, start: Ints, end: Ints) -> tuple[Flags, Flags]:
        """Whether a kept row has nearly the same start and end, and such a one the same counts."""
        beside, alike = np.zeros(len(start), np.bool_), np.zeros(len(start), np.bool_)
        at = np.searchsorted(self._starts, start)
        ends = _instant(self._chain, self._rows.end)
        for place in (at - 2, at - 1, at, at + 1):
            near = np.clip(place, 0, len(self._starts) - 1)
            close = (np.abs(self._starts[near] - start) <= TOLERANCE_MS) & (
                np.abs(ends[near] - end) <= TOLERANCE_MS
            )
            other = self._rows.take(near)
            counts = [np.maximum(c[:, self._way], 0) for c in (other.packets, other.octets)]
            unknown = [(c[:, self._way] < 0) * 1 for c in (other.packets, other.octets)]
            beside |= close
            alike |= close & self._counts_agree(rows, [*counts, *unknown], counts)
        return beside, alike


def _instant(chain: Ints, at: Ints) -> Ints:
    """Time and chain as one number; chains lie far apart."""
    return (chain << SPAN_BITS) + at


def _sums(values: Ints) -> Ints:
    """(n + 1,) sums of the values before each place."""
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(values)))
