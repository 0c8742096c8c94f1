"""Layout 2 (nfdump 1.7): flow records made of elements, each with its type and length.

An element's length counts its own four bytes. Sources: nffileV2.h and nfxV3.h of nfdump 1.7.1 (the
numbers of elements in versions of nfdump before its first release of 1.7 were others), and files
written by nfcapd 1.7.1.
"""

import numpy as np

from folkways.formats.nfcapd.parts import PARTS, Part

FILE_HEADER = np.dtype(
    [
        ("magic", "<u2"),
        ("layout", "<u2"),
        ("program", "<u4"),
        ("created_s", "<u8"),
        ("compression", "u1"),
        ("encryption", "u1"),
        ("appendix_blocks", "<u2"),
        ("creator", "<u4"),
        ("appendix_offset", "<u8"),
        ("block_size", "<u4"),
        ("blocks", "<u4"),
    ]
)
FLOW_BLOCK = 3

FLOW_RECORD = 11
RECORD_HEADER = np.dtype(
    [
        ("type", "<u2"),
        ("size", "<u2"),
        ("elements", "<u2"),
        ("engine_type", "u1"),
        ("engine_id", "u1"),
        ("exporter", "<u2"),
        ("flags", "u1"),
        ("export_version", "u1"),
    ]
)
FLAG_EVENT, FLAG_SAMPLED, FLAG_ANONYMISED = 1, 2, 4
MOST_ELEMENTS = 64
"""Kinds of elements that nfdump could know; 1.7.3 has about forty."""
ELEMENT_HEADER = np.dtype([("type", "<u2"), ("length", "<u2")])

GENERIC, IPV4, IPV6, MISCELLANEOUS, COUNTERS, ROUTER_V4, ROUTER_V6 = 1, 2, 3, 4, 5, 12, 13
APPLICATION = 27
ELEMENTS: dict[int, Part] = {
    GENERIC: np.dtype(
        [
            ("first_ms", "<u8"),
            ("last_ms", "<u8"),
            ("received_ms", "<u8"),
            ("packets", "<u8"),
            ("bytes", "<u8"),
            ("source_port", "<u2"),
            ("destination_port", "<u2"),
            ("protocol", "u1"),
            ("tcp_flags", "u1"),
            ("forwarding", "u1"),
            ("service", "u1"),
        ]
    ),
    IPV4: PARTS["ipv4"],
    IPV6: PARTS["ipv6"],
    MISCELLANEOUS: np.dtype(
        [
            ("input", "<u4"),
            ("output", "<u4"),
            ("source_mask", "u1"),
            ("mask", "u1"),
            ("direction", "u1"),
            ("reply_service", "u1"),
            ("biflow", "u1"),
            ("end_reason", "u1"),
            ("reverse_tcp_flags", "u1"),
            ("fill", "u1"),
        ]
    ),
    COUNTERS: np.dtype([("flows", "<u8"), ("out_packets", "<u8"), ("out_bytes", "<u8")]),
    7: PARTS["asn"],
    ROUTER_V4: PARTS["router4"],
    ROUTER_V6: PARTS["router6"],
    18: np.dtype([("sampler", "<u8"), ("sampler_exporter", "<u2"), ("fill", "<u2")]),
    19: np.dtype(
        [
            ("event_ms", "<u8"),
            ("connection", "<u4"),
            ("extended_event", "<u2"),
            ("firewall_event", "u1"),
            ("fill", "u1"),
        ]
    ),
    20: PARTS["translated4"],
    21: PARTS["translated6"],
    22: PARTS["translated_ports"],
    25: np.dtype([("nat_event_ms", "<u8"), ("pool", "<u4"), ("nat_event", "u1"), ("fill", "V3")]),
    APPLICATION: np.dtype([("application", "<u4")]),
    33: np.dtype([("point", "<u8"), ("domain", "<u4")]),
}
"""Elements of use by type, without their header."""
