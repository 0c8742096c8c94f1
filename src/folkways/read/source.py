"""A source of bytes: a file, a member of a directory, or standard input, decompressed on the way.

Compression is found by its magic bytes, never by the file's name. Nothing is ever spooled to disk:
what comes from standard input is read once, and hashed as it passes.
"""

import bz2
import gzip
import hashlib
import io
import lzma
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import zstandard

from folkways.model.errors import UserError

HEAD_BYTES = 65_536
_CHUNK = 1 << 20
_SMALL = 256  # what a cut stream loses at its end
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
)

BROKEN_STREAM = (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError)
"""What reading a cut or broken compressed stream can raise."""


class Digest(Protocol):
    """The part of hashlib's objects that is used here."""

    def update(self, data: bytes, /) -> None:
        """Take more content."""

    def hexdigest(self) -> str:
        """The digest so far."""


class Hashing(io.RawIOBase):
    """A stream that hashes what is read from it; only standard input needs it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.hash: Digest = hashlib.sha256()

    def readable(self) -> bool:
        """Always."""
        return not self.closed

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read at most as much as the buffer holds; 0 at the end."""
        data = self._stream.read(len(buffer))
        self.hash.update(data)
        buffer[: len(data)] = data
        return len(data)


@dataclass
class Source:
    """One thing to read. ``path`` is None for standard input."""

    name: str
    path: Path | None
    stdin: BinaryIO | None = field(default=None, repr=False)

    @cached_property
    def _raw_head(self) -> bytes:
        if self.path is None:
            return cast("io.BufferedReader", self.stdin).peek(HEAD_BYTES)[:HEAD_BYTES]
        with self.path.open("rb") as stream:
            return stream.read(HEAD_BYTES)

    @cached_property
    def compression(self) -> str | None:
        """gzip, zstd, bz2, xz, or None, by magic bytes."""
        return next((name for magic, name in _MAGIC if self._raw_head.startswith(magic)), None)

    @cached_property
    def head(self) -> bytes:
        """The first 64 KiB of the decompressed content, less if it is shorter or broken."""
        if self.compression is None:
            return self._raw_head
        if self.path is None:
            return _decompress_head(self._raw_head, self.compression)
        try:
            with self.open() as stream:
                return stream.read(HEAD_BYTES)
        except BROKEN_STREAM:
            return _decompress_head(self._raw_head, self.compression)

    @cached_property
    def size(self) -> int | None:
        """Bytes on disk as they lie there; None for standard input."""
        return None if self.path is None else self.path.stat().st_size

    def open(self) -> BinaryIO:
        """The decompressed content from its start. Standard input can be opened once.

        A cut or broken compressed stream raises one of BROKEN_STREAM while being read: readers use
        what came before and count the rest.
        """
        if self.path is None:
            return cast("BinaryIO", io.BufferedReader(self._hashing, _CHUNK))
        # Opened by path, so that closing the stream closes the file below it as well.
        match self.compression:
            case "gzip":
                return cast("BinaryIO", gzip.open(self.path))
            case "bz2":
                return cast("BinaryIO", bz2.open(self.path))
            case "xz":
                return cast("BinaryIO", lzma.open(self.path))
            case compression:
                return _decompressed(self.path.open("rb"), compression)

    @cached_property
    def _hashing(self) -> Hashing:
        return Hashing(_decompressed(cast("BinaryIO", self.stdin), self.compression))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the decompressed content; of standard input only after it has been read.

        A broken compressed stream is hashed up to where it breaks.
        """
        if self.path is None:
            _drain(cast("BinaryIO", self._hashing))
            return self._hashing.hash.hexdigest()
        found = hashlib.sha256()
        with self.open() as stream:
            _drain(stream, found)
        return found.hexdigest()


def _drain(stream: BinaryIO, digest: Digest | None = None) -> None:
    try:
        while chunk := stream.read(_CHUNK):
            if digest is not None:
                digest.update(chunk)
    except BROKEN_STREAM:
        # The reader counts the cut; the digest of what could be read still names the content.
        return


def _decompressed(stream: BinaryIO, compression: str | None) -> BinaryIO:
    match compression:
        case "gzip":
            return cast("BinaryIO", gzip.GzipFile(fileobj=stream))
        case "bz2":
            return cast("BinaryIO", bz2.BZ2File(stream))
        case "xz":
            return cast("BinaryIO", lzma.LZMAFile(stream))
        case "zstd":
            reader = zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True)
            return cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", reader), _CHUNK))
        case _:
            return stream


def _decompress_head(raw: bytes, compression: str) -> bytes:
    stream = _decompressed(cast("BinaryIO", io.BytesIO(raw)), compression)
    found = b""
    try:
        while len(found) < HEAD_BYTES and (chunk := stream.read(_SMALL)):
            found += chunk
    except BROKEN_STREAM:
        # The head is cut on purpose here, so the stream ends early.
        return found
    return found


def find_sources(names: Iterable[str], stdin: BinaryIO | None = None) -> Iterator[Source]:
    """Files, every file below directories (sorted by path; hidden ones left out), and ``-``.

    Raises:
        UserError: a path does not exist, cannot be read, or is an empty directory.
    """
    for name in names:
        if name == "-":
            yield Source("standard input", None, stdin or sys.stdin.buffer)
            continue
        path = Path(name)
        if path.is_dir():
            files = [f for f in sorted(path.rglob("*")) if _visible_file(f, path)]
            if not files:
                raise UserError(f"{name} is a directory without files; nothing to read.")
            yield from (Source(str(f), f) for f in files)
        elif path.is_file():
            yield Source(name, path)
        elif path.exists():
            yield Source(name, None, path.open("rb"))
        else:
            raise UserError(f"{name} does not exist.")


def _visible_file(path: Path, below: Path) -> bool:
    return path.is_file() and not any(p.startswith(".") for p in path.relative_to(below).parts)
