"""By what a summary can be grouped and filtered: each group once, with how it is computed."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import narwhals as nw

from folkways.measure.local_time import local_day, local_hour, local_weekday
from folkways.measure.values import Frame, day_number
from folkways.model.errors import UserError
from folkways.model.finding import UNKNOWN
from folkways.model.period import Period


@dataclass(frozen=True)
class GroupColumn:
    """A group: what its values are, and the column of ``connections`` behind it, if any."""

    kind: Literal["text", "number", "set", "day", "hour", "weekday"]
    column: str | None = None


GROUPS: dict[str, GroupColumn] = {
    "day": GroupColumn("day"),
    "service": GroupColumn("text", "service"),
    "function": GroupColumn("text", "function"),
    "operator": GroupColumn("text", "operator"),
    "jurisdiction": GroupColumn("text", "jurisdiction"),
    "country": GroupColumn("text", "remote_country"),
    "asn": GroupColumn("number", "remote_asn"),
    "hidden": GroupColumn("set", "hidden"),
    "encrypted": GroupColumn("text", "encrypted"),
    "hour": GroupColumn("hour"),
    "weekday": GroupColumn("weekday"),
    "evidence": GroupColumn("text", "evidence"),
    "member_range": GroupColumn("text", "member_range"),
}


def check_groups(names: Iterable[str]) -> list[str]:
    """The names without repetition, in order.

    Raises:
        UserError: a name that is no group.
    """
    found = list(dict.fromkeys(names))
    for name in found:
        if name not in GROUPS:
            raise UserError(f"{name!r} is not a group; there are {', '.join(GROUPS)}.")
    return found


def key(name: str) -> str:
    """The name of a group's derived column; no stored column is called like it."""
    return f"group_{name}"


def expression(name: str, period: Period) -> nw.Expr:
    """The values of a group, as a column called ``key(name)``."""
    group = GROUPS[name]
    match group.kind:
        case "day":
            found = local_day(period)
        case "hour":
            found = local_hour(period)
        case "weekday":
            found = local_weekday(period)
        case _:
            found = nw.col(str(group.column))
    return found.alias(key(name))


def with_groups(frame: Frame, names: Iterable[str], period: Period) -> Frame:
    """The frame with a column for each group; a row stands once for each of its hidden ways."""
    names = list(names)
    frame = frame.with_columns(*(expression(name, period) for name in names)) if names else frame
    for name in names:
        if GROUPS[name].kind == "set":
            frame = frame.with_columns(nw.col(key(name)).str.split(",")).explode(key(name))
    return frame


def apply_filters(frame: Frame, filters: Mapping[str, str], period: Period) -> Frame:
    """Keep the rows whose group has the value; "" and "unknown" mean null.

    ``hidden=tor`` keeps every row that has tor among its ways.

    Raises:
        UserError: an unknown group, or a value that its kind cannot have.
    """
    for name in check_groups(filters):
        value = filters[name].strip()
        group = GROUPS[name]
        if group.column is None:
            found = expression(name, period) == _number(name, value)
        elif value in {"", UNKNOWN}:
            found = nw.col(group.column).is_null()
        elif group.kind == "number":
            found = nw.col(group.column) == _number(name, value)
        elif group.kind == "set":
            found = _has_way(group.column, value)
        else:
            found = nw.col(group.column) == value
        frame = frame.filter(found)
    return frame


def _has_way(column: str, way: str) -> nw.Expr:
    """Whether a comma-joined set holds the way: alone, first, last or between."""
    ways = nw.col(column)
    return (
        (ways == way)
        | ways.str.starts_with(f"{way},")
        | ways.str.ends_with(f",{way}")
        | ways.str.contains(f",{way},", literal=True)
    )


_BOUNDS = {"hour": 24, "weekday": 7, "asn": 2**32}


def _number(name: str, value: str) -> int:
    if name == "day":
        try:
            return day_number(dt.date.fromisoformat(value))
        except ValueError:
            raise UserError(f"day={value!r} is not a day; write it as 2017-04-01.") from None
    if not value.isdecimal() or int(value) >= _BOUNDS[name]:
        hint = " (0 is Monday)" if name == "weekday" else ""
        raise UserError(f"{name}={value!r} must be a number from 0 to {_BOUNDS[name] - 1}{hint}.")
    return int(value)
