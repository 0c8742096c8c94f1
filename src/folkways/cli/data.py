"""Commands for what goes into a study: ingest, settle, sources, key."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from folkways.cli.options import (
    DEFAULT_OPTIONS,
    ActiveOption,
    ExporterOption,
    FormatOption,
    IdleOption,
    JsonOption,
    MappingOption,
    SamplingOption,
    SourceArguments,
    StudyArgument,
    print_json,
    print_rows,
    tell,
)
from folkways.cli.progress import Bars
from folkways.model.errors import UserError
from folkways.read.reader import ReadOptions
from folkways.study import Study
from folkways.study.ingested import Ingested
from folkways.study.set_aside import WHY

key_app = typer.Typer(name="key", help="The key of a study's pseudonyms.")
MOST_REFUSED = 20
SOME_REFUSED = 3
"""The exit code where some of the sources could not be read, and the rest went in."""


def ingest(
    study: StudyArgument,
    sources: SourceArguments,
    wanted: FormatOption = None,
    mapping: MappingOption = None,
    active_timeout: ActiveOption = DEFAULT_OPTIONS.active_timeout_s,
    idle_timeout: IdleOption = DEFAULT_OPTIONS.idle_timeout_s,
    sampling: SamplingOption = None,
    exporter: ExporterOption = None,
    jobs: Annotated[
        int, typer.Option(metavar="N", help="so many processes read at once", min=1, max=1024)
    ] = 1,
    dry: Annotated[
        bool, typer.Option("--dry-run", help="write nothing; say what would go in, and estimates")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Read files into a study, each content exactly once.

    The days that they touch are settled. Run it again over a directory that grew: only what is new
    is read.

    The exit code is 3 if some of the files could not be read; the others went in all the same.

    Example: folkways ingest my-study /var/log/zeek
    """
    options = ReadOptions(active_timeout, idle_timeout, mapping, sampling, exporter)
    if dry:
        _end(_dry_run(Study.open(study), sources, wanted, options, as_json=as_json))
        return
    with Bars() as bars:
        done = Study.open(study).ingest(
            *sources, wanted=wanted, options=options, jobs=jobs, progress=bars
        )
    if as_json:
        print_json(done.to_json())
    else:
        _tell_done(done)
    _end(len(done.refused))


def _tell_done(done: Ingested) -> None:
    rows = sum(entry.rows for entry in done.entries)
    tell(
        f"{_count(len(done.entries), 'source')} in ({_count(rows, 'flow')}), {len(done.known):,} "
        f"known already, {len(done.refused):,} not readable."
    )
    if done.renewed:
        tell(f"  {_count(len(done.renewed), 'source')} read anew, since more is known now")
    for cause, count in done.skipped.most_common():
        tell(f"  {count:,} skipped: {cause}")
    for one in done.set_aside:
        octets = sum(one[way] or 0 for way in ("bytes_out", "bytes_in"))
        tell(f"  {_count(one['rows'], 'row')} of these days {WHY[one['kind']]} ({octets:,} bytes)")
    _tell_refused(done.refused)
    if done.refused:
        tell(f"{_count(len(done.refused), 'source')} could not be read; the rest is in.")


def _end(refused: int) -> None:
    """End with the exit code that says whether all could be read."""
    if refused:
        raise typer.Exit(SOME_REFUSED)


def _tell_refused(refused: Sequence[tuple[str, str]]) -> None:
    for name, cause in refused[:MOST_REFUSED]:
        tell(f"  not read: {cause if name in cause else f'{name}: {cause}'}")
    if len(refused) > MOST_REFUSED:
        tell(f"  and {len(refused) - MOST_REFUSED:,} more")


def _dry_run(
    study: Study, sources: list[str], wanted: str | None, options: ReadOptions, *, as_json: bool
) -> int:
    """Tell what would go in; how many sources could not be read."""
    with Bars() as bars:
        told = study.dry_run(*sources, wanted=wanted, options=options, progress=bars)
    refused = [(one["path"], one["error"]) for one in told["sources"] if one["error"]]
    if as_json:
        print_json(told)
        return len(refused)
    rows = [{**one, "format": _state(one)} for one in told["sources"]]
    print_rows(rows, ["format", "records", "flows", "disk_bytes", "seconds", "path"])
    tell(
        f"Nothing was written. Would go in: about {told['flows']:,} flows, "
        f"{_megabytes(told['disk_bytes'])} on disk ({_megabytes(told['disk_free_bytes'])} are "
        f"free), {told['seconds']:,.0f} s."
    )
    _tell_refused(refused)
    if not told["fits"]:
        tell("The disk is too small for this.")
    if refused:
        tell(f"{_count(len(refused), 'source')} could not be read.")
    return len(refused)


def _state(one: dict[str, Any]) -> str:
    if one["known"]:
        return "known already"
    return str(one["format"]) if one["error"] is None else "not readable"


def _megabytes(number: int) -> str:
    return f"{number / 1e6:,.1f} MB"


def settle(
    study: StudyArgument,
    days: Annotated[str | None, typer.Option(metavar="A..B", help="only these local days")] = None,
) -> None:
    """Derive days again whose sources, lists or rules changed.

    Example: folkways settle my-study --days 2017-04-01..2017-04-30
    """
    with Bars() as bars:
        settled = Study.open(study).settle(days, progress=bars)
    tell(f"{_count(len(settled), 'day')} settled.")


def sources(
    study: StudyArgument,
    action: Annotated[
        str | None, typer.Argument(metavar="remove", help="take a source out")
    ] = None,
    source: Annotated[str | None, typer.Argument(metavar="ID", help="the source's id")] = None,
    as_json: JsonOption = False,
) -> None:
    """What went into a study; or take a source out.

    With "remove ID", all that came of this source is taken out and its days are settled again.

    Example: folkways sources my-study remove 0123456789abcdef
    """
    opened = Study.open(study)
    if action is None:
        rows = opened.sources()
        if as_json:
            print_json({"schema": "folkways.sources/1", "sources": rows})
        else:
            columns = ["id", "format", "records", "rows", "first", "last", "name"]
            print_rows(rows, columns, none="No sources yet.")
        return
    if action != "remove" or source is None:
        raise UserError("write folkways sources STUDY, or folkways sources STUDY remove ID.")
    with Bars() as bars:
        days = opened.remove_source(source, progress=bars)
    tell(f"{source} is out; {_count(len(days), 'day')} settled again.")


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
        question = "Destroy the key? No further sources can be ingested into this study then."
        if not sys.stdin.isatty() or not typer.confirm(question, err=True):
            raise UserError("not confirmed; the key stays. Without a terminal, say --yes.")
    opened.destroy_key()
    tell("The key is destroyed; the study takes no further sources.")


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
