"""Which field stands where in a line of AWS flow logs: a header line says it, or the default."""

import re
import tomllib
from functools import cache
from importlib.resources import files

import pyarrow as pa
import pyarrow.compute as pc

Layout = tuple[str, ...]

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_STATUSES = frozenset({"OK", "NODATA", "SKIPDATA"})
_ACTIONS = frozenset({"ACCEPT", "REJECT", "-"})
_COMMON = frozenset(
    {"version", "protocol", "packets", "bytes", "start", "end", "action", "type", "region"}
)
"""Names that tables of others have as well."""
NEEDED = (
    "log-status", "start", "end", "srcaddr", "dstaddr", "pkt-srcaddr", "pkt-dstaddr", "srcport",
    "dstport", "protocol", "packets", "bytes", "action", "tcp-flags", "interface-id",
    "tgw-attachment-id", "tgw-id", "resource-id", "version", "flow-direction",
)  # fmt: skip
"""The fields that are used; all others are passed over."""


@cache
def _fields() -> dict[str, list[str]]:
    text = (files("folkways.read.cloud") / "aws_fields.toml").read_text(encoding="utf-8")
    found = tomllib.loads(text)
    return {"default": found["default"], "later": found["later"]}


def default_layout() -> Layout:
    """The fourteen fields of version 2, which come without a header."""
    return tuple(_fields()["default"])


@cache
def known_fields() -> frozenset[str]:
    """All documented names."""
    return frozenset(_fields()["default"]) | frozenset(_fields()["later"])


def layout_of(line: str) -> Layout | None:
    """The layout, if a line is a header: only names, half of them documented, one AWS's own.

    Underscores, as in Parquet files and tables made from the logs, count as hyphens.
    """
    names = tuple(line.replace("_", "-").split())
    known = [name for name in names if name in known_fields()]
    if len(known) < 2 or len(known) * 2 < len(names) or _COMMON.issuperset(known):
        return None
    return names if all(_NAME.fullmatch(name) for name in names) else None


def is_default_row(line: str) -> bool:
    """Whether a line is a row of the default layout, by what its first and last fields can hold."""
    fields = line.split()
    return (
        len(fields) == len(default_layout())
        and fields[0].isdigit()
        and fields[10].isdigit()
        and fields[11].isdigit()
        and fields[12] in _ACTIONS
        and fields[13] in _STATUSES
    )


def headers(lines: pa.Array) -> list[tuple[int, Layout]]:
    """The header lines among lines; files put one after the other have several."""
    names = "|".join(sorted(known_fields())).replace("-", "[-_]")
    first = pc.match_substring_regex(lines, rf"^(?:{names})\s")
    places = pc.indices_nonzero(first).to_pylist()
    found = ((place, layout_of(lines[place].as_py())) for place in places)
    return [(place, layout) for place, layout in found if layout is not None]
