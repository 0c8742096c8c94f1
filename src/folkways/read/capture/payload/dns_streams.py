"""DNS over TCP: messages with a 2-byte length before each (RFC 1035 4.2.2, RFC 7766 section 8)."""

from folkways.read.capture.payload.pending import Pending, Segments
from folkways.read.capture.payload.pieces import LIMIT

MAX_STREAMS = 1024


class DnsStreams:
    """Cuts the server's side of DNS connections into messages, over segments."""

    def __init__(self) -> None:
        self._streams: Pending[Segments] = Pending(MAX_STREAMS)

    def add(
        self, flow: int, sequence: int, payload: bytes, time_ns: int, *, forward: bool
    ) -> list[bytes]:
        """The messages that this segment completes."""
        stream = self._streams.get(flow)
        if stream is None or stream.forward != forward:
            if not starts_message(payload):
                return []
            stream = Segments(sequence, forward=forward)
        stream.add(sequence, payload)
        messages, used = cut_messages(stream.pieces.prefix)
        stream.drop(used)
        if not stream.pieces.prefix and not stream.pieces.gap:
            self._streams.pop(flow)
        else:
            self._streams.put(flow, stream, time_ns)
        return messages

    def expire(self, now_ns: int) -> int:
        """Give up what has waited too long; how many streams that were."""
        self._streams.expire(now_ns)
        return len(self._streams.take_lost())

    def clear(self) -> int:
        """Give up everything; how many streams that were."""
        self._streams.clear()
        return len(self._streams.take_lost())


def starts_message(payload: bytes) -> bool:
    """Whether a segment can be the start of a length and a response with one question."""
    length = int.from_bytes(payload[:2], "big")
    if len(payload) >= 2 and not 12 <= length <= LIMIT - 2:
        return False
    return len(payload) < 8 or (payload[4] & 0xF8 == 0x80 and payload[6:8] == b"\x00\x01")


def cut_messages(stream: bytes | bytearray) -> tuple[list[bytes], int]:
    """The complete messages at the start of a stream, and how many bytes they take."""
    messages: list[bytes] = []
    position = 0
    while position + 2 <= len(stream):
        end = position + 2 + int.from_bytes(stream[position : position + 2], "big")
        if end > len(stream):
            break
        messages.append(bytes(stream[position + 2 : end]))
        position = end
    return messages, position
