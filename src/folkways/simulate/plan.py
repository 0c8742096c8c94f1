"""A scenario compiled to arrays, so that all flows of a day are drawn by lookups.

Where an item chooses among several things (its users, its hosts), the cumulated shares of all
items lie in one sorted array as ``item + share``; one binary search of ``item + u`` then chooses
for all flows at once.
"""

from dataclasses import dataclass

import numpy as np

from folkways.simulate.places import Floats, Ints, Places, build, generator
from folkways.simulate.rates import ways
from folkways.simulate.scenario import Item, Scenario

OUTCOMES = ("answered", "unanswered", "backscatter")


@dataclass(frozen=True)
class Choice:
    """A weighted choice for each item: ``values`` lie beside the cumulated ``edges``."""

    edges: Floats
    values: Ints

    def draw(self, items: Ints, u: Floats) -> Ints:
        """One value for each item, from uniform numbers in [0, 1)."""
        found: Ints = self.values[np.searchsorted(self.edges, items + u, side="right")]
        return found


@dataclass(frozen=True)
class Ways:
    """How items are reached: arrays beside each other, one entry a way."""

    choice: Choice
    udp: np.ndarray[tuple[int], np.dtype[np.bool_]]
    port: Ints
    analyser: Ints
    host: Ints
    analysers: list[str]
    hosts: list[str]


@dataclass(frozen=True)
class Plan:
    """All that the days of a simulation have in common; arrays by item."""

    scenario: Scenario
    seed: int
    places: Places
    ways: Ways
    users: list[Choice]
    hours: Floats
    rhythm: Ints
    inwards: np.ndarray[tuple[int], np.dtype[np.bool_]]
    outcome: Ints
    up: Floats
    down: Floats
    spread: Floats
    seconds: Floats
    packet: Floats
    v4_first: Ints
    v4_count: Ints
    v6_first: Ints
    dns: int

    def remotes(self, number: int) -> tuple[Ints, Ints]:
        """First code and count of each item's IPv4 addresses that are in use in a round.

        Relays, VPN exits and rented servers come and go: an item that stands on a list uses three
        quarters of its addresses in a round, and other ones in the next.
        """
        listed = np.array([item.list is not None for item in self.scenario.item])
        count = np.where(listed, self.v4_count * 3 // 4, self.v4_count)
        return self.v4_first + np.where(listed, (number % 2) * (self.v4_count // 4), 0), count


def compile_plan(scenario: Scenario, seed: int) -> Plan:
    """Lay out addresses, users and choices of a scenario."""
    items = scenario.item
    places = build(scenario, seed)
    rhythms = list(scenario.rhythm)
    hours = np.array([scenario.rhythm[name].hours for name in rhythms], np.float64)
    profiles = [scenario.profile[item.profile] for item in items]
    v4 = [[r for r in places.runs if r.item == i and r.version == 4] for i in range(len(items))]
    v6 = {run.item: run.first for run in places.runs if run.version == 6}
    return Plan(
        scenario=scenario,
        seed=seed,
        places=places,
        ways=_ways(items),
        users=[_users(scenario, places, n, seed) for n in range(len(scenario.round))],
        hours=np.cumsum(hours, axis=1) / hours.sum(axis=1, keepdims=True),
        rhythm=np.array([rhythms.index(item.rhythm) for item in items]),
        inwards=np.array([item.direction == "in" for item in items]),
        outcome=np.array([OUTCOMES.index(item.outcome) for item in items]),
        up=np.array([p.up for p in profiles]),
        down=np.array([p.down for p in profiles]),
        spread=np.array([p.spread for p in profiles]),
        seconds=np.array([p.seconds for p in profiles]),
        packet=np.array([p.packet for p in profiles]),
        v4_first=np.array([runs[0].first for runs in v4]),
        v4_count=np.array([sum(r.count for r in runs) for runs in v4]),
        v6_first=np.array([v6.get(i, -1) for i in range(len(items))]),
        dns=[item.id for item in items].index(scenario.dns.item),
    )


def _choice(weights: list[Floats], values: list[Ints]) -> Choice:
    edges = []
    for index, weight in enumerate(weights):
        shares = np.cumsum(weight) / np.sum(weight)
        shares[-1] = 1.0
        edges.append(index + shares)
    return Choice(np.concatenate(edges), np.concatenate(values))


def _ways(items: list[Item]) -> Ways:
    found = [(index, way) for index, item in enumerate(items) for way in ways(item)]
    analysers = sorted({way[2] for _, way in found})
    hosts = sorted({way[3] for _, way in found if way[3]})
    place = {host: code for code, host in enumerate(hosts)}
    owner = np.array([index for index, _ in found])
    weights = np.array([way[4] for _, way in found])
    return Ways(
        choice=_choice(
            [weights[owner == i] for i in range(len(items))],
            [np.flatnonzero(owner == i) for i in range(len(items))],
        ),
        udp=np.array([way[0] == "udp" for _, way in found]),
        port=np.array([way[1] for _, way in found]),
        analyser=np.array([analysers.index(way[2]) for _, way in found]),
        host=np.array([place.get(way[3], -1) for _, way in found]),
        analysers=analysers,
        hosts=hosts,
    )


def _users(scenario: Scenario, places: Places, number: int, seed: int) -> Choice:
    """Who uses an item in a round, and how much.

    The order in which members come to an item is drawn once, so that a smaller circle of users is
    part of a larger one, in both rounds.
    """
    weights: list[Floats] = []
    codes: list[Ints] = []
    v4_only = ~places.is_v6[places.active]
    for item in scenario.item:
        count = item.users[number] if item.users else 0
        if item.kind == "excluded":
            codes.append(places.outsiders)
            weights.append(np.ones(len(places.outsiders)))
        elif count == 0:
            codes.append(places.space)
            weights.append(np.ones(len(places.space)))
        else:
            luck = generator(seed, "users", item.id).gumbel(size=len(places.active))
            order = np.argsort(-(0.5 * np.log(places.propensity) + luck), kind="stable")
            able = order if item.ipv6 else order[v4_only[order]]
            codes.append(places.active[able[:count]])
            weights.append(places.propensity[able[:count]])
    return _choice(weights, codes)
