"""GRE and what is sent in it: IP, Ethernet, labels, PPP (PPTP), and mirrored frames (ERSPAN)."""

import numpy as np

from folkways.formats.headers import GRE, HALF, OCTET, EtherType
from folkways.read.capture.frames import Integers, Octets, gather
from folkways.read.capture.link import Causes, by_ethertype, ppp
from folkways.read.capture.packets import Cursor, join

_CHECKSUM, _ROUTING, _KEY, _SEQUENCE = 0x80, 0x40, 0x20, 0x10
_PPTP_ACKNOWLEDGED = 0x80
_ERSPAN_2, _ERSPAN_3 = 8, 12
_ERSPAN_3_MORE = 8
"""Octets of headers of mirrored frames."""
_ERSPAN_IP = 2


def gre(data: Octets, cursor: Cursor, ignored: Causes) -> Cursor:
    """RFC 2784 and 2890 (version 0), and the enhanced form of PPTP (version 1)."""
    cursor = cursor.take(cursor.has(GRE.itemsize))
    head = gather(data, cursor.at, GRE)
    flags, version = head["flags"], head["version"] & 7
    kind = head["type"].astype(np.int64)
    size = np.full(len(cursor), GRE.itemsize, np.int64)
    for bit in (_CHECKSUM, _KEY, _SEQUENCE):
        size[(flags & bit) != 0] += 4
    size[(version == 1) & ((head["version"] & _PPTP_ACKNOWLEDGED) != 0)] += 4
    plain = (version == 0) & ((flags & _ROUTING) == 0)
    pptp = (version <= 1) & (kind == EtherType.PPP) & ((flags & _ROUTING) == 0)
    mirrored = plain & ((kind == EtherType.ERSPAN) | (kind == EtherType.ERSPAN_3))
    typed = plain & ~pptp & ~mirrored
    found = [by_ethertype(data, cursor.take(typed, size[typed]), kind[typed], ignored)]
    if mirrored.any():
        numbered = (flags[mirrored] & _SEQUENCE) != 0
        frames = cursor.take(mirrored, size[mirrored])
        found.append(_erspan(data, frames, kind[mirrored], ~numbered, ignored))
    if pptp.any():
        found.append(ppp(data, cursor.take(pptp, size[pptp]), ignored))
    return join(found)


def _erspan(
    data: Octets, cursor: Cursor, kind: Integers, bare: Integers, ignored: Causes
) -> Cursor:
    """Type I has no header, II one of 8 octets; III one of 12 or 20 that says what is mirrored."""
    there = cursor.has(_ERSPAN_3)
    cursor, kind, bare = cursor.take(there), kind[there], bare[there]
    version = gather(data, cursor.at, OCTET)["value"] >> 4
    last = gather(data, cursor.at + _ERSPAN_3 - 2, HALF)["value"].astype(np.int64)
    second = (kind == EtherType.ERSPAN) & ~bare & (version == 1)
    third = ~bare & (version == 2)
    size = np.where(second, _ERSPAN_2, 0)
    size[third] = np.where(last[third] & 1, _ERSPAN_3 + _ERSPAN_3_MORE, _ERSPAN_3)
    inside = np.full(len(cursor), EtherType.TRANSPARENT_ETHERNET, np.int64)
    packet = third & (last >> 10 & 0x1F == _ERSPAN_IP)
    at = np.minimum(cursor.at + size, cursor.end)
    six = gather(data, at, OCTET)["value"] >> 4 == 6
    inside[packet] = np.where(six[packet], EtherType.IPV6, EtherType.IPV4)
    known = (bare & (kind == EtherType.ERSPAN)) | second | third
    return by_ethertype(data, cursor.take(known, size[known]), inside[known], ignored)
