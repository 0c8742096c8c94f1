"""A text column's bytes as numpy arrays: what the vectorised parsers and hashes work on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True)
class Octets:
    """Text i is ``data[starts[i]:ends[i]]``; a null text is empty."""

    data: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Bytes of each text."""
        return self.ends - self.starts

    def part(self, rows: slice) -> tuple["Octets", int]:
        """Some neighbours, not none, with their own data; and where these begin in all the data."""
        starts, ends = self.starts[rows], self.ends[rows]
        first = int(starts[0])
        return Octets(self.data[first : ends[-1]], starts - first, ends - first), first


def octets_of(column: pa.Array) -> Octets:
    """The buffers of a string column, moved to begin at zero."""
    if column.null_count:
        column = column.fill_null("")
    _, offsets, data = column.buffers()
    if not len(column) or offsets is None:
        nothing = np.zeros(0, np.int64)
        return Octets(np.zeros(0, np.uint8), nothing, nothing)
    bounds = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    octets = np.frombuffer(data or b"", np.uint8)[bounds[0] : bounds[-1]]
    moved = bounds.astype(np.int64) - int(bounds[0])
    return Octets(octets, moved[:-1], moved[1:])


def windows(
    data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], width: int
) -> npt.NDArray[np.uint8]:
    """(n, width) bytes from each start on; zeros stand after the end of the data."""
    padded = np.append(data, np.zeros(width, np.uint8))
    # One gather of whole windows costs far less than one of single bytes.
    view = np.lib.stride_tricks.as_strided(padded, (len(data) + 1, width), (1, 1), writeable=False)
    return view[starts]


def words_at(data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    """Four bytes from each start on as a little-endian number, in the shape of ``starts``."""
    padded = np.append(data, np.zeros(4, np.uint8))
    view = np.ndarray((len(data) + 1,), "<u4", padded, 0, (1,))
    return view[starts]
