"""When flows began and ended, UTC by the records themselves, never by the name of the file."""

import numpy as np
import pyarrow as pa

from folkways.model.batches import Tally
from folkways.read.nfcapd.fields import Fields, Ints, Mask

_YEAR_10000_MS = 253_402_300_800_000
_DAY_MS = 86_400_000


def times(fields: Fields, keep: Mask, tally: Tally) -> dict[str, pa.Array]:
    """Start and end, ms since 1970 UTC; rows without a possible time leave ``keep``.

    A firewall's or NAT box's event has a time of its own, which stands in for one that is missing;
    for other flows it is the time at which the collector got them.
    """
    start, end = _stored(fields, "first"), _stored(fields, "last")
    if fields.has("event_ms") or fields.has("nat_event_ms"):
        event = np.maximum(_known(fields, "event_ms"), _known(fields, "nat_event_ms"))
        start = np.where(start == 0, event, start)
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
    backwards = end < start
    tally.flag("clock: end before start", int((backwards & keep).sum()))
    end = np.maximum(start, end)
    far = keep & (received > 0) & (np.abs(received - end) > _DAY_MS)
    tally.flag("clock: flow a day from its receipt", int(far.sum()))
    return {"start_ms": pa.array(start), "end_ms": pa.array(end)}


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
