"""What tells whether two packets of a capture are one: what does not change on the way.

A router changes the MAC addresses and the time to live, a switch the VLAN tag, a network card the
checksum of TCP. All else of the IP header and the octets that follow it make the identity; what
changes, and the interface, make the place where the packet was seen.
"""

import numpy as np
import numpy.typing as npt

from folkways.formats.headers import Protocol, TcpFlag
from folkways.formats.pcap import Link
from folkways.read.capture.frames import Frames, Integers, gather
from folkways.read.capture.packets import Packets, Rows

Sightings = npt.NDArray[np.void]
Words = npt.NDArray[np.uint64]

SIGHTING = np.dtype(
    [
        ("hint", np.uint64),
        ("identity", np.uint64),
        ("place", np.uint64),
        ("time_ns", np.int64),
        ("number", np.int64),
        ("interface", np.int32),
        ("depth", np.int32),
        ("life", np.int16),
        ("kind", np.uint8),
        ("mirrored", np.bool_),
        ("rank", np.int32),
        ("copy", np.int32),
    ]
)
"""``number`` counts packets; ``depth`` is the octets before the IP header, ``life`` the time to
live; ``mirrored``: a switch may show it twice at one place; the last two belong to ``twice``."""

BARE, TOLD, SEGMENT, NUMBERED = range(4)
"""Kinds. Without an IP id: TCP that may be said again with the very same octets (it only
acknowledges, or refuses), anything with content of its own, TCP with content. With an IP id."""

