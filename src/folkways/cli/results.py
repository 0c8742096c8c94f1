"""Commands for answers: summary, round, compare, report, explain."""

from pathlib import Path
from typing import Annotated

import typer

from folkways.cli.options import FilterOption, JsonOption, StudyArgument, print_json, print_rows
from folkways.cli.progress import Bars
from folkways.study import Study

SUMMARY_GROUPS = (
    "day, service, function, operator, jurisdiction, country, hidden, encrypted, hour, weekday, "
    "evidence, member_range"
)
PeriodOption = Annotated[
    str, typer.Option(help="local days A..B, both included; or the name of a round")
]


def summary(
    study: StudyArgument,
    period: PeriodOption,
    by: Annotated[str, typer.Option(help=f"one or more of: {SUMMARY_GROUPS}")] = "service",
    filters: FilterOption = [],  # noqa: B006  # typer reads the default, nobody changes it
    as_json: JsonOption = False,
) -> None:
    """What was used in a period: connections, answered, bytes, members.

    Example: folkways summary my-study --period 2017-04-01..2017-07-06 --by day,service --json
    """
    answer = Study.open(study).summary(period, by.split(","), filters)
    if as_json:
        print_json(answer)
        return
    print_rows(answer["rows"])
    for sentence in answer["coverage"]["sentences"]:
        typer.echo(sentence)


def freeze_round(
    study: StudyArgument,
    name: Annotated[str, typer.Argument(help="letters, digits, - and _")],
    period: Annotated[str, typer.Option(help="local days A..B, both included")],
) -> None:
    """Freeze a period under a name, with its findings and the digests of all that it stands on.

    Example: folkways round my-study one --period 2017-04-01..2017-07-06
    """
    path = Study.open(study).freeze_round(name, period)
    typer.echo(f"Round {name} is frozen in {path}")


def compare(
    study: StudyArgument,
    before: Annotated[str, typer.Argument(help="a round, or local days A..B")],
    after: Annotated[str, typer.Argument(help="a round, or local days A..B")],
    by: Annotated[str, typer.Option(help="service, function, operator, ...")] = "service",
    as_json: JsonOption = False,
) -> None:
    """How each item changed between two rounds or periods, how sure that is, and what is not known.

    Example: folkways compare my-study 2017-04-01..2017-07-06 2017-12-01..2018-03-15 --by function
    """
    answer = Study.open(study).compare(before, after, by.split(","))
    if as_json:
        print_json(answer)
        return
    for sentence in answer["guard"]:
        typer.echo(sentence)
    columns = [*by.split(","), "measure", "before", "after", "ratio", "low", "high", "q", "verdict"]
    print_rows(answer["rows"], [*columns, "reason"])


def report(
    study: StudyArgument,
    rounds: Annotated[list[str], typer.Argument(help="rounds or local days A..B, two or more")],
    output: Annotated[Path, typer.Option("-o", "--output", help="where to write (.html)")],
    title: Annotated[str | None, typer.Option(help="the page's title")] = None,
) -> None:
    """Write the report that compares rounds: one page that needs nothing else.

    Example: folkways report my-study 2017-04-01..2017-07-06 2017-12-01..2018-03-15 -o report.html
    """
    with Bars() as bars:
        Study.open(study).report(rounds, output, title=title, progress=bars)
    typer.echo(f"The report: {output}")


def explain(
    study: StudyArgument,
    thing: Annotated[str, typer.Argument(help="a host name, an address, or a port as tcp/443")],
    day: Annotated[str | None, typer.Option(help="judged by the lists of this day")] = None,
    as_json: JsonOption = False,
) -> None:
    """Which rules speak for a host, address or port, which one wins, and why.

    Example: folkways explain my-study www.instagram.com
    """
    rows = Study.open(study).explain(thing, day)
    if as_json:
        print_json({"schema": "folkways.explain/1", "rows": rows})
        return
    print_rows(rows)
