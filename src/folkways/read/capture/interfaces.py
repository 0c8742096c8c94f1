"""Interfaces of a pcapng section: link type, and how its clock counts."""

from dataclasses import dataclass
from struct import Struct

import numpy as np
import numpy.typing as npt

from folkways.formats.pcap import Option, Order
from folkways.read.capture.frames import Integers

_MICROSECONDS = 6
_BINARY = 0x80
_LARGEST = 2**63 - 1
_SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Interface:
    """What an interface description block says."""

    link: int
    resolution: int = _MICROSECONDS
    """if_tsresol: 10^-n of a second, or 2^-n with the highest of 8 bits set."""
    offset_s: int = 0
    """if_tsoffset: seconds to add to every time."""


def read_interface(block: bytes, order: Order) -> Interface:
    """An interface description block from its type to its last length; broken options end it."""
    if len(block) < 20:
        return Interface(-1)
    link = Struct(f"{order}H").unpack_from(block, 8)[0]
    resolution, offset_s = _MICROSECONDS, 0
    option = Struct(f"{order}HH")
    at, end = 16, len(block) - 4
    while at + 4 <= end:
        code, length = option.unpack_from(block, at)
        value = block[at + 4 : at + 4 + length]
        if code == Option.END or at + 4 + length > end:
            break
        if code == Option.TIME_RESOLUTION and length >= 1:
            resolution = value[0]
        elif code == Option.TIME_OFFSET and length >= 8:
            offset_s = Struct(f"{order}q").unpack_from(value)[0]
        at += 4 + length + -length % 4
    return Interface(link, resolution, offset_s)


def times_of(
    ticks: npt.NDArray[np.uint64], interfaces: list[Interface], used: Integers
) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """Times in nanoseconds since 1970, and which of them can be told so (the rest are zero).

    Args:
        ticks: (n,) times in units of the interface.
        interfaces: all of them.
        used: (n,) the place of each packet's interface in the list.
    """
    time_ns = np.zeros(len(ticks), np.int64)
    good = np.zeros(len(ticks), np.bool_)
    if not len(ticks):
        return time_ns, good
    resolutions = np.array([i.resolution for i in interfaces], np.uint8)[used]
    offsets = np.array([float(i.offset_s) for i in interfaces])[used]
    whole_offsets = np.array(
        [i.offset_s if abs(i.offset_s) < _LARGEST // _SECOND_NS else 0 for i in interfaces],
        np.int64,
    )[used]
    for resolution in np.unique(resolutions):
        mine = resolutions == resolution
        scale = _binary_ns if resolution & _BINARY else _decimal_ns
        time_ns[mine], good[mine] = scale(ticks[mine], int(resolution & ~np.uint8(_BINARY)))
    total = time_ns.astype(np.float64) + offsets * _SECOND_NS
    # Half the range of 64 bits (to the year 2116), so that differences of times fit too.
    good &= np.abs(total) < 2.0**62
    return np.where(good, time_ns + whole_offsets * _SECOND_NS, 0), good


def _decimal_ns(
    ticks: npt.NDArray[np.uint64], exponent: int
) -> tuple[Integers, npt.NDArray[np.bool_]]:
    if exponent > 9:
        # 10^19 is the largest power of ten that 64 bits hold; finer clocks count within a second.
        ticks = ticks // np.uint64(10 ** min(exponent - 9, 19))
        if exponent - 9 > 19:
            ticks = np.zeros_like(ticks)
        factor = 1
    else:
        factor = 10 ** (9 - exponent)
    good = ticks <= np.uint64(_LARGEST // factor)
    return np.where(good, ticks, 0).astype(np.int64) * factor, good


def _binary_ns(
    ticks: npt.NDArray[np.uint64], exponent: int
) -> tuple[Integers, npt.NDArray[np.bool_]]:
    if exponent >= 64:
        return _binary_ns(ticks >> np.uint64(min(exponent - 32, 63)), 32)
    seconds = ticks >> np.uint64(exponent)
    rest = ticks - (seconds << np.uint64(exponent))
    # Thirty-two bits of the fraction are finer than a nanosecond, and their product fits 64 bits.
    fine = max(exponent - 32, 0)
    part = ((rest >> np.uint64(fine)) * np.uint64(_SECOND_NS)) >> np.uint64(exponent - fine)
    good = seconds < np.uint64(_LARGEST // _SECOND_NS)
    return np.where(good, seconds, 0).astype(np.int64) * _SECOND_NS + part.astype(np.int64), good
