"""The records of a SiLK file as pieces of bytes, decompressed; memory holds a few blocks."""

import zlib
from collections.abc import Iterator
from itertools import chain

import lzallright
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from folkways.formats import silk
from folkways.model.batches import Tally
from folkways.read.silk.header import Header
from folkways.read.silk.octets import Octets

ROWS = 1 << 16
"""Records that are unpacked at once."""


def read_records(octets: Octets, header: Header, tally: Tally) -> Iterator[npt.NDArray[np.void]]:
    """Yield (n,) records of ``header.dtype``, at least ``ROWS`` at once but for the last.

    Where a block is damaged, the record that it cuts is counted, and the next block begins with a
    record: SiLK writes no record across blocks.
    """
    size = header.dtype.itemsize
    pieces = _plain(octets) if header.compression == "none" else _blocks(octets, header, tally)
    waiting: list[bytes] = []
    held = 0
    for piece in chain(pieces, (None,)):
        if piece is not None:
            waiting.append(piece)
            held += len(piece)
            if held < ROWS * size:
                continue
        joined, rest = b"".join(waiting), held % size
        if held > rest:
            yield np.frombuffer(joined, header.dtype, held // size)
        waiting, held = [joined[held - rest :]], rest
        if piece is None:
            tally.skip("cut record", bool(rest))
            waiting, held = [], 0


def _plain(octets: Octets) -> Iterator[bytes | None]:
    while piece := octets.take(silk.MAX_BLOCK):
        yield piece


def _blocks(octets: Octets, header: Header, tally: Tally) -> Iterator[bytes | None]:
    """Yield the content of each block; None for one that is damaged."""
    while head := octets.take(silk.BLOCK.itemsize):
        if len(head) < silk.BLOCK.itemsize:
            tally.skip("block cut by the end of the file")
            return
        size, plain = (int(number) for number in np.frombuffer(head, silk.BLOCK)[0])
        if size == 0:
            return
        if max(size, plain) > silk.MAX_BLOCK:
            tally.skip("block of an impossible size; the rest of the file is not read")
            return
        data = octets.take(size)
        if len(data) < size:
            tally.skip("block cut by the end of the file")
            return
        content = _decompress(data, plain, header.compression)
        if content is None:
            tally.skip("block whose compression is damaged")
        yield content


def _decompress(data: bytes, size: int, method: str) -> bytes | None:
    """The content, of exactly ``size`` bytes; None if it is damaged."""
    try:
        match method:
            case "zlib":
                found = zlib.decompressobj().decompress(data, size + 1)
            case "lzo1x":
                # A zero byte can stand for 255 bytes, all others for few: no honest block of at
                # most 1 MiB has so many zeros, and the decoder would unpack them without a bound.
                if data.count(0) > silk.MAX_BLOCK // 4:
                    return None
                found = lzallright.LZOCompressor.decompress(data, size)
            case _:
                # Arrow hands over the room that was asked for, filled or not.
                if _snappy_length(data) != size:
                    return None
                found = pa.decompress(data, size, codec="snappy", asbytes=True)
    except (zlib.error, lzallright.LZOError, lzallright.InputNotConsumed, ValueError, OSError):
        return None
    return found if len(found) == size else None


def _snappy_length(data: bytes) -> int | None:
    """How long the content is: 7 bits an octet, low ones first (Snappy format description, 1)."""
    length = 0
    for place, octet in enumerate(data[:5]):
        length |= (octet & 0x7F) << 7 * place
        if octet < 0x80:
            return length
    return None
