"""Commands for what attribution stands on: reference lists and the catalogue."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from folkways.attribute.imports.formats import FORMATS
from folkways.attribute.lists import KINDS
from folkways.cli.options import JsonOption, StudyArgument, print_json, print_rows, tell
from folkways.cli.progress import Bars
from folkways.model.errors import UserError
from folkways.study import Study
from folkways.study.catalogue import check_catalogue, list_services
from folkways.study.reference import fetchable

LIST_FORMATS = [form.id for form in FORMATS]

reference_app = typer.Typer(name="reference", help="The dated address lists of a study.")
catalogue_app = typer.Typer(name="catalogue", help="The services and operators that are known.")


@reference_app.command("import")
def import_list(
    study: StudyArgument,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="the list, or a folder of lists; may be compressed"),
    ],
    source: Annotated[str, typer.Option(metavar="TEXT", help="where the list comes from")],
    kind: Annotated[
        str | None,
        typer.Option(metavar="KIND", help=f"{', '.join(KINDS)}; needed where the file says none"),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="FORMAT", help=f"{', '.join(LIST_FORMATS)}; found by content"
        ),
    ] = None,
    value: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="whose the addresses are, where the rows say none"),
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="valid from this day")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="valid to this day, included")
    ] = None,
    licence: Annotated[str, typer.Option(metavar="TEXT", help="its licence")] = "unknown",
) -> None:
    """Import a published list with the dates when it is valid.

    Settle afterwards, so that days already stored are judged by it.

    Example: folkways reference import my-study tor.csv --kind tor-relay --source
    "Tor consensus" --from 2017-04-01 --to 2017-04-30
    """
    told = Study.open(study).import_list(
        file,
        kind,
        source=source,
        first=_day(first),
        last=_day(last),
        licence=licence,
        form=form,
        value=value,
    )
    tell(f"{told}.")
    tell(_settle_words(study))


@reference_app.command("fetch")
def fetch(
    study: StudyArgument,
    wanted: Annotated[
        list[str] | None,
        typer.Argument(metavar="[LIST]...", help="ids of lists; none: say which there are"),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="TOML with more lists to fetch, see the how-to"),
    ] = None,
) -> None:
    """Fetch published lists over the network and import them.

    Example: folkways reference fetch my-study ip-location-db-asn tor-consensus
    """
    if not wanted:
        print_rows(fetchable(settings))
        return
    with Bars() as bars:
        came, failed = Study.open(study).fetch_lists(*wanted, settings=settings, progress=bars)
    for sentence in came:
        tell(f"{sentence}.")
    if came:
        tell(_settle_words(study))
    for sentence in failed:
        tell(sentence, err=True)
    if failed:
        raise typer.Exit(1)


@reference_app.command("list")
def list_lists(study: StudyArgument, *, as_json: JsonOption = False) -> None:
    """The lists of a study, their dates, and how far off these are.

    Example: folkways reference list my-study
    """
    rows = Study.open(study).lists()
    if as_json:
        print_json(rows)
    else:
        columns = [name for name in rows[0] if name != "digest"] if rows else None
        print_rows(rows, columns, none="No lists yet; see folkways reference import.")


@reference_app.command("show")
def show(
    study: StudyArgument,
    identity: Annotated[str, typer.Argument(metavar="LIST", help="its id, or how that begins")],
) -> None:
    """One list: its source, its dates, what it says most often.

    Example: folkways reference show my-study asn-2026
    """
    facts, values = Study.open(study).list_details(identity)
    for name, fact in facts.items():
        tell(f"{name}: {'-' if fact is None else fact}")
    print_rows(values)


def _settle_words(study: Path) -> str:
    return f"If the study holds days already: folkways settle {study}"


@catalogue_app.command("list")
def list_catalogue() -> None:
    """All services with function and operator.

    Example: folkways catalogue list
    """
    print_rows(list_services())


@catalogue_app.command("import")
def import_names(
    study: StudyArgument,
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            help="v2fly's domain-list-community (a checkout or its tar), a hosts file, domains one "
            "a line, or CSV of host,service",
        ),
    ],
    source: Annotated[str, typer.Option(metavar="TEXT", help="where the list comes from")],
    version: Annotated[
        str | None, typer.Option("--version", metavar="TEXT", help="its version or date")
    ] = None,
    service: Annotated[
        str | None,
        typer.Option(metavar="ID", help="for hosts without a service of their own: which it is"),
    ] = None,
    function: Annotated[
        str | None,
        typer.Option(metavar="ID", help="the function of services that the catalogue lacks"),
    ] = None,
    licence: Annotated[str, typer.Option(metavar="TEXT", help="its licence")] = "unknown",
) -> None:
    """Import a domain list into a study, below the catalogue.

    Where the catalogue itself says nothing of a name, the list decides.

    Example: folkways catalogue import my-study domain-list-community --source v2fly
    --version 2026-10
    """
    told = Study.open(study).import_names(
        path, source=source, licence=licence, version=version, service=service, function=function
    )
    for sentence in told:
        tell(f"{sentence}.")
    tell(_settle_words(study))


@catalogue_app.command("check")
def check() -> None:
    """Look for contradictions, and facts without a source.

    Example: folkways catalogue check
    """
    problems = check_catalogue()
    for problem in problems:
        tell(problem)
    tell(f"{len(problems) or 'No'} problem{'' if len(problems) == 1 else 's'}.")
    if problems:
        raise typer.Exit(1)


def _day(text: str | None) -> dt.date | None:
    try:
        return None if text is None else dt.date.fromisoformat(text)
    except ValueError:
        raise UserError(f"{text!r} is not a day; write it as 2017-04-01.") from None
