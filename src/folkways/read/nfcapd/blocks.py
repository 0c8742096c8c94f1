"""The blocks of an nfcapd file, decompressed, one at a time: memory holds one block."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from folkways.formats import nfcapd
from folkways.formats.nfcapd import layout1, layout2
from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.nfcapd.decompress import BlockError, decompress
from folkways.read.source import BROKEN_STREAM, Source

_CUT = "block cut by the end of the file"


@dataclass(frozen=True)
class FileHeader:
    """What the header of either layout says; ``blocks`` is None if it does not say how many."""

    layout: int
    compression: int
    blocks: int | None


@dataclass(frozen=True)
class Block:
    """A block of flow records: how many it claims, and its bytes."""

    claimed: int
    data: npt.NDArray[np.uint8]


def read_header(source: Source, stream: BinaryIO, tally: Tally) -> FileHeader:
    """The file's header, after which the blocks follow; its version is counted.

    Raises:
        FormatError: the header is cut, or of a layout that is not read, or encrypted.
    """
    raw = _take(stream, 4)
    layout = int.from_bytes(raw[2:], "little")
    if len(raw) == 4 and layout not in nfcapd.LAYOUTS:
        raise FormatError(
            f"{source.name} has nfcapd layout {layout}; 1 and 2 are read. "
            "Write it as layout 2 with the nfdump that made it."
        )
    dtype = layout1.FILE_HEADER if layout == 1 else layout2.FILE_HEADER
    raw += _take(stream, dtype.itemsize - 4)
    if len(raw) < dtype.itemsize:
        raise FormatError(f"{source.name} ends inside its nfcapd header; nothing can be read.")
    header = np.frombuffer(raw, dtype)[0]
    if layout == 1:
        flags = int(header["flags"])
        methods = [number for flag, number in layout1.COMPRESSION_FLAGS.items() if flags & flag]
        compression = methods[0] if methods else 0
        if flags & layout1.FILE_ANONYMISED:
            tally.note(f"{source.name} says that its addresses were anonymised.")
    else:
        compression = int(header["compression"])
        if header["encryption"]:
            raise FormatError(f"{source.name} is an encrypted nfcapd file; decrypt it first.")
    name = nfcapd.COMPRESSIONS.get(compression, "unknown compression")
    tally.versions[f"nfcapd layout {layout} ({name})"] += 1
    # A collector that died has not yet written how many blocks there are.
    return FileHeader(layout, compression, int(header["blocks"]) or None)


def read_blocks(stream: BinaryIO, header: FileHeader, tally: Tally) -> Iterator[Block]:
    """Yield the blocks of flows; what cannot be read is counted."""
    wanted = layout1.FLOW_BLOCK if header.layout == 1 else layout2.FLOW_BLOCK
    left = header.blocks
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
        if block["type"] != wanted:
            tally.skip("block that holds no flows")
            continue
        plain = bool(block["flags"] & nfcapd.BLOCK_PLAIN)
        name = "none" if plain else nfcapd.COMPRESSIONS.get(header.compression)
        if name is None:
            tally.skip("block compressed with an unknown method")
            continue
        try:
            found = decompress(content, name)
        except BlockError as error:
            tally.skip(str(error))
            continue
        yield Block(int(block["records"]), np.frombuffer(found, np.uint8))


def _take(stream: BinaryIO, size: int) -> bytes:
    try:
        return stream.read(size)
    except BROKEN_STREAM:
        return b""
