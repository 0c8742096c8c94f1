"""Bytes of a capture, as they come from a source: whole, or cut where compression breaks."""

import io
from dataclasses import dataclass
from typing import BinaryIO, cast

import numpy as np

from folkways.model.batches import Tally
from folkways.read.capture.frames import PADDING, Octets
from folkways.read.source import BROKEN_STREAM

CUT_RECORD = "cut record"
DAMAGED_RECORD = "damaged record"
CUT_STREAM = "cut compressed stream"


@dataclass
class ChunkStream:
    """Reads a stream a chunk at a time; what was not used yet stands before the next chunk."""

    stream: BinaryIO
    tally: Tally
    chunk_bytes: int
    content: bytes = b""
    ended: bool = False
    broken: bool = False
    _skip: int = 0

    def read_more(self, used: int) -> None:
        """Drop ``used`` bytes (they may lie beyond the content) and read one chunk more.

        A compressed stream that breaks is counted once and ends there.
        """
        rest = self.content[used:]
        self._skip += max(used - len(self.content), 0)
        while self._skip and not self.ended:
            self._skip -= len(self._read(min(self._skip, self.chunk_bytes)))
        # A record longer than a chunk doubles what is read, so that short chunks stay linear.
        self.content = rest + (b"" if self.ended else self._read(max(self.chunk_bytes, len(rest))))

    def _read(self, size: int) -> bytes:
        """So many bytes, or what is left; read1, unlike read, gives what came before a break."""
        pieces: list[bytes] = []
        stream = cast("io.BufferedReader", self.stream)
        try:
            while size and (piece := stream.read1(size)):
                pieces.append(piece)
                size -= len(piece)
        except BROKEN_STREAM:
            self.broken = True
        self.ended = size > 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def count_end(self, *, cut: bool) -> None:
        """Count what the end of the content means, once, after the last chunk."""
        if self.broken:
            count_bad(self.tally, CUT_STREAM)
            self.tally.note("The stream breaks off before its end; what came before was used.")
        elif cut or self._skip:
            count_bad(self.tally, CUT_RECORD)
            self.tally.note("The capture ends within a packet; what came before was used.")

    def octets(self) -> Octets:
        """The content, followed by padding (see ``frames``)."""
        return np.frombuffer(self.content + bytes(PADDING), np.uint8)


def count_bad(tally: Tally, cause: str, count: int = 1) -> None:
    """Count records that cannot be used: they are records all the same."""
    tally.records += count
    tally.skip(cause, count)
