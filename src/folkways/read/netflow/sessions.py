"""The memory between export packets: templates by exporter and domain, and data waiting for them.

A sender (address and port) has templates of its own, since several exporters may stand behind one
address. Where it has none, those that the same address sent from other ports serve, here or in
another source (see ``memory``).
All of it is bounded: the oldest templates are forgotten and counted, and data whose template has
not come waits only while ``MAX_HELD`` octets are not exceeded.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from folkways.formats.ipfix import (
    IPFIX,
    IPFIX_OPTIONS_TEMPLATES,
    IPFIX_TEMPLATES,
    MIN_DATA_SET,
    SET_HEADER,
    V5,
    V5_MAX_RECORDS,
    V5_RECORD_OCTETS,
    V9_OPTIONS_TEMPLATES,
    V9_TEMPLATES,
)
from folkways.model.batches import Tally
from folkways.read.netflow.lending import Lender, write_template
from folkways.read.netflow.memory import Memory
from folkways.read.netflow.messages import DataSet, Exporter, Header, Key, parse_header
from folkways.read.netflow.templates import (
    MalformedError,
    Template,
    Withdrawal,
    parse_ipfix,
    parse_v9,
    v5_template,
)

MAX_FIELDS = 500_000
"""Fields of all stored templates together."""
MAX_HELD = 8 << 20
"""Octets of data sets that wait for their template."""
_SET_COST = 200
"""Octets that a waiting set takes beside its content, so that empty ones are bounded as well."""
_MAX_KNOWN = 100_000
_KINDS = {
    (9, V9_TEMPLATES): False,
    (9, V9_OPTIONS_TEMPLATES): True,
    (IPFIX, IPFIX_TEMPLATES): False,
    (IPFIX, IPFIX_OPTIONS_TEMPLATES): True,
}
"""Version and set number of template sets: whether they hold options templates."""

MAX_MISSED = 10_000
"""Templates of which it is known how many sets were not held."""


@dataclass
class Missed:
    """Sets before a template: the first ``held`` were kept for it, the next ``lost`` not."""

    held: int
    lost: int
    first_ms: int
    last_ms: int
    template: Template | None = None


class Waiting(NamedTuple):
    """Sets whose template never came, and from when to when they were sent."""

    sets: int
    first_ms: int
    last_ms: int


class Sessions:
    """Export packets in, data sets with their templates out, in the order in which they come."""

    def __init__(self, tally: Tally, memory: Memory | None = None) -> None:
        self._tally = tally
        self.lender = Lender(memory or Memory(tally))
        self._templates: dict[Key, Template] = {}
        # Which templates a place has, so that taking back all of them costs no search.
        self._places: dict[tuple[Exporter, int, int, bool], set[int]] = {}
        self._fields = 0
        # Places that ever had a template: what is held there later is not the first of its kind.
        self._known: set[Key] = set()
        self._held: dict[Key, list[tuple[Header, bytes]]] = {}
        self._held_octets = 0
        self._v5 = v5_template()
        self.unknown = 0
        """Data sets so far whose template was not known when they came."""
        self.gone: list[Key] = []
        """Templates that were forgotten, until someone takes them from here."""
        self.missed: dict[Key, Missed] = {}
        """Data sets that came before their template and could not be kept."""

    def feed(
        self, packet: bytes, exporter: Exporter, header: Header | None = None
    ) -> Iterator[DataSet]:
        """The data sets of one export packet, and those that waited for a template in it."""
        header = header or parse_header(packet)
        if header is None:
            self._tally.skip("no export packet")
            return
        if header.version == V5:
            yield from self._v5_records(packet, header, exporter)
            return
        end = len(packet)
        if header.version == IPFIX:
            if header.claimed > end:
                self._tally.flag("cut export packet")
            end = min(end, header.claimed)
        for number, content in sets(packet, header.octets, end, self._tally):
            options = _KINDS.get((header.version, number))
            if options is not None:
                yield from self._template_set(content, header, exporter, options=options)
            elif number < MIN_DATA_SET:
                self._tally.skip("set of a reserved number")
            else:
                key = exporter, header.version, header.domain, number
                template = self._templates.get(key)
                if template is not None:
                    yield DataSet(exporter, header, template, bytes(content))
                elif (lent := self.lender.lend(key, header, content)) is not None:
                    # Sets of its kind are not all held from here on, so they cannot be counted.
                    self._known.add(key)
                    yield lent
                else:
                    self._hold(key, header, bytes(content))

    def template(self, key: Key, at_ms: int) -> Template | None:
        """The template of a place at a time, if it is known."""
        return self._templates.get(key) or self.lender.found(key, at_ms, None)

    def late(self) -> Iterator[DataSet]:
        """At the end: the data sets that waited, where another sender or source has the template.

        Those that could not be kept are then in ``missed`` with it.
        """
        for key in list(self._held):
            rest = []
            for header, content in self._held[key]:
                template = self.lender.found(key, header.export_ms, content)
                if template is None:
                    rest.append((header, content))
                else:
                    yield DataSet(key[0], header, template, content)
            self._held[key] = rest
        for key, missed in self.missed.items():
            if missed.template is None:
                missed.template = self.lender.found(key, missed.first_ms, None)

    def waiting(self) -> dict[Key, Waiting]:
        """Data sets whose template never came, by whose it would be."""
        found = {}
        for key, held in self._held.items():
            times = [header.export_ms for header, _ in held]
            if times:
                found[key] = Waiting(len(held), min(times), max(times))
        for key, missed in self.missed.items():
            if missed.template is None:
                sets, first, last = found.get(key, (0, missed.first_ms, missed.last_ms))
                span = min(first, missed.first_ms), max(last, missed.last_ms)
                found[key] = Waiting(sets + missed.lost, *span)
        return found

    def _v5_records(self, packet: bytes, header: Header, exporter: Exporter) -> Iterator[DataSet]:
        count = header.claimed
        held = (len(packet) - header.octets) // V5_RECORD_OCTETS
        if not 1 <= count <= V5_MAX_RECORDS:
            self._tally.skip("impossible count of records")
            return
        if held < count:
            self._tally.skip("cut record", count - held)
        elif len(packet) - header.octets > count * V5_RECORD_OCTETS:
            self._tally.flag("more octets than records")
        content = packet[header.octets : header.octets + min(held, count) * V5_RECORD_OCTETS]
        yield DataSet(exporter, header, self._v5, content)

    def _template_set(
        self, content: memoryview, header: Header, exporter: Exporter, *, options: bool
    ) -> Iterator[DataSet]:
        parse = parse_ipfix if header.version == IPFIX else parse_v9
        found: Iterable[Template | Withdrawal] = parse(content, options=options)
        try:
            for template in found:
                if isinstance(template, Withdrawal):
                    self._withdraw(template.number, header, exporter)
                    continue
                yield from self._store(template, header, exporter)
        except MalformedError as error:
            self._tally.skip(str(error))

    def _store(self, template: Template, header: Header, exporter: Exporter) -> Iterator[DataSet]:
        key = exporter, header.version, header.domain, template.number
        known = self._templates.get(key)
        self.gone += self.lender.tell(key, write_template(template), header.export_ms)
        if known == template:
            # The same object stays, so that records before and after make one batch.
            return
        self._forget(key)
        self._templates[key] = template
        self._places.setdefault((*key[:3], template.options), set()).add(key[3])
        self._fields += len(template.fields) + 8
        while self._fields > MAX_FIELDS and len(self._templates) > 1:
            self._forget(next(iter(self._templates)))
            self._tally.flag("template forgotten")
        if len(self._known) < _MAX_KNOWN:
            self._known.add(key)
        if key in self.missed and self.missed[key].template is None:
            missed = self.missed[key]
            missed.template = template
            self.lender.used(key, template, missed.first_ms, missed.last_ms)
        for held_header, content in self._held.pop(key, ()):
            self._held_octets -= len(content) + _SET_COST
            nearest = self.lender.found(key, held_header.export_ms, content, template) or template
            yield DataSet(exporter, held_header, nearest, content)

    def _forget(self, key: Key) -> None:
        template = self._templates.pop(key, None)
        if template is not None:
            self.gone.append(key)
            self._fields -= len(template.fields) + 8
            place = *key[:3], template.options
            self._places[place].discard(key[3])
            if not self._places[place]:
                del self._places[place]

    def _withdraw(self, number: int, header: Header, exporter: Exporter) -> None:
        if number >= MIN_DATA_SET:
            self._withdraw_one((exporter, header.version, header.domain, number), header)
            return
        options = _KINDS.get((header.version, number))
        place = exporter, header.version, header.domain, options is True
        for gone in list(self._places.get(place, ())):
            self._withdraw_one((*place[:3], gone), header)

    def _withdraw_one(self, key: Key, header: Header) -> None:
        if key in self._templates:
            self.gone += self.lender.tell(key, "", header.export_ms)
        self._forget(key)

    def _hold(self, key: Key, header: Header, content: bytes) -> None:
        self.unknown += 1
        cost = len(content) + _SET_COST
        missed = self.missed.get(key)
        if missed is None and self._held_octets + cost <= MAX_HELD:
            self._held_octets += cost
            self._held.setdefault(key, []).append((header, content))
        elif missed is not None and missed.template is None:
            missed.lost += 1
            missed.first_ms = min(missed.first_ms, header.export_ms)
            missed.last_ms = max(missed.last_ms, header.export_ms)
        elif missed is None and key not in self._known and len(self.missed) < MAX_MISSED:
            # From here on none of its sets is held, so that a second reading knows which to take.
            self.missed[key] = Missed(
                len(self._held.get(key, ())), 1, header.export_ms, header.export_ms
            )
        else:
            self._tally.skip("data before its template (set)")


def sets(packet: bytes, at: int, end: int, tally: Tally) -> Iterator[tuple[int, memoryview]]:
    """Number and content of each set between two places of a packet."""
    view = memoryview(packet)
    while end - at >= SET_HEADER.size:
        number, length = SET_HEADER.unpack_from(packet, at)
        if length < SET_HEADER.size:
            # Some exporters fill packets with zeros; anything else is damage.
            if any(view[at:end]):
                tally.skip("malformed set length")
            return
        if at + length > end:
            tally.skip("cut set")
            # Whole records before the cut are used where the set is of data.
            if number >= MIN_DATA_SET:
                yield number, view[at + SET_HEADER.size : end]
            return
        yield number, view[at + SET_HEADER.size : at + length]
        at += length
