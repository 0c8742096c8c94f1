"""Arguments and options that several commands share, and how answers are printed."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from folkways.read.reader import ReadOptions

StudyArgument = Annotated[Path, typer.Argument(metavar="STUDY", help="the study's folder")]
SourceArguments = Annotated[
    list[str],
    typer.Argument(metavar="SOURCE...", help="files, directories, or - for standard input"),
]
FormatOption = Annotated[
    str | None, typer.Option("--format", help="zeek, pcap or table; found by content if left out")
]
MappingOption = Annotated[
    str | None,
    typer.Option(help="for tables: a mapping file or preset that says which column is which"),
]
ActiveOption = Annotated[
    float, typer.Option(help="captures: cut flows after so many seconds", min=1)
]
IdleOption = Annotated[
    float, typer.Option(help="captures: end flows after so many silent seconds", min=1)
]
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON instead of a table")]
FilterOption = Annotated[
    list[str],
    typer.Option("--filter", help="only rows of this value, such as service=facebook; repeatable"),
]

DEFAULT_OPTIONS = ReadOptions()


def print_json(value: Any) -> None:
    """JSON on standard output, UTF-8, one value."""
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False))


def print_rows(rows: list[dict[str, Any]], columns: list[str] | None = None) -> None:
    """A table for people; numbers are grouped and set flush right."""
    if not rows:
        typer.echo("(no rows)")
        return
    columns = columns or list(rows[0])
    numeric = {c for c in columns if any(isinstance(r.get(c), int | float) for r in rows)}
    console = Console(soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in numeric else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(_cell(row.get(c)) for c in columns))
    if console.is_terminal:
        console.print(table, markup=False)
    else:
        # In a pipe nothing may be cut to a terminal's width.
        Console(width=10_000).print(table, markup=False)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return str(value)
