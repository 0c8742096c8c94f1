"""Which addresses belong to the population at which time, for whole columns at once.

Ranges are sorted into layers whose prefixes do not overlap (two ranges may share addresses at
different dates), so that each layer is one binary search.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from folkways.model.addresses import sortable
from folkways.model.population import Range

OUTSIDE = -1
Bounds = npt.NDArray[Any]
"""Addresses that compare in order: numbers (IPv4) or 16-byte strings (IPv6)."""


@dataclass(frozen=True)
class _Layer:
    """Disjoint ranges of one address family, sorted; ``index`` points into the list of ranges."""

    first: Bounds
    last: Bounds
    from_ms: npt.NDArray[np.int64]
    to_ms: npt.NDArray[np.int64]
    index: npt.NDArray[np.int32]

    def find(self, addresses: Bounds, at_ms: npt.NDArray[np.int64] | None) -> npt.NDArray[np.int32]:
        """(n,) index of the range that holds each address at its time, else OUTSIDE."""
        row = np.searchsorted(self.first, addresses, side="right") - 1
        safe = np.maximum(row, 0)
        inside = (row >= 0) & (addresses <= self.last[safe])
        if at_ms is not None:
            inside &= (at_ms >= self.from_ms[safe]) & (at_ms < self.to_ms[safe])
        return np.where(inside, self.index[safe], OUTSIDE).astype(np.int32)


class Membership:
    """Answers for columns of addresses: in which range, at that time."""

    def __init__(self, ranges: tuple[Range, ...]) -> None:
        numbered = list(enumerate(ranges))
        self._edges = _Edges([r.edges for r in ranges])
        self._ipv4 = _layers([(i, r) for i, r in numbered if r.is_ipv4], ipv4=True)
        self._ipv6 = _layers([(i, r) for i, r in numbered if not r.is_ipv4], ipv4=False)

    def find(
        self,
        octets: npt.NDArray[np.uint8],
        known: npt.NDArray[np.bool_],
        at_ms: npt.NDArray[np.int64] | None = None,
    ) -> npt.NDArray[np.int32]:
        """Index of the range that holds each address, OUTSIDE where none does.

        Args:
            octets: (n, 16) addresses, IPv4 as IPv4-mapped.
            known: (n,) false where the address is unknown.
            at_ms: (n,) time of each; None asks for any time.
        """
        found = np.full(len(octets), OUTSIDE, np.int32)
        halves = np.ascontiguousarray(octets).view(">u8").reshape(-1, 2)
        ipv4 = (halves[:, 0] == 0) & (halves[:, 1] >> np.uint64(32) == 0xFFFF)
        for layers, wanted in ((self._ipv4, known & ipv4), (self._ipv6, known & ~ipv4)):
            if not layers or not wanted.any():
                continue
            pick = np.flatnonzero(wanted)
            numbers = halves[pick, 1].astype(np.uint32)
            addresses: Bounds = numbers if layers is self._ipv4 else sortable(octets[pick])
            times = None if at_ms is None else at_ms[pick]
            for layer in layers:
                here = layer.find(addresses, times)
                hit = here != OUTSIDE
                found[pick[hit]] = here[hit]
        return found

    def no_hosts(
        self, octets: npt.NDArray[np.uint8], found: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.bool_]:
        """(n,) true where an address names its range itself or all of its hosts (broadcast).

        Args:
            octets: (n, 16) addresses.
            found: (n,) their ranges as ``find`` gave them.
        """
        return self._edges.hit(octets, found)

    def holds(
        self,
        octets: npt.NDArray[np.uint8],
        known: npt.NDArray[np.bool_],
        at_ms: npt.NDArray[np.int64] | None = None,
    ) -> npt.NDArray[np.bool_]:
        """(n,) true where an address is a host of some range; arguments as of ``find``."""
        found = self.find(octets, known, at_ms)
        return (found != OUTSIDE) & ~self.no_hosts(octets, found)


class _Edges:
    """First and last address of each range that is a subnet (IPv4)."""

    def __init__(self, edges: list[tuple[bytes, ...]]) -> None:
        self._last_octets = np.zeros(256, np.bool_)
        self._numbers = np.full((len(edges), 2), -1, np.int64)
        for place, ends in enumerate(edges):
            for which, end in enumerate(ends):
                self._last_octets[end[-1]] = True
                self._numbers[place, which] = int.from_bytes(end[12:])

    def hit(
        self, octets: npt.NDArray[np.uint8], found: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.bool_]:
        """(n,) see ``Membership.no_hosts``; few addresses end like an edge, so this is cheap."""
        hits = (found != OUTSIDE) & self._last_octets[octets[:, 15]]
        pick = np.flatnonzero(hits)
        numbers = np.ascontiguousarray(octets[pick, 12:]).view(">u4").reshape(-1, 1)
        hits[pick] = (self._numbers[found[pick]] == numbers).any(axis=1)
        return hits


def _layers(numbered: list[tuple[int, Range]], *, ipv4: bool) -> list[_Layer]:
    layers: list[list[tuple[int, Range]]] = []
    for item in sorted(numbered, key=lambda n: (n[1].first, n[1].last)):
        for layer in layers:
            if layer[-1][1].last < item[1].first:
                layer.append(item)
                break
        else:
            layers.append([item])
    return [_layer(items, ipv4=ipv4) for items in layers]


def _layer(items: list[tuple[int, Range]], *, ipv4: bool) -> _Layer:
    def bounds(values: list[bytes]) -> Bounds:
        if ipv4:
            return np.array([int.from_bytes(v[12:], "big") for v in values], np.uint32)
        return np.array(values, "S16")

    return _Layer(
        first=bounds([r.first for _, r in items]),
        last=bounds([r.last for _, r in items]),
        from_ms=np.array([r.from_ms for _, r in items], np.int64),
        to_ms=np.array([r.to_ms for _, r in items], np.int64),
        index=np.array([i for i, _ in items], np.int32),
    )
