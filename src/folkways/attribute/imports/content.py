"""The bytes of a published list: decompressed by their magic, never more than a stated bound.

Compression can make gigabytes of a small file; a list that grows so far is refused, not read.
"""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import zstandard

from folkways.attribute.fields import CatalogueError

LIMIT = 1 << 30
"""Bytes of a list that is read as a whole, decompressed."""

TEXT_LIMIT = 1 << 29
"""The same of a list in lines; columns of text cannot hold much more."""

BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError)
"""What a cut or damaged compressed stream can raise."""

_SMALL = 4 << 20
_CHUNK = 1 << 20
_MOST_ENDS = 16
_SHORTEST = 8  # "1.1.1.1" and the end of its line
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)


class Stream(Protocol):
    """The part of a file that readers use."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes, none at the end."""


class _Bounded:
    """A stream that refuses to give more than a bound, or to be read on and on after its end.

    Python's tarfile would pass over an entry of absurd size so, a block at a time.
    """

    def __init__(self, path: Path, stream: BinaryIO, bound: int) -> None:
        self._path, self._stream = path, stream
        self._bound = self._left = bound
        self._ended = 0

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        self._ended = 0 if data else self._ended + 1
        if self._left < 0:
            raise CatalogueError(
                f"{self._path} holds more than {self._bound >> 20:,} MiB, beyond all bounds for "
                "its size; if it is a list all the same, decompress it or cut it into parts."
            )
        if self._ended > _MOST_ENDS:
            raise EOFError("it ends before what its headers promise")
        return data


@contextmanager
def opened(path: Path, *, growth: int = 12, limit: int = LIMIT) -> Iterator[Stream]:
    """The decompressed content (gzip, bz2, xz, zstd) as a stream.

    Args:
        path: the file.
        growth: the most that compressed content may grow by, beyond its first 4 MiB.
        limit: the most bytes whatever the growth.

    Raises:
        CatalogueError: the file cannot be opened, or (when read) grows beyond its bounds.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(6)
            file.seek(0)
            bound = min(limit, _SMALL + growth * path.stat().st_size)
            with _decompressed(file, magic) as stream:
                yield _Bounded(path, stream, bound)
    except FileNotFoundError:
        raise CatalogueError(f"{path} does not exist.") from None
    except (IsADirectoryError, PermissionError) as error:
        raise CatalogueError(f"{path} cannot be read: {error.strerror}.") from None


def _compression(magic: bytes) -> str | None:
    return next((name for start, name in _MAGIC if magic.startswith(start)), None)


def _decompressed(file: BinaryIO, magic: bytes) -> BinaryIO:
    match _compression(magic):
        case "gzip":
            return cast("BinaryIO", gzip.GzipFile(fileobj=file))
        case "bzip2":
            return cast("BinaryIO", bz2.BZ2File(file))
        case "xz":
            return cast("BinaryIO", lzma.LZMAFile(file))
        case "zstd":
            reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
            return cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", reader)))
        case _:
            return file


def read_content(path: Path, limit: int = LIMIT) -> bytes:
    """The whole decompressed content.

    Raises:
        CatalogueError: the file cannot be read, is damaged, or larger than the limit.
    """
    chunks = []
    with opened(path, limit=limit) as stream:
        try:
            while chunk := stream.read(_CHUNK):
                chunks.append(chunk)
        except BROKEN as error:
            raise damaged(path, error) from None
    return b"".join(chunks)


def read_text(path: Path) -> bytes:
    """The content of a list in lines.

    Raises:
        CatalogueError: as ``read_content``; or its lines are too short to hold an address, as in
            a file made to cost memory.
    """
    content = read_content(path, TEXT_LIMIT)
    if content.count(b"\n") * _SHORTEST > len(content) + _CHUNK:
        raise CatalogueError(f"{path} has lines, but hardly anything on them.")
    return content


def read_head(path: Path, size: int = 1 << 16) -> bytes:
    """The first bytes of the decompressed content; of a damaged file those that can be had.

    Raises:
        CatalogueError: the file cannot be opened.
    """
    head = b""
    with opened(path) as stream:
        try:
            while len(head) < size and (chunk := stream.read(1 << 12)):
                head += chunk
        except BROKEN:
            # Whoever reads the whole file will say so; what came before tells what it is.
            return head
    return head


def damaged(path: Path, error: Exception) -> CatalogueError:
    """The error for a compressed file that ends early or does not decompress."""
    with path.open("rb") as file:
        kind = _compression(file.read(6)) or "unreadable"
    return CatalogueError(f"{path} is a damaged {kind} file: {error}.")
