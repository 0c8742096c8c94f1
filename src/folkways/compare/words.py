"""Estimative words by a written scale, so that the same odds are always called the same.

Bounds as in the US Intelligence Community Directive 203 (2015), section D.6.e.2.a, with the ends
drawn out so that every probability has a word.
"""

SCALE: tuple[tuple[float, str], ...] = (
    (0.05, "almost certainly not"),
    (0.20, "very unlikely"),
    (0.45, "unlikely"),
    (0.55, "about as likely as not"),
    (0.80, "likely"),
    (0.95, "very likely"),
    (1.00, "almost certain"),
)
"""(upper bound of the probability, word); a bound belongs to the word below it."""


def words_for(probability: float) -> str:
    """The word for a probability from 0 to 1.

    Raises:
        ValueError: it is no probability.
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"{probability} is no probability")
    return next(word for bound, word in SCALE if probability <= bound)


def chance_of_direction(p: float) -> float:
    """How sure it is that a change has the direction that was seen, from a two-sided p (or q).

    One half at p = 1, where both directions are as likely, up to one at p = 0. This is the
    one-sided confidence that the interval of the same test gives to that side of no change.
    """
    return 1 - p / 2
