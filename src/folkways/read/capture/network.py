"""IPv4 and IPv6 headers, with their options, extension headers and fragments."""

import numpy as np
import numpy.typing as npt

from folkways.formats.headers import EXTENSION, IPV4, IPV6, OCTET, Protocol
from folkways.read.capture.frames import Integers, Octets, gather
from folkways.read.capture.packets import (
    FIRST_FRAGMENT,
    LATER_FRAGMENT,
    Cause,
    Cursor,
    Flags,
    Packets,
    join,
)

MAX_EXTENSIONS = 12


def read_network(data: Octets, ip: Cursor, packets: Packets, *, inner: bool) -> Cursor:
    """Read IP headers into ``packets`` and go to what they carry.

    Of a packet in a tunnel (``inner``) nothing is written unless its header is good and its length
    fits into what carries it: then it takes the place of the outer one. Later fragments, and
    packets of which nothing after the IP header was captured, are not in what comes back.
    """
    there = ip.has(1)
    if not inner:
        packets.cause[ip.row[~there]] = Cause.CUT_IP
    ip = ip.take(there)
    version = gather(data, ip.at, OCTET)["value"] >> 4
    four, six = version == 4, version == 6
    if not inner:
        packets.cause[ip.row[~(four | six)]] = Cause.BAD_VERSION
    found = []
    if four.any():
        found.append(_ipv4(data, ip.take(four), packets, inner=inner))
    if six.any():
        found.append(_ipv6(data, ip.take(six), packets, inner=inner))
    return join(found)


def _ipv4(data: Octets, ip: Cursor, packets: Packets, *, inner: bool) -> Cursor:
    whole = ip.has(IPV4.itemsize)
    if not whole.all():
        _refuse(packets, ip.row[~whole], Cause.CUT_IP, inner=inner)
        ip = ip.take(whole)
    head = gather(data, ip.at, IPV4)
    size = (head["version_words"] & 15).astype(np.int64) * 4
    length = head["length"].astype(np.int64)
    on_wire = ip.wire_end - ip.at
    # Zero is what a card that cuts segments itself (TSO) leaves to be filled in.
    length = np.where(length == 0, on_wire, length)
    good = (size >= IPV4.itemsize) & (length >= size)
    if inner:
        good &= _fits(packets, ip, length)
    if not good.all():
        _refuse(packets, ip.row[~good], Cause.BAD_IP, inner=inner)
        ip, head, size, length = ip.take(good), head[good], size[good], length[good]
    field = head["fragment"].astype(np.int64)
    later, more = (field & 0x1FFF) != 0, (field & 0x2000) != 0
    row = ip.row
    _accept(packets, ip, length, inner=inner)
    packets.protocol[row] = head["protocol"]
    for column, address in ((packets.source, "source"), (packets.destination, "destination")):
        octets = np.zeros((len(row), 16), np.uint8)
        octets[:, 10:12] = 0xFF
        octets[:, 12:] = head[address]
        column[row] = octets
    packets.fragment[row] = np.where(later, LATER_FRAGMENT, np.where(more, FIRST_FRAGMENT, 0))
    packets.fragment_id[row] = head["id"]
    end = ip.at + length
    carried = Cursor(row, ip.at + size, np.minimum(ip.end, end), end)
    first = carried.take(~later)
    following = head["protocol"][~later].astype(np.int64)
    signed = following == Protocol.AUTHENTICATION
    if not signed.any():
        return first
    return join(
        [first.take(~signed), _extensions(data, first.take(signed), following[signed], packets)]
    )


def _fits(packets: Packets, inner: Cursor, length: Integers) -> Flags:
    """Where an inner packet fits into its outer one, of which there may be only the beginning."""
    fits: Flags = (inner.at + length <= inner.wire_end) | (
        packets.fragment[inner.row] == FIRST_FRAGMENT
    )
    return fits


def _refuse(packets: Packets, row: npt.NDArray[np.intp], cause: int, *, inner: bool) -> None:
    if not inner:
        packets.cause[row] = cause


