"""Rows of JSON: an object a line, objects in an array, or objects over several lines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.batches import Tally
from folkways.read.cloud.objects import objects
from folkways.read.json_lines import lines_of
from folkways.read.lines import Chunks, usable, views
from folkways.read.source import Source
from folkways.read.tabular.mapping import Mapping
from folkways.read.tabular.recognise import is_document, level_of
from folkways.read.tabular.table import BLOCK_BYTES, ROWS, Piece, batch_of


def pieces(source: Source, mapping: Mapping, tally: Tally) -> Iterator[Piece]:
    """A piece for each block of lines or objects. A key that is missing is unknown, never wrong."""
    table = _Table(mapping)
    with source.open() as stream:
        if is_document(source.head):
            for found in objects(Chunks(stream, tally, BLOCK_BYTES), level_of(source.head), tally):
                yield partial(table.rows, partial(_as_text, found))
        else:
            for data in usable(views(stream, tally, BLOCK_BYTES), tally):
                yield partial(table.rows, partial(lines_of, data))


@dataclass(frozen=True)
class _Table:
    mapping: Mapping

    def rows(
        self, lines: Callable[[], pa.Array], tally: Tally, con: duckdb.DuckDBPyConnection
    ) -> Iterator[pa.RecordBatch]:
        """A block's rows; lines that are no objects are counted."""
        found = _objects(lines(), tally)
        for start in range(0, len(found), ROWS):
            yield self._values(found.slice(start, ROWS), tally, con)

    def _values(
        self, lines: pa.Array, tally: Tally, con: duckdb.DuckDBPyConnection
    ) -> pa.RecordBatch:
        pointers = [
            (key, pointer)
            for key, group in self.mapping.wanted.items()
            for name in group
            for pointer in _pointers(name)
        ]
        listed = ", ".join("'{}'".format(p.replace("'", "''")) for _, p in pointers)
        query = f"SELECT json_extract_string(line, [{listed}]) AS v FROM lines"
        con.register("lines", pa.table({"line": lines}))
        try:
            values = con.sql(query).to_arrow_table()["v"]
        except (duckdb.InvalidInputException, UnicodeDecodeError):
            # Some line does not parse (and the message may cut a character of it). Asking each
            # line first costs a second parse, so only blocks that need it pay.
            values = con.sql(f"{query} WHERE json_valid(line)").to_arrow_table()["v"]
        _count_bad(len(lines) - len(values), tally)
        flat = values.combine_chunks().flatten()
        columns: dict[str, list[pa.Array]] = {}
        for place, (key, _) in enumerate(pointers):
            at = pa.array(np.arange(place, len(flat), len(pointers)))
            columns.setdefault(key, []).append(flat.take(at))
        return batch_of(columns, self.mapping)


def _as_text(found: list[bytes]) -> pa.Array:
    return pa.array(found, pa.binary()).cast(pa.string())


def _objects(lines: pa.Array, tally: Tally) -> pa.Array:
    """Those lines that begin as objects do; the others are counted, but for blank ones."""
    begins = pc.starts_with(lines, "{")
    if pc.all(begins).as_py():
        return lines
    lines = pc.utf8_trim_whitespace(lines)
    lines = lines.filter(pc.not_equal(lines, ""))
    found = lines.filter(pc.starts_with(lines, "{"))
    _count_bad(len(lines) - len(found), tally)
    return found


def _count_bad(count: int, tally: Tally) -> None:
    tally.records += count
    tally.skip("line is not a JSON object", count)


def _pointers(name: str) -> list[str]:
    """A key as JSON pointers (RFC 6901): as written; one with dots also into nested objects."""
    key = "/" + name.replace("~", "~0").replace("/", "~1")
    return [key, key.replace(".", "/")] if "." in name else [key]
