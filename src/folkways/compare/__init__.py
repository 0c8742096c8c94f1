"""Two periods: how much changed, how sure that is, and what cannot be told."""

from folkways.compare.guard import Guard, guard
from folkways.compare.items import MEASURES, Comparison, compare_items
from folkways.compare.margins import Margins
from folkways.compare.words import chance_of_direction, words_for

__all__ = [
    "MEASURES",
    "Comparison",
    "Guard",
    "Margins",
    "chance_of_direction",
    "compare_items",
    "guard",
    "words_for",
]
