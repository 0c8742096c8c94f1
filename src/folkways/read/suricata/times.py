"""Suricata's time stamps to microseconds: whole columns of its own form at once, others by parts.

Since no time zone may be guessed, a time without an offset is none.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.read.iso import moments
from folkways.read.numbers import Mask
from folkways.read.text import octets_of, windows

Times = tuple[npt.NDArray[np.int64], Mask]

_WIDTH = len("2024-02-29T23:59:59.999999+0530")
_MICROSECOND = 1_000
_UTC = pa.timestamp("us", "UTC")


def microseconds(stamps: pa.Array) -> Times:
    """Microseconds since 1970 UTC (0 where unknown), and a mask of known ones."""
    usual = _is_usual(stamps)
    column = _cast(stamps, usual)
    if column is None:
        column = moments(stamps).column(zoned=True, unit=_MICROSECOND)
    elif not usual.all():
        others = moments(stamps.filter(pa.array(~usual)))
        found = others.column(zoned=True, unit=_MICROSECOND)
        column = pc.replace_with_mask(column, pa.array(~usual), found)
    # Before 1970 is as little a time as none.
    value = np.asarray(column.fill_null(-1))
    known = value >= 0
    return np.where(known, value, 0), known


def _is_usual(stamps: pa.Array) -> Mask:
    """Which are written as Suricata writes."""
    texts = octets_of(stamps)
    usual: Mask = texts.lengths == _WIDTH
    starts = texts.starts[usual]
    columns = (texts.data if usual.all() else windows(texts.data, starts, _WIDTH)).reshape(
        -1, _WIDTH
    )
    # What is parsed below may also part date and time by a blank, and be further from UTC.
    sign, separator = columns[:, 26], columns[:, 10]
    usual[usual] = (
        ((sign == ord("+")) | (sign == ord("-")))
        & (separator == ord("T"))
        & (columns[:, 27] <= ord("1"))
        & (columns[:, 29] <= ord("5"))
    )
    return usual


def _cast(stamps: pa.Array, usual: Mask) -> pa.Array | None:
    """The usual ones, null for all others; None where one of them is no time."""
    try:
        wanted = stamps if usual.all() else pc.if_else(pa.array(usual), stamps, None)
        return wanted.cast(_UTC).cast(pa.int64())
    except pa.ArrowInvalid:
        return None
