"""sFlow datagrams, the packets in them and captures of them, built by the specifications."""

import random
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path
from struct import pack
from typing import Any

from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.reader import ReadOptions
from folkways.read.sflow import SflowReader
from folkways.read.source import Source

Row = dict[str, Any]
START_MS = 1_700_000_000_000
ETHERNET, PPP, IPV4, IPV6, MPLS, POS = 1, 7, 11, 12, 13, 14
UNKNOWN_INTERFACE = 0x3FFFFFFF


def address(text: str) -> bytes:
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return socket.inet_pton(family, text)


def typed(text: str) -> bytes:
    """An address after its type."""
    found = address(text)
    return pack(">I", 1 if len(found) == 4 else 2) + found


def ip(
    payload: bytes,
    protocol: int,
    source: str = "10.0.0.1",
    destination: str = "198.51.100.7",
    *,
    length: int | None = None,
    fragment: int = 0,
) -> bytes:
    """An IP packet; ``length`` is what its header says, if not what it has."""
    ends = address(source) + address(destination)
    if len(ends) == 8:
        whole = 20 + len(payload) if length is None else length
        return pack(">BBHHHBBH", 0x45, 0, whole, 9, fragment, 64, protocol, 0) + ends + payload
    whole = len(payload) if length is None else length - 40
    return pack(">IHBB", 6 << 28, whole, protocol, 64) + ends + payload


def tcp(source: int = 1234, destination: int = 443, flags: int = 2) -> bytes:
    return pack(">HHIIBBHHH", source, destination, 7, 0, 0x50, flags, 0, 0, 0)


def udp(payload: bytes = b"\0" * 8, source: int = 53, destination: int = 5353) -> bytes:
    return pack(">4H", source, destination, 8 + len(payload), 0) + payload


def ethernet(packet: bytes, tags: Sequence[int] = (), kind: int | None = None) -> bytes:
    """A frame; the tags are EtherTypes of VLAN headers."""
    if kind is None:
        kind = 0x86DD if packet[0] >> 4 == 6 else 0x0800
    words = [*tags, kind]
    tagged = b"".join(pack(">HH", 7, after) for after in words[1:])
    return bytes([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]) + pack(">H", words[0]) + tagged + packet


def labels(packet: bytes, count: int = 2) -> bytes:
    """MPLS label stack entries before a packet."""
    return (
        b"".join(pack(">I", (16 + i) << 12 | (i == count - 1) << 8 | 64) for i in range(count))
        + packet
    )


def pppoe(packet: bytes) -> bytes:
    kind = 0x57 if packet[0] >> 4 == 6 else 0x21
    return pack(">BBHHH", 0x11, 0, 9, 2 + len(packet), kind) + packet


def gre(packet: bytes) -> bytes:
    return pack(">HH", 0, 0x86DD if packet[0] >> 4 == 6 else 0x0800) + packet


def vxlan(frame: bytes) -> bytes:
    return udp(pack(">II", 0x08000000, 9 << 8) + frame, 40_000, 4789)


def part(kind: int, body: bytes) -> bytes:
    """A sample or record."""
    return pack(">2I", kind, len(body)) + body


def raw(
    head: bytes, protocol: int = ETHERNET, frame: int | None = None, stripped: int = 4
) -> bytes:
    """A raw header record; ``frame`` is the length of the frame with what was stripped."""
    whole = len(head) + stripped if frame is None else frame
    words = pack(">4I", protocol, whole, stripped, len(head))
    return part(1, words + head + bytes(-len(head) % 4))


def structure(
    source: str,
    destination: str,
    length: int = 99,
    protocol: int = 17,
    *,
    ports: tuple[int, int] = (53, 54),
    flags: int = 0,
) -> bytes:
    """What agents say of an IP packet whose header they do not give."""
    ends = address(source) + address(destination)
    words = pack(">2I", length, protocol) + ends + pack(">4I", *ports, flags, 0)
    return part(3 if len(ends) == 8 else 4, words)


