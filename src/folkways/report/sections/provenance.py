"""Where every number comes from, and how to make it again."""

import hashlib
import shlex
from collections import Counter
from pathlib import PurePath
from typing import Any

from folkways.report import numbers
from folkways.report.claims import claim, row_id
from folkways.report.material import Material, Rows
from folkways.report.model import (
    Block,
    Claim,
    Claims,
    Column,
    Commands,
    Heading,
    Prose,
    Row,
    Section,
    Table,
)

SOURCES, SKIPS, LISTS, VERSIONS = "sources", "skipped", "lists", "versions"
DIGITS = 16
LISTED = 60
"""More source files than this are summed up by kind."""

_COLUMNS = (
    Column("Source", numeric=False),
    Column("Format", numeric=False),
    Column("Records"),
    Column("Rows"),
    Column("Skipped"),
    Column("Flagged"),
    Column("Digest", numeric=False),
)


def provenance(material: Material) -> Section:
    """Sources, what was skipped, lists, digests, commands."""
    blocks: list[Block] = []
    if material.sources:
        blocks.append(Claims("", (_read(material),)))
        blocks.append(_sources(material))
        skips = _causes(material)
        blocks.append(skips or Prose("Nothing was skipped or flagged while reading."))
    else:
        blocks.append(Prose("No source is recorded."))
    if material.lists:
        blocks.append(_lists(material))
    else:
        blocks.append(Prose("No reference list of addresses was used."))
    blocks.append(_versions(material))
    blocks += [Heading("To make it again"), Commands(_commands(material))]
    return Section("12", "provenance", "Provenance", tuple(blocks))


def _read(material: Material) -> Claim:
    records = sum(row["records"] or 0 for row in material.sources)
    rows = sum(row["rows"] or 0 for row in material.sources)
    text = (
        f"{records:,} records read, {rows:,} rows stored after what has no side inside the "
        "population was dropped."
    )
    data = {"digests": [row["digest"] for row in material.sources], "rows": rows}
    lead = f"{numbers.plural(len(material.sources), 'source file')}:"
    return claim("provenance.sources", data, lead, text, SOURCES)


def _sources(material: Material) -> Table:
    many = len(material.sources) > LISTED
    return _summed_sources(material) if many else _each_source(material)


def _summed_sources(material: Material) -> Table:
    """A row for all files of a kind, where a row a file would fill many pages."""
    kinds: dict[tuple[str, str], Rows] = {}
    for row in material.sources:
        stem = PurePath(str(row["name"])).name.split(".")[0]
        # Rotated logs carry their time behind the kind: conn.00:00:00-01:00:00.log.gz, conn_2017.
        kinds.setdefault((str(row["format"]), stem.rstrip("0123456789-_T")), []).append(row)
    rows = [
        Row(
            row_id(SOURCES, kind),
            (
                f"{kind[1] or 'numbered'} files",
                kind[0],
                numbers.count(len(files)),
                *(
                    numbers.count(sum(row[name] or 0 for row in files))
                    for name in ("records", "rows")
                ),
                *(numbers.count(_sum(files, name)) for name in ("skipped", "flagged")),
                _joint_digest(files),
            ),
        )
        for kind, files in sorted(kinds.items())
    ]
    return Table(
        id=SOURCES,
        title=f"Sources: {numbers.plural(len(material.sources), 'file')}",
        columns=(*_COLUMNS[:2], Column("Files"), *_COLUMNS[2:]),
        rows=tuple(rows),
        notes=(
            (
                f"Digest: first {DIGITS} digits of SHA-256 over the sorted digests of the files, "
                "a line each. The command folkways sources STUDY lists every file with its own."
            ),
        ),
        folded=False,
    )


def _sum(files: Rows, name: str) -> int:
    return sum(sum(row[name].values()) for row in files)


def _joint_digest(files: Rows) -> str:
    lines = "\n".join(sorted(str(row["digest"]) for row in files))
    return hashlib.sha256(lines.encode()).hexdigest()[:DIGITS]


