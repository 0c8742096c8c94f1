"""What went in: one entry a source, kept in a small table of its own."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from folkways.model.batches import Gap
from folkways.model.columns import INT64, SOURCE, TEXT, Column, Table
from folkways.model.told import Need, Told, Topic

SOURCES = Table(
    "sources",
    "what was ingested; a source is in if and only if it has a row here",
    (
        Column("id", TEXT, "", SOURCE.meaning, nullable=False),
        Column("digest", TEXT, "", "SHA-256 of the decompressed content", nullable=False),
        Column("name", TEXT, "", "path as it was given", nullable=False),
        Column("format", TEXT, "", "the format it was read as", nullable=False),
        Column("ingested_ms", INT64, "ms since 1970 UTC", "when it went in", nullable=False),
        Column("records", INT64, "", "units of the source: packets, rows", nullable=False),
        Column("rows", INT64, "", "flows that came of it; logs of names give none", nullable=False),
        Column("first_ms", INT64, "ms since 1970 UTC", "first start; null: no rows"),
        Column("last_ms", INT64, "ms since 1970 UTC", "last start; null: no rows"),
        Column("skipped", TEXT, "JSON", "units that gave no row, by cause", nullable=False),
        Column("flagged", TEXT, "JSON", "units used although flawed, by cause", nullable=False),
        Column("notes", TEXT, "JSON", "sentences for a person", nullable=False),
        Column("versions", TEXT, "JSON", "units by what they say of their format", nullable=False),
        Column(
            "gaps",
            TEXT,
            "JSON",
            "stretches with lost records: first and last ms, cause, exporter, how many",
            nullable=False,
        ),
        Column("beginning", TEXT, "", "SHA-256 of the first 64 KiB of the content", nullable=False),
        Column("told", TEXT, "JSON", "what exporters said of their records in it", nullable=False),
        Column("needs", TEXT, "JSON", "what of that was asked of other sources", nullable=False),
    ),
)
NOTHING = "[]"
"""The JSON of no answers and no questions."""
_JSON = ("skipped", "flagged", "notes", "versions", "gaps")
_LISTS = {"notes", "gaps"}


@dataclass(frozen=True)
class SourceEntry:
    """One source that was ingested; the fields are the columns of ``SOURCES``."""

    id: str
    digest: str
    name: str
    format: str
    ingested_ms: int
    records: int
    rows: int
    first_ms: int | None
    last_ms: int | None
    skipped: Mapping[str, int] = field(default_factory=dict)
    flagged: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()
    versions: Mapping[str, int] = field(default_factory=dict)
    gaps: Sequence[Gap] = field(default_factory=list)
    beginning: str = ""
    told: str = NOTHING
    """As JSON, since few want to know; see ``told_of``."""
    needs: str = NOTHING


def told_of(texts: Iterable[str]) -> Iterator[Told]:
    """What was told in sources, from their column ``told``; the same text is read once."""
    for text in dict.fromkeys(texts):
        for topic, *rest in json.loads(text):
            yield Told(Topic(*topic), *rest)


def needs_of(entry: SourceEntry) -> list[Need]:
    """What a source asked of others."""
    return [Need(Topic(*topic), *rest) for topic, *rest in json.loads(entry.needs)]


def as_json(found: Iterable[Told | Need]) -> str:
    """The other way, in an order that says nothing."""
    return json.dumps(sorted(found, key=repr), separators=(",", ":"))


def source_id(digest: str) -> str:
    """The id of a source: the first 16 hexadecimal digits of its digest.

    Of one whose rows go in before it was read to its end, of the digest of its beginning.
    """
    return digest[:16]


def entries_to_table(entries: Sequence[SourceEntry]) -> pa.Table:
    """Entries as rows of ``SOURCES``, in their order."""
    columns: dict[str, list[Any]] = {
        name: [getattr(entry, name) for entry in entries] for name in SOURCES.names
    }
    for name in _JSON:
        columns[name] = [
            json.dumps(list(value) if name in _LISTS else dict(value), ensure_ascii=False)
            for value in columns[name]
        ]
    return pa.table(columns, schema=SOURCES.schema)


def entries_from_table(table: pa.Table) -> list[SourceEntry]:
    """The other way."""
    entries = []
    for row in table.select(list(SOURCES.names)).to_pylist():
        told = {name: json.loads(row[name]) for name in _JSON}
        told["gaps"] = [Gap(*gap) for gap in told["gaps"]]
        entries.append(SourceEntry(**{**row, **told}))
    return entries