def _accept(packets: Packets, ip: Cursor, length: Integers, *, inner: bool) -> None:
    """The packets have a good IP header: they count, with nothing known of their payload yet."""
    row = ip.row
    packets.cause[row] = Cause.NONE
    packets.ip_at[row] = ip.at
    packets.ip_bytes[row] = length
    if not inner:
        packets.too_long[row] = ip.at + length > ip.wire_end
        return
    outer = row[packets.fragment[row] == FIRST_FRAGMENT]
    packets.tunnelled += zip(outer.tolist(), packets.fragment_keys(outer), strict=True)
    packets.unopened[row] = 0
    packets.source_port[row] = -1
    packets.destination_port[row] = -1
    packets.tcp_flags[row] = 0
    packets.tcp_seq[row] = 0
    packets.payload_start[row] = 0
    packets.payload_length[row] = 0
    packets.payload_cut[row] = False
    packets.cut[row] = False


def _ipv6(data: Octets, ip: Cursor, packets: Packets, *, inner: bool) -> Cursor:
    whole = ip.has(IPV6.itemsize)
    if not whole.all():
        _refuse(packets, ip.row[~whole], Cause.CUT_IP, inner=inner)
        ip = ip.take(whole)
    head = gather(data, ip.at, IPV6)
    payload = head["length"].astype(np.int64)
    on_wire = ip.wire_end - ip.at
    # Zero stands for a jumbogram (RFC 2675), and is what offloading leaves.
    length = np.where(payload == 0, np.maximum(on_wire, IPV6.itemsize), payload + IPV6.itemsize)
    if inner:
        good = _fits(packets, ip, length)
        ip, head, length = ip.take(good), head[good], length[good]
    row = ip.row
    _accept(packets, ip, length, inner=inner)
    packets.source[row] = head["source"]
    packets.destination[row] = head["destination"]
    packets.fragment[row] = 0
    packets.fragment_id[row] = 0
    end = ip.at + length
    carried = Cursor(row, ip.at + IPV6.itemsize, np.minimum(ip.end, end), end)
    return _extensions(data, carried, head["next"].astype(np.int64), packets)


def _extensions(data: Octets, cursor: Cursor, following: Integers, packets: Packets) -> Cursor:
    """Walk the chain of extension headers; a chain that is too long or cut ends as it is."""
    found: list[Cursor] = []
    for _ in range(MAX_EXTENSIONS):
        packets.protocol[cursor.row] = following
        extended = np.isin(following, Protocol.EXTENSIONS)
        found.append(cursor.take(~extended))
        cursor, following = cursor.take(extended), following[extended]
        if not len(cursor):
            break
        there = cursor.has(8)
        packets.cut[cursor.row[~there]] = True
        cursor, following = cursor.take(there), following[there]
        head = gather(data, cursor.at, EXTENSION)
        later = _fragments(cursor, following, head, packets)
        size = (head["length"].astype(np.int64) + 1) * 8
        size[following == Protocol.FRAGMENT] = 8
        words = following == Protocol.AUTHENTICATION
        size[words] = (head["length"][words].astype(np.int64) + 2) * 4
        following = head["next"].astype(np.int64)
        packets.protocol[cursor.row[later]] = following[later]
        cursor, following = cursor.take(~later, size[~later]), following[~later]
    return join(found)


def _fragments(
    cursor: Cursor, following: Integers, head: npt.NDArray[np.void], packets: Packets
) -> Flags:
    """Note IPv6 fragment headers; returns where a later fragment begins."""
    mine = following == Protocol.FRAGMENT
    field = head["fragment"]
    later, more = mine & (field & 0xFFF8 != 0), mine & (field & 1 != 0)
    packets.fragment[cursor.row[more]] = FIRST_FRAGMENT
    packets.fragment[cursor.row[later]] = LATER_FRAGMENT
    packets.fragment_id[cursor.row[mine]] = head["id"][mine]
    return later
