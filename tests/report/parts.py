"""Tables and rows of made-up rounds, of which sample materials are put together."""

import csv
import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pyarrow as pa

from folkways.report.material import RoundMaterial, Rows

POISON = 987_654_321
"""A number that stands in suppressed cells only: no page may show it."""

SMALL = {"naver", "portal", "KR"}
"""Items with too few members."""

Level = tuple[str | int | None, float, float]
"""An item with its daily connections before and after."""

Levels = Sequence[tuple[str | int | None, float]]


@dataclass(frozen=True)
class Service:
    """A row of services.csv."""

    id: str
    name: str
    operator: str
    operator_name: str
    function: str
    function_name: str
    jurisdiction: str
    before: float
    after: float
    members_before: int
    members_after: int


def _services() -> tuple[Service, ...]:
    path = Path(__file__).with_name("services.csv")
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    made: list[dict[str, Any]] = [
        {f.name: f.type(row[f.name]) if callable(f.type) else row[f.name] for f in fields(Service)}
        for row in rows
    ]
    return tuple(Service(**row) for row in made)


SERVICES = _services()
REST = (118.0, 121.0), (260.0, 240.0)
"""Operator only, and not known."""

COUNTRIES: list[Level] = [
    *(("US", 2100, 420), ("CN", 1400, 2500), ("SG", 160, 180), ("IN", 90, 88)),
    *(("MY", 44, 46), ("NP", 18, 20), ("TH", 0, 31), ("BD", 0, 14), ("KR", 3, 2)),
]
WAYS: list[Level] = [
    *(("tor", 0.002, 0.021), ("vpn", 0.005, 0.096)),
    *(("encrypted-dns", 0.0, 0.012), ("possible-vps", 0.011, 0.034)),
]


def full_round(
    name: str, first: dt.date, days: int, side: int, gaps: dict[int, tuple[float, str]]
) -> RoundMaterial:
    levels: Levels = [(s.id, (s.before, s.after)[side]) for s in SERVICES]
    whole = sum(level for _, level in levels) + REST[0][side] + REST[1][side]
    members = [(s.members_before, s.members_after)[side] for s in SERVICES]
    cells = [
        _cell(level, count, days, service=service.id, operator=service.operator)
        for service, (_, level), count in zip(SERVICES, levels, members, strict=True)
    ]
    cells.append(_cell(REST[0][side], 40, days, service=None, operator="akamai"))
    cells.append(_cell(REST[1][side], 55, days, service=None, operator=None))
    shares = {"all": 1.0, "any": (0.007, 0.118)[side], "as-published": 0.02 + 0.12 * side}
    shares |= {str(way): (before, after)[side] for way, before, after in WAYS}
    groups = {name: sums(name) for name in ("function", "operator", "jurisdiction")}
    groups["hidden"] = [(w, whole * b, whole * a) for w, b, a in WAYS]
    groups |= {"country": COUNTRIES, "encrypted": [("tls", 2400, 2300), ("none", 900, 800)]}
    noise = (("scan", 2400), ("use", whole), ("internal", 22))
    mix = (("name", 0.71), ("address", 0.19), ("port", 0.04), (None, 0.06))
    return _assembled(
        name,
        first,
        _coverage(first, days, gaps),
        whole,
        shares,
        totals=_cell(whole, 84, days),
        noise=[{"noise": kind, **_cell(level, 20, days)} for kind, level in noise],
        evidence=[{"evidence": e, "connections": round(9e5 * p), "share": p} for e, p in mix],
        by={"service": pa.Table.from_pylist(cells)}
        | {group: _by(group, rows, side, days) for group, rows in groups.items()},
        levels=levels[:8],
    )


def plain_round(first: dt.date, days: int, levels: Levels, group: str) -> RoundMaterial:
    """A round that knows one group only; by network it knows neither bytes nor hours."""
    gap = (0.5, "hours 01:00 to 24:00 are empty")
    unknown: dict[str, Any] = {"bytes_out": None, "bytes_in": None} if group == "asn" else {}
    whole = sum(level for _, level in levels)
    totals = _cell(whole, 30, days) | unknown
    rows = [
        {"service": None, "operator": None, **_cell(level, 30, days), group: item, **unknown}
        for item, level in levels
    ]
    return _assembled(
        f"{first}..{first + dt.timedelta(days=days - 1)}",
        first,
        _coverage(first, days, {0: gap} if days == 1 else {12: gap}),
        whole,
        {"all": 1.0, "any": 0.0, "as-published": 0.0},
        totals=totals,
        noise=[{"noise": "use", **totals}],
        evidence=[{"evidence": None, "connections": totals["connections"], "share": 1.0}],
        by={"service": pa.Table.from_pylist(rows), group: pa.Table.from_pylist(rows)},
        levels=levels,
        group=group,
    )


