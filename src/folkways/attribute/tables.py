"""The small tables of one day that the ladder joins: what each distinct value says by itself.

Every rule that can decide gets a number; the tables carry numbers, so that the joins over millions
of rows move integers and the texts are fetched once, at the end.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pyarrow as pa

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.facts import Rule
from folkways.attribute.network_kinds import kind_of_domain
from folkways.attribute.networks import claim_columns, claims_on
from folkways.attribute.port_evidence import UNRECOGNISED, seen_bits
from folkways.attribute.ports import borne
from folkways.attribute.protocols import Way
from folkways.attribute.recognised import own_ports, recognised
from folkways.attribute.remotes import RemoteTable
from folkways.attribute.snapshot import Snapshot
from folkways.attribute.ways import bits
from folkways.model.addresses import address_from_text


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

    def _number(self, rule: Rule | None) -> int | None:
        return None if rule is None else self._rules.setdefault(rule, len(self._rules))

    def names(self, names: list[str]) -> pa.Table:
        """(name, rule, outer_name, literal, tor_like, network_kind) of distinct host names."""
        match, outer = self._catalogue.match_name, self._catalogue.protocols.outer_names
        tor = self._catalogue.protocols.tor_names
        return pa.table(
            {
                "name": pa.array(names, pa.string()),
                "rule": pa.array([self._number(match(n)) for n in names], pa.int32()),
                "outer_name": pa.array(
                    [n.lower().removesuffix(".") in outer for n in names], pa.bool_()
                ),
                "literal": pa.array([_is_address(n) for n in names], pa.bool_()),
                "tor_like": pa.array([tor.fullmatch(n) is not None for n in names], pa.bool_()),
                "network_kind": pa.array(map(kind_of_domain, names), pa.string()),
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
        """(sensor_label, rule, lookup, encrypted, hidden, seen, own_ports) of distinct labels.

        ``seen``: the set of what the sensor recognised. ``own_ports``: the ports (protocol << 16 |
        port) whose encryption the label does not contradict; null: any.
        """
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
                "hidden": bits([_first(p.hidden for p in ps) for ps in parts]),
                "seen": pa.array(
                    [seen_bits(recognised(self._catalogue, one)) for one in labels], pa.int16()
                ),
                "own_ports": pa.array(
                    [own_ports(self._catalogue, one) for one in labels], pa.list_(pa.int32())
                ),
            }
        )

    def ports(self) -> pa.Table:
        """(protocol, port, rule, lookup, infrastructure, hidden, weak, bears, way_bears).

        ``bears`` and ``way_bears``: the sets of what may be seen there besides.
        """
        rules, ways = self._catalogue.port_rules, self._catalogue.protocols.ways
        claims = self._catalogue.port_claims
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
                "hidden": bits([ways[k].hidden if k in ways else None for k in keys]),
                "weak": pa.array([k in ways and ways[k].weak for k in keys], pa.bool_()),
                "bears": pa.array(
                    [seen_bits(borne(claims.get(k, []), self._catalogue.services)) for k in keys],
                    pa.int16(),
                ),
                "way_bears": pa.array([_borne(ways.get(k)) for k in keys], pa.int16()),
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
                "hidden": bits([ways.get(n) for n in numbers]),
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
            told = claim_columns(found, every, self._catalogue, self._number)
            columns.update({f"{prefix}_{name}": column for name, column in told.items()})
        return pa.table(columns)

    def network_kinds(self) -> pa.Table:
        """(asn, network_kind) of the networks whose names tell it."""
        return self._snapshot.network_kinds(self._day)

    def remotes(self, addresses: pa.Array) -> pa.Table:
        """What lists and prefixes say of distinct remote addresses; see ``RemoteTable``."""
        return RemoteTable(self._catalogue, self._snapshot, self._day, self._number).build(
            addresses, self._services, self._operators, anonymised=self._anonymised
        )

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
                "hidden": bits(hidden),
            }
        )


def _borne(way: Way | None) -> int:
    """What nobody recognised may well be what is only suspected."""
    return 0 if way is None else seen_bits((*way.over, *([UNRECOGNISED] if way.weak else ())))


def _first(values: Iterable[str | None]) -> str | None:
    return next((v for v in values if v is not None), None)


def _is_address(name: str) -> bool:
    return address_from_text(name.strip("[]")) is not None
