"""Export packets in a capture, found by their content on any port, over UDP, SCTP and TCP.

A datagram is one (or several back to back) if version, counts and the lengths of all sets add up to
its very length; of a sender of such ones, all that has a header is taken. Over TCP there is only
IPFIX.
"""

from collections.abc import Iterator
from typing import NamedTuple

from folkways.formats.ipfix import IPFIX, V5, V5_HEADER, V9
from folkways.model.batches import Tally
from folkways.read.capture.datagrams import Datagram, datagrams, head_datagrams
from folkways.read.netflow.message_stream import NO_EXPORT, MessageStream
from folkways.read.netflow.messages import packet_end, parse_header
from folkways.read.netflow.sets import set_begins, sets_add_up
from folkways.read.sflow_hint import NOTE, looks_like_sflow
from folkways.read.source import Source

CUT = "export packet cut by the capture"
MAX_SENDERS = 65_536
MAX_STREAMS = 16_384
MAX_HELD = 32 << 20
"""Octets of messages over TCP that have not ended yet, all streams together."""
_SECOND_NS = 1_000_000_000


class Captured(NamedTuple):
    """An export packet, and how it came."""

    packet: bytes
    exporter: tuple[str, int]
    received_ms: int


def export_packets(source: Source, tally: Tally) -> Iterator[Captured]:
    """Every export packet of a capture in the order of its last octet; all else is counted.

    Raises:
        FormatError: it is no capture, or ends within its file header.
    """
    return _Finder(tally).find(datagrams(source, tally))


def export_share(head: bytes) -> float:
    """Which part of the octets that are carried in a capture's head is of export packets."""
    finder = _Finder(Tally())
    carried = head_datagrams(head)
    octets = sum(len(datagram.payload) for datagram in carried)
    found = sum(len(captured.packet) for captured in finder.find(iter(carried)))
    return (found + finder.unfinished) / octets if octets else 0.0


class _Finder:
    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._senders: set[tuple[str, int]] = set()
        self._streams: dict[int, MessageStream] = {}
        self._held = self._sflow = 0
        self.unfinished = 0
        """Octets of messages over TCP that had begun and did not end."""

    def find(self, carried: Iterator[Datagram]) -> Iterator[Captured]:
        for datagram in carried:
            if datagram.stream is None:
                yield from self._whole(datagram)
            else:
                yield from self._part(datagram, datagram.stream)
        for stream in self._streams.values():
            self.unfinished += stream.end()
        if self._sflow:
            self._tally.note(NOTE.format(count=self._sflow))

    def _whole(self, datagram: Datagram) -> Iterator[Captured]:
        payload, sender = datagram.payload, datagram.source
        packets = split_payload(payload, cut=datagram.cut)
        if packets:
            if len(self._senders) < MAX_SENDERS:
                self._senders.add(sender)
        elif sender in self._senders and parse_header(payload) is not None:
            packets = [payload]
        self._tally.skip(NO_EXPORT, int(not packets))
        self._sflow += not packets and looks_like_sflow(payload)
        self._tally.flag(CUT, int(datagram.cut and len(packets) > 0))
        for packet in packets:
            yield Captured(packet, sender, datagram.time_ms)

    def _part(self, datagram: Datagram, number: int) -> Iterator[Captured]:
        stream = self._streams.pop(number, None)
        if stream is None:
            stream = MessageStream(self._tally)
        self._streams[number] = stream  # the last to speak stands last
        before = stream.waiting
        for message in stream.take(datagram.payload, lost=datagram.lost):
            yield Captured(message, datagram.source, datagram.time_ms)
        self._held += stream.waiting - before
        while self._held > MAX_HELD or len(self._streams) > MAX_STREAMS:
            oldest = self._streams.pop(next(iter(self._streams)))
            self._held -= oldest.waiting
            oldest.end()


def split_payload(payload: bytes, *, cut: bool = False) -> list[bytes]:
    """The export packets that a payload is: one, or several back to back; none if anything else.

    The time is not asked for: exporters without a clock start in 1970, and the lengths decide.

    Args:
        payload: all octets of a datagram.
        cut: its end is missing, so that the last packet may promise more.
    """
    packets: list[bytes] = []
    while any(payload):
        end = _packet_end(payload, cut=cut)
        if not end:
            return []
        packets.append(payload[:end])
        payload = payload[end:]
    return packets


def _packet_end(payload: bytes, *, cut: bool) -> int:
    """The octets of the export packet that stands first; 0: there is none."""
    header = parse_header(payload)
    if header is None or not header.claimed:
        return 0
    version, at, left = header.version, header.octets, len(payload)
    if version == V5 and not _v5_numbers(payload):
        return 0
    # v9 does not say where it ends: it must fill the payload.
    end = left if version == V9 else packet_end(payload, 0) or 0
    if version in {V9, IPFIX}:
        if cut and (version == V9 or end > left):
            return left if set_begins(payload, at, version) else 0
        return end if end <= left and sets_add_up(payload, at, end, version) else 0
    return end if end <= left else left * cut


def _v5_numbers(payload: bytes) -> bool:
    """Whether a fraction of a second and small counters stand where v5 has them, and not a text."""
    fraction = V5_HEADER.unpack_from(payload)[4]
    return bool(fraction < _SECOND_NS and 0 in payload[V5_HEADER.size : -1])
