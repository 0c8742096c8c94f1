"""The files of nfcapd and nfdump: headers, blocks and the records that both layouts share.

A file is a header, then blocks, each a header and so many bytes of records, perhaps compressed.
Each record begins with its type and its size in bytes, both 16 bits. Everything lies in the byte
order of the machine that wrote it; here little-endian. ``layout1`` has the flow records of nfdump
1.6, ``layout2`` those of nfdump 1.7.

Sources: nffile.h, nffileV2.h, exporter.h, nbar.h and id.h of nfdump 1.6.18 to 1.7.3, and files
written by nfdump 1.7.1. An NBAR record is as nfcapd 1.7.1 writes it.
"""

import numpy as np

MAGIC = 0xA50C

BLOCK_HEADER = np.dtype(
    [("records", "<u4"), ("size", "<u4"), ("type", "<u2"), ("flags", "<u2")],
)
BLOCK_PLAIN = 1
"""Flag of a block that is not compressed although the file is."""
MAX_BLOCK = 5 * 2**20
"""Bytes of a block above which it is taken for damaged: the buffer that nfdump itself has."""

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
"""``exporter`` is the number by which flow records refer to it; ``id`` its source id or domain."""

STATS_RECORD = 8
STATS_HEAD = np.dtype([("type", "<u2"), ("size", "<u2"), ("count", "<u4")])
STATS = np.dtype(
    [("exporter", "<u4"), ("sequence_failures", "<u4"), ("packets", "<u8"), ("flows", "<u8")]
)

SAMPLER_RECORD_OLD = 9
SAMPLER_OLD = np.dtype(
    [
        ("type", "<u2"),
        ("size", "<u2"),
        ("id", "<i4"),
        ("interval", "<u4"),
        ("mode", "<u2"),
        ("exporter", "<u2"),
    ]
)
SAMPLER_RECORD = 15
SAMPLER = np.dtype(
    [
        ("type", "<u2"),
        ("size", "<u2"),
        ("exporter", "<u2"),
        ("algorithm", "<u2"),
        ("id", "<i8"),
        ("taken", "<u4"),
        ("skipped", "<u4"),
    ]
)
"""``taken`` packets of ``taken + skipped`` were sampled (samplingPacketInterval and -Space)."""
SAMPLER_OVERWRITE, SAMPLER_DEFAULT, SAMPLER_GENERIC = -3, -2, -1
"""Ids that stand for no sampler: nfcapd -s -N, nfcapd -s N, and what an exporter says at large."""

APPLICATIONS_RECORD = 12
APPLICATIONS = np.dtype(
    [
        ("type", "<u2"),
        ("size", "<u2"),
        ("count", "<u2"),
        ("element_size", "<u2"),
        ("id_length", "<u2"),
        ("name_length", "<u2"),
        ("description_length", "<u2"),
    ]
)
"""Then ``count`` elements: id, name and description, without separators."""

LAYOUTS = (1, 2)
COMPRESSIONS = {0: "none", 1: "LZO", 2: "bzip2", 3: "LZ4", 4: "zstd"}
