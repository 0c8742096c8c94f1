"""Seconds that JSON has as numbers to exact decimals, as their shortest text would give them.

A number in JSON is parsed to a double, whose text is the shortest that gives the double again.
Division is exact to the last bit, so that comparing with a quotient tells what that text says,
without making it.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from folkways.model.validity import validity
from folkways.read.numbers import SECONDS, Mask

_MICRO, _NANO = 1e6, 1e9
_MOST = 2.0**32
"""Until 2106: below, two decimals of six places are two doubles."""
_MOST_NANO = 2.0**21
"""24 days: below, two decimals of nine places are two doubles, and the product rounds to one."""
_SHORT = 1e-4
"""Below, the text has an exponent, and is rounded, not cut, to nine places."""


def decimals(seconds: npt.NDArray[np.float64], known: Mask) -> pa.Array | None:
    """Doubles as decimals of nine places, those beyond cut off; null where not known.

    None where a value is negative, no number, or so large that its text is not known.
    """
    if not ((seconds >= 0) & (seconds < _MOST)).all():
        return None
    # Nearly all times have six places, and their product is off by less than a half.
    places = np.rint(seconds * _MICRO)
    nanoseconds = places.astype(np.int64) * 1000
    longer = np.flatnonzero(places / _MICRO != seconds)
    if len(longer):
        value = seconds[longer]
        if (value >= _MOST_NANO).any():
            return None
        near = np.rint(value * _NANO)
        near -= (near / _NANO > value) & (value >= _SHORT)
        nanoseconds[longer] = near.astype(np.int64)
    words = np.zeros((len(seconds), 2), np.int64)
    words[:, 0] = nanoseconds
    return pa.Array.from_buffers(SECONDS, len(seconds), [validity(known), pa.py_buffer(words)])
