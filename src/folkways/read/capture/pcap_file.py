"""Frames of a pcap file: the chain of record headers is walked, all else is gathered by column."""

from collections.abc import Iterator
from struct import Struct

import numpy as np

from folkways.formats.pcap import (
    MAX_BLOCK,
    MAX_CAPTURED,
    PCAP_HEADER,
    PCAP_MAGIC,
    SWAPPED_BEFORE,
    PcapKind,
    record_dtype,
)
from folkways.model.errors import FormatError
from folkways.read.capture.frames import Frames, gather
from folkways.read.capture.stream import DAMAGED_RECORD, ChunkStream, count_bad

SECOND_NS = 1_000_000_000


def read_pcap(chunks: ChunkStream) -> Iterator[Frames]:
    """Yield the frames of each chunk; counts cut and damaged records, stops at a damaged one.

    Raises:
        FormatError: the file ends within its header.
    """
    if len(chunks.content) < PCAP_HEADER:
        raise FormatError("The capture ends within its file header; there is nothing to read.")
    kind = PCAP_MAGIC[chunks.content[:4]]
    major, minor, snaplen, link = Struct(f"{kind.order}4xHH8xII").unpack_from(chunks.content)
    swapped = (major, minor) < SWAPPED_BEFORE
    layout = record_dtype(kind.order, swapped=swapped)
    captured_format = f"{kind.order}{12 if swapped else 8}xI"
    limit = max(MAX_CAPTURED, min(snaplen, MAX_BLOCK))
    used = PCAP_HEADER
    while True:
        starts, used, damaged = _walk(
            chunks.content, used, kind.record_header, captured_format, limit
        )
        if starts:
            yield _frames(chunks, starts, kind, layout, link & 0xFFFF)
        if damaged:
            count_bad(chunks.tally, DAMAGED_RECORD)
            chunks.tally.note(
                "A record header of the capture is damaged; what follows it was not read."
            )
            return
        if chunks.ended:
            chunks.count_end(cut=used < len(chunks.content))
            return
        chunks.read_more(used)
        used = 0


def _walk(
    content: bytes, at: int, header: int, captured_format: str, limit: int
) -> tuple[list[int], int, bool]:
    """Offsets of the whole records, the offset after them, and whether the next one is damaged.

    This is the only loop over packets: where a record begins is known from the one before it.
    """
    captured = Struct(captured_format).unpack_from
    last = len(content) - header
    starts: list[int] = []
    add = starts.append
    length = 0
    while at <= last:
        (length,) = captured(content, at)
        if length > limit:
            return starts, at, True
        add(at)
        at += header + length
    if at > len(content):
        at = starts.pop()
    return starts, at, False


def _frames(
    chunks: ChunkStream, starts: list[int], kind: PcapKind, layout: np.dtype[np.void], link: int
) -> Frames:
    data = chunks.octets()
    at = np.array(starts, np.int64)
    head = gather(data, at, layout)
    time_ns = head["seconds"].astype(np.int64) * SECOND_NS
    time_ns += head["fraction"].astype(np.int64) * kind.tick_ns
    return Frames(
        data,
        at + kind.record_header,
        head["captured"].astype(np.int64),
        head["wire"].astype(np.int64),
        time_ns,
        np.full(len(at), link, np.int32),
    )
