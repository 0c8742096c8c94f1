"""What was observed, day by day: so that a gap in the data is not taken for a change of use."""

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from folkways.measure.completeness import Hours, reasons
from folkways.measure.gaps import Missing, missing
from folkways.measure.local_time import changes, local_day
from folkways.measure.values import Frame, collect, day_from_number, day_number, inside, use
from folkways.model.batches import Gap
from folkways.model.finding import UNKNOWN, CoverageSummary
from folkways.model.period import DAY_MS, HOUR_MS, Period, offsets_ms


@dataclass(frozen=True)
class DayCoverage:
    """One local day: how long it was, what was seen of it, and whether that is complete.

    ``expected_hours`` is the day's length (23, 24, 25, or 23.5 where a zone moves by half an
    hour); ``hours`` how many of them hold at least one row of any kind, a row counting in all the
    hours that it spans; ``rows`` those that start on the day; ``lost`` records that sources know to
    be missing; ``sampling`` the values seen, as text; ``flawed`` the share of rows with flaws,
    None without rows; ``unscaled_bytes`` IP bytes of use, both directions and as observed, of rows
    whose sampling is unknown, counted only where other rows of the period are scaled: sums hold
    both.
    """

    day: dt.date
    expected_hours: float
    hours: float
    rows: int
    lost: int
    sources: tuple[str, ...]
    exporters: tuple[str, ...]
    sampling: tuple[str, ...]
    flawed: float | None
    complete: bool
    reason: str | None
    unscaled_bytes: int = 0


@dataclass(frozen=True)
class Coverage:
    """All local days of a period, in order."""

    period: Period
    days: tuple[DayCoverage, ...]

    @property
    def complete_days(self) -> list[dt.date]:
        """The days that comparisons may use."""
        return [day.day for day in self.days if day.complete]

    def summary(self) -> CoverageSummary:
        """The period in a few numbers.

        All but the counts of days and ``unscaled_bytes`` speak of complete days.
        """
        complete = [day for day in self.days if day.complete]
        rows = sum(day.rows for day in complete)
        flawed = sum((day.flawed or 0.0) * day.rows for day in complete)
        return CoverageSummary(
            days=len(self.days),
            observed_days=sum(day.rows > 0 or day.hours > 0 for day in self.days),
            complete_days=len(complete),
            hours_per_day=sum(day.hours for day in complete) / len(complete) if complete else None,
            sources=len({source for day in complete for source in day.sources}),
            exporters=tuple(sorted({e for day in complete for e in day.exporters})),
            sampling=tuple(sorted({s for day in complete for s in day.sampling}, key=_by_number)),
            flawed=flawed / rows if rows else None,
            unscaled_bytes=sum(day.unscaled_bytes for day in self.days),
        )


def coverage(frame: Frame, period: Period, gaps: Iterable[Gap] = ()) -> Coverage:
    """How each local day of the period was observed.

    Args:
        frame: rows with the schema CONNECTIONS, noise and internal traffic included. Rows that
            start before the period and reach into it count for its hours if they are in the frame.
        period: local days.
        gaps: stretches from which sources say that records are missing.
    """
    active, length, hours = _hours(frame, period)
    facts = _facts(frame, period)
    days = period.days
    why = reasons(
        hours, [frozenset(facts[d].exporters) if d in facts else frozenset() for d in days]
    )
    unscaled = _unscaled(frame, period) if _mixed(facts.values()) else {}
    lacking = missing(gaps, period)
    found = []
    for i, day in enumerate(days):
        fact = facts.get(day, _Facts())
        lack = lacking.get(day, Missing(0, 0.0))
        reason = why[i] or lack.reason(fact.rows)
        found.append(
            DayCoverage(
                day=day,
                expected_hours=float(length[i].sum()),
                hours=float(length[i][active[i]].sum()),
                rows=fact.rows,
                lost=lack.lost,
                sources=tuple(sorted(fact.sources)),
                exporters=tuple(sorted(fact.exporters)),
                sampling=tuple(sorted(fact.sampling, key=_by_number)),
                flawed=fact.flawed / fact.rows if fact.rows else None,
                complete=reason is None,
                reason=reason,
                unscaled_bytes=unscaled.get(day, 0),
            )
        )
    return Coverage(period, tuple(found))


@dataclass
class _Facts:
    """Running totals of one day."""

    rows: int = 0
    flawed: int = 0
    sources: frozenset[str] = frozenset()
    exporters: frozenset[str] = frozenset()
    sampling: frozenset[str] = frozenset()


