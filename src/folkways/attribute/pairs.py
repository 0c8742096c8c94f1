"""A Parquet file and its manifest in TOML, each written whole or not at all, the manifest last."""

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from folkways.attribute.fields import CatalogueError
from folkways.model.addresses import addresses_to_numpy
from folkways.model.columns import ADDRESS
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


def read_pair(folder: Path, name: str, digest: str, fits: Callable[[pa.Schema], bool]) -> pa.Table:
    """The table of a pair, whose manifest names the digest.

    Raises:
        CatalogueError: the file is missing, damaged, or not the one that was imported.
    """
    path = folder / f"{name}.parquet"
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise CatalogueError(
            f"{path} cannot be read ({str(error).splitlines()[0]}); import the list again."
        ) from None
    if not fits(table.schema) or content_digest(table) != digest:
        raise CatalogueError(f"{path} is not what {name}.toml describes; import the list again.")
    return table.combine_chunks()


def content_digest(table: pa.Table) -> str:
    """SHA-256 over the values of all columns in order, whatever chunks they lie in."""
    digest = hashlib.sha256()
    for column in table.combine_chunks().columns:
        array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        digest.update(array.is_valid().to_numpy(zero_copy_only=False).tobytes())
        if array.type == ADDRESS:
            digest.update(addresses_to_numpy(array)[0].tobytes())
            continue
        if pa.types.is_date(array.type):
            digest.update(pc.cast(array, pa.int32()).fill_null(0).to_numpy().astype("<i4"))
            continue
        lengths = pc.binary_length(array).fill_null(0)
        digest.update(lengths.to_numpy(zero_copy_only=False).astype("<i4").tobytes())
        digest.update(pc.binary_join(_one_list(array.fill_null("")), "")[0].as_buffer())
    return digest.hexdigest()


def _one_list(array: pa.Array) -> pa.Array:
    return pa.LargeListArray.from_arrays(pa.array([0, len(array)], pa.int64()), array)


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
