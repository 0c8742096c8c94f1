"""A full disk stops an ingest with one line, and nothing of it is in."""

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import duckdb
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from folkways.model.columns import OBSERVED
from folkways.model.errors import StorageError, StudyError
from folkways.store import Store
from folkways.store.failures import storage_failures

NO_SKIP = os.environ.get("FOLKWAYS_NO_SKIP") == "1"
SIZE = 4 * 2**20


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes; where it may not be mounted, the tests below remain."""
    path = tmp_path / "disk"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        why = f"a small file system cannot be mounted here: {done.stderr.strip()}"
        if NO_SKIP:
            pytest.fail(f"{why}; FOLKWAYS_NO_SKIP=1 forbids to skip")
        pytest.skip(why)
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True)


def add(store: Store, scenario: SimpleNamespace, name: str, rows: int) -> None:
    entry = scenario.entry_of(name, rows)
    with store.stage() as stage:
        stage.write("observed", scenario.rows_of("observed", entry.id, rows))
        staged = stage.finish()
    store.commit([staged], [entry])


@pytest.mark.external
def test_a_real_full_disk_while_staging(tiny_disk: Path, scenario: SimpleNamespace) -> None:
    store = Store.create(tiny_disk / "study")
    add(store, scenario, "small", 100)
    before = scenario.totals(store.root, OBSERVED)
    leave_room(tiny_disk, 30_000)
    with pytest.raises(StorageError, match=r"disk is full at .*nothing was added") as caught:
        add(store, scenario, "large", 50_000)
    assert "\n" not in str(caught.value)
    assert scenario.totals(store.root, OBSERVED) == before
    assert [entry.name for entry in store.sources()] == ["small"]
    # The stage took its files with it: nothing of it is left.
    assert not list((store.root / "tmp").iterdir())
    (tiny_disk / "filler").unlink()
    add(store, scenario, "another", 100)
    assert sum(row[2] for row in scenario.totals(store.root, OBSERVED)) == 200


@pytest.mark.external
@pytest.mark.slow
def test_a_real_full_disk_at_any_moment(tiny_disk: Path, scenario: SimpleNamespace) -> None:
    store = Store.create(tiny_disk / "study")
    add(store, scenario, "first", 1000)
    outcomes = set()
    for room in range(0, 600_000, 20_000):
        leave_room(tiny_disk, room)
        said = ""
        try:
            add(store, scenario, "second", 1000)
        except StorageError as error:
            said = str(error)
        (tiny_disk / "filler").unlink()
        # Whoever writes next finishes what was begun, if the message said so.
        store.clean(0)
        names = [entry.name for entry in store.sources()]
        assert names == (["first"] if "nothing was added" in said else ["first", "second"])
        assert not said or "disk is full" in said
        assert sum(row[2] for row in scenario.totals(store.root, OBSERVED)) == 1000 * len(names)
        outcomes.add(len(names))
        if len(names) == 2:
            store.remove_source(scenario.entry_of("second").id)
            store.clean(0)
    assert outcomes == {1, 2}


def leave_room(disk: Path, size: int) -> None:
    found = os.statvfs(disk)
    (disk / "filler").write_bytes(bytes(max(0, found.f_bavail * found.f_frsize - size)))


def full(*_: Any, **__: Any) -> NoReturn:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_no_room_for_the_commit_is_found_before_it_begins(
    store: Store, scenario: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StorageError, match="nothing was added"):
        add(store, scenario, "one", 100)
    monkeypatch.undo()
    assert store.sources() == []
    assert store.days("observed") == []
    assert store.clean(0) == 0
    add(store, scenario, "one", 100)


def test_full_between_two_commits_is_finished_by_the_next_writer(
    store: Store, scenario: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = DeltaTable.create_write_transaction

    def second_fails(self: DeltaTable, *args: Any, **named: Any) -> None:
        if "sources" in str(self.table_uri):
            raise DeltaError("Generic LocalFileSystem error: No space left on device (os error 28)")
        original(self, *args, **named)

    monkeypatch.setattr(DeltaTable, "create_write_transaction", second_fails)
    with pytest.raises(StorageError, match="first finishes what was begun"):
        add(store, scenario, "one", 100)
    assert store.sources() == []
    # Still full: nobody can write, everybody is told.
    with pytest.raises(StorageError, match="first finishes"), Store(store.root).lock():
        pass
    monkeypatch.undo()
    with store.lock():
        assert [entry.name for entry in store.sources()] == ["one"]
    assert sum(row[2] for row in scenario.totals(store.root, OBSERVED)) == 100
    assert store.clean(0) == 0


def test_a_list_of_what_was_begun_that_is_lost_is_noticed(
    store: Store, scenario: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = DeltaTable.create_write_transaction

    def sources_fail(self: DeltaTable, *args: Any, **named: Any) -> None:
        if "sources" in str(self.table_uri):
            full()
        original(self, *args, **named)

    monkeypatch.setattr(DeltaTable, "create_write_transaction", sources_fail)
    with pytest.raises(StorageError, match="first finishes"):
        add(store, scenario, "one", 100)
    monkeypatch.undo()
    (store.root / "pending.json").unlink()
    with pytest.raises(StudyError, match=r"observed in .* does not know of"):
        add(store, scenario, "one", 100)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "x"), "disk is full at study: nothing was added"),
        (OSError(errno.EDQUOT, "x"), "disk is full"),
        (duckdb.IOException('Could not write file "x": No space left on device'), "disk is full"),
        (DeltaError("No space left on device (os error 28)"), "disk is full"),
        (PermissionError(errno.EACCES, "Permission denied"), "cannot be written to"),
        (DeltaError("Read-only file system (os error 30)"), "cannot be written to"),
    ],
)
def test_each_library_is_understood(error: Exception, said: str) -> None:
    with pytest.raises(StorageError, match=said), storage_failures(Path("study")):
        raise error


def test_other_errors_pass() -> None:
    for error in (FileNotFoundError("x"), ValueError("no space left on device"), DeltaError("x")):
        with pytest.raises(type(error)) as caught, storage_failures(Path("study")):
            raise error
        assert caught.value is error
