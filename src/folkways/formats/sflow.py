"""Layouts and numbers of sFlow version 5 datagrams.

Sources: sflow.org, "sFlow Version 5" (July 2004), "sFlow Port NAT Structures" (1020) and "sFlow
Dropped Packet Notification Structures" (sample type 5). All numbers are big endian, 32 bits.
"""

from struct import Struct

import numpy as np

VERSION = 5
AGENT_OCTETS = {1: 4, 2: 16}
"""Octets of an address by its type; an agent of type 0 (unknown) is not read."""
HEAD = Struct(">2I")
"""Version, and the type of the agent's address, which follows."""
AFTER_AGENT = Struct(">4I")
"""Sub-agent, sequence number, uptime in ms, number of samples."""
PAIR = np.dtype([("kind", ">u4"), ("size", ">u4")])
"""Type (enterprise in 20 bits, format in 12) and octets of a sample or record, which follow; also
type and length of a segment of an AS path."""


class Sample:
    """Sample types."""

    FLOW, COUNTERS, EXPANDED_FLOW, EXPANDED_COUNTERS, DISCARDED = range(1, 6)


SAMPLES = tuple(range(1, 6))
FLOW = np.dtype([("words", ">u4", 8)])
"""Sequence number, source (class in 8 bits, index in 24), rate, pool, drops, input, output (format
in 2 bits, value in 30), number of records."""
EXPANDED_FLOW = np.dtype([("words", ">u4", 11)])
"""The same; class, index, formats and values are words of their own."""


DISCARDED = np.dtype([("words", ">u4", 8)])
"""Sequence number, class, index, notices that were not sent, input, output, reason, records."""
OUTPUT_DISCARDED, OUTPUT_MULTIPLE = 1, 2
"""Formats of an output interface: the value is the reason of a discard; a number of interfaces."""
NO_INTERFACE = 0x3FFFFFFF


class Record:
    """Types of flow records that are read."""

    RAW_HEADER, IPV4, IPV6, GATEWAY, NAT, NAT_PORTS = 1, 3, 4, 1003, 1007, 1020


RAW_HEADER = np.dtype([("protocol", ">u4"), ("frame", ">u4"), ("stripped", ">u4"), ("size", ">u4")])
_IP = [("length", ">u4"), ("protocol", ">u4")]
_AFTER_IP = [("source_port", ">u4"), ("destination_port", ">u4"), ("tcp_flags", ">u4")]
IPV4 = np.dtype([*_IP, ("source", "u1", 4), ("destination", "u1", 4), *_AFTER_IP])
IPV6 = np.dtype([*_IP, ("source", "u1", 16), ("destination", "u1", 16), *_AFTER_IP])
"""Type of service, or priority, follows both."""
GATEWAY = np.dtype([("own", ">u4"), ("source", ">u4"), ("peer", ">u4"), ("segments", ">u4")])
"""AS numbers, and the segments of the path to the destination; after the next hop's address."""
AS_SEQUENCE = 2
"""Type of a segment whose AS numbers have an order."""
NAT_PORTS = np.dtype([("source", ">u4"), ("destination", ">u4")])

LINKS = {1: 1, 7: 9, 11: 101, 12: 101, 13: 219, 14: 9}
"""Link types of captures by header protocol: Ethernet, PPP, IPv4, IPv6, MPLS, PPP over SONET."""
SOURCES = ("interface", "vlan", "entity")
"""What a source's index counts, by its class."""
