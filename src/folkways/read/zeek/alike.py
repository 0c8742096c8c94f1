"""Blocks of JSON lines that are all of one log: one query says so and takes the values out.

What a line is, is told by which keys it has. Asking for all its keys costs a second parse, so the
log is supposed from a few lines, and proved by the few keys that tell it from others. Seconds and
whole numbers come out as numbers, since their text would have to be made first, where those lines
have them and they are neither 0 nor 1: for these, and where there is no number, the engine does not
say what the line has (true becomes 1), so that the text of such lines is looked at. A block that is
not proved, or whose numbers are no plain ones, is read in the other way.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.formats.zeek import NESTED, SIGNATURES, canonical, log_of, nested_key, scoped
from folkways.model.validity import nullable
from folkways.read.json_lines import answer
from folkways.read.numbers import Mask, mask_of
from folkways.read.zeek.rows import NEEDED, VECTORS, Rows, wanted_too
from folkways.read.zeek.seconds import decimals

_LINES_SUPPOSED = 16
_PATH = "_path"
_SECONDS = frozenset({"ts", "duration", "rtt"})
_NUMBERS = frozenset(
    {"id.orig_p", "id.resp_p", "ip_proto", "missed_bytes", "orig_pkts", "resp_pkts"}
    | {f"{side}_{kind}" for side in ("orig", "resp") for kind in ("ip_bytes", "bytes")}
)
_IP_BYTES = frozenset({"orig_ip_bytes", "resp_ip_bytes"})
_PAYLOAD = frozenset({"orig_bytes", "resp_bytes"})
_ADDRESSED = frozenset({"conn", "dns"})
_ADDRESSES = frozenset({"id.orig_h", "id.resp_h"})
_USED = frozenset(log for log, names in NEEDED.items() if not set(VECTORS) & set(names))
# One of the keys with a value that is no number, or a letter that may hide a key.
_OTHER = r'"(?:{})"\s*:\s*[^-0-9\s]|\\u'
_DOUBTFUL = (0, 1)
_EXACT = 2.0**53
"""From here on, two whole numbers may be one double."""

Values = dict[str, pa.Array]


def rows_alike(lines: pa.Array, scope: str, cursor: duckdb.DuckDBPyConnection) -> Rows | None:
    """The rows, if all lines are of one log that is used and numbers are plain; else None."""
    supposed = _supposed(lines)
    log = _log(supposed)
    if log not in _USED:
        return None
    # Payload bytes are used only for want of IP bytes.
    on_ip = all(found.keys() >= _IP_BYTES for found in supposed)
    wanted = [name for name in NEEDED[log] if not (on_ip and name in _PAYLOAD)]
    block = _Block(log, lines, scope, supposed)
    columns = _columns(block, wanted, cursor)
    if columns is not None and on_ip and (wanted_too(columns) or not columns.keys() >= _IP_BYTES):
        columns = _columns(block, NEEDED[log], cursor)
    return None if columns is None else Rows(log, len(lines), columns)


@dataclass(frozen=True)
class _Block:
    """Lines that are supposed to be of one log, from a few of them."""

    log: str
    lines: pa.Array
    scope: str
    supposed: list[dict[str, Any]]


def _bare(log: str, column: pa.Array) -> bool:
    """A log of names without addresses, which it can do without."""
    return log not in _ADDRESSED and column.null_count == len(column)


def _columns(
    block: _Block, wanted: Iterable[str], cursor: duckdb.DuckDBPyConnection
) -> dict[str, pa.Array] | None:
    """The columns that some line has; None where the lines are not alike or not plain."""
    log, lines, supposed = block.log, block.lines, block.supposed
    names = {scoped(n, block.scope) if nested_key(n) else n: n for n in wanted}
    is_nested = any(isinstance(found.get(NESTED), dict) for found in supposed)
    numbers = {key for key, n in names.items() if _is_plain(n, supposed, is_nested=is_nested)}
    every, some, foreign = _told_by(log)
    # Of the keys of which one must be there, those that are taken anyway may do.
    if all(some & names.keys() & found.keys() for found in supposed):
        some &= names.keys()
    keys = dict.fromkeys((_PATH, *every, *some, *foreign, *names))
    shape: dict[str, Any] = {key: "DOUBLE" if key in numbers else "VARCHAR" for key in keys}
    if is_nested:
        shape[NESTED] = {nested_key(n): "VARCHAR" for n in wanted if nested_key(n)}
    values = _values(cursor, lines, shape)
    if not _are(log, values, every, some, foreign):
        return None
    if not _stated({key: values[key] for key in numbers}, lines):
        return None
    columns = {}
    for key, name in names.items():
        column = _number(name, values[key]) if key in numbers else _set(values[key])
        if column is None:
            return None
        if is_nested and nested_key(name):
            inner = pc.struct_field(values[NESTED], nested_key(name))
            column = pc.coalesce(column, _set(inner))
        if name in _ADDRESSES and column.null_count and not is_nested and not _bare(log, column):
            # It may stand in an object of its own.
            return None
        # A key that no line has is a column that the log does not have.
        if column.null_count < len(column):
            columns[name] = column
    return columns


def _supposed(lines: pa.Array) -> list[dict[str, Any]]:
    """A few lines, with the names of their keys; none if one of them is no object."""
    supposed: list[dict[str, Any]] = []
    places = np.linspace(0, len(lines) - 1, _LINES_SUPPOSED) if len(lines) else np.zeros(0)
    for place in places.astype(int).tolist():
        try:
            found = json.loads(lines[place].as_py())
        except (ValueError, RecursionError):
            return []
        # A key without a value tells the log too, but cannot be seen among the values.
        if not isinstance(found, dict) or None in found.values():
            return []
        inner = found.get(NESTED)
        nested = {f"{NESTED}.{k}": v for k, v in inner.items()} if isinstance(inner, dict) else {}
        supposed.append(nested | {canonical(key): value for key, value in found.items()})
    return supposed


def _log(supposed: list[dict[str, Any]]) -> str:
    """The log that the lines are all of; "" where they differ."""
    logs = {str(found.get(_PATH) or log_of(found)) for found in supposed}
    return logs.pop() if len(logs) == 1 else ""


def _is_plain(name: str, supposed: list[dict[str, Any]], *, is_nested: bool) -> bool:
    """Whether to take a value as a number; the text of what is often 0, 1 or absent costs less."""
    if is_nested and nested_key(name):
        return False
    return name in _SECONDS | _NUMBERS and all(
        found.get(name, 0) not in _DOUBTFUL for found in supposed
    )


@lru_cache
def _told_by(log: str) -> tuple[frozenset[str], ...]:
    """Keys that all must be there, keys of which one must be, and keys that must not be there."""
    foreign: set[str] = set()
    for path, every, some in SIGNATURES:
        if path == log:
            return every, some, frozenset(foreign)
        foreign |= some or every - {"uid"}
    raise KeyError(log)


def _values(cursor: duckdb.DuckDBPyConnection, lines: pa.Array, shape: dict[str, Any]) -> Values:
    cursor.register("alike", pa.table({"line": lines}))
    text = json.dumps(shape).replace("'", "''")
    values = answer(cursor, f"select json_transform(line, '{text}') as v from alike")
    return dict(zip(shape, values.flatten(), strict=True))


def _are(log: str, values: Values, *told_by: frozenset[str]) -> bool:
    """Whether all lines are of the log: by ``_path`` where there is one, else by their keys."""
    every, some, foreign = told_by
    known = {name: np.asarray(values[name].is_valid()) for name in (*every, *some, *foreign)}
    told = np.logical_and.reduce([known[name] for name in every])
    if some:
        told &= np.logical_or.reduce([known[name] for name in some])
    for name in foreign:
        told &= ~known[name]
    stated = values[_PATH]
    if stated.null_count < len(stated):
        told = np.where(np.asarray(stated.is_valid()), mask_of(pc.equal(stated, log)), told)
    return bool(told.all())


def _set(column: pa.Array) -> pa.Array:
    """Text, without the marker that stands for none."""
    unset = pc.equal(column, "-")
    return pc.if_else(unset, None, column) if unset.true_count else column


def _stated(values: Values, lines: pa.Array) -> bool:
    """Whether each of these numbers is one in its line, and each that is null is not there."""
    doubtful = np.zeros(len(lines), np.bool_)
    for column in values.values():
        doubtful |= _is_doubtful(column)
    other = _OTHER.format("|".join(map(re.escape, values)))
    return not pc.match_substring_regex(lines.filter(pa.array(doubtful)), other).true_count


def _is_doubtful(numbers: pa.Array) -> Mask:
    """Which doubles are 0 or 1, or null."""
    value = np.asarray(numbers.fill_null(0))
    found: Mask = (value == 0) | (value == 1)
    return found


def _number(name: str, values: pa.Array) -> pa.Array | None:
    """Doubles as decimals or whole numbers; None where a value is none, or not sure to be exact."""
    numbers, known = np.asarray(values.fill_null(0.0)), np.asarray(values.is_valid())
    if name in _SECONDS:
        return None if name == "ts" and not known.all() else decimals(numbers, known)
    if not (numbers.min() >= 0 and numbers.max() < _EXACT):
        return None
    whole = numbers.astype(np.int64)
    if (whole != numbers).any():
        return None
    return nullable(whole, known)
