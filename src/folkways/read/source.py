"""A source of bytes: a file, a member of a directory, or standard input, decompressed on the way.

Compression is found by its magic bytes, never by the file's name. Nothing is ever spooled to disk,
and what is read is hashed as it passes: the digest is that of the bytes that the rows came from. A
file is opened once, and whatever is read of it more than once must be the same each time.
"""

import bz2
import gzip
import hashlib
import io
import lzma
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from folkways.model.errors import UserError
from folkways.read.file import File, View, changed
from folkways.read.passing import BROKEN_STREAM, CHUNK, HEAD_BYTES, Passing

__all__ = ["BROKEN_STREAM", "HEAD_BYTES", "Source", "find_sources"]

_SMALL = 256  # what a cut stream loses at its end
_RAW_BYTES = 1 << 17
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
)


@dataclass
class Source:
    """One thing to read. ``path`` is None for standard input.

    ``hashed``, to be set before it is read, says that whoever reads it will ask for its digest and
    whether it stayed as it was. It can be sent to another process, which then opens the file anew.
    """

    name: str
    path: Path | None
    stdin: BinaryIO | None = field(default=None, repr=False)
    hashed: bool = False

    def __post_init__(self) -> None:
        self._passed: list[Passing] = []
        self._by_others = self._by_path = False

    def __reduce__(self) -> tuple[type["Source"], tuple[str, Path | None, None, bool]]:
        return Source, (self.name, self.path, None, self.hashed)

    @cached_property
    def _file(self) -> File:
        return File(cast("Path", self.path), self.name)

    @cached_property
    def _raw_head(self) -> bytes:
        if self.path is None:
            return cast("io.BufferedReader", self.stdin).peek(HEAD_BYTES)[:HEAD_BYTES]
        return io.BufferedReader(View(self._file), HEAD_BYTES).read(HEAD_BYTES)

    @cached_property
    def compression(self) -> str | None:
        """gzip, zstd, bz2, xz, or None, by magic bytes."""
        return next((name for magic, name in _MAGIC if self._raw_head.startswith(magic)), None)

    @cached_property
    def head(self) -> bytes:
        """The first 64 KiB of the decompressed content, less if it is shorter or broken."""
        if self.path is None:
            compression = self.compression
            return _decompress_head(self._raw_head, compression) if compression else self._raw_head
        return self._start().take(HEAD_BYTES)

    @cached_property
    def size(self) -> int | None:
        """Bytes on disk as they lie there; None for standard input, and if nobody can say."""
        if "_file" in self.__dict__:
            return self._file.size
        try:
            return None if self.path is None else self.path.stat().st_size
        except OSError:
            return None

    def open(self) -> BinaryIO:
        """The decompressed content from its start. Standard input can be opened once.

        A cut or broken compressed stream raises one of BROKEN_STREAM while being read: readers use
        what came before and count the rest.
        """
        return cast("BinaryIO", io.BufferedReader(self._start(), CHUNK))

    def open_anywhere(self) -> BinaryIO:
        """The bytes as they lie on disk, to be read from any place; not of standard input."""
        self._leave_to_others()
        return cast("BinaryIO", io.BufferedReader(View(self._file), HEAD_BYTES))

    def path_for_others(self) -> str:
        """The path, for libraries that open files themselves; ``check`` asks where it led to."""
        self._leave_to_others()
        self._by_path = True
        return str(self.path)

    @property
    def digest(self) -> str:
        """SHA-256 of the decompressed content; of standard input only after it has been read.

        A broken compressed stream is hashed up to where it breaks. What a reader left is read here.
        """
        self.hashed = True
        hashed = (p for p in self._passed if p.hashed)
        furthest = max(hashed, key=lambda p: (p.ended, p.count), default=None)
        furthest = furthest or self._start()
        furthest.drain()
        return furthest.hash.hexdigest()

    @property
    def beginning(self) -> str:
        """SHA-256 of the first 64 KiB, which tells most contents apart without reading them.

        Of standard input only after it has been read.
        """
        if self.path is None:
            return self._passed[0].head_hash.hexdigest()
        return hashlib.sha256(self.head).hexdigest()

    def check(self) -> None:
        """Make sure that all that was hashed is of one content; to be asked when all is read.

        Raises:
            ChangedError: it is not, since the file was written to.
        """
        if self.path is None:
            return
        digest = self.digest
        if any(p.ended and p.hashed and p.hash.hexdigest() != digest for p in self._passed):
            raise changed(self.name)
        if self._by_others and not self._file.is_untouched(content_only=True):
            raise changed(self.name)
        if self._by_path and not self._file.is_at(self.path):
            raise changed(self.name)
        if not self._file.is_untouched():
            self._read_again()

    def close(self) -> None:
        """Let go of the file; what is known of its content stays known."""
        if self.path is None:
            return
        for passed in self._passed:
            passed.let_go()
        self._passed = [passed for passed in self._passed if passed.ended]
        self.__dict__.pop("_file", None)

    def _start(self) -> Passing:
        """A new pass over the content."""
        if self.path is None:
            if not self._passed:
                stream = _decompressed(cast("BinaryIO", self.stdin), self.compression)
                self._passed.append(Passing(stream, hashed=True))
            return self._passed[0]
        view: io.RawIOBase | BinaryIO = View(self._file)
        if self.compression is not None:
            raw = cast("BinaryIO", io.BufferedReader(cast("View", view), _RAW_BYTES))
            view = _decompressed(raw, self.compression)
        self._passed.append(Passing(view, hashed=self.hashed))
        return self._passed[-1]

    def _leave_to_others(self) -> None:
        # What they read does not pass here. Where a change might not be seen, the content before
        # and after is compared.
        if not self._by_others and not self._file.is_untouched():
            self._start().drain()
        self._by_others = True

    def _read_again(self) -> None:
        """Compare what is there now with all that was read of it."""
        seen = sorted((p for p in self._passed if p.hashed), key=lambda p: p.count)
        again = self._start()
        for passed in seen:
            again.drain(passed.count)
            if again.count != passed.count or again.hash.digest() != passed.hash.digest():
                raise changed(self.name)


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
            return cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", reader), CHUNK))
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


def as_text(path: str) -> str:
    """A path as text that can be stored and printed; its bytes need not be any."""
    return os.fsencode(path).decode("utf-8", "replace")


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
            yield from (Source(as_text(str(f)), f) for f in files)
        elif path.is_file():
            yield Source(as_text(name), path)
        elif path.exists():
            yield Source(as_text(name), None, path.open("rb"))
        else:
            raise UserError(f"{name} does not exist.")


def _visible_file(path: Path, below: Path) -> bool:
    return path.is_file() and not any(p.startswith(".") for p in path.relative_to(below).parts)
