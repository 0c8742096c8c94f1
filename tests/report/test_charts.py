"""Charts as specifications, and as pictures."""

import datetime as dt
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise
from typing import Any

from folkways.report.charts.bars import Bar, bars
from folkways.report.charts.calendar import calendar
from folkways.report.charts.draw import draw
from folkways.report.charts.intervals import Estimate, intervals
from folkways.report.charts.series import Panel, series
from folkways.report.charts.timeline import timeline
from folkways.report.material import Material
from folkways.report.model import Chart, Page


def _charts(page: Page) -> dict[str, Chart]:
    return {block.id: block for block in page.blocks if isinstance(block, Chart)}


def test_no_point_stands_between_the_rounds_and_no_line_joins_them(
    pages: dict[str, Page], materials: dict[str, Material]
) -> None:
    rounds = materials["simulated"].rounds
    inside = {row["day"] for one in rounds for row in one.coverage}
    charts = _charts(pages["simulated"])
    for name in ("chart-services", "chart-hidden", "chart-volume", "chart-bytes"):
        for spec in (charts[name].wide, charts[name].narrow):
            gap = spec["datasets"]["gaps"][0]
            panels = [v for k, v in spec["datasets"].items() if k.startswith("panel")]
            assert panels
            for rows in panels:
                assert {row["day"] for row in rows} <= inside
                assert not [row for row in rows if gap["start"] < row["at"] < gap["end"]]
                sides = {(row["round"], row["at"] > gap["start"]) for row in rows}
                assert sides == {("0", False), ("1", True)}
            marks = _marks(spec, {"line", "area"})
            assert marks
            assert all(mark["encoding"]["detail"]["field"] == "round" for mark in marks)
            assert all(mark["encoding"]["y"]["stack"] is None for mark in marks)


def _marks(spec: Any, kinds: set[str]) -> list[dict[str, Any]]:
    if isinstance(spec, list):
        return [mark for part in spec for mark in _marks(part, kinds)]
    if not isinstance(spec, dict):
        return []
    own = [spec] if isinstance(spec.get("mark"), dict) and spec["mark"]["type"] in kinds else []
    parts = [v for k, v in spec.items() if k in {"layer", "hconcat", "vconcat"}]
    return own + _marks(parts, kinds)


def test_incomplete_and_suppressed_days_break_the_line(pages: dict[str, Page]) -> None:
    spec = _charts(pages["simulated"])["chart-services"].wide
    panel = {row["day"]: row["value"] for row in spec["datasets"]["panel0"]}
    assert panel["2017-05-11"] is None  # incomplete
    assert panel["2017-05-01"] is None  # suppressed
    assert panel["2018-02-16"] is None  # nothing observed
    assert panel["2017-04-01"] > 0
    facebook = {row["day"]: row["value"] for row in spec["datasets"]["panel1"]}
    assert facebook["2017-04-01"] > 100 * facebook["2017-12-03"] / 10


def test_a_point_without_neighbours_is_marked() -> None:
    axis = timeline([_stub("2020-01-01", 3)], ["round 1"])
    days = [("2020-01-01", None), ("2020-01-02", 4.0), ("2020-01-03", None)]
    spec = series([Panel("p", tuple((0, d, v) for d, v in days))], axis, width=330, columns=1)
    assert [row["alone"] for row in spec["datasets"]["panel0"]] == [False, True, False]


def _stub(first: str, days: int) -> Any:
    """As much of a round as an axis asks for."""
    return type("Stub", (), {"first": first, "days": days})()


def test_an_axis_keeps_order_and_opens_a_gap_only_where_days_are_missing() -> None:
    far = timeline([_stub("2017-04-01", 97), _stub("2017-12-01", 105)], ["a", "b"])
    assert [gap.days for gap in far.gaps] == [147]  # 7 July to 30 November
    assert far.position(0, "2017-07-06") < far.gaps[0].start < far.gaps[0].end
    assert far.position(1, "2017-12-01") == far.gaps[0].end + 0.5
    near = timeline([_stub("2006-07-01", 46), _stub("2006-08-16", 46)], ["a", "b"])
    assert near.gaps == ()
    assert near.borders == (46,)


def test_ticks_are_months_apart_enough_to_read() -> None:
    years = timeline([_stub("2015-01-01", 1096)], ["a"])
    ticks = years.ticks(300)
    assert all(b - a >= 1096 * 30 / 300 * 0.9 for a, b in pairwise(sorted(ticks)))
    assert ticks[0] == ["Jan", "2015"]
    days = timeline([_stub("2020-02-10", 20)], ["a"]).ticks(300)
    assert days[0] == ["10 Feb", "2020"]


def test_a_calendar_fits_its_width_however_long_the_round() -> None:
    day = dt.date(2010, 1, 1)
    rows = [
        {
            "day": str(day + dt.timedelta(days=i)),
            "hours": 24,
            "expected_hours": 24,
            "complete": True,
        }
        for i in range(2000)
    ]
    spec = calendar([("a", rows)], width=740)
    assert max(row["x2"] for row in spec["datasets"]["days0"]) <= 740


def test_ratios_beyond_the_edge_become_arrows() -> None:
    spec = intervals(
        [
            Estimate("gone", 0.0, 0.0, 0.01, "abandoned"),
            Estimate("same", 1.0, 0.9, 1.1, "unchanged"),
            Estimate("new", None, 30.0, None, "adopted"),
        ],
        width=740,
    )
    rows = {row["item"]: row for row in spec["datasets"]["ratios"]}
    assert [rows[i]["edge"] for i in ("gone", "same", "new")] == ["◀", "", "▶"]
    assert [rows[i]["direction"] for i in ("gone", "same", "new")] == ["less", "none", "more"]


def test_pictures_share_no_ids_and_name_themselves() -> None:
    spec = bars([Bar("<x> & “y”", "a", 0.4, "40 %")], ["a"], width=330)
    first = draw(spec, "one", "Title <1>", "What & how")
    second = draw(spec, "two", "Title", "What")
    ids = [set(re.findall(r' id="([^"]+)"', text)) for text in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]
    root = ET.fromstring(first)  # noqa: S314  # made above
    assert root.attrib["role"] == "img"
    assert [child.text for child in root[:2]] == ["Title <1>", "What & how"]
    assert "<x> & “y”" in [element.text for element in root.iter("text")]


def test_wide_and_narrow_pictures_have_their_widths(pages: dict[str, Page]) -> None:
    for page in pages.values():
        for chart in _charts(page).values():
            for spec, most in ((chart.wide, 765), (chart.narrow, 352)):
                text = draw(spec, "x", "t", "d")
                width = re.search(r'<svg[^>]* width="(\d+)', text)
                assert width is not None
                assert int(width[1]) <= most, (chart.id, width[1])


def test_a_round_of_one_day_draws_no_series(materials: dict[str, Material]) -> None:
    from folkways.report.page import build

    page = build(replace(materials["short"], title="t"))
    assert set(_charts(page)) == {"chart-service"}
