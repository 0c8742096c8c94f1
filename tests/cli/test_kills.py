"""Killed at any moment, an ingest that is run again gives what one clean run gives."""

import gzip
import multiprocessing
import os
import random
import runpy
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from folkways.simulate import Simulated
from folkways.store import Store

Run = Callable[..., Any]
Start = Callable[..., BaseProcess]
SCRIPT = Path(__file__).with_name("command.py")
PARTS, KILLS = 3, 16
MOMENTS = (("tmp/*", 0), ("sources/*.parquet", 0), ("connections/day=*", 0.1))
"""Ctrl-C comes so many seconds after such a file is there: reading, committed, settling."""


@pytest.fixture(scope="session")
def logs(simulated: Simulated, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The logs of two-days cut into many files, dealt into two folders."""
    folder = tmp_path_factory.mktemp("pieces")
    halves = (folder / "one", folder / "two")
    for half in halves:
        half.mkdir()
    for number, path in enumerate(sorted(simulated.folder.rglob("*.log.gz"))):
        lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
        head = [line for line in lines if line.startswith(b"#") and b"#close" not in line]
        body = [line for line in lines if not line.startswith(b"#")]
        for part in range(PARTS):
            name = f"{path.parent.name}-{path.name.removesuffix('.gz')}-{part}"
            content = b"".join(head + body[part::PARTS])
            (halves[(number + part) % 2] / name).write_bytes(content)
    return halves


@pytest.fixture(scope="session")
def start() -> Start:
    """Start a command in a process forked from one that has the libraries loaded: that is quick."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["folkways.cli.app", "folkways.cli.failures"])

    def run(*arguments: object) -> BaseProcess:
        given = {"ENVIRONMENT": dict(os.environ), "ARGUMENTS": [str(a) for a in arguments]}
        process = context.Process(target=runpy.run_path, args=(str(SCRIPT), given, "__main__"))
        process.start()
        return process

    return run


@dataclass(frozen=True)
class Trial:
    """An empty study to copy, what one clean ingest makes of it, and how long that takes."""

    folder: Path
    logs: tuple[Path, Path]
    expected: list[Any]
    days: int
    lasted: float

    def copy(self, into: Path) -> Path:
        """An empty study; its key is that of the clean run, so that pseudonyms agree."""
        shutil.copytree(self.folder / "empty", into)
        return into


@pytest.fixture(scope="session")
def _trial(
    simulated: Simulated,
    logs: tuple[Path, Path],
    start: Start,
    stored: Callable[[Path], list[Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Trial:
    folder = tmp_path_factory.mktemp("trial")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOLKWAYS_CONFIG_DIR", str(folder / "config"))
        start("init", folder / "empty", "--population", simulated.population).join()
        shutil.copytree(folder / "empty", folder / "clean")
        began = time.monotonic()
        process = start("ingest", folder / "clean", *logs)
        process.join()
        lasted = time.monotonic() - began
    assert process.exitcode == 0
    expected = stored(folder / "clean")
    assert len(expected) == 7128
    return Trial(folder, logs, expected, len(Store(folder / "clean").stamps()), lasted)


@pytest.fixture
def trial(_trial: Trial, own_keys: Path) -> Trial:
    shutil.copytree(_trial.folder / "config", own_keys)
    return _trial


@pytest.fixture
def recovers(
    run: Run,
    trial: Trial,
    stored: Callable[[Path], list[Any]],
    strays: Callable[[Path], list[Path]],
) -> Callable[[Path], None]:
    """Check that the same command makes a study whole, whatever happened to it."""

    def check(study: Path) -> None:
        ran = run("ingest", study, *trial.logs)
        assert ran.code == 0, ran
        assert not ran.err
        assert stored(study) == trial.expected
        sources = Store(study).sources()
        assert len(sources) == len({entry.digest for entry in sources}) == 20 * PARTS
        # Days that were settled a second time leave their old files for a while.
        assert not [path for path in strays(study) if "connections" not in path.parts]

    return check


@pytest.mark.slow
def test_killed_at_any_moment(
    tmp_path: Path, trial: Trial, start: Start, recovers: Callable[[Path], None]
) -> None:
    draw = random.Random(1)  # noqa: S311  # no secret depends on it
    killed, lasts = 0, trial.lasted
    for number in range(KILLS):
        study = trial.copy(tmp_path / f"study {number}")
        process = start("ingest", study, *trial.logs)
        time.sleep(lasts * (number + draw.random()) / KILLS)
        process.kill()
        process.join()
        if process.exitcode == -signal.SIGKILL:
            killed += 1
        else:
            # It was over before: the first run, by which moments are drawn, was a slow one.
            lasts *= 0.75
        recovers(study)
    assert killed >= KILLS // 2


@pytest.mark.slow
def test_killed_while_settling(
    tmp_path: Path, trial: Trial, start: Start, recovers: Callable[[Path], None]
) -> None:
    seen = set()
    for wanted in range(1, trial.days, 2):
        study = trial.copy(tmp_path / f"study {wanted}")
        process = start("ingest", study, *trial.logs)
        # Its log has a file when the table was made, and one for each settled day.
        log = study / "connections" / "_delta_log"
        while len(list(log.glob("*.json"))) <= wanted and process.is_alive():
            time.sleep(0.002)
        process.kill()
        process.join()
        seen.add(len(Store(study).stamps()))
        recovers(study)
    assert len(seen & set(range(1, trial.days))) >= 2


@pytest.mark.slow
def test_killed_again_and_again(
    tmp_path: Path, trial: Trial, start: Start, recovers: Callable[[Path], None]
) -> None:
    study = trial.copy(tmp_path / "study")
    for part in (0.2, 0.5, 0.4, 0.7, 0.3, 0.6):
        process = start("ingest", study, *trial.logs)
        time.sleep(trial.lasted * part)
        process.kill()
        process.join()
    recovers(study)


@pytest.mark.slow
def test_two_ingests_at_once(
    tmp_path: Path, trial: Trial, start: Start, recovers: Callable[[Path], None]
) -> None:
    for number, sources in enumerate((([0], [1]), ([0, 1], [1, 0]))):
        study = trial.copy(tmp_path / f"study {number}")
        processes = [start("ingest", study, *(trial.logs[i] for i in half)) for half in sources]
        for process in processes:
            process.join()
            assert process.exitcode == 0
        assert len(Store(study).sources()) == 20 * PARTS
        recovers(study)


@pytest.mark.slow
def test_control_c(tmp_path: Path, trial: Trial, recovers: Callable[[Path], None]) -> None:
    program = str(Path(sys.executable).with_name("folkways"))
    stopped = 0
    for number, (wanted, delay) in enumerate(MOMENTS):
        study = trial.copy(tmp_path / f"study {number}")
        with subprocess.Popen(
            [program, "ingest", study, *trial.logs],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            while not list(study.glob(wanted)) and process.poll() is None:
                time.sleep(0.002)
            time.sleep(delay)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        recovers(study)
        if process.returncode == 0:
            continue
        stopped += 1
        assert process.returncode == 130
        assert err.startswith("folkways: stopped; what was committed stays.")
        assert err.count("\n") == 1
        assert not out
    assert stopped >= 2
