"""Days and periods in words, and the local day of an instant."""

import datetime as dt
from zoneinfo import ZoneInfo

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def day_text(day: str | dt.date) -> str:
    """1 April 2017."""
    date = parse(day)
    return f"{date.day} {MONTHS[date.month - 1]} {date.year}"


def short_day(day: str | dt.date) -> str:
    """1 Apr 2017, kept on one line."""
    date = parse(day)
    return f"{date.day}\u00a0{MONTHS[date.month - 1][:3]}\u00a0{date.year}"


def short_span(first: str, last: str) -> str:
    """1 Apr to 6 Jul 2017."""
    begin, end = short_day(first), short_day(last)
    if first == last:
        return begin
    same = parse(first).year == parse(last).year
    return f"{begin[:-5] if same else begin} to {end}"


def span_text(first: str, last: str) -> str:
    """1 April to 6 July 2017."""
    if first == last:
        return day_text(first)
    start = parse(first)
    begin = day_text(first)
    if start.year == parse(last).year:
        begin = f"{start.day} {MONTHS[start.month - 1]}"
    return f"{begin} to {day_text(last)}"


def parse(day: str | dt.date) -> dt.date:
    """A date from ISO text."""
    return day if isinstance(day, dt.date) else dt.date.fromisoformat(day)


def local_date(instant: str | None, timezone: str, *, before: bool = False) -> str | None:
    """The local day of an instant in ISO text; ``before``: of the last millisecond before it.

    None where there is no instant: the range is open at that end.
    """
    if instant is None:
        return None
    moment = dt.datetime.fromisoformat(instant)
    if before:
        moment -= dt.timedelta(milliseconds=1)
    return moment.astimezone(ZoneInfo(timezone)).date().isoformat()
