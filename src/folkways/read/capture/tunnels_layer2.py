"""Tunnels of frames that say little of themselves: L2TP, EtherIP, TZSP.

L2TP version 3 does not say how long its cookie is, nor what the session carries: the frame is
looked for where it can be, and is taken only if an IP packet fits in it to the octet.
"""

import numpy as np

from folkways.formats.headers import HALF, OCTET, TZSP, WORD, EtherType
from folkways.read.capture.frames import Integers, Octets, gather
from folkways.read.capture.link import Causes, ethernet, ppp
from folkways.read.capture.packets import Cursor, Flags, join

_COOKIES = (0, 4, 8, 12)
"""Octets of cookie (0, 4 or 8) and sublayer (0 or 4) between the session's id and the frame."""
_MIN_PAYLOAD = 46
"""Octets to which Ethernet pads what a frame carries."""
_FRAME, _TAG, _IPV4, _IPV6 = 14, 4, 20, 40
_L2TP_CONTROL, _L2TP_LENGTH, _L2TP_SEQUENCE, _L2TP_OFFSET = 0x8000, 0x4000, 0x0800, 0x0200
_TZSP_ETHERNET, _TZSP_PADDING, _TZSP_END = 1, 0, 1
_TZSP_TAGS = 32


def ethernet_in_ip(data: Octets, cursor: Cursor, ignored: Causes) -> Cursor:
    """EtherIP: version 3 and zeros, then a frame."""
    cursor = cursor.take(cursor.has(2))
    known = gather(data, cursor.at, HALF)["value"] == 0x3000
    return ethernet(data, cursor.take(known, 2), ignored)


def l2tp_in_ip(data: Octets, cursor: Cursor, ignored: Causes) -> Cursor:
    """Version 3 over IP: the session's id, of which 0 is control."""
    cursor = cursor.take(cursor.has(4))
    session = gather(data, cursor.at, WORD)["value"] != 0
    return _in_session(data, cursor.take(session, 4), ignored)


def l2tp_in_udp(data: Octets, cursor: Cursor, ignored: Causes) -> Cursor:
    """Version 2 (PPP), and version 3 over UDP; control messages are left alone."""
    cursor = cursor.take(cursor.has(8))
    flags = gather(data, cursor.at, HALF)["value"].astype(np.int64)
    # Bits that are zero in all messages.
    told = (flags & _L2TP_CONTROL == 0) & (flags & 0x30F0 == 0)
    third = told & (flags == 3)
    second = told & (flags & 0xF == 2)
    size = np.full(len(cursor), 6, np.int64)
    size[(flags & _L2TP_LENGTH) != 0] += 2
    size[(flags & _L2TP_SEQUENCE) != 0] += 4
    padded = (flags & _L2TP_OFFSET) != 0
    where = np.minimum(cursor.at + size, cursor.end)
    offset = gather(data, where, HALF)["value"].astype(np.int64)
    size[padded] += 2 + offset[padded]
    sessions = cursor.take(second, size[second])
    return join([_fitting_ppp(data, sessions), _in_session(data, cursor.take(third, 8), ignored)])


def _in_session(data: Octets, cursor: Cursor, ignored: Causes) -> Cursor:
    """The frames or PPP of version 3, wherever they fit."""
    found = []
    for cookie in _COOKIES:
        there = cursor.take(slice(None), cookie)
        fits = _is_frame(data, there)
        found.append(ethernet(data, there.take(fits), ignored))
        cursor = cursor.take(~fits)
        if not len(cursor):
            return join(found)
    for cookie in _COOKIES:
        inside = _fitting_ppp(data, cursor.take(slice(None), cookie))
        found.append(inside)
        cursor = cursor.take(~np.isin(cursor.row, inside.row))
    return join(found)


def _fitting_ppp(data: Octets, cursor: Cursor) -> Cursor:
    inside = ppp(data, cursor, np.zeros(int(cursor.row.max(initial=0)) + 1, np.uint8))
    return inside.take(_is_packet(data, inside, 0))


def _is_frame(data: Octets, cursor: Cursor) -> Flags:
    """Where an Ethernet frame begins that carries an IP packet, with a tag or without."""
    at = np.minimum(cursor.at, cursor.end)
    kind = gather(data, at + 12, HALF)["value"]
    tagged = np.isin(kind, EtherType.VLAN)
    size = np.where(tagged, _FRAME + _TAG, _FRAME)
    kind = gather(data, at + size - 2, HALF)["value"]
    ip = (kind == EtherType.IPV4) | (kind == EtherType.IPV6)
    fits: Flags = ip & _is_packet(data, cursor.take(slice(None), size), _MIN_PAYLOAD)
    return fits


def _is_packet(data: Octets, cursor: Cursor, padding: int) -> Flags:
    """Where an IP packet begins that ends with what carries it, but for so much padding."""
    at = np.minimum(cursor.at, cursor.end)
    first = gather(data, at, OCTET)["value"]
    four = (first >> 4 == 4) & (first & 15 >= 5) & cursor.has(_IPV4)
    six = (first >> 4 == 6) & cursor.has(_IPV6)
    length: Integers = gather(data, at + 2, HALF)["value"].astype(np.int64)
    length6 = gather(data, at + 4, HALF)["value"].astype(np.int64) + _IPV6
    length = np.where(six, length6, length)
    left = cursor.wire_end - cursor.at - length
    fits: Flags = (four | six) & (left >= 0) & (left <= padding)
    return fits


def tzsp(data: Octets, cursor: Cursor, ignored: Causes) -> Cursor:
    """Mirrored Ethernet frames behind a chain of tags."""
    cursor = cursor.take(cursor.has(TZSP.itemsize + 1))
    head = gather(data, cursor.at, TZSP)
    known = (head["version"] == 1) & (head["type"] <= 1) & (head["inside"] == _TZSP_ETHERNET)
    cursor = cursor.take(known, TZSP.itemsize)
    found = []
    for _ in range(_TZSP_TAGS):
        cursor = cursor.take(cursor.has(2))
        if not len(cursor):
            break
        tag = gather(data, cursor.at, OCTET)["value"]
        found.append(cursor.take(tag == _TZSP_END, 1))
        size = gather(data, cursor.at + 1, OCTET)["value"].astype(np.int64) + 2
        size[tag == _TZSP_PADDING] = 1
        more = tag != _TZSP_END
        cursor = cursor.take(more, size[more])
    return ethernet(data, join(found), ignored)
