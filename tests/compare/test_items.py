import datetime as dt
import json
import math
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from folkways.compare import Comparison, Guard, compare_items
from folkways.compare.guard import Band
from folkways.model.finding import Finding

Daily = Callable[..., pa.Table]
BEFORE, AFTER = dt.date(2017, 4, 1), dt.date(2017, 12, 1)
MIRROR = {"abandoned": "adopted", "adopted": "abandoned", "grew": "shrank", "shrank": "grew"}


def days(first: dt.date, count: int) -> list[dt.date]:
    return [first + dt.timedelta(days=i) for i in range(count)]


def traffic(rng: np.random.Generator, mean: float, count: int) -> np.ndarray:
    week = np.tile([1.1, 1.1, 1.0, 1.0, 1.0, 0.9, 0.9], count)[:count]
    return rng.poisson(mean * week * np.exp(rng.normal(0, 0.2, count)))


def run(
    before: pa.Table, after: pa.Table, n: tuple[int, int] = (97, 105), guard: Guard | None = None
) -> Comparison:
    return compare_items(
        before,
        after,
        ["service"],
        days_before=days(BEFORE, n[0]),
        days_after=days(AFTER, n[1]),
        guard=guard,
    )


def by_item(found: Comparison, measure: str = "connections") -> dict[str | int | None, Finding]:
    return {f.group[0][1]: f for f in found.findings if f.measure == measure}


def truth(daily: Daily) -> tuple[pa.Table, pa.Table]:
    rng = np.random.default_rng(1)
    before = {
        "facebook": traffic(rng, 800, 97),
        "baidu": traffic(rng, 200, 97),
        "apple": traffic(rng, 3000, 97),
        "tank": traffic(rng, 60, 97),
        "mail": traffic(rng, 200, 97),
        "rare": traffic(rng, 0.05, 97),
        None: traffic(rng, 500, 97),
    }
    after = {
        "facebook": traffic(rng, 2, 105),
        "baidu": traffic(rng, 900, 105),
        "apple": traffic(rng, 3000, 105),
        "mail": traffic(rng, 120, 105),
        "monero": traffic(rng, 30, 105),
        "rare": traffic(rng, 0.05, 105),
        None: traffic(rng, 520, 105),
    }
    return daily(BEFORE, before), daily(AFTER, after)


def test_known_truth(daily: Daily) -> None:
    found = run(*truth(daily))
    for measure in ("connections", "bytes"):
        verdicts = {item: f.verdict for item, f in by_item(found, measure).items()}
        assert verdicts.pop("rare") == "no-evidence"
        assert verdicts == {
            "apple": "unchanged",
            "baidu": "grew",
            "facebook": "abandoned",
            "mail": "shrank",
            "monero": "adopted",
            "tank": "abandoned",
            None: "unchanged",
        }
    baidu = by_item(found)["baidu"]
    assert baidu.low is not None
    assert baidu.high is not None
    assert baidu.low < 4.5 < baidu.high
    assert baidu.before == pytest.approx(200, rel=0.1)
    assert (baidu.days_before, baidu.days_after) == (97, 105)
    assert by_item(found, "bytes")["baidu"].after == pytest.approx(900_000, rel=0.1)


def test_json_has_no_infinite_numbers(daily: Daily) -> None:
    rows = run(*truth(daily)).to_dict()["rows"]
    text = json.dumps(rows, allow_nan=False)
    assert '"service": "monero", "measure": "connections"' in text
    monero = next(r for r in rows if r["service"] == "monero")
    assert monero["ratio"] is None
    assert monero["high"] is None
    assert monero["low"] > 20
    assert monero["before"] == 0


def test_incomplete_days_are_left_out(daily: Daily) -> None:
    rng = np.random.default_rng(2)
    before, after = traffic(rng, 300, 97), traffic(rng, 300, 105)
    broken = after.copy()
    broken[50:75] = 0
    complete = [d for i, d in enumerate(days(AFTER, 105)) if not 50 <= i < 75]
    tables = daily(BEFORE, {"x": before}), daily(AFTER, {"x": broken})
    told, fooled = (
        compare_items(*tables, ["service"], days_before=days(BEFORE, 97), days_after=kept)
        for kept in (complete, days(AFTER, 105))
    )
    assert by_item(told)["x"].verdict == "unchanged"
    assert by_item(told)["x"].days_after == 80
    assert (by_item(fooled)["x"].after or 0) < (by_item(told)["x"].after or 0) * 0.8


