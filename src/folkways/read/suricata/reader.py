"""The Suricata reader: a file of EVE, told by its content."""

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from functools import partial

import duckdb
import pyarrow.compute as pc

from folkways.model.batches import Batch, Tally
from folkways.model.errors import FormatError
from folkways.read.json_lines import BLOCK_BYTES, connect
from folkways.read.lines import Block, views
from folkways.read.numbers import mask_of
from folkways.read.reader import FORWARD, KEY, REVERSE, ReadOptions
from folkways.read.source import HEAD_BYTES, Source
from folkways.read.suricata.answers import answers
from folkways.read.suricata.events import Events, by_type, events_of
from folkways.read.suricata.flows import flow_records, netflow_records
from folkways.read.suricata.names import FIELD, names
from folkways.read.suricata.whole import whole_lines, whole_messages
from folkways.read.works import Result, Work, gathered, in_order

FLOW, NETFLOW = "flow", "netflow"
BOTH_NOTE = (
    "The source holds events of flow and of netflow, which state the same traffic twice; of a flow "
    "that has both, flow was used."
)

_USED = (FLOW, NETFLOW, "dns", *FIELD)
_BOM = b"\xef\xbb\xbf"
_LINES_SNIFFED = 20
_TOGETHER = 24  # batches (at most three a block) that are put in order of kind
_KEYS = (re.compile(rb'^\{.*"event_type"\s*:'), re.compile(rb'"timestamp"\s*:\s*"'))
_FLOW = re.compile(rb'"event_type"\s*:\s*"flow"')
_NETFLOW = re.compile(rb'"event_type"\s*:\s*"netflow"')


class SuricataReader:
    """Reads flow or netflow, dns, tls, quic and http; counts the events of all other types."""

    name = "suricata"
    gives = (
        KEY
        | FORWARD
        | REVERSE
        | {"uid", "parent_uid", "sensor_label", "initiator", "begins", "denied", "sampling"}
        | {"exporter", "flaws", "names", "answers"}
    )

    def sniff(self, source: Source, options: ReadOptions) -> float:  # noqa: ARG002  # the protocol's signature
        """0.95 for a JSON line with ``event_type`` and ``timestamp``."""
        return _sniff(source.head)

    def read(self, source: Source, options: ReadOptions, tally: Tally) -> Iterator[Batch]:  # noqa: ARG002  # likewise
        """Yield the rows of a file, within a few blocks of lines in order of kind.

        Flow and netflow state the same traffic twice. Suricata logs both together when a flow ends,
        so that netflow is left out where its flow stands in the same block of lines. Where the two
        stand further apart, or in a file each, both give rows, with the same uid.

        ``tally.skipped`` names what gave no row: ``no time``, ``ends before it begins``, ``bad
        address``, ``bad number``, ``cut line``, ``line too long``, ``not a JSON object``, ``no
        event type``, ``no uid``, ``no name``, ``name is an address``, ``name not usable``, ``dns
        request``, ``no dns type``, ``no address in the answer``, ``netflow beside flow`` and
        ``event not used: ...``.

        Raises:
            FormatError: the source is empty, or does not begin with an event.
        """
        with source.open() as stream:
            found = views(stream, tally, BLOCK_BYTES)
            first = next(found, None)
            if first is None:
                raise FormatError(f"{source.name} is empty; nothing to read.")
            if not _sniff(bytes(first.data[:HEAD_BYTES])):
                raise FormatError(
                    f"{source.name} is not Suricata's EVE: no line at its start is a JSON object "
                    "with event_type and timestamp. Name its format with --format."
                )
            whole = itertools.chain((first,), found)
            with connect() as engine:
                works = _works(whole, engine, tally)
                yield from gathered(_by_kind(in_order(works, tally)))


def _works(
    found: Iterable[Block[memoryview]], engine: duckdb.DuckDBPyConnection, tally: Tally
) -> Iterator[Work]:
    """A piece of work for each block of lines."""
    for data in whole_messages(whole_lines(found, tally)):
        yield partial(_work, data, engine)


def _supposed(data: memoryview) -> str:
    """Which of flow and netflow most of a block may be; the other costs a second parse."""
    head = data[:HEAD_BYTES]
    return NETFLOW if _NETFLOW.search(head) and not _FLOW.search(head) else FLOW


def _work(data: memoryview, engine: duckdb.DuckDBPyConnection) -> Result:
    tally = Tally()
    batches = []
    supposed = _supposed(data)
    events = events_of(data, supposed, engine, tally)
    tally.versions["Suricata EVE"] += events.count
    found = by_type(events, _USED, tally)
    if {FLOW, NETFLOW} <= found.keys():
        found[NETFLOW] = _alone(found[NETFLOW], found[FLOW], tally)
    for kind in filter(found.__contains__, _USED):
        chosen = found[kind]
        if kind in {FLOW, NETFLOW} and kind != supposed:
            chosen = chosen.with_traffic(kind)
        if chosen.count:
            batches.append(_batch(kind, chosen, tally))
    return tally, batches


def _alone(netflow: Events, flow: Events, tally: Tally) -> Events:
    """The events of netflow whose flow is not among those of flow; the others are counted."""
    ids = flow.column("flow_id").drop_null()
    stated = mask_of(pc.is_in(netflow.column("flow_id"), value_set=ids))
    count = int(stated.sum())
    if count:
        tally.records += count
        tally.skip("netflow beside flow", count)
        tally.note(BOTH_NOTE)
    return netflow.only(~stated)


def _batch(kind: str, events: Events, tally: Tally) -> Batch:
    match kind:
        case "flow":
            return flow_records(events, tally)
        case "netflow":
            return netflow_records(events, tally)
        case "dns":
            return answers(events, tally)
        case _:
            return names(kind, events, tally)


def _by_kind(batches: Iterable[Batch]) -> Iterator[Batch]:
    """A few batches at a time in order of kind, so that they can be put together."""
    waiting: list[Batch] = []
    for batch in batches:
        waiting.append(batch)
        if len(waiting) == _TOGETHER:
            yield from sorted(waiting, key=lambda b: b.kind)
            waiting = []
    yield from sorted(waiting, key=lambda b: b.kind)


def _sniff(head: bytes) -> float:
    lines = [line.strip() for line in head.removeprefix(_BOM).splitlines()[: _LINES_SNIFFED * 2]]
    for line in itertools.islice(filter(None, lines), _LINES_SNIFFED):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            # A file cut out of a longer one may begin in the middle of a line; and events with
            # payloads may be longer than the head.
            if len(lines) == 1 and all(key.search(line) for key in _KEYS):
                return 0.95
            continue
        if isinstance(found, dict) and {"event_type", "timestamp"} <= found.keys():
            return 0.95
    return 0.0
