"""Which packets of a chunk may hold a name or an answer, told from a few bytes of each by numpy.

Python looks at these packets only: everything else costs some array operations a chunk.
"""

import functools
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from folkways.read.capture.columns import PacketColumns
from folkways.read.capture.payload.http import METHODS
from folkways.read.capture.payload.quic_versions import known_versions

TCP, UDP = 6, 17
DNS_PORT = 53
MAX_COALESCED = 4
"""QUIC packets that are stepped over in a datagram to find an Initial."""
"""Multicast DNS (5353) and LLMNR (5355) are not here: neighbours answer there, no resolver."""

Rows = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]


class Kind(IntEnum):
    """What a packet looks like by its first bytes."""

    TLS = 1
    HTTP = 2
    QUIC = 3
    GOOGLE = 4  # Google's QUIC where the hello is in clear
    DTLS = 5
    DNS_UDP = 6
    DNS_TCP = 7


def select(packets: PacketColumns) -> tuple[Rows, npt.NDArray[np.uint8]]:
    """Row numbers of the packets worth a look, in capture order, and the ``Kind`` of each."""
    length = packets.payload_length
    kinds = np.zeros(len(packets), np.uint8)
    tcp = np.flatnonzero((packets.protocol == TCP) & (length > 0))
    kinds[tcp] = _tcp_kinds(packets, tcp)
    udp = np.flatnonzero((packets.protocol == UDP) & (length >= 12))
    kinds[udp] = _udp_kinds(packets, udp)
    rows = np.flatnonzero(kinds)
    return rows, kinds[rows]


def _tcp_kinds(packets: PacketColumns, rows: Rows) -> npt.NDArray[np.uint8]:
    start = packets.payload_start[rows]
    length = packets.payload_length[rows]
    kinds = _tcp_firsts()[packets.data[start]]
    kinds[packets.source_port[rows] == DNS_PORT] = Kind.DNS_TCP

    # Payloads shorter than 8 bytes are kept by their first byte: a hello may be split anywhere.
    long = np.flatnonzero((kinds > 0) & (kinds < Kind.DNS_TCP) & (length >= 8))
    words = _words(packets.data, start[long])
    # Handshake record of major version 3 that begins with a client hello.
    hello = (words & 0xFFFF_0000_00FF_0000) == 0x1603_0000_0001_0000
    request = np.isin(words >> 32, _method_words())
    kinds[long[~(hello | request)]] = 0
    return kinds


def _udp_kinds(packets: PacketColumns, rows: Rows) -> npt.NDArray[np.uint8]:
    start = packets.payload_start[rows]
    words = _words(packets.data, start)
    first = words >> 56
    kinds = np.zeros(len(rows), np.uint8)

    quic = np.flatnonzero(first >= 0x80)
    numbers, initial, plain = _quic_versions()
    version = (words[quic] >> 24) & 0xFFFF_FFFF
    at = np.minimum(np.searchsorted(numbers, version), len(numbers) - 1)
    known = numbers[at] == version
    kinds[quic[known & plain[at]]] = Kind.GOOGLE
    protected = known & ~plain[at]
    begins = initial[at] == (first[quic] >> 4) & 3
    kinds[quic[protected & begins]] = Kind.QUIC
    other = np.flatnonzero(protected & ~begins)
    followed = _initial_follows(packets, rows[quic[other]], initial[at[other]])
    kinds[quic[other[followed]]] = Kind.QUIC

    # Public header with version and an 8-byte connection id: "Q0" follows at byte 9.
    google = np.flatnonzero((first & 0x89) == 0x09)
    google = google[packets.payload_length[rows[google]] >= 17]
    tag = _words(packets.data, start[google] + 9) >> 48
    kinds[google[tag == 0x5130]] = Kind.GOOGLE

    # Handshake record (22) of DTLS 1.0 or 1.2, epoch 0.
    kinds[((words >> 48) == 0x16FE) & (words & 0xFF_FF00_0000 == 0)] = Kind.DTLS

    # A response (QR) to a query (opcode 0) without error that has answers.
    answer = ((words & 0xF80F_0000_0000) == 0x8000_0000_0000) & ((words & 0xFFFF) != 0)
    kinds[answer & (packets.source_port[rows] == DNS_PORT)] = Kind.DNS_UDP
    return kinds


def _initial_follows(packets: PacketColumns, rows: Rows, initial: Words) -> Rows:
    """Of QUIC packets that are no Initial, those behind which one stands in the same datagram.

    A client may put its early data (0-RTT) first, and a server what completes the handshake.
    """
    data, at = packets.data, packets.payload_start[rows]
    end = at + packets.payload_length[rows]
    found, which = [], np.arange(len(rows))
    for _ in range(MAX_COALESCED):
        if not len(which):
            break
        words = _words(data, at)
        version = (words >> 24) & 0xFFFF_FFFF
        for _connection_id in range(2):
            at = at + 1 + data[np.minimum(at + 5, end - 1)]
        length, size = _varints(data, np.minimum(at + 5, len(data) - 8))
        at = at + 5 + size + length
        there = at + 7 < end
        following = _words(data, np.where(there, at, 0))
        there &= (following >> 63 == 1) & ((following >> 24) & 0xFFFF_FFFF == version)
        begins = (following >> 60) & 3 == initial
        found.append(which[there & begins])
        there &= ~begins
        which, at, end, initial = which[there], at[there], end[there], initial[there]
    return np.concatenate(found) if found else which


def _varints(data: npt.NDArray[np.uint8], at: Rows) -> tuple[Rows, Rows]:
    """Integers of variable length (RFC 9000 section 16) and how many bytes each takes."""
    words = _words(data, at)
    size = np.uint64(1) << (words >> 62)
    value = (words << np.uint64(2)) >> (np.uint64(66) - np.uint64(8) * size)
    # No packet is longer than 64 KiB; what says so is damaged.
    return np.minimum(value, 1 << 20).astype(np.int64), size.astype(np.int64)


def _words(data: npt.NDArray[np.uint8], at: Rows) -> Words:
    """The 8 bytes at each offset as a big-endian number; all of them must lie within ``data``."""
    if not len(at):
        return np.zeros(0, np.uint64)
    every = np.ndarray((len(data) - 7,), ">u8", buffer=data, strides=(1,))
    return every[at].astype(np.uint64)


@functools.cache
def _tcp_firsts() -> npt.NDArray[np.uint8]:
    """Kind by the first byte of a TCP payload."""
    kinds = np.zeros(256, np.uint8)
    kinds[0x16] = Kind.TLS
    kinds[[method[0] for method in METHODS]] = Kind.HTTP
    return kinds


@functools.cache
def _method_words() -> Words:
    """The first four bytes of every HTTP method with the space after it, as numbers."""
    words = {int.from_bytes((method + b" ")[:4], "big") for method in METHODS}
    return np.array(sorted(words), np.uint64)


@functools.cache
def _quic_versions() -> tuple[Words, Words, npt.NDArray[np.bool_]]:
    """Known QUIC versions, ascending; the packet type of an Initial of each; which are plain."""
    versions = sorted(known_versions().items())
    return (
        np.array([number for number, _ in versions], np.uint64),
        np.array([version.initial for _, version in versions], np.uint64),
        np.array([version.plain for _, version in versions], np.bool_),
    )
