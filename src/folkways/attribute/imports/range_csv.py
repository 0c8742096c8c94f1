"""Range lists as they are published: CSV of first address, last address, value and perhaps a name.

Addresses in text, or IPv4 as numbers; gzip is recognised by its content; lines that start with #
are comments. Whole columns are parsed at once; only IPv6 text costs Python, once an address.
"""

import csv
import gzip
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from folkways.attribute.fields import CatalogueError
from folkways.attribute.imports.rows import RangeRows
from folkways.attribute.intervals import Flags, Octets, is_ipv4
from folkways.model.addresses import (
    addresses_from_text,
    addresses_to_numpy,
    mapped_from_ipv4,
    sortable,
)

GZIP_MAGIC = b"\x1f\x8b"
_DOTTED = r"^(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}$"
_NUMBER = r"^[0-9]{1,10}$"
_COLUMNS = ("start", "end", "value", "name")


def read_range_csv(path: Path) -> RangeRows:
    """Read a range list.

    Raises:
        CatalogueError: the file cannot be read, is damaged, or has no row of three fields.
    """
    try:
        content = path.read_bytes()
        if content[:2] == GZIP_MAGIC:
            content = gzip.decompress(content)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise CatalogueError(f"{path} is a damaged gzip file: {error}.") from None
    except OSError as error:
        raise CatalogueError(f"{path} cannot be read: {error.strerror or error}.") from None
    table, odd, skipped = _columns(path, content)
    first, first_known = _addresses(table["start"])
    last, last_known = _addresses(table["end"])
    known = first_known & last_known
    skipped["not an address"] += int((~known).sum())
    good = known & (is_ipv4(first) == is_ipv4(last)) & (sortable(first) <= sortable(last))
    skipped["end before start, or of another family"] += int((known & ~good).sum())
    pick = np.flatnonzero(good)
    taken = table.take(pa.array(pick))
    return RangeRows(
        first[pick],
        last[pick],
        taken["value"].combine_chunks(),
        taken["name"].combine_chunks(),
        table.num_rows + odd,
        +skipped,
    )


def _columns(path: Path, content: bytes) -> tuple[pa.Table, int, Counter[str]]:
    """The four columns as trimmed text, the number of rows without them, and causes."""
    head = _first_row(content)
    if head is None or len(head) < 3:
        raise CatalogueError(
            f"{path} is no range list; a row must be start,end,value or start,end,value,name."
        )
    wide = len(head)
    other: list[str] = []

    def keep(row: Any) -> str:
        if not row.text.lstrip().startswith("#"):
            other.append(row.text)
        return "skip"

    names = [*_COLUMNS[:wide], *(f"more{n}" for n in range(4, wide))]
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(content),
            read_options=pyarrow.csv.ReadOptions(column_names=names),
            parse_options=pyarrow.csv.ParseOptions(invalid_row_handler=keep),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.binary()),
                include_columns=[n for n in _COLUMNS if n in names],
                strings_can_be_null=False,
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path} is no range list: {str(error).splitlines()[0]}.") from None
    texts = {name: _text(table[name]) for name in table.column_names}
    extra, odd = _rows_of_other_width(other)
    columns = {
        name: pa.concat_arrays(
            [
                texts.get(name, pa.nulls(table.num_rows, pa.string())),
                pa.array(extra[name], pa.string()),
            ]
        )
        for name in _COLUMNS
    }
    whole = pa.table(columns)
    not_data = pc.starts_with(whole["start"], "#")
    if _is_heading(head):
        not_data = pc.or_(not_data, pc.equal(whole["start"], head[0].strip()))
    whole = whole.filter(pc.invert(not_data))
    return whole, odd, Counter({"too few fields": odd})


def _first_row(content: bytes) -> list[str] | None:
    for line in content[: 1 << 20].decode("utf-8", "replace").removeprefix("\ufeff").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            return next(csv.reader([line]))
    return None


def _is_heading(row: list[str]) -> bool:
    start = row[0].strip()
    return not start[:1].isdigit() and ":" not in start


def _rows_of_other_width(lines: list[str]) -> tuple[dict[str, list[str | None]], int]:
    """Rows with more or fewer fields than the first one: a name may be left out or added."""
    columns: dict[str, list[str | None]] = {name: [] for name in _COLUMNS}
    odd = 0
    for row in csv.reader(lines):
        if len(row) < 3:
            odd += 1
            continue
        fields: list[str | None] = [text.strip() for text in row[:4]]
        for name, field in zip(_COLUMNS, [*fields, None], strict=False):
            columns[name].append(field)
    return columns, odd


def _text(column: pa.ChunkedArray) -> pa.Array:
    """Bytes to trimmed text; bytes that are not UTF-8 become the replacement character."""
    encoded = column.combine_chunks()
    try:
        text = encoded.cast(pa.string())
    except pa.ArrowInvalid:
        text = pa.array([v.decode("utf-8", "replace") for v in encoded.to_pylist()], pa.string())
    return pc.utf8_trim(text, " \t\r\ufeff")


def _addresses(texts: pa.ChunkedArray) -> tuple[Octets, Flags]:
    """(n, 16) addresses and (n,) where the text is one."""
    text = texts.combine_chunks()
    octets = np.zeros((len(text), 16), np.uint8)
    known = np.zeros(len(text), np.bool_)
    dotted = np.flatnonzero(_matches(text, _DOTTED))
    parts = pc.list_flatten(pc.split_pattern(text.take(pa.array(dotted)), "."))
    four = parts.cast(pa.int32()).to_numpy(zero_copy_only=False).reshape(-1, 4)
    known[dotted] = (four <= 255).all(axis=1)
    octets[dotted, 10:12] = 0xFF
    octets[dotted, 12:] = four.astype(np.uint8)
    plain = np.flatnonzero(_matches(text, _NUMBER))
    numbers = text.take(pa.array(plain)).cast(pa.int64()).to_numpy(zero_copy_only=False)
    known[plain] = numbers < 2**32
    octets[plain] = mapped_from_ipv4(numbers.astype(np.uint32))
    ipv6 = np.flatnonzero(pc.match_substring(text, ":").to_numpy(zero_copy_only=False))
    found, valid = addresses_to_numpy(addresses_from_text(text.take(pa.array(ipv6))))
    octets[ipv6], known[ipv6] = found, valid
    octets[~known] = 0
    return octets, known


def _matches(text: pa.Array, pattern: str) -> Flags:
    return pc.match_substring_regex(text, pattern).to_numpy(zero_copy_only=False)
