"""The blocks of an nfcapd file, decompressed, one at a time: memory holds one block."""

import bz2
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import zstandard

from folkways.formats import nfcapd
from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.source import BROKEN_STREAM, Source

# The head of an LZ4 frame (independent blocks of at most 4 MiB, no checksums): a frame around a
# bare block lets the decoder find how long the content is.
_LZ4_FRAME = bytes.fromhex("04224d18607073")
_CUT = "block cut by the end of the file"


def read_blocks(source: Source, tally: Tally) -> Iterator[tuple[int, bytes]]:
    """Yield (records the block claims, content) of each block of flows.

    Raises:
        FormatError: the header is cut, or of a layout that is not read, or encrypted.
    """
    with source.open() as stream:
        header = _file_header(source, stream)
        # A collector that died has not yet written how many blocks there are.
        left = int(header["blocks"]) or None
        while left is None or left > 0:
            raw = _take(stream, nfcapd.BLOCK_HEADER.itemsize)
            if len(raw) < nfcapd.BLOCK_HEADER.itemsize:
                tally.skip(_CUT, 1 if raw or left else 0)
                return
            block = np.frombuffer(raw, nfcapd.BLOCK_HEADER)[0]
            if block["size"] > nfcapd.MAX_BLOCK:
                tally.skip("block of an impossible size; the rest of the file is not read")
                return
            content = _take(stream, int(block["size"]))
            if len(content) < block["size"]:
                tally.skip(_CUT)
                return
            left = left and left - 1
            if block["type"] != nfcapd.FLOW_BLOCK:
                tally.skip("block that holds no flows")
                continue
            plain = bool(block["flags"] & nfcapd.BLOCK_PLAIN)
            found = _content(content, 0 if plain else int(header["compression"]), tally)
            if found is not None:
                yield int(block["records"]), found


def _file_header(source: Source, stream: BinaryIO) -> np.void:
    raw = _take(stream, nfcapd.FILE_HEADER.itemsize)
    layout = int.from_bytes(raw[2:4], "little")
    if len(raw) >= 4 and layout != nfcapd.LAYOUT:
        raise FormatError(
            f"{source.name} has nfcapd layout {layout}, of which only {nfcapd.LAYOUT} is read; "
            "convert it with nfdump 1.7: nfdump -r OLD -w NEW."
        )
    if len(raw) < nfcapd.FILE_HEADER.itemsize:
        raise FormatError(f"{source.name} ends inside its nfcapd header; nothing can be read.")
    header: np.void = np.frombuffer(raw, nfcapd.FILE_HEADER)[0]
    if header["encryption"]:
        raise FormatError(f"{source.name} is an encrypted nfcapd file; decrypt it first.")
    return header


def _take(stream: BinaryIO, size: int) -> bytes:
    try:
        return stream.read(size)
    except BROKEN_STREAM:
        return b""


def _content(data: bytes, compression: int, tally: Tally) -> bytes | None:
    name = nfcapd.COMPRESSIONS.get(compression)
    if name is None or name == "LZO":
        tally.skip(f"block compressed with {name or 'an unknown method'}, not read")
        tally.note(
            "Some blocks are compressed in a way not read; nfdump -r FILE -w NEW writes them plain."
        )
        return None
    try:
        found = _decompress(data, name)
    except (OSError, EOFError, ValueError, zstandard.ZstdError):
        tally.skip("block whose compression is damaged")
        return None
    if len(found) > nfcapd.MAX_BLOCK:
        tally.skip("block of an impossible size when decompressed")
        return None
    return found


def _decompress(data: bytes, name: str) -> bytes:
    most = nfcapd.MAX_BLOCK + 1
    match name:
        case "bzip2":
            return bz2.BZ2Decompressor().decompress(data, most)
        case "LZ4":
            frame = _LZ4_FRAME + len(data).to_bytes(4, "little") + data + bytes(4)
            with pa.input_stream(pa.py_buffer(frame), compression="lz4") as stream:
                return bytes(stream.read(most))
        case "zstd":
            with zstandard.ZstdDecompressor().stream_reader(data) as stream:
                return stream.read(most)
        case _:
            return data
