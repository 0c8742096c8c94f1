import datetime as dt
from collections.abc import Callable
from typing import Any

import narwhals as nw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkways.measure import coverage
from folkways.measure.gaps import Missing, missing
from folkways.model.batches import Gap
from folkways.model.period import DAY_MS, HOUR_MS, Period, day_start_ms

Make = Callable[..., nw.LazyFrame[Any]]
PERIOD = Period.parse(
    "2018-10-26..2018-10-30", "Europe/Berlin"
)  # the clock is set back on the 28th
DAY = dt.date(2018, 10, 28)
MIDNIGHT = day_start_ms(DAY, "Europe/Berlin")


def test_stretches_that_overlap_count_once() -> None:
    gaps = [
        Gap(MIDNIGHT, MIDNIGHT + HOUR_MS, "SKIPDATA"),
        Gap(MIDNIGHT + HOUR_MS // 2, MIDNIGHT + 2 * HOUR_MS, "SKIPDATA"),
        Gap(MIDNIGHT + HOUR_MS // 4, MIDNIGHT + HOUR_MS // 2, "SKIPDATA", "eni-2"),
    ]
    assert missing(gaps, PERIOD) == {DAY: Missing(0, 2.0)}


def test_a_gap_is_shared_out_to_the_days_that_it_spans() -> None:
    # The day has 25 hours: 100 hours before midnight of the next one, and 100 after.
    end = MIDNIGHT + 25 * HOUR_MS
    found = missing([Gap(end - HOUR_MS, end + 3 * HOUR_MS - 1, "sequence gap", "r1", 400)], PERIOD)
    assert found == {
        DAY: Missing(100, 0.0),
        DAY + dt.timedelta(days=1): Missing(300, 0.0),
    }


@pytest.mark.parametrize(
    ("gap", "complete"),
    [
        (Gap(MIDNIGHT, MIDNIGHT, "sequence gap", None, 1), True),  # 1 of 50
        (Gap(MIDNIGHT, MIDNIGHT, "sequence gap", None, 2), False),  # 2 of 52
        (Gap(MIDNIGHT, MIDNIGHT + HOUR_MS // 2, "SKIPDATA"), True),
        (Gap(MIDNIGHT, MIDNIGHT + HOUR_MS // 2 + 1, "SKIPDATA"), False),
    ],
)
def test_a_day_that_lacks_much_is_left_out_of_comparisons(
    make_frame: Make, gap: Gap, *, complete: bool
) -> None:
    # Two rows in each of the 25 hours: 50 rows, so that one more is just under 2 %.
    rows = [{"start_ms": at} for at in range(PERIOD.start_ms, PERIOD.end_ms, HOUR_MS // 2)]
    found = coverage(make_frame(rows), PERIOD, [gap])
    assert [day.complete for day in found.days if day.day != DAY] == [True] * 4
    (day,) = [day for day in found.days if day.day == DAY]
    assert day.complete is complete
    assert day.lost == (gap.lost or 0)
    assert (day.reason is None) is complete


@given(
    st.lists(
        st.tuples(st.integers(-DAY_MS, 6 * DAY_MS), st.integers(0, 2 * DAY_MS), st.integers(0, 9))
    )
)
def test_no_loss_is_invented(found: list[tuple[int, int, int]]) -> None:
    gaps = [
        Gap(PERIOD.start_ms + first, PERIOD.start_ms + first + length, "x", None, lost or None)
        for first, length, lost in found
    ]
    told = missing(gaps, PERIOD)
    assert sum(m.lost for m in told.values()) <= sum(g.lost or 0 for g in gaps) + len(PERIOD.days)
    assert all(0 <= m.hours <= 25 for m in told.values())
