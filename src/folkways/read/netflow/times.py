"""Start and end of flows from whichever elements say them; the finest that is set wins.

Sources: RFC 5102/7012 for the elements, RFC 7011 6.1.7 to 6.1.10 for their encodings: micro- and
nanoseconds are 64-bit NTP stamps (seconds since 1900, then a binary fraction). Uptimes are 32-bit
milliseconds that wrap, so that only their signed difference to a known instant has a meaning.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from folkways.read.netflow.fields import Fields, Ints

NTP_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970."""
_WRAP = 1 << 32
UNKNOWN = np.iinfo(np.int64).min


class Context(NamedTuple):
    """What the packets' headers say, an element a record; UNKNOWN where they do not."""

    export_ms: Ints
    uptime_ms: Ints
    init_ms: Ints
    """When the exporter's uptime began, by options data."""


def flow_times(fields: Fields, context: Context) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
    """Start and end in ms since 1970 UTC, and where only the time of export was known.

    One known side stands for both unless a duration is known. Where uptimes have nothing to be
    measured against, the flow is taken to end at its export.
    """
    start, end = _absolute(fields, context, "Start"), _absolute(fields, context, "End")
    for name, scale in (("observationTimeMilliseconds", 1), ("observationTimeSeconds", 1000)):
        _fill(end, _set(fields.unsigned(name), scale))
    duration = _duration(fields)
    guessed = (start == UNKNOWN) & (end == UNKNOWN)
    end = np.where(guessed, context.export_ms, end)
    end = np.where(end == UNKNOWN, start + duration, end)
    start = np.where(start == UNKNOWN, end - duration, start)
    return start, end, guessed


def _absolute(fields: Fields, context: Context, side: str) -> Ints:
    """One side from each encoding, finest first."""
    found = np.full(fields.rows, UNKNOWN, np.int64)
    for unit in ("Nanoseconds", "Microseconds"):
        _fill(found, _ntp(fields, f"flow{side}{unit}"))
    _fill(found, _set(fields.unsigned(f"flow{side}Milliseconds"), 1))
    delta = fields.unsigned(f"flow{side}DeltaMicroseconds")
    if delta is not None:
        _fill(found, context.export_ms - delta // 1000)
    _fill(found, _uptime(fields, context, f"flow{side}SysUpTime"))
    _fill(found, _set(fields.unsigned(f"flow{side}Seconds"), 1000))
    return found


def _fill(found: Ints, values: Ints | None) -> None:
    if values is not None:
        np.copyto(found, values, where=found == UNKNOWN)


def _set(values: Ints | None, scale: int) -> Ints | None:
    # Zero is what exporters write where they know no time; absurd ones would overflow.
    if values is None:
        return None
    usable = (values > 0) & (values < 1 << 48)
    return np.where(usable, values * scale, UNKNOWN)


def _ntp(fields: Fields, name: str) -> Ints | None:
    octets = fields.octets(name)
    if octets is None or octets.shape[1] != 8:
        return None
    halves = np.ascontiguousarray(octets).view(">u4").astype(np.int64)
    # The lowest fraction bits of microseconds carry nothing; at ms they do not show.
    ms = (halves[:, 0] - NTP_EPOCH) * 1000 + (halves[:, 1] * 1000 >> 32)
    return np.where(halves[:, 0] > NTP_EPOCH, ms, UNKNOWN)


def _uptime(fields: Fields, context: Context, name: str) -> Ints | None:
    then = fields.unsigned(name)
    if then is None:
        return None
    by_header = context.export_ms - signed(context.uptime_ms - then)
    init = fields.unsigned("systemInitTimeMilliseconds")
    begun = context.init_ms if init is None else np.where(init > 0, init, context.init_ms)
    # Uptimes wrap every 49.7 days: of all instants they can mean, the one next to the export.
    by_init = context.export_ms - signed(context.export_ms - (begun + then))
    known = np.where(begun == UNKNOWN, UNKNOWN, by_init)
    return np.where(context.uptime_ms == UNKNOWN, known, by_header)


def signed(difference: Ints) -> Ints:
    """A difference of wrapping 32-bit counters as the nearer of the two that it can be."""
    return (difference + (_WRAP >> 1)) % _WRAP - (_WRAP >> 1)


def _duration(fields: Fields) -> Ints:
    stated = fields.unsigned("flowDurationMilliseconds")
    if stated is not None:
        return np.clip(stated, 0, 1 << 40)
    first, last = fields.unsigned("flowStartSysUpTime"), fields.unsigned("flowEndSysUpTime")
    if first is None or last is None:
        return np.zeros(fields.rows, np.int64)
    return np.maximum(signed(last - first), 0)
