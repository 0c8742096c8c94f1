"""A Parquet file and its manifest in TOML, each written whole or not at all, the manifest last."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from folkways.model.errors import StorageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}


def write_pair(folder: Path, name: str, table: pa.Table, manifest: str) -> None:
    """Write ``<name>.parquet``, then ``<name>.toml``, which names the table's digest.

    Raises:
        StorageError: the disk is full or refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(
            folder / f"{name}.parquet",
            lambda path: pq.write_table(table, path, compression="zstd"),
        )
        _replace(folder / f"{name}.toml", lambda path: path.write_text(manifest, "utf-8"))
    except OSError as error:
        if error.errno not in _FULL and not isinstance(error, FileExistsError | NotADirectoryError):
            raise
        raise StorageError(f"{folder}: the list cannot be written: {error.strerror}.") from None


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def quoted(text: str) -> str:
    """A TOML basic string."""
    escaped = "".join(
        f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 or c in '"\\' else c for c in text
    )
    return f'"{escaped}"'
