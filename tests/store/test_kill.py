"""A process that dies at any moment leaves a study that the same command makes whole."""

import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from folkways.model.columns import CONNECTIONS, OBSERVED, STORED_ANSWERS, STORED_NAMES
from folkways.store import Store

Runners = Callable[[int], list[Any]]
INPUTS = (OBSERVED, STORED_NAMES, STORED_ANSWERS)
KILLED = 77


def all_totals(scenario: SimpleNamespace, root: Path) -> dict[str, Any]:
    return {table.name: scenario.totals(root, table) for table in (*INPUTS, CONNECTIONS)}


@pytest.fixture(scope="module")
def clean_run(
    scenario: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """The totals of one run that nothing disturbed."""
    root = tmp_path_factory.mktemp("clean") / "study"
    Store.create(root)
    scenario.ingest(root)
    scenario.settle(root)
    found = all_totals(scenario, root)
    rows = {name: sum(row[2] for row in totals) for name, totals in found.items()}
    assert rows == {"observed": 2200, "names": 140, "answers": 120, "connections": 2200}
    return found


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], Path]:
    """An empty store each time; made once and copied, since that is quicker."""
    empty, root = tmp_path / "empty", tmp_path / "study"
    Store.create(empty)

    def make() -> Path:
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(empty, root)
        return root

    return make


def check_recovery(scenario: SimpleNamespace, root: Path, expected: dict[str, Any]) -> None:
    scenario.ingest(root)
    scenario.settle(root)
    store = Store(root)
    assert [entry.name for entry in store.sources()] == list(scenario.SOURCES)
    store.clean(0)
    named = {path for table in store._holdings.tables for path in store.files(table)}
    assert set(root.rglob("*.parquet")) - set(root.rglob("_delta_log/*")) == named
    assert not list((root / "tmp").iterdir())
    assert not (root / "pending.json").exists()
    assert all_totals(scenario, root) == expected


@pytest.mark.slow
def test_dying_at_every_event(
    fresh: Callable[[], Path],
    scenario: SimpleNamespace,
    runners: Runners,
    clean_run: dict[str, Any],
) -> None:
    (runner,) = runners(1)
    for number in range(1, 1000):
        root = fresh()
        runner.start(root, "both", number)
        code = runner.wait()
        assert code in {KILLED, 0}
        check_recovery(scenario, root, clean_run)
        if not code:
            break
    assert number > 50


@pytest.mark.slow
def test_dying_again_while_finishing_what_was_begun(
    fresh: Callable[[], Path],
    scenario: SimpleNamespace,
    runners: Runners,
    clean_run: dict[str, Any],
) -> None:
    (runner,) = runners(1)
    for first in range(8, 30):
        root = fresh()
        runner.start(root, "ingest", first)
        assert runner.wait() == KILLED
        if not (root / "pending.json").exists():
            continue
        for again in (3, 2, 1):
            runner.start(root, "ingest", again)
            assert runner.wait() == KILLED
        check_recovery(scenario, root, clean_run)
        return
    pytest.fail("no run died between writing the journal and removing it")


@pytest.mark.slow
def test_dying_while_a_source_is_replaced(
    fresh: Callable[[], Path], tmp_path: Path, scenario: SimpleNamespace, runners: Runners
) -> None:
    """It is the old one or the new one, never both, and never neither."""
    (runner,) = runners(1)
    full, source = tmp_path / "full", scenario.source_id(scenario.digest_of("one"))
    shutil.copytree(fresh(), full)
    scenario.ingest(full)

    def state(root: Path) -> list[list[Any]]:
        return [scenario.totals(root, table) for table in INPUTS]

    old = state(full)
    shutil.copytree(full, tmp_path / "new")
    scenario.renew(tmp_path / "new")
    new = state(tmp_path / "new")
    assert [sum(row[2] for row in rows if row[1] == source) for rows in new] == [7, 0, 0]
    for number in range(1, 1000):
        root = fresh()
        shutil.rmtree(root)
        shutil.copytree(full, root)
        runner.start(root, "renew", number)
        code = runner.wait()
        with Store(root).lock():
            assert state(root) in (old, new)
        scenario.renew(root)
        assert state(root) == new
        if not code:
            break
    assert number > 15


