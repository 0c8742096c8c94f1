"""What exporters say of themselves in options records: sampling, application names, start times.

Sampling is looked up from the narrowest to the widest place: the sampler that a record names in
its own domain, in any domain of that address; then what the domain says without a sampler; then
what the address says, if it says one thing only. Anything else is unknown, never 1.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from folkways.formats.ipfix import elements
from folkways.model.batches import Tally
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
_E = elements()
_SAMPLER = (_E["samplerId"], _E["selectorId"])
_RATE = (_E["samplingInterval"], _E["samplerRandomInterval"])


class Facts:
    """What is known of exporters so far; ``stated_rate`` is what a person says of all of them."""

    def __init__(self, tally: Tally, *, stated_rate: int | None = None) -> None:
        self.stated_rate = stated_rate
        self._tally = tally
        self._rates: dict[tuple[str, int | None], dict[int, int]] = {}
        self._rate_count = 0
        self._names: dict[tuple[str, int], str] = {}
        self._starts: dict[tuple[str, int], tuple[int, ...]] = {}

    def changes(self, data: DataSet, values: list[bytes]) -> bool:
        """Whether an options record would change a rate that is in use."""
        found = _numbers(data.template, values)
        rate = _rate(found)
        before = self._rates.get(_sampler_key(data, found), {}).get(data.header.domain)
        return rate is not None and not implausible(rate) and before not in {None, rate}

    def learn(self, data: DataSet, values: list[bytes]) -> None:
        """Take one options record."""
        place = _address(data.exporter)
        found = _numbers(data.template, values)
        self._learn_name(place, found)
        start = _unsigned(found, _E["systemInitTimeMilliseconds"])
        if start and start < LATEST_MS and len(self._starts) < MAX_FACTS:
            known = self._starts.get((place, data.header.domain), ())
            self._starts[place, data.header.domain] = with_start(known, start)
        rate = _rate(found)
        if rate is None:
            return
        if implausible(rate):
            note_implausible(self._tally, rate)
            return
        key = _sampler_key(data, found)
        domain = data.header.domain
        if domain not in self._rates.get(key, {}):
            if self._rate_count >= MAX_RATES:
                self._tally.flag("sampling not kept")
                return
            self._rate_count += 1
        self._rates.setdefault(key, {})[domain] = rate

    def rates(
        self, exporter: Exporter, domain: int, samplers: Iterable[int | None]
    ) -> list[int | None]:
        """Sampling 1 in N of records by the sampler that each names (None: names none).

        Where a rate is unknown there is None.
        """
        place = _address(exporter)
        own = self._rates.get((place, None), {})
        unnamed = own.get(domain) or _only(set(own.values()))
        # A record that names a sampler nobody described stays unknown, unless the exporter
        # describes none of its samplers.
        anywhere = None
        if not own:
            mine = (rates.values() for (at, _), rates in self._rates.items() if at == place)
            anywhere = _only({rate for rates in mine for rate in rates})
        found = []
        for sampler in samplers:
            named = self._rates.get((place, sampler), {}) if sampler else {}
            if named:
                found.append(named.get(domain) or _only(set(named.values())))
            elif own:
                found.append(unnamed)
            else:
                found.append(None if sampler else anywhere)
        return found

    def application(self, exporter: Exporter, application: int) -> str | None:
        """The exporter's own name for an application id (element 95)."""
        return self._names.get((_address(exporter), application))

    def starts(self, exporter: Exporter, domain: int) -> tuple[int, ...]:
        """When the exporter's uptime began (element 160), each time that it did, in order."""
        return self._starts.get((_address(exporter), domain), ())

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


def _sampler_key(data: DataSet, found: Mapping[int, bytes]) -> tuple[str, int | None]:
    sampler = next((s for n in _SAMPLER if (s := _unsigned(found, n)) is not None), None)
    return _address(data.exporter), sampler


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


def _only(rates: set[int]) -> int | None:
    return next(iter(rates)) if len(rates) == 1 else None
