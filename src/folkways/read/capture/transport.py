"""TCP, UDP and what else has ports: ports, flags, and where the payload lies."""

import numpy as np

from folkways.formats.headers import TCP, UDP, Protocol
from folkways.read.capture.frames import Integers, Octets, gather
from folkways.read.capture.packets import FIRST_FRAGMENT, Cursor, Packets

_PORTS = 4
_UDP_HEADER = 8
_SCTP_HEADER = 12


def read_transport(data: Octets, carried: Cursor, packets: Packets) -> None:
    """Read what IP carries into ``packets``; where the capture cut it, what is left is used."""
    protocol = packets.protocol[carried.row]
    mine = carried.take(np.isin(protocol, Protocol.WITH_PORTS))
    there = mine.has(_PORTS)
    packets.cut[mine.row[~there]] = True
    mine = mine.take(there)
    head = gather(data, mine.at, UDP)
    packets.source_port[mine.row] = head["source_port"]
    packets.destination_port[mine.row] = head["destination_port"]
    protocol = packets.protocol[mine.row]
    _udp(data, mine.take(protocol == Protocol.UDP), packets)
    _tcp(data, mine.take(protocol == Protocol.TCP), packets)
    sctp = mine.take(protocol == Protocol.SCTP)
    _payload(packets, sctp, sctp.at + _SCTP_HEADER, sctp.wire_end)


def _udp(data: Octets, udp: Cursor, packets: Packets) -> None:
    udp = udp.take(udp.has(_UDP_HEADER))
    length = gather(data, udp.at, UDP)["length"].astype(np.int64)
    # Zero (a jumbogram) and lengths below the header say nothing: the IP length stands.
    udp_end = np.where(length < _UDP_HEADER, udp.wire_end, udp.at + length)
    wire_end = np.minimum(udp.wire_end, udp_end)
    _payload(packets, udp, udp.at + _UDP_HEADER, wire_end)


def _tcp(data: Octets, tcp: Cursor, packets: Packets) -> None:
    flagged = tcp.has(TCP.itemsize)
    packets.cut[tcp.row[~flagged]] = True
    tcp = tcp.take(flagged)
    head = gather(data, tcp.at, TCP)
    packets.tcp_flags[tcp.row] = head["flags"]
    packets.tcp_seq[tcp.row] = head["sequence"]
    size = (head["words"] >> 4).astype(np.int64) * 4
    good = size >= 20
    tcp, size = tcp.take(good), size[good]
    _payload(packets, tcp, tcp.at + size, tcp.wire_end)


def _payload(
    packets: Packets,
    cursor: Cursor,
    start: Integers,
    wire_end: Integers,
) -> None:
    row = cursor.row
    length = np.maximum(np.minimum(cursor.end, wire_end) - start, 0)
    packets.payload_length[row] = length
    packets.payload_start[row] = np.where(length > 0, start, 0)
    lost = np.maximum(wire_end - start, 0) > length
    packets.payload_cut[row] = lost | (packets.fragment[row] == FIRST_FRAGMENT)
