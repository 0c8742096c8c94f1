"""What every reader promises of any bytes.

It ends, raises nothing but FormatError and MappingError, and gives rows of the declared tables, the
same ones whatever pieces the bytes come in. What other parsers promise stands in ``parsers``.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

import pyarrow as pa
from packets import as_conversations, as_datagram
from parsers import PARSERS, on_disk, one_line

from folkways.model.batches import READ_TABLES, Batch, Tally
from folkways.model.errors import FormatError, MappingError
from folkways.read.capture import CaptureReader
from folkways.read.cloud import AwsReader, AzureReader, GcpReader
from folkways.read.netflow import NetFlowReader
from folkways.read.nfcapd import NfcapdReader
from folkways.read.reader import Reader, ReadOptions
from folkways.read.readers import find_reader
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


class Recognising:
    """Reads what the content is recognised as."""

    name = "any"
    gives: frozenset[str] = frozenset()

    def sniff(self, source: Source, options: ReadOptions) -> float:  # noqa: ARG002  # a reader's shape
        """Never asked."""
        return 1.0

    def read(self, source: Source, options: ReadOptions, tally: Tally) -> Iterator[Batch]:
        """What the most sure reader gives."""
        return find_reader(source, options).read(source, options, tally)


@dataclass(frozen=True)
class Family:
    """Inputs of one kind: ``wrap`` makes what the reader reads of the bytes that are tried.

    ``options`` makes of them what a user says. ``file``: the source is a file, which can be read
    from its end, and not a stream.
    """

    reader: Reader
    wrap: Callable[[bytes], bytes] = bytes
    options: Callable[[bytes], ReadOptions] = lambda _: ReadOptions()
    file: bool = False


Outcome = tuple[dict[str, pa.Table], Tally] | str


def examine(name: str, data: bytes) -> object:
    """Read an input twice and hold the reader to its promises.

    Raises:
        BrokenPromiseError: it broke one; any other exception breaks one too.
    """
    if name in PARSERS:
        return PARSERS[name](data)
    family = FAMILIES[name]
    first, second = (_read(family, data, size) for size in PIECES)
    if first != second:
        raise BrokenPromiseError(f"in other pieces: {second}\ninstead of: {first}")
    return first


def _read(family: Family, data: bytes, size: int) -> Outcome:
    tally = Tally()
    found: dict[str, list[pa.RecordBatch]] = {}
    content, options = family.wrap(data), family.options(data)
    source = Source("input", on_disk(content)) if family.file else Content(content, size)
    try:
        for batch in family.reader.read(source, options, tally):
            schema = READ_TABLES[batch.kind].schema
            if batch.rows.schema != schema:
                raise BrokenPromiseError(f"rows of {batch.kind} have another schema")
            batch.rows.validate(full=True)
            for column in schema:
                if not column.nullable and batch.rows[column.name].null_count:
                    raise BrokenPromiseError(f"{column.name} is null")
            found.setdefault(batch.kind, []).append(batch.rows)
    except (FormatError, MappingError) as error:
        return one_line(error)
    return {
        kind: pa.Table.from_batches(rows).combine_chunks() for kind, rows in found.items()
    }, tally


def _after_mapping(data: bytes) -> bytes:
    return data.partition(b"\0")[2]


def _mapping(data: bytes) -> ReadOptions:
    return ReadOptions(mapping=str(on_disk(data.partition(b"\0")[0], "mapping.toml")))


FAMILIES = {
    "capture": Family(CaptureReader()),
    "payload": Family(CaptureReader(), as_conversations),
    "netflow": Family(NetFlowReader()),
    "netflow-captured": Family(NetFlowReader(), as_conversations),
    "sflow": Family(SflowReader(), as_datagram),
    "nfcapd": Family(NfcapdReader()),
    "silk": Family(SilkReader()),
    "parquet": Family(Recognising(), file=True),
    "zeek": Family(ZeekReader()),
    "suricata": Family(SuricataReader()),
    "aws": Family(AwsReader()),
    "azure": Family(AzureReader()),
    "gcp": Family(GcpReader()),
    "table": Family(TabularReader(), options=lambda _: ReadOptions(mapping="flow-export-csv")),
    "presets": Family(TabularReader()),
    "mapping": Family(TabularReader(), _after_mapping, _mapping),
    "any": Family(Recognising()),
}
