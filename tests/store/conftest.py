"""What the store's tests share: an empty store, and the synthetic sources of scenario.py."""

import json
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import IO

import pytest

from folkways.store import Store

SCRIPT = Path(__file__).with_name("scenario.py")


class Runner:
    """Runs scenario.py in processes that can die without taking the tests with them."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(
        self, root: Path, action: str, die_at: int = 0, kill_after: float | None = None
    ) -> None:
        """Begin; what the arguments mean stands in scenario.py."""
        stream = _pipe(self._server.stdin)
        stream.write(json.dumps([str(root), action, die_at, kill_after]) + "\n")
        stream.flush()

    def wait(self) -> int:
        """The exit code of what was started."""
        return int(_pipe(self._server.stdout).readline())

    def close(self) -> None:
        """End the server."""
        _pipe(self._server.stdin).close()
        self._server.wait()
        _pipe(self._server.stdout).close()


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "study")


@pytest.fixture(scope="session")
def scenario() -> SimpleNamespace:
    """The functions of scenario.py."""
    return SimpleNamespace(**runpy.run_path(str(SCRIPT)))


@pytest.fixture
def runners() -> Iterator[Callable[[int], list[Runner]]]:
    """As many as one asks for."""
    made: list[Runner] = []

    def make(count: int) -> list[Runner]:
        made.extend(Runner() for _ in range(count))
        return made[-count:]

    yield make
    for runner in made:
        runner.close()
