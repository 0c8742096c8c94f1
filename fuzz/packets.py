"""Captures around the bytes that are tried, so that they reach what looks into packets."""

import struct
from collections.abc import Iterable, Iterator
from itertools import count

SERVER = bytes((198, 51, 100, 1))
SAYS_SERVER, BEGINS = 0x8000, 0x4000
TCP, SYN = 1, 2
_LONGEST = 0x3FFF


def as_conversations(data: bytes) -> bytes:
    """A capture of conversations that carry the bytes.

    A piece begins with two octets: the highest bit says that the server speaks, the next one that
    another conversation begins, the others how much is said. If one begins, five octets follow:
    whether it is of TCP (else of UDP) and whether a SYN is seen first, and the ports of client and
    server.
    """
    return _pcap(_packets(data))


def _packets(data: bytes) -> Iterator[bytes]:
    numbers = count(1)
    client, kind, ports, sequence = _address(0), 0, (40_000, 53), [1, 1]
    at = 0
    while at < len(data):
        (head,) = struct.unpack(">H", data[at : at + 2].rjust(2, b"\0"))
        at += 2
        if head & BEGINS:
            kind, *ends = struct.unpack(">BHH", data[at : at + 5].ljust(5, b"\0"))
            at += 5
            client, ports, sequence = _address(next(numbers)), (ends[0], ends[1]), [1, 1]
            if kind & TCP and kind & SYN:
                yield packet(client, SERVER, ports, b"", tcp=(0, 2))
        said = data[at : at + (head & _LONGEST)]
        at += head & _LONGEST
        way = int(bool(head & SAYS_SERVER))
        tcp = (sequence[way], 24) if kind & TCP else None
        if way:
            yield packet(SERVER, client, (ports[1], ports[0]), said, tcp=tcp)
        else:
            yield packet(client, SERVER, ports, said, tcp=tcp)
        sequence[way] += len(said)


def _address(number: int) -> bytes:
    return struct.pack(">I", 0x0A000000 + number)


def as_datagram(data: bytes) -> bytes:
    """A capture of one datagram to the port of sFlow."""
    return _pcap([packet(_address(1), SERVER, (40_000, 6343), data[:65_000])])


def packet(
    source: bytes,
    destination: bytes,
    ports: tuple[int, int],
    payload: bytes,
    tcp: tuple[int, int] | None = None,
) -> bytes:
    """An IPv4 packet of UDP, or of TCP with a sequence number and flags."""
    if tcp is None:
        body = struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload
    else:
        sequence, flags = tcp
        body = struct.pack(">HHIIBBHHH", *ports, sequence, 0, 0x50, flags, 8192, 0, 0) + payload
    protocol = 17 if tcp is None else 6
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0)
    return head + source + destination + body


def _pcap(packets: Iterable[bytes]) -> bytes:
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 101)
    records = (
        struct.pack("<IIII", 1_500_000_000 + n, 0, len(p), len(p)) + p
        for n, p in enumerate(packets)
    )
    return head + b"".join(records)