_SEEN = 64
"""Octets from the IP header on that are compared."""
_IP = np.dtype([("words", "<u8", _SEEN // 8)])
_BODY = np.dtype([("words", "<u8", 2)])
_FIRST_WORD = np.array([~np.uint64(0), 0], np.uint64)
_MACS = np.dtype([("words", "<u8", 2)])
_WITH_MACS = (Link.ETHERNET, Link.LINUX_COOKED, Link.LINUX_COOKED_2)
"""Links whose first 16 octets are addresses, types, tags and interfaces."""
_CONTENT = TcpFlag.SYN | TcpFlag.FIN
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_UNTAGGED = 14
"""Octets of an Ethernet header without tags."""
_TUNNEL = 34
"""Octets of Ethernet and IPv4: what has more before it is in a tunnel, or behind many labels. What
a tunnel's sender repeats has another envelope, so that it needs an IP id to be taken for one."""
_FACTORS = np.array(
    [
        0x9E3779B97F4A7C15,
        0xC2B2AE3D27D4EB4F,
        0x165667B19E3779F9,
        0xD6E8FEB86659FD93,
        0xA0761D6478BD642F,
        0xE7037ED1A0B428DB,
        0x8EBC6AF09C88C6E3,
        0x589965CC75374CC3,
    ],
    np.uint64,
)
"""Odd constants; any will do."""
_OTHER, _TCP, _SYN = range(3)


def _mask(version: int, carried: int, there: int) -> npt.NDArray[np.uint8]:
    """Which bits of a packet's octets do not change on the way, if so many are there."""
    mask = np.full(_SEEN, 0xFF, np.uint8)
    if version == 4:
        mask[[1, 8, 10, 11]] = 0  # type of service, time to live, checksum
        mask[6] = 0xBF  # not whether it may be fragmented
    else:
        mask[[0, 1, 2, 3, 7]] = 0  # traffic class and flow label, hop limit
    body = 20 if version == 4 else 40
    if carried != _OTHER:
        mask[body + 16 : body + 18] = (
            0  # the checksum, which the network card may still have to add
        )
    if carried == _SYN:
        mask[body + 16 :] = 0  # a router may lower the segment size that an opening names
    mask[there:] = 0
    return mask


_MASKS = np.concatenate(
    [
        _mask(version, carried, there).view(np.dtype("<u8"))[np.newaxis]
        for version in (4, 6)
        for carried in (_OTHER, _TCP, _SYN)
        for there in range(_SEEN + 1)
    ]
).astype(np.uint64)


def hints(frames: Frames, packets: Packets) -> Words:
    """(n,) a number of each packet that is used: those that are alike have the same one.

    It is made of little, since it is asked of all packets; so others may have the same one.
    """
    at = packets.ip_at
    body = at + np.where(frames.data[at] >> 4 == 6, 40, 20)
    words: Words = gather(frames.data, body, _BODY)["words"]
    short = np.flatnonzero(body + _BODY.itemsize > np.minimum(at + packets.ip_bytes, _end(frames)))
    words[short] &= _FIRST_WORD
    words ^= words >> _HALF
    found: Words = words @ _FACTORS[:2]
    found += packets.fragment_id * _FACTORS[2]
    return found


def _end(frames: Frames) -> Integers:
    return frames.start + frames.captured


def identities(frames: Frames, packets: Packets, rows: Rows) -> Words:
    """(m,) a number of each of these packets: those that are not alike have another one."""
    at = packets.ip_at[rows]
    tcp = packets.protocol[rows] == Protocol.TCP
    syn = (packets.tcp_flags[rows] & TcpFlag.SYN) != 0
    six = frames.data[at] >> 4 == 6
    end = at + packets.ip_bytes[rows]
    captured = frames.start[rows] + frames.captured[rows]
    there = np.minimum(np.minimum(end, captured) - at, _SEEN)
    cut = np.flatnonzero((captured < end) & (there < _SEEN))
    if len(cut):
        # How much is left depends on the link header: only what is there in any case counts.
        body = np.where(six[cut], 40, 20)
        left = there[cut] - body
        there[cut] = body + np.where(tcp[cut] & (left >= 16), 16, np.where(left >= 8, 8, 0))
    kind = (six * np.intp(3) + tcp + syn) * (_SEEN + 1) + there
    words: Words = gather(frames.data, at, _IP)["words"]
    masks = _MASKS.take(kind, axis=0)
    words &= masks
    # Folded, so that the highest octets reach more than the highest of the product.
    words ^= np.right_shift(words, _HALF, out=masks)
    found: Words = words @ _FACTORS
    if frames.interface is not None:
        # Sections of a file are captures of their own.
        found += (frames.interface[rows] >> 16).astype(np.uint64)
    return found


def sightings(frames: Frames, packets: Packets, rows: Rows) -> Sightings:
    """All but hint and number of these packets."""
    at, start = packets.ip_at[rows], frames.start[rows]
    found = np.zeros(len(rows), SIGHTING)
    found["identity"] = identities(frames, packets, rows)
    found["time_ns"] = packets.time_ns[rows]
    found["life"] = frames.data[at + np.where(frames.data[at] >> 4 == 6, 7, 8)]
    found["depth"] = at - start
    if frames.interface is not None:
        found["interface"] = frames.interface[rows]
    tcp = packets.protocol[rows] == Protocol.TCP
    silent = (packets.payload_length[rows] == 0) & ~packets.payload_cut[rows]
    bare = silent & ((packets.tcp_flags[rows] & _CONTENT) == 0)
    unnumbered = np.where(tcp, np.where(bare, BARE, SEGMENT), TOLD)
    found["kind"] = np.where(packets.fragment_id[rows] != 0, NUMBERED, unnumbered)
    link = frames.link[rows]
    macs: Words = gather(frames.data, start, _MACS)["words"]
    bare = ~_any_of(link, _WITH_MACS)
    if bare.any():
        macs[bare] = 0
    # An Ethernet header without tags is shorter: what follows is the packet, and no place.
    macs[found["depth"] == _UNTAGGED, 1] &= ~(np.uint64(0xFFFF) << np.uint64(48))
    tunnelled = found["depth"] >= _TUNNEL
    found["mirrored"] = _has_mac(link, macs) & ~(tunnelled & (found["kind"] < NUMBERED))
    where = found["depth"].astype(np.uint64) << np.uint64(8) | found["life"].astype(np.uint64)
    where |= found["interface"].astype(np.uint64) << _HALF
    words = np.stack([where, macs[:, 0], macs[:, 1]], axis=1)
    words ^= words >> _HALF
    found["place"] = words @ _FACTORS[:3]
    # Only of Ethernet frames, see ``twice``.
    found["depth"][link != Link.ETHERNET] = 0
    return found


def _any_of(link: npt.NDArray[np.int32], known: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(link), np.bool_)
    for one in known:
        found |= link == one
    return found


def _has_mac(link: npt.NDArray[np.int32], macs: Words) -> npt.NDArray[np.bool_]:
    """Frames of a network: those of a loopback interface have no address, and are not mirrored."""
    first, second = macs[:, 0], macs[:, 1]
    low, high = second & _LOW, second >> _HALF
    ethernet = (link == Link.ETHERNET) & ((first | low) != 0)
    cooked = (link == Link.LINUX_COOKED) & ((first >> np.uint64(48) | low) != 0)
    return ethernet | cooked | ((link == Link.LINUX_COOKED_2) & (high != 0))
