"""What lists and networks say of distinct remote addresses on one day, a row an address."""

import datetime as dt
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.facts import Rule, Shared
from folkways.attribute.intervals import NOTHING, Finder, Flags, Octets, Ranges, flatten
from folkways.attribute.networks import Claims, claim_columns
from folkways.attribute.snapshot import Snapshot
from folkways.attribute.ways import bits
from folkways.model.addresses import MAPPED_PREFIX, addresses_to_numpy
from folkways.model.columns import ADDRESS

SHARED_KINDS = ("tor-relay", "vpn", "proxy", "cdn", "hosting")
"""Kinds of addresses that anyone's traffic comes from, so that they never name an operator."""
KINDS_BY_STRENGTH = (*SHARED_KINDS, "government", "education", "media", "access-network")
"""Where several lists hold an address, the one that says most of its use is its kind."""
KINDS_OF_THE_DAY = frozenset({"tor-relay", "vpn", "proxy"})
"""Such addresses change hands within days, so only a list that holds on the day speaks."""
HIDDEN_BY_KIND = {"tor-relay": "tor", "vpn": "vpn", "proxy": "proxy"}
_CLAIM = ("rule", "infrastructure", "age", "shared")


class RemoteTable:
    """Builds the table.

    Args:
        catalogue: services and operators.
        snapshot: dated reference lists.
        day: the UTC day.
        number: gives the number of a rule.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        snapshot: Snapshot,
        day: dt.date,
        number: Callable[[Rule | None], int | None],
    ) -> None:
        self._catalogue = catalogue
        self._snapshot = snapshot
        self._day = day
        self._number = number
        self._local = Finder(_local_ranges(catalogue))

    def build(
        self, addresses: pa.Array, services: Claims, operators: Claims, *, anonymised: bool
    ) -> pa.Table:
        """The table; local addresses have no values, nor has any where all are anonymised."""
        octets, known = addresses_to_numpy(addresses)
        if anonymised:
            known = np.zeros_like(known)
        known &= self._local.find(octets, known) == NOTHING
        asn = self._snapshot.lookup_octets("asn", octets, known, self._day)
        country = self._snapshot.lookup_octets("country", octets, known, self._day)
        columns = {
            "remote": addresses.cast(ADDRESS),
            "asn": asn.values,
            "asn_age": asn.age,
            "country": country.values,
            "country_second": self._snapshot.second_octets("country", octets, known, self._day),
            **self._kinds(octets, known),
            **self._claims("service", services, octets, known),
            **self._claims("operator", operators, octets, known),
        }
        return pa.table(columns)

    def _kinds(self, octets: Octets, known: Flags) -> dict[str, pa.Array]:
        """Of each address its kind, whether that is shared, and what the list says of it."""
        size = len(octets)
        place = np.full(size, NOTHING, np.int64)
        detail, ports = pa.nulls(size, pa.string()), pa.nulls(size, pa.string())
        for number, name in enumerate(KINDS_BY_STRENGTH):
            asked = known & (place == NOTHING)
            found = self._snapshot.lookup_octets(name, octets, asked, self._day)
            hit = found.values.is_valid()
            if name in KINDS_OF_THE_DAY:
                hit = pc.and_(hit, pc.equal(found.age, 0).fill_null(fill_value=False))
            place[hit.to_numpy(zero_copy_only=False)] = number
            detail = pc.if_else(hit, found.values, detail)
            ports = pc.if_else(hit, found.ports, ports)
        at = pa.array(place, mask=place == NOTHING)
        shared = [kind if kind in SHARED_KINDS else None for kind in KINDS_BY_STRENGTH]
        return {
            "kind": pa.array(KINDS_BY_STRENGTH, pa.string()).take(at),
            "shared_kind": pa.array(shared, pa.string()).take(at),
            "hidden": bits(HIDDEN_BY_KIND.get(k) for k in KINDS_BY_STRENGTH).take(at),
            "detail": detail,
            "ports": ports,
        }

    def _claims(
        self, owner: str, claims: Claims, octets: Octets, known: Flags
    ) -> dict[str, pa.Array]:
        """Which service or operator an address belongs to.

        The catalogue says it, or a list of services or operators that is nearer to the day.
        """
        stated = claim_columns(
            [*claims.prefixes, None], claims.find(octets, known), self._catalogue, self._number
        )
        listed = self._listed(owner, octets, known)
        nearer = pc.less(listed["age"], pc.coalesce(stated["age"], pa.scalar(2**31)))
        nearer = nearer.fill_null(fill_value=False)
        return {
            f"{owner}_{name}": pc.if_else(nearer, listed[name], stated[name]) for name in _CLAIM
        }

    def _listed(self, owner: str, octets: Octets, known: Flags) -> dict[str, pa.Array]:
        """The same by lists of owners; what is no id of the catalogue says nothing."""
        found = self._snapshot.lookup_octets(owner, octets, known, self._day)
        pairs = pc.binary_join_element_wise(found.list_id.cast(pa.string()), found.values, " ")
        encoded = pairs.dictionary_encode()
        said = [self._owner(owner, *pair.split(" ", 1)) for pair in encoded.dictionary.to_pylist()]
        rules = [rule for rule, _ in said]
        by_pair = {
            "rule": pa.array([self._number(r) for r in rules], pa.int32()),
            "infrastructure": pa.array(
                [self._catalogue.is_infrastructure(r) for r in rules], pa.bool_()
            ),
            "shared": pa.array([shared for _, shared in said], pa.string()),
            "told": pa.array([said_so != (None, None) for said_so in said], pa.bool_()),
        }
        columns = {name: values.take(encoded.indices) for name, values in by_pair.items()}
        columns["age"] = pc.if_else(columns.pop("told"), found.age, pa.scalar(None, pa.int64()))
        return columns

    def _owner(self, owner: str, list_id: str, value: str) -> tuple[Rule | None, Shared | None]:
        """The rule by which a list names an owner, or that what it names is rented out."""
        if owner == "operator":
            if value not in self._catalogue.operators:
                return None, None
            shared = self._catalogue.renting(value)
            return (None if shared else Rule(list_id, "address", None, value, None)), shared
        service = self._catalogue.services.get(value)
        if service is None:
            return None, None
        shared = self._catalogue.rented_out(service)
        rule = Rule(list_id, "address", service.id, service.operator, service.function)
        return (None if shared else rule), shared


def _local_ranges(catalogue: Catalogue) -> Ranges:
    networks = catalogue.protocols.local

    def octets(addresses: list[bytes]) -> Octets:
        mapped = [a if len(a) == 16 else MAPPED_PREFIX + a for a in addresses]
        return np.frombuffer(b"".join(mapped), np.uint8).reshape(-1, 16)

    return flatten(
        Ranges(
            octets([n.network_address.packed for n in networks]),
            octets([n.broadcast_address.packed for n in networks]),
            np.zeros(len(networks), np.int64),
        )
    )
