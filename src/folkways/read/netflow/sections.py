"""Records that hold the beginning of a sampled packet instead of its key: read as sFlow's are.

Elements 313 (from the IP header on) and 315 (from the Ethernet frame on; 104 in NetFlow v9), by RFC
5477 and RFC 7133. One record is one packet; octets are those of its IP header.
"""

import numpy as np
import pyarrow as pa

from folkways.formats.pcap import Link
from folkways.model.batches import Batch, Tally, make_batch
from folkways.read.capture.dissect import dissect
from folkways.read.capture.frames import Frames
from folkways.read.capture.packets import CAUSES, Cause
from folkways.read.netflow.events import disposed
from folkways.read.netflow.fields import Fields, Ints
from folkways.read.netflow.labels import observation_point
from folkways.read.netflow.origin import Origin
from folkways.read.netflow.sampling import sampling
from folkways.read.netflow.times import Times
from folkways.read.sampled import packet_columns

_KINDS = {
    "dataLinkFrameSection": (Link.ETHERNET, "dataLinkFrameSize"),
    "ipHeaderPacketSection": (Link.RAW_IP[0], "ipTotalLength"),
}
"""Element: link type of captures, and the element that says how long it was on the wire."""
_ETHERNET_TYPE = 1
_NO_LINK = -1
_UNKNOWN_LENGTH = 1 << 17
"""More than any packet has, so that its own header says how long it is."""
_MS_NS = 1_000_000
_FLAWS = pa.array(
    [",".join(w for i, w in enumerate(("cut", "rejected", "clock")) if n >> i & 1) or None
     for n in range(8)]
)  # fmt: skip


def has_section(fields: Fields) -> bool:
    """Whether records hold the beginning of a packet."""
    return any(fields.section(name) is not None for name in _KINDS)


def make_packet_rows(
    fields: Fields, when: Times, header_rate: Ints | None, origin: Origin, tally: Tally
) -> Batch | None:
    """A row a record whose section can be read; the rest is counted. None: there is none.

    ``when`` are the records' times; see ``rows.make_rows`` for the others.
    """
    packets = dissect(_frames(fields, when), tally)
    counts = np.bincount(packets.cause, minlength=len(CAUSES))
    for cause, count in zip(CAUSES[1:], counts[1:].tolist(), strict=True):
        tally.skip(cause, count)
    used = packets.cause == Cause.NONE
    if not used.any():
        return None
    fate = disposed(fields)
    flaws = packets.cut.astype(np.int8) | np.int8(4 * origin.clock_off)
    if fate.denied is not None:
        flaws |= fate.denied.astype(np.int8) << 1
    columns = packet_columns(packets) | {
        "start_ms": pa.array(when.start),
        "end_ms": pa.array(when.end),
        "sampling": sampling(fields, header_rate, origin, tally),
        "observation_point": observation_point(fields, origin.version, origin.domain),
        "denied": fate.column(),
        "flaws": _FLAWS.take(pa.array(flaws)),
    }
    if origin.exporter is not None:
        columns["exporter"] = pa.repeat(origin.exporter[0], fields.rows)
    known = {name: column for name, column in columns.items() if column is not None}
    batch = make_batch("records", known, fields.rows)
    return batch if used.all() else Batch("records", batch.rows.filter(pa.array(used)))


def _frames(fields: Fields, when: Times) -> Frames:
    """Where the sections stand, as frames of a capture."""
    name = next(name for name in _KINDS if fields.section(name) is not None)
    link, size = _KINDS[name]
    section = fields.section(name)
    assert section is not None  # noqa: S101  # the line above has looked
    data, at, length = section
    told = fields.unsigned("sectionExportedOctets")
    if told is not None:
        length = np.where(told >= 0, np.minimum(told, length), length)
    links = np.full(fields.rows, link, np.int32)
    kind = fields.unsigned("dataLinkFrameType")
    if kind is not None and link == Link.ETHERNET:
        links[(kind != _ETHERNET_TYPE) & (kind != 0)] = _NO_LINK
    offset = fields.unsigned("sectionOffset")
    if offset is not None:
        links[offset != 0] = _NO_LINK
    whole = fields.unsigned(size)
    wire = np.full(fields.rows, _UNKNOWN_LENGTH, np.int64)
    if whole is not None:
        wire = np.where((whole > 0) & (whole < _UNKNOWN_LENGTH), np.maximum(whole, length), wire)
    return Frames(data, at, length, wire, when.start * _MS_NS, links)
