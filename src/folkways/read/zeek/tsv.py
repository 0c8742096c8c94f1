"""A stretch of a text log to rows: Arrow's CSV parser with the header's markers.

Everything is read as text: the casts that follow cost less than the parser's own, and can say
which values are bad. Zeek escapes separators inside values, so nothing is quoted.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from folkways.formats.zeek import Markers
from folkways.model.batches import Tally
from folkways.read.zeek.layout import Layout, Stretch
from folkways.read.zeek.rows import NEEDED, VECTORS, Rows, needed, wanted_too

_BLANK = re.compile(rb"(?m)^\r?\n")
# The parser takes one byte; any other separator is replaced by the first of these not in the text.
_STAND_INS = tuple(bytes((octet,)) for octet in (9, *range(1, 9), *range(0x0E, 0x20), 0x7F))


def rows_of(stretch: Stretch, tally: Tally) -> Rows | None:
    """The rows of a stretch; None where its log is not used, its lines being counted then."""
    layout = stretch.layout
    log = layout.log
    if not layout.fields or log not in NEEDED:
        lines = _count_lines(stretch.data)
        tally.records += lines
        tally.skip(f"log not used: {log or 'unknown'}" if layout.fields else "no header", lines)
        return None
    data, delimiter = _one_byte(stretch.data, layout.markers.separator)
    used = needed(log, layout.fields)
    rows, columns = _columns(data, delimiter, layout, used, tally)
    too = [name for name in wanted_too(columns) if name in layout.fields]
    if too:
        columns |= _columns(data, delimiter, layout, too, Tally())[1]
    for name in VECTORS:
        if name in columns:
            columns[name] = _split(columns[name], layout.markers)
    return Rows(log, rows, columns)


def _columns(
    data: bytes, delimiter: str, layout: Layout, names: list[str], tally: Tally
) -> tuple[int, dict[str, pa.Array]]:
    # Columns are told by their place, since a header may name one twice.
    places = [str(layout.fields.index(name)) for name in names]
    table = _parse(data, delimiter, layout, places, tally)
    found = {name: table.column(place) for name, place in zip(names, places, strict=True)}
    return table.num_rows, found


def _count_lines(data: bytes) -> int:
    has_blank = b"\n\n" in data or b"\n\r\n" in data or data.startswith((b"\n", b"\r\n"))
    return data.count(b"\n") - (len(_BLANK.findall(data)) if has_blank else 0)


def _one_byte(data: bytes, separator: str) -> tuple[bytes, str]:
    octets = separator.encode("utf-8", "surrogateescape")
    stand_in = octets
    if len(octets) != 1 or octets >= b"\x80":
        stand_in = next((s for s in _STAND_INS if s not in data), b"\t")
        data = data.replace(octets, stand_in)
    if not data.isascii():
        # Old Bros wrote raw bytes; a broken sequence becomes U+FFFD, which no name may hold.
        data = data.decode("utf-8", "replace").encode()
    return data, stand_in.decode("ascii")


def _parse(
    data: bytes, delimiter: str, layout: Layout, places: list[str], tally: Tally
) -> pa.RecordBatch:
    bad = 0

    def count(_row: csv.InvalidRow) -> str:
        nonlocal bad
        bad += 1
        return "skip"

    table = csv.read_csv(
        pa.BufferReader(data),
        csv.ReadOptions(
            column_names=[str(place) for place in range(len(layout.fields))],
            use_threads=False,
            block_size=len(data) + 1,
        ),
        csv.ParseOptions(
            delimiter=delimiter, quote_char=False, escape_char=False, invalid_row_handler=count
        ),
        csv.ConvertOptions(
            include_columns=places,
            column_types=dict.fromkeys(places, pa.string()),
            null_values=[layout.markers.unset_field, layout.markers.empty_field],
            strings_can_be_null=True,
            check_utf8=False,
        ),
    )
    tally.records += bad
    tally.skip("wrong number of fields", bad)
    return pa.RecordBatch.from_arrays(
        [column.combine_chunks() for column in table.columns], names=table.column_names
    )


def _split(column: pa.Array, markers: Markers) -> pa.Array:
    parts = pc.split_pattern(column, markers.set_separator) if markers.set_separator else None
    return column.cast(pa.list_(pa.string())) if parts is None else parts
