"""One traffic, one count, in simulated traffic of which every packet is known."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
CONNECTIONS = 250


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


world_module = load("sightings_world")
load("sightings_scenes")
sightings = load("sightings")

ALONE = ["one exporter, 120/30", "one exporter, 60/15", "one exporter, 1800/120"]
ALONE += ["one exporter, whole seconds", "one exporter, 1 % of packets lost"]
ALONE += ["one capture", "one sensor"]
APART = ["out at one, in at the other", "balanced by connection", "flapping every 300 s"]
APART += ["two workers of a sensor, by connection", "one exporter, a row for each of two ToS"]
APART += ["a capture in two files"]
TOGETHER = ["two exporters, same timeouts", "two exporters, 60/15 and 1800/120"]
TOGETHER += ["the same, clocks 0.1 s apart", "the same, clocks 1 s apart", "three exporters"]
TOGETHER += ["the same, clocks 3 s apart", "the same, clocks 60 s apart"]
TOGETHER += ["the same, one in whole seconds", "two exporters, 5 % of rows lost"]
TOGETHER += ["a sensor beside an exporter", "a sensor beside a capture", "two sensors, named"]
TOGETHER += ["a capture beside an exporter", "two captures of the same", "rows copied"]
TOGETHER += ["files rotated, some twice"]
TOGETHER += ["two workers of a sensor, all packets each", "a sensor's states every minute"]
TOGETHER += ["totals every minute", "rows again as text of whole seconds"]
TOGETHER += ["the same, exporter not named"]


@pytest.mark.parametrize("scene", ALONE)
def test_what_one_meter_says_is_counted_whole(scene: str) -> None:
    found = sightings.run(scene, CONNECTIONS)
    assert found.counted == pytest.approx(1, abs=1e-4)
    assert found.dropped < 1e-4
    assert found.connections == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("scene", ["one exporter, 120/30", "one exporter, 60/15"])
def test_of_one_exporter_not_a_byte_is_dropped(scene: str) -> None:
    found = sightings.run(scene, CONNECTIONS)
    assert (found.counted, found.dropped, found.wrong) == (1, 0, 0)


@pytest.mark.parametrize("scene", APART)
def test_what_each_meter_saw_alone_is_kept(scene: str) -> None:
    found = sightings.run(scene, CONNECTIONS)
    assert found.dropped < 1e-3
    assert found.connections == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("scene", TOGETHER)
def test_what_several_meters_saw_is_counted_once(scene: str) -> None:
    found = sightings.run(scene, CONNECTIONS)
    assert found.missed < 0.01
    assert found.dropped < 1e-3
    assert found.counted == pytest.approx(1, abs=0.01)
    assert found.connections == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("scene", "dropped"),
    [
        # Every connection changes its path, those that are over in a second too.
        ("failover, nothing between", 0.02),
        ("failover, 0 to 5 s unseen", 0.005),
        ("flapping every 30 s", 0.01),
        ("balanced by packet, 90:10", 0.02),
    ],
)
def test_a_path_that_changes_loses_little(scene: str, dropped: float) -> None:
    found = sightings.run(scene, CONNECTIONS)
    assert found.counted <= 1 + 1e-9
    assert found.dropped < dropped
    assert found.connections == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("overlap_ms", [0, 3_000])
def test_a_failover_while_connections_last_drops_nothing(overlap_ms: int) -> None:
    rng = np.random.default_rng(7)
    world = world_module.make_world(rng, CONNECTIONS)
    # The path changes once for all, in the middle of the busiest hours.
    at = world_module.DAY_START_MS + 6 * world_module.HOUR_MS
    time = world.packets.time
    parts = [
        world_module.observe(world, world_module.Meter("a"), rng, time < at),
        world_module.observe(world, world_module.Meter("b"), rng, time >= at - overlap_ms),
    ]
    found = sightings.errors(world, parts)
    assert found.dropped == 0
    assert found.counted == pytest.approx(1, abs=0.001)
    assert found.connections == 1


def test_of_two_forms_of_a_row_the_finer_tells_who_opened() -> None:
    alone = sightings.run("one exporter, 120/30", CONNECTIONS)
    for scene in ("rows again as text of whole seconds", "the same, exporter not named"):
        found = sightings.run(scene, CONNECTIONS)
        assert (found.right, found.wrong) == (alone.right, 0)


def test_packets_of_rows_are_known() -> None:
    rng = np.random.default_rng(3)
    world = world_module.make_world(rng, 40)
    rows = world_module.observe(world, world_module.Meter("a", active=60, idle=15), rng)
    assert sorted(rows.packet.tolist()) == list(range(len(world.packets.time)))
    size = np.bincount(rows.row, world.packets.size[rows.packet], len(rows))
    columns = rows.columns
    stated = np.maximum(columns["bytes_out"], 0) + np.maximum(columns["bytes_in"], 0)
    assert size.tolist() == stated.tolist()
    lasts = columns["end_ms"] - columns["start_ms"]
    assert lasts.max() < 60_000
    assert (world.packets.time[rows.packet] >= columns["start_ms"][rows.row]).all()
