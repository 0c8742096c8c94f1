"""Local day, hour and weekday as arithmetic on milliseconds, the same text on every engine.

Between two changes of a zone's offset local time is UTC plus a constant, so a chain of comparisons
over the few changes inside a period is exact, and far cheaper than an engine's time zone functions.
"""

import narwhals as nw

from folkways.model.period import DAY_MS, HOUR_MS, Period, transitions

_THURSDAY = 3  # 1970-01-01 was a Thursday; 0 is Monday.


def changes(period: Period) -> tuple[int, list[tuple[int, int]]]:
    """The offset in ms at the period's start, and (instant in ms, new offset in ms) inside it."""
    base = 0
    inside: list[tuple[int, int]] = []
    for at, offset in transitions(period.timezone):
        if at <= period.start_ms:
            base = offset
        elif at < period.end_ms:
            inside.append((at, offset))
    return base, inside


def local_ms(period: Period, instant: str = "start_ms") -> nw.Expr:
    """Local milliseconds of a column of instants; right for instants inside the period."""
    base, inside = changes(period)
    offset = nw.lit(base)
    for at, new in inside:
        offset = nw.when(nw.col(instant) >= at).then(nw.lit(new)).otherwise(offset)
    return nw.col(instant) + offset


def local_day(period: Period) -> nw.Expr:
    """Local days since 1970-01-01 (int64)."""
    return (local_ms(period) // DAY_MS).cast(nw.Int64)


def local_hour(period: Period) -> nw.Expr:
    """The hour that a local clock shows, 0 to 23 (int64)."""
    return (local_ms(period) // HOUR_MS % 24).cast(nw.Int64)


def local_weekday(period: Period) -> nw.Expr:
    """The local day of the week, 0 = Monday to 6 = Sunday (int64)."""
    return ((local_ms(period) // DAY_MS + _THURSDAY) % 7).cast(nw.Int64)
