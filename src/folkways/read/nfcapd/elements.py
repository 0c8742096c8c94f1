"""Records of a block and their elements, found as columns of positions."""

import struct
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from folkways.formats import nfcapd
from folkways.model.batches import Tally

Positions = npt.NDArray[np.int64]
_TYPE_SIZE = struct.Struct("<HH")


def walk(content: bytes, claimed: int, tally: Tally) -> tuple[Positions, Positions, Positions]:
    """Positions, types and sizes of the records, up to the first impossible one.

    Each size says where the next record lies, so this one step cannot be done on columns.
    """
    at, end, header = 0, len(content), nfcapd.ELEMENT_HEADER.itemsize
    found: list[tuple[int, int, int]] = []
    while len(found) < claimed and at + header <= end:
        kind, size = _TYPE_SIZE.unpack_from(content, at)
        if size < header or at + size > end:
            break
        found.append((at, kind, size))
        at += size
    if len(found) < claimed:
        tally.skip("block with a damaged record; the rest of the block is not read")
    table = np.array(found, np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def take(
    data: npt.NDArray[np.uint8], at: Positions, dtype: np.dtype[np.void]
) -> npt.NDArray[np.void]:
    """Structures of a dtype at positions that are known to lie inside the data."""
    rows = np.ascontiguousarray(data[at[:, None] + np.arange(dtype.itemsize)])
    return rows.view(dtype).reshape(-1)


def find_elements(
    data: npt.NDArray[np.uint8], at: Positions, sizes: Positions
) -> tuple[Mapping[int, Positions], npt.NDArray[np.bool_]]:
    """Where each known element of each record lies (-1: absent), and which records are whole."""
    end = at + sizes
    count = take(data, at, nfcapd.RECORD_HEADER)["elements"].astype(np.int64)
    inside = at + nfcapd.RECORD_HEADER.itemsize
    whole = np.ones(len(at), np.bool_)
    found = {kind: np.full(len(at), -1, np.int64) for kind in nfcapd.ELEMENTS}
    header = nfcapd.ELEMENT_HEADER.itemsize
    rows = np.flatnonzero(count > 0)
    while len(rows):
        fits = inside[rows] + header <= end[rows]
        whole[rows[~fits]] = False
        rows = rows[fits]
        head = take(data, inside[rows], nfcapd.ELEMENT_HEADER)
        kinds, lengths = head["type"].astype(np.int64), head["length"].astype(np.int64)
        fits = (lengths >= header) & (inside[rows] + lengths <= end[rows])
        for kind, dtype in nfcapd.ELEMENTS.items():
            fits &= (kinds != kind) | (lengths >= header + dtype.itemsize)
        whole[rows[~fits]] = False
        rows, kinds, lengths = rows[fits], kinds[fits], lengths[fits]
        for kind, positions in found.items():
            mine = rows[kinds == kind]
            positions[mine] = inside[mine] + header
        inside[rows] += lengths
        count[rows] -= 1
        rows = rows[count[rows] > 0]
    return found, whole
