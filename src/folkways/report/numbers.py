"""Numbers as readers can take them: thousands apart, no digits that mean nothing."""

import math

NBSP = "\u00a0"
UNKNOWN = "unknown"
SUPPRESSED = "suppressed"
CONFIDENCE = f"95{NBSP}%"
"""Findings carry 95 % intervals."""

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def count(value: float | None) -> str:
    """A whole number of things."""
    return UNKNOWN if value is None else f"{round(value):,}"


def mean(value: float | None) -> str:
    """A mean: three significant digits, two below ten."""
    if value is None:
        return UNKNOWN
    if value == 0:
        return "0"
    return _significant(value, 2 if abs(value) < 10 else 3)


def size(value: float | None) -> str:
    """Bytes in decimal units (1 kB = 1000 B), three significant digits."""
    if value is None:
        return UNKNOWN
    power = 0
    while abs(value) >= 999.5 and power < len(_UNITS) - 1:
        value /= 1000
        power += 1
    return f"{mean(value)}{NBSP}{_UNITS[power]}"


def ratio(value: float | None) -> str:
    """A factor: two decimals near one, else two significant digits."""
    if value is None:
        return UNKNOWN
    if value == 0:
        return "0"
    if value < 0.001:
        return f"less than{NBSP}0.001"
    if 0.1 <= value < 9.995:
        return f"{value:.2f}"
    if value >= 9.995:
        return _significant(value, 2)
    return f"{value:.{1 - math.floor(math.log10(value))}f}"


def share(value: float | None) -> str:
    """A fraction in per cent, two significant digits, three next to the whole."""
    if value is None:
        return UNKNOWN
    if 0 < value < 0.0001:
        return f"less than{NBSP}0.01{NBSP}%"
    if 0.99 < value < 1:
        # Nearly all is not all: never rounded up to the whole.
        return f"{math.floor(1000 * value) / 10:g}{NBSP}%"
    shown = "0" if value == 0 else _significant(100 * value, 2)
    return f"{shown}{NBSP}%"


def q_value(value: float | None) -> str:
    """A corrected p, with its sign of comparison."""
    if value is None:
        return f"q {UNKNOWN}"
    return f"q{NBSP}<{NBSP}0.001" if value < 0.001 else f"q{NBSP}={NBSP}{_significant(value, 2)}"


def interval(low: float | None, high: float | None) -> str:
    """An interval; open above where it has no upper end."""
    if low is None and high is None:
        return UNKNOWN
    if high is None or math.isinf(high):
        return f"{ratio(low)} upwards"
    return f"{ratio(low)} to {ratio(high)}"


def plural(number: int, noun: str, many: str = "") -> str:
    """A number with its noun."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def listing(items: list[str]) -> str:
    """Words with commas, and "and" before the last."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def _significant(value: float, digits: int) -> str:
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, decimals)
    if decimals <= 0:
        return f"{rounded:,.0f}"
    text = f"{rounded:,.{decimals}f}"
    return text.rstrip("0").rstrip(".")
