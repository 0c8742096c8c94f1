"""What was used, by how many, when, how hidden, where abroad."""

from folkways.measure.coverage import Coverage, DayCoverage, coverage
from folkways.measure.groups import GROUPS
from folkways.measure.hidden import hidden_share
from folkways.measure.rhythm import rhythm
from folkways.measure.summary import evidence_mix, noise, summary
from folkways.measure.values import VALUES

__all__ = [
    "GROUPS",
    "VALUES",
    "Coverage",
    "DayCoverage",
    "coverage",
    "evidence_mix",
    "hidden_share",
    "noise",
    "rhythm",
    "summary",
]
