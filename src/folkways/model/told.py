"""What exporters said of themselves in one source, and what another source needs to know of it.

Export packets cannot be read alone: an exporter says now and then how its records are laid out
(templates) and how it samples, and a capture that is cut into files cuts there too. What was said
is kept with the source that held it; whoever reads another source of that exporter can ask for it.
Among several answers time decides: the last that was given by then, else the first one after. So
what comes of a source does not depend on the order in which sources are read.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

Kind = Literal["template", "rate", "start"]
ANY_PORT = -1
NO_SAMPLER = -1
FAR_MS = 86_400_000
"""A rate that is said so much later says nothing of records that name no sampler."""


class Topic(NamedTuple):
    """What is told: a template by its number, a rate by its sampler, or when uptime began.

    ``exporter`` is its name as it may be stored, empty if it is not known.
    """

    kind: Kind
    exporter: str
    version: int
    domain: int
    number: int = NO_SAMPLER


class Told(NamedTuple):
    """One answer, and from when to when (ms since 1970 UTC, the exporter's clock) it was given.

    ``value`` is a text; an empty one takes back what was said. ``port`` is the sender's, ``rank``
    tells which of two in the same second was the later one.
    """

    topic: Topic
    port: int
    value: str
    first_ms: int
    last_ms: int
    rank: int = 0


class Need(NamedTuple):
    """An answer that a source did not hold itself; ``value`` is the one that was used, if any."""

    topic: Topic
    port: int
    value: str | None
    first_ms: int
    last_ms: int


class Heard:
    """All that was told.

    Args:
        load: gives what is known, once somebody asks.
        name: makes of an exporter's address what may be stored of it.
        again: sources whose questions get other answers later will be read once more.
    """

    def __init__(
        self,
        load: Callable[[], Iterable[Told]] = tuple,
        name: Callable[[str], str] = str,
        *,
        again: bool = False,
    ) -> None:
        self.name, self.again = name, again
        self._load: Callable[[], Iterable[Told]] | None = load
        self._told: dict[Topic, set[Told]] = {}
        self._sorted: dict[Topic, list[Told]] = {}
        self._rates: dict[str, set[Topic]] = {}

    def add(self, told: Iterable[Told]) -> None:
        """Take what was told in one more source."""
        if self._load is not None:
            load, self._load = self._load, None
            self.add(load())
        for one in told:
            self._told.setdefault(one.topic, set()).add(one)
            self._sorted.pop(one.topic, None)
            if one.topic.kind == "rate":
                self._rates.setdefault(one.topic.exporter, set()).add(one.topic)

    def about(self, topic: Topic) -> list[Told]:
        """All answers on one topic, each once for as long as a port went on giving it."""
        self.add(())
        found = self._sorted.get(topic)
        if found is None:
            found = self._sorted[topic] = _merged(self._told.get(topic, ()))
        return found

    def find(self, topic: Topic, port: int, at_ms: int, own: Iterable[Told] = ()) -> Told | None:
        """The answer for that time, from here and from ``own``; None: there is none, or too many.

        A port's own answers come first: several exporters may stand behind one address. Those of
        other ports serve as long as no two of them contradict each other at one time; those of
        exporters that are not known as long as none contradicts another at all.
        """
        found = [*self.about(topic), *own]
        mine = [one for one in found if one.port in {port, ANY_PORT}]
        if topic.exporter:
            found = mine or (found if not _collide(found) else [])
        elif len({one.value for one in found}) > 1:
            return None
        return _nearest(found, at_ms)

    def rates(self, exporter: str, at_ms: int, *, near: bool = False) -> dict[int, dict[int, int]]:
        """Sampling 1 in N by sampler and domain at that time; ``near``: not much later either."""
        self.add(())
        said: dict[int, dict[int, int]] = {}
        for topic in self._rates.get(exporter, ()):
            one = _nearest(self.about(topic), at_ms)
            if one is None or (near and one.first_ms > at_ms + FAR_MS):
                continue
            said.setdefault(topic.number, {})[topic.domain] = int(one.value)
        return said

    def rate_changes(self, exporter: str, first_ms: int, last_ms: int) -> list[int]:
        """When, after the first time and up to the last, an answer on a rate was first given."""
        self.add(())
        topics = self._rates.get(exporter, ())
        times = {one.first_ms for topic in topics for one in self.about(topic)}
        return sorted(at for at in times if first_ms < at <= last_ms)

    def holds(self, need: Need) -> bool:
        """Whether the answer that was used is still the right one, all the time."""
        topic, first, last = need.topic, need.first_ms, need.last_ms
        if topic.kind == "rate":
            changes = self.rate_changes(topic.exporter, first, last)
            return all(self._rate(topic, at) == need.value for at in (first, *changes, last))
        times = {one.first_ms for one in self.about(topic) if first < one.first_ms <= last}
        found = (self.find(topic, need.port, at) for at in (first, *times, last))
        return all((one and one.value) == need.value for one in found)

    def _rate(self, topic: Topic, at_ms: int) -> str | None:
        said = self.rates(topic.exporter, at_ms, near=topic.number == NO_SAMPLER)
        rate = rate_of(said, topic.domain, topic.number)
        return None if rate is None else str(rate)


def rate_of(said: Mapping[int, Mapping[int, int]], domain: int, sampler: int) -> int | None:
    """Sampling 1 in N of records of a domain by the sampler that they name; None: not known.

    Args:
        said: rates by sampler and domain.
        domain: the records'.
        sampler: theirs; 0 or less: they name none.
    """
    own = said.get(NO_SAMPLER, {})
    named = said.get(sampler, {}) if sampler > 0 else {}
    if named:
        return named.get(domain) or _only(set(named.values()))
    if own:
        return own.get(domain) or _only(set(own.values()))
    # A record that names a sampler nobody described stays unknown, unless the exporter describes
    # none of its samplers.
    if sampler > 0:
        return None
    return _only({rate for rates in said.values() for rate in rates.values()})


def _merged(told: Iterable[Told]) -> list[Told]:
    found: list[Told] = []
    for one in sorted(told, key=lambda one: (one.port, one.first_ms, one.rank, one.value)):
        last = found[-1] if found else None
        if last and (last.port, last.value) == (one.port, one.value):
            found[-1] = last._replace(last_ms=max(last.last_ms, one.last_ms))
        else:
            found.append(one)
    return found


def _only(rates: set[int]) -> int | None:
    return next(iter(rates)) if len(rates) == 1 else None


def _nearest(found: Iterable[Told], at_ms: int) -> Told | None:
    """The last at or before a time, else the first after; the same whatever their order."""
    before = [one for one in found if one.first_ms <= at_ms]
    if before:
        return max(before, key=lambda one: (one.first_ms, one.rank, one.value))
    return min(found, key=lambda one: (one.first_ms, one.rank, one.value), default=None)


def _collide(found: list[Told]) -> bool:
    """Whether two ports said different things at one time."""
    return any(
        a.port != b.port
        and a.value != b.value
        and a.first_ms <= b.last_ms
        and b.first_ms <= a.last_ms
        for i, a in enumerate(found)
        for b in found[:i]
    )