def switch() -> bytes:
    return part(1001, pack(">4I", 7, 0, 8, 0))


def gateway(
    source: int, *segments: tuple[int, Sequence[int]], hop: str | None = "10.9.9.1"
) -> bytes:
    """AS numbers; segments are 1 (set) or 2 (sequence) and what is in them."""
    path = b"".join(pack(f">2I{len(n)}I", kind, len(n), *n) for kind, n in segments)
    words = pack(">4I", 64_500, source, 64_501, len(segments)) + path + pack(">2I", 0, 100)
    return part(1003, (typed(hop) if hop else bytes(4)) + words)


def nat(source: str, destination: str) -> bytes:
    return part(1007, typed(source) + typed(destination))


def nat_ports(source: int, destination: int) -> bytes:
    return part(1020, pack(">2I", source, destination))


def flow(
    *records: bytes,
    source: int = 7,
    rate: int = 512,
    drops: int = 0,
    ways: tuple[int, int] = (UNKNOWN_INTERFACE, UNKNOWN_INTERFACE),
    claimed: int | None = None,
    sequence: int = 1,
) -> bytes:
    """A flow sample."""
    count = len(records) if claimed is None else claimed
    head = pack(">8I", sequence, source, rate, 0, drops, *ways, count)
    return part(1, head + b"".join(records))


def expanded(
    *records: bytes,
    source: tuple[int, int] = (0, 7),
    rate: int = 512,
    drops: int = 0,
    ways: tuple[int, int, int, int] = (0, 0, 0, 0),
) -> bytes:
    """A flow sample whose indices have 32 bits."""
    head = pack(">11I", 1, *source, rate, 0, drops, *ways, len(records))
    return part(3, head + b"".join(records))


def notice(
    *records: bytes,
    source: tuple[int, int] = (0, 7),
    drops: int = 0,
    ways: tuple[int, int] = (7, 8),
    reason: int = 256,
) -> bytes:
    """A notice of a discarded packet."""
    return part(5, pack(">8I", 1, *source, drops, *ways, reason, len(records)) + b"".join(records))


def datagram(
    sequence: int,
    *samples: bytes,
    agent: str = "192.0.2.1",
    sub_agent: int = 0,
    uptime: int = 0,
    claimed: int | None = None,
) -> bytes:
    count = len(samples) if claimed is None else claimed
    head = pack(">I", 5) + typed(agent) + pack(">4I", sub_agent, sequence, uptime, count)
    return head + b"".join(samples)


def pcap(
    payloads: Iterable[bytes], *, snaplen: int = 65_535, start_s: int = START_MS // 1000
) -> bytes:
    """Payloads in Ethernet, IPv4 and UDP, a second apart."""
    parts = [pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snaplen, 1)]
    for i, payload in enumerate(payloads):
        data = ethernet(ip(udp(payload, 5000, 6343), 17, "10.9.9.9", "10.9.9.8"))
        kept = data[:snaplen]
        parts.append(pack("<4I", start_s + i, 0, len(kept), len(data)) + kept)
    return b"".join(parts)


def read_content(
    content: bytes, folder: Path, options: ReadOptions | None = None
) -> tuple[list[Row], Tally]:
    """All rows of a capture file's octets."""
    path = folder / "a.pcap"
    path.write_bytes(content)
    tally = Tally()
    try:
        batches = list(SflowReader().read(Source("a", path), options or ReadOptions(), tally))
    except FormatError:
        batches = []
    rows = [row for batch in batches for row in batch.rows.to_pylist()]
    check(tally, len(rows))
    return rows, tally


def check(tally: Tally, rows: int) -> None:
    """Each record is a row, or skipped."""
    assert tally.records == rows + tally.skipped.total()


