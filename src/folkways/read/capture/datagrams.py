"""What UDP, TCP and SCTP carry in a capture: for formats that are sent over them, as NetFlow is.

Reads the same framing, links, VLAN tags and tunnels as the meter. IP fragments are put together
first; only those inside a tunnel are not, and of them the first one is given as a cut payload.
Packets are no records here: ``tally.records`` counts only what the file's own framing lost.
"""

import io
from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO, NamedTuple, cast

import numpy as np

from folkways.formats.headers import Protocol, TcpFlag
from folkways.formats.pcap import Link
from folkways.model.addresses import address_to_text
from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.capture.capture_file import CHUNK_BYTES, is_capture, read_frames
from folkways.read.capture.dissect import dissect
from folkways.read.capture.frames import PADDING, Frames
from folkways.read.capture.link import strip_link
from folkways.read.capture.packets import Cause, Cursor, Flags, Packets, Rows, join
from folkways.read.capture.reassembly import Reassembly, parse_fragment
from folkways.read.capture.sctp import user_messages
from folkways.read.capture.stream import ChunkStream
from folkways.read.capture.tcp_streams import Part, Segment, TcpStreams
from folkways.read.source import Source

_MS_NS = 1_000_000
_KEY = Struct("=16s16sii")
"""One direction: addresses and ports, as they stand in ``Packets``."""
_MAX_ADDRESSES = 65_536
_CARRIERS = (Protocol.UDP, Protocol.TCP, Protocol.SCTP)


class Datagram(NamedTuple):
    """A payload, and who sent it to whom."""

    time_ms: int
    """When it was captured (of fragments: the last one), ms since 1970 UTC."""
    source: tuple[str, int]
    """Address and port of its sender."""
    destination: tuple[str, int]
    payload: bytes
    """A UDP datagram, an SCTP message, or the next octets of a TCP stream, each once, in order."""
    stream: int | None
    """Which direction of which TCP connection; None: it is all of a datagram or message."""
    lost: bool
    """TCP: octets are missing before this part."""
    cut: bool = False
    """The capture (its snap length) or a tunnel's fragment cut the payload: its end is missing."""


