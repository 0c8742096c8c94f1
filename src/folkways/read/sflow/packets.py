"""The packets that were sampled, by their headers, or by what agents say of them instead."""

from dataclasses import dataclass

import numpy as np

from folkways.formats import headers, sflow
from folkways.formats.headers import OCTET, Protocol
from folkways.model.addresses import MAPPED_PREFIX
from folkways.model.batches import Tally
from folkways.read.capture.dissect import dissect
from folkways.read.capture.frames import Frames, Integers, Octets, gather
from folkways.read.capture.link import strip_link
from folkways.read.capture.packets import CAUSES, Cause, Cursor, Flags, Packets
from folkways.read.sflow.records import Found, first_of
from folkways.read.sflow.walk import Parts

_MS_NS = 1_000_000
_NO_LINK = -1
_NO_PACKET = "sample without an IP packet"
_OF_OUTERMOST = (sflow.Record.GATEWAY, sflow.Record.NAT, sflow.Record.NAT_PORTS)


@dataclass(frozen=True)
class Sampled:
    """The packets of ``n`` samples."""

    packets: Packets
    stated: Flags
    """By the agent's own structure of IP, since no header could be read."""
    tunnelled: Flags
    """Found in a tunnel: what the agent says of addresses is of the packet around it."""


def sampled_packets(data: Octets, records: Parts, time_ms: Integers, tally: Tally) -> Sampled:
    """The packet of each sample; one without is counted."""
    n = len(time_ms)
    raw = first_of(records, sflow.Record.RAW_HEADER, sflow.RAW_HEADER.itemsize, n)
    frames = _frames(data, raw, time_ms)
    packets = dissect(frames, tally)
    described = np.isin(records.kind, _OF_OUTERMOST).any()
    tunnelled = _in_tunnels(frames, packets) if described else np.zeros(n, np.bool_)
    unread = packets.cause != Cause.NONE
    _fill(data, first_of(records, sflow.Record.IPV4, sflow.IPV4.itemsize, n), sflow.IPV4, packets)
    _fill(data, first_of(records, sflow.Record.IPV6, sflow.IPV6.itemsize, n), sflow.IPV6, packets)
    bare = packets.cause != Cause.NONE
    bare[raw.row] = False
    tally.skip(_NO_PACKET, int(bare.sum()))
    counts = np.bincount(packets.cause[~bare], minlength=len(CAUSES))
    for cause, count in zip(CAUSES[1:], counts[1:].tolist(), strict=True):
        tally.skip(cause, count)
    return Sampled(packets, unread & (packets.cause == Cause.NONE), tunnelled)


def _frames(data: Octets, raw: Found, time_ms: Integers) -> Frames:
    """Raw headers where they lie; samples without one have a frame of no octets."""
    start, captured, wire = np.zeros((3, len(time_ms)), np.int64)
    link = np.full(len(time_ms), _NO_LINK, np.int32)
    head = gather(data, raw.at, sflow.RAW_HEADER)
    at = raw.at + sflow.RAW_HEADER.itemsize
    kept = np.minimum(head["size"], raw.end - at)
    on_wire = head["frame"].astype(np.int64) - head["stripped"]
    start[raw.row], captured[raw.row], wire[raw.row] = at, kept, np.maximum(on_wire, kept)
    protocols, which = np.unique(head["protocol"], return_inverse=True)
    links = [sflow.LINKS.get(protocol, _NO_LINK) for protocol in protocols.tolist()]
    link[raw.row] = np.array(links, np.int32)[which]
    return Frames(data, start, captured, wire, time_ms * _MS_NS, link)


def _in_tunnels(frames: Frames, packets: Packets) -> Flags:
    """Where the outermost IP packet is not the one that was found: its addresses are others."""
    whole = Cursor(
        np.arange(len(frames)),
        frames.start,
        frames.start + frames.captured,
        frames.start + frames.wire,
    )
    ignored = np.zeros(len(frames), np.uint8)
    found: Flags = np.zeros(len(frames), np.bool_)
    for link in np.unique(frames.link).tolist():
        ip = strip_link(frames.data, link, whole.take(frames.link == link), ignored)
        ip = ip.take(packets.cause[ip.row] == Cause.NONE)
        four = gather(frames.data, ip.at, OCTET)["value"] >> 4 == 4
        for mine, layout in ((ip.take(four), headers.IPV4), (ip.take(~four), headers.IPV6)):
            outer = gather(frames.data, mine.at, layout)
            for side in ("source", "destination"):
                own = getattr(packets, side)[mine.row, -layout[side].shape[0] :]
                found[mine.row] |= (own != outer[side]).any(axis=1)
    return found


def _fill(data: Octets, found: Found, layout: np.dtype[np.void], packets: Packets) -> None:
    """Take packets without readable headers from IP structures; 0 in them is unknown."""
    head = gather(data, found.at, layout)
    usable = (packets.cause[found.row] != Cause.NONE) & (head["protocol"] < 1 << 8)
    row, head = found.row[usable], head[usable]
    packets.cause[row] = Cause.NONE
    packets.ip_bytes[row] = head["length"]
    packets.protocol[row] = head["protocol"]
    with_ports = np.isin(head["protocol"], Protocol.WITH_PORTS)
    for side in ("source", "destination"):
        address, ports = getattr(packets, side), getattr(packets, f"{side}_port")
        if layout is sflow.IPV4:
            address[row, :12] = np.frombuffer(MAPPED_PREFIX, np.uint8)
            address[row, 12:] = head[side]
        else:
            address[row] = head[side]
        port = head[f"{side}_port"].astype(np.int64)
        ports[row] = np.where(with_ports & (port > 0) & (port < 1 << 16), port, -1)
    packets.tcp_flags[row] = head["tcp_flags"] & 0xFF
