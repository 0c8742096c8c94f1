"""How many connections are to be expected: mean rates, the week, and noise from day to day."""

import datetime as dt

import numpy as np

from folkways.model.period import Period
from folkways.simulate.places import Floats, generator
from folkways.simulate.scenario import Item, Scenario


def periods(scenario: Scenario) -> list[Period]:
    """The rounds as periods of local days."""
    return [Period(r.first, r.last, scenario.timezone) for r in scenario.round]


def expected(scenario: Scenario, number: int, scale: float) -> Floats:
    """Connections that each day of a round is expected to have, without noise and outages.

    Shape (days, items). The item of [dns] follows from the named connections. Means over the days
    of a whole week are the scenario's ``daily`` times ``scale``.
    """
    days = periods(scenario)[number].days
    weekdays = np.array([day.weekday() for day in days])
    rates = np.zeros((len(days), len(scenario.item)))
    for index, item in enumerate(scenario.item):
        week = np.array(scenario.rhythm[item.rhythm].week)
        rates[:, index] = item.daily[number] * scale * (week / week.mean())[weekdays]
        if item.since is not None:
            rates[_before(days, item.since), index] = 0.0
    named = np.array([_named_share(item) for item in scenario.item])
    dns = [item.id for item in scenario.item].index(scenario.dns.item)
    rates[:, dns] = scenario.dns.share * (rates @ named)
    return rates


def noisy(scenario: Scenario, number: int, scale: float, seed: int) -> Floats:
    """The same with the noise of each day, as rates to draw from; the [dns] item is zero.

    A log-normal AR(1) with mean one: x' = r x + sqrt(1 - r^2) e, factor exp(s x - s^2 / 2).
    Rounded, so that the last bits of a platform's exp change nothing.
    """
    rates = expected(scenario, number, scale)
    days = len(rates)
    noise = scenario.noise
    rates *= _factor(days, noise.correlation, noise.shared, (seed, number, "shared"))[:, None]
    for index, item in enumerate(scenario.item):
        rates[:, index] *= _factor(days, noise.correlation, noise.own, (seed, number, item.id))
        if item.id == scenario.dns.item:
            rates[:, index] = 0.0
    return np.round(rates, 6)


def _factor(days: int, correlation: float, sigma: float, stream: tuple[int | str, ...]) -> Floats:
    shocks = generator(*stream).standard_normal(days)
    x = np.empty(days)
    state = shocks[0]
    for day in range(days):
        if day:
            state = correlation * state + np.sqrt(1.0 - correlation**2) * shocks[day]
        x[day] = state
    return np.exp(sigma * x - sigma**2 / 2.0)


def _before(days: list[dt.date], since: dt.date) -> list[bool]:
    return [day < since for day in days]


def _named_share(item: Item) -> float:
    """The share of an item's connections that go from a member to a host with a name."""
    if item.direction != "out":
        return 0.0
    by_host = [weights for host, weights in hosts(item) if host]
    return sum(by_host) / sum(weight for *_, weight in ways(item))


def hosts(item: Item) -> list[tuple[str, float]]:
    """Host names of an item with their weights."""
    return [(host, weight) for _, _, _, host, weight in ways(item)]


def ways(item: Item) -> list[tuple[str, int, str, str, float]]:
    """How an item is reached: (transport, port, analyser, host or "", weight).

    Invented hosts share the weight 1 by Zipf's law and lie under .example (RFC 2606).
    """
    found: list[tuple[str, int, str, str, float]] = []
    for analyser, transport, port in (("ssl", "tcp", 443), ("http", "tcp", 80)):
        named = item.tls if analyser == "ssl" else item.http
        found += [(transport, port, analyser, host, weight) for host, weight in named.items()]
        count = item.unnamed_hosts.get("tls" if analyser == "ssl" else "http", 0)
        total = sum(1.0 / rank for rank in range(1, count + 1))
        found += [
            (transport, port, analyser, f"host-{rank:03d}.{item.id}.example", 1.0 / rank / total)
            for rank in range(1, count + 1)
        ]
    found += [("udp", 443, "quic,ssl", host, weight) for host, weight in item.quic.items()]
    for name, weight in item.ports.items():
        transport, _, port_text = name.partition("/")
        found.append((transport, int(port_text), "", "", weight))
    return found
