"""Suricata's time stamps to microseconds: whole columns of its own form by Arrow, others by DuckDB.

Since no time zone may be guessed, a time without an offset is none.
"""

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from folkways.read.json_lines import answer
from folkways.read.numbers import Mask
from folkways.read.text import octets_of

Times = tuple[npt.NDArray[np.int64], Mask]

_WIDTH = len("2024-02-29T23:59:59.999999+0530")
_TIME = (
    r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?"
    r"([+-][01]\d:?[0-5]\d|Z)$"
)
_QUERY = (
    f"select epoch_us(case when regexp_matches(stamp, '{_TIME}') "
    "then try_cast(stamp as timestamptz) end) as moment from stamps"
)
_UTC = pa.timestamp("us", "UTC")


def microseconds(stamps: pa.Array, engine: duckdb.DuckDBPyConnection) -> Times:
    """Microseconds since 1970 UTC (0 where unknown), and a mask of known ones."""
    column = _usual(stamps)
    if column is None:
        with engine.cursor() as cursor:
            cursor.register("stamps", pa.table({"stamp": stamps}))
            column = answer(cursor, _QUERY)
    # Before 1970 is as little a time as none.
    value = np.asarray(column.fill_null(-1))
    known = value >= 0
    return np.where(known, value, 0), known


def _usual(stamps: pa.Array) -> pa.Array | None:
    """The column, if all of it is written as Suricata writes; else None."""
    texts = octets_of(stamps)
    if not len(stamps) or (texts.lengths != _WIDTH).any():
        return None
    columns = texts.data.reshape(-1, _WIDTH).T
    # What is parsed below may also part date and time by a blank, and be further from UTC.
    signed = (columns[26] == ord("+")) | (columns[26] == ord("-"))
    usual = (
        signed & (columns[10] == ord("T")) & (columns[27] <= ord("1")) & (columns[29] <= ord("5"))
    )
    if not usual.all():
        return None
    try:
        return stamps.cast(_UTC).cast(pa.int64())
    except pa.ArrowInvalid:
        return None
