"""Headers of export packets, and where a packet ends when it says so itself or not.

v9 has no length in its header: its flow sets are walked until something stands there that cannot
begin one (the numbers 5, 9 and 10 of a next packet are no flow set numbers).
"""

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
    V5_RECORD_OCTETS,
    V9,
    V9_HEADER,
)
from folkways.read.netflow.templates import Template

Exporter = tuple[str, int] | None
"""Address and UDP port of who sent the packet; None: not known (a dump)."""

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


class DataSet(NamedTuple):
    """Records that can be decoded: their layout, their octets, and what holds for all of them."""

    exporter: Exporter
    header: Header
    template: Template
    content: bytes


def parse_header(packet: bytes) -> Header | None:
    """The header of a packet; None if it is cut or of no version that is known."""
    version = int.from_bytes(packet[:2], "big")
    if version == V5 and len(packet) >= V5_HEADER.size:
        _, count, uptime, secs, nanos, _, kind, engine, sampling = V5_HEADER.unpack_from(packet)
        rate = sampling & 0x3FFF or None  # the upper two bits are the mode
        export = secs * 1000 + nanos // 1_000_000
        return Header(version, export, uptime, kind << 8 | engine, rate, V5_HEADER.size, count)
    if version == V9 and len(packet) >= V9_HEADER.size:
        _, count, uptime, secs, _, domain = V9_HEADER.unpack_from(packet)
        return Header(version, secs * 1000, uptime, domain, None, V9_HEADER.size, count)
    if version == IPFIX and len(packet) >= IPFIX_HEADER.size:
        _, length, secs, _, domain = IPFIX_HEADER.unpack_from(packet)
        return Header(version, secs * 1000, None, domain, None, IPFIX_HEADER.size, length)
    return None


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
