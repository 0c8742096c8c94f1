"""One look for all charts: colours that hold in grey and for colour-blind eyes, quiet axes."""

from typing import Any

import altair as alt

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""Fonts of the same widths, so that labels fit wherever the page is opened."""

WIDE, NARROW = 740, 330
"""Widths of the two pictures of a chart in pixels."""

INK, MUTED, HAIRLINE = "#23282c", "#5d666d", "#dcd8cf"
GAP_FILL = "#efece4"
MAIN, WARM = "#1b4f72", "#a8401a"
SEQUENCE = ("#f4f1ea", "#c9d6dc", "#8fb0c2", "#4d81a0", "#1b4f72", "#0b2740")
"""From nothing to most."""

ROUNDS = {
    1: (MAIN,),
    2: ("#a9bfcc", "#1b4f72"),
    3: ("#c3d0d8", "#6f97ae", "#1b4f72"),
    4: ("#cfd9df", "#94b0c0", "#4d81a0", "#12395a"),
}
"""Earlier rounds are lighter; so the order is seen in grey as well."""

CONFIG: dict[str, Any] = {
    "aria": False,
    "background": None,
    "font": FONT,
    "view": {"stroke": None},
    "concat": {"spacing": 18},
    "title": {
        "anchor": "start",
        "color": INK,
        "fontSize": 12,
        "fontWeight": "bold",
        "frame": "group",
        "offset": 6,
        "subtitleColor": MUTED,
        "subtitleFontSize": 11,
    },
    "axis": {
        "domain": False,
        "grid": False,
        "labelColor": MUTED,
        "labelFontSize": 11,
        "tickColor": HAIRLINE,
        "titleColor": MUTED,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    },
    "legend": {
        "labelColor": INK,
        "labelFontSize": 11,
        "symbolType": "square",
        "titleColor": MUTED,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    },
    "text": {"color": MUTED, "fontSize": 11},
}


def round_colours(count: int) -> list[str]:
    """A colour a round, light to dark; more than four share the ends of the scale."""
    if count in ROUNDS:
        return list(ROUNDS[count])
    four = ROUNDS[4]
    return [four[min(3, i * 4 // count)] for i in range(count)]


def item_axis(label: int) -> alt.Axis:
    """The axis of items by name, each in a margin of ``label`` pixels."""
    return alt.Axis(
        title=None,
        labelColor=INK,
        labelLimit=label - 8,
        ticks=False,
        minExtent=label,
        maxExtent=label,
    )
