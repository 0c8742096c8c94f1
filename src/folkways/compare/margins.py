"""Every threshold of a comparison in one place, each with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Margins:
    """When a difference is called by which name.

    ``confidence``: of the intervals; the usual 95 %.
    ``significance``: largest q (p after Benjamini-Hochberg) of a change; so of the changes that a
    comparison names, about 5 % at most are expected to be none.
    ``unchanged_low``, ``unchanged_high``: "unchanged" is said only of an interval inside them; a
    fifth less or a quarter more (which is the same step) is about the least that a reader of a
    study would call a change.
    ``abandoned_below``: "abandoned" needs an interval under a twentieth of what it was.
    ``adopted_above``: the same turned round, so that swapping the periods swaps the words.
    ``least_days``: complete days that each period needs; two whole weeks, so that each weekday is
    seen twice (docs/decisions/0004-intervals.md says what intervals of few days hold).
    ``unknown_share``: of the days on which an item was seen, so many may leave the measure
    unknown; beyond that the days that are left, which include all those without the item, are no
    fair sample.
    """

    confidence: float = 0.95
    significance: float = 0.05
    unchanged_low: float = 0.8
    unchanged_high: float = 1.25
    abandoned_below: float = 0.05
    adopted_above: float = 20.0
    least_days: int = 14
    unknown_share: float = 0.05


DEFAULT_MARGINS = Margins()
