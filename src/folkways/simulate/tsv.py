"""Zeek's tab-separated text, gzipped: the header lines, the rows, the closing line."""

import datetime as dt
import gzip
import io
import tomllib
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from folkways.formats.zeek import Field, footer, header

UNSET = "-"
Columns = dict[str, pa.Array]
"""String arrays of one length by a log's column names."""

_OPTIONS = pyarrow.csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")


@cache
def layout(log: str) -> tuple[tuple[str, str, str], ...]:
    """The columns of a log in order: name, Zeek type, the value of all rows or "" (it varies)."""
    text = Path(__file__).with_name("zeek.toml").read_text(encoding="utf-8")
    columns = tomllib.loads(text)
    lines = [[*line.split(" "), ""][:3] for line in [*columns["id"], *columns[log]]]
    return tuple((name, kind, value) for name, kind, value in lines)


def write(
    path: Path,
    log: str,
    columns: Columns,
    opened: dt.datetime,
    closed: dt.datetime,
) -> None:
    """Write a log; columns that are not given have their layout's value, else are unset.

    Args:
        path: of the file, which is replaced.
        log: its name, such as conn.
        columns: string arrays of one length, by name.
        opened: local time of the header's ``#open``.
        closed: local time of ``#close``.
    """
    count = len(columns["ts"])
    arrays = [
        columns[name] if name in columns else pa.repeat(value or UNSET, count)
        for name, _, value in layout(log)
    ]
    body = io.BytesIO()
    table = pa.table(arrays, names=[name for name, _, _ in layout(log)])
    pyarrow.csv.write_csv(table, body, _OPTIONS)
    stamp = "%Y-%m-%d-%H-%M-%S"
    fields = [Field(name, kind) for name, kind, _ in layout(log)]
    opening = header(log, opened.strftime(stamp), fields)
    closing = footer(closed.strftime(stamp))
    # No time in the gzip header, so that the same seed gives the same bytes.
    path.write_bytes(
        gzip.compress(opening.encode() + body.getvalue() + closing.encode(), 1, mtime=0)
    )
