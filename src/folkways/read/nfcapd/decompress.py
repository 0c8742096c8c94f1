"""Blocks decompressed, each within bounds: a small file must not be able to fill the memory."""

import bz2

import lzallright
import numpy as np
import pyarrow as pa
import zstandard

from folkways.formats import nfcapd
from folkways.read.nfcapd.walk import Octets

# The heads of LZ4 frames (independent blocks of at most 1 or 4 MiB, no checksums): a frame around
# a bare block lets the decoder find how long the content is.
_LZ4_FRAME, _LZ4_LARGE_FRAME = bytes.fromhex("04224d18606051"), bytes.fromhex("04224d18607073")
MOST = nfcapd.MAX_BLOCK + 1
"""Octets that are decompressed at most, so that a block that is too large is known."""
_DAMAGED = (OSError, EOFError, ValueError, zstandard.ZstdError, lzallright.LZOError)
_LZO_BOUND = 96 * 2**20
_IMPOSSIBLE = "block of an impossible size when decompressed"


class BlockError(Exception):
    """A block that cannot be decompressed; the text says why, as a cause for the tally."""


def decompress(data: memoryview, name: str, into: Octets) -> int:
    """The content of a block, and how many octets it has.

    Args:
        data: the block as it stands in the file.
        name: one of ``formats.nfcapd.COMPRESSIONS``.
        into: where to put the content, ``MOST`` octets; the block may lie there as well.

    Raises:
        BlockError: damaged, or larger than ``MAX_BLOCK`` when decompressed.
    """
    try:
        size = _put_lz4(data, into) if name == "LZ4" else _put(_content(data, name), into)
    except _DAMAGED as error:
        raise BlockError("block whose compression is damaged") from error
    if size > nfcapd.MAX_BLOCK:
        raise BlockError(_IMPOSSIBLE)
    return size


def _put(content: bytes, into: Octets) -> int:
    size = min(len(content), MOST)
    into[:size] = np.frombuffer(content, np.uint8, size)
    return size


def _put_lz4(data: memoryview, into: Octets) -> int:
    size = len(data).to_bytes(4, "little")
    try:
        return _put_frame(b"".join((_LZ4_FRAME, size, data, bytes(4))), into)
    except OSError:
        # Rare, and slower: the decoder gets fresh memory for each block of this kind.
        return _put_frame(b"".join((_LZ4_LARGE_FRAME, size, data, bytes(4))), into)


def _put_frame(frame: bytes, into: Octets) -> int:
    # ``readinto``, since ``read`` loses its memory where the data are damaged.
    with pa.input_stream(pa.py_buffer(frame), compression="lz4") as stream:
        return int(stream.readinto(into))


def _content(data: memoryview, name: str) -> bytes:
    match name:
        case "LZO":
            if _lzo_bound(data) > _LZO_BOUND:
                raise BlockError(_IMPOSSIBLE)
            return lzallright.LZOCompressor.decompress(data, 2**20)
        case "bzip2":
            return bz2.BZ2Decompressor().decompress(data, MOST)
        case "zstd":
            with zstandard.ZstdDecompressor().stream_reader(data) as stream:
                return stream.read(MOST)
        case _:
            return bytes(data)


def _lzo_bound(data: memoryview) -> int:
    """Octets beyond which LZO1X data cannot swell; its decoder knows no limit.

    A match makes at most 11 octets of each octet of its code, unless the code is one of three that
    are followed by a length: any zeros, 255 each, and one last octet. Literals stand there whole.
    """
    codes = np.frombuffer(data, np.uint8)
    zeros, *extended = (int(np.count_nonzero(codes == code)) for code in (0, 0x10, 0x18, 0x20))
    return 12 * len(data) + 288 * sum(extended) + 255 * zeros
