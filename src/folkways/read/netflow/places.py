"""Exporters' observation domains: the numbering of each, and the groups of its templates."""

from collections.abc import Iterable
from typing import NamedTuple

from folkways.model.batches import Tally
from folkways.read.netflow.groups import Group
from folkways.read.netflow.messages import Exporter, Header, Key, parse_header
from folkways.read.netflow.numbering import Numbering

HEAD_OCTETS = 24
"""Octets of a packet that tell most others from it: its header."""
MAX_PLACES = 20_000
"""Places that are known at a time; the oldest is forgotten."""


class Sent(NamedTuple):
    """A packet to be numbered, and what it held."""

    packet: bytes
    units: int | None
    """Its options records; None: it held data whose template is not known."""
    counts: list[tuple[list[int], int]]
    """Lists of counts of records, and the place of the packet's own in each."""


class Place:
    """One domain of one exporter in one version."""

    __slots__ = ("_before", "deferred", "groups", "numbering", "recent", "walked")

    def __init__(self) -> None:
        self.recent: dict[bytes, bytes] = {}
        """The last packets by what stands at their beginning."""
        self._before: dict[bytes, bytes] = {}
        self.numbering = Numbering()
        self.groups: dict[int, Group] = {}
        """By the template's number, where records have one length."""
        self.walked: dict[int, Group] = {}
        """Where they have not."""
        self.deferred: list[Sent] = []
        """Packets that are numbered as soon as their records were counted."""

    def again(self, packet: bytes) -> bool:
        """Whether the same octets came a moment ago; they are kept."""
        head = packet[:HEAD_OCTETS]
        known = self.recent.get(head) or self._before.get(head)
        self.recent[head] = packet
        return known == packet

    def forget(self) -> None:
        """Forget the older half of the last packets."""
        self._before, self.recent = self.recent, {}


class Places:
    """All places, by exporter, version and domain."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self.known: dict[tuple[Exporter, int, int], Place] = {}

    def at(self, exporter: Exporter, header: Header) -> Place:
        """The place of a packet, a new one if need be."""
        key = exporter, header.version, header.domain
        place = self.known.get(key)
        if place is None:
            if len(self.known) >= MAX_PLACES:
                self._finish(next(iter(self.known)))
            place = self.known[key] = Place()
        return place

    def last_header(self, place: tuple[Exporter, int, int]) -> Header | None:
        """The header of the last packet of a place."""
        found = self.known.get(place)
        return parse_header(found.numbering.last) if found else None

    def number(self, place: Place, sent: Sent, exporter: Exporter, *, later: bool) -> None:
        """Judge the sequence number of a packet; ``later``: when its records were counted."""
        if later or place.deferred:
            place.deferred.append(sent)
        else:
            self._number(place, sent, exporter)

    def end_of_batch(self) -> None:
        """Judge the packets that waited, and forget the older ones of those that were kept."""
        for (exporter, _, _), place in self.known.items():
            for sent in place.deferred:
                self._number(place, sent, exporter)
            place.deferred.clear()
            place.forget()

    def part(self, key: tuple[Exporter, int, int]) -> None:
        """Let what comes from now on there begin new groups; what they hold stays pending."""
        place = self.known.get(key)
        if place is not None:
            place.groups.clear()
            place.walked.clear()

    def drop(self, templates: Iterable[Key]) -> None:
        """Forget the groups of templates that are no more; what they hold stays pending."""
        for exporter, version, domain, number in templates:
            place = self.known.get((exporter, version, domain))
            if place is not None:
                place.groups.pop(number, None)
                place.walked.pop(number, None)

    def finish(self) -> None:
        """Report the gaps that are open."""
        for key in list(self.known):
            self._finish(key)

    def _number(self, place: Place, sent: Sent, exporter: Exporter) -> None:
        units = sent.units
        if units is not None:
            for counts, i in sent.counts:
                units += counts[i]
        place.numbering.take(sent.packet, units, exporter, self._tally)

    def _finish(self, key: tuple[Exporter, int, int]) -> None:
        self.known.pop(key).numbering.finish(key[1], key[0], self._tally)
