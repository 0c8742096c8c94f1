"""Several tables changed as one: what is to be done is written down first, then done.

Delta's commits are atomic for one table each. An ingest changes up to four, so its steps are
written to one file beside them before the first is taken, and the file is removed after the last.
Whoever takes the lock next finds the file after a kill and takes the steps that are missing; each
knows by itself whether it was taken. So an ingest is in wholly or not at all.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from folkways.store.failures import TO_BE_FINISHED, storage_failures
from folkways.store.tables import CommittedTable, Step

# Room that is proved to be there before the first step, so that a disk that fills up stops the
# work before it has begun: for a commit of each table, and for each file and source in them.
_ROOM_BASE = 262_144
_ROOM_EACH = 4_096


class Journal:
    """The file that says which steps were begun."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._path = root / "pending.json"

    @property
    def pending(self) -> bool:
        """Whether something was begun and not finished."""
        return self._path.exists()

    def run(self, steps: Iterable[Step], tables: Mapping[str, CommittedTable]) -> None:
        """Take the steps in order, all or, after a kill, when ``finish`` is called next.

        Raises:
            StorageError: the disk is full or refuses; the message says whether anything was begun.
        """
        planned = list(steps)
        with storage_failures(self._root):
            _prove_room(self._root / "tmp", planned)
            self._write(planned)
        self._take(planned, tables)

    def finish(self, tables: Mapping[str, CommittedTable]) -> bool:
        """Take what an earlier process began and did not finish; whether there was any."""
        if not self.pending:
            return False
        planned = msgspec.json.decode(self._path.read_bytes(), type=list[Step])
        self._take(planned, tables)
        return True

    def _write(self, steps: list[Step]) -> None:
        draft = self._root / "tmp" / "pending.json"
        draft.parent.mkdir(exist_ok=True)
        with draft.open("wb") as stream:
            stream.write(msgspec.json.encode(steps))
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(self._path)

    def _take(self, steps: list[Step], tables: Mapping[str, CommittedTable]) -> None:
        with storage_failures(self._root, TO_BE_FINISHED):
            for step in steps:
                tables[step.table].take(step)
            self._path.unlink()


def _prove_room(folder: Path, steps: list[Step]) -> None:
    items = sum(len(step.adds) + len(step.removes) + len(step.marks) for step in steps)
    path = folder / "room"
    folder.mkdir(exist_ok=True)
    try:
        with path.open("wb") as stream:
            os.posix_fallocate(stream.fileno(), 0, _ROOM_BASE + _ROOM_EACH * items)
    finally:
        path.unlink(missing_ok=True)
