"""Export packets to batches of flows, whoever hands them over: a file here, or a capture.

Data sets are gathered by exporter, domain and template and become batches together, so that Python
runs once a packet and numpy once a batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import repeat

import numpy as np

from folkways.model.batches import Batch, Tally
from folkways.read.netflow.fields import Fields, Ints
from folkways.read.netflow.messages import DataSet, Exporter, Header
from folkways.read.netflow.options import Facts
from folkways.read.netflow.rows import Origin, make_rows
from folkways.read.netflow.sessions import Sessions
from folkways.read.netflow.templates import Template
from folkways.read.netflow.times import UNKNOWN, Context
from folkways.read.netflow.walk import flat_template, flatten, split
from folkways.read.reader import BATCH_ROWS

MAX_PENDING = 32 << 20
"""Octets gathered before all of it becomes batches."""
_SET_COST = 300
"""Octets that a gathered set takes beside its content."""


@dataclass
class _Group:
    exporter: Exporter
    domain: int
    template: Template
    headers: list[Header] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)


class Decoder:
    """Decodes export packets of any number of exporters, in the order in which they were sent.

    ``feed`` each packet and take the batches that it yields; ``finish`` gives the rest. The rate
    and the names that exporters announce apply to records that are gathered at that moment and to
    all later ones; a changed rate applies to later ones only.
    ``sampling``, 1 in N, is what a person states for all exporters; it wins over what they say.
    """

    def __init__(
        self, tally: Tally, *, sampling: int | None = None, batch_rows: int = BATCH_ROWS
    ) -> None:
        self._tally = tally
        self._batch_rows = batch_rows
        self._sessions = Sessions(tally)
        self._facts = Facts(tally, stated_rate=sampling)
        self._groups: dict[tuple[Exporter, int, int], _Group] = {}
        self._rows = 0
        self._octets = 0

    def feed(
        self, packet: bytes, exporter: Exporter = None, received_ms: int | None = None
    ) -> Iterator[Batch]:
        """Take one export packet, the payload of one datagram or one message.

        Args:
            packet: its octets.
            exporter: address and port of its sender; None: not known.
            received_ms: when it arrived, ms since 1970 UTC, if known; only used to notice an
                exporter whose clock is more than a day off.
        """
        for data in self._sessions.feed(packet, exporter):
            if received_ms is not None and abs(data.header.export_ms - received_ms) > 86_400_000:
                self._tally.flag("exporter's clock a day off (set)")
            if data.template.options:
                yield from self._learn(data)
            else:
                self._gather(data)
        if self._rows >= self._batch_rows or self._octets > MAX_PENDING:
            yield from self.flush()

    def flush(self) -> Iterator[Batch]:
        """What was gathered so far, as batches."""
        groups, self._groups = self._groups, {}
        self._rows = self._octets = 0
        for group in groups.values():
            batch = self._make(group)
            if batch is not None:
                yield batch

    def finish(self) -> Iterator[Batch]:
        """The rest; data whose template never came is counted."""
        yield from self.flush()
        for (address, number), sets in sorted(self._sessions.waiting().items()):
            self._tally.skip("template never seen (set)", sets)
            whose = f" of {address}" if address else ""
            self._tally.note(f"Template {number}{whose} never came; its records cannot be read.")

    def _learn(self, data: DataSet) -> Iterator[Batch]:
        records, cut = split(data.template, data.content)
        self._tally.records += len(records)
        self._tally.skip("options record", len(records))
        self._tally.skip("cut record", int(cut))
        for values in records:
            # One rate a place is kept: what was sampled at the old one is made into rows first.
            if self._facts.changes(data, values):
                yield from self.flush()
            self._facts.learn(data, values)

    def _gather(self, data: DataSet) -> None:
        template, content = data.template, data.content
        if template.variable:
            content, count, cut = flatten(template, content)
            self._tally.skip("cut record", int(cut))
        else:
            count = len(content) // template.octets
            content = content[: count * template.octets]
        if not count:
            return
        self._tally.records += count
        # The session holds the template while it is in use, and a group holds it until it is made.
        key = data.exporter, data.header.domain, id(template)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(data.exporter, data.header.domain, template)
        group.headers.append(data.header)
        group.counts.append(count)
        group.contents.append(content)
        self._rows += count
        self._octets += len(content) + _SET_COST

    def _make(self, group: _Group) -> Batch | None:
        template = group.template
        flat = flat_template(template) if template.variable else template
        rows = sum(group.counts)
        init = self._facts.start_ms(group.exporter, group.domain)
        headers = group.headers
        context = Context(
            self._spread([h.export_ms for h in headers], group),
            self._spread([UNKNOWN if h.uptime_ms is None else h.uptime_ms for h in headers], group),
            self._spread(list(repeat(UNKNOWN if init is None else init, len(headers))), group),
        )
        return make_rows(
            Fields(flat, b"".join(group.contents), rows),
            context,
            self._spread([h.rate or 0 for h in headers], group),
            Origin(group.exporter, group.domain, self._facts),
            self._tally,
        )

    @staticmethod
    def _spread(values: list[int], group: _Group) -> Ints:
        return np.repeat(np.array(values, np.int64), group.counts)
