"""User messages of SCTP (RFC 9260), over which every IPFIX exporter can send (RFC 7011 10.1).

Only messages in one DATA chunk are given, as they come: exporters cut theirs to fit the path (RFC
7011 10.2.3). Others are counted by the chunk.
"""

from collections.abc import Iterator
from struct import Struct

from folkways.model.batches import Tally

IN_PARTS = "SCTP chunk with a part of a message"
_CHUNK = Struct(">BBH")
_DATA, _DATA_HEADER = 0, 16
_WHOLE = 0x03
"""Flags of a chunk that both begins and ends a message."""


def user_messages(chunks: bytes, tally: Tally) -> Iterator[bytes]:
    """The messages in what follows the common header; a chunk that is cut ends them."""
    at = 0
    while at + _CHUNK.size <= len(chunks):
        kind, flags, length = _CHUNK.unpack_from(chunks, at)
        if length < _CHUNK.size or at + length > len(chunks):
            return
        if kind == _DATA and flags & _WHOLE == _WHOLE:
            yield chunks[at + _DATA_HEADER : at + length]
        elif kind == _DATA:
            tally.skip(IN_PARTS)
        at += length + -length % 4
