"""Export packets wrapped as captures, by the specifications and apart from the reader's code."""

import socket
import struct
from collections.abc import Iterable, Sequence

EXPORTER, COLLECTOR = "192.0.2.7", "192.0.2.250"
MTU = 1400
UDP, TCP, SCTP = 17, 6, 132
SYN, ACK = 0x02, 0x10

Frame = tuple[int, bytes]
"""Time in ms, and the octets of an Ethernet frame."""


def ipv4(
    payload: bytes,
    protocol: int,
    source: str = EXPORTER,
    destination: str = COLLECTOR,
    *,
    ident: int = 0,
    place: int = 0,
) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), ident, place, 64, protocol, 0)
    return head + socket.inet_aton(source) + socket.inet_aton(destination) + payload


def ethernet(packet: bytes, vlans: Sequence[int] = ()) -> bytes:
    tags = b"".join(struct.pack(">HH", 0x8100, vlan) for vlan in vlans)
    return bytes(12) + tags + b"\x08\x00" + packet


def datagram(payload: bytes, ports: tuple[int, int] = (40_000, 2055)) -> bytes:
    return struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload


def fragments(payload: bytes, ident: int, source: str = EXPORTER) -> list[bytes]:
    """A UDP datagram as fragmented IP packets, the last one first."""
    whole, size = datagram(payload), 256
    starts = range(0, len(whole), size)
    return [
        ipv4(
            whole[at : at + size],
            UDP,
            source,
            ident=ident,
            place=(at + size < len(whole)) << 13 | at // 8,
        )
        for at in reversed(starts)
    ]


def segments(
    stream: bytes,
    size: int = MTU,
    start: int = 0xFFFF_F000,
    ports: tuple[int, int] = (50_000, 4739),
) -> list[bytes]:
    """A TCP connection's direction as IP packets: SYN, then the octets; numbers wrap."""

    def packet(sequence: int, flags: int, part: bytes = b"") -> bytes:
        head = struct.pack(">HHIIBBHHH", *ports, sequence % 2**32, 1, 5 << 4, flags, 1024, 0, 0)
        return ipv4(head + part, TCP)

    data = [
        packet(start + 1 + at, ACK, stream[at : at + size]) for at in range(0, len(stream), size)
    ]
    return [packet(start, SYN), *data]


def association(messages: Iterable[bytes], ports: tuple[int, int] = (50_000, 4739)) -> list[bytes]:
    """SCTP packets of a SACK chunk and two DATA chunks each, a message a chunk."""
    chunks = [
        struct.pack(">BBHIHHI", 0, 3, 16 + len(m), tsn, 0, tsn, 0) + m + bytes(-len(m) % 4)
        for tsn, m in enumerate(messages)
    ]
    sack = struct.pack(">BBHIIHH", 3, 0, 16, 1, 65_535, 0, 0)
    head = struct.pack(">HHII", *ports, 7, 0)
    return [
        ipv4(head + sack + b"".join(chunks[at : at + 2]), SCTP) for at in range(0, len(chunks), 2)
    ]


def pcap(frames: Iterable[Frame], snaplen: int = 262_144) -> bytes:
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snaplen, 1)
    for time_ms, frame in frames:
        part = frame[:snaplen]
        fraction = time_ms % 1000 * 1000
        out += struct.pack("<IIII", time_ms // 1000, fraction, len(part), len(frame)) + part
    return out


def pcapng(frames: Iterable[Frame]) -> bytes:
    """Big endian, one interface, its clock in milliseconds."""
    out = _block(0x0A0D0D0A, struct.pack(">IHHq", 0x1A2B3C4D, 1, 0, -1))
    out += _block(1, struct.pack(">HHI", 1, 0, 0) + struct.pack(">HHBxxxHH", 9, 1, 3, 0, 0))
    for time_ms, frame in frames:
        head = struct.pack(">IIIII", 0, *divmod(time_ms, 2**32), len(frame), len(frame))
        out += _block(6, head + frame)
    return out


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(">I", 12 + len(body))
    return struct.pack(">I", kind) + size + body + size
