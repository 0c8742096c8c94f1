"""A stream as chunks of text, blocks of whole lines, or lines: bounded memory, bad bytes counted.

All readers of text cut their streams here, so that a broken stream, an absurdly long line, bytes
that are no text and a byte order mark are met, and counted, in one way.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.batches import Tally
from folkways.read.source import BROKEN_STREAM

BLOCK_BYTES = 4 << 20
MAX_LINE_BYTES = 4 << 20
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Block:
    """Whole lines, each with its line end; the last block may be one line without.

    ``ended`` is false for such a line, and ``broken`` is true if the stream broke in it.
    """

    data: bytes
    ended: bool = True
    broken: bool = False


class Chunks:
    """Iterates over a stream once; ``broken`` says afterwards whether it broke before its end.

    Chunks are UTF-8: bytes that are none become the replacement character, and the lines that hold
    such bytes, or NUL, are counted. A byte order mark at the start is left out.
    """

    def __init__(self, stream: BinaryIO, tally: Tally, size: int = BLOCK_BYTES) -> None:
        # read1 hands over what is there, so that nothing is lost when the next read breaks.
        self._stream = cast("io.BufferedReader", stream)
        self._tally = tally
        self._size = size
        self.broken = False

    def __iter__(self) -> Iterator[bytes]:
        """Chunks of about ``size`` bytes; no character is cut by them."""
        rest = self._chunk().removeprefix(BOM)
        while rest:
            data, rest = rest, self._chunk()
            whole = _whole(data) if rest else len(data)
            yield self._valid(data[:whole])
            rest = data[whole:] + rest

    def _chunk(self) -> bytes:
        parts: list[bytes] = []
        found = 0
        while found < self._size and not self.broken:
            try:
                part = self._stream.read1(self._size)
            except BROKEN_STREAM:
                self.broken = True
                self._tally.flag("compressed stream broken off")
                self._tally.note("The stream breaks off before its end; what came before was used.")
                break
            if not part:
                break
            parts.append(part)
            found += len(part)
        return b"".join(parts)

    def _valid(self, data: bytes) -> bytes:
        if b"\0" in data:
            nuls = sum(b"\0" in line for line in data.split(b"\n"))
            self._tally.flag("line with NUL bytes", nuls)
        if data.isascii():
            return data
        try:
            data.decode()
        except UnicodeDecodeError:
            found = [line.decode("utf-8", "replace").encode() for line in data.split(b"\n")]
            bad = sum(new != old for new, old in zip(found, data.split(b"\n"), strict=True))
            self._tally.flag("line not UTF-8, bad bytes replaced", bad)
            return b"\n".join(found)
        return data


def _whole(data: bytes) -> int:
    """How many bytes come before a character of UTF-8 that the end cuts."""
    for back in range(1, min(4, len(data) + 1)):
        if data[-back] >= 0xC0:
            length = 2 + (data[-back] >= 0xE0) + (data[-back] >= 0xF0)
            return len(data) - back if length > back else len(data)
        if data[-back] < 0x80:
            break
    return len(data)


def blocks(stream: BinaryIO, tally: Tally, size: int = BLOCK_BYTES) -> Iterator[Block]:
    """Cut a stream at line ends into blocks of about ``size`` bytes."""
    return blocks_of(Chunks(stream, tally, size), tally)


def blocks_of(chunks: Chunks, tally: Tally) -> Iterator[Block]:
    """Cut chunks at line ends.

    A line longer than ``MAX_LINE_BYTES`` is no line of a log: it is counted and dropped, so that
    memory stays bounded whatever is read.
    """
    rest = b""
    overlong = False
    for chunk in chunks:
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            rest = b"" if overlong else rest + chunk
        else:
            start = chunk.find(b"\n") + 1 if overlong else 0
            overlong = False
            if rest or start < cut:
                yield Block(rest + chunk[start:cut])
            rest = chunk[cut:]
        if len(rest) > MAX_LINE_BYTES:
            tally.records += 1
            tally.skip("line too long")
            rest, overlong = b"", True
    if rest:
        yield Block(rest, ended=False, broken=chunks.broken)


def usable(found: Iterable[Block], tally: Tally) -> Iterator[bytes]:
    """The blocks' bytes, but a last line in which the stream broke, which is counted as cut."""
    for block in found:
        if block.broken:
            tally.records += 1
            tally.skip("cut line")
        else:
            yield block.data


def lines(chunks: Chunks, tally: Tally) -> Iterator[pa.Array]:
    """Text lines that are not blank, without white space at either end, some thousands at a time.

    A line longer than ``MAX_LINE_BYTES``, and the last line of a stream that broke, are counted and
    left out.
    """
    for data in usable(blocks_of(chunks, tally), tally):
        found = pc.split_pattern(pa.array([data], pa.large_string()), "\n").flatten()
        found = pc.utf8_trim_whitespace(found.cast(pa.string()))
        yield found.filter(pc.not_equal(found, ""))
