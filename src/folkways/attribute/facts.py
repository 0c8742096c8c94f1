"""What the catalogue holds: services, operators, and facts about them with source and dates.

Every fact has an id that does not change (``instagram/domain/instagram.com``), so that a row can
name what decided it and a reader can look it up years later.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeVar

Evidence = Literal["name", "dns", "address", "sensor", "port"]
Shared = Literal["hosting", "cdn"]


@dataclass(frozen=True)
class Dates:
    """From a day to a day, both included; None is open."""

    first: dt.date | None = None
    last: dt.date | None = None

    def age(self, day: dt.date) -> int:
        """Days between ``day`` and the nearest day inside; 0 if it is inside."""
        if self.first is not None and day < self.first:
            return (self.first - day).days
        if self.last is not None and day > self.last:
            return (day - self.last).days
        return 0

    def nearest(self, day: dt.date) -> dt.date:
        """``day`` if it is inside, else the day inside that is nearest to it."""
        if self.first is not None and day < self.first:
            return self.first
        return day if self.last is None else min(day, self.last)

    def overlap(self, other: "Dates") -> bool:
        """Whether the two share a day."""
        starts = max(d.first or dt.date.min for d in (self, other))
        return starts <= min(d.last or dt.date.max for d in (self, other))

    def __str__(self) -> str:
        return f"{self.first or ''}..{self.last or ''}"


@dataclass(frozen=True)
class Fact:
    """What all facts share: an id, where it is from, and on which day that was looked up."""

    id: str
    source: str | None
    checked: dt.date | None


@dataclass(frozen=True)
class DomainFact(Fact):
    """A domain with all names below it, or one exact host name.

    ``leading``: only names below it whose first labels are these; see ``name_rules``.
    """

    name: str
    exact: bool
    leading: str | None = None


@dataclass(frozen=True)
class NetworkFact(Fact):
    """Addresses: a prefix, or all that an AS number announces.

    ``first`` and ``last`` are 16-byte addresses, and ``length`` counts prefix bits out of 128; all
    three are None and 0 for an AS number. ``dates`` are those that the file states.
    ``use`` says, for an operator's network only, that it is the operator's own or rented out.
    """

    asn: int | None
    prefix: str | None
    first: bytes | None
    last: bytes | None
    length: int
    dates: Dates
    use: Literal["own", "hosting", "cdn"] | None = None

    @property
    def vouched(self) -> Dates:
        """The days for which the fact is vouched: what is not stated is known on the day checked.

        An address list says nothing about years in which nobody looked.
        """
        stated, checked = self.dates, self.checked
        if checked is None:
            return stated
        first = stated.first or min(checked, stated.last or checked)
        last = stated.last or max(checked, stated.first or checked)
        return Dates(first, last)


@dataclass(frozen=True)
class PortFact(Fact):
    """Ports of the remote side. ``protocol`` is None where the file forgot it (see check).

    ``shared`` ports are those that other services state as well: of these it is one. ``telling``
    is the reason why a port speaks although systems give it to clients as well; None: it does not.
    ``over`` are protocols in which the service speaks there: seeing one contradicts nothing.
    """

    protocol: str | None
    ports: tuple[int, ...]
    shared: bool = False
    telling: str | None = None
    over: tuple[str, ...] = ()


@dataclass(frozen=True)
class SensorFact(Fact):
    """A label that a sensor gives, in lower case."""

    label: str


@dataclass(frozen=True)
class SeatFact(Fact):
    """The country (ISO 3166-1 alpha-2) where an operator has its seat."""

    country: str
    dates: Dates


@dataclass(frozen=True)
class ParentFact(Fact):
    """Who owns an operator."""

    operator: str
    dates: Dates


@dataclass(frozen=True)
class Service:
    """A thing that people use."""

    id: str
    name: str
    operator: str | None
    function: str
    aliases: tuple[str, ...] = ()
    hidden: str | None = None
    ledger: str | None = None
    note: str | None = None
    domains: tuple[DomainFact, ...] = ()
    networks: tuple[NetworkFact, ...] = ()
    ports: tuple[PortFact, ...] = ()
    sensors: tuple[SensorFact, ...] = ()

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All facts about it."""
        return (*self.domains, *self.networks, *self.ports, *self.sensors)


@dataclass(frozen=True)
class Operator:
    """Who runs services."""

    id: str
    name: str
    seats: tuple[SeatFact, ...] = ()
    networks: tuple[NetworkFact, ...] = ()
    parents: tuple[ParentFact, ...] = ()

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All facts about it."""
        return (*self.seats, *self.networks, *self.parents)

    def seat(self, day: dt.date) -> str | None:
        """The country of its seat on a day; None where no stated seat holds that day."""
        found = in_force(self.seats, day)
        return found.country if found else None

    def parent(self, day: dt.date) -> str | None:
        """Its owner on a day, as far as stated."""
        found = in_force(self.parents, day)
        return found.operator if found else None


@dataclass(frozen=True)
class Rule:
    """A fact that names a service, or an operator only, by one kind of evidence."""

    id: str
    evidence: Evidence
    service: str | None
    operator: str | None
    function: str | None


_Dated = TypeVar("_Dated", SeatFact, ParentFact)


def in_force(facts: Iterable[_Dated], day: dt.date) -> _Dated | None:
    """The fact whose dates hold the day; of several the one that began last, then by id."""
    holding = [fact for fact in facts if fact.dates.age(day) == 0]
    return min(
        holding,
        key=lambda f: (-(f.dates.first or dt.date.min).toordinal(), f.id),
        default=None,
    )
