import datetime as dt
from collections.abc import Callable
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pytest

from folkways.measure import coverage
from folkways.measure.completeness import Hours, reasons
from folkways.model.period import HOUR_MS, Period

Make = Callable[..., nw.LazyFrame[Any]]
FIRST = dt.date(2017, 4, 3)  # a Monday


def hourly(period: Period, step: int = HOUR_MS // 2) -> list[dict[str, Any]]:
    return [{"start_ms": at} for at in range(period.start_ms, period.end_ms, step)]


@pytest.mark.parametrize(
    ("timezone", "day", "length"),
    [
        ("Europe/Berlin", "2018-03-25", 23),
        ("Europe/Berlin", "2018-10-28", 25),
        ("America/New_York", "2018-11-04", 25),
        ("Australia/Lord_Howe", "2018-10-07", 23.5),
        ("Australia/Lord_Howe", "2018-04-01", 24.5),
        ("Asia/Pyongyang", "2018-05-04", 23.5),
        ("Asia/Pyongyang", "2015-08-14", 24.5),
        ("Asia/Kathmandu", "2018-05-04", 24),
    ],
)
def test_days_have_their_own_length(
    make_frame: Make, timezone: str, day: str, length: float
) -> None:
    middle = dt.date.fromisoformat(day)
    period = Period(middle - dt.timedelta(days=3), middle + dt.timedelta(days=3), timezone)
    found = coverage(make_frame(hourly(period)), period)
    assert [d.expected_hours for d in found.days] == [24, 24, 24, length, 24, 24, 24]
    assert [d.hours for d in found.days] == [24, 24, 24, length, 24, 24, 24]
    assert found.complete_days == period.days
    assert found.days[3].rows == length * 2


def test_a_row_covers_the_hours_that_it_spans(make_frame: Make) -> None:
    period = Period.parse("2017-06-01..2017-06-03", "UTC")
    rows = [
        # A sum of a whole day, which ends where the next begins.
        {"start_ms": "2017-06-01 00:00", "end_ms": "2017-06-02 00:00", "opens": 40},
        # From 22:30 of the second day to 01:10 of the third.
        {"start_ms": "2017-06-02 22:30", "end_ms": "2017-06-03 01:10"},
        # An end before the start is a flaw, not a span.
        {"start_ms": "2017-06-02 05:30", "end_ms": "2017-06-02 01:00", "flaws": "clock"},
    ]
    found = coverage(make_frame(rows), period)
    assert [d.hours for d in found.days] == [24, 3, 2]
    assert [d.rows for d in found.days] == [1, 2, 0]
    assert [d.complete for d in found.days] == [True, False, False]
    assert found.days[1].flawed == 0.5
    assert "3 of 24 hours" in (found.days[1].reason or "")


def test_a_row_that_reaches_into_the_period_covers_it(make_frame: Make) -> None:
    period = Period.parse("2017-06-02..2017-06-02", "UTC")
    rows = [{"start_ms": "2017-06-01 20:00", "end_ms": "2017-06-03 09:00"}]
    found = coverage(make_frame(rows), period).days[0]
    assert (found.hours, found.rows, found.flawed, found.complete) == (24, 0, None, True)


def test_who_measured_and_how(make_frame: Make) -> None:
    period = Period.parse("2017-06-01..2017-06-02", "UTC")
    rows = hourly(period)
    for i, row in enumerate(rows):
        row["exporter"] = None if i % 2 else "edge"
        row["sampling"] = {0: None, 1: 1000, 2: 20}[i % 3]
        row["source"] = f"f{i % 4}"
    found = coverage(make_frame(rows), period)
    assert found.days[0].exporters == ("edge", "unknown")
    assert found.days[0].sampling == ("20", "1000", "unknown")
    summary = found.summary()
    assert (summary.days, summary.complete_days, summary.sources) == (2, 2, 4)
    assert (summary.hours_per_day, summary.flawed) == (24, 0)


def test_bytes_that_cannot_be_scaled_beside_those_that_are(make_frame: Make) -> None:
    period = Period.parse("2017-06-01..2017-06-02", "UTC")
    rows = hourly(period)

    def unscaled(*rates: int | None) -> list[int]:
        told = [{**row, "sampling": rates[i % len(rates)]} for i, row in enumerate(rows)]
        told[0] |= {"noise": "scan"}
        told[2 * len(rates)] |= {"bytes_in": None}
        found = coverage(make_frame(told), period)
        assert found.summary().unscaled_bytes == sum(d.unscaled_bytes for d in found.days)
        return [d.unscaled_bytes for d in found.days]

    # Two rows an hour. Of the first day one row is a scan, and of one the bytes in are not known.
    assert unscaled(None, 1000) == [23 * 1100 - 1000, 24 * 1100]
    assert unscaled(1000, None, 1) == [16 * 1100, 16 * 1100]
    assert unscaled(None) == unscaled(None, 1) == unscaled(1000, 1) == [0, 0]


def test_nothing_observed(make_frame: Make) -> None:
    period = Period.parse("2017-06-01..2017-06-02", "UTC")
    found = coverage(make_frame([]), period)
    assert [d.reason for d in found.days] == ["nothing was observed"] * 2
    summary = found.summary()
    assert (summary.observed_days, summary.hours_per_day, summary.flawed) == (0, None, None)


# The rule of completeness by itself, on simulated populations.


def population(rng: np.random.Generator, days: int, rate: npt.NDArray[np.float64]) -> Hours:
    """Hours active by a rate of rows for weekday and hour, some days busier than others."""
    weekday = np.arange(days) % 7
    # Quiet days are quiet all day: hours do not fall empty independently of each other.
    mood = np.exp(rng.normal(0, 0.4, size=(days, 1)))
    active = rng.poisson(rate[weekday] * mood) > 0
    return Hours(np.ones((days, 24), bool), active, weekday)


def awake(weekday: float, weekend: float, night: float) -> npt.NDArray[np.float64]:
    rate = np.full((7, 24), night)
    rate[:5, 8:22] = weekday
    rate[5:, 8:22] = weekend
    return rate


NOBODY: frozenset[str] = frozenset()
POPULATIONS = {
    "busy": awake(500, 400, 50),
    "ten people, quiet at night": awake(3, 2.5, 0.1),
    "three people": awake(0.7, 0.7, 0.02),
    "an office, empty at weekends": awake(8, 0.03, 0.01),
}


@pytest.mark.parametrize("days", [8, 46, 97])
@pytest.mark.parametrize("name", POPULATIONS)
def test_quiet_hours_are_not_gaps(name: str, days: int) -> None:
    rng = np.random.default_rng(7)
    flagged = total = 0
    for _ in range(40):
        hours = population(rng, days, POPULATIONS[name])
        found = reasons(hours, [NOBODY] * days)
        observed = hours.observed
        flagged += sum(r is not None for r, seen in zip(found, observed, strict=True) if seen)
        total += int(observed.sum())
    # A weekly rhythm takes some weeks to learn; until then the odd weekend day is left out.
    allowed = 0.01 if days > 8 else 0.03 if "office" not in name else 0.2
    assert flagged / total < allowed, f"{flagged} of {total}"


@pytest.mark.parametrize(
    "name", ["busy", "ten people, quiet at night", "an office, empty at weekends"]
)
@pytest.mark.parametrize("days", [28, 46, 97])
def test_an_outage_of_six_busy_hours_is_found(name: str, days: int) -> None:
    rng = np.random.default_rng(8)
    found = 0
    for _ in range(40):
        hours = population(rng, days, POPULATIONS[name])
        hours.active[9, 10:16] = False  # a Wednesday
        found += reasons(hours, [NOBODY] * days)[9] is not None
    assert found >= 36


def test_a_night_without_observation_over_two_days() -> None:
    hours = population(np.random.default_rng(9), 60, POPULATIONS["busy"])
    hours.active[20, 20:] = False
    hours.active[21, :5] = False
    found = reasons(hours, [NOBODY] * 60)
    assert [d for d, reason in enumerate(found) if reason] == [20, 21]
    assert "from 20:00 to 24:00" in str(found[20])
    assert "from 00:00 to 05:00" in str(found[21])


def test_the_first_and_the_last_day_are_judged_by_the_others() -> None:
    hours = population(np.random.default_rng(10), 30, POPULATIONS["busy"])
    hours.active[0, :3] = False
    hours.active[29, 21:] = False
    found = reasons(hours, [NOBODY] * 30)
    assert found[0] == "observation starts at 03:00, other days by 00:00"
    assert found[29] == "observation ends at 21:00, other days after 23:00"
    assert [d for d, reason in enumerate(found) if reason] == [0, 29]


def test_absent_days_and_a_day_of_minutes() -> None:
    hours = population(np.random.default_rng(11), 20, POPULATIONS["busy"])
    hours.active[5] = False
    assert [d for d, r in enumerate(reasons(hours, [NOBODY] * 20)) if r] == [5]
    alone = Hours(np.ones((1, 24), bool), np.arange(24)[None] == 7, np.array([0]))
    assert "1 of 24 hours" in str(reasons(alone, [NOBODY])[0])


def test_a_silent_exporter_makes_a_day_incomplete() -> None:
    hours = population(np.random.default_rng(12), 30, POPULATIONS["busy"])
    exporters = [frozenset({"a", "b"}) for _ in range(30)]
    exporters[12] = frozenset({"a"})
    found = reasons(hours, exporters)
    assert {d: r for d, r in enumerate(found) if r} == {12: "exporter b is missing"}
    # An exporter that is replaced for good is for the guard between periods, not for single days.
    moved = [frozenset({"a" if d < 15 else "b"}) for d in range(30)]
    assert reasons(hours, moved) == [None] * 30


def test_many_rows_agree_with_a_count_by_hand(make_frame: Make) -> None:
    rng = np.random.default_rng(13)
    period = Period(FIRST, FIRST + dt.timedelta(days=9), "Europe/Berlin")
    starts = rng.integers(period.start_ms, period.end_ms, 80)
    ends = starts + rng.integers(0, 4 * HOUR_MS, 80)
    rows = [{"start_ms": int(s), "end_ms": int(e)} for s, e in zip(starts, ends, strict=True)]
    found = coverage(make_frame(rows), period)
    for i, day in enumerate(found.days):
        begin = period.start_ms + i * 24 * HOUR_MS
        edges = [(begin + h * HOUR_MS, begin + (h + 1) * HOUR_MS) for h in range(24)]
        seen = sum(bool(((starts < b) & (ends > a)).any()) for a, b in edges)
        assert day.hours == seen
        assert day.rows == ((starts >= begin) & (starts < begin + 24 * HOUR_MS)).sum()
