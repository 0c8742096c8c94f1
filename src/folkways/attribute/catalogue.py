"""The catalogue: all services and operators, and the tables by which their facts are found.

A folder of the catalogue holds ``services/*.toml`` and ``operators/*.toml``; the packaged one is
this file's own. A user's folder behind it adds to it, and replaces an entry of the same id.
Imported lists speak only of names of which the catalogue itself says nothing.
"""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from folkways.attribute.facts import Fact, NetworkFact, Operator, Rule, Service, Shared
from folkways.attribute.fields import CatalogueError
from folkways.attribute.imported import ImportedRules, load_imported
from folkways.attribute.labels import Spellings, load_labels
from folkways.attribute.name_rules import NameRules
from folkways.attribute.parse import read_operator, read_service
from folkways.attribute.ports import Claim, claims_of_ports, port_rule
from folkways.attribute.protocols import Protocols, load_functions, load_protocols
from folkways.attribute.renamed import Kind, Renamed, read_renamed, successor

LABELS = "labels.toml"
PACKAGED = Path(__file__).parent
LADDER_VERSION = 3
"""Raised when the ladder itself decides otherwise, so that days settled before count as stale."""

INFRASTRUCTURE = "infrastructure"
_SHARED: dict[str, Shared] = {"cloud": "hosting", "cdn": "cdn"}


