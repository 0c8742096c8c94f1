"""Tunnels in clear: the packet inside is what counts, as in Zeek; the outer one is its envelope."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from folkways.formats.headers import GENEVE, GTP, OCTET, WORD, EtherType, Protocol, TunnelPort
from folkways.read.capture.frames import Integers, Octets, gather
from folkways.read.capture.link import NEXT_PROTOCOL, Causes, by_ethertype
from folkways.read.capture.packets import Cursor, Packets, Rows, join
from folkways.read.capture.tunnels_gre import gre
from folkways.read.capture.tunnels_layer2 import ethernet_in_ip, l2tp_in_ip, l2tp_in_udp, tzsp

MAX_TUNNELS = 4
_UDP_HEADER = 8
_VXLAN_KNOWN_NETWORK, _VXLAN_GROUP_POLICY = 0x08000000, 0x88
_GTP_USER_DATA = 255

Enter = Callable[[Octets, Cursor, Causes], Cursor]


def enter_tunnels(data: Octets, carried: Cursor, packets: Packets) -> Cursor:
    """The inner IP packets of those that are tunnels: IP in IP, GRE, VXLAN, ...

    What comes back may still be no IP packet; then the outer one goes on counting, and
    ``packets.unopened`` says what it is.
    """
    protocol = packets.protocol[carried.row]
    # What is wrong inside a tunnel is no reason not to count the outer packet.
    ignored = np.zeros(len(packets), np.uint8)
    found = []
    for place in np.flatnonzero(np.bincount(protocol, minlength=256) * (_PROTOCOLS > 0)).tolist():
        mine = carried.take(protocol == place)
        name = _PROTOCOLS[place]
        inside = _BY_PROTOCOL[place][1](data, mine, ignored)
        packets.unopened[_unopened(data, place, mine, inside)] = name
        packets.unopened[inside.row] = name
        found.append(inside)
    ports = (packets.source_port[carried.row], packets.destination_port[carried.row])
    udp = (protocol == Protocol.UDP) & (_PORTS[ports[0]] | _PORTS[ports[1]])
    udp &= carried.has(_UDP_HEADER + 4)
    if udp.any():
        for port, (label, enter) in _BY_PORT.items():
            mine = udp & ((ports[0] == port) | (ports[1] == port))
            if mine.any():
                inside = enter(data, carried.take(mine, _UDP_HEADER), ignored)
                packets.unopened[inside.row] = NAMES.index(label)
                found.append(inside)
    return join([c for c in found if len(c)])


def _unopened(data: Octets, protocol: int, tunnels: Cursor, inside: Cursor) -> Rows:
    """Those in which nothing was found, though they may carry IP in a way that is not known."""
    if protocol == Protocol.GRE:
        # Bridged frames that carry no IP are read well.
        tunnels = tunnels.take(tunnels.has(4))
        kind = gather(data, tunnels.at, WORD)["value"] & 0xFFFF
        tunnels = tunnels.take(~np.isin(kind, _BRIDGED))
    elif protocol == Protocol.L2TP:
        tunnels = tunnels.take(tunnels.has(4))
        session = gather(data, tunnels.at, WORD)["value"]
        tunnels = tunnels.take(session != 0)
    elif protocol == Protocol.ETHERIP:
        return tunnels.row[:0]
    opened = np.isin(tunnels.row, inside.row)
    rows: Rows = tunnels.row[~opened]
    return rows


def _itself(data: Octets, cursor: Cursor, ignored: Causes) -> Cursor:
    del data, ignored
    return cursor


def _closed(data: Octets, cursor: Cursor, ignored: Causes) -> Cursor:
    del data, ignored
    return cursor.take(slice(0))


def _labelled(data: Octets, cursor: Cursor, ignored: Causes) -> Cursor:
    """MPLS in IP or UDP."""
    kind = np.full(len(cursor), EtherType.MPLS[0], np.int64)
    return by_ethertype(data, cursor, kind, ignored)


def _vxlan(data: Octets, cursor: Cursor, ignored: Causes) -> Cursor:
    """VXLAN, also with a group policy, and its generic extension with another protocol inside."""
    cursor = cursor.take(cursor.has(8))
    word = gather(data, cursor.at, WORD)["value"].astype(np.int64)
    policy = (word >> 24 == _VXLAN_GROUP_POLICY) & (word & 0xB70000 == 0)
    framed = (word == _VXLAN_KNOWN_NETWORK) | policy
    # Flags I and P, maybe B, version 0, no O.
    generic = (word >> 24 & 0xFD == 0x0C) & (word & 0xFFFF00 == 0)
    kind = NEXT_PROTOCOL[np.minimum(word & 0xFF, len(NEXT_PROTOCOL) - 1)]
    kind[framed] = EtherType.TRANSPARENT_ETHERNET
    known = framed | generic
    return by_ethertype(data, cursor.take(known, 8), kind[known], ignored)


def _geneve(data: Octets, cursor: Cursor, ignored: Causes) -> Cursor:
    """RFC 8926: version 0, options in words of four bytes, then what an EtherType says."""
    cursor = cursor.take(cursor.has(8))
    head = gather(data, cursor.at, GENEVE)
    user = (head["options"] >> 6 == 0) & (head["flags"] & 0x80 == 0)
    size = 8 + (head["options"] & 0x3F).astype(np.int64) * 4
    kind = head["type"].astype(np.int64)
    return by_ethertype(data, cursor.take(user, size[user]), kind[user], ignored)


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


_BY_PROTOCOL: dict[int, tuple[str, Enter]] = {
    Protocol.IPV4: ("IP in IP", _itself),
    Protocol.IPV6: ("IP in IP", _itself),
    Protocol.GRE: ("GRE", gre),
    Protocol.ESP: ("ESP", _closed),
    Protocol.ETHERIP: ("EtherIP", ethernet_in_ip),
    Protocol.IP_COMPRESSION: ("IPComp", _closed),
    Protocol.L2TP: ("L2TP", l2tp_in_ip),
    Protocol.MPLS: ("MPLS", _labelled),
}
_BY_PORT: dict[int, tuple[str, Enter]] = {
    TunnelPort.VXLAN: ("VXLAN", _vxlan),
    TunnelPort.VXLAN_LINUX: ("VXLAN", _vxlan),
    TunnelPort.VXLAN_GPE: ("VXLAN", _vxlan),
    TunnelPort.GTP_U: ("GTP-U", _gtp),
    TunnelPort.TEREDO: ("Teredo", _teredo),
    TunnelPort.GRE: ("GRE", gre),
    TunnelPort.GENEVE: ("Geneve", _geneve),
    TunnelPort.L2TP: ("L2TP", l2tp_in_udp),
    TunnelPort.MPLS: ("MPLS", _labelled),
    TunnelPort.TZSP: ("TZSP", tzsp),
}
NAMES = ("", *dict.fromkeys(name for name, _ in (*_BY_PROTOCOL.values(), *_BY_PORT.values())))
"""Tunnels by the number that stands in ``Packets.unopened``."""
_PROTOCOLS: npt.NDArray[np.uint8] = np.zeros(256, np.uint8)
for _number, (_name, _) in _BY_PROTOCOL.items():
    _PROTOCOLS[_number] = NAMES.index(_name)
_PORTS = np.zeros(65_536 + 1, np.bool_)
"""Which ports are looked at; the last place is for an unknown port, -1."""
_PORTS[list(_BY_PORT)] = True
_BRIDGED = (EtherType.TRANSPARENT_ETHERNET, EtherType.ERSPAN, EtherType.ERSPAN_3)
