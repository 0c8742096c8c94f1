"""The known truth of a simulation: what the scenario says, and what was drawn from it.

A verdict is the scenario's, from its rates alone, not from what was drawn: abandoned where a
tenth or less is left, adopted where it is new or tenfold, unchanged where the rates are equal
(to half a percent, since rounds begin on different weekdays), else grew or shrank where they
differ by a fifth or more; null between.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from folkways.simulate.places import Floats
from folkways.simulate.plan import Plan
from folkways.simulate.rates import expected
from folkways.simulate.scenario import Item
from folkways.simulate.tally import USE, Tally

SCHEMA = "folkways.truth/1"
GAMES = ("games", "game-market")
STREAMING = (*GAMES, "video", "music")


def verdict(before: float, after: float) -> str | None:
    """What a comparison of two rounds should say of an item with these rates."""
    if math.isclose(before, after, rel_tol=0.005):
        return "unchanged" if before else None
    if after <= before / 10:
        return "abandoned"
    if before <= after / 10:
        return "adopted"
    if 5 / 6 < after / before < 6 / 5:
        return None
    return "grew" if after > before else "shrank"


def truth(plan: Plan, tallies: Sequence[Tally], scale: float) -> dict[str, Any]:
    """All of it, ready for JSON."""
    scenario = plan.scenario
    names = [one.name for one in scenario.round]
    rates = [expected(scenario, n, scale) for n in range(len(names))]
    daily = [_round(r.mean(axis=0)) for r in rates]
    items = scenario.item
    return {
        "schema": SCHEMA,
        "simulated": True,
        "scenario": scenario.name,
        "seed": plan.seed,
        "scale": scale,
        "timezone": scenario.timezone,
        "rounds": [_round_of(plan, n, tally) for n, tally in enumerate(tallies)],
        "items": [_item(i, item, names, daily, tallies) for i, item in enumerate(items)],
        "operators": _groups(items, names, daily, lambda item: item.operator),
        "functions": _groups(items, names, daily, lambda item: item.function),
        "most_used": {name: _ranking(items, d) for name, d in zip(names, daily, strict=True)},
        "obfuscated": _obfuscated(items, names, daily, tallies),
        "gaming_and_streaming_bytes": {
            name: _share(t.ip_bytes, items, lambda item: item.function in STREAMING)
            for name, t in zip(names, tallies, strict=True)
        },
        "games": {
            name: [i.id for i in items if i.function in GAMES and i.daily[n] > 0]
            for n, name in enumerate(names)
        },
        "coins": {
            item.id: item.since and str(item.since)
            for item in items
            if (item.function or "").startswith("crypto")
        },
        "countries_abroad": {
            name: sorted(
                country
                for item in items
                if item.kind == "abroad" and item.daily[n] > 0
                for country in item.countries
            )
            for n, name in enumerate(names)
        },
        "days": {name: _days(items, t) for name, t in zip(names, tallies, strict=True)},
    }


def _item(
    index: int,
    item: Item,
    names: Sequence[str],
    daily: Sequence[Floats],
    tallies: Sequence[Tally],
) -> dict[str, Any]:
    rates = [float(d[index]) for d in daily]
    return {
        "id": item.id,
        "kind": item.kind,
        "operator": item.operator,
        "function": item.function,
        "hidden": item.hidden,
        "since": item.since and str(item.since),
        "expected_daily": dict(zip(names, rates, strict=True)),
        "users": dict(zip(names, item.users or [0] * len(names), strict=True)),
        "verdict": verdict(rates[0], rates[-1]) if item.kind in USE else None,
        "drawn": {name: _drawn(t, index) for name, t in zip(names, tallies, strict=True)},
    }


def _days(items: Sequence[Item], tally: Tally) -> dict[str, dict[str, list[int]]]:
    """Of each local day and item: connections, IP bytes in both directions, distinct members."""
    counts = (tally.connections, tally.ip_bytes, tally.members)
    return {
        str(day): {
            item.id: [int(count[d, i]) for count in counts]
            for i, item in enumerate(items)
            if tally.connections[d, i]
        }
        for d, day in enumerate(tally.period.days)
    }


def _round_of(plan: Plan, number: int, tally: Tally) -> dict[str, Any]:
    items, days = plan.scenario.item, {str(day) for day in tally.period.days}
    use = np.array([item.kind in USE for item in items])
    countries = dict(zip(plan.places.countries, tally.countries.tolist(), strict=True))
    return {
        "name": plan.scenario.round[number].name,
        "first": str(tally.period.first),
        "last": str(tally.period.last),
        "days": len(tally.period.days),
        "outages": [
            {"day": str(o.day), "from_hour": o.from_hour, "to_hour": o.to_hour}
            for o in plan.scenario.outage
            if str(o.day) in days
        ],
        "rows": int(tally.connections.sum()),
        "use": int(tally.connections[:, use].sum()),
        "use_bytes": int(tally.ip_bytes[:, use].sum()),
        "noise": _of_kind(tally, items, "noise"),
        "excluded": _of_kind(tally, items, "excluded"),
        "members": len(np.unique(np.concatenate(_users_of(tally, use)))),
        "countries": {country: count for country, count in countries.items() if count},
        "rhythm": tally.rhythm.tolist(),
    }


def _users_of(tally: Tally, use: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[Any]:
    return [users for users, used in zip(tally.used_by, use, strict=True) if used]


def _of_kind(tally: Tally, items: Sequence[Item], kind: str) -> int:
    return int(tally.connections[:, [item.kind == kind for item in items]].sum())


def _drawn(tally: Tally, item: int) -> dict[str, int]:
    return {
        "connections": int(tally.connections[:, item].sum()),
        "answered": int(tally.answered[:, item].sum()),
        "bytes": int(tally.ip_bytes[:, item].sum()),
        "members": len(tally.used_by[item]),
    }


def _groups(
    items: Sequence[Item],
    names: Sequence[str],
    daily: Sequence[Floats],
    key: Callable[[Item], str | None],
) -> dict[str, Any]:
    """Expected daily connections and the verdict by a key of the items."""
    found: dict[str, Any] = {}
    for group in sorted({key(item) or "" for item in items} - {""}):
        mine = np.array([key(item) == group for item in items])
        sums = [round(float(d[mine].sum()), 6) for d in daily]
        found[group] = {
            "expected_daily": dict(zip(names, sums, strict=True)),
            "verdict": verdict(sums[0], sums[-1]),
        }
    return found


def _ranking(items: Sequence[Item], daily: Floats) -> list[str]:
    """Services that people choose (no infrastructure), the most used first."""
    order = np.argsort(-daily, kind="stable")
    return [
        items[i].id
        for i in order
        if items[i].kind == "service" and items[i].function != "infrastructure" and daily[i] > 0
    ]


def _obfuscated(
    items: Sequence[Item], names: Sequence[str], daily: Sequence[Floats], tallies: Sequence[Tally]
) -> dict[str, Any]:
    """Tor, VPN, VPS and TLS to no named service: shares of all connections of use, DNS included."""

    def hidden(item: Item) -> bool:
        return item.kind == "hidden"

    rates = [_share(d[None, :], items, hidden) for d in daily]
    kinds = [item.hidden for item in items if item.hidden]
    return {
        "expected": dict(zip(names, rates, strict=True)),
        "ratio": round(rates[-1] / rates[0], 4) if rates[0] else None,
        "drawn": {
            name: _share(t.connections, items, hidden)
            for name, t in zip(names, tallies, strict=True)
        },
        "drawn_bytes": {
            name: _share(t.ip_bytes, items, hidden) for name, t in zip(names, tallies, strict=True)
        },
        "kinds": {
            str(kind): {
                name: _share(d[None, :], items, lambda item, k=kind: item.hidden == k)  # type: ignore[misc]
                for name, d in zip(names, daily, strict=True)
            }
            for kind in kinds
        },
    }


def _share(
    values: np.ndarray[Any, Any], items: Sequence[Item], which: Callable[[Item], bool]
) -> float:
    """The part of all use that some items make, over all days."""
    use = np.array([item.kind in USE for item in items])
    mine = np.array([which(item) for item in items]) & use
    whole = float(values[:, use].sum())
    return round(float(values[:, mine].sum()) / whole, 6) if whole else 0.0


def _round(values: Floats) -> Floats:
    return np.round(values, 6)
