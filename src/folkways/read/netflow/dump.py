"""A file of export packets back to back, cut into packets."""

import io
from collections.abc import Iterator
from typing import BinaryIO, cast

from folkways.formats.ipfix import MAX_DATAGRAM, V5_HEADER, VERSIONS
from folkways.model.batches import Tally
from folkways.read.netflow.messages import packet_end, plausible
from folkways.read.source import BROKEN_STREAM

_CHUNK = 1 << 20
_STARTS = tuple(version.to_bytes(2, "big") for version in VERSIONS)
_LOOK = 4 * MAX_DATAGRAM
"""Octets that are there before a packet is cut, unless the file ends: room for v9's walk."""


def packets(stream: BinaryIO, tally: Tally) -> Iterator[bytes]:
    """Each export packet; what lies between packets is counted, zeros between them are padding."""
    data, start, ended = b"", 0, False
    while True:
        if not ended and len(data) - start < _LOOK:
            more, ended = _more(stream, tally)
            data, start = data[start:] + more, 0
            continue
        if start >= len(data):
            return
        end = packet_end(data, start)
        if end is not None:
            yield data[start:end]
            start = min(end, len(data))
            continue
        after = _next(data, start, ended=ended)
        if any(data[start:after]):
            tally.skip("octets that are no export packet", after - start)
        start = after


def _more(stream: BinaryIO, tally: Tally) -> tuple[bytes, bool]:
    try:
        # Unlike read, read1 hands over what could be decompressed before a stream broke.
        more = cast("io.BufferedReader", stream).read1(_CHUNK)
    except BROKEN_STREAM:
        tally.skip("broken compressed stream")
        return b"", True
    return more, not more


def _next(data: bytes, start: int, *, ended: bool) -> int:
    """The next place where a packet seems to begin; near the end of the data, that end."""
    at = start + 1
    last = len(data) - V5_HEADER.size
    while at < last:
        found = [at for at in (data.find(mark, at, last + 2) for mark in _STARTS) if at >= 0]
        if not found:
            break
        at = min(found)
        if plausible(data, at):
            return at
        at += 1
    return len(data) if ended else max(start + 1, last)
