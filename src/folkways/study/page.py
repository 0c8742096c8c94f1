"""The material of a report: every question that a page answers, asked once."""

import datetime as dt
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from folkways.measure.hidden import hidden_share
from folkways.measure.rhythm import rhythm
from folkways.measure.summary import evidence_mix
from folkways.measure.summary import noise as noise_table
from folkways.model.errors import UserError
from folkways.model.period import Period
from folkways.privacy.suppression import suppress
from folkways.report.material import Material, RoundMaterial, Rows
from folkways.study import ask
from folkways.study.catalogue import imported_rows
from folkways.study.context import labels, list_ages, range_row, source_rows
from folkways.study.folder import StudyFolder
from folkways.study.frames import Frame, frame_of, observation
from folkways.study.progress import Progress
from folkways.study.reference import list_rows
from folkways.study.rounds import find_period

COMPARED = ("service", "function", "operator", "asn", "jurisdiction", "country", "hidden")
GROUPS = (*COMPARED, "encrypted")
DRAWN = 8
METHOD = """
A connection is what a person would count once: pieces cut by a timeout and the two directions of
one conversation are one. It counts on the day it opens; bytes count where they flow. Attempts that
were not answered are connections.

Scans, backscatter, what was denied on the way, traffic between members, local traffic, and rows
that state packets a second time are set aside, and no part of any figure of use.

Only complete days are compared, and every day of the week weighs the same. Days depend on each
other, so that the spread of a mean is estimated from the slow movements of its series, not from
single days; intervals held 93 % or more in simulations up to a correlation of 0.7 from day to day.

Intervals hold {confidence:.0%}. Over all items of one comparison the share of false alarms is held
at {significance:.0%} (Benjamini-Hochberg).

Grew, shrank: the interval leaves out no change, also after that correction. Abandoned: the whole
interval of the ratio lies below {abandoned_below:g}; adopted: above
{adopted_above:g}. Unchanged is said only where it lies between {unchanged_low:g} and
{unchanged_high:g}; otherwise there is no evidence of change.

With fewer than {least_days} complete days on a side nothing is told.
"""

ANONYMISED = (
    "The addresses were made unrecognisable before they came here. So no list of addresses was "
    "used: services are told by names, sensors' labels and ports alone, and countries, networks "
    "and hidden ways only where the source itself tells them."
)


def write_page(
    study: StudyFolder, wanted: Sequence[str], title: str | None, progress: Progress
) -> str:
    """The whole page as HTML.

    Raises:
        UserError: fewer than two rounds, or rounds that overlap.
    """
    # Charts are a heavy import, and only a report needs them.
    from folkways.report.page import render

    return render(gather_material(study, wanted, title, progress))


def gather_material(
    study: StudyFolder, wanted: Sequence[str], title: str | None, progress: Progress
) -> Material:
    """All that the page says, measured; suppressed where too few members stand behind it."""
    periods = _periods(study, wanted)
    progress.phase("Measuring", 2 * len(periods))
    drawn = _drawn_items(study, periods)
    rounds = []
    for text, period in zip(wanted, periods, strict=True):
        rounds.append(_round(study, text.strip(), period, drawn))
        progress.step()
    comparisons, guard, method = _comparisons(study, periods)
    method += list_ages(study, periods)
    if study.population.anonymised:
        method.append(ANONYMISED)
    progress.step(len(periods))
    population = study.population
    return Material(
        title=title or f"{population.name}: use of the internet",
        population=population.name,
        timezone=population.timezone,
        simulated=population.simulated,
        public_data=population.public_data,
        k=population.k,
        generated=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        ranges=[range_row(r.prefix, r.text, r.from_ms, r.to_ms) for r in population.ranges],
        excludes=[range_row(r.prefix, r.text, r.from_ms, r.to_ms) for r in population.excludes],
        rounds=rounds,
        comparisons=comparisons,
        guard=guard,
        labels=labels(study, periods[-1].last),
        functions={s.id: s.function for s in study.catalogue.services.values()},
        sources=source_rows(study),
        lists=[*list_rows(study), *imported_rows(study)],
        provenance=ask.provenance(study),
        method=method,
    )


def _periods(study: StudyFolder, wanted: Sequence[str]) -> list[Period]:
    if len(wanted) < 2:
        raise UserError("A report compares two rounds or periods; give at least two.")
    periods = [find_period(study, text) for text in wanted]
    for before, after in pairwise(periods):
        if before.overlaps(after) or after.start_ms < before.start_ms:
            raise UserError(f"{before} and {after}: give periods in order that do not overlap.")
    return periods


Item = tuple[str | None, str | None]
"""A service with its operator, or an operator without a service."""


