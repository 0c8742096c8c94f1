"""Where the records of a block lie, found for whole runs of flow records at a time.

Each size says where the next record lies, so that a walk goes one by one. But what looks like the
head of a flow record can be found at once, and nearly every one's size leads to the next: such
runs are taken whole, and only between them one step is made after the other.
"""

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Octets = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]
_HEAD = struct.Struct("<HH")


@dataclass(frozen=True)
class Walk:
    """Positions and sizes of the flow records; type, position and size of the others in order.

    ``damaged``: a record was impossible, or there were fewer than the block claims.
    """

    at: Positions
    sizes: Positions
    others: list[tuple[int, int, int]]
    damaged: bool

    @property
    def count(self) -> int:
        """All records."""
        return len(self.at) + len(self.others)


@dataclass(frozen=True)
class FlowHead:
    """What tells the head of a flow record: its type, its least size, and its fifth octet.

    The fifth octet is the low one of two whose high one is 0 (flags, or the number of elements).
    """

    type: int
    size: int
    least: int
    most: int


def walk(data: Octets, claimed: int, head: FlowHead) -> Walk:
    """All records up to the first impossible one."""
    maybe, sizes = _heads(data, head)
    after = maybe + sizes
    last = np.flatnonzero(np.append(maybe[1:] != after[:-1], True)) if len(maybe) else maybe
    runs: list[slice] = []
    others: list[tuple[int, int, int]] = []
    at, count, end, view = 0, 0, len(data), data.data
    while count < claimed and at + _HEAD.size <= end:
        i = int(maybe.searchsorted(at))
        if i < len(maybe) and maybe[i] == at:
            stop = min(int(last[last.searchsorted(i)]) + 1, i + claimed - count)
            runs.append(slice(i, stop))
            count += stop - i
            at = int(after[stop - 1])
            continue
        kind, size = _HEAD.unpack_from(view, at)
        if size < _HEAD.size or at + size > end:
            break
        others.append((kind, at, size))
        count += 1
        at += size
    found = np.concatenate([np.arange(r.start, r.stop) for r in runs]) if runs else maybe[:0]
    return Walk(maybe[found], sizes[found], others, damaged=count < claimed)


def _heads(data: Octets, head: FlowHead) -> tuple[Positions, Positions]:
    """Where the data look like the head of a flow record that fits, and the sizes they state."""
    if len(data) < head.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    # A type is two octets, little-endian, at an even or an odd place.
    room = len(data) - head.size + 2
    places = [
        np.flatnonzero(data[odd : room - (room - odd) % 2].view("<u2") == head.type) * 2 + odd
        for odd in (0, 1)
    ]
    maybe = np.sort(np.concatenate(places)) if len(places[1]) else places[0]
    maybe = maybe[data[maybe + 5] == 0]
    fifth = data[maybe + 4]
    maybe = maybe[(fifth >= head.least) & (fifth <= head.most)]
    sizes = data[maybe + 2].astype(np.int64) | data[maybe + 3].astype(np.int64) << 8
    fits = (sizes >= head.size) & (maybe + sizes <= len(data))
    return maybe[fits], sizes[fits]


def take(data: Octets, at: Positions, dtype: np.dtype[np.void]) -> npt.NDArray[np.void]:
    """Structures of a dtype at positions that are known to lie inside the data."""
    if not len(at):
        return np.zeros(0, dtype)
    windows = np.lib.stride_tricks.sliding_window_view(data, dtype.itemsize)
    return windows[at].view(dtype).reshape(-1)
