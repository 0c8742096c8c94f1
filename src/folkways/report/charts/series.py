"""Daily series as small panels on one broken time axis."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from folkways.report.charts.data import DataRows, named, specification
from folkways.report.charts.theme import GAP_FILL, HAIRLINE, MAIN, MUTED
from folkways.report.charts.timeline import Timeline
from folkways.report.model import Spec

AXIS_PX = 44
SPACING = 22
NUMBER, BYTES, SHARE = "number", "bytes", "share"
_LABELS = {
    NUMBER: "datum.value >= 1000 ? format(datum.value, '~s') : format(datum.value, '~g')",
    BYTES: "datum.value > 0 ? format(datum.value, '~s') + 'B' : '0'",
    SHARE: "format(100 * datum.value, '~g') + ' %'",
}


@dataclass(frozen=True)
class Panel:
    """One series: (number of the round, ISO day, value; None: not known, the line breaks)."""

    title: str
    points: tuple[tuple[int, str, float | None], ...]


def series(
    panels: Sequence[Panel],
    axis: Timeline,
    *,
    width: int,
    columns: int,
    height: int = 84,
    kind: str = NUMBER,
) -> Spec:
    """Panels in rows, each with its own scale from zero.

    Args:
        panels: what to draw, in order.
        axis: where days stand.
        width: of the whole picture in pixels.
        columns: panels side by side.
        height: of one panel.
        kind: what the values are: NUMBER, BYTES or SHARE.
    """
    inner = (width - (columns - 1) * SPACING) // columns - AXIS_PX
    tables: dict[str, DataRows] = {f"panel{i}": _values(p, axis) for i, p in enumerate(panels)}
    drawn = [
        _panel(f"panel{i}", panel, axis, width=inner, height=height, kind=kind)
        for i, panel in enumerate(panels)
    ]
    rows = [
        alt.hconcat(*drawn[i : i + columns], spacing=SPACING) for i in range(0, len(drawn), columns)
    ]
    return specification(alt.vconcat(*rows, spacing=14), {**tables, "gaps": _gap_rows(axis)})


def _panel(table: str, panel: Panel, axis: Timeline, *, width: int, height: int, kind: str) -> Any:
    x = alt.X("at:Q", scale=alt.Scale(domain=[0, axis.length], nice=False), axis=_days(axis, width))
    known = [value for _, _, value in panel.points if value is not None]
    top = max(known, default=0) or 1
    y = alt.Y(
        "value:Q",
        stack=None,
        scale=alt.Scale(domain=[0, top], nice=2),
        axis=alt.Axis(
            grid=True,
            gridColor=HAIRLINE,
            labelExpr=_LABELS[kind],
            maxExtent=AXIS_PX,
            minExtent=AXIS_PX,
            tickCount=2,
            ticks=False,
            title=None,
        ),
    )
    base = alt.Chart(named(table)).encode(x=x, y=y, detail="round:N")
    line = base.mark_line(color=MAIN, strokeWidth=1.3, strokeJoin="round", interpolate="linear")
    area = base.mark_area(color=MAIN, opacity=0.13, interpolate="linear")
    alone = base.transform_filter("datum.alone").mark_point(
        color=MAIN, filled=True, opacity=1, size=5
    )
    layers = [*_gaps(height), area, line, alone]
    return alt.layer(*layers).properties(width=width, height=height, title=panel.title)


def _values(panel: Panel, axis: Timeline) -> list[dict[str, Any]]:
    """Rows to draw; a point between two that are not known would be no line, so it is marked."""
    points = sorted(panel.points)
    rows = []
    for i, (number, day, value) in enumerate(points):
        beside = [points[j] for j in (i - 1, i + 1) if 0 <= j < len(points)]
        alone = not any(p[0] == number and p[2] is not None for p in beside)
        rows.append(
            {
                "round": str(number),
                "day": day,
                "at": axis.position(number, day),
                "value": value,
                "alone": alone and value is not None,
            }
        )
    return rows


def _days(axis: Timeline, width: int) -> alt.Axis:
    ticks = axis.ticks(width)
    labels = json.dumps({f"{at:g}": label for at, label in ticks.items()})
    return alt.Axis(
        labelAlign="left",
        labelExpr=f"{labels}[format(datum.value, '~g')] || ''",
        labelOffset=-2,
        labelOverlap=False,
        labelPadding=3,
        tickSize=4,
        ticks=True,
        title=None,
        values=sorted(ticks),
    )


def _gap_rows(axis: Timeline) -> list[dict[str, Any]]:
    gaps = [{"start": g.start, "end": g.end, "middle": (g.start + g.end) / 2} for g in axis.gaps]
    return [*gaps, *({"start": at, "end": at, "middle": None} for at in axis.borders)]


def _gaps(height: int) -> list[alt.Chart]:
    """What is not observed as a band with words; rounds that meet have a line between them."""
    base = alt.Chart(named("gaps"))
    gap = base.transform_filter("datum.middle !== null")
    band = gap.mark_rect(color=GAP_FILL).encode(
        x=alt.X("start:Q"), x2="end:Q", y=alt.value(0), y2=alt.value(height)
    )
    words = gap.mark_text(angle=270, color=MUTED, fontSize=10, text="not observed").encode(
        x=alt.X("middle:Q"), y=alt.value(height / 2)
    )
    border = base.transform_filter("datum.middle === null").mark_rule(
        color=MUTED, strokeDash=[2, 3]
    )
    return [band, words, border.encode(x=alt.X("start:Q"))]
