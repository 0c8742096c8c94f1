"""A time axis that holds the rounds and leaves what lies between them open.

Days of rounds stand in line; between two rounds stands a gap of fixed width, so that rounds years
apart can be read, and nothing invites the eye to draw a line through what nobody observed.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from folkways.report.dates import MONTHS, parse
from folkways.report.material import RoundMaterial

GAP_SHARE = 0.12
LONG_DAYS = 45
LABEL_PX = 30


@dataclass(frozen=True)
class Span:
    """One round on the axis; ``start`` is the position of its first day in days."""

    name: str
    first: dt.date
    days: int
    start: float


@dataclass(frozen=True)
class Gap:
    """What was not observed, from the end of one round to the start of the next."""

    start: float
    end: float
    days: int


@dataclass(frozen=True)
class Timeline:
    """Rounds and gaps; positions are days, with gaps drawn together.

    ``borders``: where a round starts on the day after another ends.
    """

    spans: tuple[Span, ...]
    gaps: tuple[Gap, ...]
    borders: tuple[float, ...]
    length: float

    def position(self, index: int, day: str) -> float:
        """Where a day of a round stands (its middle)."""
        span = self.spans[index]
        return span.start + (parse(day) - span.first).days + 0.5

    def ticks(self, width: float) -> dict[float, list[str]]:
        """Positions and the lines of their labels, for an axis so many pixels wide."""
        found: dict[float, list[str]] = {}
        for span in self.spans:
            room = max(1, int(width * span.days / self.length / LABEL_PX))
            for day, label in _labels(span, room):
                found[span.start + (day - span.first).days] = label
        return found


def timeline(rounds: Sequence[RoundMaterial], names: Sequence[str]) -> Timeline:
    """The axis of some rounds in order of time."""
    total = sum(one.days for one in rounds)
    gap = total * GAP_SHARE
    spans: list[Span] = []
    gaps: list[Gap] = []
    borders: list[float] = []
    at = 0.0
    for one, name in zip(rounds, names, strict=True):
        first = parse(one.first)
        if spans:
            before = spans[-1]
            between = (first - before.first).days - before.days
            if between > 0:
                gaps.append(Gap(at, at + gap, between))
                at += gap
            else:
                borders.append(at)
        spans.append(Span(name, first, one.days, at))
        at += one.days
    return Timeline(tuple(spans), tuple(gaps), tuple(borders), at)


def _labels(span: Span, room: int) -> list[tuple[dt.date, list[str]]]:
    """Firsts of months, or, in a short round, its first day and some days after it."""
    if span.days < LONG_DAYS:
        step = max(7, -(-span.days // room))
        days = [span.first + dt.timedelta(days=i) for i in range(0, span.days, step)]
        return [(d, _short(d, first=i == 0)) for i, d in enumerate(days[:room])]
    every = (span.first + dt.timedelta(days=i) for i in range(span.days))
    months = [day for day in every if day.day == 1]
    step = next((s for s in (1, 2, 3, 6, 12, 24, 60) if len(months) <= s * room), 120)
    shown = months[::step]
    return [(day, _month(day, first=i == 0)) for i, day in enumerate(shown)]


def _short(day: dt.date, *, first: bool) -> list[str]:
    label = [f"{day.day} {MONTHS[day.month - 1][:3]}"]
    return [*label, str(day.year)] if first else label


def _month(day: dt.date, *, first: bool) -> list[str]:
    label = [MONTHS[day.month - 1][:3]]
    return [*label, str(day.year)] if first or day.month == 1 else label
