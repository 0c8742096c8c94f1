# noqa: INP001  # a script, run by make docs
"""Writes docs/reference from the code, and the outputs that pages show from real runs.

With ``--check`` nothing is written; pages that would differ are named, and the exit code is 1.
"""

import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import console
import json_shapes
import typer

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.fetching.entries import known_entries
from folkways.attribute.imports.formats import FORMATS as LIST_FORMATS
from folkways.attribute.lists import KINDS
from folkways.cli.app import app
from folkways.model.columns import ANSWERS, CONNECTED, NAMES, RECORDS, TABLES
from folkways.read.readers import READERS
from folkways.read.tabular import presets
from folkways.store.sources import SOURCES

DOCS = Path(__file__).resolve().parent
WIDTH = 98
MADE = "<!-- Made by docs/generate.py (make docs); do not edit. -->\n"
COMMANDS = """\
# Commands

Exit codes: 0 done; 3 some of the sources could not be read, the rest went in; 2 the user can mend
it; 1 the machine or Folkways failed; 130 stopped by Ctrl-C. An error is one line on standard error.
`--json` prints one JSON value on standard output, described in [JSON](json.md). Progress bars go to
standard error, and only to a terminal.

Environment: `FOLKWAYS_CONFIG_DIR` says where keys lie (else `$XDG_CONFIG_HOME/folkways`, else
`~/.config/folkways`), `FOLKWAYS_MEMORY_MB` how much memory the engine may use, and
`FOLKWAYS_THREADS` how many threads.
"""
SCHEMA = """\
# Tables

Readers yield `records`, `names` and `answers`. A study stores `observed`, `names`, `answers`,
`connections` and `sources`, each as a Delta table of Parquet files. Unknown is null; zero is a
measurement. Addresses are 16 bytes, IPv4 as IPv4-mapped IPv6.
"""
FORMATS = """\
# Formats

A format is found by content, never by a file's name; `--format` names one. Each may be packed as
gzip, zstd, bz2 or xz. What gives no row is counted by cause; `folkways inspect` shows the counts.
"""
FIELDS = """\
## What each format can say

A field of `records` (see [tables](schema.md)) that a format can fill is marked; whether a file does
fill it depends on who wrote it. `answers` are DNS answers, `names` are names that are logged apart.
"""
PRESETS = """\
Presets are found by their column names, or named with `--mapping`. For other tables write a
[mapping file](../how-to/tables.md).
"""
CATALOGUE = """\
# Catalogue

{services} services of {operators} operators, known by {domains:,} domains and by addresses, ports
and sensors' labels. Each fact has its source and date. `folkways catalogue list` shows every
service, `folkways catalogue check` looks for contradictions.
"""
SIGNATURES = """\
# Handshakes

In captures these handshakes are recognised, whatever the port; a flow gets the label as if a
sensor had given it. Each signature asks for at least 32 telling bits, most for an answer that fits.
Without the first packets of a flow nothing is said. A Tor link is TLS like any other, and what is
random from the first octet on (obfuscated proxies) shows nothing.
"""
LISTS = """\
# Reference lists

`folkways reference import` reads these formats; each is found by content, and `--format` names one.
How lists are used stands in [a page of its own](../how-to/lists.md).
"""
JSON = """\
# JSON

Every answer names its shape and version in `schema`; within a version no key changes its meaning.
Days are local days of the population, instants are UTC. The examples are real answers on the
simulated study `two-days`; lists are cut after two items, digests and moments are left out.
"""


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; bars inside cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines
    )


def commands() -> Iterator[str]:
    """Every command's --help."""
    yield COMMANDS
    root = typer.main.get_command(app)
    with root.make_context("folkways", [], resilient_parsing=True, terminal_width=WIDTH) as context:
        yield from _help(context)


def _help(context: Any) -> Iterator[str]:
    yield f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n"
    for name, command in vars(context.command).get("commands", {}).items():
        with command.make_context(name, [], parent=context, resilient_parsing=True) as below:
            yield from _help(below)


def schema() -> Iterator[str]:
    """All tables, from the one place where columns are declared."""
    yield SCHEMA
    passing = (RECORDS, NAMES, ANSWERS, CONNECTED)
    for one in (*TABLES, SOURCES):
        kind = "in passing" if one in passing else "stored"
        yield f"## {one.name} ({kind})\n\n{one.meaning[0].upper()}{one.meaning[1:]}.\n"
        yield table(
            ["column", "type", "null", "unit", "meaning"],
            [
                [f"`{c.name}`", str(c.type), "yes" if c.nullable else "no", c.unit, c.meaning]
                for c in one.columns
            ],
        )


