"""Writers wait for each other, and a lock goes with the process that held it."""

import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from folkways.store import Store
from folkways.store.locking import Scratch, clean_scratch

HOLDER = """
import sys
from pathlib import Path
from folkways.store.locking import exclusive
with exclusive(Path(sys.argv[1]) / "lock"):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(store: Store) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(store.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.parametrize("end", ["leave", "kill"])
def test_a_second_writer_waits_and_says_so_once(store: Store, end: str) -> None:
    waited: list[bool] = []
    with hold(store) as process:

        def on_wait() -> None:
            waited.append(process.poll() is None)
            if end == "kill":
                process.kill()
            elif process.stdin is not None:
                process.stdin.close()

        with store.lock(on_wait):
            assert waited == [True]
    with store.lock(on_wait):
        assert waited == [True]


def test_readers_never_wait(store: Store, scenario: SimpleNamespace) -> None:
    store.commit([], [scenario.entry_of("one")])
    with hold(store) as process:
        assert [entry.name for entry in Store(store.root).sources()] == ["one"]
        assert store.days("observed") == []
        process.kill()


def test_the_lock_can_be_taken_within_itself(store: Store, scenario: SimpleNamespace) -> None:
    with store.lock(), store.lock():
        store.commit([], [scenario.entry_of("one")])
    other, done = Store(store.root), threading.Event()
    with store.lock():
        with store.lock():
            pass
        # Leaving the inner one must not let others in.
        thread = threading.Thread(target=enter, args=(other, done))
        thread.start()
        assert not done.wait(0.1)
    assert done.wait(5)
    thread.join()


def enter(store: Store, done: threading.Event) -> None:
    with store.lock():
        done.set()


def test_scratch_of_the_living_is_spared_and_of_the_dead_removed(
    tmp_path: Path,
) -> None:
    living, dead = Scratch(tmp_path, "a"), Scratch(tmp_path, "b")
    (living.path / "x").write_bytes(b"x")
    (dead.path / "y").write_bytes(b"y")
    dead.release()
    (tmp_path / "stray").write_bytes(b"z")
    (tmp_path / "half.alive").write_bytes(b"")
    assert clean_scratch(tmp_path) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [living.path.name, living.path.name + ".alive"]
    )
    living.remove()
    assert not list(tmp_path.iterdir())
    assert clean_scratch(tmp_path / "absent") == 0
