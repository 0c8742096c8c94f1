"""SiLK files by hand: one flow in every record format, packed as SiLK's documents lay it out.

The flow starts 1,234,567 ms into the hour 2023-11-14 22:00 UTC and lasts 5,432 ms: 10.1.2.3:51000
to 192.0.2.7:443, TCP, 10 packets, 1,234 bytes, first packet SYN (2), the rest PSH, ACK, FIN (0x19).
Nothing here uses the reader's own table of layouts.
"""

import struct
import zlib
from collections.abc import Callable

import lzallright
import pyarrow as pa

HOUR_S = 1_699_999_200
OFFSET_MS, ELAPSED_MS = 1_234_567, 5_432
START_S, FRACTION = HOUR_S + 1_234, 567
SOURCE, DESTINATION = 0x0A010203, 0xC0000207
SPORT, DPORT, APPLICATION, PACKETS, OCTETS = 51_000, 443, 443, 10, 1_234
FIRST, REST, EVERY, STATE = 0x02, 0x19, 0x1B, 0x01
SENSOR, FLOWTYPE = 3, 1
RATIO = 123 << 6 | 25  # 123.4 bytes a packet, the fraction cut to 64ths
V4 = bytes(10) + b"\xff\xff"

FORMATS = {
    "FT_RWIPV6": 0x0B,
    "FT_RWIPV6ROUTING": 0x0C,
    "FT_RWAUGSNMPOUT": 0x0D,
    "FT_RWAUGROUTING": 0x0E,
    "FT_RWROUTED": 0x10,
    "FT_RWNOTROUTED": 0x11,
    "FT_RWSPLIT": 0x12,
    "FT_RWFILTER": 0x13,
    "FT_RWAUGMENTED": 0x14,
    "FT_RWAUGWEB": 0x15,
    "FT_RWGENERIC": 0x16,
    "FT_FLOWCAP": 0x1C,
    "FT_RWWWW": 0x1F,
}
_WIDE = V4 + SOURCE.to_bytes(4, "big") + V4 + DESTINATION.to_bytes(4, "big")
_IPS, _PORTS = ("II", SOURCE, DESTINATION), ("HH", SPORT, DPORT)
_WEB_SERVER = 1  # 443
_BPP_HIGH, _BPP_LOW = RATIO >> 10, RATIO & 0x3FF

Part = tuple[str, *tuple[int, ...]]


def _whole(*last: Part) -> tuple[Part, ...]:
    start = ("qIHHBBH", START_S * 1000 + FRACTION, ELAPSED_MS, SPORT, DPORT, 6, FLOWTYPE, SENSOR)
    return (start, ("BBBBHH", EVERY, FIRST, REST, STATE, APPLICATION, 0), *last)


def _hour1(*last: Part) -> tuple[Part, ...]:
    return (("II", PACKETS << 12 | 5 << 1, 1_234 << 20 | RATIO), *last)


def _hour3(low: int) -> Part:
    """``low``: the eleven bits that differ between formats."""
    word = FRACTION << 22 | 432 << 12 | low
    return ("III", PACKETS << 12 | 1_234, RATIO << 12 | 5, word)


def _hour4(high: int) -> Part:
    """``high``: flags, and the four bits before the packets."""
    first = OFFSET_MS << 10 | _BPP_HIGH
    return ("III", first, _BPP_LOW << 22 | ELAPSED_MS, high | PACKETS)


_HOUR5: Part = ("IBBH", REST << 24 | 1 << 23 | OFFSET_MS, FIRST, STATE, APPLICATION)
_LONG: Part = ("III", ELAPSED_MS, PACKETS, OCTETS)
_TCP3, _WEB3 = 1 << 10, _WEB_SERVER << 8
_TCP4, _WEB4 = 1 << 22, _WEB_SERVER << 20
_EXTRA3: tuple[Part, ...] = (("HBB", APPLICATION, STATE, REST),)
_EXTRA4: tuple[Part, ...] = (("BBH", STATE, REST, APPLICATION),)
_OLD_FILTER: tuple[Part, ...] = (
    *(_IPS, _PORTS, ("BBBBI", 6, EVERY, 1, 2, 9), ("I", START_S)),
    ("I", PACKETS << 12 | 5 << 1),
)
_NEW_FILTER: tuple[Part, ...] = (_IPS, _PORTS, ("IHHII", 9, 1, 2, START_S, 5))
_GENERIC: tuple[Part, ...] = (
    *(_IPS, _PORTS, ("IHHII", 9, 1, 2, START_S, 5), ("II", PACKETS, OCTETS)),
    ("BBHBBBBI", 6, FLOWTYPE, SENSOR, EVERY, FIRST, REST, STATE, 0),
)
_OLD_GENERIC: tuple[Part, ...] = (
    *(_IPS, _PORTS, ("BBBBI", 6, EVERY, 1, 2, 9)),
    ("IIIIB", START_S, PACKETS, OCTETS, 5, SENSOR),
)

