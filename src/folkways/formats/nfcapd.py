"""The nfcapd files of nfdump 1.7 (layout version 2): headers, blocks, records, elements.

A file is a header, then blocks, each a header and so many bytes of records, perhaps compressed. A
record is a header and elements, each with a type and a length that counts its own four bytes.
Everything lies in the byte order of the machine that wrote it; here little-endian.

Sources: the layout that nfdump documents in its public headers, and files written by nfdump 1.7.1.
"""

import numpy as np

MAGIC = 0xA50C
LAYOUT = 2

FILE_HEADER = np.dtype(
    [
        ("magic", "<u2"),
        ("layout", "<u2"),
        ("program", "<u4"),
        ("created_s", "<u8"),
        ("compression", "u1"),
        ("encryption", "u1"),
        ("appendix_blocks", "<u2"),
        ("unused", "<u4"),
        ("appendix_offset", "<u8"),
        ("block_size", "<u4"),
        ("blocks", "<u4"),
    ]
)
BLOCK_HEADER = np.dtype(
    [("records", "<u4"), ("size", "<u4"), ("type", "<u2"), ("flags", "<u2")],
)
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
FLOW_RECORD = 11
ELEMENT_HEADER = np.dtype([("type", "<u2"), ("length", "<u2")])

GENERIC = 1
ELEMENTS: dict[int, np.dtype[np.void]] = {
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
    2: np.dtype([("source", "<u4"), ("destination", "<u4")]),
    3: np.dtype([("source", "<u8", 2), ("destination", "<u8", 2)]),
    6: np.dtype([("flows", "<u8"), ("out_packets", "<u8"), ("out_bytes", "<u8")]),
    8: np.dtype([("source_asn", "<u4"), ("destination_asn", "<u4")]),
}
"""Elements by type, without their header: generic, IPv4, IPv6, counters, AS numbers."""

EXPORTER_RECORD = 7
EXPORTER = np.dtype(
    [
        ("type", "<u2"),
        ("size", "<u2"),
        ("version", "<u4"),
        ("address", "<u8", 2),
        ("family", "<u2"),
        ("exporter", "<u2"),
        ("id", "<u4"),
    ]
)
FLOW_BLOCK = 3
BLOCK_PLAIN = 1
"""Flag of a block that is not compressed although the file is."""
FLAG_SAMPLED = 2
MAX_BLOCK = 4 * 2**20
"""Bytes of a block above which it is taken for damaged; nfdump 1.7 fills about one MiB."""
COMPRESSIONS = {0: "none", 1: "LZO", 2: "bzip2", 3: "LZ4", 4: "zstd"}
