"""Columns in which some rows are not known, from numpy: Arrow has a bitmap for them."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Known = npt.NDArray[np.bool_]


def validity(known: Known) -> pa.Buffer | None:
    """The bitmap of an (n,) mask of known rows; None where all are, which needs none."""
    return None if known.all() else pa.py_buffer(np.packbits(known, bitorder="little"))


def nullable(values: npt.NDArray[np.number], known: Known) -> pa.Array:
    """(n,) numbers as a column, null where they are not known."""
    column = pa.array(values)
    return pa.Array.from_buffers(column.type, len(column), [validity(known), column.buffers()[1]])
