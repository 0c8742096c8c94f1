"""How often the interval of a comparison holds the truth, by simulation.

Run: python benchmarks/calibrate_intervals.py [--simulations 4000]
The table goes into docs/decisions/0004-intervals.md.
"""

import argparse
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import special

from folkways.compare.interval import Levels, levels, ratios

WEEK = np.array([1.1, 1.1, 1.05, 1.0, 1.0, 0.7, 0.6])
MONDAY = 17_259  # 2017-04-03, in days since 1970

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """Daily counts: a weekday pattern times a log-normal AR(1), drawn as a negative binomial.

    ``mean`` a day, ``sigma`` of the log, ``overdispersion`` (variance by mean of the last draw).
    """

    name: str
    mean: float
    sigma: float
    overdispersion: float


WORLDS = (
    World("busy and steady", 1000, 0.3, 5),
    World("middling", 50, 0.5, 3),
    World("wild", 20, 0.8, 3),
    World("rare", 0.3, 0.5, 2),
)
PERIODS = ((97, 105), (46, 46), (28, 28), (21, 21), (14, 14), (97, 46), (230, 168))
DEPENDENCE = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9)


def simulate(
    rng: np.random.Generator, world: World, shape: tuple[int, int], rho: float, factor: float = 1.0
) -> Reals:
    """(items, days) counts whose expected daily mean is ``world.mean * factor``."""
    items, days = shape
    noise = rng.normal(size=(items, days))
    state = np.empty_like(noise)
    state[:, 0] = noise[:, 0]
    for t in range(1, days):
        state[:, t] = rho * state[:, t - 1] + np.sqrt(1 - rho**2) * noise[:, t]
    pattern = WEEK[np.arange(days) % 7] / WEEK.mean()
    level = world.mean * factor * pattern * np.exp(world.sigma * state - world.sigma**2 / 2)
    spread = world.overdispersion - 1
    return rng.poisson(rng.gamma(level / spread, spread)).astype(float)


def measured(values: Reals) -> Levels:
    """Levels of simulated items, whose first day is a Monday."""
    return levels(values, MONDAY + np.arange(values.shape[1]))


def coverage(
    rng: np.random.Generator,
    world: World,
    days: tuple[int, int],
    rho: float,
    *,
    factor: float = 1.0,
    items: int = 4000,
) -> tuple[float, float]:
    """Share of intervals that hold the true factor, and the median of high / low (as a root)."""
    before = measured(simulate(rng, world, (items, days[0]), rho))
    after = measured(simulate(rng, world, (items, days[1]), rho, factor))
    found = ratios(before, after, counts=True)
    known = ~np.isnan(found.ratio)
    holds = (found.low[known] <= factor) & (factor <= found.high[known])
    with np.errstate(divide="ignore"):
        width = np.sqrt(found.high[known] / found.low[known])
    return float(holds.mean()), float(np.median(width))


def bursts(rng: np.random.Generator, items: int, days: int, every: float, length: int) -> Reals:
    """Items that are on for some days now and then: a guest, a fair, a download."""
    starts = rng.random((items, days + length)) < 1 / every
    on = np.zeros((items, days), bool)
    for k in range(length):
        on |= starts[:, length - k : length - k + days]
    return rng.poisson(20.0 * on).astype(float)


def blocks_coverage(
    rng: np.random.Generator, world: World, days: tuple[int, int], rho: float, items: int
) -> float:
    """The same share for the method that was not taken: Welch's t on means of 14-day blocks."""
    logs, variances, degrees = [], [], []
    for length in days:
        values = simulate(rng, world, (items, length), rho)
        edges = np.linspace(0, length, max(2, round(length / 14)) + 1).round().astype(int)
        means = np.stack([values[:, a:b].mean(axis=1) for a, b in pairwise(edges.tolist())], axis=1)
        logs.append(np.log(values.mean(axis=1)))
        relative = means.var(axis=1, ddof=1) / means.mean(axis=1) ** 2
        variances.append(relative / means.shape[1])
        degrees.append(means.shape[1] - 1)
    total = variances[0] + variances[1]
    welch = total**2 / (variances[0] ** 2 / degrees[0] + variances[1] ** 2 / degrees[1])
    bound = special.stdtrit(welch, 0.975) * np.sqrt(total)
    return float(np.mean(np.abs(logs[1] - logs[0]) <= bound))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=4000)
    count = parser.parse_args().simulations
    rng = np.random.default_rng(20260801)
    print("| days | world | factor | " + " | ".join(f"rho {rho:g}" for rho in DEPENDENCE) + " |")
    print("|---|---|---|" + "---|" * len(DEPENDENCE))
    for days in PERIODS:
        for world in WORLDS:
            for factor in (1.0, 3.0):
                cells = []
                for rho in DEPENDENCE:
                    held, width = coverage(rng, world, days, rho, factor=factor, items=count)
                    cells.append(f"{held:.3f} (x{width:.2f})")
                print(
                    f"| {days[0]}, {days[1]} | {world.name} | {factor:g} | {' | '.join(cells)} |",
                    flush=True,
                )
    print("\nWelch's t on 14-day blocks, log ratio by the delta method, factor 1:")
    for days in ((97, 105), (46, 46)):
        for world in WORLDS[:3]:
            shares = [blocks_coverage(rng, world, days, rho, count) for rho in DEPENDENCE]
            row = " | ".join(f"{share:.3f}" for share in shares)
            print(f"| {days[0]}, {days[1]} | {world.name} | {row} |")
    print("\n| days | a burst every | of days | false positives |\n|---|---|---|---|")
    for days in ((97, 105), (46, 46)):
        for every, length in ((15, 3), (40, 7), (100, 10)):
            sides = [measured(bursts(rng, count, n, every, length)) for n in days]
            p = ratios(*sides, counts=True).p
            print(f"| {days[0]}, {days[1]} | {every} | {length} | {np.nanmean(p < 0.05):.3f} |")


if __name__ == "__main__":
    main()
