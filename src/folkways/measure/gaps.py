"""What sources themselves say is missing: records lost on the way, stretches not recorded.

Hours with rows in them look observed although a collector was overrun or a provider skipped data;
such a day shows less than there was, and is left out of comparisons.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

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
    kept = [
        gap
        for gap in gaps
        if gap.first_ms <= gap.last_ms
        and gap.first_ms < period.end_ms
        and gap.last_ms >= period.start_ms
    ]
    if not kept:
        return {}
    found: dict[dt.date, Missing] = {}
    for day in period.days:
        begin = day_start_ms(day, period.timezone)
        end = day_start_ms(day + dt.timedelta(days=1), period.timezone)
        here = [gap for gap in kept if gap.first_ms < end and gap.last_ms >= begin]
        if here:
            lost = round(sum(_lost(gap, begin, end) for gap in here))
            uncounted = [(g.first_ms, g.last_ms) for g in here if g.lost is None]
            found[day] = Missing(lost, _union_ms(uncounted, begin, end) / HOUR_MS)
    return found


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