@dataclass(frozen=True)
class Catalogue:
    """Services and operators by id, and what protocols say by themselves.

    ``services`` holds those that only imported lists know as well. ``renamed`` are ids given up,
    ``spellings`` tables of sensors' labels, which are in the services already.
    """

    services: dict[str, Service]
    operators: dict[str, Operator]
    protocols: Protocols
    renamed: tuple[Renamed, ...] = ()
    imported: ImportedRules = field(default_factory=ImportedRules)
    spellings: tuple[Spellings, ...] = ()

    @classmethod
    def load(cls, *folders: Path) -> "Catalogue":
        """Read the catalogue.

        Args:
            folders: in order, later ones add to or replace entries of earlier ones; without any,
                the packaged catalogue. A folder may bring a functions.toml, a renamed.toml and a
                labels.toml.

        Raises:
            CatalogueError: a folder holds neither services nor operators, or a file is wrong.
        """
        protocols = load_protocols()
        services: dict[str, Service] = {}
        operators: dict[str, Operator] = {}
        renamed: list[Renamed] = []
        spellings: list[Spellings] = []
        for folder in folders or (PACKAGED,):
            parts = (folder / "services", folder / "operators")
            if not any(part.is_dir() for part in parts):
                raise CatalogueError(
                    f"{folder} is no catalogue; it needs a folder services or operators."
                )
            services.update((s.id, s) for s in map(read_service, _files(parts[0])))
            operators.update((o.id, o) for o in map(read_operator, _files(parts[1])))
            renamed += read_renamed(folder / "renamed.toml")
            more = folder / "functions.toml"
            if more.is_file():
                protocols.functions.update(load_functions(more))
            if (folder / LABELS).is_file():
                spellings.append(load_labels(folder / LABELS))
        for one in spellings:
            services = one.name(services)
            protocols = replace(protocols, labels=one.protocols(protocols.labels))
        return cls(services, operators, protocols, tuple(renamed), spellings=tuple(spellings))

    def with_imported(self, folder: Path) -> "Catalogue":
        """This catalogue with the lists of a folder below it, and no other lists.

        Raises:
            CatalogueError: a list is damaged, or names a service that is not known here.
        """
        own = {k: s for k, s in self.services.items() if k not in self.imported.services}
        imported = load_imported(folder, own, self.current_id)
        return replace(self, services={**own, **imported.services}, imported=imported)

    def current_id(self, old: str, kind: Kind = "service") -> str:
        """The id in use now for one that perhaps was given up; any other as it is."""
        return successor(old, self.renamed, kind)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything that can change an attribution, whatever the files' order."""
        parts = [
            f"ladder {LADDER_VERSION}",
            *(repr(self.services[k]) for k in sorted(self.services)),
            *(repr(self.operators[k]) for k in sorted(self.operators)),
            *self.protocols.lines,
            *(f"imported {one.id} {one.digest}" for one in self.imported.lists),
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @cached_property
    def facts(self) -> dict[str, Fact]:
        """Every fact by its id."""
        return {fact.id: fact for owner in self.owners for fact in owner.facts}

    @property
    def owners(self) -> list[Service | Operator]:
        """Services and operators."""
        return [*self.services.values(), *self.operators.values()]

    @cached_property
    def names(self) -> NameRules:
        """The catalogue's own rules by host name; of two claims of one name the first by id."""
        return NameRules.of(
            (fact, self.service_rule(service, fact))
            for service in self._in_order()
            for fact in service.domains
        )

    @cached_property
    def sensor_rules(self) -> dict[str, Rule | None]:
        """Labels to rules; None where several services claim a label: then it names none."""
        return _single(
            (fact.label, self.service_rule(service, fact))
            for service in self._in_order()
            for fact in service.sensors
        )

    @cached_property
    def port_rules(self) -> dict[tuple[int, int], Rule | None]:
        """(protocol number, port) to rules, see ``ports.port_rule``; None: the port names none."""
        return {key: port_rule(key, several) for key, several in self.port_claims.items()}

    @cached_property
    def port_claims(self) -> dict[tuple[int, int], list[Claim]]:
        """(protocol number, port) to all facts that state it, with the rule that each is."""
        return claims_of_ports(
            (fact, self.service_rule(service, fact))
            for service in self._in_order()
            for fact in service.ports
        )

    def match_name(self, host: str) -> Rule | None:
        """The rule for a host name: the longest suffix wins, an exact name beats a suffix.

        Of rules of one suffix that with leading labels wins, of names that begin so.
        Imported rules are asked only where no rule of the catalogue speaks, even if they are
        longer. An outer name of Encrypted Client Hello names no service, whoever claims it.
        """
        name = host.strip().lower().removesuffix(".")
        if name in self.protocols.outer_names:
            return None
        return self.own_rule(name) or next(self.imported.names.matches(name), None)

    def own_rule(self, name: str) -> Rule | None:
        """What the catalogue itself says of a host name in lower case, imported lists apart."""
        return next(self.names.matches(name), None)

    def own_suffix(self, name: str) -> Rule | None:
        """What the catalogue itself says of a name and all names below it."""
        return self.names.of_all_below(name)

    def is_infrastructure(self, rule: Rule | None) -> bool:
        """Whether a rule names what machines do by themselves."""
        return rule is not None and rule.function == INFRASTRUCTURE

    def is_lookup(self, rule: Rule | None) -> bool:
        """Whether a rule names a lookup: a service that has a label of one (see sensors.toml)."""
        service = self.services.get(rule.service or "") if rule else None
        lookups = self.protocols.lookups
        return service is not None and any(s.label in lookups for s in service.sensors)

    def names_of(self, host: str) -> list[Rule]:
        """All rules that speak of a host name, the winner first (for explanations)."""
        name = host.strip().lower().removesuffix(".")
        return [*self.names.matches(name), *self.imported.names.matches(name)]

    def label_rule(self, label: str) -> Rule | None:
        """The rule for a sensor's label; see ``label_parts`` for labels of several parts.

        A handshake that only opens the way for something else names nothing.
        """
        for part in self.label_parts(label):
            rule = self.sensor_rules.get(part)
            if rule is not None and part not in self.protocols.openers:
                return rule
        return None

    def label_parts(self, label: str) -> list[str]:
        """The whole label, then its parts from the last: what is more precise comes later.

        ``TLS.Facebook`` gives tls.facebook, facebook, tls; ``DNS.Facebook`` gives dns only, since
        a lookup of a name is not use of the service.
        """
        whole = label.strip().lower()
        parts = [p for p in whole.replace(",", ".").split(".") if p]
        looked_up = [p for p in parts if p in self.protocols.lookups]
        if looked_up:
            return looked_up[:1]
        return list(dict.fromkeys([whole, *reversed(parts)]))

    def service_rule(self, service: Service, fact: Fact) -> Rule:
        """The rule by which a fact names a service."""
        kinds = {"DomainFact": "name", "NetworkFact": "address", "SensorFact": "sensor"}
        evidence = kinds.get(type(fact).__name__, "port")
        return Rule(fact.id, evidence, service.id, service.operator, service.function)  # type: ignore[arg-type]

    def shared(self, operator: str | None, fact: NetworkFact) -> Shared | None:
        """Whether an operator's network is rented out, so that it never names a brand.

        What the fact states itself decides; else it is, if the operator runs any cloud or CDN.
        """
        if fact.use is not None:
            return None if fact.use == "own" else fact.use
        return self.renting(operator)

    def renting(self, operator: str | None) -> Shared | None:
        """What an operator rents out, if it runs any cloud or CDN."""
        return self._renting.get(operator or "")

    def rented_out(self, service: Service) -> Shared | None:
        """Whether a service is cloud hosting or content delivery, so that others run on it."""
        return _SHARED.get(service.function)

    @cached_property
    def _renting(self) -> dict[str, Shared]:
        kinds: dict[str, Shared] = {}
        for service in self._in_order():
            kind = self.rented_out(service)
            if kind and service.operator and kinds.get(service.operator) != "hosting":
                kinds[service.operator] = kind
        return kinds

    def jurisdiction(self, operator: str | None, day: dt.date) -> str | None:
        """The country of an operator's seat on a day; None where it is not known."""
        found = self.operators.get(operator or "")
        return found.seat(day) if found else None

    def ultimate_operator(self, operator: str, day: dt.date) -> str:
        """The last owner on a day, following parents; never the column operator."""
        seen = {operator}
        while True:
            here = self.operators.get(operator)
            parent = here.parent(day) if here else None
            if parent is None or parent in seen:
                return operator
            seen.add(parent)
            operator = parent

    def _in_order(self) -> list[Service]:
        return [self.services[k] for k in sorted(self.services)]


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.toml")) if folder.is_dir() else []


def _single(claims: Iterable[tuple[str, Rule]]) -> dict[str, Rule | None]:
    """Keys to the rule of the one service that claims them, None where several do."""
    found: defaultdict[str, list[Rule]] = defaultdict(list)
    for key, rule in claims:
        found[key].append(rule)
    return {
        key: min(rules, key=lambda r: r.id) if len({r.service for r in rules}) == 1 else None
        for key, rules in found.items()
    }
