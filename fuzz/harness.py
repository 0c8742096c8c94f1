"""What every reader promises of any bytes.

It ends, raises nothing but FormatError, and gives rows of the declared tables, the same ones
whatever pieces the bytes come in.
"""

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, cast

import pyarrow as pa

from folkways.model.batches import READ_TABLES, Tally
from folkways.model.errors import FormatError, MappingError
from folkways.read.capture import CaptureReader
from folkways.read.cloud import AwsReader, AzureReader, GcpReader
from folkways.read.netflow import NetFlowReader
from folkways.read.nfcapd import NfcapdReader
from folkways.read.reader import Reader, ReadOptions
from folkways.read.sflow.reader import SflowReader
from folkways.read.silk import SilkReader
from folkways.read.source import HEAD_BYTES, Source
from folkways.read.suricata import SuricataReader
from folkways.read.tabular import TabularReader
from folkways.read.zeek import ZeekReader

PIECES = (1 << 20, 61)
"""Octets that a read gives at most, for the two times that an input is read."""


class BrokenPromiseError(Exception):
    """A reader did what none may do."""


class _Pieces(io.RawIOBase):
    """Bytes that come in short pieces, as from a pipe."""

    def __init__(self, content: bytes, size: int) -> None:
        self._stream, self._size = io.BytesIO(content), size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        found = self._stream.read(min(len(buffer), self._size))
        buffer[: len(found)] = found
        return len(found)


class Content(Source):
    """A source in memory."""

    def __init__(self, content: bytes, size: int) -> None:
        head = io.BufferedReader(cast("io.RawIOBase", io.BytesIO(content)), HEAD_BYTES)
        super().__init__("input", None, cast("BinaryIO", head))
        self._content, self._size = content, size

    def open(self) -> BinaryIO:
        """The bytes in pieces; compressed ones as any source gives them."""
        if self.compression is not None:
            return super().open()
        pieces = io.BufferedReader(_Pieces(self._content, self._size), min(self._size, 1 << 16))
        return cast("BinaryIO", pieces)


@dataclass(frozen=True)
class Family:
    """Inputs of one kind: ``wrap`` makes what the reader reads of the bytes that are tried."""

    reader: Reader
    wrap: Callable[[bytes], bytes] = bytes
    options: ReadOptions = field(default_factory=ReadOptions)


Outcome = tuple[dict[str, pa.Table], Tally] | str


def examine(name: str, data: bytes) -> Outcome:
    """Read an input twice and hold the reader to its promises.

    Raises:
        BrokenPromiseError: it broke one; any other exception breaks one too.
    """
    family = FAMILIES[name]
    content = family.wrap(data)
    first, second = (_read(family, content, size) for size in PIECES)
    if first != second:
        raise BrokenPromiseError(f"in other pieces: {second}\ninstead of: {first}")
    return first


def _read(family: Family, content: bytes, size: int) -> Outcome:
    tally = Tally()
    found: dict[str, list[pa.RecordBatch]] = {}
    try:
        for batch in family.reader.read(Content(content, size), family.options, tally):
            schema = READ_TABLES[batch.kind].schema
            if batch.rows.schema != schema:
                raise BrokenPromiseError(f"rows of {batch.kind} have another schema")
            batch.rows.validate(full=True)
            for column in schema:
                if not column.nullable and batch.rows[column.name].null_count:
                    raise BrokenPromiseError(f"{column.name} is null")
            found.setdefault(batch.kind, []).append(batch.rows)
    except (FormatError, MappingError) as error:
        return str(error)
    return {
        kind: pa.Table.from_batches(rows).combine_chunks() for kind, rows in found.items()
    }, tally


def _as_payloads(data: bytes) -> bytes:
    """A capture of packets that carry the bytes, in turn from either side.

    The first octet chooses protocol and port; each piece says its length in two octets.
    """
    protocol, port = _CHANNELS[data[0] % len(_CHANNELS)] if data else _CHANNELS[0]
    packets: list[bytes] = []
    at, sequence = 1, [1, 1]
    while at < len(data):
        size = int.from_bytes(data[at : at + 2], "big") % _LONGEST_PIECE
        piece = data[at + 2 : at + 2 + size]
        at += 2 + size
        way = len(packets) % 2
        packets.append(_packet(protocol, port, way, sequence[way], piece))
        sequence[way] += len(piece)
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 101)
    records = (
        struct.pack("<IIII", 1_500_000_000 + n, 0, len(p), len(p)) + p
        for n, p in enumerate(packets)
    )
    return head + b"".join(records)


_LONGEST_PIECE = 9000
_CHANNELS = ((17, 53), (6, 443), (17, 443), (6, 80), (6, 53), (17, 2055), (6, 4739), (17, 6881))


def _packet(protocol: int, port: int, way: int, sequence: int, payload: bytes) -> bytes:
    ports = (40_000, port) if way == 0 else (port, 40_000)
    if protocol == 6:
        body = struct.pack(">HHIIBBHHH", *ports, sequence, 0, 0x50, 0x18, 8192, 0, 0) + payload
    else:
        body = struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload
    ends = [bytes((192, 0, 2, 1)), bytes((198, 51, 100, 1))]
    source, destination = ends if way == 0 else ends[::-1]
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0)
    return head + source + destination + body


def _as_datagrams(data: bytes) -> bytes:
    """The same with one datagram to the port of sFlow."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 101)
    packet = _packet(17, 6343, 0, 1, data[:65_000])
    return head + struct.pack("<IIII", 1_500_000_000, 0, len(packet), len(packet)) + packet


FAMILIES = {
    "capture": Family(CaptureReader()),
    "payload": Family(CaptureReader(), _as_payloads),
    "netflow": Family(NetFlowReader()),
    "netflow-captured": Family(NetFlowReader(), _as_payloads),
    "sflow": Family(SflowReader(), _as_datagrams),
    "nfcapd": Family(NfcapdReader()),
    "silk": Family(SilkReader()),
    "zeek": Family(ZeekReader()),
    "suricata": Family(SuricataReader()),
    "aws": Family(AwsReader()),
    "azure": Family(AzureReader()),
    "gcp": Family(GcpReader()),
    "table": Family(TabularReader(), options=ReadOptions(mapping="flow-export-csv")),
}