RECORDS: dict[tuple[str, int], tuple[Part | bytes, ...]] = {
    ("FT_RWIPV6", 1): (*_whole(("II", PACKETS, OCTETS)), _WIDE),
    ("FT_RWIPV6", 2): (_HOUR5, _PORTS, _LONG, _WIDE),
    ("FT_RWIPV6ROUTING", 1): (*_whole(("HHII", 1, 2, PACKETS, OCTETS)), _WIDE, bytes(16)),
    ("FT_RWIPV6ROUTING", 2): (*_whole(("HHII", 1, 2, PACKETS, OCTETS)), _WIDE, bytes(16)),
    ("FT_RWIPV6ROUTING", 3): (
        *_whole(("IQQ", 1, PACKETS, OCTETS)),
        *(_WIDE, bytes(16), ("I", 2)),
    ),
    ("FT_RWGENERIC", 0): (*_OLD_GENERIC, bytes(3)),
    ("FT_RWGENERIC", 1): _OLD_GENERIC,
    ("FT_RWGENERIC", 2): _GENERIC,
    ("FT_RWGENERIC", 4): (*_GENERIC, ("HHHH", FRACTION, 432, APPLICATION, 0)),
    ("FT_RWGENERIC", 5): (*_whole(("HHII", 1, 2, PACKETS, OCTETS)), _IPS, ("I", 9)),
    ("FT_RWFILTER", 1): (*_OLD_FILTER, ("I", RATIO << 12 | SENSOR << 6)),
    ("FT_RWFILTER", 2): (*_OLD_FILTER, ("I", RATIO << 12 | SENSOR)),
    ("FT_RWFILTER", 3): (
        *(*_NEW_FILTER, ("II", PACKETS << 12 | FLOWTYPE, RATIO << 12)),
        ("HBB", SENSOR, 6, EVERY),
    ),
    ("FT_RWFILTER", 5): (
        *(*_NEW_FILTER, ("II", PACKETS << 12 | 1 << 10 | FRACTION, RATIO << 12 | 432)),
        *(("HBB", SENSOR, FLOWTYPE, FIRST), *_EXTRA3),
    ),
    ("FT_RWSPLIT", 2): (_IPS, _PORTS, *_hour1(("BB", 6, EVERY))),
    ("FT_RWSPLIT", 3): (_IPS, _PORTS, _hour3(_TCP3 | EVERY)),
    ("FT_RWSPLIT", 5): (_hour4(EVERY << 24 | _TCP4), _PORTS, _IPS),
    ("FT_RWNOTROUTED", 1): (_IPS, _PORTS, *_hour1(("BBB", 6, EVERY, 1))),
    ("FT_RWNOTROUTED", 4): (_IPS, _PORTS, _hour3(_TCP3 | EVERY), ("H", 1)),
    ("FT_RWNOTROUTED", 5): (_hour4(EVERY << 24 | _TCP4), _PORTS, _IPS, ("H", 1)),
    ("FT_RWROUTED", 2): (_IPS, ("I", 9), _PORTS, *_hour1(("BBBB", 6, EVERY, 1, 2))),
    ("FT_RWROUTED", 3): (_IPS, _PORTS, _hour3(_TCP3 | EVERY), ("IHH", 9, 1, 2)),
    ("FT_RWROUTED", 5): (_hour4(EVERY << 24 | _TCP4), _PORTS, ("HH", 1, 2), _IPS, ("I", 9)),
    ("FT_RWWWW", 2): (_IPS, *_hour1(("HBB", SPORT, EVERY, _WEB_SERVER << 6))),
    ("FT_RWWWW", 4): (_IPS, _hour3(_WEB3 | EVERY), ("H", SPORT)),
    ("FT_RWWWW", 5): (_hour4(EVERY << 24 | _WEB4), _IPS, ("H", SPORT)),
    ("FT_RWAUGMENTED", 3): (_IPS, _PORTS, _hour3(_TCP3 | FIRST), *_EXTRA3),
    ("FT_RWAUGMENTED", 4): (_hour4(FIRST << 24 | _TCP4), *_EXTRA4, _PORTS, _IPS),
    ("FT_RWAUGMENTED", 5): (_HOUR5, _PORTS, _LONG, _IPS),
    ("FT_RWAUGROUTING", 2): (
        *(_IPS, _PORTS, _hour3(_TCP3 | FIRST), *_EXTRA3),
        ("IHH", 9, 1, 2),
    ),
    ("FT_RWAUGROUTING", 4): (
        *(_hour4(FIRST << 24 | _TCP4), *_EXTRA4, _PORTS),
        *(("HH", 1, 2), _IPS, ("I", 9)),
    ),
    ("FT_RWAUGROUTING", 5): (_HOUR5, _PORTS, _LONG, _IPS, ("IHH", 9, 1, 2)),
    ("FT_RWAUGSNMPOUT", 1): (_IPS, _PORTS, _hour3(_TCP3 | FIRST), *_EXTRA3, ("H", 2)),
    ("FT_RWAUGSNMPOUT", 4): (_hour4(FIRST << 24 | _TCP4), *_EXTRA4, _PORTS, _IPS, ("H", 2)),
    ("FT_RWAUGSNMPOUT", 5): (_HOUR5, _PORTS, _LONG, _IPS, ("H", 2)),
    ("FT_RWAUGWEB", 3): (
        *(_IPS, _hour3(_WEB3 | FIRST)),
        ("HHBB", SPORT, APPLICATION, STATE, REST),
    ),
    ("FT_RWAUGWEB", 4): (_hour4(FIRST << 24 | _WEB4), *_EXTRA4, _IPS, ("H", SPORT)),
    ("FT_RWAUGWEB", 5): (
        *(_HOUR5, ("III", _WEB_SERVER << 30 | ELAPSED_MS, PACKETS, OCTETS)),
        *(_IPS, ("H", SPORT)),
    ),
}
"""Words of each record, in order; octets that are the same in both byte orders as bytes."""


