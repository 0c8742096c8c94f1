"""When flows began and ended, UTC by the records themselves, never by the name of the file."""

from typing import NamedTuple

import numpy as np

from folkways.model.batches import Tally
from folkways.read.nfcapd.fields import Fields, Ints, Mask
from folkways.read.spans import DAY_MS, EARLIEST_MS, LONGEST_MS, mend

_YEAR_10000_MS = 253_402_300_800_000


class Times(NamedTuple):
    """Starts and ends in ms since 1970 UTC, and where they are not those of the records."""

    start: Ints
    end: Ints
    unstarted: Mask | None
    """Where the start is not known, and the end stands for it."""
    mended: Mask | None
    """Where one of them was impossible."""


def times(fields: Fields, keep: Mask, tally: Tally) -> Times:
    """When flows began and ended; rows without a possible time leave ``keep``.

    A firewall's or NAT box's event has a time of its own, which stands in for one that is missing;
    for other flows it is the time at which the collector got them.
    """
    start, end = _stored(fields, "first"), _stored(fields, "last")
    unstarted = None
    if fields.has("event_ms") or fields.has("nat_event_ms"):
        event = np.maximum(_known(fields, "event_ms"), _known(fields, "nat_event_ms"))
        unstarted = start == 0
        start = np.where(unstarted, event, start)
        end = np.where(end == 0, np.maximum(start, event), end)
    received = _known(fields, "received_ms")
    late = keep & (start == 0) & (received > 0)
    if late.any():
        tally.flag("clock: time of receipt used", int(late.sum()))
        start, end = np.where(late, received, start), np.where(late, received, end)
    if not _possible(start, end):
        absurd = (start < 0) | (end < 0) | (np.maximum(start, end) >= _YEAR_10000_MS)
        for wrong, cause in ((absurd, "impossible"), (start == 0, "unknown")):
            tally.skip(f"record of an {cause} time", int((wrong & keep).sum()))
            keep &= ~wrong
    span = mend(start, end, np.where(received > 0, received, _likely(start, end)), keep, tally)
    start, end = span.start, span.end
    far = keep & (received > 0) & (np.abs(received - end) > DAY_MS)
    tally.flag("clock: flow a day from its receipt", int(far.sum()))
    return Times(start, end, unstarted, span.mended)


def _likely(start: Ints, end: Ints) -> Ints:
    """Which time to believe where none of receipt is told: of two that cannot both be, the earlier.

    Clocks that are wrong by years are ahead, or were never set and say 1970.
    """
    odd = (end < start) | (end - start > LONGEST_MS)
    early = np.minimum(start, end)
    return np.where(odd, np.where(early < EARLIEST_MS, np.maximum(start, end), early), end)


def _possible(start: Ints, end: Ints) -> bool:
    return bool(start.min() > 0 and end.min() >= 0 and max(start.max(), end.max()) < _YEAR_10000_MS)


def _stored(fields: Fields, which: str) -> Ints:
    found = fields.get(f"{which}_ms")
    if found is None:
        found = fields.rows[f"{which}_s"].astype(np.int64) * 1000 + fields.rows[f"{which}_part"]
    return found


def _known(fields: Fields, name: str) -> Ints:
    """A time, 0 where it is not carried or absurd."""
    found = fields.get(name)
    if found is None:
        return np.zeros(len(fields.rows), np.int64)
    return np.where((found > 0) & (found < _YEAR_10000_MS), found, 0)
