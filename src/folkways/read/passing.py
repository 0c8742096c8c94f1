"""Content that is hashed as it passes by."""

import hashlib
import io
import lzma
import zlib
from typing import BinaryIO, cast

import zstandard

HEAD_BYTES = 65_536
CHUNK = 1 << 20

BROKEN_STREAM = (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError)
"""What reading a cut or broken compressed stream can raise."""


class Passing(io.RawIOBase):
    """A stream from its start, hashed as it is read, up to its end or where it breaks.

    With ``hashed`` false it only passes. It can be read on after it was closed, so that the digest
    of the whole content is known although a reader stopped early.
    """

    def __init__(self, stream: io.RawIOBase | BinaryIO, *, hashed: bool) -> None:
        self.hashed = hashed
        self._stream: io.RawIOBase | BinaryIO | None = stream
        self._broken: BaseException | None = None
        self.hash = hashlib.sha256()
        self.head_hash = hashlib.sha256()
        """The hash of the first 64 KiB."""
        self.count = 0
        """Octets that have passed."""
        self.ended = False
        """Whether all has passed that can be read."""

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read at most as much as the buffer holds; 0 at the end."""
        if self._broken is not None:
            raise self._broken
        room = memoryview(buffer)[:CHUNK]  # it may be bytes that a part would be a copy of
        try:
            found = self._read(room)
        except BROKEN_STREAM as error:
            self._broken, self.ended = error, True
            raise
        if self.hashed:
            if self.count < HEAD_BYTES:
                self.head_hash.update(room[: min(found, HEAD_BYTES - self.count)])
            self.hash.update(room[:found])
        self.count += found
        self.ended = not found
        return found

    def _read(self, room: memoryview) -> int:
        stream = self._stream
        if isinstance(stream, io.RawIOBase):
            return stream.readinto(room) or 0
        # Unlike read, read1 hands over what could be decompressed before a stream broke.
        data = cast("io.BufferedReader", stream).read1(len(room))
        room[: len(data)] = data
        return len(data)

    def take(self, count: int) -> bytes:
        """The next octets, so many unless it ends or breaks before."""
        found = bytearray()
        room = memoryview(bytearray(min(count, CHUNK)))
        try:
            while len(found) < count and (got := self.readinto(room[: count - len(found)])):
                found += room[:got]
        except BROKEN_STREAM:
            # The reader will come to it and count it.
            return bytes(found)
        return bytes(found)

    def drain(self, until: int | None = None) -> None:
        """Read on to the end, or until so many octets have passed; what comes is only hashed."""
        room = memoryview(bytearray(0 if self.ended else CHUNK))
        while not self.ended and (until is None or self.count < until):
            left = len(room) if until is None else min(len(room), until - self.count)
            try:
                self.readinto(room[:left])
            except BROKEN_STREAM:
                # The reader counts the cut; the digest of what could be read names the content.
                return

    def let_go(self) -> None:
        """Close the stream below; nothing can be read any more."""
        if self._stream is not None:
            self._stream.close()
        self._stream = None
