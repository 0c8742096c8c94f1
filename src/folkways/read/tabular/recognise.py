"""Which preset a table is of, by its content: strict, and none where two could be meant."""

import json
from typing import Any

import pyarrow.parquet as pq

from folkways.model.batches import Tally
from folkways.read.cloud.objects import objects
from folkways.read.lines import BOM
from folkways.read.parquet import BROKEN
from folkways.read.source import Source
from folkways.read.tabular.mapping import Mapping, presets

_OBJECTS_SNIFFED = 20


def container(head: bytes) -> str:
    """parquet, ndjson or csv, by the first bytes."""
    if head.startswith(b"PAR1"):
        return "parquet"
    return "ndjson" if start_of(head).startswith((b"{", b"[")) else "csv"


def start_of(head: bytes) -> bytes:
    """The head without byte order mark and white space at its start."""
    return head.removeprefix(BOM).lstrip()


def is_document(head: bytes) -> bool:
    """Whether JSON is an array, or objects over several lines, and not an object a line."""
    start = start_of(head)
    return start.startswith(b"[") or start.split(b"\n", 1)[0].strip() == b"{"


def level_of(head: bytes) -> int:
    """The depth of a document's objects: 1 in an array, else 0."""
    return int(start_of(head).startswith(b"["))


def csv_header(head: bytes, delimiter: str) -> list[str]:
    """The column names in the first line of a table."""
    first = head.split(b"\n", 1)[0].decode("utf-8-sig", "replace").strip("\r")
    return [name.strip().strip('"') for name in first.split(delimiter)]


def delimiter_of(mapping: Mapping, head: bytes) -> str:
    """The delimiter with which the header has the required columns, else the first."""
    return next(
        (d for d in mapping.delimiters if _has(mapping, set(csv_header(head, d)))),
        mapping.delimiters[0],
    )


def fits(mapping: Mapping, source: Source) -> bool:
    """Whether a source may be what a mapping describes, as far as its head tells."""
    kind = container(source.head)
    if mapping.format not in {kind, "any"}:
        return False
    if kind == "csv" and mapping.header:
        return b"\0" not in source.head and any(
            d.encode() in source.head for d in mapping.delimiters
        )
    return kind != "csv" or any(
        _has(mapping, set(csv_header(source.head, d))) for d in mapping.delimiters
    )


def recognised(source: Source) -> Mapping | None:
    """The preset of a source; the one that requires more wins, if it requires all of the other's.

    Presets without a header are never found so: their columns have no names.
    """
    kind = container(source.head)
    named = [m for m in presets() if not m.header]
    found = _matching([m for m in named if m.format in {kind, "any"}], kind, source)
    if kind == "csv" and not found:
        # The first line of a log cut out of a longer one may be the end of an object.
        found = _matching([m for m in named if m.format == "ndjson"], "ndjson", source)
    most = [m for m in found if all(set(m.required) >= set(o.required) for o in found)]
    return most[0] if len(most) == 1 else None


def _matching(named: list[Mapping], kind: str, source: Source) -> list[Mapping]:
    if kind == "csv":
        return [m for m in named if fits(m, source)]
    rows = _json_keys(source.head) if kind == "ndjson" else _parquet_columns(source)
    return [m for m in named if rows and all(_has(m, row) for row in rows)]


def _parquet_columns(source: Source) -> list[set[str]]:
    if source.path is None or source.compression is not None:
        return []
    try:
        return [set(pq.read_schema(source.open_anywhere()).names)]
    except BROKEN:
        return []


def _has(mapping: Mapping, there: set[str]) -> bool:
    return all(not there.isdisjoint(names) for names in mapping.required)


def _json_keys(head: bytes) -> list[set[str]]:
    """The keys of the first objects, nested ones with their path; what does not parse is left."""
    if is_document(head):
        texts = [t for found in objects([head], level_of(head), Tally()) for t in found]
    else:
        # The head may end in a line; a log cut out of a longer one may begin in one.
        texts = [line for line in head.removeprefix(BOM).split(b"\n") if line.strip()]
    found = (_parsed(text) for text in texts[:_OBJECTS_SNIFFED])
    return [_paths(value) for value in found if isinstance(value, dict)]


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _paths(value: dict[str, Any]) -> set[str]:
    """The keys, and keys of objects in it as ``a.b``, however deep."""
    found = set(value)
    waiting = [(key, inner) for key, inner in value.items() if isinstance(inner, dict)]
    while waiting:
        path, inner = waiting.pop()
        found.update(f"{path}.{key}" for key in inner)
        waiting += [(f"{path}.{k}", v) for k, v in inner.items() if isinstance(v, dict)]
    return found