def every_kind(count: int, seed: int = 5) -> list[bytes]:
    """Datagrams of so many flow samples of all kinds, and of other samples among them."""
    choose = random.Random(seed)  # noqa: S311  # repeatable, no secret
    samples = []
    for i in range(count):
        ports = choose.randrange(1, 65_536), choose.randrange(1, 65_536)
        four = f"10.{i % 250}.3.4", f"198.51.{i % 100}.{1 + i % 200}"
        six = f"2001:db8::{i + 1:x}", f"2001:db8:ffff::{i + 1:x}"
        ends = choose.choice([four, six])
        length = choose.randrange(60, 1400)
        carried = choose.choice([(tcp(*ports, choose.randrange(1, 64)), 6), (udp(b"", *ports), 17)])
        packet = ip(*carried, *ends, length=length)
        whole = ip(carried[0], carried[1], *ends)
        shape = choose.choice(_SHAPES + _TUNNELS)
        records = shape(packet, whole)
        route = [switch(), gateway(65_000 + i, (2, (65_010, i + 1)))]
        extra = choose.choice([[], [switch()], route, [nat(f"9.9.9.{i % 250}", ends[1])]])
        if shape in _TUNNELS:
            extra = extra[:1] if extra == route else []
        rate = choose.choice([0, 1, 512, 2048])
        if choose.random() < 0.5:
            samples.append(flow(*records, *extra, source=1 + i % 9, rate=rate))
        else:
            samples.append(expanded(*extra, *records, source=(0, 1 + i % 9), rate=rate))
        if i % 5 == 0:
            samples.append(part(2, pack(">3I", 1, 7, 0)))
    return [
        datagram(i // 2, *samples[at : at + 6], agent="2001:db8::a" if i % 2 else "192.0.2.1")
        for i, at in enumerate(range(0, len(samples), 6))
    ]


def _inside(outer: bytes) -> list[bytes]:
    return [raw(ethernet(outer))]


def _stated(packet: bytes) -> list[bytes]:
    """What an agent says instead of giving the header of this packet."""
    six = packet[0] >> 4 == 6
    size = 40 if six else 20
    ends = packet[8:40] if six else packet[12:20]
    half = len(ends) // 2
    family = socket.AF_INET6 if six else socket.AF_INET
    source, destination = (socket.inet_ntop(family, e) for e in (ends[:half], ends[half:]))
    length = int.from_bytes(packet[4:6] if six else packet[2:4], "big") + (40 if six else 0)
    carried = packet[size:]
    ports = int.from_bytes(carried[:2], "big"), int.from_bytes(carried[2:4], "big")
    protocol = packet[6 if six else 9]
    flags = carried[13] if protocol == 6 else 0
    return [structure(source, destination, length, protocol, ports=ports, flags=flags)]


_SHAPES = (
    lambda packet, _: _stated(packet),
    lambda packet, _: [raw(ethernet(packet), frame=1518)],
    lambda packet, _: [raw(ethernet(packet, (0x8100,)), frame=1518)],
    lambda packet, _: [raw(ethernet(packet, (0x88A8, 0x8100)), frame=1518)],
    lambda packet, _: [raw(ethernet(labels(packet), kind=0x8847), frame=1518)],
    lambda packet, _: [raw(ethernet(pppoe(packet), kind=0x8864), frame=1518)],
    lambda packet, _: [raw(packet, IPV6 if packet[0] >> 4 == 6 else IPV4, 1500, 0)],
    lambda packet, _: [
        raw(b"\xff\x03" + (b"\0\x57" if packet[0] >> 4 == 6 else b"\0\x21") + packet, PPP, 1500)
    ],
    lambda packet, _: [raw(labels(packet, 1), MPLS, 1500, 0)],
)
_TUNNELS = (
    lambda _, whole: _inside(ip(vxlan(ethernet(whole)), 17, "10.0.0.8", "10.0.0.9")),
    lambda _, whole: _inside(ip(gre(whole), 47, "10.0.0.8", "10.0.0.9")),
    lambda _, whole: _inside(ip(whole, 41 if whole[0] >> 4 == 6 else 4, "10.0.0.8", "10.0.0.9")),
)
