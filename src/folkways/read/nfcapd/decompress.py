"""Blocks decompressed, each within bounds: a small file must not be able to fill the memory."""

import bz2

import lzallright
import numpy as np
import pyarrow as pa
import zstandard

from folkways.formats import nfcapd

# The head of an LZ4 frame (independent blocks of at most 4 MiB, no checksums): a frame around a
# bare block lets the decoder find how long the content is.
_LZ4_FRAME = bytes.fromhex("04224d18607073")
_MOST = nfcapd.MAX_BLOCK + 1
_DAMAGED = (OSError, EOFError, ValueError, zstandard.ZstdError, lzallright.LZOError)
_LZO_BOUND = 96 * 2**20


class BlockError(Exception):
    """A block that cannot be decompressed; the text says why, as a cause for the tally."""


def decompress(data: bytes, name: str) -> bytes:
    """The content of a block.

    Args:
        data: the block as it stands in the file.
        name: one of ``formats.nfcapd.COMPRESSIONS``.

    Raises:
        BlockError: damaged, or larger than ``MAX_BLOCK`` when decompressed.
    """
    try:
        found = _content(data, name)
    except _DAMAGED as error:
        raise BlockError("block whose compression is damaged") from error
    if len(found) > nfcapd.MAX_BLOCK:
        raise BlockError("block of an impossible size when decompressed")
    return found


def _content(data: bytes, name: str) -> bytes:
    match name:
        case "LZO":
            if _lzo_bound(data) > _LZO_BOUND:
                raise BlockError("block of an impossible size when decompressed")
            return lzallright.LZOCompressor.decompress(data, 2**20)
        case "bzip2":
            return bz2.BZ2Decompressor().decompress(data, _MOST)
        case "LZ4":
            frame = _LZ4_FRAME + len(data).to_bytes(4, "little") + data + bytes(4)
            # Arrow's stream loses memory where the data are damaged, and its other way does not
            # say how long the content is: so the one finds out, and the other reads.
            pa.decompress(frame, _MOST, codec="lz4")
            with pa.input_stream(pa.py_buffer(frame), compression="lz4") as stream:
                return bytes(stream.read(_MOST))
        case "zstd":
            with zstandard.ZstdDecompressor().stream_reader(data) as stream:
                return stream.read(_MOST)
        case _:
            return data


def _lzo_bound(data: bytes) -> int:
    """Octets beyond which LZO1X data cannot swell; its decoder knows no limit.

    A match makes at most 11 octets of each octet of its code, unless the code is one of three that
    are followed by a length: any zeros, 255 each, and one last octet. Literals stand there whole.
    """
    counts = np.bincount(np.frombuffer(data, np.uint8), minlength=256)
    extended = int(counts[0x10] + counts[0x18] + counts[0x20])
    return 12 * len(data) + 288 * extended + 255 * int(counts[0])
