"""Who sees what of the connections, and how it is reported. For ``sightings.py``."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from sightings_world import CAPTURE, SENSOR, Flags, Meter, Random, Rows, World, observe

A, B, C = Meter("a"), Meter("b"), Meter("c", active=300, idle=60)
SHORT, LONG = Meter("a", active=60, idle=15), Meter("b", active=1800, idle=120)

Scene = Callable[[World, Random], list[Rows]]


def see(*meters: Meter) -> Scene:
    """Every meter sees every packet."""
    return lambda world, rng: [observe(world, meter, rng) for meter in meters]


def _shared(
    chosen: Callable[[World, Random], tuple[Flags, Flags]], first: Meter = A, second: Meter = B
) -> Scene:
    """Two meters, each sees the packets that the function says."""

    def scene(world: World, rng: Random) -> list[Rows]:
        one, other = chosen(world, rng)
        return [observe(world, first, rng, one), observe(world, second, rng, other)]

    return scene


def _failover(world: World, rng: Random, gap_ms: tuple[int, int]) -> tuple[Flags, Flags]:
    time, at = world.packets.time, world.moment(rng)
    later = rng.integers(*gap_ms, len(world.key), endpoint=True)[world.packets.flow]
    return time < at, time >= at + later


def _flapping(world: World, rng: Random, every_s: float) -> tuple[Flags, Flags]:
    shift = rng.integers(0, 10**6, len(world.key))[world.packets.flow]
    first = (world.packets.time + shift) // round(every_s * 1000) % 2 == 0
    return first, ~first


def _balanced(world: World, rng: Random, share: float) -> tuple[Flags, Flags]:
    first = rng.random(len(world.packets.time)) < share
    return first, ~first


def _flows_apart(world: World, rng: Random) -> tuple[Flags, Flags]:
    first = (rng.random(len(world.key)) < 0.5)[world.packets.flow]
    return first, ~first


def _ways_apart(world: World, _: Random) -> tuple[Flags, Flags]:
    return world.packets.way == 0, world.packets.way == 1


def _half(world: World, _: Random) -> tuple[Flags, Flags]:
    """The first and the last three quarters of each connection."""
    flow, lasts = world.packets.flow, world.end - world.start
    quarter = lasts[flow] // 4
    since = world.packets.time - world.start[flow]
    return since <= 3 * quarter, since >= quarter


def _states(meter: Meter, every_s: float, *, total: bool) -> Scene:
    def scene(world: World, rng: Random) -> list[Rows]:
        return [observe(world, meter, rng, states_s=every_s).but(cumulative=total)]

    return scene


def _copies(world: World, rng: Random) -> list[Rows]:
    """A file, and one that holds a random half of its rows again."""
    rows = observe(world, A, rng)
    some = np.flatnonzero(rng.random(len(rows)) < 0.5)
    return [rows, rows.take(some).but(source="copy")]


def _rotated(world: World, rng: Random) -> list[Rows]:
    """Rows in twenty files, cut at random instants, in disorder, every fourth file twice."""
    rows = observe(world, SHORT, rng)
    start = rows.columns["start_ms"]
    number = np.searchsorted(np.sort(rng.choice(start, 19, replace=False)), start, side="right")
    files = [
        rows.take(np.flatnonzero(number == n)).but(source=f"{n} {copy}")
        for n in range(20)
        for copy in range(2 if n % 4 == 0 else 1)
    ]
    return [files[n] for n in rng.permutation(len(files))]


def _as_text(world: World, rng: Random, exporter: str) -> list[Rows]:
    """The same rows again in whole seconds."""
    rows = observe(world, A, rng)
    seconds = {name: rows.columns[name] // 1000 * 1000 for name in ("start_ms", "end_ms")}
    return [rows, rows.but(source="text", exporter=exporter, **seconds)]


def _lossy(share: float) -> Scene:
    return see(replace(A, loss=share), replace(B, loss=share))


def _late(seconds: float) -> Scene:
    return see(SHORT, replace(LONG, clock=seconds))


SECOND_SENSOR, SECOND_CAPTURE = replace(SENSOR, source="two"), replace(CAPTURE, source="two")
_PARTS = partial(_shared, first=CAPTURE, second=SECOND_CAPTURE)
SCENES: dict[str, Scene] = {
    "one exporter, 120/30": see(A),
    "one exporter, 60/15": see(SHORT),
    "one exporter, 1800/120": see(LONG),
    "one exporter, whole seconds": see(replace(SHORT, resolution_ms=1000)),
    "one exporter, a row for each of two ToS": see(replace(A, classes=2)),
    "one exporter, 1 % of packets lost": see(replace(A, loss=0.01)),
    "one capture": see(CAPTURE),
    "one sensor": see(SENSOR),
    "two exporters, same timeouts": see(A, B),
    "two exporters, 60/15 and 1800/120": see(SHORT, LONG),
    "the same, clocks 0.1 s apart": _late(0.1),
    "the same, clocks 1 s apart": _late(1),
    "the same, clocks 3 s apart": _late(3),
    "the same, one in whole seconds": see(replace(SHORT, resolution_ms=1000), LONG),
    "same timeouts, clocks 3 s apart": see(A, replace(B, clock=3)),
    "the same, clocks 60 s apart": see(A, replace(B, clock=-60)),
    **{f"two exporters, {share:.1%} of packets lost": _lossy(share) for share in (0.001, 0.01)},
    **{f"two exporters, {share:.0%} of packets lost": _lossy(share) for share in (0.05, 0.25)},
    "60/15 and 1800/120, 1 % of packets lost": see(replace(SHORT, loss=0.01), LONG),
    "two exporters, 5 % of rows lost": see(replace(A, lost_rows=0.05), replace(B, lost_rows=0.05)),
    "60/15 and 1800/120, 5 % of rows lost": see(
        replace(SHORT, lost_rows=0.05), replace(LONG, lost_rows=0.05)
    ),
    "three exporters": see(SHORT, replace(LONG, clock=0.1), C),
    "failover, nothing between": _shared(partial(_failover, gap_ms=(0, 0))),
    "failover, 0 to 5 s unseen": _shared(partial(_failover, gap_ms=(0, 5000))),
    "failover, 1 s seen by both": _shared(partial(_failover, gap_ms=(-1000, -1000))),
    **{
        f"flapping every {every} s": _shared(partial(_flapping, every_s=every))
        for every in (5, 30, 300)
    },
    "out at one, in at the other": _shared(_ways_apart),
    "balanced by connection": _shared(_flows_apart),
    "balanced by packet, 50:50": _shared(partial(_balanced, share=0.5)),
    "balanced by packet, 90:10": _shared(partial(_balanced, share=0.9)),
    "sampled 1 in 100 by two": see(replace(A, sampling=100), replace(B, sampling=100)),
    "a sensor beside an exporter": see(SENSOR, SHORT),
    "a sensor beside a lossy exporter, 5 %": see(SENSOR, replace(SHORT, loss=0.05)),
    "a sensor beside a capture": see(SENSOR, CAPTURE),
    "a capture beside an exporter": see(CAPTURE, SHORT),
    "two sensors, named": see(replace(SENSOR, name="a"), replace(SECOND_SENSOR, name="b")),
    "two workers of a sensor, all packets each": see(SENSOR, SECOND_SENSOR),
    "two workers of a sensor, 1 % lost": see(
        replace(SENSOR, loss=0.01), replace(SECOND_SENSOR, loss=0.01)
    ),
    "two workers of a sensor, by connection": _shared(_flows_apart, SENSOR, SECOND_SENSOR),
    "two captures of the same": see(CAPTURE, SECOND_CAPTURE),
    "two captures, 1 % lost": see(replace(CAPTURE, loss=0.01), replace(SECOND_CAPTURE, loss=0.01)),
    "two captures, half in common": _PARTS(_half),
    "a capture in two files": _PARTS(partial(_failover, gap_ms=(0, 0))),
    "the same, 5 s in both": _PARTS(partial(_failover, gap_ms=(-5000, -5000))),
    "a sensor's states every minute": _states(SENSOR, 60, total=False),
    "totals every minute": _states(replace(A, active=1e6, idle=120), 60, total=True),
    "rows copied": _copies,
    "files rotated, some twice": _rotated,
    "rows again as text of whole seconds": partial(_as_text, exporter="a"),
    "the same, exporter not named": partial(_as_text, exporter=""),
}
