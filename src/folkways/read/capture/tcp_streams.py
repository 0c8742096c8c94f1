"""The octets of TCP connections in order, a direction at a time.

Retransmitted octets are left out. What comes early waits until the hole before it is filled, or
until ``MAX_WAITING`` octets wait behind it: then the hole is given up, and said. Of the directions
only the ``MAX_STREAMS`` that spoke last are known.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import NamedTuple

from folkways.formats.headers import TcpFlag
from folkways.read.serial import MODULUS, signed

MAX_STREAMS = 16_384
MAX_WAITING = 256 << 10
MAX_HELD = 16 << 20
"""Octets that may wait in all streams together."""
MAX_BACK = 1 << 24
"""Octets before the expected place up to which it is a retransmission, and not a new connection."""
_COST = 200


class Segment(NamedTuple):
    """What a TCP packet carries."""

    sequence: int
    flags: int
    time_ms: int
    payload: bytes
    cut: bool
    """The capture cut the payload."""


class Part(NamedTuple):
    """The next octets of a stream."""

    time_ms: int
    payload: bytes
    stream: int
    lost: bool
    cut: bool


@dataclass
class _Stream:
    number: int
    next: int
    """The place of the next octet: its sequence number, and 2^32 for each wrap."""
    opened: int | None
    """The sequence number that its SYN began with; None: no SYN was seen."""
    lost: bool
    """Whether octets right before ``next`` are missing."""
    hopeless: bool = False
    """The capture cut the octets that stand at ``next``: no use to wait for them."""
    waiting: list[tuple[int, Segment]] = field(default_factory=list)
    """A heap of segments by the place of their first octet."""
    held: int = 0

    def place(self, sequence: int) -> int:
        """The place of a sequence number: of all that it can mean, the one nearest to ``next``."""
        return self.next + signed(sequence - self.next)

    def is_other(self, segment: Segment, *, opens: bool) -> bool:
        """Whether a segment is of another connection: of another SYN, or from far back."""
        if opens:
            return segment.sequence != self.opened
        return self.place(segment.sequence) < self.next - MAX_BACK


class TcpStreams:
    """Segments in, parts in order out. A key stands for one direction of a connection."""

    def __init__(self) -> None:
        self._streams: dict[bytes, _Stream] = {}
        self._held = 0
        self._count = 0

    def add(self, key: bytes, segment: Segment) -> Iterator[tuple[bytes, Part]]:
        """The parts that can be given now that this segment has come, each with its key."""
        opens = bool(segment.flags & TcpFlag.SYN)
        if opens:
            segment = segment._replace(sequence=(segment.sequence + 1) % MODULUS)
        stream = self._streams.pop(key, None)
        if stream is not None and stream.is_other(segment, opens=opens):
            yield from self._give(key, stream, all_of_it=True)
            stream = None
        if stream is None:
            start = segment.sequence
            self._count += 1
            stream = _Stream(self._count, start, start if opens else None, lost=not opens)
        self._streams[key] = stream  # the last to speak stands last
        if segment.payload:
            heappush(stream.waiting, (stream.place(segment.sequence), segment))
            self._hold(stream, len(segment.payload) + _COST)
            yield from self._give(key, stream)
        if len(self._streams) > MAX_STREAMS:
            oldest = next(iter(self._streams))
            yield from self._give(oldest, self._streams.pop(oldest), all_of_it=True)

    def finish(self) -> Iterator[tuple[bytes, Part]]:
        """What still waits: nothing will come before it any more."""
        for key, stream in self._streams.items():
            yield from self._give(key, stream, all_of_it=True)

    def _give(
        self, key: bytes, stream: _Stream, *, all_of_it: bool = False
    ) -> Iterator[tuple[bytes, Part]]:
        """What waits, up to the first hole that may still be filled, each octet once."""
        while stream.waiting and (
            all_of_it or stream.waiting[0][0] <= stream.next or self._hopeless(stream)
        ):
            place, segment = heappop(stream.waiting)
            self._hold(stream, -len(segment.payload) - _COST)
            payload = segment.payload[max(stream.next - place, 0) :]
            if payload:
                lost = stream.lost or place > stream.next
                stream.next = place + len(segment.payload)
                stream.lost, stream.hopeless = False, segment.cut
                yield key, Part(segment.time_ms, payload, stream.number, lost, segment.cut)

    def _hopeless(self, stream: _Stream) -> bool:
        return stream.hopeless or stream.held > MAX_WAITING or self._held > MAX_HELD

    def _hold(self, stream: _Stream, octets: int) -> None:
        stream.held += octets
        self._held += octets
