"""Blocks of JSON lines that are all of one log: one query says so and takes the values out.

What a line is, is told by which keys it has. Asking for all its keys costs a second parse, so the
log is supposed from a few lines, and proved by the few keys that tell it from others. Seconds come
out as numbers, since their text would have to be made first. A block that is not proved, or whose
times are no plain numbers, is read in the other way.
"""

import itertools
import json
from functools import lru_cache

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.formats.zeek import SIGNATURES, canonical, log_of, scoped
from folkways.read.numbers import mask_of
from folkways.read.zeek.rows import NEEDED, VECTORS, Rows
from folkways.read.zeek.seconds import decimals

_LINES_SUPPOSED = 8
_PATH = "_path"
_SECONDS = frozenset({"ts", "duration", "rtt"})
_NUMBERS = frozenset(
    {"id.orig_p", "id.resp_p", "ip_proto", "missed_bytes", "orig_pkts", "resp_pkts"}
    | {f"{side}_{kind}" for side in ("orig", "resp") for kind in ("ip_bytes", "bytes")}
)
_IP_BYTES = frozenset({"orig_ip_bytes", "resp_ip_bytes"})
_PAYLOAD = frozenset({"orig_bytes", "resp_bytes"})
_USED = frozenset(log for log, names in NEEDED.items() if not set(VECTORS) & set(names))
_NUMBER = r"^[0-9][0-9.eE+-]*$"

Values = dict[str, pa.Array]


def rows_alike(lines: pa.Array, scope: str, cursor: duckdb.DuckDBPyConnection) -> Rows | None:
    """The rows, if all lines are of one log that is used and times are numbers; else None."""
    log, keys = _supposed(lines)
    if log not in _USED:
        return None
    # Payload bytes are used only for want of IP bytes.
    on_ip = bool(_IP_BYTES & keys)
    names = {
        scoped(name, scope) if name.startswith("id.") else name: name
        for name in NEEDED[log]
        if not (on_ip and name in _PAYLOAD)
    }
    shape = dict.fromkeys((_PATH, *itertools.chain(*_told_by(log)), *names), "VARCHAR")
    shape |= dict.fromkeys(_SECONDS & names.keys(), "DOUBLE")
    values = _values(cursor, lines, shape)
    if not _are(log, values):
        return None
    columns = {}
    for key, name in names.items():
        column = values[key]
        if name in _SECONDS:
            column = _seconds(key, column, lines, cursor)
            if column is None:
                return None
        else:
            column = _whole(column) if name in _NUMBERS else _set(column)
        # A key that no line has is a column that the log does not have.
        if column.null_count < len(column):
            columns[name] = column
    if on_ip and not _IP_BYTES & columns.keys():
        return None
    return Rows(log, len(lines), columns)


def _supposed(lines: pa.Array) -> tuple[str, frozenset[str]]:
    """The log that a few lines are all of, and the keys of the first; "" where they differ."""
    keys: list[frozenset[str]] = []
    logs: set[str] = set()
    places = np.linspace(0, len(lines) - 1, _LINES_SUPPOSED) if len(lines) else np.zeros(0)
    for place in places.astype(int).tolist():
        try:
            found = json.loads(lines[place].as_py())
        except (ValueError, RecursionError):
            return "", frozenset()
        # A key without a value tells the log too, but cannot be seen among the values.
        if not isinstance(found, dict) or None in found.values():
            return "", frozenset()
        keys.append(frozenset(map(canonical, found)))
        logs.add(str(found.get(_PATH) or log_of(keys[-1])))
    return (logs.pop(), keys[0]) if len(logs) == 1 else ("", frozenset())


@lru_cache
def _told_by(log: str) -> tuple[frozenset[str], ...]:
    """Keys that all must be there, keys of which one must be, and keys that must not be there."""
    foreign: set[str] = set()
    for path, every, some in SIGNATURES:
        if path == log:
            return every, some, frozenset(foreign)
        foreign |= some or every - {"uid"}
    raise KeyError(log)


def _values(cursor: duckdb.DuckDBPyConnection, lines: pa.Array, shape: dict[str, str]) -> Values:
    cursor.register("alike", pa.table({"line": lines}))
    text = json.dumps(shape).replace("'", "''")
    table = cursor.sql(f"select json_transform(line, '{text}') as v from alike").to_arrow_table()
    return dict(zip(shape, table["v"].combine_chunks().flatten(), strict=True))


def _are(log: str, values: Values) -> bool:
    """Whether all lines are of the log: by ``_path`` where there is one, else by their keys."""
    every, some, foreign = _told_by(log)
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


def _whole(column: pa.Array) -> pa.Array:
    """Whole numbers if all are, else text."""
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        return _set(column)


def _seconds(
    key: str, values: pa.Array, lines: pa.Array, cursor: duckdb.DuckDBPyConnection
) -> pa.Array | None:
    """Doubles as decimals; None where a value is none, or was no number in the line.

    What cannot be read is null, and a Boolean 0 or 1; only such lines are asked again.
    """
    seconds = np.asarray(values.fill_null(0.0))
    doubtful = (seconds == 0) | (seconds == 1)
    if doubtful.any():
        asked = pa.array(doubtful)
        cursor.register("doubtful", pa.table({"line": lines.filter(asked)}))
        query = f"select json_extract_string(line, '$.{key}') from doubtful"
        texts = cursor.sql(query).to_arrow_table().column(0).combine_chunks()
        numbers = texts.filter(values.filter(asked).is_valid())
        sound = pc.match_substring_regex(numbers, _NUMBER).true_count == len(numbers)
        if key == "ts" or not sound or texts.null_count + len(numbers) < len(texts):
            return None
    return decimals(seconds, np.asarray(values.is_valid()))
