"""From daily tables to dense series: an item that was not seen on a complete day was zero then."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.finding import Group
from folkways.model.period import EPOCH

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Side:
    """One period: complete days (since 1970-01-01, ascending) and (items, days) for each measure.

    A value that is not a number is unknown on that day.
    """

    days: npt.NDArray[np.int64]
    values: dict[str, Reals]


def align(
    before: pa.Table,
    after: pa.Table,
    by: Sequence[str],
    days: tuple[Sequence[dt.date], Sequence[dt.date]],
    measures: Sequence[str],
) -> tuple[list[Group], Side, Side]:
    """The items of both tables, and their series over the given days.

    Args:
        before: daily table with ``day`` (ISO text), the columns ``by`` and the measures; ``bytes``
            is made from ``bytes_out`` and ``bytes_in`` where there is no such column.
        after: the same for the second period.
        by: the columns that make an item; none makes one item of everything.
        days: the complete days of both.
        measures: names of columns.

    Returns:
        Items sorted with nulls last. Only weekdays that both periods have are kept, so that a
        missing Sunday does not look like growth.

    Raises:
        KeyError: a column is missing.
    """
    items, codes = _items([before, after], by)
    numbers = [np.array(sorted((d - EPOCH).days for d in side), np.int64) for side in days]
    weekdays = [set((number % 7).tolist()) for number in numbers]
    common = sorted(weekdays[0] & weekdays[1] if all(weekdays) else weekdays[0] | weekdays[1])
    sides = [
        _side(table, code, len(items), number[np.isin(number % 7, common)], measures)
        for table, code, number in zip((before, after), codes, numbers, strict=True)
    ]
    return items, sides[0], sides[1]


def _items(
    tables: Sequence[pa.Table], by: Sequence[str]
) -> tuple[list[Group], list[npt.NDArray[np.int64]]]:
    """Distinct items of all tables, sorted, and the item of each row of each table."""
    if not by:
        return [()], [np.zeros(table.num_rows, np.int64) for table in tables]
    stacked = pa.concat_tables([table.select(list(by)) for table in tables])
    keys = [(name, "ascending") for name in by]
    distinct = stacked.group_by(list(by)).aggregate([]).sort_by(keys)
    items: list[Group] = [tuple(row.items()) for row in distinct.to_pylist()]
    # A join would drop null keys, so that rows and items are numbered by the same codes instead.
    both = pa.concat_tables([stacked, distinct])
    codes = np.zeros(both.num_rows, np.int64)
    for name in by:
        column = pc.dictionary_encode(both[name].combine_chunks(), null_encoding="encode")
        codes = codes * len(column.dictionary) + column.indices.to_numpy()
    rows, wanted = codes[: stacked.num_rows], codes[stacked.num_rows :]
    order = np.argsort(wanted)
    places = order[np.searchsorted(wanted[order], rows)]
    return items, np.split(places, np.cumsum([table.num_rows for table in tables])[:-1])


def _side(
    table: pa.Table,
    codes: npt.NDArray[np.int64],
    items: int,
    days: npt.NDArray[np.int64],
    measures: Sequence[str],
) -> Side:
    day = np.array(table["day"].to_pylist(), "datetime64[D]").astype(np.int64)
    kept = np.isin(day, days)
    place = codes[kept] * len(days) + np.searchsorted(days, day[kept])
    values = {}
    for measure in measures:
        column = _column(table, measure)[kept]
        dense = np.zeros(items * len(days))
        np.add.at(dense, place, column)
        values[measure] = dense.reshape(items, len(days))
    return Side(days, values)


def _column(table: pa.Table, measure: str) -> Reals:
    """A measure as float64; unknown is not a number. One direction alone counts as bytes."""
    if measure == "bytes" and "bytes" not in table.column_names:
        out, into = (_column(table, name) for name in ("bytes_out", "bytes_in"))
        both = np.isnan(out) & np.isnan(into)
        return np.where(both, np.nan, np.nan_to_num(out) + np.nan_to_num(into))
    values: Reals = table[measure].cast(pa.float64()).to_numpy()
    return np.asarray(values, np.float64)
