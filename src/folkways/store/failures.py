"""A disk that is full or refuses, said in one way, whichever library ran into it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from deltalake.exceptions import DeltaError

from folkways.model.errors import StorageError

NOTHING_ADDED = "nothing was added; free space and run the same command again"
TO_BE_FINISHED = (
    "free space and run the same command again, which first finishes what was begun here"
)
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def storage_failures(place: Path, outcome: str = NOTHING_ADDED) -> Iterator[None]:
    """Turn a full or refusing disk into a StorageError with one line; let all else pass.

    Args:
        place: what was being written to, for the message.
        outcome: what this means for the data, and what to do.
    """
    try:
        yield
    except (OSError, duckdb.Error, DeltaError) as error:
        if _matches(
            error, _FULL, ("no space left on device", "disk quota exceeded", "file too large")
        ):
            raise StorageError(f"The disk is full at {place}: {outcome}.") from error
        if _matches(error, _REFUSED, ("permission denied", "read-only file system")):
            raise StorageError(
                f"{place} cannot be written to ({error}): nothing was added; "
                "make it writable and run the same command again."
            ) from error
        raise


def _matches(error: Exception, numbers: set[int], words: tuple[str, ...]) -> bool:
    # DuckDB and Delta give the operating system's text inside their own error classes.
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in numbers
    text = str(error).lower()
    return any(word in text for word in words)
