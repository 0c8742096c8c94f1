"""Sums of days: they can only be counted in the days that they are sums of."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.errors import FormatError
from folkways.model.period import DAY_MS, HOUR_MS, instant_text, local_days
from folkways.read.tabular.mapping import Mapping

_SHORTEST, _LONGEST = DAY_MS - 2 * HOUR_MS, DAY_MS + 2 * HOUR_MS
"""A day lasts 23 to 25 hours, and its last instant may be left out."""


def refuse_other_days(start: pa.Array, end: pa.Array, mapping: Mapping, timezone: str) -> None:
    """Refuse sums of a day that lie over two of the days in which the study counts.

    A sum cannot be cut, so that a part of each day would be counted on the day before or after.

    Args:
        start: (n,) ms since 1970, null where not known.
        end: (n,) likewise, the last instant or the first one after.
        mapping: where the zone of its days can be said.
        timezone: the study's.

    Raises:
        FormatError: with the first such sum, and what to do.
    """
    first = np.asarray(start.fill_null(0), np.int64)
    last = np.maximum(np.asarray(end.fill_null(0), np.int64) - 1, first)
    length = last - first
    known = np.asarray(pc.and_(start.is_valid(), end.is_valid()))
    known &= (length >= _SHORTEST) & (length <= _LONGEST)
    across = known & (local_days(first, timezone) != local_days(last, timezone))
    if across.any():
        place = int(np.flatnonzero(across)[0])
        zone = mapping.zone or "UTC"
        raise FormatError(
            f"mapping {mapping.name}: a sum of the day from {instant_text(int(first[place]))} to "
            f"{instant_text(end[place].as_py())} ({zone}) lies over two days of the study, which "
            f"counts in {timezone}. If the days of the table are those of {timezone}, say zone = "
            f'"{timezone}" in the mapping; else make a study with timezone = "{zone}".'
        )
