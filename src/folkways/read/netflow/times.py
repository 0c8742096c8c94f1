"""Start and end of flows from whichever elements say them; the finest that is set wins.

Sources: RFC 5102/7012 for the elements, RFC 7011 6.1.7 to 6.1.10 for their encodings: micro- and
nanoseconds are 64-bit NTP stamps (seconds since 1900, then a binary fraction). Uptimes are 32-bit
milliseconds that wrap, so that only their signed difference to a known instant has a meaning.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np

from folkways.read.netflow.fields import Bools, Fields, Ints
from folkways.read.netflow.options import LATEST_MS
from folkways.read.netflow.restarts import start_before

NTP_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970."""
_LONGEST = 1 << 40
"""No flow is so long, in ms or in us."""
UNKNOWN = np.iinfo(np.int64).min


class Context:
    """What the packets' headers say, spread to an element a record when it is asked for.

    Args:
        export_ms: when each packet was sent.
        uptime_ms: the exporter's uptime then; None: the version does not say it.
        counts: records of each packet.
        starts: when the exporter's uptime began, by options data: the last few times.
    """

    def __init__(
        self, export_ms: Ints, uptime_ms: Ints | None, counts: Ints, starts: tuple[int, ...]
    ) -> None:
        self._export_ms, self._uptime_ms, self._counts = export_ms, uptime_ms, counts
        self._starts = starts

    @cached_property
    def export_ms(self) -> Ints:
        """When a record's packet was sent, ms since 1970 UTC."""
        return np.repeat(self._export_ms, self._counts)

    @property
    def init_ms(self) -> Ints:
        """When the uptime began that a record's packet speaks of."""
        return start_before(self._starts, self.export_ms, UNKNOWN)

    @cached_property
    def uptime_ms(self) -> Ints | None:
        """The exporter's uptime when it sent the packet, 32 bits."""
        return None if self._uptime_ms is None else np.repeat(self._uptime_ms, self._counts)


class Times(NamedTuple):
    """Start and end in ms since 1970 UTC, and where they are not what the record says."""

    start: Ints
    end: Ints
    guessed: Bools | None = None
    """Where only the time of export was known; None: nowhere."""
    unstarted: Bools | None = None
    """Where the start is not known, and the end stands for it; None: nowhere."""


def flow_times(fields: Fields, context: Context) -> Times:
    """When flows began and ended.

    One known side stands for both unless a duration is known. Where uptimes have nothing to be
    measured against, the flow is taken to end at its export.
    """
    start = _first(_absolute(fields, context, "Start"), fields.rows)
    end = _first((*_absolute(fields, context, "End"), *_observed(fields)), fields.rows)
    no_start, no_end = start == UNKNOWN, end == UNKNOWN
    if not no_start.any() and not no_end.any():
        return Times(start, end)
    stated = _duration(fields)
    duration = np.zeros(fields.rows, np.int64) if stated is None else stated
    guessed = no_start & no_end
    end = np.where(guessed, context.export_ms, end)
    end = np.where(end == UNKNOWN, start + duration, end)
    unstarted = no_start if stated is None else no_start & guessed
    return Times(np.where(no_start, end - duration, start), end, guessed, unstarted)


def _first(encodings: Iterator[Ints | None] | tuple[Ints | None, ...], rows: int) -> Ints:
    found: Ints | None = None
    for values in encodings:
        if values is None:
            continue
        found = values if found is None else np.where(found == UNKNOWN, values, found)
    return np.full(rows, UNKNOWN, np.int64) if found is None else found


def _absolute(fields: Fields, context: Context, side: str) -> Iterator[Ints | None]:
    """One side from each encoding, finest first."""
    yield _ntp(fields, f"flow{side}Nanoseconds")
    yield _ntp(fields, f"flow{side}Microseconds")
    yield _set(fields.unsigned(f"flow{side}Milliseconds"), 1)
    delta = fields.unsigned(f"flow{side}DeltaMicroseconds")
    if delta is not None:
        usable = (delta >= 0) & (delta < _LONGEST)
        yield np.where(usable, context.export_ms - delta // 1000, UNKNOWN)
    yield _uptime(fields, context, f"flow{side}SysUpTime")
    yield _set(fields.unsigned(f"flow{side}Seconds"), 1000)


def _observed(fields: Fields) -> Iterator[Ints | None]:
    yield _ntp(fields, "observationTimeNanoseconds")
    yield _ntp(fields, "observationTimeMicroseconds")
    yield _set(fields.unsigned("observationTimeMilliseconds"), 1)
    yield _set(fields.unsigned("observationTimeSeconds"), 1000)


def _set(values: Ints | None, scale: int) -> Ints | None:
    # Zero is what exporters write where they know no time; absurd ones would overflow.
    if values is None:
        return None
    usable = (values > 0) & (values < LATEST_MS)
    return np.where(usable, values * scale, UNKNOWN)


def _ntp(fields: Fields, name: str) -> Ints | None:
    if fields.length(name) != 8:
        return None
    stamps = fields.unsigned(name)
    if stamps is None:
        return None
    seconds, fraction = stamps >> 32 & 0xFFFFFFFF, stamps & 0xFFFFFFFF
    # The lowest fraction bits of microseconds carry nothing; at ms they do not show.
    ms = (seconds - NTP_EPOCH) * 1000 + (fraction * 1000 >> 32)
    return np.where(seconds > NTP_EPOCH, ms, UNKNOWN)


def _uptime(fields: Fields, context: Context, name: str) -> Ints | None:
    then = fields.unsigned(name)
    if then is None:
        return None
    if context.uptime_ms is not None:
        return context.export_ms - signed(context.uptime_ms - then)
    init = fields.unsigned("systemInitTimeMilliseconds")
    begun = context.init_ms
    if init is not None:
        begun = np.where((init > 0) & (init < LATEST_MS), init, begun)
    # Uptimes wrap every 49.7 days: of all instants they can mean, the one next to the export.
    by_init = context.export_ms - signed(context.export_ms - (begun + then))
    return np.where(begun == UNKNOWN, UNKNOWN, by_init)


def signed(difference: Ints) -> Ints:
    """What ``serial.signed`` is for one number, for a column: a cast wraps as the counter does."""
    return difference.astype(np.int32).astype(np.int64)


def _duration(fields: Fields) -> Ints | None:
    stated = fields.unsigned("flowDurationMilliseconds")
    if stated is not None:
        return np.clip(stated, 0, _LONGEST)
    first, last = fields.unsigned("flowStartSysUpTime"), fields.unsigned("flowEndSysUpTime")
    if first is None or last is None:
        return None
    return np.maximum(signed(last - first), 0)
