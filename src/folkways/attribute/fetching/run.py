"""All entries that were asked for, one after the other; one that fails does not stop the others."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from folkways.attribute.fetching.entries import Entry, NpmEntry, UrlEntry
from folkways.attribute.fetching.fetched import Fetched, FetchError, Watch, writing
from folkways.attribute.fetching.npm import fetch_npm
from folkways.attribute.fetching.url import fetch_url
from folkways.model.errors import UserError


def fetch(
    entries: Iterable[Entry],
    folder: Path,
    watch: Watch | None = None,
    *,
    timeout: float = 30.0,
    cafile: Path | None = None,
) -> tuple[list[Fetched], list[FetchError]]:
    """Fetch entries into a folder (created if it does not exist): what came, and what failed.

    Args:
        entries: from ``known_entries``, those wanted.
        folder: where the files are to lie; a later fetch replaces them.
        watch: told of progress: the id, bytes so far, all bytes if known.
        timeout: seconds without a byte after which a server is given up.
        cafile: certificates to trust in place of the machine's own.

    Raises:
        UserError: another process fetches into the folder.
        StorageError: the disk is full or refuses.
    """
    done: list[Fetched] = []
    failed: list[FetchError] = []
    with _alone(folder):
        for entry in entries:
            try:
                match entry:
                    case UrlEntry():
                        done.append(
                            fetch_url(entry, folder, watch=watch, timeout=timeout, cafile=cafile)
                        )
                    case NpmEntry():
                        done += fetch_npm(entry, folder, watch=watch)
            except FetchError as error:
                failed.append(error)
    return done, failed


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder, so that no two processes write the same part; freed however we die."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise UserError(f"{folder}: another folkways fetches into it; wait for its end.") from None
    finally:
        os.close(handle)
