"""Tunnels in clear: the packet inside is what counts, as in Zeek; the outer one is its envelope."""

import numpy as np

from folkways.formats.headers import GENEVE, GRE, GTP, OCTET, WORD, EtherType, Protocol, TunnelPort
from folkways.read.capture.frames import Integers, Octets, gather
from folkways.read.capture.link import Causes, by_ethertype, ethernet, ppp
from folkways.read.capture.packets import Cursor, Packets, join

MAX_TUNNELS = 4
_UDP_HEADER = 8
_VXLAN_KNOWN_NETWORK = 0x08000000
_GTP_USER_DATA = 255
_GRE_CHECKSUM, _GRE_ROUTING, _GRE_KEY, _GRE_SEQUENCE = 0x80, 0x40, 0x20, 0x10
_PPTP_ACKNOWLEDGED = 0x80


def enter_tunnels(data: Octets, carried: Cursor, packets: Packets) -> Cursor:
    """The inner IP packets of those that are tunnels: IP in IP, GRE, VXLAN, ...

    What comes back may still be no IP packet; then the outer one goes on counting.
    """
    protocol = packets.protocol[carried.row]
    # What is wrong inside a tunnel is no reason not to count the outer packet.
    ignored = np.zeros(len(packets), np.uint8)
    found = [carried.take((protocol == Protocol.IPV4) | (protocol == Protocol.IPV6))]
    gre = protocol == Protocol.GRE
    if gre.any():
        found.append(_gre(data, carried.take(gre), ignored))
    ports = (packets.source_port[carried.row], packets.destination_port[carried.row])
    udp = (protocol == Protocol.UDP) & carried.has(_UDP_HEADER + 4)
    for port, enter in (
        (TunnelPort.VXLAN, _vxlan),
        (TunnelPort.GTP_U, _gtp),
        (TunnelPort.TEREDO, _teredo),
        (TunnelPort.GRE, _gre),
        (TunnelPort.GENEVE, _geneve),
    ):
        mine = udp & ((ports[0] == port) | (ports[1] == port))
        if mine.any():
            found.append(enter(data, carried.take(mine, _UDP_HEADER), ignored))
    return join([c for c in found if len(c)])


def _gre(data: Octets, cursor: Cursor, ignored: Causes) -> Cursor:
    """RFC 2784 and 2890 (version 0), and the enhanced form of PPTP (version 1)."""
    cursor = cursor.take(cursor.has(GRE.itemsize))
    head = gather(data, cursor.at, GRE)
    flags, version = head["flags"], head["version"] & 7
    kind = head["type"].astype(np.int64)
    size = np.full(len(cursor), GRE.itemsize, np.int64)
    for bit in (_GRE_CHECKSUM, _GRE_KEY, _GRE_SEQUENCE):
        size[(flags & bit) != 0] += 4
    size[(version == 1) & ((head["version"] & _PPTP_ACKNOWLEDGED) != 0)] += 4
    plain = (version == 0) & ((flags & _GRE_ROUTING) == 0)
    framed = plain & (kind == EtherType.TRANSPARENT_ETHERNET)
    pptp = (version <= 1) & (kind == EtherType.PPP) & ((flags & _GRE_ROUTING) == 0)
    typed = plain & ~framed & ~pptp
    return join(
        [
            by_ethertype(data, cursor.take(typed, size[typed]), kind[typed], ignored),
            ethernet(data, cursor.take(framed, size[framed]), ignored),
            ppp(data, cursor.take(pptp, size[pptp]), ignored),
        ]
    )


def _vxlan(data: Octets, cursor: Cursor, ignored: Causes) -> Cursor:
    cursor = cursor.take(cursor.has(8))
    known = gather(data, cursor.at, WORD)["value"] == _VXLAN_KNOWN_NETWORK
    return ethernet(data, cursor.take(known, 8), ignored)


def _geneve(data: Octets, cursor: Cursor, ignored: Causes) -> Cursor:
    """RFC 8926: version 0, options in words of four bytes, then what an EtherType says."""
    cursor = cursor.take(cursor.has(8))
    head = gather(data, cursor.at, GENEVE)
    user = (head["options"] >> 6 == 0) & (head["flags"] & 0x80 == 0)
    framed = user & (head["type"] == EtherType.TRANSPARENT_ETHERNET)
    typed = user & ~framed
    size = 8 + (head["options"] & 0x3F).astype(np.int64) * 4
    kind = head["type"].astype(np.int64)
    return join(
        [
            ethernet(data, cursor.take(framed, size[framed]), ignored),
            by_ethertype(data, cursor.take(typed, size[typed]), kind[typed], ignored),
        ]
    )


def _gtp(data: Octets, cursor: Cursor, ignored: Causes) -> Cursor:
    """GTP version 1 user data (G-PDU), with its optional fields and extension headers."""
    del ignored
    cursor = cursor.take(cursor.has(8))
    head = gather(data, cursor.at, GTP)
    # Version 1 and protocol type 1 are the bits 001 1; bit 4 is spare and zero.
    user = (head["flags"] & 0xF8 == 0x30) & (head["type"] == _GTP_USER_DATA)
    optional = user & (head["flags"] & 7 != 0)
    extended = optional & (head["flags"] & 4 != 0)
    found = [cursor.take(user & ~optional, 8), cursor.take(optional & ~extended, 12)]
    chain = cursor.take(extended & cursor.has(12), 12)
    kind = gather(data, chain.at - 1, OCTET)["value"]
    for _ in range(MAX_TUNNELS):
        found.append(chain.take(kind == 0))
        chain = chain.take((kind != 0) & chain.has(4))
        if not len(chain):
            break
        size = gather(data, chain.at, OCTET)["value"].astype(np.int64) * 4
        inside = (size > 0) & (chain.at + size <= chain.end)
        chain = chain.take(inside, size[inside])
        kind = gather(data, chain.at - 1, OCTET)["value"]
    return join(found)


def _teredo(data: Octets, cursor: Cursor, ignored: Causes) -> Cursor:
    """IPv6 in UDP, after an authentication and an origin header where there are such."""
    del ignored
    size: Integers = np.zeros(len(cursor), np.int64)
    first = gather(data, cursor.at, WORD)["value"].astype(np.int64)
    signed = first >> 16 == 1
    size[signed] = 13 + ((first[signed] >> 8) & 0xFF) + (first[signed] & 0xFF)
    cursor = cursor.take(size >= 0, size)
    cursor = cursor.take(cursor.has(4))
    origin = gather(data, cursor.at, WORD)["value"] >> 16 == 0
    cursor = cursor.take(slice(None), np.where(origin, 8, 0))
    cursor = cursor.take(cursor.has(1))
    return cursor.take(gather(data, cursor.at, OCTET)["value"] >> 4 == 6)
