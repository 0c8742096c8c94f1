"""The memory between export packets: templates by exporter and domain, and data waiting for them.

All of it is bounded: the oldest templates are forgotten and counted, and data whose template has
not come waits only while ``MAX_HELD`` octets are not exceeded.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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
from folkways.read.netflow.messages import DataSet, Exporter, Header, parse_header
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

Key = tuple[Exporter, int, int, int]
"""Exporter, version, domain, template: what a template belongs to."""


@dataclass
class Missed:
    """Sets before a template: the first ``held`` were kept for it, the next ``lost`` not."""

    held: int
    lost: int
    template: Template | None = None


class Sessions:
    """Export packets in, data sets with their templates out, in the order in which they come."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
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
                if template is None:
                    self._hold(key, header, bytes(content))
                else:
                    yield DataSet(exporter, header, template, bytes(content))

    def template(self, key: Key) -> Template | None:
        """The template of a place, if it is known."""
        return self._templates.get(key)

    def waiting(self) -> dict[Key, int]:
        """Data sets whose template never came, by whose it would be."""
        found = {key: len(held) for key, held in self._held.items()}
        for key, missed in self.missed.items():
            if missed.template is None:
                found[key] = found.get(key, 0) + missed.lost
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
            self.missed[key].template = template
        for held_header, content in self._held.pop(key, ()):
            self._held_octets -= len(content) + _SET_COST
            yield DataSet(exporter, held_header, template, content)

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
            self._forget((exporter, header.version, header.domain, number))
            return
        options = _KINDS.get((header.version, number))
        place = exporter, header.version, header.domain, options is True
        for gone in list(self._places.get(place, ())):
            self._forget((*place[:3], gone))

    def _hold(self, key: Key, header: Header, content: bytes) -> None:
        self.unknown += 1
        cost = len(content) + _SET_COST
        missed = self.missed.get(key)
        if missed is None and self._held_octets + cost <= MAX_HELD:
            self._held_octets += cost
            self._held.setdefault(key, []).append((header, content))
        elif missed is not None and missed.template is None:
            missed.lost += 1
        elif missed is None and key not in self._known and len(self.missed) < MAX_MISSED:
            # From here on none of its sets is held, so that a second reading knows which to take.
            self.missed[key] = Missed(len(self._held.get(key, ())), 1)
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
