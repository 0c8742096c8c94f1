"""Rows of CSV: lines whose quotes do not close and rows of another width cost only themselves."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from folkways.model.batches import Tally
from folkways.read.lines import blocks, usable
from folkways.read.numbers import Mask
from folkways.read.source import Source
from folkways.read.tabular.mapping import Mapping
from folkways.read.tabular.recognise import csv_header, delimiter_of
from folkways.read.tabular.table import (
    BLOCK_BYTES,
    ROWS,
    Candidates,
    Piece,
    batch_of,
    columns_of,
    present,
)

_NEWLINE, _RETURN = 0x0A, 0x0D

Positions = npt.NDArray[np.int64]


def pieces(source: Source, mapping: Mapping, tally: Tally) -> Iterator[Piece]:
    """A piece for each block of lines.

    Raises:
        FormatError: a required column is missing.
    """
    delimiter = delimiter_of(mapping, source.head)
    names = list(mapping.header) or csv_header(source.head, delimiter)
    table = _Table(mapping, delimiter, names, present(mapping, names, source))
    with source.open() as stream:
        headed = not mapping.header
        for data in usable(blocks(stream, tally, BLOCK_BYTES), tally):
            yield partial(table.rows, data[data.find(b"\n") + 1 or len(data) :] if headed else data)
            headed = False


@dataclass(frozen=True)
class _Table:
    mapping: Mapping
    delimiter: str
    names: list[str]
    present: Candidates

    def rows(
        self, data: bytes, tally: Tally, _con: duckdb.DuckDBPyConnection
    ) -> Iterator[pa.RecordBatch]:
        """A block's rows; those that are none are counted."""
        data = _closed(data, tally)
        if not data.strip():
            return
        for batch in self._parsed(data, tally).combine_chunks().to_batches(ROWS):
            columns = {key: [batch[n] for n in group] for key, group in self.present.items()}
            yield batch_of(columns, self.mapping)

    def _parsed(self, data: bytes, tally: Tally) -> pa.Table:
        options = pa.csv.ReadOptions(column_names=self.names)
        parse = pa.csv.ParseOptions(delimiter=self.delimiter)
        convert = pa.csv.ConvertOptions(
            column_types=dict.fromkeys(self.names, pa.string()),
            include_columns=columns_of(self.present),
            strings_can_be_null=False,
        )
        try:
            return pa.csv.read_csv(io.BytesIO(data), options, parse, convert)
        except pa.ArrowInvalid:
            # Some row has too few fields or too many; a call for each is made only with quotes.
            if b'"' not in data:
                data = _even(data, self.delimiter, len(self.names), tally) or b"\n"
            parse.invalid_row_handler = partial(_skip, tally)
            return pa.csv.read_csv(io.BytesIO(data), options, parse, convert)


def _skip(tally: Tally, row: pyarrow.csv.InvalidRow) -> str:
    tally.records += 1
    tally.skip(f"row has {row.actual_columns} fields instead of {row.expected_columns}")
    return "skip"


def _closed(data: bytes, tally: Tally) -> bytes:
    """The lines whose quotes close: one that does not would swallow those after it."""
    if b'"' not in data:
        return data
    ends, quotes = _counts(data, b'"')
    odd = quotes % 2 == 1
    if not odd.any():
        return data
    tally.records += int(odd.sum())
    tally.skip("row has a quote that does not close", int(odd.sum()))
    return _kept(data, ends, ~odd)


def _even(data: bytes, delimiter: str, width: int, tally: Tally) -> bytes:
    """The lines, none with quotes, that have ``width`` fields; the others are counted."""
    ends, delimiters = _counts(data, delimiter.encode())
    lengths = np.diff(ends, prepend=-1)
    returns = np.frombuffer(data, np.uint8)[ends - lengths + 1] == _RETURN
    blank = (lengths == 1) | (lengths == 2) & returns
    bad = (delimiters != width - 1) & ~blank
    for found, count in zip(*np.unique(delimiters[bad], return_counts=True), strict=True):
        tally.records += int(count)
        tally.skip(f"row has {found + 1} fields instead of {width}", int(count))
    return _kept(data, ends, ~bad & ~blank)


def _counts(data: bytes, mark: bytes) -> tuple[Positions, Positions]:
    """Where each line ends, and how often a byte stands in it."""
    octets = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(octets == _NEWLINE)
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(octets))
    places = np.searchsorted(ends, np.flatnonzero(octets == mark[0]))
    return ends, np.bincount(places, minlength=len(ends))


def _kept(data: bytes, ends: Positions, keep: Mask) -> bytes:
    """The lines to keep."""
    octets = np.frombuffer(data, np.uint8)
    lengths = np.diff(np.minimum(ends + 1, len(octets)), prepend=0)
    return octets[np.repeat(keep, lengths)].tobytes()
