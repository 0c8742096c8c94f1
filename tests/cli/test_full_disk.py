"""A full disk is one line and exit code 1; with room again the same command goes on and finishes.

Where a small file system can be mounted it is really filled; everywhere a limit on the size of
files makes writes fail at the same places.
"""

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from folkways.simulate import Simulated

Run = Callable[..., Any]
Full = Callable[[int], Any]
SIZE = 4 << 20


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes; a plain folder where none may be mounted."""
    path = tmp_path / "disk"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(path)]
    done = subprocess.run(command, capture_output=True, check=False)
    yield path
    if done.returncode == 0:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@contextmanager
def filled(disk: Path, room: int) -> Iterator[None]:
    """Leave so many bytes free, by a file that fills the rest."""
    stat = os.statvfs(disk)
    filler = disk / "filler"
    with filler.open("wb") as stream:
        stream.write(bytes(max(0, stat.f_bavail * stat.f_frsize - room)))
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def limited(room: int) -> Iterator[None]:
    """Let no file become larger than so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(params=["mounted", "limited"])
def disk(request: pytest.FixtureRequest, mounted: Path) -> tuple[Path, Full]:
    """Where the study lies, and how its disk becomes full."""
    if request.param == "mounted" and mounted.is_mount():
        return mounted, lambda room: filled(mounted, room)
    return mounted, limited


@pytest.mark.slow
def test_ingest_on_a_full_disk(
    run: Run,
    empty: Path,
    disk: tuple[Path, Full],
    *,
    simulated: Simulated,
    stored: Callable[[Path], list[Any]],
    strays: Callable[[Path], list[Path]],
) -> None:
    folder, full = disk
    study = folder / "study"
    # A copy has the same key, so that its rows can be compared with those of a clean run.
    shutil.copytree(empty, study)
    first, second = (r.folder for r in simulated.rounds)
    for each in (study, empty):
        assert run("ingest", each, first).code == 0
    before, sources = stored(study), run("sources", study).out
    failed = 0
    for room in (2_000, 30_000, 60_000, 90_000):
        with full(room):
            ran = run("ingest", study, second)
        if ran.code == 0:
            break
        failed += 1
        assert ran.code == 1
        assert "disk is full" in ran.error or full is limited
        assert not ran.out
        after = stored(study)
        # What was committed before stays; of what is new, only whole days of a whole source.
        assert [row for row in after if row in before] == before
        if run("sources", study).out == sources:
            assert after == before
    assert failed >= 1
    assert run("ingest", study, second).code == 0
    assert run("ingest", empty, second).code == 0
    assert stored(study) == stored(empty)
    assert not strays(study)


def test_other_commands_on_a_full_disk(
    run: Run, ready: Path, disk: tuple[Path, Full], simulated: Simulated
) -> None:
    folder, full = disk
    study = folder / "study"
    shutil.copytree(ready, study)
    period = "2017-06-09..2017-06-10"
    with full(500):
        for words in (
            ["round", study, "one", "--period", period],
            ["init", folder / "new", "--population", simulated.population],
            ["simulate", "two-days", "--into", folder / "simulated"],
        ):
            ran = run(*words)
            assert ran.code == 1, words
            assert ran.error
    assert run("summary", study, "--period", period).code == 0
    assert run("round", study, "one", "--period", period).code == 0
    assert run("simulate", "two-days", "--into", folder / "simulated").code == 0
    assert run("init", folder / "new", "--population", simulated.population).code == 0