def datagrams(
    source: Source, tally: Tally, *, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[Datagram]:
    """All payloads in a capture that are not empty, in capture order.

    Raises:
        FormatError: it is no capture, or ends within its file header.
    """
    with source.open() as stream:
        yield from _Reading(tally).run(_frames(stream, source.name, tally, chunk_bytes))


def head_datagrams(head: bytes) -> list[Datagram]:
    """Those in the first bytes of a content; none if it is no capture. For readers that sniff."""
    tally = Tally()
    if not is_capture(head):
        return []
    try:
        return list(_Reading(tally).run(_frames(io.BytesIO(head), "head", tally, len(head))))
    except FormatError:
        return []


def _frames(stream: object, name: str, tally: Tally, chunk_bytes: int) -> Iterator[Frames]:
    return read_frames(ChunkStream(cast("BinaryIO", stream), tally, max(chunk_bytes, 64)), name)


class _Reading:
    """One pass through a capture."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._reassembly = Reassembly(tally)
        self._streams = TcpStreams()
        self._texts: dict[bytes, str] = {}

    def run(self, frames: Iterator[Frames]) -> Iterator[Datagram]:
        for chunk in frames:
            packets = dissect(chunk, self._tally)
            whole, last, used = self._put_together(chunk, packets)
            rows = np.flatnonzero(used & _carrying(packets))
            begin = 0
            if last:
                inner = dissect(whole, self._tally)
                carrying, inside = _carrying(inner), np.arange(len(inner))
                # Each packet that was put together stands where its last fragment stood.
                for i, place in enumerate(np.searchsorted(rows, last).tolist()):
                    yield from self._payloads(chunk, packets, rows[begin:place])
                    yield from self._payloads(whole, inner, inside[i : i + 1][carrying[i : i + 1]])
                    begin = place
            yield from self._payloads(chunk, packets, rows[begin:])
        for key, part in self._streams.finish():
            yield self._datagram(key, part)
        self._reassembly.finish()

    def _put_together(self, frames: Frames, packets: Packets) -> tuple[Frames, list[int], Flags]:
        """Whole packets made of fragments, the rows of their last ones, and which rows are none."""
        used = packets.cause == Cause.NONE
        concerned = used & (packets.fragment > 0)
        concerned[[row for row, _ in packets.tunnelled]] = True
        found: list[tuple[int, bytes]] = []
        for row, packet in _ip_packets(frames, concerned):
            fragment = parse_fragment(packet)
            if fragment is not None:
                used[row] = False
                whole = self._reassembly.add(fragment, int(frames.time_ns[row]))
                if whole is not None:
                    found.append((row, whole))
        rows = [row for row, _ in found]
        sizes = np.array([len(packet) for _, packet in found], np.int64)
        content = b"".join(packet for _, packet in found) + bytes(PADDING)
        joined = Frames(
            np.frombuffer(content, np.uint8),
            np.cumsum(sizes) - sizes,
            sizes,
            sizes,
            frames.time_ns[rows],
            np.full(len(rows), Link.RAW_IP[0], np.int32),
        )
        return joined, rows, used

    def _payloads(self, frames: Frames, packets: Packets, rows: Rows) -> Iterator[Datagram]:
        """What the packets in these rows carry, in their order."""
        if not len(rows):
            return
        mine = packets.take(rows)
        ports = np.stack([mine.source_port, mine.destination_port], axis=1).view(np.uint8)
        keys = np.concatenate([mine.source, mine.destination, ports], axis=1)
        columns = (
            mine.protocol,
            keys.view(f"V{_KEY.size}").reshape(-1),
            mine.time_ns // _MS_NS,
            mine.payload_start,
            mine.payload_start + mine.payload_length,
            mine.payload_cut,
            mine.tcp_flags,
            mine.tcp_seq,
        )
        for protocol, key, time_ms, start, end, cut, flags, sequence in zip(
            *(column.tolist() for column in columns), strict=True
        ):
            payload = frames.data[start:end].tobytes()
            if protocol == Protocol.UDP:
                yield Datagram(time_ms, *self._ends(key), payload, None, lost=False, cut=cut)
            elif protocol == Protocol.SCTP:
                for message in user_messages(payload, self._tally):
                    yield Datagram(time_ms, *self._ends(key), message, None, lost=False)
            else:
                segment = Segment(sequence, flags, time_ms, payload, cut)
                for whose, part in self._streams.add(key, segment):
                    yield self._datagram(whose, part)

    def _datagram(self, key: bytes, part: Part) -> Datagram:
        return Datagram(
            part.time_ms, *self._ends(key), part.payload, part.stream, part.lost, part.cut
        )

    def _ends(self, key: bytes) -> tuple[tuple[str, int], tuple[str, int]]:
        source, destination, *ports = _KEY.unpack(key)
        return (self._text(source), ports[0]), (self._text(destination), ports[1])

    def _text(self, address: bytes) -> str:
        text = self._texts.get(address)
        if text is None:
            if len(self._texts) >= _MAX_ADDRESSES:
                self._texts.clear()
            text = self._texts[address] = address_to_text(address)
        return text


def _carrying(packets: Packets) -> Flags:
    """Which packets have a payload, or begin a TCP connection."""
    tcp = packets.protocol == Protocol.TCP
    opens = tcp & (packets.tcp_flags & TcpFlag.SYN != 0)
    carries = np.isin(packets.protocol, _CARRIERS) & (packets.payload_length > 0)
    return (packets.cause == Cause.NONE) & (carries | opens)


def _ip_packets(frames: Frames, concerned: Flags) -> Iterator[tuple[int, bytes]]:
    """The outermost IP packets of some frames, with their rows, in capture order."""
    if not concerned.any():
        return
    rows = np.flatnonzero(concerned)
    starts, ends = frames.start[rows], (frames.start + frames.captured)[rows]
    cursor = Cursor(rows, starts, ends, (frames.start + frames.wire)[rows])
    cause = np.zeros(len(frames), np.uint8)
    links = frames.link[rows]
    found = join(
        [
            strip_link(frames.data, int(link), cursor.take(links == link), cause)
            for link in np.unique(links)
        ]
    )
    for i in np.argsort(found.row).tolist():
        yield int(found.row[i]), frames.data[found.at[i] : found.end[i]].tobytes()
