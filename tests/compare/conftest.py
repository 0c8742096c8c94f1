"""Daily tables from arrays, as a study hands them to a comparison."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

Daily = Callable[[dt.date, Mapping[str | None, Sequence[int] | npt.NDArray[np.int64]]], pa.Table]


@pytest.fixture
def daily() -> Daily:
    """Item to connections by day, to a table in which days without connections have no row."""

    def make(
        first: dt.date, series: Mapping[str | None, Sequence[int] | npt.NDArray[np.int64]]
    ) -> pa.Table:
        rows = [
            ((first + dt.timedelta(days=i)).isoformat(), item, int(value))
            for item, values in series.items()
            for i, value in enumerate(values)
            if value
        ]
        days, items, values = zip(*rows, strict=True) if rows else ((), (), ())
        count = pa.array(values, pa.int64())
        return pa.table(
            {
                "day": pa.array(days, pa.string()),
                "service": pa.array(items, pa.string()),
                "connections": count,
                "bytes_out": pa.array([v * 300 for v in values], pa.int64()),
                "bytes_in": pa.array([v * 700 for v in values], pa.int64()),
                "members": pa.array([min(v, 40) for v in values], pa.int64()),
            }
        )

    return make
