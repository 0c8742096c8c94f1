"""From a frame to the IP packet in it: link layers, VLAN tags, PPPoE, PPP and MPLS."""

import numpy as np
import numpy.typing as npt

from folkways.formats.headers import (
    ETHERNET,
    HALF,
    LLC_SNAP,
    OCTET,
    PPI,
    VLAN,
    WORD,
    EtherType,
    PppType,
)
from folkways.formats.pcap import Link
from folkways.read.capture.frames import Integers, Octets, gather
from folkways.read.capture.packets import Cause, Cursor, join

MAX_TAGS = 8
"""VLAN tags, MPLS labels and PPPoE headers that are taken off one frame."""
_TYPED = {Link.CISCO_HDLC: (2, 4), Link.LINUX_COOKED: (14, 16), Link.LINUX_COOKED_2: (0, 20)}
"""Link layers with an EtherType at a place of a header of a size."""
_IPV4_FAMILY = 2
# AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, macOS, and Windows.
_IPV6_FAMILIES = (10, 24, 28, 30, 23)
_SNAP, _LLC_IP = 0xAAAA, 0x0606
_ETHERNET_INSIDE = EtherType.TRANSPARENT_ETHERNET
NEXT_PROTOCOL = np.array(
    (0, EtherType.IPV4, EtherType.IPV6, _ETHERNET_INSIDE, EtherType.NSH, EtherType.MPLS[0], 0)
)
"""What follows a network service header or VXLAN-GPE, by its number."""

Causes = npt.NDArray[np.uint8]


def strip_link(data: Octets, link: int, frames: Cursor, cause: Causes) -> Cursor:
    """The IP packets in frames of one link type; ``cause`` is set for the rest.

    Args:
        data: the chunk.
        link: link-layer header type of all of them.
        frames: where they stand.
        cause: (n,) why a packet of the chunk is not used; changed in place.
    """
    if link in _TYPED:
        return _by_field(data, frames, cause, *_TYPED[link])
    match link:
        case Link.ETHERNET:
            found = ethernet(data, frames, cause)
        case Link.NULL | Link.LOOP:
            found = _loopback(data, frames, cause)
        case Link.PPP | Link.PPP_HDLC | Link.PPP_PPPD:
            found = ppp(data, frames, cause)
        case Link.PPP_ETHER:
            found = _pppoe(data, frames, cause)
        case Link.MPLS:
            found = by_ethertype(data, *_mpls(data, frames, cause), cause)
        case Link.PPI:
            found = _ppi(data, frames, cause)
        case _ if link in Link.RAW_IP:
            found = frames
        case _:
            cause[frames.row] = Cause.LINK
            found = join([])
    return found


def _enough(cursor: Cursor, size: int, cause: Causes) -> Cursor:
    there = cursor.has(size)
    if there.all():
        return cursor
    cause[cursor.row[~there]] = Cause.CUT_LINK
    return cursor.take(there)


def ethernet(data: Octets, frames: Cursor, cause: Causes) -> Cursor:
    """IP packets in Ethernet frames, also in 802.3 frames with a SNAP header."""
    return by_ethertype(data, *_framed(data, frames, cause), cause)


def _framed(data: Octets, frames: Cursor, cause: Causes) -> tuple[Cursor, Integers]:
    """Behind the header of an Ethernet frame, and what is there."""
    frames = _enough(frames, ETHERNET.itemsize, cause)
    kind = gather(data, frames.at, ETHERNET)["type"].astype(np.int64)
    return frames.take(slice(None), ETHERNET.itemsize), kind


def _by_field(data: Octets, frames: Cursor, cause: Causes, type_at: int, size: int) -> Cursor:
    """Link headers of a fixed size with an EtherType somewhere in them."""
    frames = _enough(frames, size, cause)
    kind = gather(data, frames.at + type_at, HALF)["value"].astype(np.int64)
    # In Linux cooked captures 1 is a frame without a type (802.3) and 4 an LLC header.
    return by_ethertype(data, frames.take(slice(None), size), kind, cause)


