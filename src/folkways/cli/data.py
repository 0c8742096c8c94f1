"""Commands for what goes into a study: ingest, settle, sources, key."""

from typing import Annotated

import typer

from folkways.cli.options import (
    DEFAULT_OPTIONS,
    ActiveOption,
    FormatOption,
    IdleOption,
    JsonOption,
    MappingOption,
    SourceArguments,
    StudyArgument,
    print_json,
    print_rows,
)
from folkways.cli.progress import Bars
from folkways.model.errors import UserError
from folkways.read.reader import ReadOptions
from folkways.study import Study

key_app = typer.Typer(name="key", help="The key of a study's pseudonyms.")


def ingest(
    study: StudyArgument,
    sources: SourceArguments,
    wanted: FormatOption = None,
    mapping: MappingOption = None,
    active_timeout: ActiveOption = DEFAULT_OPTIONS.active_timeout_s,
    idle_timeout: IdleOption = DEFAULT_OPTIONS.idle_timeout_s,
    sampling: Annotated[
        int | None, typer.Option(help="packets were sampled 1 in N before all this", min=1)
    ] = None,
    jobs: Annotated[int, typer.Option(help="so many processes read at once", min=1)] = 1,
) -> None:
    """Read sources into a study, each content once, and settle the days that they touch.

    Run it again over a directory that grew: only what is new is read.

    Example: folkways ingest my-study /var/log/zeek
    """
    options = ReadOptions(active_timeout, idle_timeout, mapping, sampling)
    with Bars() as bars:
        done = Study.open(study).ingest(
            *sources, wanted=wanted, options=options, jobs=jobs, progress=bars
        )
    rows = sum(entry.rows for entry in done.entries)
    typer.echo(
        f"{len(done.entries)} sources in, {rows:,} flows; {len(done.known)} were there already; "
        f"{len(done.refused)} could not be read."
    )
    skipped = done.skipped
    for cause, count in skipped.most_common():
        typer.echo(f"  {count:,} skipped: {cause}")
    for name, cause in done.refused[:20]:
        typer.echo(f"  not read: {name}: {cause}")


def settle(
    study: StudyArgument,
    days: Annotated[str | None, typer.Option(help="only these local days, A..B")] = None,
) -> None:
    """Derive days again whose sources, lists, catalogue or rules have changed.

    Example: folkways settle my-study --days 2017-04-01..2017-04-30
    """
    with Bars() as bars:
        settled = Study.open(study).settle(days, progress=bars)
    typer.echo(f"{len(settled)} days settled.")


def sources(
    study: StudyArgument,
    action: Annotated[str | None, typer.Argument(metavar="[remove", help="take one out")] = None,
    source: Annotated[str | None, typer.Argument(metavar="ID]", help="its id")] = None,
    as_json: JsonOption = False,
) -> None:
    """What went into a study; with "remove ID", take a source out and settle its days again.

    Example: folkways sources my-study remove 0123456789abcdef
    """
    opened = Study.open(study)
    if action is None:
        rows = opened.sources()
        if as_json:
            print_json({"schema": "folkways.sources/1", "sources": rows})
        else:
            print_rows(rows, ["id", "format", "records", "rows", "first", "last", "name"])
        return
    if action != "remove" or source is None:
        raise UserError("write: folkways sources STUDY, or folkways sources STUDY remove ID")
    with Bars() as bars:
        days = opened.remove_source(source, progress=bars)
    typer.echo(f"{source} is out; {len(days)} days settled again.")


@key_app.command("destroy")
def destroy(
    study: StudyArgument,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Destroy the key of a study's pseudonyms for good.

    Afterwards nobody can tell which address a pseudonym stands for, and no further sources can be
    ingested into this study. All that is stored stays, and can be measured and reported.

    Example: folkways key destroy my-study --yes
    """
    opened = Study.open(study)
    if not yes:
        typer.confirm(
            "Destroy the key? No further sources can be ingested into this study then.", abort=True
        )
    opened.destroy_key()
    typer.echo("The key is destroyed; the study takes no further sources.")
