"""Two periods, item by item: how much each changed, how sure that is, and in one word."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from folkways.compare.guard import Guard
from folkways.compare.interval import FEWEST_DAYS, Reals, benjamini_hochberg, levels, ratios
from folkways.compare.margins import DEFAULT_MARGINS, Margins
from folkways.compare.series import Side, align
from folkways.compare.verdict import Numbers, decide
from folkways.model.finding import Finding, Group, State

MEASURES = ("connections", "bytes", "members")
COUNTS = frozenset({"connections", "answered", "members"})
"""Measures that are whole numbers of things, as opposed to amounts and shares."""


@dataclass(frozen=True)
class Comparison:
    """All findings of one comparison, with what they rest on."""

    by: tuple[str, ...]
    findings: tuple[Finding, ...]
    guard: Guard
    margins: Margins

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "by": list(self.by),
            "rows": [finding.to_dict() for finding in self.findings],
            "guard": self.guard.to_dict(),
            "margins": asdict(self.margins),
        }


def compare_items(
    before: pa.Table,
    after: pa.Table,
    by: Sequence[str],
    *,
    days_before: Sequence[dt.date],
    days_after: Sequence[dt.date],
    measures: Sequence[str] = MEASURES,
    guard: Guard | None = None,
    totals_before: pa.Table | None = None,
    totals_after: pa.Table | None = None,
    margins: Margins = DEFAULT_MARGINS,
) -> Comparison:
    """Compare every item of two daily tables.

    Args:
        before: daily table of the first period: ``day`` (ISO text), the columns ``by``, and the
            measures (``bytes_out`` and ``bytes_in`` are added for ``bytes``), not suppressed by
            day. An item without a row on a complete day was zero that day; a null is unknown.
        after: the same for the second.
        by: the columns that make an item.
        days_before: the complete days of the first period; all others are left out.
        days_after: of the second.
        measures: which to compare.
        guard: what differs in coverage; none: nothing does.
        totals_before: a row an item over the whole first period, with ``members`` and, after
            suppression, ``state``; items suppressed in either period are not told.
        totals_after: of the second.
        margins: all thresholds.

    Returns:
        One finding for each measure and item, in order of measures and sorted items.

    Raises:
        KeyError: a table lacks a column.
    """
    guard = guard or Guard()
    items, *sides = align(before, after, by, (days_before, days_after), measures)
    members = [_totals(table, by) for table in (totals_before, totals_after)]
    hidden = members[0].suppressed | members[1].suppressed
    findings: list[Finding] = []
    for measure in measures:
        found = _compare(items, sides[0], sides[1], measure, margins)
        known = [
            replace(
                finding,
                members_before=members[0].of(finding.group),
                members_after=members[1].of(finding.group),
            )
            for finding in found
        ]
        shown = [_suppress(f) if f.group in hidden else f for f in known]
        findings += _judge(shown, margins, guard)
    return Comparison(tuple(by), tuple(findings), guard, margins)


@dataclass(frozen=True)
class _Totals:
    """Members of each item over one period; None: no table was given."""

    members: dict[Group, int | None] | None
    suppressed: frozenset[Group]

    def of(self, group: Group) -> int | None:
        """Members of an item; an item that the table does not have has none."""
        return None if self.members is None else self.members.get(group, 0)


def _totals(table: pa.Table | None, by: Sequence[str]) -> _Totals:
    if table is None:
        return _Totals(None, frozenset())
    groups: list[Group] = [tuple(row.items()) for row in table.select(list(by)).to_pylist()]
    members = dict(zip(groups, table["members"].to_pylist(), strict=True))
    states = table["state"].to_pylist() if "state" in table.column_names else []
    hidden = frozenset(g for g, state in zip(groups, states, strict=False) if state == "suppressed")
    return _Totals(members, hidden)


def _compare(
    items: list[Group], before: Side, after: Side, measure: str, margins: Margins
) -> list[Finding]:
    """Numbers without verdicts; items that are known on the same days are computed together."""
    values = before.values[measure], after.values[measure]
    known = [~np.isnan(side) for side in values]
    found: dict[int, Finding] = {}
    unclear = _unclear(values, margins)
    for row in np.flatnonzero(unclear).tolist():
        days = int(known[0][row].sum()), int(known[1][row].sum())
        found[row] = _untold(items[row], measure, days, f"{measure} were not observed on many days")
    distinct, which = np.unique(np.concatenate(known, axis=1), axis=0, return_inverse=True)
    for number, pattern in enumerate(distinct):
        rows = np.flatnonzero((which.ravel() == number) & ~unclear)
        kept = pattern[: len(before.days)], pattern[len(before.days) :]
        sides = [
            Side(side.days[keep], {measure: series[rows][:, keep]})
            for side, keep, series in zip((before, after), kept, values, strict=True)
        ]
        told = _numbers([items[r] for r in rows], sides[0], sides[1], measure, margins)
        found.update(zip(rows.tolist(), told, strict=True))
    return [found[i] for i in range(len(items))]


def _unclear(values: tuple[Reals, Reals], margins: Margins) -> npt.NDArray[np.bool_]:
    """(items,): whether a measure is unknown on too many of the days on which an item was seen."""
    unclear = np.zeros(len(values[0]), bool)
    for side in values:
        unknown = np.isnan(side).sum(axis=1)
        seen = unknown + (side > 0).sum(axis=1)
        unclear |= unknown > margins.unknown_share * seen
    return unclear


def _numbers(
    items: list[Group], before: Side, after: Side, measure: str, margins: Margins
) -> list[Finding]:
    counts = len(before.days), len(after.days)
    least = max(margins.least_days, FEWEST_DAYS)
    if min(counts) < least:
        reason = (
            f"too few complete days: {counts[0]} before and {counts[1]} after; "
            f"{least} are needed in each"
        )
        means = [_plain_means(side.values[measure]) for side in (before, after)]
        return [
            replace(_untold(item, measure, counts, reason), before=b, after=a)
            for item, b, a in zip(items, *means, strict=True)
        ]
    sides = [levels(side.values[measure], side.days) for side in (before, after)]
    found = ratios(*sides, counts=measure in COUNTS, confidence=margins.confidence)
    return [
        Finding(
            group=item,
            measure=measure,
            before=float(sides[0].mean[i]),
            after=float(sides[1].mean[i]),
            days_before=counts[0],
            days_after=counts[1],
            ratio=_known(found.ratio[i]),
            low=_known(found.low[i]),
            high=_known(found.high[i]),
            p=_known(found.p[i]),
            q=None,
            verdict="cannot-tell",
            reason="nothing was seen in either period",
            state="measured",
        )
        for i, item in enumerate(items)
    ]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _plain_means(values: Reals) -> list[float | None]:
    """Means of however few days there are."""
    return values.mean(axis=1).tolist() if values.shape[1] else [None] * len(values)


def _untold(item: Group, measure: str, days: tuple[int, int], reason: str) -> Finding:
    """A finding without numbers."""
    return Finding(
        group=item,
        measure=measure,
        before=None,
        after=None,
        days_before=days[0],
        days_after=days[1],
        ratio=None,
        low=None,
        high=None,
        p=None,
        q=None,
        verdict="cannot-tell",
        reason=reason,
        state="insufficient",
    )


def _suppress(finding: Finding) -> Finding:
    """Nothing that tells of a cell with few members, in whichever period it is."""
    return replace(
        finding,
        before=None,
        after=None,
        ratio=None,
        low=None,
        high=None,
        p=None,
        verdict="cannot-tell",
        members_before=None,
        members_after=None,
        reason="suppressed: too few members in one of the periods",
        state="suppressed",
    )


def _judge(findings: list[Finding], margins: Margins, guard: Guard) -> list[Finding]:
    """Corrected p and verdicts of the findings of one measure."""
    p = np.array([math.nan if f.p is None else f.p for f in findings])
    corrected = benjamini_hochberg(p)
    return [
        finding if finding.p is None else _decided(finding, float(q), margins, guard)
        for finding, q in zip(findings, corrected, strict=True)
    ]


def _decided(finding: Finding, q: float, margins: Margins, guard: Guard) -> Finding:
    withheld = guard.withheld(finding.measure)
    if withheld:
        return replace(finding, q=q, reason=withheld, state="not-comparable")
    known = [math.nan if v is None else v for v in (finding.ratio, finding.low, finding.high)]
    numbers = Numbers(ratio=known[0], low=known[1], high=known[2], q=q)
    verdict, reason = decide(numbers, margins, guard.band_of(finding.measure))
    state: State = "not-comparable" if verdict == "cannot-tell" else "measured"
    return replace(finding, q=q, verdict=verdict, reason=reason, state=state)
