"""Arguments and options that several commands share, and how answers are printed."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.cells import cell_len

from folkways.cli.printable import escaped, printable, speaks_utf8
from folkways.read.reader import ReadOptions
from folkways.read.readers import READERS

MOST_SAMPLING = 2**32 - 1
"""What exporters have 32 bits for; bytes are multiplied by it, and must fit 64."""
MOST_SECONDS = 366 * 86_400.0

StudyArgument = Annotated[Path, typer.Argument(metavar="STUDY", help="the study's folder")]
SourceArguments = Annotated[
    list[str],
    typer.Argument(metavar="SOURCE", help="files, directories, or - for standard input"),
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help=f"{', '.join(r.name for r in READERS)}; found by content if left out",
    ),
]
MappingOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="for tables: a mapping file, or a preset's name, that says which column is which",
    ),
]
SamplingOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="packets were sampled 1 in N before they were measured",
        min=1,
        max=MOST_SAMPLING,
    ),
]
ExporterOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="who measured, where the files do not say it"),
]
ActiveOption = Annotated[
    float,
    typer.Option(
        metavar="SECONDS",
        help="captures: cut flows that last longer than this",
        min=1,
        max=MOST_SECONDS,
    ),
]
IdleOption = Annotated[
    float,
    typer.Option(
        metavar="SECONDS",
        help="captures: end flows after so long a silence",
        min=1,
        max=MOST_SECONDS,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON instead of a table")]
FilterOption = Annotated[
    list[str],
    typer.Option(
        "--filter",
        metavar="GROUP=VALUE",
        help="only what has this value, such as service=facebook; can be given several times",
    ),
]

DEFAULT_OPTIONS = ReadOptions()
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
GAP = "  "


def print_json(value: Any) -> None:
    """JSON on standard output, UTF-8, one value; ASCII alone where the output is not UTF-8."""
    plain = not speaks_utf8(sys.stdout)
    typer.echo(escaped(json.dumps(value, indent=1, ensure_ascii=plain, allow_nan=False)))


def tell(sentence: str, *, err: bool = False) -> None:
    """A line on standard output, or on standard error."""
    typer.echo(printable(sentence), err=err)


def print_rows(
    rows: Sequence[dict[str, Any]],
    columns: Sequence[str] | None = None,
    *,
    none: str = "Nothing to show.",
) -> None:
    """A table for people: numbers grouped and flush right, never cut to a terminal's width.

    ``none`` is said where there are no rows.
    """
    if not rows:
        tell(none)
        return
    columns = list(columns or rows[0])
    numeric = [any(_is_number(row.get(c)) for row in rows) and c != "weekday" for c in columns]
    cells = [[_cell(c, row.get(c)) for c in columns] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
    for number, line in enumerate([columns, *cells]):
        padded = [
            " " * (w - cell_len(text)) + text if right else text + " " * (w - cell_len(text))
            for text, w, right in zip(line, widths, numeric, strict=True)
        ]
        typer.secho(GAP.join(padded).rstrip(), bold=True if number == 0 else None)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(column: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if column == "weekday":
        return WEEKDAYS[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return _float(value)
    return printable(str(value))


def _float(value: float) -> str:
    """Three digits that count, written out; very small ones with a power of ten."""
    size = abs(value)
    if size >= 99.95:
        return f"{value:,.0f}"
    if size >= 9.995:
        return f"{value:.1f}"
    if size >= 0.9995:
        return f"{value:.2f}"
    if size >= 0.001 or not size:
        return f"{value:.3g}"
    return f"{value:.1e}"