def formats() -> Iterator[str]:
    """What each format can say, the readers in their order, and the presets for tables."""
    yield FORMATS
    yield FIELDS
    yield fields_by_format()
    for reader in READERS:
        name = type(reader).__module__.removesuffix(".reader")
        told = (sys.modules[name].__doc__ or "").replace("``", "`").strip()
        yield f"## {reader.name}\n\n{told}\n"
    yield PRESETS
    yield table(
        ["preset", "format", "a row is", "meaning"],
        [[f"`{m.name}`", m.format, m.direction, m.meaning] for m in presets()],
    )


def fields_by_format() -> str:
    """Fields of records, and the tables beside them, by the formats that can fill them."""
    known = {name for reader in READERS for name in reader.gives}
    beside = {"names", "answers"}
    unknown = known - beside - set(RECORDS.names)
    if unknown:
        raise ValueError(f"readers declare fields that no record has: {', '.join(unknown)}")
    names = [*(n for n in RECORDS.names if n in known), *sorted(known & beside)]
    return table(
        ["field", *(reader.name for reader in READERS)],
        [
            [f"`{name}`", *("x" if name in reader.gives else "" for reader in READERS)]
            for name in names
        ],
    )


def catalogue() -> Iterator[str]:
    """The functions with how many services each has."""
    known = Catalogue.load()
    services = Counter(service.function for service in known.services.values())
    yield CATALOGUE.format(
        services=len(known.services),
        operators=len(known.operators),
        domains=sum(len(service.domains) for service in known.services.values()),
    )
    text = (files("folkways.attribute") / "functions.toml").read_text(encoding="utf-8")
    functions = sorted(tomllib.loads(text)["function"], key=lambda f: -services[f["id"]])
    yield table(
        ["function", "name", "services", "meaning"],
        [[f"`{f['id']}`", f["name"], str(services[f["id"]]), f["meaning"]] for f in functions],
    )


def handshakes() -> Iterator[str]:
    """Labels of signatures with their transports and sources."""
    text = (files("folkways.read.capture") / "signatures.toml").read_text(encoding="utf-8")
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in tomllib.loads(text)["signature"]:
        found.setdefault(entry["label"], []).append(entry)
    yield SIGNATURES
    yield table(
        ["label", "signatures", "over", "source"],
        [
            [
                f"`{label}`",
                str(len(entries)),
                ", ".join(sorted({e["transport"] for e in entries})),
                "; ".join(dict.fromkeys(e["source"] for e in entries)),
            ]
            for label, entries in sorted(found.items())
        ],
    )


def lists() -> Iterator[str]:
    """Formats and kinds of reference lists, and what can be fetched."""
    yield LISTS
    yield table(
        ["format", "what it is", "kinds"],
        [[f"`{f.id}`", f.title, ", ".join(f.kinds) or "any (`--kind`)"] for f in LIST_FORMATS],
    )
    yield "\n## Kinds\n"
    yield table(["kind", "its values"], [[f"`{k}`", values] for k, values in KINDS.items()])
    yield "\n## What can be fetched\n"
    yield table(
        ["list", "kind", "licence", "described at", "note"],
        [
            [f"`{e.id}`", e.kind, e.licence or "", e.source or "", e.note or ""]
            for e in known_entries()
        ],
    )


def json_page() -> Iterator[str]:
    """The shapes of JSON answers."""
    yield JSON
    yield from json_shapes.sections(DOCS / "json-keys.toml")


MADE_PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "reference/commands.md": commands,
    "reference/schema.md": schema,
    "reference/formats.md": formats,
    "reference/catalogue.md": catalogue,
    "reference/handshakes.md": handshakes,
    "reference/lists.md": lists,
    "reference/json.md": json_page,
}
RUN_PAGES = ("tutorial.md", "how-to/tables.md", "how-to/lists.md")


def page(name: str) -> str:
    """A page as it should be now."""
    if name in MADE_PAGES:
        return "\n".join([MADE, *MADE_PAGES[name]()])
    return console.refresh((DOCS / name).read_text(encoding="utf-8"))


def main(arguments: list[str]) -> int:
    """Write the pages that differ, or with ``--check`` only name them; the exit code."""
    check = "--check" in arguments
    stale = []
    for name in (*MADE_PAGES, *RUN_PAGES):
        path, text = DOCS / name, page(name)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        sys.stdout.write(f"docs/{name} {'differs; run make docs' if check else 'written'}\n")
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