def _drawn_items(study: StudyFolder, periods: Sequence[Period]) -> list[Item]:
    """The items with most connections in any of the rounds: those worth a line in a chart."""
    best: dict[Item, int] = {}
    for period in periods:
        with frame_of(study, period) as frame:
            rows = ask.published(study, frame, period, ["service"], {}).to_pylist()
        for row in rows:
            item = row["service"], row["operator"]
            if item != (None, None) and row["connections"] is not None:
                best[item] = max(best.get(item, 0), row["connections"])
    return sorted(best, key=lambda item: (-best[item], str(item)))[:DRAWN]


def _round(study: StudyFolder, name: str, period: Period, drawn: list[Item]) -> RoundMaterial:
    with frame_of(study, period) as frame:
        seen = observation(study, frame, period)
        tables = {g: ask.published(study, frame, period, [g], {}) for g in GROUPS}
        totals = ask.published(study, frame, period, [], {}).to_pylist()
        daily = ask.published(study, frame, period, ["day", "service"], {})
        noise = _suppressed(study, _over_days(noise_table(frame, period), ["noise"]))
        rhythms = _suppressed(study, rhythm(frame, period, seen.complete_days))
        return RoundMaterial(
            name=name,
            first=period.first.isoformat(),
            last=period.last.isoformat(),
            days=len(period.days),
            complete_days=len(seen.complete_days),
            coverage=[
                {
                    "day": day.day.isoformat(),
                    "hours": day.hours,
                    "expected_hours": day.expected_hours,
                    "rows": day.rows,
                    "complete": day.complete,
                    "reason": day.reason,
                }
                for day in seen.days
            ],
            coverage_words=ask.coverage_sentences(seen),
            totals=totals[0] if totals else {},
            noise=noise.to_pylist(),
            evidence=evidence_mix(frame, period).to_pylist(),
            by=tables,
            daily=_daily(daily, drawn),
            daily_networks=_daily_networks(study, frame, period, tables["asn"]),
            rhythm=rhythms,
            hidden_daily=_suppressed(study, hidden_share(frame, period), ["day"]),
            hidden=_suppressed(study, hidden_share(frame, period, by_day=False)),
        )


def _suppressed(study: StudyFolder, table: pa.Table, groups: Sequence[str] = ()) -> pa.Table:
    return suppress(table, study.population.k, values=_numbers(table), groups=list(groups))


def _numbers(table: pa.Table) -> list[str]:
    known = {"connections", "answered", "bytes_out", "bytes_in", "bytes", "share"}
    return [name for name in table.column_names if name in known]


def _over_days(table: pa.Table, keys: list[str]) -> pa.Table:
    """Sums over the days. Members are at least the most of any day: enough to suppress by."""
    sums = [(name, "sum") for name in _numbers(table)]
    found = table.group_by(keys).aggregate([*sums, ("members", "max")])
    return found.rename_columns(
        [n.removesuffix("_sum").removesuffix("_max") for n in found.column_names]
    )


def _daily(table: pa.Table, drawn: list[Item]) -> pa.Table:
    """The rows of the items to draw, with bytes of both directions in one."""
    wanted = set(drawn)
    pairs = zip(table["service"].to_pylist(), table["operator"].to_pylist(), strict=True)
    table = table.filter(pa.array([pair in wanted for pair in pairs], pa.bool_()))
    return table.append_column("bytes", pc.add(table["bytes_out"], table["bytes_in"]))


def _daily_networks(study: StudyFolder, frame: Frame, period: Period, whole: pa.Table) -> pa.Table:
    """The networks with most connections of the period, by day."""
    known = whole.filter(pc.and_(pc.is_valid(whole["asn"]), pc.is_valid(whole["connections"])))
    top = known.sort_by([("connections", "descending"), ("asn", "ascending")])["asn"][:DRAWN]
    table = ask.published(study, frame, period, ["day", "asn"], {})
    table = table.filter(pc.is_in(table["asn"], value_set=top.combine_chunks()))
    return table.append_column("bytes", pc.add(table["bytes_out"], table["bytes_in"]))


def _comparisons(
    study: StudyFolder, periods: Sequence[Period]
) -> tuple[dict[str, Rows], list[str], list[str]]:
    first, last = periods[0], periods[-1]
    found: dict[str, Rows] = {}
    guard: list[str] = []
    method: list[str] = []
    for name, by in {"all": [], **{group: [group] for group in COMPARED}}.items():
        answer = ask.compare(study, first, last, by)
        found[name] = answer["rows"]
        guard, method = answer["guard"], method_sentences(answer["margins"])
    found["hidden_share"] = ask.compare_hidden(study, first, last)
    return found, guard, method


def method_sentences(margins: Mapping[str, Any]) -> list[str]:
    """How verdicts come about, with the margins in force."""
    told = METHOD.format(**margins)
    return [" ".join(paragraph.split()) for paragraph in told.strip().split("\n\n")]