def flowcap(version: int, order: str) -> bytes:
    """Flowcap's record, the one with words of three octets."""
    head = struct.pack(f"{order}IIIIHHH", SOURCE, DESTINATION, OCTETS, START_S, 5, SPORT, DPORT)
    middle = b"" if version == 2 else struct.pack(f"{order}H", APPLICATION)
    middle += bytes(4) if version >= 5 else bytes(2)
    packets = PACKETS.to_bytes(3, "big" if order == ">" else "little") + b"\x06"
    if version == 2:
        return head + middle + packets + bytes((EVERY, 0))
    fraction = (FRACTION << 14 | 432 << 4).to_bytes(3, "big")
    tail = bytes(4) if version == 4 else b""
    return head + middle + packets + bytes((REST, FIRST, STATE)) + fraction + tail


def record(kind: str, version: int, order: str) -> bytes:
    """The flow in a record format; ``order`` is < or >."""
    if kind == "FT_FLOWCAP":
        return flowcap(version, order)
    parts = RECORDS[kind, version]
    return b"".join(
        part if isinstance(part, bytes) else struct.pack(order + part[0], *part[1:])
        for part in parts
    )


def entry(number: int, content: bytes) -> bytes:
    """A header entry."""
    return struct.pack(">II", number, 8 + len(content)) + content


PACKED = entry(2, b"rwfilter --all\0") + entry(
    1, struct.pack(">qII", HOUR_S * 1000, FLOWTYPE, SENSOR)
)


def header(
    kind: str, version: int, order: str = "<", *, compression: int = 0, entries: bytes = PACKED
) -> bytes:
    """The header of a file of version 16; a kind that is none of the flows' is an IP set."""
    start = struct.pack("BBBB", order == ">", FORMATS.get(kind, 0x1D), 16, compression)
    size = 0 if kind not in FORMATS else len(record(kind, version, order))
    more = struct.pack(">IHH", 3_019_001, size, version)
    return b"\xde\xad\xbe\xef" + start + more + entries + entry(0, bytes(3))


COMPRESS: tuple[Callable[[bytes], bytes], ...] = (
    bytes,
    zlib.compress,
    lambda data: lzallright.LZOCompressor().compress(data),
    lambda data: pa.compress(data, codec="snappy", asbytes=True),
)


def block(content: bytes, compression: int) -> bytes:
    """A compressed block."""
    packed = COMPRESS[compression](content)
    return struct.pack(">II", len(packed), len(content)) + packed
