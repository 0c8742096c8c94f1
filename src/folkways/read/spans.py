"""Starts and ends of flows that cannot be, mended by when the record was sent or received."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from folkways.model.batches import Tally

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
DAY_MS = 86_400_000
EARLIEST_MS = 631_152_000_000
"""1990: before, no flow was exported; a clock that was never set starts in 1970."""
LONGEST_MS = 3653 * DAY_MS
"""Ten years: no connection is longer."""


class Span(NamedTuple):
    """Starts and ends, and where one of them was impossible and is unknown now (None: nowhere)."""

    start: Ints
    end: Ints
    mended: Bools | None


def mend(start: Ints, end: Ints, sent: Ints, keep: Bools, tally: Tally) -> Span:
    """Where one side is impossible and the other one right, the right one stands for both.

    Right is what lies within a day of ``sent``; a start may lie before it by as long as flows last.
    All are (n,) ms since 1970 UTC; ``keep`` says which records are counted.
    """
    latest = sent + DAY_MS
    if ((start <= end) & (end <= latest) & (end - start <= LONGEST_MS)).all():
        return Span(start, end, None)
    near = np.abs(end - sent) <= DAY_MS
    no_start = near & ((start > latest) | (end - start > LONGEST_MS))
    no_end = ~near & (end > latest) & (start <= latest) & (sent - start <= LONGEST_MS)
    for wrong, side in ((no_start, "start"), (no_end, "end")):
        tally.flag(f"clock: impossible {side}", int((wrong & keep).sum()))
    start, end = np.where(no_start, end, start), np.where(no_end, start, end)
    backwards = end < start
    tally.flag("clock: end before start", int((backwards & keep).sum()))
    mended = no_start | no_end
    return Span(start, np.maximum(start, end), mended if mended.any() else None)
