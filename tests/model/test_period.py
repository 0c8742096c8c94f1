import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.model.errors import UserError
from folkways.model.period import (
    DAY_MS,
    Period,
    instant_text,
    local_day_bounds_ms,
    local_days,
    offsets_ms,
    utc_ms,
)

ZONES = [
    "Asia/Pyongyang",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Tehran",
    "America/Sao_Paulo",
    "UTC",
]
INSTANTS = st.integers(0, 2_100_000_000_000)


def test_both_days_are_included() -> None:
    period = Period.parse("2017-04-01..2017-07-06", "Asia/Pyongyang")
    assert len(period.days) == 97
    assert instant_text(period.start_ms) == "2017-03-31T15:30:00.000Z"
    assert instant_text(period.end_ms) == "2017-07-06T15:30:00.000Z"
    assert period.utc_days[0] == "2017-03-31"
    assert period.utc_days[-1] == "2017-07-06"


def test_the_day_of_a_change_of_offset_has_its_own_length() -> None:
    # On 4 May 2018 clocks in Pyongyang went from 23:30 to midnight.
    first, after = local_day_bounds_ms("2018-05-04", "Asia/Pyongyang") or (0, 0)
    assert (after - first) / 3_600_000 == 23.5
    for day, hours in (("2021-03-28", 23), ("2021-10-31", 25)):
        first, after = local_day_bounds_ms(day, "Europe/Berlin") or (0, 0)
        assert (after - first) / 3_600_000 == hours


def test_a_day_whose_midnight_is_skipped_starts_at_the_change() -> None:
    # In Sao Paulo clocks went from 2018-11-03 23:59 to 2018-11-04 01:00.
    first, after = local_day_bounds_ms("2018-11-04", "America/Sao_Paulo") or (0, 0)
    assert instant_text(first) == "2018-11-04T03:00:00.000Z"
    assert (after - first) / 3_600_000 == 23


@pytest.mark.parametrize(
    "text",
    ["2017-04-01", "2017-4-1..2017-04-02", "2017-02-30..2017-03-01", "2018-01-02..2018-01-01"],
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        Period.parse(text, "UTC")


@settings(deadline=None)
@given(INSTANTS, st.sampled_from(ZONES))
def test_local_days_and_offsets_are_those_of_the_zone(instant: int, zone: str) -> None:
    local = dt.datetime.fromtimestamp(instant / 1000, ZoneInfo(zone))
    offset = local.utcoffset() or dt.timedelta()
    array = np.array([instant], np.int64)
    assert offsets_ms(array, zone)[0] == offset.total_seconds() * 1000
    assert local_days(array, zone)[0] == (local.date() - dt.date(1970, 1, 1)).days


@settings(deadline=None)
@given(INSTANTS, st.sampled_from(ZONES))
def test_wall_clock_times_become_instants_as_the_zone_says(local: int, zone: str) -> None:
    naive = dt.datetime(1970, 1, 1, tzinfo=dt.UTC).replace(tzinfo=ZoneInfo(zone))
    naive += dt.timedelta(milliseconds=local)
    expected = round(naive.replace(fold=0).timestamp() * 1000)
    assert utc_ms(np.array([local], np.int64), zone)[0] == expected


@settings(deadline=None)
@given(st.dates(dt.date(1971, 1, 1), dt.date(2037, 12, 30)), st.sampled_from(ZONES))
def test_days_follow_each_other_without_gap(day: dt.date, zone: str) -> None:
    _, after = local_day_bounds_ms(day.isoformat(), zone) or (0, 0)
    following, _ = local_day_bounds_ms((day + dt.timedelta(days=1)).isoformat(), zone) or (0, 0)
    assert after == following
    number = (day - dt.date(1970, 1, 1)).days
    edge = np.array([after - 1, after], np.int64)
    assert local_days(edge, zone).tolist() == [number, number + 1]
    assert DAY_MS == 86_400_000