def _assembled(  # what differs between rounds
    name: str,
    first: dt.date,
    coverage: Rows,
    whole: float,
    shares: Mapping[str, float],
    *,
    levels: Levels,
    group: str = "service",
    **rest: Any,
) -> RoundMaterial:
    days = len(coverage)
    complete = [row["day"] for row in coverage if row["complete"]]
    return RoundMaterial(
        name=name,
        first=first.isoformat(),
        last=coverage[-1]["day"],
        days=days,
        complete_days=len(complete),
        coverage=coverage,
        coverage_words=[f"{len(complete)} of {days} days were observed completely."],
        daily=_daily(complete, levels, group),
        rhythm=_rhythm(complete, whole, one_hour=group == "asn"),
        hidden_daily=_hidden(complete, whole, shares),
        hidden=_hidden([""], whole * days, shares).drop_columns(["day"]),
        **rest,
    )


def _coverage(first: dt.date, days: int, gaps: Mapping[int, tuple[float, str]]) -> Rows:
    rows = []
    for i in range(days):
        hours, reason = gaps.get(i, (24.0, ""))
        row = {"day": (first + dt.timedelta(days=i)).isoformat(), "hours": hours}
        row |= {"expected_hours": 24.0, "rows": int(hours * 210)}
        rows.append(row | {"complete": not reason, "reason": reason or None})
    return rows


def _cell(level: float, members: int, days: int, **group: str | int | None) -> dict[str, Any]:
    counted = round(level * days)
    row: dict[str, Any] = {"connections": counted, "answered": round(counted * 0.96)}
    row |= {"bytes_out": counted * 4_300, "bytes_in": counted * 61_000, "members": members}
    state = "measured"
    if SMALL & set(group.values()):
        row, state = dict.fromkeys(row, POISON), "suppressed"
    return {**group, **row, "state": state}


def _by(group: str, rows: Iterable[Level], side: int, days: int) -> pa.Table:
    kept = [(row[0], row[1 + side]) for row in rows if row[1:][side]]
    return pa.Table.from_pylist([_cell(float(x), 25, days, **{group: key}) for key, x in kept])  # type: ignore[arg-type]  # the tuple's union


def sums(column: str) -> list[Level]:
    found: dict[str | int | None, tuple[float, float]] = {}
    for service in SERVICES:
        key = getattr(service, column) or None
        before, after = found.get(key, (0.0, 0.0))
        found[key] = (before + service.before, after + service.after)
    before, after = found.pop(None, (0.0, 0.0))
    rest = (None, before + REST[0][0] + REST[1][0], after + REST[0][1] + REST[1][1])
    return [*((key, *sums) for key, sums in found.items()), rest]


def _wave(i: int, phase: int) -> float:
    return 1 + 0.16 * math.sin(1.7 * i + phase) + 0.2 * (i % 7 in {0, 1})


def _daily(complete: Sequence[str], levels: Levels, group: str) -> pa.Table:
    rows = []
    for phase, (name, level) in enumerate(levels):
        for i, day in enumerate(complete):
            value = round(level * _wave(i, phase))
            row: dict[str, Any] = {"day": day, "service": None, "operator": None, group: name}
            row |= {"connections": value, "bytes": value * 65_300, "state": "measured"}
            if i == 30:
                row |= {"connections": POISON, "bytes": POISON, "state": "suppressed"}
            rows += [row] if value else []
    numbers = "connections bytes asn" if group == "asn" else "connections bytes"
    return _table(rows, "day service operator state", numbers)


