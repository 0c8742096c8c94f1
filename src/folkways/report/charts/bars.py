"""Shares of the rounds side by side, as horizontal bars with their numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from folkways.report.charts.data import named, specification
from folkways.report.charts.theme import MUTED, item_axis, round_colours
from folkways.report.model import Spec


@dataclass(frozen=True)
class Bar:
    """One bar; ``share`` None: not known or suppressed, ``text`` says which."""

    item: str
    round: str
    share: float | None
    text: str


def bars(values: Sequence[Bar], rounds: Sequence[str], *, width: int) -> Spec:
    """A group of bars an item, one a round.

    Args:
        values: in the order to be drawn.
        rounds: names in order of time.
        width: of the whole picture in pixels.
    """
    items = list(dict.fromkeys(bar.item for bar in values))
    label = min(190, 26 + 6 * max(map(len, items), default=0), int(width * 0.42))
    rows = [
        {"item": b.item, "round": b.round, "share": b.share or 0.0, "text": b.text} for b in values
    ]
    top = max((bar.share or 0.0 for bar in values), default=0.0) or 1.0
    step = max(9, 17 - 3 * len(rounds))
    # Names that do not fit beside one another stand one under the other.
    in_line = len(rounds) if sum(26 + 6 * len(r) for r in rounds) <= width - label else 1
    base = alt.Chart(named("bars")).encode(
        y=alt.Y(
            "item:N",
            sort=items,
            axis=item_axis(label),
            scale=alt.Scale(paddingInner=0.34, paddingOuter=0.1),
        ),
        yOffset=alt.YOffset("round:N", sort=list(rounds), scale=alt.Scale(paddingInner=0.08)),
        x=alt.X("share:Q", scale=alt.Scale(domain=[0, top]), axis=None),
    )
    colour = alt.Color(
        "round:N",
        sort=list(rounds),
        scale=alt.Scale(domain=list(rounds), range=round_colours(len(rounds))),
        legend=alt.Legend(title=None, orient="top", columns=in_line, offset=8),
    )
    bar = base.mark_bar().encode(color=colour)
    text = base.mark_text(align="left", baseline="middle", color=MUTED, dx=5).encode(text="text:N")
    chart = alt.layer(bar, text).properties(width=width - label - 64, height=alt.Step(step))
    return specification(chart, {"bars": rows})
