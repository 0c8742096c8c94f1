"""Who sits where: addresses of members and of remote sides, all in reserved space.

One table of address texts serves all flows: a flow holds two codes, the log takes the texts once.
Members come from the population's ranges (RFC 2544 benchmarking space, RFC 3849 documentation
space), remote sides from one block of the same kind; each item has a run of addresses of its own.
"""

import ipaddress
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from folkways.model.errors import UserError
from folkways.simulate.scenario import Item, Range, Scenario

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
HEAVY = 6.0
V6_RUN = 16


@dataclass(frozen=True)
class Run:
    """Neighbouring remote addresses of one item in one country; ``first`` is a code."""

    item: int
    country: str
    first: int
    count: int
    version: int


@dataclass(frozen=True)
class Places:
    """The address table and what is known of its codes.

    ``texts`` are all addresses; codes below ``members`` lie inside the population's ranges (used
    or not, excluded ones too). ``space`` are the IPv4 codes that scans reach (no excluded ones),
    ``active`` those of members with their ``propensity``, ``outsiders`` those in use in excluded
    prefixes. ``runs`` are the remote addresses, in order of items. ``country`` is an index into
    ``countries`` for each code, -1 for members.
    """

    texts: list[str]
    is_v6: npt.NDArray[np.bool_]
    members: int
    space: Ints
    active: Ints
    propensity: Floats
    outsiders: Ints
    runs: list[Run]
    countries: list[str]
    country: Ints


def generator(*words: int | str) -> np.random.Generator:
    """An independent stream for each tuple of words: the same on every platform."""
    numbers = [zlib.crc32(w.encode()) if isinstance(w, str) else w for w in words]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(numbers)))


def build(scenario: Scenario, seed: int) -> Places:
    """Lay out all addresses of a scenario.

    Raises:
        UserError: the space for remote sides is too small.
    """
    draw = generator(seed, "places")
    texts: list[str] = []
    space: list[int] = []
    active: list[int] = []
    propensity: list[float] = []
    for part in scenario.range:
        inside = _inside(part)
        free = [
            len(texts) + i
            for i, address in enumerate(inside)
            if not any(address in out for out in _excluded(scenario))
        ]
        chosen = np.sort(draw.choice(free, part.active, replace=False))
        weights = np.round(draw.lognormal(0.0, 0.9, part.active), 6)
        weights[draw.choice(part.active, part.heavy, replace=False)] = HEAVY
        texts.extend(str(address) for address in inside)
        active.extend(chosen.tolist())
        propensity.extend(weights.tolist())
        if inside[0].version == 4:
            space.extend(free)
    outside = {
        str(out[1 + i])
        for out, one in zip(_excluded(scenario), scenario.exclude, strict=True)
        for i in range(one.active)
    }
    outsiders = [code for code, text in enumerate(texts) if text in outside]
    members = len(texts)
    runs = _runs(scenario, members)
    countries = sorted({run.country for run in runs})
    country = np.full(members + sum(r.count for r in runs), -1, np.int64)
    for run in runs:
        country[run.first : run.first + run.count] = countries.index(run.country)
    texts.extend(_remote_texts(scenario, runs))
    return Places(
        texts=texts,
        is_v6=np.array([":" in text for text in texts]),
        members=members,
        space=np.array(space, np.int64),
        active=np.array(active, np.int64),
        propensity=np.array(propensity, np.float64),
        outsiders=np.array(outsiders, np.int64),
        runs=runs,
        countries=countries,
        country=country,
    )


def _excluded(scenario: Scenario) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(one.prefix) for one in scenario.exclude]


def _inside(part: Range) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """A range's addresses; of an IPv6 prefix only those in use, each in a subnet of its own."""
    network = ipaddress.ip_network(part.prefix)
    if network.version == 4:
        return list(network)
    return [network[(i << 64) + 0x1000 + i] for i in range(1, part.active + 1)]


def _runs(scenario: Scenario, first: int) -> list[Run]:
    runs: list[Run] = []
    for index, item in enumerate(scenario.item):
        for country, count in _split(item):
            runs.append(Run(index, country, first, count, 4))
            first += count
        if item.ipv6:
            runs.append(Run(index, next(iter(item.countries)), first, V6_RUN, 6))
            first += V6_RUN
    return runs


def _split(item: Item) -> list[tuple[str, int]]:
    """An item's addresses divided among its countries, each at least one."""
    whole = sum(item.countries.values())
    return [
        (country, max(1, round(item.addresses * weight / whole)))
        for country, weight in item.countries.items()
    ]


def _remote_texts(scenario: Scenario, runs: list[Run]) -> list[str]:
    v4, v6 = ipaddress.ip_network(scenario.remote.v4), ipaddress.ip_network(scenario.remote.v6)
    if sum(run.count for run in runs if run.version == 4) >= v4.num_addresses:
        raise UserError(f"The scenario {scenario.name!r} needs more addresses than {v4} has.")
    texts: list[str] = []
    next_v4 = int(v4.network_address) + 1
    for run in runs:
        if run.version == 4:
            texts.extend(str(ipaddress.IPv4Address(next_v4 + i)) for i in range(run.count))
            next_v4 += run.count
        else:
            base = int(v6.network_address) + (run.item << 80) + 1
            texts.extend(str(ipaddress.IPv6Address(base + i)) for i in range(run.count))
    return texts
