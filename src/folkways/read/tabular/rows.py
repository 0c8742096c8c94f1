"""Raw rows of a table as batches of text by field, whatever the table is written in.

Values stay text until they are converted column by column, so that a bad value costs that value (or
its row, counted), never the file.
"""

from collections.abc import Iterator

from folkways.model.batches import Tally
from folkways.read.source import Source
from folkways.read.tabular import csv_rows, json_rows, parquet_rows
from folkways.read.tabular.mapping import Mapping
from folkways.read.tabular.recognise import container
from folkways.read.tabular.table import Piece


def pieces(source: Source, mapping: Mapping, tally: Tally) -> Iterator[Piece]:
    """Parts of a table in its order, whose batches have a column for each of ``mapping.wanted``.

    What the table does not have is left out. Columns are text; binary ones of 16 bytes in Parquet
    (ClickHouse's addresses) stay so.

    Raises:
        FormatError: the source is not of the mapping's format, or lacks a required column.
    """
    kind = container(source.head) if mapping.format == "any" else mapping.format
    if kind == "parquet":
        return parquet_rows.pieces(source, mapping, tally)
    if kind == "ndjson":
        return json_rows.pieces(source, mapping, tally)
    return csv_rows.pieces(source, mapping, tally)
