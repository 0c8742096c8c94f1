"""One writer at a time, and folders that live only as long as the process that made them.

Both rest on ``flock``, which the operating system releases when a process dies, however it dies:
a lock is never left behind.
"""

import fcntl
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_CLAIM = ".alive"


@contextmanager
def exclusive(path: Path, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock file ``path``; if another process holds it, call ``on_wait`` once and wait.

    The lock belongs to the open file: a process *forked* while it is held shares it. Start
    worker processes with the ``spawn`` or ``forkserver`` method.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if on_wait is not None:
                on_wait()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class Scratch:
    """A folder of its own below ``parent``, marked as in use while this process lives."""

    def __init__(self, parent: Path, kind: str) -> None:
        parent.mkdir(parents=True, exist_ok=True)
        self.path = parent / f"{kind}-{uuid.uuid4().hex}"
        self._handle: int | None = self._claim()
        self.path.mkdir()

    def _claim(self) -> int:
        while True:
            handle = os.open(_claim_of(self.path), os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX)
            # A cleaner may have removed the file between the two calls; then it counts for nothing.
            if os.fstat(handle).st_nlink:
                return handle
            os.close(handle)

    def release(self) -> None:
        """Leave the folder to whoever commits or cleans next."""
        if self._handle is not None:
            _claim_of(self.path).unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = None

    def remove(self) -> None:
        """Remove the folder and all in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.release()


def discard(folder: Path) -> None:
    """Remove a folder that was released, and all in it."""
    shutil.rmtree(folder, ignore_errors=True)
    _claim_of(folder).unlink(missing_ok=True)


def clean_scratch(parent: Path) -> int:
    """Remove all folders and files below ``parent`` that no living process uses; count files."""
    count = 0
    for path in sorted(parent.iterdir()) if parent.is_dir() else []:
        if path.is_dir():
            count += _remove_if_dead(path)
        elif path.suffix != _CLAIM:
            path.unlink()
            count += 1
        elif not path.with_suffix("").exists():
            _remove_if_dead(path.with_suffix(""))
    return count


def _remove_if_dead(folder: Path) -> int:
    claim = _claim_of(folder)
    handle = os.open(claim, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        count = sum(1 for path in folder.rglob("*") if path.is_file())
        shutil.rmtree(folder, ignore_errors=True)
        claim.unlink(missing_ok=True)
        return count
    finally:
        os.close(handle)


def _claim_of(folder: Path) -> Path:
    return folder.with_name(folder.name + _CLAIM)
