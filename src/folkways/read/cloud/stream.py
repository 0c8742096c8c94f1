"""A source as chunks of valid UTF-8, and as lines: bounded memory, a broken end counted."""

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.batches import Tally
from folkways.read.source import BROKEN_STREAM

CHUNK_BYTES = 4 << 20
MAX_LINE_BYTES = 4 << 20
_BOM = b"\xef\xbb\xbf"


class Chunks:
    """Iterates over a stream once; ``broken`` says afterwards whether it broke before its end.

    Bytes that are no UTF-8 become the replacement character, which is said; a byte order mark at
    the start is left out.
    """

    def __init__(self, stream: BinaryIO, tally: Tally, size: int = CHUNK_BYTES) -> None:
        # read1 hands over what is there, so that nothing is lost when the next read breaks.
        self._stream = cast("io.BufferedReader", stream)
        self._tally = tally
        self._size = size
        self.broken = False

    def __iter__(self) -> Iterator[bytes]:
        """Chunks of about ``size`` bytes; a character may be cut by none of them."""
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        first = True
        while data := self._chunk():
            data = data.removeprefix(_BOM) if first else data
            first = False
            yield self._valid(decode(data))
        if rest := decode(b"", final=True):
            yield self._valid(rest)

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

    def _valid(self, text: str) -> bytes:
        if "\ufffd" in text:
            self._tally.note("Some bytes are not UTF-8 text; they were replaced.")
        return text.encode()


def lines(chunks: Chunks, tally: Tally) -> Iterator[pa.Array]:
    """Text lines that are not blank, without white space at either end, some thousands at a time.

    A line longer than ``MAX_LINE_BYTES`` is no line of a log, and the last line of a stream that
    broke is cut: both are counted and left out.
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
            yield _split(rest + chunk[start:cut])
            rest = chunk[cut:]
        if len(rest) > MAX_LINE_BYTES:
            tally.records += 1
            tally.skip("line too long")
            rest, overlong = b"", True
    if rest and chunks.broken:
        tally.records += 1
        tally.skip("cut line")
    elif rest:
        yield _split(rest)


def _split(block: bytes) -> pa.Array:
    found = pc.split_pattern(pa.array([block], pa.large_string()), "\n").flatten()
    found = pc.utf8_trim_whitespace(found.cast(pa.string()))
    return found.filter(pc.not_equal(found, ""))
