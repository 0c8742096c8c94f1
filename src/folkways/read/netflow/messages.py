"""Headers of export packets, and where a packet ends when it says so itself or not.

v9 has no length in its header: its flow sets are walked until something stands there that cannot
begin one (the numbers 5, 9 and 10 of a next packet are no flow set numbers).
"""

from struct import Struct
from typing import NamedTuple

from folkways.formats.ipfix import (
    IPFIX,
    IPFIX_HEADER,
    MAX_DATAGRAM,
    MIN_DATA_SET,
    SET_HEADER,
    V5,
    V5_HEADER,
    V5_MAX_RECORDS,
    V5_RATE,
    V5_RECORD_OCTETS,
    V9,
    V9_HEADER,
)
from folkways.read.netflow.templates import Template

Exporter = tuple[str, int] | None
"""Address and UDP port of who sent the packet; None: not known (a dump)."""

Key = tuple[Exporter, int, int, int]
"""Exporter, version, domain, template: what a template belongs to."""

_SMALLEST = 24
"""Octets up to the first record, at least."""
_V5_START = Struct(">HHIIIIH")
_V9_SET = Struct(">HHIIIIHH")
_IPFIX_SET = Struct(">HHIIIHH")
_EARLIEST, _LATEST = 631_152_000, 4_102_444_800  # 1990 and 2100: before and after, no one exports


class Header(NamedTuple):
    """What an export packet says of all its records."""

    version: int
    export_ms: int
    """When it was sent, ms since 1970 UTC."""
    uptime_ms: int | None
    """The exporter's uptime then (32 bits); IPFIX does not say it."""
    domain: int
    rate: int | None
    """Sampling 1 in N, if the header says it (v5)."""
    octets: int
    """Where the header ends."""
    claimed: int
    """Records by the header in v5 and v9; octets of the whole message in IPFIX."""
    sequence: int
    """What the exporter says it sent before: flows in v5, packets in v9, data records in IPFIX."""
    raw: bytes
    """The header as it stands."""


class DataSet(NamedTuple):
    """Records that can be decoded: their layout, their octets, and what holds for all of them."""

    exporter: Exporter
    header: Header
    template: Template
    content: bytes
    lasting: bool = True
    """What comes later under this number is known to be laid out alike, unless it is said here."""


def parse_header(packet: bytes) -> Header | None:
    """The header of a packet; None if it is cut or of no version that is known."""
    version = int.from_bytes(packet[:2], "big")
    if version == V5 and len(packet) >= V5_HEADER.size:
        _, count, uptime, secs, nanos, number, kind, engine, rate = V5_HEADER.unpack_from(packet)
        export = secs * 1000 + nanos // 1_000_000
        rate = rate & V5_RATE or None
        domain, octets = kind << 8 | engine, V5_HEADER.size
        raw = packet[:octets]
        return Header(version, export, uptime, domain, rate, octets, count, number, raw)
    if version == V9 and len(packet) >= V9_HEADER.size:
        _, count, uptime, secs, number, domain = V9_HEADER.unpack_from(packet)
        octets, export = V9_HEADER.size, secs * 1000
        raw = packet[:octets]
        return Header(version, export, uptime, domain, None, octets, count, number, raw)
    if version == IPFIX and len(packet) >= IPFIX_HEADER.size:
        _, length, secs, number, domain = IPFIX_HEADER.unpack_from(packet)
        octets, export = IPFIX_HEADER.size, secs * 1000
        raw = packet[:octets]
        return Header(version, export, None, domain, None, octets, length, number, raw)
    return None


def only_set(packet: bytes) -> tuple[int, int, int, int, int] | None:
    """Version, domain, sequence, set number (v5: 0) and octets of records, the quick way.

    Only of a packet with one data set (v5: any packet) that is as long as it says; else None.
    """
    size = len(packet)
    if size < _SMALLEST or packet[0]:
        return None
    version = packet[1]
    if version == V9:
        _, _, _, _, sequence, domain, number, length = _V9_SET.unpack_from(packet)
        whole = length + V9_HEADER.size
    elif version == IPFIX:
        _, whole, _, sequence, domain, number, length = _IPFIX_SET.unpack_from(packet)
        if length + IPFIX_HEADER.size != size:
            return None
    elif version == V5:
        _, claimed, _, _, _, sequence, domain = _V5_START.unpack_from(packet)
        number, length = 0, SET_HEADER.size + V5_RECORD_OCTETS * claimed
        whole = V5_HEADER.size + V5_RECORD_OCTETS * claimed
        if claimed > V5_MAX_RECORDS:
            return None
    else:
        return None
    return (version, domain, sequence, number, length - SET_HEADER.size) if whole == size else None


def packet_end(data: bytes, start: int) -> int | None:
    """Where the export packet at ``start`` ends (may lie beyond ``data``); None: there is none."""
    left = len(data) - start
    if left < SET_HEADER.size:
        return None
    version, claimed = SET_HEADER.unpack_from(data, start)
    if version == V5:
        sure = 1 <= claimed <= V5_MAX_RECORDS
        return start + V5_HEADER.size + V5_RECORD_OCTETS * claimed if sure else None
    if version == IPFIX:
        return start + claimed if claimed >= IPFIX_HEADER.size else None
    if version != V9 or left < V9_HEADER.size:
        return None
    at = start + V9_HEADER.size
    while at + SET_HEADER.size <= len(data):
        number, length = SET_HEADER.unpack_from(data, at)
        if 1 < number < MIN_DATA_SET or length < SET_HEADER.size:
            break
        if at + length - start > MAX_DATAGRAM:
            break
        at += length
    return at


def plausible(data: bytes, start: int = 0) -> bool:
    """Whether an export packet seems to begin here: version, count or length, time, first set."""
    header = parse_header(data[start : start + V5_HEADER.size])
    end = packet_end(data, start)
    if header is None or end is None or not header.claimed:
        return False
    if not _EARLIEST <= header.export_ms // 1000 <= _LATEST:
        return False
    if header.version == V5:
        return True
    first = start + header.octets
    if len(data) < first + SET_HEADER.size:
        return False
    number, length = SET_HEADER.unpack_from(data, first)
    kinds = (0, 1) if header.version == V9 else (2, 3)
    if header.version == IPFIX and first + length > end:
        return False
    return length > SET_HEADER.size and (number in kinds or number >= MIN_DATA_SET)
