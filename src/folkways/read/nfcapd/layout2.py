"""Flow records of layout 2 as tables, one for each shape: the same elements in the same order.

Nearly all records of a file have one of a few shapes, so that each shape's records become one
structured array. What does not fit one of the first shapes is gathered element by element.
"""

import struct
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from folkways.formats.nfcapd import layout2
from folkways.model.batches import Tally
from folkways.read.nfcapd.fields import Fields
from folkways.read.nfcapd.walk import FlowHead, Octets, Positions, take

HEAD = FlowHead(layout2.FLOW_RECORD, layout2.RECORD_HEADER.itemsize, 1, layout2.MOST_ELEMENTS)
MAX_SHAPES = 32
DAMAGED = "record with a damaged element"
UNTIMED, UNADDRESSED = "record without times and counters", "record without addresses"
_ELEMENT = struct.Struct("<HH")
_COUNT_AT = 4


def tables(data: Octets, at: Positions, sizes: Positions, tally: Tally) -> Iterator[Fields]:
    """Yield the flow records at positions as tables; damaged ones are counted."""
    for _ in range(MAX_SHAPES):
        if not len(at):
            return
        size = int(sizes[0])
        elements = _elements(data, int(at[0]), size)
        if elements is None:
            # Rare; where they abound the rest is taken element by element below.
            tally.skip(DAMAGED)
            at, sizes = at[1:], sizes[1:]
            continue
        dtype = _dtype(elements, size)
        like = sizes == size
        rows = take(data, at[like], dtype)
        same = rows["elements"] == len(elements)
        for offset, kind, length in elements:
            same &= rows[f"head{offset}"] == kind | length << 16
        if not same.all():
            rows = rows[same]
            like[like] = same
        yield _fields(rows, appended=_appended(elements))
        at, sizes = at[~like], sizes[~like]
    yield from _by_element(data, at, sizes, tally)


def _fields(rows: npt.NDArray[np.void], *, appended: bool = False) -> Fields:
    flags = rows["flags"]
    marked, anonymised = flags & layout2.FLAG_SAMPLED > 0, flags & layout2.FLAG_ANONYMISED > 0
    return Fields(rows, marked, anonymised, appended)


def _elements(data: Octets, at: int, size: int) -> list[tuple[int, int, int]] | None:
    """Offset, type and length of each element of one record; None: damaged."""
    found: list[tuple[int, int, int]] = []
    inside = layout2.RECORD_HEADER.itemsize
    for _ in range(int(data[at + _COUNT_AT])):
        if inside + _ELEMENT.size > size:
            return None
        kind, length = _ELEMENT.unpack_from(data.data, at + inside)
        if length < _ELEMENT.size or inside + length > size:
            return None
        found.append((inside, kind, length))
        inside += length
    return found


def _dtype(elements: list[tuple[int, int, int]], size: int) -> np.dtype[np.void]:
    """The record as a structure: its header, the elements' heads, and fields that fit in them."""
    fields: dict[str, tuple[np.dtype[np.generic], int]] = {}

    def add(dtype: np.dtype[np.void], offset: int, room: int) -> None:
        for name, (kind, place, *_) in (dtype.fields or {}).items():
            if place + kind.itemsize <= room:
                fields.setdefault(name, (kind, offset + place))

    add(layout2.RECORD_HEADER, 0, layout2.RECORD_HEADER.itemsize)
    for offset, kind, length in elements:
        fields[f"head{offset}"] = (np.dtype("<u4"), offset)
        if kind in layout2.ELEMENTS:
            add(layout2.ELEMENTS[kind], offset + _ELEMENT.size, length - _ELEMENT.size)
    return np.dtype(
        {
            "names": list(fields),
            "formats": [kind for kind, _ in fields.values()],
            "offsets": [offset for _, offset in fields.values()],
            "itemsize": size,
        }
    )


def _appended(elements: list[tuple[int, int, int]]) -> bool:
    kinds = [kind for _, kind, _ in elements]
    routers = {layout2.ROUTER_V4, layout2.ROUTER_V6} & set(kinds)
    return layout2.COUNTERS in kinds and any(
        kinds.index(router) < kinds.index(layout2.COUNTERS) for router in routers
    )


def _by_element(data: Octets, at: Positions, sizes: Positions, tally: Tally) -> Iterator[Fields]:
    """Records of any shapes as at most two tables; what a record does not carry is 0."""
    found, whole = _find(data, at, sizes)
    tally.skip(DAMAGED, int((~whole).sum()))
    timed = whole & (found[layout2.GENERIC] >= 0)
    tally.skip(UNTIMED, int((whole & ~timed).sum()))
    six, four = found[layout2.IPV6] >= 0, found[layout2.IPV4] >= 0
    tally.skip(UNADDRESSED, int((timed & ~six & ~four).sum()))
    for family, use in ((layout2.IPV6, timed & six), (layout2.IPV4, timed & four & ~six)):
        if not use.any():
            continue
        other = layout2.IPV4 if family == layout2.IPV6 else layout2.IPV6
        parts = {k: d for k, d in layout2.ELEMENTS.items() if k != other}
        kinds = [layout2.RECORD_HEADER, *parts.values()]
        fields = {name: kind for d in kinds for name, (kind, *_) in (d.fields or {}).items()}
        rows = np.zeros(int(use.sum()), np.dtype(list(fields.items())))
        header = take(data, at[use], layout2.RECORD_HEADER)
        for name in header.dtype.names or ():
            rows[name] = header[name]
        for kind, dtype in parts.items():
            places = found[kind][use]
            there = places >= 0
            values = take(data, places[there], dtype)
            for name in dtype.names or ():
                rows[name][there] = values[name]
        yield _fields(rows)


def _find(
    data: Octets, at: Positions, sizes: Positions
) -> tuple[dict[int, Positions], npt.NDArray[np.bool_]]:
    """Where each known element of each record lies (-1: absent), and which records are whole."""
    end = at + sizes
    count = take(data, at, layout2.RECORD_HEADER)["elements"].astype(np.int64)
    inside = at + layout2.RECORD_HEADER.itemsize
    whole = np.ones(len(at), np.bool_)
    found = {kind: np.full(len(at), -1, np.int64) for kind in layout2.ELEMENTS}
    header = layout2.ELEMENT_HEADER.itemsize
    rows = np.flatnonzero(count > 0)
    while len(rows):
        fits = inside[rows] + header <= end[rows]
        whole[rows[~fits]] = False
        rows = rows[fits]
        head = take(data, inside[rows], layout2.ELEMENT_HEADER)
        kinds, lengths = head["type"].astype(np.int64), head["length"].astype(np.int64)
        fits = (lengths >= header) & (inside[rows] + lengths <= end[rows])
        whole[rows[~fits]] = False
        rows, kinds, lengths = rows[fits], kinds[fits], lengths[fits]
        for kind, positions in found.items():
            mine = (kinds == kind) & (lengths >= header + layout2.ELEMENTS[kind].itemsize)
            positions[rows[mine]] = inside[rows[mine]] + header
        inside[rows] += lengths
        count[rows] -= 1
        rows = rows[count[rows] > 0]
    return found, whole
