"""What measuring and comparing hand on: a summary of coverage, and findings with their verdicts.

Plain frozen data without arithmetic, so that stages share words and not code. ``to_dict`` gives
what JSON holds: infinite and unknown numbers become null.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal[
    "abandoned", "adopted", "grew", "shrank", "unchanged", "no-evidence", "cannot-tell"
]
State = Literal["measured", "suppressed", "insufficient", "not-comparable"]
Group = tuple[tuple[str, str | int | None], ...]
"""An item as (column, value) pairs; a null value is the row of what is not known."""

UNKNOWN = "unknown"


@dataclass(frozen=True)
class CoverageSummary:
    """How well one period was observed; everything but ``days`` speaks of its complete days.

    ``days`` is the length of the period, ``observed_days`` those with at least one row;
    ``hours_per_day`` the mean number of hours with at least one row; ``sources`` how many source
    files; ``exporters`` who measured; ``sampling`` the values seen ("1", "1000", "unknown");
    ``flawed`` the share of rows with flaws, None without rows. ``unscaled_bytes``, of all days: IP
    bytes of use of rows whose sampling is unknown, where others of the period are scaled.
    """

    days: int
    observed_days: int
    complete_days: int
    hours_per_day: float | None
    sources: int
    exporters: tuple[str, ...]
    sampling: tuple[str, ...]
    flawed: float | None
    unscaled_bytes: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return plain(asdict(self))


@dataclass(frozen=True)
class Finding:
    """One item and measure, compared between two periods.

    ``before`` and ``after`` are daily means in which every day of the week weighs the same;
    ``ratio`` is after / before (0 and infinity are possible, None: both are zero), ``low`` and
    ``high`` its 95 % interval, ``p`` the two-sided p-value of "ratio = 1", ``q`` the same after
    Benjamini-Hochberg over the items of the comparison. ``members_before`` and ``members_after``
    are distinct members over the whole period. None is unknown or suppressed.
    """

    group: Group
    measure: str
    before: float | None
    after: float | None
    days_before: int
    days_after: int
    ratio: float | None
    low: float | None
    high: float | None
    p: float | None
    q: float | None
    verdict: Verdict
    reason: str
    state: State
    members_before: int | None = None
    members_after: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it: the group's columns come first, each under its own name."""
        rest = asdict(self)
        del rest["group"]
        return plain({**dict(self.group), **rest})


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """The same with numbers that JSON has no word for (infinite, not a number) as None."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in values.items()
    }