def test_missing_sundays_are_not_growth(daily: Daily) -> None:
    week = np.array([100, 100, 100, 100, 100, 100, 10] * 14)
    monday = dt.date(2017, 4, 3)
    table = daily(monday, {"x": week})
    later = daily(monday + dt.timedelta(days=210), {"x": week})
    found = compare_items(
        table,
        later,
        ["service"],
        days_before=days(monday, 98),
        days_after=[d for d in days(monday + dt.timedelta(days=210), 98) if d.weekday() != 6],
    )
    finding = by_item(found)["x"]
    assert (finding.before, finding.after, finding.ratio) == (100, 100, 1)
    assert finding.days_before == 84


@pytest.mark.parametrize(
    ("n", "word"), [((13, 105), "13 before and 105 after"), ((97, 0), "97 before and 0")]
)
def test_too_few_days(daily: Daily, n: tuple[int, int], word: str) -> None:
    finding = by_item(run(*truth(daily), n))["facebook"]
    assert (finding.verdict, finding.state) == ("cannot-tell", "insufficient")
    assert word in finding.reason
    assert finding.ratio is None


def test_suppressed_items_tell_nothing(daily: Daily) -> None:
    before, after = truth(daily)
    totals = pa.table(
        {
            "service": ["facebook", "baidu", None],
            "members": pa.array([60, None, 9], pa.int64()),
            "state": ["measured", "suppressed", "measured"],
        }
    )
    found = compare_items(
        before,
        after,
        ["service"],
        days_before=days(BEFORE, 97),
        days_after=days(AFTER, 105),
        totals_before=totals,
    )
    baidu = by_item(found)["baidu"]
    assert (baidu.verdict, baidu.state) == ("cannot-tell", "suppressed")
    hidden = (baidu.before, baidu.after, baidu.ratio, baidu.low, baidu.high, baidu.p, baidu.q)
    assert set(hidden) == {None}
    assert (baidu.members_before, baidu.members_after) == (None, None)
    facebook = by_item(found)["facebook"]
    assert (facebook.members_before, facebook.members_after) == (60, None)
    assert by_item(found)[None].members_before == 9
    assert by_item(found)["monero"].members_before == 0


def test_unknown_values_are_not_zero(daily: Daily) -> None:
    before, after = truth(daily)
    unknown = pa.nulls(after.num_rows, pa.int64())
    for name in ("bytes_out", "bytes_in"):
        after = after.set_column(after.column_names.index(name), name, unknown)
    found = by_item(run(before, after), "bytes")
    assert found["facebook"].verdict == "cannot-tell"
    assert found["facebook"].reason == "bytes were not observed on many days"
    assert found["rare"].verdict == "cannot-tell"
    # What was never seen after is a measured zero.
    assert found["tank"].verdict == "abandoned"


def test_shares_can_be_compared() -> None:
    rng = np.random.default_rng(6)

    def shares(first: dt.date, count: int, share: float) -> pa.Table:
        values = share * np.exp(rng.normal(0, 0.2, count))
        texts = [d.isoformat() for d in days(first, count)]
        return pa.table({"day": texts, "way": ["any"] * count, "share": values})

    found = compare_items(
        shares(BEFORE, 97, 0.01),
        shares(AFTER, 105, 0.13),
        ["way"],
        days_before=days(BEFORE, 97),
        days_after=days(AFTER, 105),
        measures=["share"],
    ).findings[0]
    assert found.verdict == "grew"
    assert found.low is not None
    assert found.high is not None
    assert found.low < 13 < found.high


def test_several_columns_make_an_item() -> None:
    rows = [
        (d.isoformat(), s, c, 5)
        for d in days(BEFORE, 30)
        for s, c in (("a", None), ("a", "x"), (None, None))
    ]
    table = pa.table(
        dict(
            zip(
                ("day", "service", "country", "connections"),
                map(list, zip(*rows, strict=True)),
                strict=True,
            )
        )
    )
    found = compare_items(
        table,
        table,
        ["service", "country"],
        days_before=days(BEFORE, 30),
        days_after=days(BEFORE, 30),
        measures=["connections"],
    )
    assert [f.group for f in found.findings] == [
        (("service", "a"), ("country", "x")),
        (("service", "a"), ("country", None)),
        (("service", None), ("country", None)),
    ]
    assert {(f.before, f.after) for f in found.findings} == {(5, 5)}