def _each_source(material: Material) -> Table:
    rows = [
        Row(
            row_id(SOURCES, [row["id"], row["digest"]]),
            (
                _short_name(str(row["name"])),
                str(row["format"]),
                numbers.count(row["records"]),
                numbers.count(row["rows"]),
                numbers.count(sum(row["skipped"].values())),
                numbers.count(sum(row["flagged"].values())),
                str(row["digest"])[:DIGITS],
            ),
        )
        for row in material.sources
    ]
    return Table(
        id=SOURCES,
        title=f"Sources: {numbers.plural(len(rows), 'file')}",
        columns=_COLUMNS,
        rows=tuple(rows),
        notes=(f"Digest: first {DIGITS} digits of the digest of the decompressed content.",),
        folded=len(rows) > 12,
    )


def _short_name(name: str) -> str:
    """The file in its folder: where the folder lies is its owner's business."""
    parts = PurePath(name).parts
    return "/".join(parts[-2:]) if len(parts) > 2 else name


def _causes(material: Material) -> Table | None:
    found: Counter[tuple[str, str]] = Counter()
    for row in material.sources:
        for kind in ("skipped", "flagged"):
            found.update({(kind, cause): n for cause, n in row[kind].items()})
    if not found:
        return None
    return Table(
        id=SKIPS,
        title="What was skipped or flagged while reading, by cause",
        columns=(Column("What", numeric=False), Column("Cause", numeric=False), Column("Records")),
        rows=tuple(
            Row(row_id(SKIPS, key), (key[0].capitalize(), key[1], numbers.count(number)))
            for key, number in sorted(found.items(), key=lambda item: (item[0][0], -item[1]))
        ),
        folded=False,
    )


def _lists(material: Material) -> Table:
    return Table(
        id=LISTS,
        title="Reference lists",
        columns=(
            Column("List", numeric=False),
            Column("Valid", numeric=False),
            Column("Ranges"),
            Column("Source", numeric=False),
            Column("Licence", numeric=False),
            Column("Digest", numeric=False),
        ),
        rows=tuple(Row(row_id(LISTS, row), _list_cells(row)) for row in material.lists),
        notes=("Where a list is not valid on the day of a connection, it speaks softly.",),
        folded=False,
    )


def _list_cells(row: dict[str, Any]) -> tuple[str, ...]:
    texts = (str(row.get(name) or "") for name in ("source", "licence"))
    return (
        str(row.get("kind") or ""),
        str(row.get("dates") or "always"),
        numbers.count(row.get("ranges")),
        *texts,
        str(row.get("digest") or "")[:DIGITS],
    )


def _versions(material: Material) -> Table:
    return Table(
        id=VERSIONS,
        title="What every number stands on",
        columns=(Column("What", numeric=False), Column("Value", numeric=False)),
        rows=tuple(
            Row(row_id(VERSIONS, name), (_WORDS.get(name, name), _value(value)))
            for name, value in (
                *material.provenance.items(),
                ("time zone", material.timezone),
                ("generated", material.generated),
            )
        ),
        folded=False,
    )


_WORDS = {
    "folkways": "Folkways, version",
    "population": "Population file, digest",
    "catalogue": "Catalogue of services, digest",
    "lists": "Reference lists, digest",
    "k": "k, least members of a cell",
    "simulated": "Simulated data",
    "time zone": "Time zone",
    "generated": "Generated",
}


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return text[:DIGITS] if len(text) == 64 and text.isalnum() else text


def _commands(material: Material) -> tuple[str, ...]:
    names = [shlex.quote(one.name) for one in material.rounds]
    lines = [
        f"folkways round STUDY {name} --period {one.first}..{one.last}"
        for name, one in zip(names, material.rounds, strict=True)
        if ".." not in one.name
    ]
    lines += [
        f"folkways summary STUDY --period {one.first}..{one.last} --by service --json"
        for one in material.rounds
    ]
    lines += [
        f"folkways compare STUDY {names[0]} {names[-1]} --by {group} --json"
        for group in material.comparisons
        if material.comparisons[group] and group in material.rounds[0].by
    ]
    return (*lines, f"folkways report STUDY {' '.join(names)} -o report.html")
