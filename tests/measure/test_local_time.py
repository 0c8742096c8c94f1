import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import narwhals as nw
import pytest

from folkways.measure.local_time import changes, local_day, local_hour, local_weekday
from folkways.measure.values import day_from_number
from folkways.model.period import Period

MINUTE = 60_000


def clock(frame: nw.LazyFrame[Any], period: Period) -> list[tuple[int, dt.date, int, int]]:
    found = frame.select(
        "start_ms", day=local_day(period), hour=local_hour(period), weekday=local_weekday(period)
    )
    rows = found.collect("pyarrow").to_native().to_pylist()
    return [(r["start_ms"], day_from_number(r["day"]), r["hour"], r["weekday"]) for r in rows]


@pytest.mark.parametrize(
    ("instant", "day", "hour", "weekday"),
    [
        # UTC+9 until midnight of 15 August 2015, when the clock went back to 23:30.
        ("2015-08-14 14:59:59.999", "2015-08-14", 23, 4),
        ("2015-08-14 15:00", "2015-08-14", 23, 4),
        ("2015-08-14 15:29:59.999", "2015-08-14", 23, 4),
        ("2015-08-14 15:30", "2015-08-15", 0, 5),
        # UTC+8:30 until 23:30 of 4 May 2018, which was followed by midnight.
        ("2018-05-04 14:59:59.999", "2018-05-04", 23, 4),
        ("2018-05-04 15:00", "2018-05-05", 0, 5),
        ("2018-05-05 14:59:59.999", "2018-05-05", 23, 5),
        ("2018-05-05 15:00", "2018-05-06", 0, 6),
    ],
)
def test_pyongyang_by_hand(
    make_frame: Callable[..., nw.LazyFrame[Any]], instant: str, day: str, hour: int, weekday: int
) -> None:
    period = Period.parse("2015-08-01..2018-06-30", "Asia/Pyongyang")
    _, found, found_hour, found_weekday = clock(make_frame([{"start_ms": instant}]), period)[0]
    assert (found.isoformat(), found_hour, found_weekday) == (day, hour, weekday)


@pytest.mark.parametrize(
    ("timezone", "first", "last"),
    [
        ("Asia/Pyongyang", "2015-08-12", "2015-08-17"),
        ("Asia/Pyongyang", "2018-05-02", "2018-05-07"),
        ("Europe/Berlin", "2018-03-24", "2018-03-26"),
        ("Europe/Berlin", "2018-10-27", "2018-10-29"),
        ("America/New_York", "2018-03-10", "2018-03-12"),
        ("America/New_York", "2018-11-03", "2018-11-05"),
        ("Australia/Lord_Howe", "2018-03-31", "2018-04-02"),
        ("Australia/Lord_Howe", "2018-10-06", "2018-10-08"),
        ("America/Sao_Paulo", "2018-02-16", "2018-02-19"),
        ("America/Sao_Paulo", "2018-11-02", "2018-11-05"),
        ("Pacific/Apia", "2011-12-28", "2012-01-01"),
        ("UTC", "1970-01-01", "1970-01-02"),
    ],
)
def test_every_seven_minutes_as_zoneinfo_has_it(
    make_frame: Callable[..., nw.LazyFrame[Any]], timezone: str, first: str, last: str
) -> None:
    period = Period.parse(f"{first}..{last}", timezone)
    zone = ZoneInfo(timezone)
    instants = [*range(period.start_ms, period.end_ms, 7 * MINUTE), period.end_ms - 1]
    for at, day, hour, weekday in clock(make_frame([{"start_ms": i} for i in instants]), period):
        local = dt.datetime.fromtimestamp(at / 1000, zone)
        assert (day, hour, weekday) == (local.date(), local.hour, local.weekday())


def test_only_changes_inside_the_period_are_in_the_expression() -> None:
    period = Period.parse("2018-03-16..2018-08-30", "Asia/Pyongyang")
    base, inside = changes(period)
    assert base == 30_600_000
    assert inside == [(1_525_446_000_000, 32_400_000)]  # 2018-05-04T15:00Z
    assert changes(Period.parse("2017-04-01..2017-07-06", "Asia/Pyongyang")) == (30_600_000, [])
