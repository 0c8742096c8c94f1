"""Questions to a study: what was used in a period, and how two periods compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import pyarrow as pa

from folkways.compare.guard import guard
from folkways.compare.items import compare_items
from folkways.measure.coverage import Coverage
from folkways.measure.hidden import hidden_share
from folkways.measure.summary import summary as measure_summary
from folkways.measure.values import VALUES
from folkways.model.errors import UserError
from folkways.model.finding import UNKNOWN
from folkways.model.period import Period
from folkways.privacy.suppression import suppress
from folkways.study.folder import StudyFolder
from folkways.study.frames import Frame, frame_of, observation

SUMMARY_SCHEMA, COMPARE_SCHEMA = "folkways.summary/1", "folkways.compare/1"
HIDDEN_NUMBERS = [name for name in VALUES if name != "members"]


def summary(
    study: StudyFolder, period: Period, by: Sequence[str], filters: Mapping[str, str]
) -> dict[str, Any]:
    """The shape of ``folkways summary --json``; see docs/reference/json.md."""
    with frame_of(study, period) as frame:
        table = published(study, frame, period, by, filters)
        seen = observation(study, frame, period)
    return {
        "schema": SUMMARY_SCHEMA,
        "period": period_json(period),
        "by": list(by),
        "filters": dict(filters),
        "rows": table.to_pylist(),
        "coverage": coverage_json(seen),
        "provenance": provenance(study),
    }


def published(
    study: StudyFolder,
    frame: Frame,
    period: Period,
    by: Sequence[str],
    filters: Mapping[str, str],
) -> pa.Table:
    """The table of a question as it may be shown: cells with too few members are suppressed.

    By service, rows of no known service are told apart by operator, so that "operator only" and
    "unknown" are different rows.
    """
    groups = item_groups(by)
    table = measure_summary(frame, period, groups, filters)
    return suppress(table, study.population.k, values=HIDDEN_NUMBERS, groups=total_groups(groups))


def item_groups(by: Sequence[str]) -> list[str]:
    """The groups as asked; by service, the operator is told as well."""
    groups = list(by)
    if "service" in groups and "operator" not in groups:
        groups.insert(groups.index("service") + 1, "operator")
    return groups


def total_groups(by: Sequence[str]) -> list[str]:
    """The columns within which a published total could give a lone suppressed cell away."""
    return [name for name in by if name in {"day", "hour", "weekday"}]


def period_json(period: Period) -> dict[str, str]:
    """A period as JSON says it."""
    return {
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
        "timezone": period.timezone,
    }


def coverage_json(seen: Coverage) -> dict[str, Any]:
    """How a period was observed: its numbers, the days that are not complete, sentences."""
    return {
        **seen.summary().to_dict(),
        "incomplete": [
            {"day": day.day.isoformat(), "hours": day.hours, "reason": day.reason}
            for day in seen.days
            if not day.complete
        ],
        "sentences": coverage_sentences(seen),
    }


def coverage_sentences(seen: Coverage) -> list[str]:
    """What a reader must know of the observation before believing a number."""
    short = seen.summary()
    if short.days == 1:
        found = [f"The day was {'' if short.complete_days else 'not '}observed completely."]
    else:
        average = (
            f", {short.hours_per_day:.1f} hours a day on average" if short.hours_per_day else ""
        )
        found = [f"{short.complete_days} of {short.days} days were observed completely{average}."]
    missing = short.days - short.observed_days
    if missing:
        days = "1 day" if missing == 1 else f"{missing} days"
        found.append(f"On {days} nothing at all was observed.")
    found += _sampling_sentences(seen, short.unscaled_bytes)
    if short.flawed:
        found.append(f"{short.flawed:.1%} of rows are flawed (bytes missed, cut, clock).")
    return found


def _sampling_sentences(seen: Coverage, unscaled: int) -> list[str]:
    """What sampling makes of the sums; of all days, since sums are."""
    rates = {rate for day in seen.days for rate in day.sampling}
    scaled = sorted(rates - {"1", UNKNOWN}, key=int)
    told = f"Packets were sampled (1 in {', '.join(scaled)}): bytes are estimates; "
    counts = "connections and members are as observed, fewer than there were."
    if scaled and UNKNOWN in rates:
        beside = (
            "Of other rows the sources do not say whether packets were sampled: "
            f"{unscaled:,} bytes of use are theirs as observed, and stand unscaled beside the "
            "estimates in the same sums."
        )
        return [told + counts, beside]
    if UNKNOWN in rates:
        return ["Whether packets were sampled is not said by the sources; volumes are as observed."]
    return [told + counts] if scaled else []


def provenance(study: StudyFolder) -> dict[str, Any]:
    """What every number stands on."""
    return {
        "folkways": version("folkways"),
        "simulated": study.population.simulated,
        "anonymised": study.population.anonymised,
        "duplicates": study.population.duplicates,
        "population": study.population.digest,
        "catalogue": study.catalogue.digest,
        "lists": study.snapshot.digest,
        "k": study.population.k,
    }


def compare(study: StudyFolder, before: Period, after: Period, by: Sequence[str]) -> dict[str, Any]:
    """The shape of ``folkways compare --json``; see docs/reference/json.md.

    Raises:
        UserError: the periods overlap, or a group is one of time.
    """
    if before.overlaps(after):
        raise UserError(f"{before} and {after} overlap; compare periods that do not.")
    timely = set(by) & {"day", "hour", "weekday"}
    if timely:
        raise UserError(f"compare by {', '.join(sorted(timely))} has no meaning; give items.")
    groups = item_groups(by)
    sides = [_side(study, period, groups) for period in (before, after)]
    watch = guard(*(side.seen.summary() for side in sides))
    comparison = compare_items(
        sides[0].daily,
        sides[1].daily,
        groups,
        days_before=sides[0].seen.complete_days,
        days_after=sides[1].seen.complete_days,
        guard=watch,
        totals_before=sides[0].totals,
        totals_after=sides[1].totals,
    )
    told = comparison.to_dict()
    return {
        "schema": COMPARE_SCHEMA,
        "before": period_json(before),
        "after": period_json(after),
        "by": list(by),
        "rows": told["rows"],
        "guard": list(watch.sentences),
        "coverage": [coverage_json(side.seen) for side in sides],
        "margins": told["margins"],
        "provenance": provenance(study),
    }


@dataclass(frozen=True)
class _Side:
    """One period of a comparison: each item by day, each item in all, and how it was observed."""

    daily: pa.Table
    totals: pa.Table
    seen: Coverage


def _side(study: StudyFolder, period: Period, groups: list[str]) -> _Side:
    with frame_of(study, period) as frame:
        return _Side(
            daily=measure_summary(frame, period, ["day", *groups]),
            totals=published(study, frame, period, groups, {}),
            seen=observation(study, frame, period),
        )


def compare_hidden(study: StudyFolder, before: Period, after: Period) -> list[dict[str, Any]]:
    """How the share of hidden connections changed, by way: rows as of compare, measure share."""
    sides = [_hidden_side(study, period) for period in (before, after)]
    comparison = compare_items(
        sides[0].daily,
        sides[1].daily,
        ["way"],
        days_before=sides[0].seen.complete_days,
        days_after=sides[1].seen.complete_days,
        measures=["share"],
        guard=guard(*(side.seen.summary() for side in sides)),
        totals_before=sides[0].totals,
        totals_after=sides[1].totals,
    )
    rows: list[dict[str, Any]] = comparison.to_dict()["rows"]
    return rows


def _hidden_side(study: StudyFolder, period: Period) -> _Side:
    with frame_of(study, period) as frame:
        return _Side(
            daily=hidden_share(frame, period),
            totals=suppress(
                hidden_share(frame, period, by_day=False), study.population.k, groups=None
            ),
            seen=observation(study, frame, period),
        )
