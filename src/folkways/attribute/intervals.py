"""Address ranges: any heap of them made disjoint, then found for whole columns by binary search."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from folkways.model.addresses import sortable

NOTHING = -1
Octets = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_ONES = np.uint64(2**64 - 1)
_MAPPED = np.frombuffer(b"\x00\x00\xff\xff", np.uint32)[0]


@dataclass(frozen=True)
class Ranges:
    """Address ranges, both ends included: (n, 16) first, (n, 16) last, (n,) label of each.

    A range lies in one address family: both ends IPv4-mapped, or neither.
    """

    first: Octets
    last: Octets
    label: Ints

    def __len__(self) -> int:
        return len(self.label)


def is_ipv4(octets: Octets) -> Flags:
    """(n,) true where an address is IPv4-mapped."""
    words = np.ascontiguousarray(octets).view(np.uint32).reshape(-1, 4)
    return (words[:, 2] == _MAPPED) & (words[:, 0] == 0) & (words[:, 1] == 0)


def narrower_later(ranges: Ranges) -> Ints:
    """(n,) rank by which the more specific of two ranges wins; of two alike, the later one."""
    low, high = _halves(ranges.first), _halves(ranges.last)
    borrow = high[:, 1] < low[:, 1]
    size_high = high[:, 0] - low[:, 0] - borrow
    size_low = high[:, 1] - low[:, 1]
    row = np.arange(len(ranges))
    order = np.lexsort((row, _ONES - size_low, _ONES - size_high))
    rank = np.empty(len(ranges), np.int64)
    rank[order] = row
    return rank


def flatten(ranges: Ranges, rank: Ints | None = None) -> Ranges:
    """Disjoint ranges in address order; where several hold an address, the highest rank wins.

    Neighbours of the same label become one. Costs a sort and, where ranges overlap, log(n) passes
    over arrays: 1 M ranges take about a second, however they overlap.

    Args:
        ranges: n ranges in any order, each with last >= first.
        rank: (n,) distinct whole numbers from 0 to n - 1; ``narrower_later`` if None.
    """
    if rank is None:
        rank = narrower_later(ranges)
    ipv4 = is_ipv4(ranges.first)
    parts = [
        _flatten_family(
            Ranges(ranges.first[pick], ranges.last[pick], ranges.label[pick]), rank[pick], keys
        )
        for pick, keys in ((np.flatnonzero(ipv4), _numbers), (np.flatnonzero(~ipv4), sortable))
    ]
    joined = Ranges(
        *(np.concatenate([getattr(p, f) for p in parts]) for f in ("first", "last", "label"))
    )
    order = np.argsort(sortable(joined.first), kind="stable") if len(joined) else slice(None)
    return Ranges(joined.first[order], joined.last[order], joined.label[order])


def _flatten_family(
    ranges: Ranges, rank: Ints, keys: Callable[[Octets], npt.NDArray[Any]]
) -> Ranges:
    """``keys`` gives one value an address that sorts in address order."""
    if not len(ranges):
        return ranges
    starts = np.argsort(keys(ranges.first), kind="stable")
    sorted_ranges = Ranges(ranges.first[starts], ranges.last[starts], ranges.label[starts])
    first, last = keys(sorted_ranges.first), keys(sorted_ranges.last)
    if not (first[1:] <= last[:-1]).any():
        return _merge(sorted_ranges)
    after, endless = _following(sorted_ranges.last)
    bounds = np.unique(np.concatenate([first, keys(after[~endless])]))
    left = np.searchsorted(bounds, first)
    right = np.where(endless, len(bounds), np.searchsorted(bounds, keys(after)))
    winner_rank = _paint(left, right, rank[starts], len(bounds))
    by_rank = np.full(int(rank.max()) + 1, NOTHING, np.int64)
    by_rank[rank[starts]] = np.arange(len(starts))
    covered = np.flatnonzero(winner_rank != NOTHING)
    winner = by_rank[winner_rank[covered]]
    begin = _octets(bounds)
    # A segment ends before the next bound, or with its winner where no bound follows.
    end = sorted_ranges.last[winner].copy()
    bounded = covered + 1 < len(bounds)
    end[bounded] = _preceding(begin[covered[bounded] + 1])
    return _merge(Ranges(begin[covered], end, sorted_ranges.label[winner]))


def _paint(left: Ints, right: Ints, rank: Ints, segments: int) -> Ints:
    """(segments,) the highest rank among the intervals [left, right) that hold each segment.

    Each interval is the union of two of length 2**k; ranks are put at these and then handed down
    from length 2**k to 2**(k-1), so there is no loop over intervals.
    """
    power = np.frexp((right - left).astype(np.float64))[1] - 1
    top = np.full(segments, NOTHING, np.int64)
    for k in range(int(power.max()), -1, -1):
        here = np.flatnonzero(power == k)
        np.maximum.at(top, left[here], rank[here])
        np.maximum.at(top, right[here] - 2**k, rank[here])
        if k:
            half = 2 ** (k - 1)
            lower = top.copy()
            np.maximum(lower[half:], top[:-half], out=lower[half:])
            top = lower
    return top


def _merge(ranges: Ranges) -> Ranges:
    """Neighbours of the same label, without a gap between, become one range."""
    if len(ranges) < 2:
        return ranges
    after, endless = _following(ranges.last[:-1])
    joined = (after == ranges.first[1:]).all(axis=1) & ~endless
    joined &= ranges.label[1:] == ranges.label[:-1]
    begins = np.concatenate([[True], ~joined])
    ends = np.concatenate([~joined, [True]])
    return Ranges(ranges.first[begins], ranges.last[ends], ranges.label[begins])


def _halves(octets: Octets) -> npt.NDArray[np.uint64]:
    """(n, 16) bytes as (n, 2) numbers, the high half first."""
    return np.ascontiguousarray(octets).view(">u8").reshape(-1, 2).astype(np.uint64)


def _numbers(octets: Octets) -> npt.NDArray[np.uint64]:
    """The low halves, which tell IPv4-mapped addresses and the one after the last from others."""
    return _halves(octets)[:, 1]


def _octets(keys: npt.NDArray[Any]) -> Octets:
    if keys.dtype.kind == "u":
        halves = np.zeros((len(keys), 2), ">u8")
        halves[:, 1] = keys
        return halves.view(np.uint8).reshape(-1, 16)
    return np.ascontiguousarray(keys).view(np.uint8).reshape(-1, 16)


def _following(octets: Octets) -> tuple[Octets, Flags]:
    """The next address of each, and where there is none (all ones)."""
    halves = _halves(octets)
    carry = halves[:, 1] == _ONES
    endless = carry & (halves[:, 0] == _ONES)
    following = halves.copy()
    following[:, 1] += np.uint64(1)
    following[:, 0] += carry
    return following.astype(">u8").view(np.uint8).reshape(-1, 16), endless


def _preceding(octets: Octets) -> Octets:
    halves = _halves(octets)
    borrow = halves[:, 1] == 0
    preceding = halves.copy()
    preceding[:, 1] -= np.uint64(1)
    preceding[:, 0] -= borrow
    return preceding.astype(">u8").view(np.uint8).reshape(-1, 16)


class Finder:
    """Finds addresses in disjoint ranges: IPv4 as 32-bit numbers, for speed, IPv6 as bytes.

    Args:
        ranges: disjoint, in address order (see ``flatten``).
    """

    def __init__(self, ranges: Ranges) -> None:
        ipv4 = is_ipv4(ranges.first)
        self._ipv4 = (
            family_keys(ranges.first[ipv4], ipv6=False),
            family_keys(ranges.last[ipv4], ipv6=False),
            ranges.label[ipv4],
        )
        self._ipv6 = (
            family_keys(ranges.first[~ipv4], ipv6=True),
            family_keys(ranges.last[~ipv4], ipv6=True),
            ranges.label[~ipv4],
        )

    def find(self, octets: Octets, known: Flags) -> Ints:
        """(n,) label of the range that holds each address, NOTHING where none does.

        Args:
            octets: (n, 16) addresses, IPv4 as IPv4-mapped.
            known: (n,) false where the address is unknown.
        """
        found = np.full(len(octets), NOTHING, np.int64)
        for ipv6, pick in zip((False, True), by_family(octets, known), strict=True):
            if len(pick) == len(octets):
                return self.find_keys(family_keys(octets, ipv6=ipv6), ipv6=ipv6)
            found[pick] = self.find_keys(family_keys(octets[pick], ipv6=ipv6), ipv6=ipv6)
        return found

    def find_keys(self, keys: npt.NDArray[Any], *, ipv6: bool) -> Ints:
        """The same for addresses of one family, as ``family_keys`` gives them."""
        first, last, label = self._ipv6 if ipv6 else self._ipv4
        if not len(first):
            return np.full(len(keys), NOTHING, np.int64)
        if ipv6:
            row = np.maximum(np.searchsorted(first, keys, side="right") - 1, 0)
            inside = (keys >= first[row]) & (keys <= last[row])
            return np.where(inside, label[row], NOTHING)
        # Keys in order keep the search inside the processor's cache: twice as fast, sort included.
        packed = keys.astype(np.uint64) << np.uint64(32) | np.arange(len(keys), dtype=np.uint64)
        packed.sort()
        ordered = (packed >> np.uint64(32)).astype(np.uint32)
        row = np.maximum(np.searchsorted(first, ordered, side="right") - 1, 0)
        inside = (ordered >= first[row]) & (ordered <= last[row])
        found = np.empty(len(keys), np.int64)
        found[packed.astype(np.uint32)] = np.where(inside, label[row], NOTHING)
        return found


def by_family(octets: Octets, known: Flags) -> tuple[Ints, Ints]:
    """Places of the known IPv4 addresses, and of the known IPv6 ones."""
    ipv4 = is_ipv4(octets)
    return np.flatnonzero(ipv4 & known), np.flatnonzero(~ipv4 & known)


def family_keys(octets: Octets, *, ipv6: bool) -> npt.NDArray[Any]:
    """(n,) values that compare in address order: 32-bit numbers, or 16-byte strings for IPv6."""
    if ipv6:
        return sortable(octets)
    return np.ascontiguousarray(octets[:, 12:]).view(">u4").reshape(-1).astype(np.uint32)