def _facts(frame: Frame, period: Period) -> dict[dt.date, _Facts]:
    """Rows, flaws, sources, exporters and sampling by day: a few rows for each source file."""
    keys = ["local_day", "source", "exporter", "sampling"]
    rows = inside(frame, period).with_columns(local_day=local_day(period))
    counted = rows.group_by(*keys).agg(
        nw.col("start_ms").count().cast(nw.Int64).alias("rows"),
        nw.col("flaws").count().cast(nw.Int64).alias("flawed"),
    )
    found: dict[dt.date, _Facts] = {}
    for row in collect(counted).to_pylist():
        fact = found.setdefault(day_from_number(row["local_day"]), _Facts())
        fact.rows += row["rows"]
        fact.flawed += row["flawed"]
        fact.sources |= {row["source"]}
        fact.exporters |= {row["exporter"] or UNKNOWN}
        fact.sampling |= {UNKNOWN if row["sampling"] is None else str(row["sampling"])}
    return found


def _mixed(facts: Iterable[_Facts]) -> bool:
    """Whether some rows are scaled by their sampling and others cannot be."""
    rates = frozenset[str]().union(*(fact.sampling for fact in facts))
    return UNKNOWN in rates and bool(rates - {UNKNOWN, "1"})


def _unscaled(frame: Frame, period: Period) -> dict[dt.date, int]:
    """Bytes of use by day of rows whose sampling is unknown."""
    rows = use(frame, period).filter(nw.col("sampling").is_null())
    sides = (nw.coalesce(nw.col(name), nw.lit(0)) for name in ("bytes_out", "bytes_in"))
    summed = (
        rows.with_columns(local_day=local_day(period), both=sum(sides, start=nw.lit(0)))
        .group_by("local_day")
        .agg(nw.col("both").sum().cast(nw.Int64))
    )
    return {day_from_number(r["local_day"]): r["both"] for r in collect(summed).to_pylist()}


def _hours(
    frame: Frame, period: Period
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64], Hours]:
    """Activity by day and stretch of the clock.

    The clock's stretches are its 24 hours and, where it is set back, those that it shows again:
    (days, 48) whether something was seen, (days, 48) their length in hours; and the same folded
    to clock hours for the rule of completeness.
    """
    grain = _grain(period)
    begin, end = period.start_ms // grain, period.end_ms // grain
    active = _active_slots(frame, period, grain, begin, end)
    starts = np.arange(begin, end, dtype=np.int64) * grain
    offsets = offsets_ms(starts, period.timezone)
    local = starts + offsets
    count = len(period.days)
    day = local // DAY_MS - day_number(period.first)
    repeat = _repeats(local)
    cell = local // HOUR_MS % 24 + 24 * repeat
    inside_days = (day >= 0) & (day < count)
    flat = (day * 48 + cell)[inside_days]
    slots = np.bincount(flat, minlength=count * 48).reshape(count, 48)
    length = np.asarray(slots * (grain / HOUR_MS), np.float64)
    seen = np.bincount(flat[active[inside_days]], minlength=count * 48).reshape(count, 48) > 0
    hours = Hours(
        exists=(length[:, :24] > 0),
        active=seen[:, :24] | seen[:, 24:],
        weekday=np.array([d.weekday() for d in period.days], np.int64),
    )
    return seen, length, hours


def _repeats(local: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """1 where a local time was already shown by the clock (it was set back), else 0."""
    shown = np.maximum.accumulate(np.r_[np.iinfo(np.int64).min, local[:-1]])
    repeated: npt.NDArray[np.int64] = (local <= shown).astype(np.int64)
    return repeated


def _grain(period: Period) -> int:
    """The longest stretch in ms, up to an hour, that divides every offset and day of the period."""
    base, inside_changes = changes(period)
    offsets = [base, *(offset for _, offset in inside_changes)]
    instants = [period.start_ms, period.end_ms, *(at for at, _ in inside_changes)]
    return math.gcd(HOUR_MS, *offsets, *instants)


def _active_slots(
    frame: Frame, period: Period, grain: int, begin: int, end: int
) -> npt.NDArray[np.bool_]:
    """(slots,): whether a row of any kind spans the slot.

    Distinct pairs of first and last slot are few, however many rows there are.
    """
    first, last = nw.col("start_ms"), nw.col("end_ms")
    # A row that ends at the very start of an hour, as sums of whole days do, is not in that hour.
    until = nw.when(last > first).then(last - 1).otherwise(first)
    rows = frame.filter(first < period.end_ms, last >= period.start_ms)
    pairs = rows.select(first=first // grain, last=until // grain).unique()
    table: pa.Table = collect(pairs)
    starts = np.clip(table["first"].to_numpy() - begin, 0, end - begin)
    ends = np.clip(table["last"].to_numpy() + 1 - begin, 0, end - begin)
    size = end - begin + 1
    steps = np.bincount(starts, minlength=size) - np.bincount(ends, minlength=size)
    found: npt.NDArray[np.bool_] = np.cumsum(steps)[:-1] > 0
    return found


def _by_number(text: str) -> tuple[int, str]:
    """Numbers in order of size, words after them."""
    return (int(text), "") if text.isdecimal() else (2**63, text)
