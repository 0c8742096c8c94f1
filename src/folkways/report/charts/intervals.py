"""Ratios with their intervals on a logarithmic axis: what a difference is worth at a glance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from folkways.report.charts.data import named, specification
from folkways.report.charts.theme import HAIRLINE, MAIN, MUTED, WARM, item_axis
from folkways.report.model import Spec

FLOOR, CEILING = 0.001, 1000.0
"""Ratios beyond are drawn at the edge with an arrow."""

_STEPS = (0.001, 0.01, 0.1, 0.2, 0.5, 1, 2, 5, 10, 100, 1000)
_BETWEEN = (0.2, 0.5, 2, 5)
_DIRECTION = {"abandoned": "less", "shrank": "less", "adopted": "more", "grew": "more"}


@dataclass(frozen=True)
class Estimate:
    """A ratio of after to before; None of ``ratio`` or ``high``: without bound."""

    item: str
    ratio: float | None
    low: float
    high: float | None
    verdict: str


def intervals(estimates: Sequence[Estimate], *, width: int) -> Spec:
    """A line an item, the largest ratio first.

    Args:
        estimates: what to draw.
        width: of the whole picture in pixels.
    """
    ordered = sorted(estimates, key=lambda e: CEILING if e.ratio is None else e.ratio)[::-1]
    items = [e.item for e in ordered]
    label = min(190, 26 + 6 * max(map(len, items), default=0), int(width * 0.42))
    rows = [_row(e) for e in ordered]
    low = min([0.5, *(r["low"] for r in rows)])
    high = max([2.0, *(r["high"] for r in rows)])
    domain = [max(FLOOR, low / 1.3), min(CEILING, high * 1.3)]
    x = alt.X(
        "ratio:Q",
        scale=alt.Scale(type="log", domain=domain, nice=False, clamp=True, padding=9),
        axis=alt.Axis(
            grid=True,
            gridColor=HAIRLINE,
            labelExpr="format(datum.value, '~r')",
            orient="top",
            ticks=False,
            title=None,
            values=_ticks(*domain),
        ),
    )
    y = alt.Y(
        "item:N",
        sort=items,
        axis=item_axis(label),
    )
    base = alt.Chart(named("ratios")).encode(y=y)
    colour = alt.Color(
        "direction:N",
        scale=alt.Scale(domain=["less", "none", "more"], range=[WARM, MUTED, MAIN]),
        legend=None,
    )
    one = alt.Chart(named("one")).mark_rule(color=MUTED).encode(x=x)
    rule = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q"), x2="high:Q", color=colour)
    dot = (
        base.transform_filter("datum.edge == ''")
        .mark_point(filled=True, opacity=1, size=52)
        .encode(x=x, color=colour)
    )
    arrow = (
        base.transform_filter("datum.edge != ''")
        .mark_text(fontSize=13, baseline="middle")
        .encode(x=x, text="edge:N", color=colour)
    )
    chart = alt.layer(one, rule, dot, arrow).properties(
        width=width - label - 14, height=alt.Step(19)
    )
    return specification(chart, {"ratios": rows, "one": [{"ratio": 1}]})


def _ticks(low: float, high: float) -> list[float]:
    """Powers of ten, with steps between them where there is room."""
    steps = _STEPS if high / low < 100 else [s for s in _STEPS if s not in _BETWEEN]
    return [step for step in steps if low <= step <= high]


def _row(estimate: Estimate) -> dict[str, Any]:
    ratio = CEILING if estimate.ratio is None else estimate.ratio
    edge = "◀" if ratio <= FLOOR else "▶" if ratio >= CEILING else ""
    high = CEILING if estimate.high is None else estimate.high
    return {
        "item": estimate.item,
        "ratio": _inside(ratio),
        "low": _inside(estimate.low),
        "high": _inside(high),
        "edge": edge,
        "direction": _DIRECTION.get(estimate.verdict, "none"),
    }


def _inside(value: float) -> float:
    return min(CEILING, max(FLOOR, value))
