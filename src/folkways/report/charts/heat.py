"""Hour by weekday as a field of squares, a field a round, on one scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from folkways.report.charts.data import named, specification
from folkways.report.charts.theme import MUTED, SEQUENCE
from folkways.report.dates import WEEKDAYS
from folkways.report.model import Spec

SHORT = [day[:3] for day in WEEKDAYS]
LABEL_PX = 34


@dataclass(frozen=True)
class Field:
    """One round: (weekday, hour, value); None is not known or suppressed."""

    title: str
    cells: tuple[tuple[int, int, float | None], ...]


def heat(fields: Sequence[Field], *, width: int, side_by_side: bool, unit: str) -> Spec:
    """Fields on one colour scale.

    Args:
        fields: a round each.
        width: of the whole picture in pixels.
        side_by_side: else one under the other.
        unit: what the colours mean.
    """
    across = min(2, len(fields)) if side_by_side else 1
    cell = max(9, int(((width - 24 * (across - 1)) / across - LABEL_PX) / 24))
    top = max((v for f in fields for _, _, v in f.cells if v is not None), default=0.0) or 1.0
    drawn = [_field(f"field{i}", field.title, cell, top, unit) for i, field in enumerate(fields)]
    rows = [alt.hconcat(*drawn[i : i + across], spacing=24) for i in range(0, len(drawn), across)]
    chart = alt.vconcat(*rows, spacing=18).resolve_scale(color="shared")
    return specification(chart, {f"field{i}": _rows(field) for i, field in enumerate(fields)})


def _rows(field: Field) -> list[dict[str, Any]]:
    return [
        {"weekday": SHORT[weekday], "hour": hour, "value": value}
        for weekday, hour, value in field.cells
    ]


def _field(table: str, title: str, cell: int, top: float, unit: str) -> Any:
    base = alt.Chart(named(table)).encode(
        x=alt.X(
            "hour:O",
            axis=alt.Axis(
                title=None,
                labelAngle=0,
                labelExpr="datum.value % 6 == 0 ? datum.value + ':00' : ''",
                labelAlign="left",
                labelOffset=-cell / 2,
                labelOverlap=False,
                ticks=False,
            ),
            scale=alt.Scale(paddingInner=0.06),
        ),
        y=alt.Y(
            "weekday:O",
            sort=SHORT,
            axis=alt.Axis(title=None, ticks=False, minExtent=LABEL_PX, maxExtent=LABEL_PX),
            scale=alt.Scale(paddingInner=0.06),
        ),
    )
    colour = alt.Color(
        "value:Q",
        scale=alt.Scale(domain=[0, top], range=list(SEQUENCE)),
        legend=alt.Legend(
            title=unit,
            orient="bottom",
            direction="horizontal",
            gradientLength=160,
            gradientThickness=9,
            tickCount=3,
            format="~s" if top >= 10 else "~g",
            titleLimit=320,
        ),
    )
    known = base.transform_filter("datum.value !== null").mark_rect().encode(color=colour)
    unknown = (
        base.transform_filter("datum.value === null").mark_text(text="×", color=MUTED, fontSize=9)  # noqa: RUF001  # the sign is meant
    )
    return alt.layer(known, unknown).properties(width=cell * 24, height=(cell + 1) * 7, title=title)
