"""The values that every table of measures holds, and how groups of rows become them.

A row keeps its own time and bytes: connections are counted where they open, bytes where they flow,
so both are sums over rows stamped by ``start_ms``, and no row is spread over several groups.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.period import EPOCH, Period

VALUES = ("connections", "answered", "bytes_out", "bytes_in", "members")
_KNOWN = {"answered": "_known_answered", "bytes_out": "_known_out", "bytes_in": "_known_in"}

Frame = nw.LazyFrame[Any]


def inside(frame: Frame, period: Period) -> Frame:
    """The rows that start inside the period."""
    start = nw.col("start_ms")
    return frame.filter(start >= period.start_ms, start < period.end_ms)


def use(frame: Frame, period: Period) -> Frame:
    """The rows inside the period that are use: neither noise nor internal traffic."""
    return inside(frame, period).filter(nw.col("noise") == "use")


def estimated(column: str) -> nw.Expr:
    """Bytes times N where a row was sampled 1 in N; as observed where sampling is unknown.

    Under packet sampling this is unbiased for bytes (and for nothing that counts flows).
    """
    return nw.col(column) * nw.coalesce(nw.col("sampling"), nw.lit(1))


def distinct_members() -> nw.Expr:
    """Distinct members, exact; an unknown member is none."""
    member = nw.col("member")
    return (member.n_unique() - member.is_null().any().cast(nw.Int64)).cast(nw.Int64)


def aggregates() -> list[nw.Expr]:
    """The expressions behind ``VALUES``, with counts that tell a sum of nothing from zero."""
    opens, answered = nw.col("opens"), nw.col("answered")
    return [
        opens.sum().cast(nw.Int64).alias("connections"),
        nw.when(answered).then(opens).sum().cast(nw.Int64).alias("answered"),
        estimated("bytes_out").sum().cast(nw.Int64).alias("bytes_out"),
        estimated("bytes_in").sum().cast(nw.Int64).alias("bytes_in"),
        distinct_members().alias("members"),
        *(nw.col(name).count().cast(nw.Int64).alias(known) for name, known in _KNOWN.items()),
    ]


def gather(frame: Frame, keys: Sequence[str]) -> pa.Table:
    """Group by ``keys`` and collect: the keys, then ``VALUES``; sorted by the keys, nulls last.

    A sum over rows none of which knows the value is null, not zero. Without keys: one row.
    """
    if keys:
        grouped = frame.group_by(*keys).agg(*aggregates()).sort(*keys, nulls_last=True)
    else:
        grouped = frame.select(*aggregates())
    table = collect(grouped)
    for name, known in _KNOWN.items():
        seen = pc.greater(table[known], 0)
        value = pc.if_else(seen, table[name], pa.scalar(None, pa.int64()))
        table = table.set_column(table.column_names.index(name), name, value)
    # Without keys and without rows there is one row, in which an engine may count members as null.
    members = pc.fill_null(table["members"], 0)
    table = table.set_column(table.column_names.index("members"), "members", members)
    return table.select([*keys, *VALUES])


def collect(frame: Frame) -> pa.Table:
    """The result as an Arrow table of one chunk a column."""
    return frame.collect("pyarrow").to_native().combine_chunks()


def day_texts(days: pa.ChunkedArray) -> pa.ChunkedArray:
    """Days since 1970-01-01 as ISO text."""
    dates = days.cast(pa.int32()).cast(pa.date32())
    return dates.cast(pa.string())


def day_number(day: dt.date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def day_from_number(number: int | np.int64) -> dt.date:
    """The other way."""
    return EPOCH + dt.timedelta(days=int(number))
