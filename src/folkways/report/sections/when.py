"""When: hour by weekday in local time, weekday against weekend."""

from typing import Any

from folkways.report import numbers
from folkways.report.charts.heat import Field
from folkways.report.claims import claim, row_id
from folkways.report.dates import WEEKDAYS
from folkways.report.figures import heat_chart
from folkways.report.material import Material, RoundMaterial, Rows
from folkways.report.model import Block, Claim, Claims, Column, Prose, Row, Section, Table
from folkways.report.names import round_title
from folkways.report.tables import safe, suppression_words

RHYTHM, DAYS = "rhythm", "rhythm-days"
WEEKEND = (5, 6)
LEAST_HOURS = 2
"""Sources that give days only put everything into one hour: that is no rhythm."""


def when(material: Material) -> Section:
    """The rhythm of every round that has one."""
    shown = [one for one in material.rounds if has_rhythm(one)]
    blocks: list[Block] = []
    if shown:
        claims = [c for one in shown for c in _claims(one)]
        blocks += [Claims("", tuple(claims)), _chart(material, shown)]
        blocks += [_weekday_table(shown), _table(material, shown)]
    blocks += [Prose(_why_not(one)) for one in material.rounds if one not in shown]
    return Section("5", "when", "When", tuple(blocks))


def cells(one: RoundMaterial) -> Rows:
    """The rhythm of a round as rows, suppressed ones without numbers."""
    return [safe(row) for row in one.rhythm.to_pylist()]


def has_rhythm(one: RoundMaterial) -> bool:
    """Whether a round tells hours apart on complete days."""
    rows = cells(one)
    hours = {row["hour"] for row in rows if row["connections"] is None or row["connections"] > 0}
    return any(row["days"] for row in rows) and len(hours) >= LEAST_HOURS


def _why_not(one: RoundMaterial) -> str:
    name = round_title(one)
    rows = cells(one)
    if not any(row["days"] for row in rows):
        return f"{name}: no day was observed completely, so that no rhythm can be shown."
    if not any(row["connections"] is None or row["connections"] for row in rows):
        return f"{name}: nothing was seen on complete days."
    return f"{name}: the sources tell no hours of the day apart, so that no rhythm can be shown."


def _mean(row: dict[str, Any]) -> float | None:
    if row["connections"] is None or not row["days"]:
        return None
    value: float = row["connections"] / row["days"]
    return value


def _by_day(one: RoundMaterial) -> dict[int, tuple[float | None, int]]:
    """By weekday: connections of a mean day (None: an hour of it is suppressed), and days."""
    found: dict[int, tuple[float | None, int]] = {}
    for weekday in range(7):
        rows = [row for row in cells(one) if row["weekday"] == weekday]
        values = [_mean(row) for row in rows]
        known = [value for value in values if value is not None]
        days = max((row["days"] for row in rows), default=0)
        found[weekday] = (sum(known) if len(known) == len(values) and days else None, days)
    return found


def _kinds(one: RoundMaterial) -> list[tuple[float | None, int]]:
    """Working days, then weekends: connections of a mean day and how many days."""
    by_day = _by_day(one)
    found = []
    for days in ([d for d in by_day if d not in WEEKEND], list(WEEKEND)):
        sides = [by_day[d] for d in days if by_day[d][1]]
        count = sum(n for _, n in sides)
        values = [(v, n) for v, n in sides if v is not None]
        whole = bool(sides) and len(values) == len(sides)
        found.append((sum(v * n for v, n in values) / count if whole else None, count))
    return found