def by_ethertype(data: Octets, cursor: Cursor, kind: Integers, cause: Causes) -> Cursor:
    """IP packets behind EtherTypes: tags, labels and PPPoE are taken off, whatever their order."""
    found: list[Cursor] = []
    for _ in range(MAX_TAGS):
        ip = (kind == EtherType.IPV4) | (kind == EtherType.IPV6)
        if ip.all():
            found.append(cursor)
            return join(found)
        found.append(cursor.take(ip))
        cause[cursor.row[kind == EtherType.ARP]] = Cause.ARP
        session = kind == EtherType.PPPOE_SESSION
        if session.any():
            found.append(_pppoe(data, cursor.take(session), cause))
        inside = []
        for known, strip in _STRIPPED.items():
            mine = kind == known
            if mine.any():
                inside.append(strip(data, cursor.take(mine), cause))
        short = kind < EtherType.MIN
        if short.any():
            inside.append(_llc(data, cursor.take(short)))
        if not inside:
            break
        cursor = join([c for c, _ in inside])
        kind = np.concatenate([k for _, k in inside])
    return join(found)


def _tagged(data: Octets, cursor: Cursor, cause: Causes) -> tuple[Cursor, Integers]:
    cursor = _enough(cursor, VLAN.itemsize, cause)
    kind = gather(data, cursor.at, VLAN)["type"].astype(np.int64)
    return cursor.take(slice(None), VLAN.itemsize), kind


def _vn_tagged(data: Octets, cursor: Cursor, cause: Causes) -> tuple[Cursor, Integers]:
    cursor = _enough(cursor, 6, cause)
    kind = gather(data, cursor.at + 4, HALF)["value"].astype(np.int64)
    return cursor.take(slice(None), 6), kind


def _backbone(data: Octets, cursor: Cursor, cause: Causes) -> tuple[Cursor, Integers]:
    """MAC in MAC: a service tag of four octets, then the customer's frame."""
    return _framed(data, _enough(cursor, 4, cause).take(slice(None), 4), cause)


def _service(data: Octets, cursor: Cursor, cause: Causes) -> tuple[Cursor, Integers]:
    """A network service header: its length in words of four octets, and what follows it."""
    cursor = _enough(cursor, 8, cause)
    word = gather(data, cursor.at, WORD)["value"].astype(np.int64)
    size = ((word >> 16) & 0x3F) * 4
    kind = NEXT_PROTOCOL[np.minimum(word & 0xFF, len(NEXT_PROTOCOL) - 1)]
    # Version 0, and no message of operation and maintenance.
    good = (word >> 29 == 0) & (size >= 8) & (kind > 0)
    return cursor.take(good, size[good]), kind[good]


def _llc(data: Octets, cursor: Cursor) -> tuple[Cursor, Integers]:
    """802.2: a SNAP header with an EtherType, or IP directly; all else is not IP."""
    cursor = cursor.take(cursor.has(LLC_SNAP.itemsize))
    head = gather(data, cursor.at, LLC_SNAP)
    snap = (head["sap"] == _SNAP) & ~head["oui"].any(axis=1)
    direct = head["sap"] == _LLC_IP
    kind = head["type"].astype(np.int64)
    kind[direct] = EtherType.IPV4
    forward = np.where(direct, 3, LLC_SNAP.itemsize)
    good = (snap & (kind >= EtherType.MIN)) | direct
    return cursor.take(good, forward[good]), kind[good]


