"""Commands for what attribution stands on: reference lists and the catalogue."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from folkways.cli.options import StudyArgument, print_rows
from folkways.model.errors import UserError
from folkways.study import Study
from folkways.study.catalogue import check_catalogue, list_services

reference_app = typer.Typer(name="reference", help="The dated address lists of a study.")
catalogue_app = typer.Typer(name="catalogue", help="The services and operators that are known.")


@reference_app.command("import")
def import_list(
    study: StudyArgument,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="CSV of start,end,value[,name]; may be gzipped"),
    ],
    kind: Annotated[
        str,
        typer.Option(metavar="KIND", help="asn, country, hosting, cdn, vpn, tor-relay or proxy"),
    ],
    source: Annotated[str, typer.Option(metavar="TEXT", help="where the list comes from")],
    first: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="valid from this day")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="valid to this day, included")
    ] = None,
    licence: Annotated[str, typer.Option(metavar="TEXT", help="its licence")] = "unknown",
) -> None:
    """Import an address list with the dates when it is valid.

    Settle afterwards, so that days already stored are judged by it.

    Example: folkways reference import my-study tor.csv --kind tor-relay --source
    "Tor consensus" --from 2017-04-01 --to 2017-04-30
    """
    opened = Study.open(study)
    told = opened.import_list(
        file, kind, source=source, first=_day(first), last=_day(last), licence=licence
    )
    typer.echo(f"{told}.\nIf the study holds days already: folkways settle {study}")


@reference_app.command("list")
def list_lists(study: StudyArgument) -> None:
    """The lists of a study with their dates.

    Example: folkways reference list my-study
    """
    print_rows(Study.open(study).lists(), none="No lists yet; see folkways reference import.")


@catalogue_app.command("list")
def list_catalogue() -> None:
    """All services with function and operator.

    Example: folkways catalogue list
    """
    print_rows(list_services())


@catalogue_app.command("check")
def check() -> None:
    """Look for contradictions, and facts without a source.

    Example: folkways catalogue check
    """
    problems = check_catalogue()
    for problem in problems:
        typer.echo(problem)
    typer.echo(f"{len(problems) or 'No'} problem{'' if len(problems) == 1 else 's'}.")
    if problems:
        raise typer.Exit(1)


def _day(text: str | None) -> dt.date | None:
    try:
        return None if text is None else dt.date.fromisoformat(text)
    except ValueError:
        raise UserError(f"{text!r} is not a day; write it as 2017-04-01.") from None
