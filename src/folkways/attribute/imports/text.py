"""Columns of text from published lists: lines, fields, CSV; whole columns, no loop over rows."""

import csv
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from folkways.attribute.intervals import Flags

_PIECE = 1 << 17
_MOST_COLUMNS = 1000


def lines_of(content: bytes, comments: str = "#") -> pa.Array:
    """The lines that hold something, trimmed; lines that start with a comment's mark left out.

    Bytes that are not UTF-8 become the replacement character.
    """
    whole = pa.array([valid_text(content)], pa.large_binary())
    lines = pc.list_flatten(pc.split_pattern(whole, b"\n")).cast(pa.string())
    text = _trimmed(lines)
    keep = pc.not_equal(text, "")
    for mark in comments:
        keep = pc.and_(keep, pc.invert(pc.starts_with(text, mark)))
    return text.filter(keep)


def valid_text(content: bytes) -> bytes:
    """The content in UTF-8: bytes that are not become the replacement character."""
    try:
        pa.array([content], pa.large_binary()).cast(pa.large_string())
    except pa.ArrowInvalid:
        return content.decode("utf-8", "replace").encode()
    return content


def _trimmed(text: pa.Array) -> pa.Array:
    return pc.utf8_trim(text, " \t\r\ufeff")


def slices(rows: int) -> Iterator[slice]:
    """Pieces of a column: what is made on the way then needs little memory, and stays in cache."""
    return (slice(begin, begin + _PIECE) for begin in range(0, rows, _PIECE))


def fields_of(lines: pa.Array, separator: str, count: int) -> list[pa.Array]:
    """The first fields of each line, trimmed, null where a line has fewer."""
    pieces = [_fields(lines[piece], separator, count) for piece in slices(len(lines))]
    empty = [pa.array([], pa.string())]
    return [pa.concat_arrays(empty + [piece[n] for piece in pieces]) for n in range(count)]


def _fields(lines: pa.Array, separator: str, count: int) -> list[pa.Array]:
    parts = pc.split_pattern(lines, separator, max_splits=count)
    starts = parts.offsets.to_numpy()[:-1].astype(np.int64)
    lengths = pc.list_value_length(parts).to_numpy(zero_copy_only=False)
    return [
        pc.utf8_trim_whitespace(parts.values.take(pa.array(starts + n, mask=lengths <= n)))
        for n in range(count)
    ]


def mask_of(flags: pa.Array) -> Flags:
    """(n,) flags in numpy, false where null."""
    if flags.null_count:
        flags = flags.fill_null(fill_value=False)
    return flags.to_numpy(zero_copy_only=False)


def matches(text: pa.Array, pattern: str) -> Flags:
    """(n,) where a regular expression (RE2) matches; false where null."""
    return mask_of(pc.match_substring_regex(text, pattern))


def first_row(content: bytes) -> list[str] | None:
    """The fields of the first line that holds something and is no comment."""
    for line in content[: 1 << 20].decode("utf-8", "replace").removeprefix("\ufeff").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            return next(csv.reader([line]))
    return None


def is_heading(row: list[str]) -> bool:
    """Whether a first row holds names of columns, not an address."""
    start = row[0].strip()
    return not start[:1].isdigit() and ":" not in start


def read_csv(content: bytes, columns: tuple[str, ...], least: int) -> tuple[pa.Table, int]:
    """CSV whose rows begin with some columns, as trimmed text, and the rows without the needed.

    Args:
        content: comments (#) and a heading are left out.
        columns: their names; what a row does not have is null, what it has beyond is not read.
        least: how many columns a row must have.

    Raises:
        ValueError: the content is no CSV, or its first row has fewer columns.
    """
    try:
        return _read_csv(content, columns, least)
    except (csv.Error, pa.ArrowInvalid) as error:
        raise ValueError(str(error).splitlines()[0]) from None


def _read_csv(content: bytes, columns: tuple[str, ...], least: int) -> tuple[pa.Table, int]:
    head = first_row(content)
    if head is None or not least <= len(head) <= _MOST_COLUMNS:
        raise ValueError("no row of the needed columns")
    wide = len(head)
    other: list[str] = []

    def keep(row: Any) -> str:
        if not row.text.lstrip().startswith("#"):
            other.append(row.text)
        return "skip"

    names = [*columns[:wide], *(f"more {n}" for n in range(len(columns), wide))]
    table = pyarrow.csv.read_csv(
        pa.BufferReader(valid_text(content)),
        read_options=pyarrow.csv.ReadOptions(column_names=names),
        parse_options=pyarrow.csv.ParseOptions(invalid_row_handler=keep),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            include_columns=[n for n in columns if n in names],
            strings_can_be_null=False,
        ),
    )
    extra, odd = _rows_of_other_width(other, columns, least)
    whole = pa.table({name: _whole(table, name, extra[name]) for name in columns})
    not_data = pc.starts_with(whole[0], "#")
    if wide == 1:
        not_data = pc.or_(not_data, pc.equal(whole[0], ""))
    if is_heading(head):
        not_data = pc.or_(not_data, pc.equal(whole[0], head[0].strip()))
    return whole.filter(pc.invert(not_data)), odd


def _whole(table: pa.Table, name: str, extra: list[str | None]) -> pa.Array:
    known = name in table.column_names
    text = table[name].combine_chunks() if known else pa.nulls(len(table), pa.string())
    return pa.concat_arrays([_trimmed(text), pa.array(extra, pa.string())])


def _rows_of_other_width(
    lines: list[str], columns: tuple[str, ...], least: int
) -> tuple[dict[str, list[str | None]], int]:
    """Rows with more or fewer fields than the first one: the last may be left out or added."""
    found: dict[str, list[str | None]] = {name: [] for name in columns}
    odd = 0
    for row in csv.reader(lines):
        if len(row) < least:
            odd += 1
            continue
        fields: list[str | None] = [text.strip() for text in row[: len(columns)]]
        fields += [None] * (len(columns) - len(fields))
        for name, field in zip(columns, fields, strict=True):
            found[name].append(field)
    return found, odd
