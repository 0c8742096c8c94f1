"""JSON logs, one object a line, to rows: DuckDB takes the values out, as text.

A line need not have all keys (Zeek leaves unset ones out), and lines of several logs may be mixed
in one file, so each line is first told by its set of keys: its shape.
"""

import json
import re
from collections.abc import Iterator

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from folkways.formats.zeek import canonical, log_of, scoped
from folkways.model.batches import Tally
from folkways.read.json_lines import lines_of
from folkways.read.zeek.alike import rows_alike
from folkways.read.zeek.rows import NEEDED, VECTORS, Rows

_SCOPE = re.compile(rb'"id([^A-Za-z0-9"\\]{0,4})(?:orig|resp)_[hp]"')
_PATH = re.compile(rb'"_path"')
_JOINT = "\x1f"
_UNNAMED = "unknown"

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
        logs = _logs(_shapes(cursor, has_paths=has_paths))
        for log in dict.fromkeys(logs.tolist()):
            mask = logs == log
            if log in NEEDED:
                chosen = lines if mask.all() else lines.filter(pa.array(mask))
                yield _extract(log, chosen, _scope(data), cursor)
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


def _extract(log: str, lines: pa.Array, scope: str, cursor: duckdb.DuckDBPyConnection) -> Rows:
    names = NEEDED[log]
    keys = [scoped(name, scope) if name.startswith("id.") else name for name in names]
    keys_of = dict(zip(names, keys, strict=True))
    structure = json.dumps(dict.fromkeys(keys, "VARCHAR"))
    picks = ", ".join(
        f"case when json_valid({_value(key)}) then try_cast({_value(key)}::json as varchar[]) end "
        f'as "{name}"'
        if name in VECTORS
        else f"nullif({_value(key)}, '-') as \"{name}\""
        for name, key in keys_of.items()
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


def _value(key: str) -> str:
    return 'v."' + key.replace('"', '""') + '"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
