"""Azure flow logs: of network security groups (NSG, versions 1 and 2) and of virtual networks.

One JSON document an hour; each record is a minute of a network interface, and holds flows as texts
with commas between ("tuples"). What Azure says, and what follows from it:

- A tuple is an event of a flow that both directions are known of: B begins it and counts nothing, C
  goes on, E ends it; C and E count what passed since the tuple before, so that sums are right. Of
  the time only the event's is known: start and end of a row are the same.
- Version 1 has neither states nor counters: these are null.
- The source is the side that opened the flow, since rules judge the first packet.
- Denied traffic (D) was tried and not let through; it is kept, with the flaw ``rejected``, and
  ``denied``.

Source: Azure Network Watcher documentation, "Flow logging for network security groups" and "Virtual
network flow logs". Nothing is said there about sampling: null.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.batches import Batch, Tally
from folkways.model.errors import FormatError
from folkways.read.cloud.azure_records import Group, decode_record, groups
from folkways.read.cloud.objects import objects
from folkways.read.cloud.values import (
    MAX_SECONDS,
    Keep,
    counted,
    filtered,
    flags,
    judged,
    meaning,
    numbers,
    records,
    sides,
)
from folkways.read.lines import Chunks
from folkways.read.reader import BATCH_ROWS, KEY, ReadOptions
from folkways.read.source import Source

_MARKS = (b'"flowTuples"', b'"FlowLogFlowEvent"', b'"NetworkSecurityGroupFlowEvent"')
_IN_RECORDS = re.compile(rb'^\s*\{\s*"records"\s*:')
_FIRST = {
    "time": 0,
    "source": 1,
    "destination": 2,
    "source_port": 3,
    "destination_port": 4,
    "protocol": 5,
}
_COUNTERS = {
    "packets_forward": 9,
    "bytes_forward": 10,
    "packets_reverse": 11,
    "bytes_reverse": 12,
}
_FIELDS = 13
_FIELDS_V1 = 8
_PADDING = "," * (_FIELDS - _FIELDS_V1)
# Where the decision and the state (B, C, E) stand, and the milliseconds in a unit of time. Of a
# virtual network the state says both.
_DECISION = 7
_DECISIONS = {
    "nsg": {"A": False, "D": True},
    "vnet": {"B": False, "C": False, "E": False, "D": True},
}
_STATE = {"nsg": 8, "vnet": 7}
_UNIT_MS = {"nsg": 1000, "vnet": 1}
_WORDS = {"nsg": "network security group", "vnet": "virtual network"}
_PROTOCOLS = {"T": "6", "U": "17"}


class AzureReader:
    """Reads flow logs of Azure."""

    name = "azure"
    gives = (
        KEY
        | {"bytes_forward", "bytes_reverse", "packets_forward", "packets_reverse"}
        | {"initiator", "begins", "exporter", "denied", "flaws"}
    )

    def sniff(self, source: Source, options: ReadOptions) -> float:  # noqa: ARG002  # the protocol's signature
        """0.95 for JSON that has tuples or the categories of flow logs."""
        head = source.head
        return 0.95 if _is_json(head) and any(mark in head for mark in _MARKS) else 0.0

    def read(self, source: Source, options: ReadOptions, tally: Tally) -> Iterator[Batch]:  # noqa: ARG002  # likewise
        """Yield the tuples in the order of the file; memory holds one record and one batch.

        ``tally.skipped`` names what gave no row: ``record does not decode``, ``record of another
        kind``, ``wrong number of fields``, ``no time``, ``no address``, ``address does not parse:
        ...``, ``object too long`` (64 MiB), ``object without an end``, ``cut object``.

        Raises:
            FormatError: the source is not JSON.
        """
        if not _is_json(source.head):
            raise FormatError(f"{source.name} is not an Azure flow log: it is not JSON.")
        pending = _Pending(tally)
        with source.open() as stream:
            for found in objects(Chunks(stream, tally), _level(source.head), tally):
                for content in found:
                    yield from pending.add(_groups(content, tally))
        yield from pending.flush()
        _note_double(pending.exporters, tally)


def _is_json(head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"["))


def _level(head: bytes) -> int:
    """The depth of records: within {"records": [...]}, in an array, or one after the other."""
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _IN_RECORDS.match(head):
        return 2
    return 1 if head.startswith(b"[") else 0


def _groups(content: bytes, tally: Tally) -> list[Group]:
    try:
        found = groups(decode_record(content))
    except (msgspec.DecodeError, RecursionError):
        tally.records += 1
        tally.skip("record does not decode")
        return []
    if not found:
        tally.records += 1
        tally.skip("record of another kind")
    return found


@dataclass
class _Pending:
    """Tuples that wait until there are enough for a batch."""

    tally: Tally
    waiting: list[Group] = field(default_factory=list)
    rows: int = 0
    exporters: set[str] = field(default_factory=set)

    def add(self, found: list[Group]) -> Iterator[Batch]:
        """Batches, as soon as there are enough tuples or the kind changes."""
        for group in found:
            if self.waiting and self.waiting[0].kind != group.kind:
                yield from self.flush()
            self.waiting.append(group)
            self.exporters.add(group.exporter or "")
            self.rows += len(group.tuples)
            if self.rows >= BATCH_ROWS:
                yield from self.flush()

    def flush(self) -> Iterator[Batch]:
        """What waits, as one batch."""
        if self.rows:
            yield from _batch(self.waiting, self.tally)
        self.waiting, self.rows = [], 0


def _note_double(exporters: set[str], tally: Tally) -> None:
    interfaces = Counter(name.rpartition("/")[2] for name in exporters if "/" in name)
    several = sum(count > 1 for count in interfaces.values())
    if several:
        tally.note(
            f"{several} interfaces stand under several security groups or networks, which each log "
            "them: their traffic may stand here twice."
        )


def _batch(waiting: list[Group], tally: Tally) -> Iterator[Batch]:
    kind = waiting[0].kind
    text = pa.array([t for group in waiting for t in group.tuples], pa.string())
    lengths = [len(group.tuples) for group in waiting]
    exporters = pa.array([group.exporter for group in waiting], pa.string())
    exporter = exporters.take(pa.array(np.repeat(np.arange(len(waiting)), lengths)))
    tally.records += len(text)
    tally.versions[f"Azure flow log, {_WORDS[kind]}"] += len(text)
    columns = _columns(text, exporter, kind, tally)
    rows = len(columns["exporter"])
    keep = Keep(rows, tally)
    unit = _UNIT_MS[kind]
    time = numbers(columns["time"], "time", limit=MAX_SECONDS * 1000 // unit)
    keep.drop(pc.is_null(time), "no time")
    addresses = sides({s: [columns[s]] for s in ("source", "destination")}, keep, tally)
    if not keep.mask.any():
        return
    columns = filtered(columns, keep)
    kept = filtered({"start_ms": pc.multiply(time, unit)} | addresses, keep)
    kept["end_ms"] = kept["start_ms"]
    kept |= counted({f: columns[f] for f in (*list(_FIRST)[3:], *_COUNTERS)}, tally)
    rows = int(keep.mask.sum())
    kept["initiator"] = pa.repeat(pa.scalar("source"), rows)
    begins = flags(pc.equal(columns["state"], "B"))
    kept["begins"] = pa.array(begins, mask=~begins)
    judged(kept, meaning(columns["decision"], _DECISIONS[kind]))
    kept["exporter"] = columns["exporter"]
    yield records(kept, rows)


def _columns(text: pa.Array, exporter: pa.Array, kind: str, tally: Tally) -> dict[str, pa.Array]:
    """The fields of tuples as columns of text, empty ones null; wrong tuples are counted."""
    if kind == "nsg":
        commas = pc.count_substring(text, ",")
        padded = pc.binary_join_element_wise(text, _PADDING, "")
        text = pc.if_else(pc.equal(commas, _FIELDS_V1 - 1), padded, text)
    lists = pc.split_pattern(text, ",")
    good = pc.equal(pc.list_value_length(lists), _FIELDS)
    wrong = len(text) - int(flags(good).sum())
    tally.skip("wrong number of fields", wrong)
    if wrong:
        lists, exporter = lists.filter(good), exporter.filter(good)
    flat = pc.utf8_trim_whitespace(pc.list_flatten(lists))
    flat = pc.if_else(pc.equal(flat, ""), pa.scalar(None, pa.string()), flat)
    places = _FIRST | _COUNTERS | {"decision": _DECISION, "state": _STATE[kind]}
    found = {
        name: flat.take(pa.array(np.arange(i, len(flat), _FIELDS))) for name, i in places.items()
    }
    encoded = found["protocol"].dictionary_encode()
    protocols = [_PROTOCOLS.get(p, p) for p in encoded.dictionary.to_pylist()]
    found["protocol"] = pa.array(protocols, pa.string()).take(encoded.indices)
    return found | {"exporter": exporter}
