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
_TOLD = np.dtype([("type", "<u2"), ("size", "<u2"), ("low", "u1"), ("high", "u1")])
_WORD = 4
_ALIGNED, _ANYWHERE = range(1), range(_WORD)
"""Places of a word where records may begin: their sizes are multiples of four nearly always."""


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


def walk(data: Octets, claimed: int, head: FlowHead, places: range = _ALIGNED) -> Walk:
    """All records up to the first impossible one.

    Args:
        data: a block.
        claimed: how many records it is said to have.
        head: what tells a flow record.
        places: where in a word records are thought to begin; if one does not, all are searched.
    """
    maybe, sizes = _heads(data, head, places)
    after = maybe + sizes
    last = np.flatnonzero(np.append(maybe[1:] != after[:-1], True)) if len(maybe) else maybe
    runs: list[slice] = []
    others: list[tuple[int, int, int]] = []
    at, count, end, view = 0, 0, len(data), data.data
    while count < claimed and at + _HEAD.size <= end:
        if at % _WORD not in places:
            return walk(data, claimed, head, _ANYWHERE)
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
    flows, theirs = (np.concatenate([a[:0], *(a[r] for r in runs)]) for a in (maybe, sizes))
    return Walk(flows, theirs, others, damaged=count < claimed)


def _heads(data: Octets, head: FlowHead, places: range) -> tuple[Positions, Positions]:
    """Where the data look like the head of a flow record that fits, and the sizes they state."""
    if len(data) < head.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    room = len(data) - head.size + _WORD
    found = []
    for place in places:
        words = data[place : place + (room - place) // _WORD * _WORD].view("<u4")
        found.append(np.flatnonzero(words & 0xFFFF == head.type) * _WORD + place)
    maybe = np.sort(np.concatenate(found)) if len(found) > 1 else found[0]
    told = take(data, maybe, _TOLD)
    sizes = told["size"].astype(np.int64)
    fits = (told["high"] == 0) & (told["low"] >= head.least) & (told["low"] <= head.most)
    fits &= (sizes >= head.size) & (maybe + sizes <= len(data))
    return maybe[fits], sizes[fits]


def take(data: Octets, at: Positions, dtype: np.dtype[np.void]) -> npt.NDArray[np.void]:
    """Structures of a dtype at positions that are known to lie inside the data."""
    if not len(at):
        return np.zeros(0, dtype)
    # As plain octets: of a structure numpy would copy field by field.
    size = dtype.itemsize
    windows = np.ndarray(len(data) - size + 1, f"V{size}", data, strides=1)
    return windows[at].view(dtype)
