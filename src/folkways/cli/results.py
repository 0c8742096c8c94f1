"""Commands for answers: summary, round, compare, report, explain."""

from pathlib import Path
from typing import Annotated

import typer

from folkways.cli.options import (
    FilterOption,
    JsonOption,
    StudyArgument,
    print_json,
    print_rows,
    tell,
)
from folkways.cli.progress import Bars
from folkways.measure.groups import GROUPS
from folkways.study import Study

PERIOD_HELP = "local days A..B, both included; or a round's name"
ByOption = Annotated[
    str, typer.Option(metavar="GROUP,...", help=f"one or more of: {', '.join(GROUPS)}")
]
# Groups of time have no column: periods are compared, not their days or hours.
ITEMS = [name for name, group in GROUPS.items() if group.column]
ItemsOption = Annotated[
    str, typer.Option(metavar="GROUP,...", help=f"one or more of: {', '.join(ITEMS)}")
]


def summary(
    study: StudyArgument,
    period: Annotated[str, typer.Option(metavar="PERIOD", help=PERIOD_HELP)],
    by: ByOption = "service",
    filters: FilterOption = [],  # noqa: B006  # typer reads the default, nobody changes it
    as_json: JsonOption = False,
) -> None:
    """What was used in a period, by service, day or other groups.

    Connections, those answered, bytes out of and into the population, and active members.

    Example: folkways summary my-study --period 2017-04-01..2017-07-06 --by day
    """
    answer = Study.open(study).summary(period, _groups(by), filters)
    if as_json:
        print_json(answer)
        return
    print_rows(answer["rows"], none="Nothing of this was used in this period.")
    for sentence in answer["coverage"]["sentences"]:
        tell(sentence)


def freeze_round(
    study: StudyArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="letters, digits, - and _")],
    period: Annotated[
        str,
        typer.Option(metavar="A..B", help="local days, both included, as 2017-04-01..2017-07-06"),
    ],
) -> None:
    """Freeze a period under a name.

    Its findings are kept, with the digests of all that they stand on, so that a later change of the
    data, lists or catalogue does not go unnoticed.

    Example: folkways round my-study one --period 2017-04-01..2017-07-06
    """
    path = Study.open(study).freeze_round(name, period)
    tell(f"Round {name} is frozen in {path}.")


def compare(
    study: StudyArgument,
    before: Annotated[str, typer.Argument(metavar="BEFORE", help=PERIOD_HELP)],
    after: Annotated[str, typer.Argument(metavar="AFTER", help=PERIOD_HELP)],
    by: ItemsOption = "service",
    as_json: JsonOption = False,
) -> None:
    """How each item changed from one period to another, and how sure.

    Before and after are means of a complete day; low and high bound the ratio.

    Example: folkways compare my-study round-1 round-2 --by function
    """
    answer = Study.open(study).compare(before, after, _groups(by))
    if as_json:
        print_json(answer)
        return
    rows = answer["rows"]
    items = list(rows[0])[: list(rows[0]).index("measure")] if rows else []
    numbers = ["before", "after", "ratio", "low", "high", "q"]
    print_rows(
        rows,
        [*items, "measure", *numbers, "verdict", "reason"],
        none="Nothing was used in either period.",
    )
    for sentence in answer["guard"]:
        tell(sentence)


def report(
    study: StudyArgument,
    rounds: Annotated[
        list[str], typer.Argument(metavar="ROUND", help=f"two or more: {PERIOD_HELP}")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="where to write (.html)")
    ],
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="the page's title")] = None,
) -> None:
    """Write a page that compares rounds and needs nothing else.

    Example: folkways report my-study round-1 round-2 -o report.html
    """
    with Bars() as bars:
        Study.open(study).report(rounds, output, title=title, progress=bars)
    tell(f"The report: {output}")


def explain(
    study: StudyArgument,
    thing: Annotated[
        str, typer.Argument(metavar="THING", help="a host name, an address, or a port as tcp/443")
    ],
    day: Annotated[
        str | None,
        typer.Option(
            metavar="DAY", help="judge by the lists of this day; else of the last one held"
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Which rules speak for a host, address or port, and which wins.

    Example: folkways explain my-study www.instagram.com
    """
    rows = Study.open(study).explain(thing, day)
    if as_json:
        print_json({"schema": "folkways.explain/1", "rows": rows})
        return
    print_rows(rows, none=f"No rule speaks for {thing}.")


def _groups(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]
