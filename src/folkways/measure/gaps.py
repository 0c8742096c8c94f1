"""What sources themselves say is missing: records lost on the way, stretches not recorded.

Hours with rows in them look observed although a collector was overrun or a provider skipped data;
such a day shows less than there was, and is left out of comparisons.
"""

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from folkways.model.batches import Gap
from folkways.model.period import HOUR_MS, Period, day_start_ms

LOST_SHARE = 0.02
"""A day that lost more than this share of its records is incomplete: it shifts a ratio by as much,
well below the width of the intervals, whereas larger losses do not hide in them."""

LOST_HOURS = 0.5
"""So is one from which records are missing during more than half an hour, where nobody says how
many."""


@dataclass(frozen=True)
class Missing:
    """One local day: records known to be lost, and hours in which an unknown number was."""

    lost: int
    hours: float

    def reason(self, rows: int) -> str | None:
        """Why the day is incomplete, beside ``rows`` that are there; None: it is not, by this."""
        share = self.lost / (self.lost + rows) if self.lost else 0.0
        if share > LOST_SHARE:
            return f"{self.lost:,} records ({share:.0%}) were lost, as their numbering shows"
        if self.hours > LOST_HOURS:
            return f"the source says that records are missing, during {self.hours:.1f} hours"
        return None


def missing(gaps: Iterable[Gap], period: Period) -> dict[dt.date, Missing]:
    """What is missing from each local day of the period that lacks anything.

    Losses are spread evenly over their stretch of time; stretches that overlap count once.
    """
    days = period.days
    starts = [day_start_ms(day, period.timezone) for day in days]
    bounds = list(pairwise([*starts, period.end_ms]))
    by_day: defaultdict[int, list[Gap]] = defaultdict(list)
    for gap in gaps:
        if gap.first_ms <= gap.last_ms and gap.last_ms >= period.start_ms:
            begin = max(bisect_right(starts, gap.first_ms) - 1, 0)
            # Sources may hold thousands of gaps, and each lies on few days.
            for place in range(begin, bisect_right(starts, gap.last_ms)):
                if gap.first_ms < bounds[place][1]:
                    by_day[place].append(gap)
    return {days[place]: _missing(here, *bounds[place]) for place, here in sorted(by_day.items())}


def _missing(gaps: list[Gap], begin: int, end: int) -> Missing:
    lost = round(sum(_lost(gap, begin, end) for gap in gaps))
    uncounted = [(gap.first_ms, gap.last_ms) for gap in gaps if gap.lost is None]
    return Missing(lost, _union_ms(uncounted, begin, end) / HOUR_MS)


def _lost(gap: Gap, begin: int, end: int) -> float:
    """The part of a gap's losses that falls into [begin, end)."""
    # Both ends of a gap lie inside it, so that one of no length still has a place.
    length = gap.last_ms - gap.first_ms + 1
    inside = min(gap.last_ms + 1, end) - max(gap.first_ms, begin)
    return (gap.lost or 0) * inside / length


def _union_ms(stretches: Iterable[tuple[int, int]], begin: int, end: int) -> int:
    total, reached = 0, begin
    for first, last in sorted(stretches):
        stop = min(last, end)
        total += max(stop - max(first, reached), 0)
        reached = max(reached, stop)
    return total
