"""A stream as blocks of whole lines, as lines, or as chunks: bounded memory, bad bytes counted.

All readers of text cut their streams here, so that a broken stream, an absurdly long line, bytes
that are no text and a byte order mark are met, and counted, in one way.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Generic, TypeVar, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.batches import Tally
from folkways.read.source import BROKEN_STREAM

BLOCK_BYTES = 4 << 20
MAX_LINE_BYTES = 4 << 20
BOM = b"\xef\xbb\xbf"
_LINE_BYTES = 1 << 16  # nearly all lines are shorter

Data = TypeVar("Data", bytes, memoryview)


@dataclass(frozen=True)
class Block(Generic[Data]):
    """Whole lines, each with its line end; the last block may be one line without.

    ``ended`` is false for such a line, and ``broken`` is true if the stream broke in it.
    """

    data: Data
    ended: bool = True
    broken: bool = False


class _Reading:
    """Reads a stream; ``broken`` says whether it broke before its end."""

    def __init__(self, stream: BinaryIO, tally: Tally) -> None:
        # readinto1 hands over what is there, so that nothing is lost when the next read breaks.
        self._stream = cast("io.BufferedReader", stream)
        self._tally = tally
        self.broken = False

    def fill(self, room: memoryview) -> int:
        """Read until the room is full, and say how much came; less is the end, or a break."""
        filled = 0
        while filled < len(room) and not self.broken:
            try:
                found = self._stream.readinto1(room[filled:])
            except BROKEN_STREAM:
                self.broken = True
                self._tally.flag("compressed stream broken off")
                self._tally.note("The stream breaks off before its end; what came before was used.")
                break
            if not found:
                break
            filled += found
        return filled


def views(stream: BinaryIO, tally: Tally, size: int = BLOCK_BYTES) -> Iterator[Block[memoryview]]:
    """Cut a stream at line ends into blocks of about ``size`` bytes, which are never copied.

    Blocks are UTF-8: bytes that are none become the replacement character, and the lines that hold
    such bytes, or NUL, are counted. A byte order mark at the start is left out. A line longer than
    ``MAX_LINE_BYTES`` is no line of a log: it is counted and dropped, so that memory stays bounded
    whatever is read.
    """
    reading = _Reading(stream, tally)
    rest = memoryview(b"")
    overlong, first = False, True
    while True:
        room = _room(len(rest) + size)
        room[: len(rest)] = rest
        data = room[: len(rest) + reading.fill(room[len(rest) :])]
        ended = len(data) < len(room)
        if first:
            data = data[len(BOM) :] if data[: len(BOM)] == BOM else data
            first = False
        cut = _line_end(data)
        if cut:
            start = bytes(data[:cut]).find(b"\n") + 1 if overlong else 0
            overlong = False
            if start < cut:
                yield Block(_valid(data[start:cut], tally))
        rest = data[len(data) if overlong else cut :]
        if len(rest) > MAX_LINE_BYTES:
            tally.records += 1
            tally.skip("line too long")
            rest, overlong = rest[:0], True
        if ended:
            break
    if rest:
        yield Block(_valid(rest, tally), ended=False, broken=reading.broken)


def blocks(stream: BinaryIO, tally: Tally, size: int = BLOCK_BYTES) -> Iterator[Block[bytes]]:
    """The same as ``views``, for what is taken apart as bytes."""
    return as_bytes(views(stream, tally, size))


def as_bytes(found: Iterable[Block[memoryview]]) -> Iterator[Block[bytes]]:
    """The blocks, copied."""
    return (Block(bytes(view.data), view.ended, view.broken) for view in found)


def _room(size: int) -> memoryview:
    return np.empty(size, np.uint8).data  # not cleared, as a bytearray would be


def _line_end(data: memoryview) -> int:
    """Where the last line end in it ends; 0 if there is none."""
    start = max(0, len(data) - _LINE_BYTES)
    found = bytes(data[start:]).rfind(b"\n") + 1
    return start + found if found else bytes(data[:start]).rfind(b"\n") + 1


def _valid(data: memoryview, tally: Tally) -> memoryview:
    # As signed numbers, NUL is 0 and what is not ASCII is below: one look for both.
    if np.frombuffer(data, np.int8).min() > 0:
        return data
    text = bytes(data)
    if b"\0" in text:
        tally.flag("line with NUL bytes", sum(b"\0" in line for line in text.split(b"\n")))
    try:
        text.decode()
    except UnicodeDecodeError:
        lines = text.split(b"\n")
        found = [line.decode("utf-8", "replace").encode() for line in lines]
        bad = sum(new != old for new, old in zip(found, lines, strict=True))
        tally.flag("line not UTF-8, bad bytes replaced", bad)
        return memoryview(b"\n".join(found))
    return data


class Chunks:
    """Iterates over a stream once, for what has no lines; ``broken`` says if it broke off.

    Chunks are UTF-8, as blocks are; no character is cut by them.
    """

    def __init__(self, stream: BinaryIO, tally: Tally, size: int = BLOCK_BYTES) -> None:
        self._reading = _Reading(stream, tally)
        self._tally = tally
        self._size = size

    @property
    def broken(self) -> bool:
        """Whether the stream broke before its end."""
        return self._reading.broken

    def __iter__(self) -> Iterator[bytes]:
        """Chunks of about ``size`` bytes."""
        rest = self._chunk().removeprefix(BOM)
        while rest:
            data, rest = rest, self._chunk()
            whole = _whole(data) if rest else len(data)
            yield bytes(_valid(memoryview(data[:whole]), self._tally))
            rest = data[whole:] + rest

    def _chunk(self) -> bytes:
        room = _room(self._size)
        return bytes(room[: self._reading.fill(room)])


def _whole(data: bytes) -> int:
    """How many bytes come before a character of UTF-8 that the end cuts."""
    for back in range(1, min(4, len(data) + 1)):
        if data[-back] >= 0xC0:
            length = 2 + (data[-back] >= 0xE0) + (data[-back] >= 0xF0)
            return len(data) - back if length > back else len(data)
        if data[-back] < 0x80:
            break
    return len(data)


def usable(found: Iterable[Block[Data]], tally: Tally) -> Iterator[Data]:
    """The blocks' bytes, but a last line in which the stream broke, which is counted as cut."""
    for block in found:
        if block.broken:
            tally.records += 1
            tally.skip("cut line")
        else:
            yield block.data


def lines(stream: BinaryIO, tally: Tally, size: int = BLOCK_BYTES) -> Iterator[pa.Array]:
    """Text lines that are not blank, without white space at either end, some thousands at a time.

    A line longer than ``MAX_LINE_BYTES``, and the last line of a stream that broke, are counted and
    left out.
    """
    for data in usable(blocks(stream, tally, size), tally):
        found = pc.split_pattern(pa.array([data], pa.large_string()), "\n").flatten()
        found = pc.utf8_trim_whitespace(found.cast(pa.string()))
        yield found.filter(pc.not_equal(found, ""))
