"""A file on disk, opened once, as it was at that moment.

Files are replaced, rotated and written to while they are read. All that is read here comes from one
descriptor, so that another file of the same name is never taken for this one, and ends where the
file ended when it was opened, so that a log that grows gives what was there.
"""

import io
import os
import time
import weakref
from pathlib import Path

from folkways.model.errors import ChangedError, FormatError

_TICK_NS = 100_000_000
"""Within so short a time after a change, another one may leave the same time of change."""


class File:
    """An open file. Its descriptor is closed with the last stream that reads from it.

    Raises:
        FormatError: it cannot be opened.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        try:
            self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise FormatError(f"{name} cannot be read: {error.strerror}.") from None
        weakref.finalize(self, os.close, self.descriptor)
        self._found = os.fstat(self.descriptor)
        self.size = self._found.st_size
        """Its octets when it was opened; what is written behind them later is not read."""
        self._fresh = time.time_ns() - self._found.st_mtime_ns < _TICK_NS

    def read_at(self, place: int, buffer: memoryview) -> int:
        """Fill a buffer from a place; 0 at the end.

        Raises:
            ChangedError: the file has become shorter than it was.
        """
        left = min(len(buffer), self.size - place)
        if left <= 0:
            return 0
        found = os.preadv(self.descriptor, [memoryview(buffer)[:left]], place)
        if not found:
            raise changed(self.name)
        return found

    def is_untouched(self, *, content_only: bool = False) -> bool:
        """Whether nobody can have written to it since it was opened.

        Args:
            content_only: a new name, or none any more, is no change; another one that nobody can
                see (within a tick of the clock, or with the time set back) may have been made.
        """
        now, then = os.fstat(self.descriptor), self._found
        if (now.st_size, now.st_mtime_ns) != (then.st_size, then.st_mtime_ns):
            return False
        return content_only or (now.st_ctime_ns == then.st_ctime_ns and not self._fresh)

    def is_at(self, path: Path) -> bool:
        """Whether a path leads to this very file."""
        try:
            return os.path.samestat(path.stat(), self._found)
        except OSError:
            return False


class View(io.RawIOBase):
    """The octets of a file from its start, with a position of its own; can be sought."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._at = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read at most as much as the buffer holds; 0 at the end."""
        found = self._file.read_at(self._at, buffer)
        self._at += found
        return found

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._file.size}[whence]
        if base + offset < 0:
            raise ValueError(f"no place before the start: {base + offset}")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """The place of the next octet."""
        return self._at


def changed(name: str) -> ChangedError:
    """The error of a file that did not stay as it was."""
    return ChangedError(
        f"{name} was changed while it was read, so nothing of it was used; read it again when "
        "nobody writes to it (or a copy)."
    )
