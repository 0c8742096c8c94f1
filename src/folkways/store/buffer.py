"""Rows held in memory until there are enough for a file, and handed out by day, sorted by time."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.columns import Table
from folkways.model.period import DAY_MS
from folkways.store.parquet import PARTITION, ROW_GROUP_ROWS, day_of


class Buffer:
    """Batches of one table, and how many rows and bytes they are."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._batches: list[pa.RecordBatch] = []
        self.rows = 0
        self.bytes = 0

    def add(self, rows: pa.RecordBatch) -> None:
        """Keep a batch of the table's schema."""
        if rows.num_rows:
            self._batches.append(rows)
            self.rows += rows.num_rows
            self.bytes += rows.nbytes

    def drain(self) -> Iterator[tuple[str, pa.RecordBatchReader]]:
        """Give (UTC day, its rows sorted by start_ms) and be empty.

        Each reader has to be read to its end before the next is asked for.

        Raises:
            ValueError: ``day`` is not the UTC day of ``start_ms``.
        """
        if not self._batches:
            return
        columns = self._take_columns()
        start_ms = columns["start_ms"].to_numpy()
        order = np.argsort(start_ms, kind="stable")
        days = start_ms[order] // DAY_MS
        cuts = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(order)]
        for low, high in pairwise(cuts):
            day = day_of(int(days[low]))
            rows = order[low:high]
            if pc.any(pc.not_equal(columns[PARTITION].take(pa.array(rows)), day)).as_py():
                raise ValueError(f"{self._table.name}: a row of {day} says another day")
            batches = _sorted_batches(self._table.schema, columns, rows)
            yield day, pa.RecordBatchReader.from_batches(self._table.schema, batches)

    def _take_columns(self) -> dict[str, pa.Array]:
        """Each column in one piece (taking rows out of many pieces is several times slower).

        The pieces are let go column by column, so that little is held twice.
        """
        pieces = [
            [batch.column(i) for batch in self._batches] for i in range(len(self._table.columns))
        ]
        self._batches, self.rows, self.bytes = [], 0, 0
        columns = {}
        for name in reversed(self._table.names):
            columns[name] = pa.concat_arrays(pieces.pop())
        return columns


def _sorted_batches(
    schema: pa.Schema, columns: dict[str, pa.Array], order: npt.NDArray[np.int64]
) -> Iterator[pa.RecordBatch]:
    for low in range(0, len(order), ROW_GROUP_ROWS):
        rows = pa.array(order[low : low + ROW_GROUP_ROWS])
        yield pa.RecordBatch.from_arrays(
            [columns[name].take(rows) for name in schema.names], schema=schema
        )
