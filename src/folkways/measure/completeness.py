"""Which days were observed completely, judged from the hours in which anything was seen.

The hours of a quiet population are empty at night, so an empty hour by itself says nothing. The
rule asks how likely a run of empty hours is, given how often these hours are empty on the other
days. It finds an outage of a few hours where the population is awake, and not one where it sleeps,
which costs little. It cannot tell a day on which everybody rested from a day that was not
observed: such a day is left out of comparisons, and says so. A day thinner than others but never
empty passes; a change of exporters, of sampling or of hours a day is for the coverage guard.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RUN_CHANCE = 1e-5
"""A run of empty hours less likely than this is a gap: with 24 starts a day it marks wrongly one
day in 4,000 if hours are independent, which leaves room for quiet days that are not (simulated
with days that differ by 40 %: one day in 200 of a population of ten, none of a busy one)."""

PORTION_CHANCE = 0.01
"""A day touched by such a run is incomplete only if its own part of it is unusual too."""

PRECEDENT_SHARE = 0.1
PRECEDENT_DAYS = 3
"""Hours of a day are not independent: who is away is away for hours. So a run is no gap either if
on a tenth of the other days of this weekday the same hours were all empty (of all other days, as
long as there are fewer than three of this weekday), or if half of them were empty altogether."""

PRIOR_DAYS = 4.0
"""How many days of the same weekday weigh as much as the mean of all days. A school or an office
is empty on Sundays; a few Sundays are enough to learn that, and none to be sure."""

LEAST_OTHERS = 3
"""With fewer other days nobody knows which hours are quiet, and every hour must be covered."""

EDGE_QUANTILE = 0.95
EDGE_HOURS = 1
"""The first and the last day are under suspicion, since observation seldom starts at midnight: one
is incomplete if it starts later (ends earlier) than 95 % of the other days by more than an hour."""

EXPORTER_CHANCE = 0.05
EXPORTER_OTHERS = 9
"""An exporter that spoke on all of nine other days or more, and on this one not, was down."""

Flags = npt.NDArray[np.bool_]
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Hours:
    """What was seen, by local day and clock hour.

    ``exists`` (days, 24): the hour is on that day's clock (one is skipped in spring);
    ``active`` (days, 24): something was seen in it; ``weekday`` (days,): 0 = Monday.
    """

    exists: Flags
    active: Flags
    weekday: npt.NDArray[np.int64]

    @property
    def observed(self) -> Flags:
        """(days,): whether anything was seen on the day."""
        return np.asarray(self.active.any(axis=1))


def reasons(hours: Hours, exporters: Sequence[frozenset[str]]) -> list[str | None]:
    """Why each day is incomplete; None where it is complete.

    Args:
        hours: activity of all days of a period, in order.
        exporters: who measured on each day.
    """
    found: list[str | None] = [None if seen else "nothing was observed" for seen in hours.observed]
    seen = np.flatnonzero(hours.observed)
    if len(seen) == 0:
        return found
    judge = _by_each_hour if len(seen) - 1 < LEAST_OTHERS else _by_the_others
    for day, reason in (*_missing_exporters(hours.observed, exporters), *judge(hours, seen)):
        if found[day] is None:
            found[day] = reason
    return found


def chance_of_empty(hours: Hours) -> Reals:
    """(days, 24): how likely each hour is empty, learnt from the other observed days.

    Frequencies of the same weekday are drawn towards those of all days (``PRIOR_DAYS``), which
    are drawn by half a day towards even odds, so that no hour is ever certain.
    """
    observed = hours.observed
    active = (hours.active & observed[:, None]).astype(float)
    others = observed.sum() - observed
    overall = (active.sum(axis=0) - active + 0.5) / (others[:, None] + 1)
    chance = np.empty_like(overall)
    for weekday in range(7):
        same = hours.weekday == weekday
        count = (observed & same).sum() - observed[same]
        sums = active[same].sum(axis=0) - active[same]
        weighted = sums + PRIOR_DAYS * overall[same]
        chance[same] = 1 - weighted / (count[:, None] + PRIOR_DAYS)
    chance[~hours.exists] = 1
    return np.clip(chance, 1e-12, 1)


def _by_each_hour(hours: Hours, seen: npt.NDArray[np.int64]) -> list[tuple[int, str]]:
    """With too few days to learn from, a day is complete if no hour of it is empty."""
    found = []
    for day in seen:
        count, exists = int(hours.active[day].sum()), int(hours.exists[day].sum())
        if count < exists:
            text = (
                f"something was seen in {count} of {exists} hours, and there are too few "
                "other days to know which hours are quiet"
            )
            found.append((int(day), text))
    return found


def _by_the_others(hours: Hours, seen: npt.NDArray[np.int64]) -> list[tuple[int, str]]:
    return [*_edges(hours, seen), *_gaps(hours, seen)]


def _edges(hours: Hours, seen: npt.NDArray[np.int64]) -> list[tuple[int, str]]:
    """The first and the last observed day, against when the others begin and end."""
    first = hours.active.argmax(axis=1)
    last = 23 - hours.active[:, ::-1].argmax(axis=1)
    found = []
    begins = np.quantile(first[seen[1:]], EDGE_QUANTILE, method="higher")
    if first[seen[0]] > begins + EDGE_HOURS:
        text = f"observation starts at {first[seen[0]]:02d}:00, other days by {begins:02d}:00"
        found.append((int(seen[0]), text))
    ends = np.quantile(last[seen[:-1]], 1 - EDGE_QUANTILE, method="lower")
    if last[seen[-1]] < ends - EDGE_HOURS:
        text = f"observation ends at {last[seen[-1]] + 1:02d}:00, other days after {ends:02d}:00"
        found.append((int(seen[-1]), text))
    return found


def _gaps(hours: Hours, seen: npt.NDArray[np.int64]) -> list[tuple[int, str]]:
    """Days with a run of empty hours that the other days make unlikely."""
    logs = np.log(chance_of_empty(hours))
    days = slice(int(seen[0]), int(seen[-1]) + 1)
    empty = ~hours.active[days].ravel()
    edges = np.flatnonzero(np.diff(np.r_[False, empty, False].astype(np.int8)))
    chances = logs[days].ravel()
    found: list[tuple[int, str]] = []
    for start, end in edges.reshape(-1, 2):
        if chances[start:end].sum() >= np.log(RUN_CHANCE):
            continue
        for day in range(start // 24, (end - 1) // 24 + 1):
            low, high = max(start, day * 24), min(end, day * 24 + 24)
            portion = slice(low - day * 24, high - day * 24)
            if chances[low:high].sum() < np.log(PORTION_CHANCE) and not _has_precedent(
                hours, day + days.start, portion
            ):
                text = (
                    f"nothing was seen from {portion.start:02d}:00 to {portion.stop:02d}:00, "
                    "hours that are seldom empty on other days"
                )
                found.append((day + days.start, text))
    return found


def _has_precedent(hours: Hours, day: int, portion: slice) -> bool:
    """Whether these hours are all empty on a good share of comparable observed days."""
    others = hours.observed.copy()
    others[day] = False
    weekday = hours.weekday == hours.weekday[day]
    same = others & weekday
    if same.sum() < (weekday.sum() - 1) / 2:
        return True
    if same.sum() >= PRECEDENT_DAYS:
        others = same
    empty = ~hours.active[others, portion].any(axis=1)
    return bool(empty.mean() >= PRECEDENT_SHARE)


def _missing_exporters(
    observed: Flags, exporters: Sequence[frozenset[str]]
) -> list[tuple[int, str]]:
    """Observed days on which an exporter is silent that speaks on nearly all others."""
    others = int(observed.sum()) - 1
    if others < EXPORTER_OTHERS:
        return []
    found = []
    for exporter in sorted(frozenset().union(*exporters)):
        silent = [d for d in np.flatnonzero(observed).tolist() if exporter not in exporters[d]]
        # Leaving out the day itself, the exporter was silent on len(silent) - 1 of the others.
        if silent and (len(silent) - 0.5) / (others + 1) <= EXPORTER_CHANCE:
            found += [(day, f"exporter {exporter} is missing") for day in silent]
    return found
