"""What every reader of a published list gives: ranges of addresses, values, dates and ports."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

import pyarrow as pa

from folkways.attribute.intervals import Octets


@dataclass(frozen=True)
class RangeRows:
    """Rows that could be read, in the order of the file.

    ``first`` and ``last`` are (n, 16) addresses (IPv4 as IPv4-mapped), both included; the two of a
    row are of one family and in order. ``values`` and ``names`` are (n,) text: what the list's kind
    asks for (AS number, country, provider, role of a relay) and a name for people, or null.
    ``since`` and ``until`` are (n,) date32, the first and the last day for which a row holds, or
    None where the rows hold as long as the list. ``ports`` is (n,) text, numbers in order, comma
    between: the row speaks of these ports of the address only; null of all of them.

    ``rows`` counts the file's data rows, ``skipped`` those that were not used, by cause, and
    ``flagged`` those that are used although something about them is odd. A null value says that
    the list knows nothing of a range, whatever a wider row says. ``dates`` are the days that the
    file itself states for the whole list (of a list whose rows have dates: those that it covers),
    None where it does not say.
    """

    first: Octets
    last: Octets
    values: pa.Array
    names: pa.Array
    rows: int
    skipped: Counter[str] = field(default_factory=Counter)
    since: pa.Array | None = None
    until: pa.Array | None = None
    ports: pa.Array | None = None
    dates: tuple[dt.date, dt.date] | None = None
    flagged: Counter[str] = field(default_factory=Counter)
