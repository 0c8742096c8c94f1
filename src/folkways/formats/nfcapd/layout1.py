"""Layout 1 (nfdump 1.6): flow records whose extensions are listed by an extension map.

A flow record is a head, its addresses, its counters, and the extensions of its map, one after the
other. Sources: nffile.h of nfdump 1.6.18, and a file of nfcapd 1.6 that nfdump 1.7.1 reads.
"""

import numpy as np

from folkways.formats.nfcapd.parts import PARTS, Part

FILE_HEADER = np.dtype(
    [
        ("magic", "<u2"),
        ("layout", "<u2"),
        ("flags", "<u4"),
        ("blocks", "<u4"),
        ("ident", "S128"),
        ("statistics", "V136"),
    ]
)
COMPRESSION_FLAGS = {0x01: 1, 0x08: 2, 0x10: 3}
"""Flag of the file to the number of the compression."""
FILE_ANONYMISED = 2
FLOW_BLOCK = 2

FLOW_RECORD, OLD_FLOW_RECORD = 10, 1
_TIMES_AND_PORTS = [
    ("first_part", "<u2"),
    ("last_part", "<u2"),
    ("first_s", "<u4"),
    ("last_s", "<u4"),
    ("forwarding", "u1"),
    ("tcp_flags", "u1"),
    ("protocol", "u1"),
    ("service", "u1"),
    ("source_port", "<u2"),
    ("destination_port", "<u2"),
]
FLOW = np.dtype(
    [
        ("type", "<u2"),
        ("size", "<u2"),
        ("flags", "<u2"),
        ("map", "<u2"),
        *_TIMES_AND_PORTS,
        ("exporter", "<u2"),
        ("biflow", "u1"),
        ("end_reason", "u1"),
    ]
)
OLD_FLOW = np.dtype(
    [
        ("type", "<u2"),
        ("size", "<u2"),
        ("flags", "u1"),
        ("exporter", "u1"),
        ("map", "<u2"),
        *_TIMES_AND_PORTS,
    ]
)
"""Until nfdump 1.6.9 or so, with at most 255 exporters."""
FLAG_IPV6, FLAG_PACKETS_64, FLAG_BYTES_64, FLAG_SAMPLED = 1, 2, 4, 128

MAP_RECORD = 2
MAP = np.dtype([("type", "<u2"), ("size", "<u2"), ("map", "<u2"), ("extensions_size", "<u2")])
"""Then the ids of the extensions, 16 bits each, up to a zero."""

EXTENSIONS: dict[int, Part] = {
    4: np.dtype([("input", "<u2"), ("output", "<u2")]),
    5: np.dtype([("input", "<u4"), ("output", "<u4")]),
    6: np.dtype([("source_asn", "<u2"), ("destination_asn", "<u2")]),
    7: PARTS["asn"],
    8: np.dtype(
        [("reply_service", "u1"), ("direction", "u1"), ("source_mask", "u1"), ("mask", "u1")]
    ),
    9: np.dtype("V4"),
    10: np.dtype("V16"),
    11: np.dtype("V4"),
    12: np.dtype("V16"),
    13: np.dtype("V4"),
    14: np.dtype([("out_packets", "<u4")]),
    15: np.dtype([("out_packets", "<u8")]),
    16: np.dtype([("out_bytes", "<u4")]),
    17: np.dtype([("out_bytes", "<u8")]),
    18: np.dtype([("flows", "<u4")]),
    19: np.dtype([("flows", "<u8")]),
    20: np.dtype("V16"),
    21: np.dtype("V16"),
    22: np.dtype("V40"),
    23: PARTS["router4"],
    24: PARTS["router6"],
    25: np.dtype("V4"),
    26: np.dtype("V8"),
    27: np.dtype([("received_ms", "<u8")]),
    37: np.dtype(
        [
            ("event_ms", "<u8"),
            ("connection", "<u4"),
            ("icmp", "<u2"),
            ("firewall_event", "u1"),
            ("fill", "u1"),
            ("extended_event", "<u2"),
            ("fill2", "<u2"),
        ]
    ),
    38: PARTS["translated_ports"],
    39: PARTS["translated4"],
    40: PARTS["translated6"],
    41: np.dtype("V24"),
    42: np.dtype("V24"),
    43: np.dtype("V72"),
    45: np.dtype("V24"),
    46: np.dtype([("nat_event", "u1"), ("fill", "V11")]),
    47: np.dtype("V8"),
    48: np.dtype("V8"),
}
"""Extensions by id; those that hold nothing of use only by their length."""
