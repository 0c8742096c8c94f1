"""What exporters say of themselves in options records: sampling, application names, start times.

Sampling is looked up from the narrowest to the widest place: the sampler that a record names in
its own domain, in any domain of that address; then what the domain says without a sampler; then
what the address says, if it says one thing only. Anything else is unknown, never 1.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from folkways.formats.ipfix import elements
from folkways.model.batches import Tally
from folkways.model.told import NO_SAMPLER, rate_of
from folkways.read.netflow.memory import Memory
from folkways.read.netflow.messages import DataSet, Exporter
from folkways.read.netflow.restarts import with_start
from folkways.read.netflow.templates import Template
from folkways.read.sampling import implausible, note_implausible

MAX_FACTS = 200_000
"""Facts of one kind that are kept; further ones are counted."""
MAX_RATES = 10_000
"""Rates that are kept; they are searched once a batch."""
LATEST_MS = 1 << 48
"""Times of this or more, in any unit, are damage; they would overflow."""
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Rates = dict[int, dict[int, int]]
"""By sampler and domain."""
_E = elements()
_SAMPLER = (_E["samplerId"], _E["selectorId"])
_RATE = (_E["samplingInterval"], _E["samplerRandomInterval"])


class Facts:
    """What is known of exporters so far; ``stated_rate`` is what a person says of all of them.

    ``span`` is set to the first and the last time, ms since 1970 UTC, at which the records were
    sent that are asked about, ``sent`` to what gives the time of each.
    """

    def __init__(
        self, tally: Tally, *, stated_rate: int | None = None, memory: Memory | None = None
    ) -> None:
        self.stated_rate = stated_rate
        self.span = (0, 0)
        self.sent: Callable[[], Ints] | None = None
        self._tally = tally
        self._memory = memory or Memory(tally)
        # By exporter, sampler and domain; and since when.
        self._rates: dict[str, Rates] = {}
        self._since: dict[tuple[str, int, int], int] = {}
        self._rate_count = 0
        self._names: dict[tuple[str, int], str] = {}
        self._starts: dict[tuple[str, int], tuple[int, ...]] = {}

    def changes(self, data: DataSet, values: list[bytes]) -> bool:
        """Whether an options record would change a rate that is in use."""
        found = _numbers(data.template, values)
        rate = _rate(found)
        if rate is None or implausible(rate):
            return False
        domain, sampler = data.header.domain, _sampler(found)
        said = self._rates.get(_address(data.exporter), {}).get(sampler, {})
        before = said.get(domain)
        if before is None:
            topic = self._memory.topic("rate", data.exporter, 0, domain, sampler)
            # Strictly before: what other sources say may stand here as well.
            told = self._memory.find(topic, data.header.export_ms - 1)
            if told is not None and told.first_ms < data.header.export_ms:
                before = int(told.value)
        return before not in {None, rate}

    def learn(self, data: DataSet, values: list[bytes], *, late: bool = False) -> None:
        """Take one options record; ``late``: it had to wait, and newer ones may be known."""
        place, sent_ms = _address(data.exporter), data.header.export_ms
        found = _numbers(data.template, values)
        self._learn_name(place, found)
        start = _unsigned(found, _E["systemInitTimeMilliseconds"])
        if start and start < LATEST_MS and len(self._starts) < MAX_FACTS:
            known = self._starts.get((place, data.header.domain), ())
            self._starts[place, data.header.domain] = with_start(known, start)
            topic = self._memory.topic("start", data.exporter, 0, data.header.domain)
            self._memory.say(topic, str(start), sent_ms)
        rate = _rate(found)
        if rate is None:
            return
        if implausible(rate):
            note_implausible(self._tally, rate)
            return
        domain, sampler = data.header.domain, _sampler(found)
        said = self._rates.setdefault(place, {}).setdefault(sampler, {})
        if domain not in said:
            if self._rate_count >= MAX_RATES:
                self._tally.flag("sampling not kept")
                return
            self._rate_count += 1
        key = place, sampler, domain
        self._since[key] = min(sent_ms, self._since.get(key, sent_ms))
        topic = self._memory.topic("rate", data.exporter, 0, domain, sampler)
        self._memory.say(topic, str(rate), sent_ms)
        if not late or domain not in said:
            said[domain] = rate

    def rates(
        self, exporter: Exporter, domain: int, samplers: Iterable[int | None]
    ) -> list[int | None]:
        """Sampling 1 in N of records by the sampler that each names (None: names none).

        Where a rate is unknown there is None.
        """
        place = _address(exporter)
        own = self._rates.get(place, {})
        first_ms, last_ms = self.span
        near, far = (self._with_others(exporter, own, near=n) for n in (True, False))
        found = []
        for named in samplers:
            sampler = named or NO_SAMPLER
            rate = rate_of(near if sampler == NO_SAMPLER else far, domain, sampler)
            if self._since.get((place, sampler, domain), first_ms + 1) > first_ms:
                topic = self._memory.topic("rate", exporter, 0, domain, sampler)
                value = None if rate is None else str(rate)
                self._memory.need(topic, value, first_ms, last_ms)
            found.append(rate)
        return found

    def _with_others(self, exporter: Exporter, own: Rates, *, near: bool) -> Rates:
        """Rates by sampler and domain: what this source had said by then, else what others say.

        What it says only later stands behind the others, among which time has decided.
        """
        first_ms, last_ms = self.span
        others = self._memory.rates(exporter, last_ms, near=near)
        if not others:
            return own
        place = _address(exporter)
        found: Rates = {sampler: dict(domains) for sampler, domains in others.items()}
        for sampler, domains in own.items():
            there = found.setdefault(sampler, {})
            for domain, rate in domains.items():
                if domain not in there or self._since[place, sampler, domain] <= first_ms:
                    there[domain] = rate
        return found

    def edges(self, exporter: Exporter) -> list[int]:
        """When other sources tell that a rate changed while the records were sent."""
        return self._memory.changes(exporter, *self.span)

    def parts(self, exporter: Exporter) -> Iterator[slice | Bools]:
        """The records that are asked about, cut where other sources tell that a rate changed.

        ``span`` is set to that of each part.
        """
        whole, edges = self.span, self.edges(exporter)
        if not edges or self.sent is None:
            yield slice(None)
            return
        sent = self.sent()
        places = np.searchsorted(np.array(edges), sent, side="right")
        for place in np.unique(places).tolist():
            mine = places == place
            self.span = int(sent[mine].min()), int(sent[mine].max())
            yield mine
        self.span = whole

    def application(self, exporter: Exporter, application: int) -> str | None:
        """The exporter's own name for an application id (element 95)."""
        return self._names.get((_address(exporter), application))

    def starts(self, exporter: Exporter, domain: int, *, asked: bool = True) -> tuple[int, ...]:
        """When the exporter's uptime began (element 160), each time that it did, in order.

        Args:
            exporter: who.
            domain: which of its domains.
            asked: the times of the records depend on it.
        """
        found = self._starts.get((_address(exporter), domain), ())
        if found or not asked:
            return found
        first_ms, last_ms = self.span
        topic = self._memory.topic("start", exporter, 0, domain)
        told = self._memory.find(topic, first_ms)
        self._memory.need(topic, told.value if told else None, first_ms, last_ms)
        return (int(told.value),) if told else ()

    def _learn_name(self, place: str, found: Mapping[int, bytes]) -> None:
        name = text(found.get(_E["applicationName"], b""))
        application = _unsigned(found, _E["applicationId"])
        if not name or application is None:
            return
        if len(self._names) >= MAX_FACTS:
            self._tally.flag("application name not kept")
            return
        self._names[place, application] = name


