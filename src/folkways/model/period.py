"""Local days: a period is whole days of the population's time zone, and local time is arithmetic.

Milliseconds since the epoch become local days by adding the offset that was in force, found among
the zone's few transitions; so it is fast, and the same on every engine.
"""

import datetime as dt
import re
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from folkways.model.errors import UserError

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
EPOCH = dt.date(1970, 1, 1)
FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(2261, 12, 31)
"""No flow begins beyond: earlier there was no network, and later instants do not fit 64 bits of
nanoseconds."""
_WRITTEN = re.compile(r"^([0-9]{4}-[0-9]{2}-[0-9]{2})\.\.([0-9]{4}-[0-9]{2}-[0-9]{2})$")


@dataclass(frozen=True)
class Period:
    """Whole local days from ``first`` to ``last``, both included, in ``timezone``.

    Inside it is half-open: ``start_ms`` belongs to it, ``end_ms`` does not.
    """

    first: dt.date
    last: dt.date
    timezone: str

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise UserError(
                f"The period {self} ends before it begins; write the earlier day first."
            )

    @classmethod
    def parse(cls, text: str, timezone: str) -> "Period":
        """``2017-04-01..2017-07-06``, both days included.

        Raises:
            UserError: the text is not of that form, or a day does not exist.
        """
        match = _WRITTEN.match(text.strip())
        if not match:
            raise UserError(
                f"{text!r} is not a period; write it as 2017-04-01..2017-07-06, both days included."
            )
        try:
            first, last = (dt.date.fromisoformat(day) for day in match.groups())
        except ValueError as error:
            raise UserError(f"{text!r} is not a period: {error}.") from None
        if first < FIRST_DAY or last > LAST_DAY:
            raise UserError(
                f"The period {text.strip()} reaches beyond what can be measured; write days from "
                f"{FIRST_DAY} to {LAST_DAY}."
            )
        return cls(first, last, timezone)

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"

    @property
    def start_ms(self) -> int:
        """The first instant."""
        return day_start_ms(self.first, self.timezone)

    @property
    def end_ms(self) -> int:
        """The first instant after it."""
        return day_start_ms(self.last + dt.timedelta(days=1), self.timezone)

    @property
    def days(self) -> list[dt.date]:
        """The local days in order."""
        count = (self.last - self.first).days + 1
        return [self.first + dt.timedelta(days=i) for i in range(count)]

    @property
    def utc_days(self) -> list[str]:
        """The UTC days that it touches, as partitions are named."""
        first, last = self.start_ms // DAY_MS, (self.end_ms - 1) // DAY_MS
        return [(EPOCH + dt.timedelta(days=int(d))).isoformat() for d in range(first, last + 1)]

    def overlaps(self, other: "Period") -> bool:
        """Whether the two share an instant."""
        return self.start_ms < other.end_ms and other.start_ms < self.end_ms


def day_start_ms(day: dt.date, timezone: str) -> int:
    """The first instant of a local day, in ms since the epoch.

    Where a change of offset skips midnight, the day starts at the instant of the change.
    """
    zone = ZoneInfo(timezone)
    naive = dt.datetime.combine(day, dt.time(), tzinfo=zone)
    start = round(naive.timestamp() * 1000)
    # fold=0 in a gap gives an instant before the change, whose local date is still the day before.
    if dt.datetime.fromtimestamp(start / 1000, zone).date() < day:
        return next(at for at, _ in transitions(timezone) if at > start)
    return start


@cache
def transitions(timezone: str) -> tuple[tuple[int, int], ...]:
    """(instant in ms from which it holds, offset from UTC in ms), in order, 1970 to 2040.

    The first pair starts at the smallest 64-bit number, so that a search always finds one.
    """
    zone = ZoneInfo(timezone)

    def offset(second: int) -> int:
        moment = dt.datetime.fromtimestamp(second, zone)
        return round((moment.utcoffset() or dt.timedelta()).total_seconds())

    first, last = 0, int(dt.datetime(2040, 1, 1, tzinfo=dt.UTC).timestamp())
    found = [(-(2**63), offset(first) * 1000)]
    step = 86_400
    for low in range(first, last, step):
        if offset(low) == offset(low + step):
            continue
        a, b = low, low + step
        while b - a > 1:
            middle = (a + b) // 2
            a, b = (middle, b) if offset(middle) == offset(a) else (a, middle)
        found.append((b * 1000, offset(b) * 1000))
    return tuple(found)


def offsets_ms(instants_ms: npt.NDArray[np.int64], timezone: str) -> npt.NDArray[np.int64]:
    """The offset from UTC in force at each instant, in ms, shape as given."""
    table = transitions(timezone)
    starts = np.array([at for at, _ in table], np.int64)
    offsets = np.array([offset for _, offset in table], np.int64)
    return offsets[np.searchsorted(starts, instants_ms, side="right") - 1]


def local_days(instants_ms: npt.NDArray[np.int64], timezone: str) -> npt.NDArray[np.int64]:
    """Days since 1970-01-01 in local time, shape as given."""
    local: npt.NDArray[np.int64] = (instants_ms + offsets_ms(instants_ms, timezone)) // DAY_MS
    return local


def instant_text(instant_ms: int | None) -> str | None:
    """ISO 8601 in UTC with milliseconds; None for None or beyond the years that dates can tell."""
    if instant_ms is None:
        return None
    try:
        moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=instant_ms)
    except OverflowError:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc_ms(local_ms: npt.NDArray[np.int64], timezone: str) -> npt.NDArray[np.int64]:
    """Instants of local wall-clock times (both in ms since 1970), shape as given.

    A time that a change of offset makes happen twice is taken as its first; one that it skips is
    moved by the change, as clocks are.
    """
    starts = np.array([at for at, _ in transitions(timezone)], np.int64)
    offsets = np.array([offset for _, offset in transitions(timezone)], np.int64)
    # The offset before a change holds until both of its readings are past: so the first of two
    # instants is found, and a skipped time moves on.
    edges = starts[1:] + np.maximum(offsets[:-1], offsets[1:])
    moved: npt.NDArray[np.int64] = local_ms - offsets[np.searchsorted(edges, local_ms, "right")]
    return moved


def local_day_bounds_ms(day: str | None, timezone: str) -> tuple[int, int] | None:
    """The first instant of a local day written YYYY-MM-DD, and of the next; None if it is none."""
    try:
        date = dt.date.fromisoformat(day or "")
    except ValueError:
        return None
    return day_start_ms(date, timezone), day_start_ms(date + dt.timedelta(days=1), timezone)