def _claims(one: RoundMaterial) -> list[Claim]:
    hours: dict[int, float | None] = {}
    total_days = sum(n for _, n in _by_day(one).values())
    for hour in range(24):
        rows = [row for row in cells(one) if row["hour"] == hour]
        known = [row["connections"] for row in rows if row["connections"] is not None]
        hours[hour] = sum(known) / total_days if len(known) == len(rows) and total_days else None
    told = {hour: value for hour, value in hours.items() if value is not None}
    lead = f"{round_title(one)}:"
    claims = []
    if told:
        busy = max(told, key=lambda h: (told[h], -h))
        quiet = min(told, key=lambda h: (told[h], h))
        text = (
            f"busiest from {_clock(busy)} with {numbers.mean(told[busy])} connections on a mean "
            f"day, quietest from {_clock(quiet)} with {numbers.mean(told[quiet])} "
            f"({numbers.plural(total_days, 'complete day')})."
        )
        data = {"round": one.name, "hours": hours, "days": total_days}
        claims.append(claim("when.hours", data, lead, text, RHYTHM))
    (work, work_days), (weekend, weekend_days) = _kinds(one)
    if work and weekend is not None:
        text = (
            f"{numbers.mean(weekend)} connections on a mean Saturday or Sunday "
            f"({numbers.plural(weekend_days, 'day')}) against {numbers.mean(work)} from Monday to "
            f"Friday ({numbers.plural(work_days, 'day')}): {numbers.ratio(weekend / work)} times "
            "as many."
        )
        data = {"round": one.name, "days": _by_day(one)}
        row = row_id(DAYS, [one.name, 5])
        claims.append(claim("when.weekend", data, lead, text, row))
    return claims


def _clock(hour: int) -> str:
    return f"{hour:02d}:00 to {(hour + 1) % 24:02d}:00"


def _chart(material: Material, shown: list[RoundMaterial]) -> Block:
    fields = [
        Field(
            round_title(one),
            tuple((row["weekday"], row["hour"], _mean(row)) for row in cells(one)),
        )
        for one in shown
    ]
    return heat_chart(
        material,
        "chart-rhythm",
        f"Hour by weekday, local time ({material.timezone})",
        fields,
        "Connections that open in an hour of a mean complete day; one scale for all rounds. "
        "A cross: suppressed, or no complete day of that weekday.",
    )


def _weekday_table(shown: list[RoundMaterial]) -> Table:
    rows = [
        Row(
            row_id(DAYS, [one.name, weekday]),
            (
                round_title(one),
                WEEKDAYS[weekday],
                numbers.SUPPRESSED if value is None and days else numbers.mean(value),
                numbers.count(days),
            ),
        )
        for one in shown
        for weekday, (value, days) in _by_day(one).items()
    ]
    return Table(
        id=DAYS,
        title="Connections by weekday",
        columns=(
            Column("Round", numeric=False),
            Column("Weekday", numeric=False),
            Column("Connections on a mean day"),
            Column("Complete days"),
        ),
        rows=tuple(rows),
        notes=("Suppressed: an hour of that weekday is.",)
        if any(numbers.SUPPRESSED in row.cells for row in rows)
        else (),
    )


def _table(material: Material, shown: list[RoundMaterial]) -> Table:
    rows = []
    for one in shown:
        by_cell = {(row["weekday"], row["hour"]): row for row in cells(one)}
        for hour in range(24):
            values = [_cell(by_cell.get((weekday, hour))) for weekday in range(7)]
            row = (round_title(one), f"{hour:02d}:00", *values)
            rows.append(Row(row_id(RHYTHM, [one.name, hour]), row))
    hidden = any(numbers.SUPPRESSED in row.cells for row in rows)
    return Table(
        id=RHYTHM,
        title="Connections by hour and weekday, mean of complete days",
        columns=(
            Column("Round", numeric=False),
            Column("Hour from"),
            *(Column(day[:3]) for day in WEEKDAYS),
        ),
        rows=tuple(rows),
        notes=(suppression_words(material.k),) if hidden else (),
    )


def _cell(row: dict[str, Any] | None) -> str:
    if row is None or not row["days"]:
        return ""
    return numbers.SUPPRESSED if row["connections"] is None else numbers.mean(_mean(row))
