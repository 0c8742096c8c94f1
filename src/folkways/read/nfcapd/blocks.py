"""The blocks of an nfcapd file, decompressed, one at a time, into memory that the caller gives."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from typing import BinaryIO, cast

import numpy as np

from folkways.formats import nfcapd
from folkways.formats.nfcapd import layout1, layout2
from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.nfcapd.decompress import MOST, BlockError, decompress
from folkways.read.nfcapd.walk import Octets
from folkways.read.source import BROKEN_STREAM, Source

_CUT = "block cut by the end of the file"


@dataclass(frozen=True)
class FileHeader:
    """What the header of either layout says; ``blocks`` is None if it does not say how many."""

    layout: int
    compression: int
    blocks: int | None


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


def read_blocks(
    stream: BinaryIO, header: FileHeader, room: Callable[[int], Octets], tally: Tally
) -> Iterator[tuple[int, Octets]]:
    """Yield the blocks of flows: how many records each claims, and its bytes.

    Args:
        stream: the file behind its header.
        header: what that says.
        room: where to put a block of so many bytes.
        tally: where is counted what cannot be read.
    """
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
        content = room(int(block["size"]))
        if not _filled(content, stream):
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
        if name != "none":
            try:
                size = decompress(content.data, name, room(MOST))
            except BlockError as error:
                tally.skip(str(error))
                continue
            content = room(size)
        yield int(block["records"]), content


def _filled(content: Octets, stream: BinaryIO) -> bool:
    try:
        return cast("BufferedIOBase", stream).readinto(content.data) == len(content)
    except BROKEN_STREAM:
        return False


def _take(stream: BinaryIO, size: int) -> bytes:
    try:
        return stream.read(size)
    except BROKEN_STREAM:
        return b""
