"""Counts packets that look like flow exports or sFlow, to tell a person what a capture holds.

Metering such a capture gives the flows of the exporters themselves, not those that they measured.
"""

import numpy as np

from folkways.formats import sflow
from folkways.formats.headers import Protocol
from folkways.formats.ipfix import (
    IPFIX,
    IPFIX_HEADER,
    IPFIX_OPTIONS_TEMPLATES,
    IPFIX_TEMPLATES,
    MIN_DATA_SET,
    V5,
    V5_HEADER,
    V5_MAX_RECORDS,
    V5_RECORD_OCTETS,
    V9,
    V9_HEADER,
    V9_OPTIONS_TEMPLATES,
)
from folkways.read.capture.frames import Octets, gather
from folkways.read.capture.packets import Packets

_HEAD = np.dtype([("version", ">u2"), ("size", ">u2")])


def count_exports(data: Octets, packets: Packets) -> int:
    """How many UDP payloads have the version and length of NetFlow v5 or IPFIX, or begin like v9.

    Fragmented and cut ones are not among them: this is for a hint, not for reading.
    """
    wanted = (packets.protocol == Protocol.UDP) & (packets.payload_length > V9_HEADER.size)
    at = packets.payload_start[wanted]
    length = packets.payload_length[wanted]
    head = gather(data, at, _HEAD)
    version, size = head["version"], head["size"].astype(np.int64)
    five = (version == V5) & (size >= 1) & (size <= V5_MAX_RECORDS)
    found = int((five & (length == V5_HEADER.size + V5_RECORD_OCTETS * size)).sum())
    for number, header, templates in (
        (V9, V9_HEADER.size, range(V9_OPTIONS_TEMPLATES + 1)),
        (IPFIX, IPFIX_HEADER.size, (IPFIX_TEMPLATES, IPFIX_OPTIONS_TEMPLATES)),
    ):
        mine = version == number
        mine &= (size > 0) if number == V9 else (size == length)
        first = gather(data, at[mine] + header, _HEAD)  # a set: its number, its length
        kind, octets = first["version"], first["size"]
        kind_known = np.isin(kind, templates) | (kind >= MIN_DATA_SET)
        found += int((kind_known & (octets > 4) & (octets <= length[mine] - header)).sum())
    return found


_WORDS = np.dtype([("version", ">u4"), ("agent", ">u4")])
_COUNT = np.dtype([("samples", ">u4"), ("kind", ">u4"), ("size", ">u4")])


def count_sflow(data: Octets, packets: Packets) -> int:
    """How many UDP payloads begin like sFlow version 5: agent, samples, and a first one that fits.

    Fragmented and cut ones are not among them.
    """
    agents = max(sflow.AGENT_OCTETS.values())
    least = sflow.HEAD.size + agents + sflow.AFTER_AGENT.size + sflow.PAIR.itemsize
    wanted = (packets.protocol == Protocol.UDP) & (packets.payload_length >= least)
    at, length = packets.payload_start[wanted], packets.payload_length[wanted]
    head = gather(data, at, _WORDS)
    found = 0
    for kind, octets in sflow.AGENT_OCTETS.items():
        mine = (head["version"] == sflow.VERSION) & (head["agent"] == kind)
        before = sflow.HEAD.size + octets + sflow.AFTER_AGENT.size
        # The number of samples is the last word of the header.
        first = gather(data, at[mine] + before - 4, _COUNT)
        fits = first["size"].astype(np.int64) + before + sflow.PAIR.itemsize <= length[mine]
        known = np.isin(first["kind"], sflow.SAMPLES)
        found += int((known & fits & (first["samples"] > 0)).sum())
    return found
