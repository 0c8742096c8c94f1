"""What a file says beside its flows: exporters, samplers, names of applications, lost packets."""

import ipaddress
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from folkways.formats import nfcapd
from folkways.formats.nfcapd import layout1
from folkways.model.batches import Tally

MAX_FACTS = 100_000
"""Exporters, samplers, maps and names of applications that are kept; others are counted."""
MAX_CHANGES = 300
"""How often a file may contradict itself; each time, what was read so far becomes batches."""
_IPV4_FAMILY = 2
_V5, _V9, _IPFIX = 5, 9, 10
_PLACES = {_V5: "engine", _V9: "domain", _IPFIX: "domain"}


class Rate(NamedTuple):
    """``taken`` packets of ``taken + skipped`` were sampled."""

    taken: int
    skipped: int

    @property
    def whole(self) -> int:
        """Of how many."""
        return self.taken + self.skipped

    @property
    def one_in(self) -> int:
        """The whole number that is nearest to the rate."""
        return round(Fraction(self.whole, self.taken))


class Exporter(NamedTuple):
    """The address of an exporter, and the part of it that measured (``domain 7``), if it says."""

    address: str
    place: str | None


@dataclass
class Facts:
    """What is known so far."""

    exporters: dict[int, Exporter] = field(default_factory=dict)
    rates: dict[int, dict[int, Rate]] = field(default_factory=dict)
    applications: dict[int, str] = field(default_factory=dict)
    maps: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def copy(self) -> "Facts":
        """As it is now, not to be changed by what is learned later."""
        return Facts(
            dict(self.exporters),
            {exporter: dict(rates) for exporter, rates in self.rates.items()},
            dict(self.applications),
            dict(self.maps),
        )

    def rate(self, exporter: int, sampler: int) -> Rate | None:
        """The rate by which nfcapd multiplied a flow that it marked as sampled.

        Args:
            exporter: the number of the exporter.
            sampler: the sampler that the flow names, 0 if it names none (nfcapd 1.7.1 often drops
                its name, so that several samplers of different rates leave the rate unknown).
        """
        own = self.rates.get(exporter, {})
        if nfcapd.SAMPLER_OVERWRITE in own:
            return own[nfcapd.SAMPLER_OVERWRITE]
        if sampler and sampler in own:
            return own[sampler]
        if sampler or all(number < 0 for number in own):
            at_large = own.get(nfcapd.SAMPLER_GENERIC)
            return at_large or own.get(nfcapd.SAMPLER_DEFAULT)
        distinct = set(own.values())
        return distinct.pop() if len(distinct) == 1 else None


Fact = tuple[dict[Any, Any], Any, Any]
"""Where something is kept, under which key, and what it is."""


class Learner:
    """Takes the records of a file that are no flows."""

    def __init__(self, tally: Tally) -> None:
        self._facts = Facts()
        self._tally = tally
        self._kept = self._changes = 0
        self._snapshot: Facts | None = None
        self._parsers: dict[int, Callable[[bytes], Iterable[Fact]]] = {
            layout1.MAP_RECORD: self._map,
            nfcapd.EXPORTER_RECORD: self._exporter,
            nfcapd.SAMPLER_RECORD_OLD: self._old_sampler,
            nfcapd.SAMPLER_RECORD: self._sampler,
            nfcapd.APPLICATIONS_RECORD: self._applications,
            nfcapd.STATS_RECORD: self._statistics,
        }

    def snapshot(self) -> Facts:
        """What is known now, for flows up to here."""
        if self._snapshot is None:
            self._snapshot = self._facts.copy()
        return self._snapshot

    def wants(self, kind: int) -> bool:
        """Whether records of this type say anything of use."""
        return kind in self._parsers

    def parse(self, kind: int, record: bytes) -> list[Fact]:
        """What a record says; one that is too short for its kind is counted."""
        try:
            return list(self._parsers[kind](record))
        except ValueError:
            self._tally.skip("record too short for its kind")
            return []

    def contradicts(self, facts: list[Fact]) -> bool:
        """Whether they would change what flows up to here were read by."""
        changes = any(place.get(key, value) != value for place, key, value in facts)
        self._changes += changes
        return changes and self._changes <= MAX_CHANGES

    def learn(self, facts: list[Fact]) -> None:
        """Keep them; beyond ``MAX_FACTS`` and ``MAX_CHANGES`` they are only counted."""
        for place, key, value in facts:
            if key not in place:
                self._kept += 1
            if self._kept > MAX_FACTS or self._changes > MAX_CHANGES:
                self._tally.flag("record about exporters beyond those that are kept")
                return
            place[key] = value
            self._snapshot = None

    def _map(self, record: bytes) -> Iterator[Fact]:
        head = np.frombuffer(record, layout1.MAP, 1)[0]
        ids = np.frombuffer(record[layout1.MAP.itemsize : len(record) & ~1], "<u2").tolist()
        extensions = tuple(ids[: ids.index(0)] if 0 in ids else ids)
        yield self._facts.maps, int(head["map"]), extensions

    def _exporter(self, record: bytes) -> Iterator[Fact]:
        found = np.frombuffer(record, nfcapd.EXPORTER, 1)[0]
        high, low = (int(part) for part in found["address"])
        address: ipaddress.IPv4Address | ipaddress.IPv6Address
        if found["family"] == _IPV4_FAMILY:
            address = ipaddress.IPv4Address(low & 0xFFFFFFFF)
        else:
            address = ipaddress.IPv6Address(high << 64 | low)
        word, number = _PLACES.get(int(found["version"])), int(found["id"])
        place = f"{word} {number}" if word and number else None
        yield self._facts.exporters, int(found["exporter"]), Exporter(str(address), place)

    def _old_sampler(self, record: bytes) -> Iterator[Fact]:
        found = np.frombuffer(record, nfcapd.SAMPLER_OLD, 1)[0]
        own = self._facts.rates.setdefault(int(found["exporter"]), {})
        yield own, int(found["id"]), Rate(1, max(int(found["interval"]) - 1, 0))

    def _sampler(self, record: bytes) -> Iterator[Fact]:
        found = np.frombuffer(record, nfcapd.SAMPLER, 1)[0]
        own = self._facts.rates.setdefault(int(found["exporter"]), {})
        yield own, int(found["id"]), Rate(max(int(found["taken"]), 1), int(found["skipped"]))

    def _applications(self, record: bytes) -> Iterator[Fact]:
        head = np.frombuffer(record, nfcapd.APPLICATIONS, 1)[0]
        step, split = int(head["element_size"]), int(head["id_length"])
        end = split + int(head["name_length"])
        if not step or step < end:
            raise ValueError
        first = nfcapd.APPLICATIONS.itemsize
        last = min(first + int(head["count"]) * step, len(record)) - step
        for at in range(first, last + 1, step):
            number = int.from_bytes(record[at : at + split], "little")
            raw = record[at + split : at + end].split(b"\0", 1)[0]
            if name := raw.decode("utf-8", "replace").strip():
                yield self._facts.applications, number, name

    def _statistics(self, record: bytes) -> Iterator[Fact]:
        head = np.frombuffer(record, nfcapd.STATS_HEAD, 1)[0]
        content = record[nfcapd.STATS_HEAD.itemsize :]
        count = min(int(head["count"]), len(content) // nfcapd.STATS.itemsize)
        failures = np.frombuffer(content, nfcapd.STATS, count)["sequence_failures"]
        self._tally.flag("sequence jumped, as the collector counted", int(failures.sum()))
        return iter(())