def _rhythm(complete: Sequence[str], whole: float, *, one_hour: bool) -> pa.Table:
    counts = [sum(dt.date.fromisoformat(d).weekday() == w for d in complete) for w in range(7)]
    rows = []
    for weekday in range(7):
        for hour in range(24):
            shape = math.sin(math.pi * (hour - 7) / 16) if 7 < hour < 23 else 0.02
            shape = float(hour == 0) if one_hour else shape * (1.3 if weekday > 4 else 1.0)
            value = round(whole * counts[weekday] * shape / 11)
            row: dict[str, Any] = {"weekday": weekday, "hour": hour, "days": counts[weekday]}
            row |= {"connections": value, "members": 9}
            small = hour == 3 and weekday == 2 and not one_hour
            row |= dict.fromkeys(("connections", "members"), POISON) if small else {}
            rows.append({**row, "state": "suppressed" if small else "measured"})
    return pa.Table.from_pylist(rows)


def _hidden(days: Sequence[str], whole: float, shares: Mapping[str, float]) -> pa.Table:
    rows = []
    for i, day in enumerate(days):
        total = round(whole * (_wave(i, 0) if day else 1))
        for phase, (way, part) in enumerate(shares.items()):
            counted = round(total * part * (_wave(i, phase) if day and way != "all" else 1))
            row: dict[str, Any] = {"day": day, "way": way, "bytes": counted * 65_300}
            row |= {"connections": counted, "members": 40, "total": total}
            row |= {"share": counted / total, "state": "measured"}
            rows.append(row)
    return _table(rows, "day way state", "connections bytes members total", "share")


def _table(rows: Rows, texts: str, numbers: str, reals: str = "") -> pa.Table:
    types = {pa.string(): texts, pa.int64(): numbers, pa.float64(): reals}
    columns = [(name, kind) for kind, names in types.items() for name in names.split()]
    return pa.Table.from_pylist(rows, schema=pa.schema(columns))


def service_changes() -> Rows:
    items: list[tuple[dict[str, str | int | None], float, float]] = [
        ({"service": s.id, "operator": s.operator}, s.before, s.after) for s in SERVICES
    ]
    items.append(({"service": None, "operator": "akamai"}, *REST[0]))
    items.append(({"service": None, "operator": None}, *REST[1]))
    return [
        _change(group, measure, before * scale, after * scale)
        for group, before, after in items
        for measure, scale in (("connections", 1.0), ("bytes", 65_300.0), ("members", 0.05))
    ]


def changes(group: str, rows: Iterable[Level]) -> Rows:
    return [
        _change({group: key}, measure, before * scale, after * scale)
        for key, before, after in rows
        for measure, scale in (("connections", 1.0), ("bytes", 65_300.0))
    ]


def _change(
    group: Mapping[str, str | int | None], measure: str, before: float, after: float
) -> dict[str, Any]:
    """A row as compare gives it; the interval is a fixed factor around the ratio."""
    row: dict[str, Any] = {**group, "measure": measure, "before": before, "after": after}
    row |= {"days_before": 96, "days_after": 102, "p": 0.0001, "q": 0.0004, "state": "measured"}
    row |= {"members_before": 31, "members_after": 30, "reason": "the interval excludes no change"}
    ratio = after / before if before else math.inf
    width = 1.16 if max(before, after) > 50 else 1.7
    low, high = (ratio / width, ratio * width) if before and after else (0.0, 0.004)
    if before == 0:
        low, high = 30.0, math.inf
    if high < 0.05:
        verdict = "abandoned"
    elif low > 20:
        verdict = "adopted"
    elif not low <= 1 <= high:
        verdict = "grew" if low > 1 else "shrank"
    else:
        verdict = "unchanged" if low >= 0.8 and high <= 1.25 else "no-evidence"
        row |= {"q": 0.44, "reason": "the interval holds both no change and changes"}
    row |= {"ratio": ratio if before else None, "low": low, "verdict": verdict}
    row |= {"high": high if before else None}
    if SMALL & set(group.values()):
        poison = dict.fromkeys(("before", "after", "members_before"), POISON)
        row |= untold("suppressed: too few members") | poison | {"state": "suppressed"}
    return row


def untold(reason: str) -> dict[str, Any]:
    unknown = dict.fromkeys(("before", "after", "ratio", "low", "high", "p", "q"))
    row = {**unknown, "days_before": 0, "days_after": 0, "verdict": "cannot-tell"}
    return {**row, "reason": reason, "state": "insufficient"}
