"""Tells a change of coverage from a change of behaviour, as far as that can be done.

For each measure a band of factors: by how much the difference in observation could alone have
multiplied the ratio of after to before. A verdict that the band could explain is withheld.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from folkways.model.finding import UNKNOWN, CoverageSummary

HOURS_TOLERANCE = 1.02
"""Hours a day may differ by this factor before it is said: less is within the rule's own grain."""

FLAWED_TOLERANCE = 0.05
"""Shares of flawed rows may differ by so much before it is said and counted against bytes."""

ESTIMABLE = frozenset({"bytes"})
"""Measures that are scaled by the sampling rate without bias; all others count flows, as observed,
and can be compared at equal sampling only."""


@dataclass(frozen=True)
class Band:
    """What a difference in coverage could alone do to a ratio: any factor from low to high."""

    low: float = 1.0
    high: float = 1.0

    def widen(self, by: "Band") -> "Band":
        """Two differences at once."""
        return Band(self.low * by.low, self.high * by.high)

    @classmethod
    def between(cls, factor: float) -> "Band":
        """From no effect to a factor, whichever is smaller."""
        return cls(min(1.0, factor), max(1.0, factor))


@dataclass(frozen=True)
class Guard:
    """What differs between two observations, in sentences and in numbers.

    ``band`` holds for every measure, ``bands`` adds to it for some. ``unscaled`` says why nothing
    can be told even about the measures that are ``ESTIMABLE``, ``unestimable`` why nothing about
    the others; None: something can.
    """

    sentences: tuple[str, ...] = ()
    band: Band = Band()
    bands: dict[str, Band] = field(default_factory=dict)
    unestimable: str | None = None
    unscaled: str | None = None

    def band_of(self, measure: str) -> Band:
        """The band of one measure."""
        return self.band.widen(self.bands.get(measure, Band()))

    def withheld(self, measure: str) -> str | None:
        """Why nothing can be told about a measure; None if something can."""
        return self.unscaled if measure in ESTIMABLE else self.unestimable

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "sentences": list(self.sentences),
            "factor_low": self.band.low,
            "factor_high": self.band.high if math.isfinite(self.band.high) else None,
        }


def guard(
    before: CoverageSummary, after: CoverageSummary, *, assume_equal_sampling: bool = False
) -> Guard:
    """Compare how two periods were observed.

    Args:
        before: coverage of the first period (of its complete days).
        after: of the second.
        assume_equal_sampling: the user vouches that sampling did not change although the sources
            do not say it; it is then a sentence and no longer withholds anything.
    """
    sentences = [*_left_out("before", before), *_left_out("after", after)]
    band = Band()
    for found in (_hours(before, after), _exporters(before, after)):
        sentences += found[0]
        band = band.widen(found[1])
    flawed, bytes_band = _flawed(before, after)
    sampled, unestimable, unscaled = _sampling(before, after, assume=assume_equal_sampling)
    return Guard(
        sentences=tuple(sentences + flawed + sampled),
        band=band,
        bands={"bytes": bytes_band},
        unestimable=unestimable,
        unscaled=unscaled,
    )


def _left_out(name: str, coverage: CoverageSummary) -> list[str]:
    missing = coverage.days - coverage.complete_days
    if not missing:
        return []
    if coverage.days == 1:
        return [f"The one day {name} was not observed completely and is left out."]
    verb = "was" if missing == 1 else "were"
    return [
        f"{missing} of {coverage.days} days {name} {verb} not observed completely and left out."
    ]


def _hours(before: CoverageSummary, after: CoverageSummary) -> tuple[list[str], Band]:
    if not before.hours_per_day or not after.hours_per_day:
        return [], Band()
    factor = after.hours_per_day / before.hours_per_day
    if abs(math.log(factor)) <= math.log(HOURS_TOLERANCE):
        return [], Band()
    text = (
        f"Something was seen in {before.hours_per_day:.1f} hours a day before and "
        f"{after.hours_per_day:.1f} after; that alone could change numbers by a factor of "
        f"{factor:.2f}."
    )
    return [text], Band.between(factor)


def _exporters(before: CoverageSummary, after: CoverageSummary) -> tuple[list[str], Band]:
    lost = sorted(set(before.exporters) - set(after.exporters))
    gained = sorted(set(after.exporters) - set(before.exporters))
    sentences = []
    if lost:
        sentences.append(
            f"Exporters seen before only: {', '.join(lost)}; a decline could be theirs alone."
        )
    if gained:
        sentences.append(
            f"Exporters seen after only: {', '.join(gained)}; growth could be theirs alone."
        )
    return sentences, Band(0.0 if lost else 1.0, math.inf if gained else 1.0)


def _flawed(before: CoverageSummary, after: CoverageSummary) -> tuple[list[str], Band]:
    if before.flawed is None or after.flawed is None:
        return [], Band()
    more = after.flawed - before.flawed
    if abs(more) <= FLAWED_TOLERANCE:
        return [], Band()
    text = f"{before.flawed:.0%} of rows had flaws before and {after.flawed:.0%} after."
    # Bytes may be missing from every row with a flaw: at the most, all of them.
    factor = 1 - min(abs(more), 1.0)
    inverse = 1 / factor if factor else math.inf
    return [text], Band(factor, 1.0) if more > 0 else Band(1.0, inverse)


def _sampling(
    before: CoverageSummary, after: CoverageSummary, *, assume: bool
) -> tuple[list[str], str | None, str | None]:
    """Sentences, why counts cannot be compared, and why not even bytes can."""
    rates = {*before.sampling, *after.sampling}
    if UNKNOWN in rates:
        if assume:
            text = "Sampling is not known to the sources; that it did not change is assumed."
            return [text], None, None
        reason = "sampling is unknown, so that a change of it cannot be told from a change of use"
        return ["Sampling is unknown for some of the rows."], reason, reason
    if len(rates) > 1:
        reason = "sampling differs, and counts of flows and members depend on it"
        shown = " and ".join(
            ", ".join(f"1 in {rate}" for rate in side.sampling) or "none"
            for side in (before, after)
        )
        return [f"Packets were sampled differently before and after: {shown}."], reason, None
    if rates - {"1"}:
        text = f"Packets were sampled 1 in {rates.pop()} in both: counts are as observed."
        return [text], None, None
    return [], None, None
