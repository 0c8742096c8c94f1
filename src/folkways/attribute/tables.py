"""The small tables of one day that the ladder joins: what each distinct value says by itself.

Every rule that can decide gets a number; the tables carry numbers, so that the joins over millions
of rows move integers and the texts are fetched once, at the end.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.facts import Rule
from folkways.attribute.intervals import NOTHING, Finder, Flags, Ints, Octets, Ranges, flatten
from folkways.attribute.networks import Claim, claims_on
from folkways.attribute.snapshot import Snapshot
from folkways.model.addresses import MAPPED_PREFIX, address_from_text, addresses_to_numpy
from folkways.model.columns import ADDRESS

KINDS_BY_STRENGTH = ("tor-relay", "vpn", "proxy", "cdn", "hosting")
"""Where several lists hold an address, the one that says most of its use is its kind."""
KINDS_OF_THE_DAY = frozenset({"tor-relay", "vpn", "proxy"})
"""Such addresses change hands within days, so only a list that holds on the day speaks."""
HIDDEN = ("encrypted-dns", "possible-vps", "proxy", "tor", "vpn")
"""The values of the column hidden in its order. The n-th is bit n of a set kept as a number."""
POSSIBLE_VPS = 1 << HIDDEN.index("possible-vps")
HIDDEN_BY_KIND = {"tor-relay": "tor", "vpn": "vpn", "proxy": "proxy"}


class DayTables:
    """Builds the tables of a day.

    Args:
        catalogue: services and operators.
        snapshot: dated reference lists.
        day: the UTC day.
        anonymised: addresses are no real ones; nothing is known of them.
    """

    def __init__(
        self, catalogue: Catalogue, snapshot: Snapshot, day: dt.date, *, anonymised: bool = False
    ) -> None:
        self._anonymised = anonymised
        self._catalogue = catalogue
        self._snapshot = snapshot
        self._day = day
        self._rules: dict[Rule, int] = {}
        self._services, self._operators = claims_on(catalogue, day)
        self._local = Finder(_local_ranges(catalogue))

    def _number(self, rule: Rule | None) -> int | None:
        return None if rule is None else self._rules.setdefault(rule, len(self._rules))

    def names(self, names: list[str]) -> pa.Table:
        """(name, rule, outer, literal) of distinct host names."""
        match, outer = self._catalogue.match_name, self._catalogue.protocols.outer_names
        return pa.table(
            {
                "name": pa.array(names, pa.string()),
                "rule": pa.array([self._number(match(n)) for n in names], pa.int32()),
                "outer_name": pa.array(
                    [n.lower().removesuffix(".") in outer for n in names], pa.bool_()
                ),
                "literal": pa.array([_is_address(n) for n in names], pa.bool_()),
            }
        )

    def bound(self, texts: list[str]) -> pa.Table:
        """(bound, rule, operator_only) of names from DNS: one, or candidates with comma between."""
        rules = [self._bound_rule(text.split(",")) for text in texts]
        return pa.table(
            {
                "bound": pa.array(texts, pa.string()),
                "rule": pa.array([self._number(r) for r in rules], pa.int32()),
                "operator_only": pa.array(
                    [r is not None and r.service is None for r in rules], pa.bool_()
                ),
            }
        )

    def _bound_rule(self, names: list[str]) -> Rule | None:
        """What all candidates agree on; of several rules that say so the first by id.

        A cloud's or CDN's name is the middle of a chain whose beginning was not asked again: it
        tells where something runs, not what.
        """
        found = [self._catalogue.match_name(name) for name in names]
        services = self._catalogue.services
        if any(r and r.service and self._catalogue.rented_out(services[r.service]) for r in found):
            return None
        rules = sorted((r for r in found if r is not None), key=lambda r: r.id)
        if len(rules) < len(found):
            return None
        if len({r.service for r in rules}) == 1:
            return replace(rules[0], evidence="dns")
        if len({r.operator for r in rules}) == 1 and rules[0].operator is not None:
            return replace(rules[0], evidence="dns", service=None, function=None)
        return None

    def labels(self, labels: list[str]) -> pa.Table:
        """(sensor_label, rule, lookup, encrypted, hidden) of distinct labels."""
        rules = [self._catalogue.label_rule(label) for label in labels]
        known = self._catalogue.protocols.labels
        parts = [
            [known[p] for p in self._catalogue.label_parts(one) if p in known] for one in labels
        ]
        return pa.table(
            {
                "sensor_label": pa.array(labels, pa.string()),
                "rule": pa.array([self._number(r) for r in rules], pa.int32()),
                "lookup": pa.array(map(self._catalogue.is_lookup, rules), pa.bool_()),
                "encrypted": pa.array(
                    [_first(p.encrypted for p in ps) for ps in parts], pa.string()
                ),
                "hidden": _bits([_first(p.hidden for p in ps) for ps in parts]),
            }
        )

    def ports(self) -> pa.Table:
        """(protocol, port, rule, lookup, infrastructure, hidden, weak) of telling ports."""
        rules, ways = self._catalogue.port_rules, self._catalogue.protocols.ways
        keys = sorted({*rules, *((n, p) for n, p in ways if p is not None)})
        return pa.table(
            {
                "protocol": pa.array([n for n, _ in keys], pa.int16()),
                "port": pa.array([p for _, p in keys], pa.int32()),
                "rule": pa.array([self._number(rules.get(k)) for k in keys], pa.int32()),
                "lookup": pa.array(
                    [self._catalogue.is_lookup(rules.get(k)) for k in keys], pa.bool_()
                ),
                "infrastructure": pa.array(
                    [self._catalogue.is_infrastructure(rules.get(k)) for k in keys]
                ),
                "hidden": _bits([ways[k].hidden if k in ways else None for k in keys]),
                "weak": pa.array([k in ways and ways[k].weak for k in keys], pa.bool_()),
            }
        )

    def called_ports(self) -> pa.Table:
        """(protocol, port, encrypted) of the ports of the side that was called."""
        said = self._catalogue.protocols.encrypted_by_port
        keys = sorted((n, p) for n, p in said if p is not None)
        return pa.table(
            {
                "protocol": pa.array([n for n, _ in keys], pa.int16()),
                "port": pa.array([p for _, p in keys], pa.int32()),
                "encrypted": pa.array([said[k] for k in keys], pa.string()),
            }
        )

    def numbers(self) -> pa.Table:
        """(protocol, hidden, encrypted) of protocol numbers that say something by themselves."""
        protocols = self._catalogue.protocols
        ways = {n: w.hidden for (n, p), w in protocols.ways.items() if p is None}
        said = {n: e for (n, p), e in protocols.encrypted_by_port.items() if p is None}
        numbers = sorted({*ways, *said})
        return pa.table(
            {
                "protocol": pa.array(numbers, pa.int16()),
                "hidden": _bits([ways.get(n) for n in numbers]),
                "encrypted": pa.array([said.get(n) for n in numbers], pa.string()),
            }
        )

    def seen(self) -> pa.Table:
        """(name_source, encrypted)."""
        said = sorted(self._catalogue.protocols.encrypted_by_name.items())
        return pa.table(
            {
                "name_source": pa.array([s for s, _ in said], pa.string()),
                "encrypted": pa.array([e for _, e in said], pa.string()),
            }
        )

    def asns(self) -> pa.Table:
        """(asn, service_rule, service_infrastructure, service_age, operator_rule, ...) by AS."""
        numbers = sorted({*self._services.by_asn, *self._operators.by_asn})
        columns = {"asn": pa.array(numbers, pa.int64())}
        every = np.arange(len(numbers))
        for prefix, claims in (("service", self._services), ("operator", self._operators)):
            found = [claims.by_asn.get(n) for n in numbers]
            columns.update(self._claim_columns(prefix, found, every))
        return pa.table(columns)

    def remotes(self, addresses: pa.Array) -> pa.Table:
        """What lists and prefixes say of distinct remote addresses; local ones say nothing."""
        octets, known = addresses_to_numpy(addresses)
        if self._anonymised:
            known = np.zeros_like(known)
        known &= self._local.find(octets, known) == NOTHING
        asn = self._snapshot.lookup_octets("asn", octets, known, self._day)
        country = self._snapshot.lookup_octets("country", octets, known, self._day)
        at = self._kinds(octets, known)
        kinds = pa.array(KINDS_BY_STRENGTH, pa.string()).take(at)
        columns = {
            "remote": addresses.cast(ADDRESS),
            "asn": asn.values,
            "asn_age": asn.age,
            "country": country.values,
            "kind": kinds,
            "hidden": _bits(HIDDEN_BY_KIND.get(k) for k in KINDS_BY_STRENGTH).take(at),
        }
        for prefix, claims in (("service", self._services), ("operator", self._operators)):
            found: list[Claim | None] = [*claims.prefixes, None]
            columns.update(self._claim_columns(prefix, found, claims.find(octets, known)))
        return pa.table(columns)

    def _kinds(self, octets: Octets, known: Flags) -> pa.Array:
        """(n,) place of each address's kind among KINDS_BY_STRENGTH, null where none is known."""
        kind = np.full(len(octets), NOTHING, np.int64)
        for number, name in enumerate(KINDS_BY_STRENGTH):
            found = self._snapshot.lookup_octets(name, octets, known & (kind == NOTHING), self._day)
            hit = _mask(found.values.is_valid())
            if name in KINDS_OF_THE_DAY:
                hit &= _mask(pc.equal(found.age, 0).fill_null(fill_value=False))
            kind[hit] = number
        return pa.array(kind, mask=kind == NOTHING)

    def _claim_columns(
        self, prefix: str, claims: list[Claim | None], rows: Ints
    ) -> dict[str, pa.Array]:
        """Columns of (n,) rows, each pointing at a claim, NOTHING at none."""
        at = pa.array(rows, mask=rows == NOTHING)
        rules = [claim.rule if claim else None for claim in claims]
        by_claim = {
            "rule": pa.array([self._number(r) for r in rules], pa.int32()),
            "infrastructure": pa.array(
                [self._catalogue.is_infrastructure(r) for r in rules], pa.bool_()
            ),
            "age": pa.array([claim.age if claim else None for claim in claims], pa.int64()),
            "shared": pa.array([claim.shared if claim else None for claim in claims], pa.string()),
        }
        return {f"{prefix}_{name}": column.take(at) for name, column in by_claim.items()}

    def rules(self) -> pa.Table:
        """(number, rule, evidence, service, ...) of all rules met so far; build it last."""
        rules = list(self._rules)
        services = self._catalogue.services
        seats = {r.operator: self._catalogue.jurisdiction(r.operator, self._day) for r in rules}
        hidden = [services[r.service].hidden if r.service else None for r in rules]
        return pa.table(
            {
                "number": pa.array(range(len(rules)), pa.int32()),
                "rule": pa.array([r.id for r in rules], pa.string()),
                "evidence": pa.array([r.evidence for r in rules], pa.string()),
                "service": pa.array([r.service for r in rules], pa.string()),
                "operator": pa.array([r.operator for r in rules], pa.string()),
                "function": pa.array([r.function for r in rules], pa.string()),
                "jurisdiction": pa.array([seats[r.operator] for r in rules], pa.string()),
                "hidden": _bits(hidden),
            }
        )


def _first(values: Iterable[str | None]) -> str | None:
    return next((v for v in values if v is not None), None)


def _bits(values: Iterable[str | None]) -> pa.Array:
    """Each value of HIDDEN as a set of one, none as the empty set."""
    return pa.array([0 if v is None else 1 << HIDDEN.index(v) for v in values], pa.int16())


def hidden_sets() -> pa.Table:
    """(bits, hidden): each set as text, sorted, comma between; the empty one is not there."""
    sets = range(1, 1 << len(HIDDEN))
    texts = [",".join(h for n, h in enumerate(HIDDEN) if bits >> n & 1) for bits in sets]
    return pa.table({"bits": pa.array(sets, pa.int16()), "hidden": pa.array(texts, pa.string())})


def _mask(flags: pa.Array) -> Flags:
    return flags.to_numpy(zero_copy_only=False)


def _is_address(name: str) -> bool:
    return address_from_text(name.strip("[]")) is not None


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
