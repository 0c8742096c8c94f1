"""Rows of Parquet: typed values as the text that they would have in a CSV."""

from collections.abc import Iterator
from functools import partial

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.parquet import BROKEN, reason
from folkways.read.source import Source
from folkways.read.tabular.mapping import Mapping
from folkways.read.tabular.table import ROWS, Candidates, Piece, batch_of, columns_of, present


def pieces(source: Source, mapping: Mapping, tally: Tally) -> Iterator[Piece]:
    """A piece for each batch of rows.

    Raises:
        FormatError: it is no Parquet file on disk, a required column is missing, or one has values
            that are no text.
    """
    if source.path is None or source.compression is not None:
        raise FormatError(
            f"{source.name}: Parquet needs a plain file, since it is read from its end."
        )
    try:
        file = pq.ParquetFile(source.open_anywhere())
        names = file.schema_arrow.names
    except BROKEN as error:
        raise FormatError(f"{source.name} is not a Parquet file: {reason(error)}.") from None
    with file:
        candidates = present(mapping, names, source)
        try:
            for batch in file.iter_batches(ROWS, columns=columns_of(candidates)):
                # Garbled pages can hold text that is none, which Parquet does not check.
                batch.validate(full=True)
                yield partial(_rows, batch, candidates, mapping)
        except BROKEN:
            tally.records += 1
            tally.skip("Parquet file broken")


def _rows(
    batch: pa.RecordBatch,
    candidates: Candidates,
    mapping: Mapping,
    _tally: Tally,
    _con: duckdb.DuckDBPyConnection,
) -> list[pa.RecordBatch]:
    text = {name: _text(name, batch[name]) for name in batch.schema.names}
    return [batch_of({key: [text[n] for n in g] for key, g in candidates.items()}, mapping)]


def _text(name: str, column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if column.type == pa.binary(16):
        return column
    if pa.types.is_binary(column.type) or pa.types.is_fixed_size_binary(column.type):
        found = [None if v is None else v.decode("utf-8", "replace") for v in column.to_pylist()]
        return pa.array(found, pa.string())
    try:
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
        return column.cast(pa.string())
    except pa.ArrowException as error:
        raise FormatError(f"column {name} is no text, number or time: {reason(error)}.") from None
