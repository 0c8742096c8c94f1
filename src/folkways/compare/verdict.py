"""From numbers to one word and its reason."""

import math
from dataclasses import dataclass

from folkways.compare.guard import Band
from folkways.compare.margins import Margins
from folkways.model.finding import Verdict

CHANGES: frozenset[Verdict] = frozenset({"abandoned", "adopted", "grew", "shrank"})


@dataclass(frozen=True)
class Numbers:
    """What a verdict is made from: ratio (0 and infinity possible), interval, corrected p."""

    ratio: float
    low: float
    high: float
    q: float


def decide(numbers: Numbers, margins: Margins, band: Band) -> tuple[Verdict, str]:
    """The verdict that holds even if coverage alone multiplied the ratio by any factor of the band.

    What the band could explain becomes "cannot-tell".
    """
    verdict = _verdict(numbers, margins)
    if band == Band():
        return verdict, _reason(verdict, numbers, margins)
    widened = Numbers(
        numbers.ratio,
        numbers.low / band.high if numbers.low else 0.0,
        numbers.high / band.low if band.low else math.inf,
        numbers.q,
    )
    if verdict == "no-evidence":
        inside = margins.unchanged_low <= band.low and band.high <= margins.unchanged_high
        withheld = not inside
    else:
        withheld = _verdict(widened, margins) != verdict
    if withheld:
        return "cannot-tell", _withheld(verdict, band)
    return verdict, _reason(verdict, numbers, margins)


def _verdict(numbers: Numbers, margins: Margins) -> Verdict:
    if numbers.q < margins.significance:
        if numbers.high < margins.abandoned_below:
            return "abandoned"
        if numbers.low > margins.adopted_above:
            return "adopted"
        if numbers.low > 1:
            return "grew"
        if numbers.high < 1:
            return "shrank"
    if margins.unchanged_low <= numbers.low and numbers.high <= margins.unchanged_high:
        return "unchanged"
    return "no-evidence"


def _reason(verdict: Verdict, numbers: Numbers, margins: Margins) -> str:
    match verdict:
        case "abandoned":
            return f"at most {margins.abandoned_below:.0%} of it is left"
        case "adopted":
            return f"more than {margins.adopted_above:.0f} times what it was"
        case "grew" | "shrank":
            return "the interval excludes no change"
        case "unchanged":
            return (
                f"the interval lies between {margins.unchanged_low:g} and "
                f"{margins.unchanged_high:g}"
            )
        case _:
            if numbers.low <= 1 <= numbers.high:
                return "the interval holds both no change and changes that would matter"
            return "with so many items compared, a difference like this can be chance"


def _withheld(verdict: Verdict, band: Band) -> str:
    high = f"{band.high:.3g}" if math.isfinite(band.high) else "any number"
    return (
        f"coverage differs, which alone could multiply it by {band.low:.3g} to {high}; "
        f"without that the word would be {verdict}"
    )