def test_the_guard_withholds_what_coverage_could_do_alone(daily: Daily) -> None:
    before, after = truth(daily)
    lost = by_item(run(before, after, guard=Guard(band=Band(0.0, 1.0))))
    verdicts = {item: f.verdict for item, f in lost.items()}
    assert verdicts["facebook"] == "cannot-tell"
    assert verdicts["mail"] == "cannot-tell"
    assert verdicts["apple"] == "cannot-tell"
    assert verdicts["rare"] == "cannot-tell"
    assert verdicts["baidu"] == "grew"
    assert verdicts["monero"] == "adopted"
    assert "multiply it by 0 to 1" in lost["facebook"].reason
    assert "would be abandoned" in lost["facebook"].reason
    assert lost["facebook"].state == "not-comparable"
    assert lost["facebook"].high is not None
    # Mail fell to 0.6; hours from 24 to 18 explain 0.75 of that and no more.
    quarter = by_item(run(before, after, guard=Guard(band=Band(0.75, 1.0))))
    assert quarter["mail"].verdict == "shrank"
    half = by_item(run(before, after, guard=Guard(band=Band(0.5, 1.0))))
    assert half["mail"].verdict == "cannot-tell"
    assert quarter["facebook"].verdict == "abandoned"
    blind = by_item(run(before, after, guard=Guard(unestimable="sampling differs")))
    assert {f.verdict for f in blind.values()} == {"cannot-tell"}
    sized = by_item(run(before, after, guard=Guard(unestimable="sampling differs")), "bytes")
    assert sized["facebook"].verdict == "abandoned"


def test_no_items(daily: Daily) -> None:
    empty = daily(BEFORE, {})
    assert run(empty, empty).findings == ()


counts = st.lists(st.integers(0, 60), min_size=30, max_size=30)
worlds = st.dictionaries(st.sampled_from(["a", "b", "c", None]), counts, min_size=1)


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(worlds, worlds)
def test_swap_mirrors_every_verdict(
    daily: Daily, x: dict[str | None, list[int]], y: dict[str | None, list[int]]
) -> None:
    there = run(daily(BEFORE, x), daily(AFTER, y), (30, 30))
    back = compare_items(
        daily(AFTER, y),
        daily(BEFORE, x),
        ["service"],
        days_before=days(AFTER, 30),
        days_after=days(BEFORE, 30),
    )
    for one, other in zip(there.findings, back.findings, strict=True):
        assert one.group == other.group
        assert MIRROR.get(one.verdict, one.verdict) == other.verdict
        assert one.before == other.after
        assert one.q == other.q or math.isclose(one.q or 0, other.q or 0, rel_tol=1e-9)


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(worlds, worlds, counts)
def test_another_item_changes_only_q(
    daily: Daily, x: dict[str | None, list[int]], y: dict[str | None, list[int]], more: list[int]
) -> None:
    alone = run(daily(BEFORE, x), daily(AFTER, y), (30, 30))
    joined = run(daily(BEFORE, {**x, "z": more}), daily(AFTER, y), (30, 30))
    found = {(f.group, f.measure): f for f in joined.findings}
    for f in alone.findings:
        other = found[f.group, f.measure]
        assert (f.before, f.after) == (other.before, other.after)
        for name in ("ratio", "low", "high", "p"):
            one, two = getattr(f, name), getattr(other, name)
            assert one == two or math.isclose(one, two, rel_tol=1e-9)


def test_no_groups_compare_everything_at_once() -> None:
    days = [dt.date(2017, 4, 3) + dt.timedelta(days=i) for i in range(28)]
    table = pa.table({"day": [d.isoformat() for d in days], "connections": [100] * 28})
    found = compare_items(
        table, table, [], days_before=days, days_after=days, measures=["connections"]
    ).findings
    assert [(f.group, f.before, f.after, f.ratio) for f in found] == [((), 100.0, 100.0, 1.0)]