@pytest.mark.slow
def test_dying_while_a_source_is_taken_out(
    fresh: Callable[[], Path], tmp_path: Path, scenario: SimpleNamespace, runners: Runners
) -> None:
    (runner,) = runners(1)
    full = tmp_path / "full"
    shutil.copytree(fresh(), full)
    scenario.ingest(full)
    source = scenario.source_id(scenario.digest_of("one"))
    with_it = {table.name: scenario.totals(full, table) for table in INPUTS}
    without = {name: [row for row in rows if row[1] != source] for name, rows in with_it.items()}
    for number in range(1, 1000):
        root = fresh()
        shutil.rmtree(root)
        shutil.copytree(full, root)
        runner.start(root, "remove", number)
        code = runner.wait()
        scenario.remove(root)
        Store(root).clean(0)
        assert {table.name: scenario.totals(root, table) for table in INPUTS} == without
        scenario.ingest(root)
        assert {table.name: scenario.totals(root, table) for table in INPUTS} == with_it
        if not code:
            break
    assert number > 15


@pytest.mark.slow
def test_killed_after_any_time(
    fresh: Callable[[], Path],
    scenario: SimpleNamespace,
    runners: Runners,
    clean_run: dict[str, Any],
) -> None:
    (runner,) = runners(1)
    runner.start(fresh(), "both")
    began = time.monotonic()
    assert runner.wait() == 0
    lasted = time.monotonic() - began
    killed = 0
    for part in np.linspace(0.02, 1.1, 24):
        root = fresh()
        began = time.monotonic()
        runner.start(root, "both", kill_after=part * lasted)
        if runner.wait() == -signal.SIGKILL:
            killed += 1
        else:
            # On a machine that got faster since, later kills would come too late as well.
            lasted = min(lasted, time.monotonic() - began)
        check_recovery(scenario, root, clean_run)
    assert killed >= 12


@pytest.mark.slow
def test_a_day_is_old_or_new_whenever_settling_dies(
    tmp_path: Path, scenario: SimpleNamespace, runners: Runners
) -> None:
    (runner,) = runners(1)
    done, root = tmp_path / "done", tmp_path / "study"
    Store.create(done)
    scenario.ingest(done)
    scenario.settle(done)
    old = scenario.totals(done, CONNECTIONS)
    seen: set[tuple[str, ...]] = set()
    for number in range(1, 1000):
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(done, root)
        runner.start(root, "settle", number)
        code = runner.wait()
        # What a reader sees, before any writer came to mend anything.
        store = Store(root)
        stamps = store.stamps()
        seen.add(tuple(stamps.values()))
        assert scenario.totals(root, CONNECTIONS) == old
        with store.scratch() as temp:
            con = scenario.connect(256, temp, 1)
            store.view(con, "input", "connections")
            # The rows carry the stamp as a mark of their own: data and stamp must agree.
            marks = dict(con.execute("SELECT DISTINCT day, noise FROM input").fetchall())
            con.close()
        assert marks == stamps
        if not code:
            break
    assert seen == {("v1", "v1"), ("v2", "v1"), ("v2", "v2")}


@pytest.mark.slow
def test_ingests_at_once_all_land(
    fresh: Callable[[], Path],
    scenario: SimpleNamespace,
    runners: Runners,
    clean_run: dict[str, Any],
) -> None:
    root, three = fresh(), runners(3)
    for runner in three:
        runner.start(root, "both")
    assert [runner.wait() for runner in three] == [0, 0, 0]
    check_recovery(scenario, root, clean_run)
