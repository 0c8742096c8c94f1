"""What was observed: sources, coverage by day, and what a change of coverage could fake."""

from folkways.report import numbers
from folkways.report.claims import claim, row_id
from folkways.report.dates import short_day, span_text
from folkways.report.figures import calendar_chart
from folkways.report.material import Material, RoundMaterial
from folkways.report.model import (
    Block,
    Claim,
    Claims,
    Column,
    Heading,
    Points,
    Prose,
    Row,
    Section,
    Table,
)
from folkways.report.names import round_title

WEEK = 7
"""Shorter rounds need no calendar; the table says it all."""

COVERAGE, INCOMPLETE = "coverage", "incomplete-days"


def observed(material: Material) -> Section:
    """Coverage of each round, its incomplete days, and the guard's sentences."""
    claims = tuple(_claim(one) for one in material.rounds)
    rows = tuple(_row(one) for one in material.rounds)
    blocks: list[Block] = [Claims("", claims), _coverage_table(rows)]
    if any(len(one.coverage) >= WEEK for one in material.rounds):
        blocks.append(
            calendar_chart(
                material,
                "chart-coverage",
                "Hours observed on each day",
                "Each square is a day, darker the more of its hours hold at least one row. "
                "A ringed day is incomplete and left out of comparisons; a white one holds "
                "nothing.",
            )
        )
    blocks.append(_incomplete(material))
    blocks.append(Heading("Could a change of coverage fake a change of behaviour?"))
    if material.guard:
        blocks.append(Points("", tuple(material.guard)))
    else:
        blocks.append(
            Prose(
                "Nothing was found that would: the same exporters, sampling, hours of the day and "
                "share of flawed rows in the first and the last round."
            )
        )
    return Section("2", "observed", "What was observed", tuple(blocks))


def _claim(one: RoundMaterial) -> Claim:
    span = span_text(one.first, one.last)
    lead = f"{span}:" if ".." in one.name else f"{round_title(one)}, {span}:"
    data = {"round": one.name, "first": one.first, "last": one.last, "words": one.coverage_words}
    text = " ".join(one.coverage_words) or "nothing is known of its coverage."
    return claim("observed.coverage", data, lead, text, row_id(COVERAGE, one.name))


def _row(one: RoundMaterial) -> Row:
    seen = [row for row in one.coverage if row["hours"] > 0]
    mean = sum(row["hours"] for row in seen) / len(seen) if seen else None
    cells = (
        round_title(one),
        short_day(one.first),
        short_day(one.last),
        numbers.count(one.days),
        numbers.count(one.complete_days),
        numbers.count(len(seen)),
        numbers.mean(mean),
        numbers.count(sum(row["rows"] for row in one.coverage)),
    )
    return Row(row_id(COVERAGE, one.name), cells)


def _coverage_table(rows: tuple[Row, ...]) -> Table:
    return Table(
        id=COVERAGE,
        title="Coverage of the rounds",
        columns=(
            Column("Round", numeric=False),
            Column("First day"),
            Column("Last day"),
            Column("Days"),
            Column("Complete"),
            Column("Observed at all"),
            Column("Hours an observed day"),
            Column("Rows"),
        ),
        rows=rows,
        notes=("Rows of any kind, noise included.",),
        folded=False,
    )


def _incomplete(material: Material) -> Block:
    rows = [
        Row(
            row_id(INCOMPLETE, [one.name, row["day"]]),
            (
                round_title(one),
                short_day(row["day"]),
                f"{numbers.mean(row['hours'])} of {row['expected_hours']:g}",
                numbers.count(row["rows"]),
                row["reason"] or "",
            ),
        )
        for one in material.rounds
        for row in one.coverage
        if not row["complete"]
    ]
    if not rows:
        return Prose("Every day of every round was observed completely.")
    return Table(
        id=INCOMPLETE,
        title=f"{numbers.plural(len(rows), 'incomplete day')}, left out of comparisons",
        columns=(
            Column("Round", numeric=False),
            Column("Day", numeric=False),
            Column("Hours seen"),
            Column("Rows"),
            Column("Reason", numeric=False),
        ),
        rows=tuple(rows),
        folded=len(rows) > 6,
    )
