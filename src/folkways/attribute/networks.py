"""What the catalogue says of addresses on one day: which prefix or AS names whom.

Two questions are kept apart: which service an address belongs to (a service's own network), and
which operator (an operator's network). A network of a cloud or CDN answers neither: what is rented
out never names a brand, it only says what kind of address it is.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.facts import NetworkFact, Rule, Shared
from folkways.attribute.intervals import NOTHING, Finder, Flags, Ints, Octets, Ranges, flatten


@dataclass(frozen=True)
class Claim:
    """A network fact on a day: who it names (a rule), or that it is rented out (shared).

    ``age`` is the distance in days from the dates for which the fact is vouched.
    """

    fact: NetworkFact
    rule: Rule | None
    shared: Shared | None
    age: int

    @property
    def order(self) -> tuple[bool, int, bool, int, str]:
        """The best first: inside its dates, more specific, rented out, nearer in time, by id."""
        fact = self.fact
        return (self.age > 0, -fact.length, self.shared is None, self.age, fact.id)


class Claims:
    """Claims of one question (service or operator), found by address and by AS number."""

    def __init__(self, claims: list[Claim]) -> None:
        self.all = claims
        self.prefixes = [c for c in claims if c.fact.asn is None]
        self.by_asn: dict[int, Claim] = {}
        numbers: defaultdict[int, list[Claim]] = defaultdict(list)
        for claim in claims:
            if claim.fact.asn is not None:
                numbers[claim.fact.asn].append(claim)
        for asn, several in numbers.items():
            self.by_asn[asn] = min(several, key=lambda c: c.order)
        self._finder = Finder(_ranges(self.prefixes))

    def find(self, octets: Octets, known: Flags) -> Ints:
        """(n,) place in ``prefixes`` of the claim that decides, NOTHING where there is none."""
        if not self.prefixes:
            return np.full(len(octets), NOTHING, np.int64)
        return self._finder.find(octets, known)


def claim_columns(
    claims: Sequence[Claim | None],
    rows: Ints,
    catalogue: Catalogue,
    number: Callable[[Rule | None], int | None],
) -> dict[str, pa.Array]:
    """Columns rule (its number), infrastructure, age and shared of (n,) rows.

    Each row points at a claim, NOTHING at none.
    """
    at = pa.array(rows, mask=rows == NOTHING)
    rules = [claim.rule if claim else None for claim in claims]
    by_claim = {
        "rule": pa.array([number(r) for r in rules], pa.int32()),
        "infrastructure": pa.array([catalogue.is_infrastructure(r) for r in rules], pa.bool_()),
        "age": pa.array([claim.age if claim else None for claim in claims], pa.int64()),
        "shared": pa.array([claim.shared if claim else None for claim in claims], pa.string()),
    }
    return {name: column.take(at) for name, column in by_claim.items()}


def _ranges(claims: list[Claim]) -> Ranges:
    def octets(addresses: list[bytes | None]) -> Octets:
        return np.frombuffer(b"".join(a or b"" for a in addresses), np.uint8).reshape(-1, 16)

    ranges = Ranges(
        octets([c.fact.first for c in claims]),
        octets([c.fact.last for c in claims]),
        np.arange(len(claims), dtype=np.int64),
    )
    worst_first = sorted(range(len(claims)), key=lambda n: claims[n].order, reverse=True)
    rank = np.empty(len(claims), np.int64)
    rank[worst_first] = np.arange(len(claims))
    return flatten(ranges, rank)


def claims_on(catalogue: Catalogue, day: dt.date) -> tuple[Claims, Claims]:
    """The claims of services and those of operators on a day (the latter with what is shared)."""
    services: list[Claim] = []
    operators: list[Claim] = []
    for claim in _all_claims(catalogue, day):
        names_service = claim.rule is not None and claim.rule.service is not None
        (services if names_service else operators).append(claim)
    return Claims(services), Claims(operators)


def _all_claims(catalogue: Catalogue, day: dt.date) -> Iterator[Claim]:
    for service in catalogue.services.values():
        shared = catalogue.rented_out(service)
        for fact in service.networks:
            rule = None if shared else catalogue.service_rule(service, fact)
            yield Claim(fact, rule, shared, fact.vouched.age(day))
    for operator in catalogue.operators.values():
        for fact in operator.networks:
            kind = catalogue.shared(operator.id, fact)
            named = None if kind else Rule(fact.id, "address", None, operator.id, None)
            yield Claim(fact, named, kind, fact.vouched.age(day))
