"""Times as ISO 8601 and RFC 3339 write them, in all the ways that logs have them.

Date and clock parted by T, t or a blank; the decimals after a point or a comma (ISO 8601 prefers
the comma), however many; the offset from UTC as Z, z, UTC, +01, +0100 or +01:00, a blank before it
or none. Readers try their own fast way on whole columns first, and this on what it could not read.
"""

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.validity import nullable

_FORM = (
    r"^(?P<day>\d{4}-\d{2}-\d{2})[Tt ](?P<clock>\d{2}:\d{2})(?P<second>:[0-5]\d)?"
    r"(?P<part>[.,]\d+)? ?(?P<zone>[Zz]|UTC|[+-][01]\d(?::?[0-5]\d)?)?$"
)
_SECOND = 1_000_000_000
_EPOCH = date(1970, 1, 1).toordinal()
_NO_TIME = -(2**40)
_PLACES = 9
LAST_SECOND = 2**63 // _SECOND - 1
"""Later instants (from 2262 on) do not fit 64 bits of nanoseconds."""

Nanoseconds = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Moments(NamedTuple):
    """Nanoseconds since 1970 (0 where the text is no time), which are times, and their zones.

    Where ``zoned`` is false the text says no offset: what is counted is local time.
    """

    nanoseconds: Nanoseconds
    known: Mask
    zoned: Mask

    def column(self, *, zoned: bool, unit: int) -> pa.Array:
        """Those with an offset, or those without, in units of so many nanoseconds, rounded down."""
        return nullable(self.nanoseconds // unit, self.known & (self.zoned == zoned))


def moments(column: pa.Array) -> Moments:
    """The times of a column of text; before 1970 and from 2262 on there are none."""
    parts = pc.extract_regex(column, _FORM)
    matched = np.asarray(parts.is_valid())
    day, clock, second, part, zone = parts.flatten()
    days = _by_distinct(day, _day)
    clocks = _by_distinct(clock, _clock)
    seconds = days + clocks + _by_distinct(second, _second) - _by_distinct(zone, _offset)
    digits = pc.utf8_slice_codeunits(part, 1, 1 + _PLACES)
    fraction = np.asarray(pc.utf8_rpad(digits, _PLACES, "0").cast(pa.int64()).fill_null(0))
    known = matched & (days != _NO_TIME) & (clocks != _NO_TIME)
    known &= (seconds >= 0) & (seconds < LAST_SECOND)
    zoned = known & np.asarray(pc.not_equal(zone, "").fill_null(fill_value=False))
    return Moments(np.where(known, seconds * _SECOND + fraction, 0), known, zoned)


def _by_distinct(column: pa.Array, value: Callable[[str], int]) -> Nanoseconds:
    """Parse each distinct text once: of days, clocks and offsets there are few in any log."""
    encoded = column.dictionary_encode()
    values = np.array([*map(value, encoded.dictionary.to_pylist()), 0], np.int64)
    return values[encoded.indices.fill_null(len(values) - 1).to_numpy()]


def _day(text: str) -> int:
    try:
        return (date.fromisoformat(text).toordinal() - _EPOCH) * 86_400
    except ValueError:
        return _NO_TIME


def _clock(text: str) -> int:
    hour, minute = int(text[:2]), int(text[3:])
    return hour * 3600 + minute * 60 if hour < 24 and minute < 60 else _NO_TIME


def _second(text: str) -> int:
    return int(text[1:] or 0)


def _offset(text: str) -> int:
    if not text.startswith(("+", "-")):
        return 0
    digits = text[1:].replace(":", "").ljust(4, "0")
    value = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -value if text[0] == "-" else value
