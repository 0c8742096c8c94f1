"""A stream as blocks of whole lines: bounded memory, a cut end and a broken stream told apart."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from folkways.model.batches import Tally
from folkways.read.source import BROKEN_STREAM

BLOCK_BYTES = 4 << 20
MAX_LINE_BYTES = 4 << 20


@dataclass(frozen=True)
class Block:
    """Whole lines, each with its line end; the last block may be one line without (``ended``)."""

    data: bytes
    ended: bool = True


def blocks(stream: BinaryIO, tally: Tally, size: int = BLOCK_BYTES) -> Iterator[Block]:
    """Cut a stream at line ends into blocks of about ``size`` bytes.

    A line longer than ``MAX_LINE_BYTES`` is no line of a log: it is counted and dropped, so that
    memory stays bounded whatever is read.
    """
    rest = b""
    overlong = False
    for chunk in _chunks(stream, tally, size):
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
        yield Block(rest, ended=False)


def _chunks(stream: BinaryIO, tally: Tally, size: int) -> Iterator[bytes]:
    """Chunks of at least ``size`` bytes but the last; what came before a break is kept."""
    # read1 hands over what is there, so that nothing is lost when the next read breaks.
    reader = cast("io.BufferedReader", stream)
    ended = False
    while not ended:
        parts: list[bytes] = []
        found = 0
        while found < size:
            try:
                part = reader.read1(size)
            except BROKEN_STREAM:
                tally.flag("compressed stream broken off")
                tally.note("The stream breaks off before its end; what came before was used.")
                part = b""
            if not part:
                ended = True
                break
            parts.append(part)
            found += len(part)
        if parts:
            yield b"".join(parts)
