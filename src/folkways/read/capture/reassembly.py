"""IP packets put together from their fragments, where the payload is wanted and not only counted.

Fragments wait by the key of RFC 791 and RFC 8200 4.5. Those that overlap, or that the capture cut,
make no packet (RFC 5722); neither do those of more than ``MAX_AGE_NS``, nor the oldest where more
than ``MAX_HELD`` octets wait. All of these are counted once a packet.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from folkways.formats.headers import Protocol
from folkways.model.batches import Tally
from folkways.read.capture.network import MAX_EXTENSIONS

MAX_AGE_NS = 30 * 10**9
MAX_HELD = 8 << 20
INCOMPLETE = "fragmented packet without all its parts"
_COST = 300
"""Octets that a waiting fragment takes beside its content."""
_MAX_IP = 65_535
_IPV6_HEADER = 40


class Fragment(NamedTuple):
    """A fragment of an IP packet. ``header`` is as if there had been no fragmentation."""

    key: bytes
    offset: int
    more: bool
    header: bytes
    body: bytes
    whole: bool
    """False: the capture cut it."""


@dataclass
class _Waiting:
    since_ns: int
    parts: dict[int, Fragment] = field(default_factory=dict)
    octets: int = 0
    total: int | None = None
    """Octets of the whole payload, once the last fragment said it."""
    broken: bool = False


class Reassembly:
    """Fragments in, whole IP packets out."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._waiting: dict[bytes, _Waiting] = {}
        self._held = 0

    def add(self, fragment: Fragment, time_ns: int) -> bytes | None:
        """The IP packet that this fragment completes."""
        waiting = self._waiting.get(fragment.key)
        if waiting is not None and abs(time_ns - waiting.since_ns) > MAX_AGE_NS:
            self._give_up(fragment.key)
            waiting = None
        if waiting is None:
            waiting = self._waiting[fragment.key] = _Waiting(time_ns)
        self._put(waiting, fragment)
        while self._held > MAX_HELD:
            self._give_up(next(iter(self._waiting)))
        there = fragment.key in self._waiting  # it may itself have been the oldest
        if not there or waiting.broken or waiting.octets != waiting.total:
            return None
        return self._complete(fragment.key, waiting)

    def finish(self) -> None:
        """Count what is still waiting."""
        for key in list(self._waiting):
            self._give_up(key)

    def _put(self, waiting: _Waiting, fragment: Fragment) -> None:
        known = waiting.parts.get(fragment.offset)
        if known is not None and known.body == fragment.body:
            return  # captured twice
        end = fragment.offset + len(fragment.body)
        if not fragment.more:
            waiting.broken |= waiting.total not in {None, end}
            waiting.total = end
        waiting.octets += len(fragment.body)
        waiting.broken |= known is not None or not fragment.whole
        waiting.broken |= waiting.total is not None and waiting.octets > waiting.total
        if known is None:
            waiting.parts[fragment.offset] = fragment
            self._held += _cost(fragment)

    def _complete(self, key: bytes, waiting: _Waiting) -> bytes | None:
        """The packet, if its parts, which have as many octets as it, lie end to end."""
        at = 0
        for offset in sorted(waiting.parts):
            if offset != at:
                waiting.broken = True
                return None
            at += len(waiting.parts[offset].body)
        body = b"".join(waiting.parts[offset].body for offset in sorted(waiting.parts))
        packet = _packet(waiting.parts[0].header, body)
        waiting.broken = packet is None
        if packet is not None:
            self._drop(key)
        return packet

    def _give_up(self, key: bytes) -> None:
        self._drop(key)
        self._tally.skip(INCOMPLETE)

    def _drop(self, key: bytes) -> None:
        self._held -= sum(map(_cost, self._waiting.pop(key).parts.values()))


def _cost(fragment: Fragment) -> int:
    return _COST + len(fragment.header) + len(fragment.body)


def _packet(header: bytes, body: bytes) -> bytes | None:
    """An IP packet of a header and what it carries; None if it would be too long."""
    if header[0] >> 4 == 4:
        length = len(header) + len(body)
        if length > _MAX_IP:
            return None
        return header[:2] + length.to_bytes(2, "big") + header[4:6] + b"\0\0" + header[8:] + body
    length = len(header) - _IPV6_HEADER + len(body)
    return None if length > _MAX_IP else header[:4] + length.to_bytes(2, "big") + header[6:] + body


def parse_fragment(packet: bytes) -> Fragment | None:
    """The fragment that an IP packet is, from its header on; None if it is none."""
    version = packet[0] >> 4 if packet else 0
    if version == 4 and len(packet) >= 20:
        return _ipv4(packet)
    if version == 6 and len(packet) >= _IPV6_HEADER:
        return _ipv6(packet)
    return None


def _ipv4(packet: bytes) -> Fragment | None:
    size = (packet[0] & 15) * 4
    length = int.from_bytes(packet[2:4], "big")
    place = int.from_bytes(packet[6:8], "big")
    if not place & 0x3FFF or size < 20 or length < size:
        return None
    return Fragment(
        key=packet[12:20] + packet[9:10] + packet[4:6],
        offset=(place & 0x1FFF) * 8,
        more=bool(place & 0x2000),
        header=packet[:size],
        body=packet[size:length],
        whole=len(packet) >= length,
    )


def _ipv6(packet: bytes) -> Fragment | None:
    """Walk to the fragment header; what stands before it goes with every fragment."""
    end = _IPV6_HEADER + int.from_bytes(packet[4:6], "big")
    named_at, at = 6, _IPV6_HEADER
    for _ in range(MAX_EXTENSIONS):
        following = packet[named_at]
        if following not in Protocol.EXTENSIONS or at + 8 > len(packet):
            return None
        if following == Protocol.FRAGMENT:
            break
        named_at = at
        words = packet[at + 1]
        at += (words + 2) * 4 if following == Protocol.AUTHENTICATION else (words + 1) * 8
    else:
        return None
    place = int.from_bytes(packet[at + 2 : at + 4], "big")
    if not place & 0xFFF9:
        return None  # an atomic fragment, RFC 6946
    return Fragment(
        key=packet[8:40] + packet[at + 4 : at + 8],
        offset=place & 0xFFF8,
        more=bool(place & 1),
        header=packet[:named_at] + packet[at : at + 1] + packet[named_at + 1 : at],
        body=packet[at + 8 : end],
        whole=len(packet) >= end,
    )
