"""The pcap and pcapng capture files: magic numbers, headers, blocks, link types.

Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng, and the list of link-layer header types
of tcpdump.org.
"""

from typing import Literal, NamedTuple

import numpy as np

Order = Literal["<", ">"]

MAX_CAPTURED = 262_144
"""Captured bytes of one packet above which a pcap record is taken for damaged (libpcap's limit)."""
MAX_BLOCK = 16 * 2**20
"""Bytes of a pcapng block above which a packet block is taken for damaged (as Wireshark does)."""


class PcapKind(NamedTuple):
    """What the magic number of a pcap file says."""

    order: Order
    """Byte order of all headers."""
    tick_ns: int
    """Nanoseconds of one unit of the fraction of a second."""
    record_header: int
    """Bytes of the header before each packet."""


PCAP_MAGIC: dict[bytes, PcapKind] = {
    b"\xa1\xb2\xc3\xd4": PcapKind(">", 1000, 16),
    b"\xd4\xc3\xb2\xa1": PcapKind("<", 1000, 16),
    b"\xa1\xb2\x3c\x4d": PcapKind(">", 1, 16),
    b"\x4d\x3c\xb2\xa1": PcapKind("<", 1, 16),
    # The header of Alexey Kuznetzov's patched libpcap has eight more bytes.
    b"\xa1\xb2\xcd\x34": PcapKind(">", 1000, 24),
    b"\x34\xcd\xb2\xa1": PcapKind("<", 1000, 24),
}
PCAP_HEADER = 24

PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"
BYTE_ORDER_MAGIC: dict[bytes, Order] = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}


class Block:
    """Types of pcapng blocks."""

    SECTION = 0x0A0D0D0A
    INTERFACE = 1
    PACKET = 2
    """Obsolete; like ENHANCED_PACKET, with 16 bits of interface and 16 of drops."""
    SIMPLE_PACKET = 3
    ENHANCED_PACKET = 6


MIN_BLOCK = 12
PACKET_FIXED = 28
"""Bytes of a packet block before its packet: type, length, interface, time, two lengths."""


class Option:
    """Options of an interface description block."""

    END = 0
    TIME_RESOLUTION = 9
    TIME_OFFSET = 14


class Link:
    """Link-layer header types (LINKTYPE_ and the DLT_ values seen in files)."""

    NULL = 0
    ETHERNET = 1
    PPP = 9
    RAW_IP = (12, 14, 101, 228, 229)
    PPP_HDLC = 50
    PPP_ETHER = 51
    CISCO_HDLC = 104
    LOOP = 108
    LINUX_COOKED = 113
    PPI = 192
    PPP_PPPD = 204
    MPLS = 219
    LINUX_COOKED_2 = 276


SWAPPED_BEFORE = (2, 3)
"""Files of an earlier version than this have the wire length before the captured one."""


def record_dtype(order: Order, *, swapped: bool) -> np.dtype[np.void]:
    """The 16 bytes that all pcap record headers begin with."""
    lengths = ("wire", "captured") if swapped else ("captured", "wire")
    names = ("seconds", "fraction", *lengths)
    return np.dtype([(name, f"{order}u4") for name in names])


def packet_block_dtype(order: Order) -> np.dtype[np.void]:
    """The 28 bytes that enhanced (and obsolete) packet blocks begin with."""
    names = ("type", "length", "interface", "time_high", "time_low", "captured", "wire")
    return np.dtype([(name, f"{order}u4") for name in names])