def text(value: bytes) -> str:
    """A text field: to its first zero octet, without blanks around it."""
    return value.split(b"\0", 1)[0].decode("utf-8", "replace").strip()


def _sampler(found: Mapping[int, bytes]) -> int:
    sampler = next((s for n in _SAMPLER if (s := _unsigned(found, n)) is not None), None)
    return NO_SAMPLER if sampler is None else sampler


def _address(exporter: Exporter) -> str:
    return exporter[0] if exporter else ""


def _numbers(template: Template, values: list[bytes]) -> dict[int, bytes]:
    pairs = zip(template.fields, values, strict=True)
    return {f.number: value for f, value in pairs if not f.enterprise and value}


def _unsigned(found: Mapping[int, bytes], number: int) -> int | None:
    value = found.get(number)
    return int.from_bytes(value, "big") if value and len(value) <= 8 else None


def _rate(found: Mapping[int, bytes]) -> int | None:
    """1 in N by whichever elements say it (RFC 3954, RFC 5477); zero says nothing."""
    for number in _RATE:
        if rate := _unsigned(found, number):
            return rate
    interval = _unsigned(found, _E["samplingPacketInterval"])
    space = _unsigned(found, _E["samplingPacketSpace"])
    if interval and space is not None:
        return round(Fraction(interval + space, interval))
    size = _unsigned(found, _E["samplingSize"])
    population = _unsigned(found, _E["samplingPopulation"])
    return round(Fraction(population, size)) or None if size and population else None
