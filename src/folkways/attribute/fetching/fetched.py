"""What every way of fetching gives, and how it fails: in one line, with what to do."""

import datetime as dt
import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from folkways.attribute.fetching.entries import Entry
from folkways.model.errors import FolkwaysError, StorageError

# Told the entry's id, the bytes here so far, and all bytes if that is known. May be called often.
Watch = Callable[[str, int, int | None], None]

BY_HAND = "the list can also be downloaded by hand and given to folkways reference import"


class FetchError(FolkwaysError):
    """A list could not be fetched: no connection, a refusal, or not what the settings promise."""


@dataclass(frozen=True)
class Fetched:
    """A file of a list that lies whole in the folder.

    ``source`` says where it is from, ``licence`` under which it was given. ``published`` is the day
    for which it speaks: as its publisher dates it, else the day of the fetch (UTC).
    """

    entry: Entry
    path: Path
    source: str
    licence: str
    published: dt.date
    sha256: str
    bytes: int

    @property
    def id(self) -> str:
        """The id of its entry; a package's files share one."""
        return self.entry.id

    @property
    def kind(self) -> str:
        """The kind of list."""
        return self.entry.kind


def today() -> dt.date:
    """The day in UTC."""
    return dt.datetime.now(dt.UTC).date()


def one_line(text: object) -> str:
    """What somebody else says, fit for a message: one line, not long, no control characters."""
    words = "".join(c if c.isprintable() else " " for c in str(text)[:2000]).split()
    return " ".join(words)[:200].rstrip(".")


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Say in one line that the disk refuses, whatever part of it does.

    Raises:
        StorageError: an OSError happened inside.
    """
    try:
        yield
    except OSError as error:
        why = error.strerror or errno.errorcode.get(error.errno or 0, "unknown error")
        raise StorageError(f"{folder}: what was fetched cannot be written: {why}.") from None