def _mpls(data: Octets, cursor: Cursor, cause: Causes) -> tuple[Cursor, Integers]:
    """What follows the last label: IP by its version, or an Ethernet frame (pseudowire)."""
    found: list[Cursor] = []
    for _ in range(MAX_TAGS):
        cursor = _enough(cursor, WORD.itemsize, cause)
        last = (gather(data, cursor.at, WORD)["value"] & 0x100) != 0
        found.append(cursor.take(last, WORD.itemsize))
        cursor = cursor.take(~last, WORD.itemsize)
        if not len(cursor):
            break
    inner = _enough(join(found), 1, cause)
    version = gather(data, inner.at, OCTET)["value"] >> 4
    ip = (version == 4) | (version == 6)
    kind = np.where(version == 4, EtherType.IPV4, EtherType.IPV6).astype(np.int64)
    # A control word begins with a zero nibble (RFC 4385) and has four bytes.
    frames, inside = _framed(data, inner.take(version == 0, WORD.itemsize), cause)
    return join([inner.take(ip), frames]), np.concatenate([kind[ip], inside])


_STRIPPED = {
    **dict.fromkeys(EtherType.VLAN, _tagged),
    **dict.fromkeys(EtherType.MPLS, _mpls),
    EtherType.NSH: _service,
    EtherType.BACKBONE: _backbone,
    EtherType.VN_TAG: _vn_tagged,
    EtherType.TRANSPARENT_ETHERNET: _framed,
}
"""What stands before the next EtherType."""


def _pppoe(data: Octets, cursor: Cursor, cause: Causes) -> Cursor:
    cursor = _enough(cursor, 8, cause)
    return _ppp(data, cursor.take(slice(None), 6), cause)


def ppp(data: Octets, cursor: Cursor, cause: Causes) -> Cursor:
    """IP in PPP frames, or in Cisco's HDLC frames, which the same links carry."""
    cursor = _enough(cursor, 2, cause)
    first = gather(data, cursor.at, HALF)["value"]
    # They begin 0x0F00 or 0x8F00 and carry an EtherType.
    cisco = (first == 0x0F00) | (first == 0x8F00)
    if not cisco.any():
        return _ppp(data, cursor, cause)
    frames = _by_field(data, cursor.take(cisco), cause, *_TYPED[Link.CISCO_HDLC])
    return join([frames, _ppp(data, cursor.take(~cisco), cause)])


def _ppp(data: Octets, cursor: Cursor, cause: Causes) -> Cursor:
    """With or without address and control, protocol of one byte or two."""
    cursor = _enough(cursor, 2, cause)
    first = gather(data, cursor.at, HALF)["value"]
    # Address 0xFF (or the direction, 0 or 1, of pppd's captures) and control 0x03.
    framed = (first == 0xFF03) | (first == 0x0003) | (first == 0x0103)
    rest = _enough(join([cursor.take(~framed), cursor.take(framed, 2)]), 2, cause)
    kind = gather(data, rest.at, HALF)["value"].astype(np.int64)
    size = np.full(len(rest), 2)
    compressed = (kind >> 8) & 1 == 1
    kind[compressed] >>= 8
    size[compressed] = 1
    ip = (kind == PppType.IPV4) | (kind == PppType.IPV6)
    return rest.take(ip, size[ip])


def _loopback(data: Octets, cursor: Cursor, cause: Causes) -> Cursor:
    """An address family in the byte order of the host that captured."""
    cursor = _enough(cursor, WORD.itemsize, cause)
    family = gather(data, cursor.at, WORD)["value"].astype(np.uint32)
    family = np.where(family > 0xFFFF, family.byteswap(), family)
    return cursor.take(np.isin(family, (_IPV4_FAMILY, *_IPV6_FAMILIES)), WORD.itemsize)


def _ppi(data: Octets, cursor: Cursor, cause: Causes) -> Cursor:
    """Per-packet information: its length, then a frame of the link type it names."""
    cursor = _enough(cursor, PPI.itemsize, cause)
    head = gather(data, cursor.at, PPI)
    found = []
    for link in np.unique(head["link"]):
        mine = head["link"] == link
        inner = cursor.take(mine, head["length"][mine].astype(np.int64))
        if link != Link.PPI:
            found.append(strip_link(data, int(link), inner, cause))
    return join(found)
