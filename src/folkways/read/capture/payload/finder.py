"""Finds host names and DNS answers in the payloads of a capture, chunk by chunk.

Numpy tells the few packets that matter (``candidates``); only those are looked at one by one.
Nothing of a payload is kept but the name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from folkways.model.batches import Tally
from folkways.read.capture.columns import PacketColumns
from folkways.read.capture.payload.answers import IMPLAUSIBLE, AnswerColumns
from folkways.read.capture.payload.candidates import TCP, Kind, Rows, select
from folkways.read.capture.payload.dns_streams import DnsStreams
from folkways.read.capture.payload.gquic import read_chlo
from folkways.read.capture.payload.http import read_request
from folkways.read.capture.payload.outcome import Need, Outcome, Sight
from folkways.read.capture.payload.pending import Pending, Segments
from folkways.read.capture.payload.pieces import LIMIT, Pieces
from folkways.read.capture.payload.quic import QuicHello
from folkways.read.capture.payload.text import host_name
from folkways.read.capture.payload.tls import read_fragments, read_hello, read_records

MAX_PENDING = 2048
"""Flows of each kind whose hello is waited for; with ``LIMIT`` this bounds the memory."""
MAX_SETTLED = 1 << 17
"""Flows remembered as settled; of one forgotten, a second name may be reported."""
INCOMPLETE = "hello or request incomplete"
ENCRYPTED = "encrypted client hello offered"
SOURCES = {Kind.TLS: "tls", Kind.DTLS: "tls", Kind.HTTP: "http"}


@dataclass(frozen=True)
class Found:
    """What one chunk gave."""

    names: list[tuple[int, str, str]]
    """Flow, name (lower case, no final dot), source (tls, quic, http); the first of each flow."""
    answers: dict[str, pa.Array]
    """Columns of the table ANSWERS, all of them, each of length ``answer_count``."""
    answer_count: int


class Packet(NamedTuple):
    """One packet that is looked at."""

    row: int
    flow: int
    time_ns: int
    forward: bool
    sequence: int
    payload: bytes
    cut: bool


class _Stream(NamedTuple):
    kind: Kind
    segments: Segments


class NameFinder:
    """Finds the first name of each flow, and DNS answers; keeps what spans packets, bounded.

    Args:
        tally: where refused names, damaged messages and hellos given up are flagged.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._answers = AnswerColumns(tally)
        self._dns = DnsStreams()
        self._names: list[tuple[int, str, str]] = []
        self._settled: dict[int, None] = {}
        self._streams: Pending[_Stream] = Pending(MAX_PENDING)
        self._quic: Pending[QuicHello] = Pending(MAX_PENDING)
        self._dtls: Pending[Pieces] = Pending(MAX_PENDING)

    def feed(self, packets: PacketColumns) -> Found:
        """Look at the next chunk, in capture order.

        A segment that overtook the start of its hello is found within the same chunk only.
        """
        if len(packets):
            self._expire(int(packets.time_ns[0]))
            rows, kinds = select(packets)
            openers: set[int] = set()
            for packet, kind in zip(_look_at(packets, rows), kinds.tolist(), strict=True):
                self._start(packet, Kind(kind), packets, openers)
            self._continue(packets, openers)
        names, self._names = self._names, []
        count = len(self._answers)
        return Found(names, self._answers.take(), count)

    def finish(self) -> None:
        """The capture ended: flag the hellos that never became complete."""
        for pending in (self._streams, self._quic, self._dtls):
            pending.clear()
        self._tally.flag(INCOMPLETE, self._dns.clear())
        self._count_lost()

    def _start(self, packet: Packet, kind: Kind, packets: PacketColumns, openers: set[int]) -> None:
        """A packet that looks like the start of something, or like a datagram of its own."""
        if kind == Kind.DNS_UDP:
            client = packets.destination[packet.row].tobytes()
            self._answers.add(packet.payload, packet.time_ns, client)
        elif kind == Kind.DNS_TCP:
            client = packets.destination[packet.row].tobytes()
            for message in self._dns.add(
                packet.flow, packet.sequence, packet.payload, packet.time_ns, forward=packet.forward
            ):
                self._answers.add(message, packet.time_ns, client)
        elif packet.flow in self._settled:
            return
        elif kind == Kind.QUIC:
            self._add_quic(packet)
        elif kind == Kind.GOOGLE:
            self._take(packet.flow, read_chlo(packet.payload), "quic")
        elif kind == Kind.DTLS:
            self._add_dtls(packet)
        elif packet.flow not in self._streams:
            self._open_stream(packet, kind, openers)

    def _open_stream(self, packet: Packet, kind: Kind, openers: set[int]) -> None:
        outcome = _read_stream(kind, packet.payload)
        if outcome is not Need.MORE:
            self._take(packet.flow, outcome, SOURCES[kind])
        elif packet.cut:
            self._tally.flag(INCOMPLETE)
        else:
            segments = Segments(packet.sequence, forward=packet.forward)
            segments.add(packet.sequence, packet.payload)
            self._streams.put(packet.flow, _Stream(kind, segments), packet.time_ns)
            openers.add(packet.row)

    def _continue(self, packets: PacketColumns, openers: set[int]) -> None:
        """Give the flows whose hello is incomplete all their packets of this chunk.

        Also those before the start, for they may be segments that overtook it.
        """
        if not len(self._streams):
            return
        flows = np.fromiter(self._streams.flows(), np.int64)
        mask = (packets.payload_length > 0) & (packets.protocol == TCP)
        rows = np.flatnonzero(mask)
        rows = rows[np.isin(packets.flow[rows], flows)]
        for packet in _look_at(packets, rows):
            stream = self._streams.get(packet.flow)
            if stream and packet.row not in openers:
                self._add_segment(packet, stream)

    def _add_segment(self, packet: Packet, stream: _Stream) -> None:
        segments = stream.segments
        if packet.forward != segments.forward:
            return
        if segments.add(packet.sequence, packet.payload):
            outcome = _read_stream(stream.kind, bytes(segments.pieces.prefix))
            if outcome is Need.MORE and len(segments.pieces.prefix) < LIMIT and not packet.cut:
                return
            self._streams.pop(packet.flow)
            if outcome is Need.MORE:
                self._tally.flag(INCOMPLETE)
            else:
                self._take(packet.flow, outcome, SOURCES[stream.kind])
            return
        offset = segments.offset(packet.sequence)
        if offset <= len(segments.pieces.prefix):
            return  # seen before
        # Behind a gap that may never be filled, a whole request counts as the flow's first.
        outcome = _read_stream(stream.kind, packet.payload)
        if isinstance(outcome, Sight) or offset >= LIMIT:
            self._streams.pop(packet.flow)
            self._tally.flag(INCOMPLETE)
            self._take(packet.flow, outcome, SOURCES[stream.kind])

    def _add_quic(self, packet: Packet) -> None:
        hello = self._quic.get(packet.flow) or QuicHello()
        outcome = hello.add(packet.payload)
        if outcome is Need.MORE:
            if packet.flow not in self._quic:
                self._quic.put(packet.flow, hello, packet.time_ns)
            return
        self._quic.pop(packet.flow)
        if outcome is None:
            self._tally.flag(INCOMPLETE)
            self._settle(packet.flow)
        self._take(packet.flow, outcome, "quic")

    def _add_dtls(self, packet: Packet) -> None:
        for total, offset, piece in read_fragments(packet.payload):
            pieces = self._dtls.get(packet.flow) or Pieces()
            header = b"\x01" + total.to_bytes(3, "big")
            pieces.add(0, header)
            pieces.add(len(header) + offset, piece)
            outcome = read_hello(bytes(pieces.prefix), cookie=True)
            if outcome is not Need.MORE:
                self._dtls.pop(packet.flow)
                self._take(packet.flow, outcome, "tls")
                return
            if packet.flow not in self._dtls:
                self._dtls.put(packet.flow, pieces, packet.time_ns)

    def _take(self, flow: int, outcome: Outcome, source: str) -> None:
        """Keep the name of a flow, if there is one and it is plausible."""
        if not isinstance(outcome, Sight):
            return
        if outcome.encrypted:
            self._tally.flag(ENCRYPTED)
        if not outcome.name:
            # A hello without a name will not be followed by another; a request may be.
            if source != "http":
                self._settle(flow)
            return
        name = host_name(outcome.name)
        if name is None:
            self._tally.flag(IMPLAUSIBLE)
            return
        self._names.append((flow, name, source))
        self._settle(flow)

    def _settle(self, flow: int) -> None:
        self._settled[flow] = None
        if len(self._settled) > MAX_SETTLED:
            del self._settled[next(iter(self._settled))]

    def _expire(self, now_ns: int) -> None:
        for pending in (self._streams, self._quic, self._dtls):
            pending.expire(now_ns)
        self._tally.flag(INCOMPLETE, self._dns.expire(now_ns))
        self._count_lost()

    def _count_lost(self) -> None:
        lost = len(self._streams.take_lost()) + len(self._dtls.take_lost())
        self._tally.flag(INCOMPLETE, lost + sum(q.opened for q in self._quic.take_lost()))


def _read_stream(kind: Kind, data: bytes) -> Outcome:
    return read_records(data) if kind == Kind.TLS else read_request(data)


def _look_at(packets: PacketColumns, rows: Rows) -> Iterator[Packet]:
    """The packets of these rows with their payloads as bytes."""
    data = packets.data.data
    start = packets.payload_start[rows]
    # Data that come with a SYN (RFC 7413) begin one after its sequence number.
    sequence = packets.tcp_seq[rows] + ((packets.tcp_flags[rows] >> 1) & 1)
    columns = zip(
        rows.tolist(),
        packets.flow[rows].tolist(),
        packets.time_ns[rows].tolist(),
        packets.forward[rows].tolist(),
        sequence.tolist(),
        start.tolist(),
        (start + packets.payload_length[rows]).tolist(),
        packets.payload_cut[rows].tolist(),
        strict=True,
    )
    for row, flow, time_ns, forward, first, begin, end, cut in columns:
        yield Packet(row, flow, time_ns, forward, first, bytes(data[begin:end]), cut)
