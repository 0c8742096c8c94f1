"""Text to numbers and times, column by column, with a mask of what could not be read.

Arrow casts a whole column or raises. The whole column is tried first, since nearly all columns are
clean; only where that fails are the values that do not look like numbers set apart. Times are kept
as decimal nanoseconds, so that no floating point rounds a millisecond away.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.read.iso import moments

Mask = npt.NDArray[np.bool_]
Nanoseconds = npt.NDArray[np.int64]

SECONDS = pa.decimal128(28, 9)

_INTEGER = r"^[0-9]{1,18}$"
# As JSON and data frames may write a whole number; of more digits, the last may be another one's.
_WHOLE_DECIMAL = r"^([0-9]{1,15})\.0+$"
_DECIMAL = r"^-?[0-9]{1,18}(\.[0-9]{1,9})?$"
_LONG_DECIMAL = r"^(-?[0-9]{1,18}\.[0-9]{9})[0-9]+$"
_SCIENTIFIC = r"^-?[0-9](\.[0-9]+)?[eE][+-]?[0-9]{1,2}$"

MILLISECONDS_FROM = 100_000_000_000
"""A time stamp from here on counts milliseconds: as seconds it would lie in the year 5138."""


def mask_of(flags: pa.Array) -> Mask:
    """A Boolean column as numpy, null as false."""
    return np.asarray(flags.fill_null(False).to_numpy(zero_copy_only=False), np.bool_)  # noqa: FBT003  # pyarrow's own signature


def integers(column: pa.Array, most: int = 2**63 - 1) -> tuple[pa.Array, Mask | None]:
    """A column of whole numbers from 0 to ``most`` (int64), and a mask of values that are none.

    The mask is None where all values are good, which is nearly always so.
    """
    numbers = _cast(column)
    span = pc.min_max(numbers).as_py()
    if span["min"] is not None and (span["min"] < 0 or span["max"] > most):
        good = pc.and_(pc.greater_equal(numbers, 0), pc.less_equal(numbers, most))
        numbers = pc.if_else(good, numbers, None)
    if numbers.null_count == column.null_count:
        return numbers, None
    return numbers, mask_of(pc.and_(column.is_valid(), numbers.is_null()))


def _cast(column: pa.Array) -> pa.Array:
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        whole = pc.replace_substring_regex(column, _WHOLE_DECIMAL, r"\1")
        good = pc.match_substring_regex(whole, _INTEGER)
        return pc.if_else(good, whole, None).cast(pa.int64())


def durations(column: pa.Array) -> tuple[Nanoseconds, Mask, Mask]:
    """Seconds as nanoseconds (0 where unknown), a mask of known ones, and one of bad ones."""
    given = mask_of(column.is_valid())
    decimals = _decimals(column)
    value, fits = _nanoseconds(decimals)
    known = fits & (value >= 0)
    return np.where(known, value, 0), known, given & ~known


def times(column: pa.Array) -> tuple[Nanoseconds, Mask]:
    """Time stamps as nanoseconds since 1970 UTC (0 where unknown) and a mask of known ones.

    Understood are seconds with decimals, milliseconds as whole numbers (Zeek's
    ``JSON::TS_MILLIS``) and ISO 8601, which is in UTC where it says no offset.
    """
    value, known = _nanoseconds(_decimals(column))
    if known.all():
        return value, known & (value >= 0)
    late = _milliseconds(column)
    dated = moments(column)
    value = np.where(late > 0, late, np.where(dated.known, dated.nanoseconds, value))
    known = known | (late > 0) | dated.known
    known &= value >= 0
    return np.where(known, value, 0), known


def _decimals(column: pa.Array) -> pa.Array:
    """Decimal seconds; null for what is none. Decimals beyond the ninth are cut off."""
    try:
        return column.cast(SECONDS)
    except pa.ArrowInvalid:
        cut = pc.replace_substring_regex(column, _LONG_DECIMAL, r"\1")
        plain = pc.if_else(pc.match_substring_regex(cut, _DECIMAL), cut, None).cast(SECONDS)
        powers = pc.if_else(pc.match_substring_regex(column, _SCIENTIFIC), column, None)
        rounded = pc.round(powers.cast(pa.float64()), 9)
        small = pc.if_else(pc.less(pc.abs(rounded), 1e18), rounded, None)
        return pc.coalesce(plain, small.cast(SECONDS, safe=False))


def _nanoseconds(decimals: pa.Array) -> tuple[Nanoseconds, Mask]:
    """The decimals' integers; a mask of those that are known and fit 64 bits (until 2262)."""
    words = np.frombuffer(decimals.buffers()[1] or b"", np.int64)
    words = words[decimals.offset * 2 : (decimals.offset + len(decimals)) * 2].reshape(-1, 2)
    low, high = words[:, 0], words[:, 1]
    known = mask_of(decimals.is_valid()) & (high == low >> 63)
    return np.where(known, low, 0), known


def _milliseconds(column: pa.Array) -> Nanoseconds:
    """Nanoseconds of those stamps that count milliseconds, else 0."""
    whole = pc.floor(_decimals(column)).cast(pa.int64(), safe=False).fill_null(0)
    value = np.asarray(whole.to_numpy(zero_copy_only=False), np.int64)
    late = (value >= MILLISECONDS_FROM) & (value < 2**63 // 1_000_000)
    return np.where(late, value, 0) * 1_000_000
