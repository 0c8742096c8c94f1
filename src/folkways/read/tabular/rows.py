"""Raw rows of a table as batches of text columns, whatever the table is written in.

Values stay text until they are converted column by column, so that a bad value costs that value (or
its row, counted), never the file.
"""

import codecs
import io
import json
from collections.abc import Iterator
from typing import BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.reader import BATCH_ROWS
from folkways.read.source import BROKEN_STREAM, Source
from folkways.read.tabular.mapping import Mapping

_BLOCK = 8 << 20


def raw_rows(source: Source, mapping: Mapping, tally: Tally) -> Iterator[pa.RecordBatch]:
    """Batches with one text column for each mapped column, in the file's order.

    Raises:
        FormatError: the source is not of the mapping's format, or lacks a mapped column.
    """
    if mapping.format == "parquet":
        yield from _parquet(source, mapping)
    elif mapping.format == "ndjson":
        yield from _ndjson(source, mapping, tally)
    else:
        yield from _csv(source, mapping, tally)


def csv_header(head: bytes, delimiter: str) -> list[str]:
    """The column names in the first line of a table."""
    first = head.split(b"\n", 1)[0].decode("utf-8-sig", "replace").strip("\r")
    return [name.strip().strip('"') for name in first.split(delimiter)]


def _require(wanted: list[str], there: list[str], source: Source, mapping: Mapping) -> None:
    missing = [name for name in wanted if name not in there]
    if missing:
        raise FormatError(
            f"{source.name} has no column {', '.join(missing)}, which mapping {mapping.name} "
            f"names; it has {', '.join(there[:20])}."
        )


def _csv(source: Source, mapping: Mapping, tally: Tally) -> Iterator[pa.RecordBatch]:
    names = list(mapping.header) or csv_header(source.head, mapping.delimiter)
    wanted = sorted(set(mapping.columns.values()))
    _require(wanted, names, source, mapping)

    def skip(row: pyarrow.csv.InvalidRow) -> str:
        tally.records += 1
        tally.skip(f"row has {row.actual_columns} fields instead of {row.expected_columns}")
        return "skip"

    try:
        with source.open() as stream:
            reader = pa.csv.open_csv(
                _Readable(stream, tally),
                read_options=pa.csv.ReadOptions(
                    block_size=_BLOCK, column_names=names, skip_rows=0 if mapping.header else 1
                ),
                parse_options=pa.csv.ParseOptions(
                    delimiter=mapping.delimiter, invalid_row_handler=skip
                ),
                convert_options=pa.csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    include_columns=wanted,
                    strings_can_be_null=False,
                ),
            )
            yield from reader
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            raise FormatError(
                f"{source.name} is not CSV as mapping {mapping.name} says: {error}."
            ) from None


class _Readable(io.RawIOBase):
    """A stream as valid UTF-8 whose broken end is the end: what came before is used.

    The break is counted; bytes that are no UTF-8 become the replacement character, which is said.
    """

    def __init__(self, stream: BinaryIO, tally: Tally) -> None:
        self._stream = stream
        self._tally = tally
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._ready = b""

    def readable(self) -> bool:
        return not self.closed

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._ready:
            try:
                data = self._stream.read(len(buffer))
            except BROKEN_STREAM:
                self._tally.skip("compressed data cut or broken")
                data = b""
            text = self._decode(data, final=not data)
            if "\ufffd" in text:
                self._tally.note("some bytes are not UTF-8 text; they were replaced.")
            self._ready = text.encode()
            if not data:
                break
        part, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def _ndjson(source: Source, mapping: Mapping, tally: Tally) -> Iterator[pa.RecordBatch]:
    wanted = sorted(set(mapping.columns.values()))
    paths = "[" + ", ".join(f"'$.{json.dumps(name)}'" for name in wanted) + "]"
    with source.open() as stream, duckdb.connect(config={"temp_directory": ""}) as con:
        for lines in _lines(io.BufferedReader(_Readable(stream, tally), _BLOCK)):
            tally_lines = len(lines)
            con.register("lines", pa.table({"line": pa.array(lines, pa.string())}))
            values = (
                con.sql(
                    f"SELECT json_extract_string(line, {paths}) AS v FROM lines "
                    "WHERE json_valid(line) AND json_type(line) = 'OBJECT'"
                )
                .to_arrow_table()["v"]
                .combine_chunks()
            )
            con.unregister("lines")
            if bad := tally_lines - len(values):
                tally.records += bad
                tally.skip("line is not a JSON object", bad)
            flat = values.flatten()
            width = len(wanted)
            take = [pa.array(range(i, len(flat), width), pa.int64()) for i in range(width)]
            yield pa.RecordBatch.from_arrays([flat.take(t) for t in take], names=wanted)


def _lines(stream: BinaryIO) -> Iterator[list[str]]:
    rest = b""
    while block := stream.read(_BLOCK):
        *lines, rest = (rest + block).split(b"\n")
        yield [text for line in lines if (text := line.decode("utf-8", "replace").strip())]
    if text := rest.decode("utf-8", "replace").strip():
        yield [text]


def _parquet(source: Source, mapping: Mapping) -> Iterator[pa.RecordBatch]:
    if source.path is None or source.compression is not None:
        raise FormatError(
            f"{source.name}: Parquet needs a plain file, since it is read from its end."
        )
    try:
        with pq.ParquetFile(source.path) as file:
            wanted = sorted(set(mapping.columns.values()))
            _require(wanted, list(file.schema_arrow.names), source, mapping)
            for batch in file.iter_batches(BATCH_ROWS, columns=wanted):
                yield pa.RecordBatch.from_arrays(
                    [_parquet_text(batch[name]) for name in wanted], names=wanted
                )
    except pa.ArrowInvalid as error:
        raise FormatError(f"{source.name} is not a Parquet file: {error}.") from None


def _parquet_text(column: pa.Array) -> pa.Array:
    """Typed values as the text that the same value would have in a CSV."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        zone = column.type.tz
        return column.cast(pa.timestamp("us", zone)).cast(pa.string())
    return column.cast(pa.string())
