"""When the population is awake: local weekday by local hour."""

import datetime as dt
from collections.abc import Sequence

import narwhals as nw
import numpy as np
import pyarrow as pa

from folkways.measure.groups import key, with_groups
from folkways.measure.values import VALUES, Frame, day_number, gather, use
from folkways.model.period import Period


def rhythm(frame: Frame, period: Period, days: Sequence[dt.date] | None = None) -> pa.Table:
    """Use by weekday (0 = Monday) and hour, over the given days (default: all of the period).

    Give the complete days, so that ``value / days`` is a mean for a day of that weekday.

    Returns:
        168 rows in order: ``weekday``, ``hour``, the values of ``summary`` (zero where nothing was
        seen, null where a value is not known; ``members`` distinct over the days), ``days``:
        how many of the days have that weekday.
    """
    chosen = sorted(period.days if days is None else set(days) & set(period.days))
    rows = with_groups(use(frame, period), ["weekday", "hour", "day"], period)
    rows = rows.filter(nw.col(key("day")).is_in([day_number(day) for day in chosen]))
    found = gather(rows, [key("weekday"), key("hour")])
    cell = found[key("weekday")].to_numpy() * 24 + found[key("hour")].to_numpy()
    where = np.full(168, -1)
    where[cell] = np.arange(found.num_rows)
    seen = pa.array(where, mask=where < 0)
    counts = np.bincount([day.weekday() for day in chosen], minlength=7)
    columns = {"weekday": pa.array(np.repeat(np.arange(7), 24)), "hour": np.tile(np.arange(24), 7)}
    for name in VALUES:
        values = found[name].combine_chunks().take(seen)
        # A cell without rows is a zero that was measured; a null inside a cell stays unknown.
        columns[name] = pa.array(
            [
                0 if place < 0 else value
                for place, value in zip(where, values.to_pylist(), strict=True)
            ],
            pa.int64(),
        )
    columns["days"] = pa.array(np.repeat(counts, 24))
    return pa.table(columns)
