"""nfcapd files by hand, and the reading of them."""

from pathlib import Path
from typing import Any

import lzallright
import numpy as np
import zstandard

from folkways.formats import nfcapd
from folkways.formats.nfcapd import layout1, layout2
from folkways.model.batches import Tally
from folkways.read.nfcapd import NfcapdReader
from folkways.read.reader import ReadOptions
from folkways.read.source import Source

GENERIC = (1_700_000_000_123, 1_700_000_001_456, 0, 3, 180, 4000, 443, 6, 0x1B, 0, 0)
"""Two times and none of receipt, 3 packets, 180 bytes, ports 4000 and 443, TCP, flags."""
IPV4 = (0xC0000201, 0xC6336402)
"""192.0.2.1 and 198.51.100.2."""
Row = dict[str, Any]


def read(path: Path) -> tuple[list[Row], Tally]:
    """All rows of a file, and the tally; every batch is checked."""
    tally, source = Tally(), Source(path.name, path)
    assert NfcapdReader().sniff(source, ReadOptions()) == 1.0
    rows: list[Row] = []
    for batch in NfcapdReader().read(source, ReadOptions(), tally):
        batch.rows.validate(full=True)
        rows += batch.rows.to_pylist()
    filled = {name for row in rows for name, value in row.items() if value is not None}
    assert filled <= NfcapdReader.gives
    return rows, tally


def structure(dtype: np.dtype[np.void], values: tuple[Any, ...]) -> bytes:
    """One structure."""
    return np.array(values, dtype).tobytes()


def flow2(elements: list[tuple[int, Any]], *, flags: int = 0, exporter: int = 0) -> bytes:
    """A flow record of layout 2; an element is given by its fields, or as bytes."""
    body = b""
    for kind, values in elements:
        raw = values if isinstance(values, bytes) else structure(layout2.ELEMENTS[kind], values)
        body += structure(layout2.ELEMENT_HEADER, (kind, len(raw) + 4)) + raw
    size = layout2.RECORD_HEADER.itemsize + len(body)
    head = (layout2.FLOW_RECORD, size, len(elements), 0, 0, exporter, flags, 9)
    return structure(layout2.RECORD_HEADER, head) + body


def exporter(number: int = 1, version: int = 9, domain: int = 7) -> bytes:
    """An exporter record: 192.0.2.99."""
    values = (nfcapd.EXPORTER_RECORD, 32, version, (0, 0xC0000263), 2, number, domain)
    return structure(nfcapd.EXPORTER, values)


def sampler(number: int, taken: int, skipped: int, *, of: int = 1) -> bytes:
    """A sampler record."""
    values = (nfcapd.SAMPLER_RECORD, nfcapd.SAMPLER.itemsize, of, 1, number, taken, skipped)
    return structure(nfcapd.SAMPLER, values)


def file2(*blocks: list[bytes], compression: int = 0) -> bytes:
    """A file of layout 2."""
    head = (nfcapd.MAGIC, 2, 0, 0, compression, 0, 0, 0, 0, 0, len(blocks))
    return structure(layout2.FILE_HEADER, head) + b"".join(
        block(layout2.FLOW_BLOCK, len(records), compressed(b"".join(records), compression))
        for records in blocks
    )


def file1(*blocks: list[bytes], flags: int = 0) -> bytes:
    """A file of layout 1, not compressed."""
    head = (nfcapd.MAGIC, 1, flags, len(blocks), b"none", bytes(136))
    return structure(layout1.FILE_HEADER, head) + b"".join(
        block(layout1.FLOW_BLOCK, len(records), b"".join(records)) for records in blocks
    )


def block(kind: int, count: int, content: bytes) -> bytes:
    """A block with its header."""
    return structure(nfcapd.BLOCK_HEADER, (count, len(content), kind, 0)) + content


def compressed(content: bytes, compression: int) -> bytes:
    """With LZO or zstd, or as it is."""
    match compression:
        case 1:
            return lzallright.LZOCompressor().compress(content)
        case 4:
            return zstandard.compress(content)
        case _:
            return content


def extension_map(number: int, extensions: list[int]) -> bytes:
    """An extension map of layout 1."""
    ids = np.array([*extensions, 0, *([0] * (len(extensions) % 2 == 0))], "<u2").tobytes()
    octets = sum(layout1.EXTENSIONS[e].itemsize for e in extensions if e in layout1.EXTENSIONS)
    return structure(layout1.MAP, (layout1.MAP_RECORD, 8 + len(ids), number, octets)) + ids


def flow1(body: bytes, *, flags: int = 0, extensions: int = 1) -> bytes:
    """A flow record of layout 1: addresses, counters and extensions are given as bytes."""
    size = layout1.FLOW.itemsize + len(body)
    times = (123, 456, 1_700_000_000, 1_700_000_001)
    head = (layout1.FLOW_RECORD, size, flags, extensions, *times, 0, 0x1B, 6, 0, 4000, 443, 1, 0, 0)
    return structure(layout1.FLOW, head) + body
