"""The charts of a page, each with its caption, from tables of the material."""

from collections.abc import Iterable, Sequence

from folkways.report import numbers
from folkways.report.changes import Change
from folkways.report.charts.bars import Bar, bars
from folkways.report.charts.calendar import calendar
from folkways.report.charts.heat import Field, heat
from folkways.report.charts.intervals import Estimate, intervals
from folkways.report.charts.series import NUMBER, Panel, series
from folkways.report.charts.theme import NARROW, WIDE
from folkways.report.charts.timeline import timeline
from folkways.report.material import Material, RoundMaterial, Rows
from folkways.report.model import Chart
from folkways.report.names import round_label, round_title
from folkways.report.tables import safe

SIMULATED = "Simulated data. "


def caption(material: Material, text: str) -> str:
    """A caption that says so where the data are made up."""
    return SIMULATED * material.simulated + text


def between(material: Material) -> str:
    """What stands between the rounds in a chart: nothing observed, or, if they meet, a line."""
    rounds = material.rounds
    if timeline(rounds, [one.name for one in rounds]).gaps:
        return " What lies between the rounds was not observed: a change there has no date."
    return " A dotted line stands where one round ends and the next begins."


def daily_points(
    one: RoundMaterial, rows: Rows, panel: str, value: str, wanted: Iterable[str]
) -> dict[str, dict[str, float | None]]:
    """By panel and day. A complete day without a row was zero; any other without is not known."""
    complete = [row["day"] for row in one.coverage if row["complete"]]
    found: dict[str, dict[str, float | None]] = {
        name: dict.fromkeys(complete, 0.0) for name in wanted
    }
    for raw in rows:
        row = safe(raw)
        if row[panel] in found and row["day"] in found[row[panel]]:
            found[row[panel]][row["day"]] = row[value]
    return found


def panels_of(
    material: Material, tables: Sequence[dict[str, dict[str, float | None]]], titles: dict[str, str]
) -> list[Panel]:
    """A panel a title; days of a round that are not complete break its line."""
    return [
        Panel(
            title,
            tuple(
                (i, row["day"], tables[i].get(key, {}).get(row["day"]))
                for i, one in enumerate(material.rounds)
                for row in one.coverage
            ),
        )
        for key, title in titles.items()
    ]


def series_chart(
    material: Material,
    key: str,
    title: str,
    panels: Sequence[Panel],
    text: str,
    *,
    kind: str = NUMBER,
) -> Chart:
    """Daily series of all rounds, the gaps between them left open."""
    axis = timeline(material.rounds, [round_label(r) for r in material.rounds])
    columns = 2 if len(panels) > 1 else 1
    tall = 84 if columns == 2 else 120
    return Chart(
        id=key,
        title=title,
        caption=caption(material, text),
        description=f"{title}. {_spans(material)} {_panel_words(panels)}",
        wide=series(panels, axis, width=WIDE, columns=columns, height=tall, kind=kind),
        narrow=series(panels, axis, width=NARROW, columns=1, height=72, kind=kind),
    )


def _spans(material: Material) -> str:
    spans = numbers.listing([f"{one.first} to {one.last}" for one in material.rounds])
    return f"Daily values of {spans}.{between(material)}"


def _panel_words(panels: Sequence[Panel]) -> str:
    return f"Panels: {'; '.join(panel.title for panel in panels)}."


def bars_chart(material: Material, key: str, title: str, values: Sequence[Bar], text: str) -> Chart:
    """Shares of the rounds side by side."""
    names = [round_title(one) for one in material.rounds]
    told = "; ".join(f"{bar.item}, {bar.round}: {bar.text}" for bar in values)
    return Chart(
        id=key,
        title=title,
        caption=caption(material, text),
        description=f"{title}. {told}.",
        wide=bars(values, names, width=WIDE),
        narrow=bars(values, names, width=NARROW),
    )


def heat_chart(
    material: Material, key: str, title: str, fields: Sequence[Field], text: str
) -> Chart:
    """Hour by weekday."""
    unit = "connections an hour"
    return Chart(
        id=key,
        title=title,
        caption=caption(material, text),
        description=f"{title}. One field a round: {'; '.join(f.title for f in fields)}.",
        wide=heat(fields, width=WIDE, side_by_side=True, unit=unit),
        narrow=heat(fields, width=NARROW, side_by_side=False, unit=unit),
    )


def calendar_chart(material: Material, key: str, title: str, text: str) -> Chart:
    """Hours observed by day."""
    rounds = [(round_title(one), one.coverage) for one in material.rounds]
    told = "; ".join(
        f"{name}: {sum(bool(r['complete']) for r in rows)} of {len(rows)} days complete"
        for name, rows in rounds
    )
    return Chart(
        id=key,
        title=title,
        caption=caption(material, text),
        description=f"{title}. {told}.",
        wide=calendar(rounds, width=WIDE),
        narrow=calendar(rounds, width=NARROW),
    )


def intervals_chart(
    material: Material, key: str, title: str, found: Sequence[Change], text: str
) -> Chart:
    """Ratios with their intervals."""
    estimates = [
        Estimate(c.name, c.ratio, c.low or 0.0, c.high, c.verdict)
        for c in found
        if c.low is not None or c.high is not None
    ]
    told = "; ".join(f"{c.name}: {numbers.interval(c.low, c.high)}" for c in found)
    return Chart(
        id=key,
        title=title,
        caption=caption(material, text),
        description=f"{title}. {told}.",
        wide=intervals(estimates, width=WIDE),
        narrow=intervals(estimates, width=NARROW),
    )
