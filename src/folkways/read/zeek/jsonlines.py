"""JSON logs, one object a line, to rows: DuckDB takes the values out, as text.

A line need not have all keys (Zeek leaves unset ones out), and lines of several logs may be mixed
in one file, so each line is first told by its set of keys: its shape.
"""

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from folkways.formats.zeek import NESTED, canonical, log_of, nested_key, scoped
from folkways.model.batches import Tally
from folkways.read.json_lines import lines_of
from folkways.read.zeek.alike import rows_alike
from folkways.read.zeek.rows import NEEDED, VECTORS, Rows

_SCOPE = re.compile(rb'"id([^A-Za-z0-9"\\]{0,4})(?:orig|resp)_[hp]"')
_PATH = re.compile(rb'"_path"')
_JOINT = "\x1f"
_UNNAMED = "unknown"
_TEXT = "VARCHAR"

_SHAPES = """
    select array_to_string(json_keys(line), '{joint}') as shape,
        case when $1 then json_extract_string(line, '$._path') end as path
    from (select {line} as line from lines)
"""
# Asking each line first costs a second parse, so only blocks with a bad line are asked.
_SURE = "case when json_valid(line) then line end"


def rows_of(data: memoryview, engine: duckdb.DuckDBPyConnection, tally: Tally) -> Iterator[Rows]:
    """The rows of each used log, in the order in which the logs first appear.

    Lines of other logs, and lines that are no JSON object, are counted. ``engine`` may be shared
    between threads.
    """
    lines = lines_of(data)
    with engine.cursor() as cursor:
        alike = _alike(lines, _scope(data), cursor)
        if alike is not None:
            yield alike
            return
        cursor.register("lines", pa.table({"line": lines}))
        has_paths = _PATH.search(data) is not None
        shapes = _shapes(cursor, has_paths=has_paths)
        logs = _logs(shapes)
        names = _Names(_scope(data), is_nested=_has_key(shapes, NESTED))
        for log in dict.fromkeys(logs.tolist()):
            mask = logs == log
            if log in NEEDED:
                chosen = lines if mask.all() else lines.filter(pa.array(mask))
                yield _extract(log, chosen, names, cursor)
                continue
            tally.records += int(mask.sum())
            tally.skip(f"log not used: {log}" if log else "not a JSON object", int(mask.sum()))


def _alike(lines: pa.Array, scope: str, cursor: duckdb.DuckDBPyConnection) -> Rows | None:
    try:
        return rows_alike(lines, scope, cursor)
    except (duckdb.InvalidInputException, UnicodeDecodeError):
        return None


def _shapes(cursor: duckdb.DuckDBPyConnection, *, has_paths: bool) -> pa.Table:
    try:
        query = _SHAPES.format(joint=_JOINT, line="line")
        return cursor.sql(query, params=[has_paths]).to_arrow_table()
    except (duckdb.InvalidInputException, UnicodeDecodeError):
        # DuckDB's message may cut a character of the line, and be no text.
        query = _SHAPES.format(joint=_JOINT, line=_SURE)
        return cursor.sql(query, params=[has_paths]).to_arrow_table()


def _logs(shapes: pa.Table) -> npt.NDArray[np.object_]:
    """The log of each line: by ``_path`` where there is one, else by its keys; "" where none."""
    encoded = shapes["shape"].combine_chunks().dictionary_encode()
    by_shape = [_log_of_shape(shape) for shape in encoded.dictionary.to_pylist()]
    codes = encoded.indices.fill_null(len(by_shape)).to_numpy(zero_copy_only=False)
    logs = np.array([*by_shape, ""], object)[codes]
    paths = shapes["path"].combine_chunks()
    if paths.null_count < len(paths):
        stated = np.asarray(paths.to_numpy(zero_copy_only=False), object)
        logs = np.where(np.asarray(paths.is_valid()), stated, logs)
    return logs


def _log_of_shape(shape: str) -> str:
    keys = [canonical(key) for key in shape.split(_JOINT)]
    return log_of(keys) or (_UNNAMED if shape else "")


def _scope(data: memoryview) -> str:
    found = _SCOPE.search(data)
    return found[1].decode("utf-8", "replace") if found else "."


def _has_key(shapes: pa.Table, key: str) -> bool:
    distinct = shapes["shape"].combine_chunks().dictionary_encode().dictionary.to_pylist()
    return any(key in shape.split(_JOINT) for shape in distinct)


@dataclass(frozen=True)
class _Names:
    """Where columns stand in a line: ids with a scope character, or in an object of their own."""

    scope: str
    is_nested: bool

    def shape(self, names: Collection[str]) -> dict[str, Any]:
        """The keys to be taken out."""
        shape: dict[str, Any] = {self._key(name): _TEXT for name in names}
        if self.is_nested:
            shape[NESTED] = {nested_key(n): _TEXT for n in names if nested_key(n)}
        return shape

    def value(self, name: str) -> str:
        """The column as an expression."""
        value = f"v.{_named(self._key(name))}"
        inner = nested_key(name)
        if not (self.is_nested and inner):
            return value
        return f"coalesce({value}, v.{_named(NESTED)}.{_named(inner)})"

    def _key(self, name: str) -> str:
        return scoped(name, self.scope) if nested_key(name) else name


def _extract(log: str, lines: pa.Array, keys: _Names, cursor: duckdb.DuckDBPyConnection) -> Rows:
    names = NEEDED[log]
    values = {name: keys.value(name) for name in names}
    structure = json.dumps(keys.shape(names))
    picks = ", ".join(
        f'case when json_valid({value}) then try_cast({value}::json as varchar[]) end as "{name}"'
        if name in VECTORS
        else f"nullif({value}, '-') as \"{name}\""
        for name, value in values.items()
    )
    cursor.register("chosen", pa.table({"line": lines}))
    table = cursor.sql(
        f"select {picks} from (select json_transform(line, {_quoted(structure)}) as v from chosen)"
    ).to_arrow_table()
    columns = {
        name: table[name]
        .combine_chunks()
        .cast(pa.list_(pa.string()) if name in VECTORS else pa.string())
        for name in names
    }
    # A key that no line has is a column that the log does not have.
    present = {name: c for name, c in columns.items() if c.null_count < len(c)}
    return Rows(log, len(lines), present)


def _named(key: str) -> str:
    return '"' + key.replace('"', '""') + '"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
