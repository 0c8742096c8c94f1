"""Which days were observed, and for how long: a square a day, a column a week."""

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any

import altair as alt

from folkways.report.charts.data import named, specification
from folkways.report.charts.theme import HAIRLINE, SEQUENCE, WARM
from folkways.report.dates import MONTHS, parse
from folkways.report.material import Rows
from folkways.report.model import Spec

LABEL_PX = 34
SPACING = 26
LARGEST, SMALLEST = 13, 2
TITLE_PX = 8.5
"""What a letter of a title takes at most, as DejaVu Sans writes it where narrower letters lack."""
_DAYS = {0: "Mon", 2: "Wed", 4: "Fri", 6: "Sun"}


def calendar(rounds: Sequence[tuple[str, Rows]], *, width: int) -> Spec:
    """A calendar for each round, side by side where they fit.

    Args:
        rounds: title and rows of coverage (day, hours, expected_hours, complete).
        width: of the whole picture in pixels.
    """
    weeks = [max(1, _weeks(rows)) for _, rows in rounds]
    fair = (width - SPACING * (len(rounds) - 1)) // max(1, len(rounds)) - LABEL_PX
    cell = min(LARGEST, fair // max(weeks, default=1))
    titles = zip((title for title, _ in rounds), weeks, strict=True)
    fits = all(len(title) * TITLE_PX <= _wide(count, cell) for title, count in titles)
    across = len(rounds) if cell >= 8 and fits else 1
    if across == 1:
        cell = max(SMALLEST, min(LARGEST, (width - LABEL_PX) // max(weeks, default=1)))
    squares = [_squares(rows, cell) for _, rows in rounds]
    drawn = [
        _calendar(f"days{i}", title, squares[i], cell, weeks[i])
        for i, (title, _) in enumerate(rounds)
    ]
    lines = [
        alt.hconcat(*drawn[i : i + across], spacing=SPACING) for i in range(0, len(drawn), across)
    ]
    tables = {f"days{i}": rows for i, rows in enumerate(squares)}
    return specification(alt.vconcat(*lines, spacing=14), tables)


def _weeks(rows: Rows) -> int:
    days = [parse(row["day"]) for row in rows]
    return (_monday(days[-1]) - _monday(days[0])).days // 7 + 1 if days else 0


def _wide(weeks: int, cell: int) -> int:
    return max(weeks * cell, 96)


def _monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


def _squares(rows: Rows, cell: int) -> list[dict[str, Any]]:
    start = _monday(parse(rows[0]["day"])) if rows else dt.date(1970, 1, 5)
    return [_square(row, start, cell) for row in rows]


def _calendar(table: str, title: str, data: list[dict[str, Any]], cell: int, weeks: int) -> Any:
    wide, high = _wide(weeks, cell), 7 * cell
    x = alt.X(
        "x:Q",
        scale=alt.Scale(domain=[0, wide], nice=False),
        axis=_months(data, cell),
    )
    y = alt.Y(
        "y:Q",
        scale=alt.Scale(domain=[high, 0], nice=False),
        axis=alt.Axis(
            labelExpr=f"{_labels({(d + 0.5) * cell: t for d, t in _DAYS.items()})}"
            "[format(datum.value, '~g')]",
            maxExtent=LABEL_PX,
            minExtent=LABEL_PX,
            ticks=False,
            title=None,
            values=[(d + 0.5) * cell for d in _DAYS],
        ),
    )
    base = alt.Chart(named(table)).encode(x=x, x2="x2:Q", y=y, y2="y2:Q")
    colour = alt.Color(
        "part:Q", scale=alt.Scale(domain=[0, 1], range=list(SEQUENCE[:5])), legend=None
    )
    seen = base.mark_rect().encode(color=colour)
    ring = base.transform_filter("!datum.complete").mark_rect(
        filled=False, stroke=WARM, strokeWidth=1.4 if cell > 6 else 0.8
    )
    none = base.transform_filter("datum.part == 0").mark_rect(fill="white", stroke=HAIRLINE)
    return alt.layer(seen, none, ring).properties(width=wide, height=high, title=title)


def _square(row: dict[str, Any], start: dt.date, cell: int) -> dict[str, Any]:
    day = parse(row["day"])
    week, weekday = (day - start).days // 7, day.weekday()
    inset = 1 if cell > 4 else 0.25
    expected = row["expected_hours"]
    return {
        "day": row["day"],
        "x": week * cell,
        "x2": (week + 1) * cell - inset,
        "y": weekday * cell,
        "y2": (weekday + 1) * cell - inset,
        "part": min(1.0, row["hours"] / expected) if expected else 0.0,
        "complete": bool(row["complete"]),
    }


def _months(data: list[dict[str, Any]], cell: int) -> alt.Axis:
    """A label where a month's first day stands, as far apart as they can be read."""
    found: dict[float, str] = {}
    last = -math.inf
    for row in data:
        day = parse(row["day"])
        if (day.day == 1 or row is data[0]) and row["x"] - last >= 30:
            found[row["x"]] = MONTHS[day.month - 1][:3]
            last = row["x"]
    return alt.Axis(
        orient="top",
        labelAlign="left",
        labelExpr=f"{_labels(found)}[format(datum.value, '~g')]",
        labelOverlap=False,
        ticks=False,
        title=None,
        values=list(found),
        labelPadding=2 if cell > 4 else 1,
    )


def _labels(found: dict[float, str]) -> str:
    inner = ", ".join(f"'{at:g}': '{text}'" for at, text in found.items())
    return f"{{{inner}}}"
