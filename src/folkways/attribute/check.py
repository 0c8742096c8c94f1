"""What is wrong with a catalogue although it can be read: for its authors, and for the tests."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from publicsuffixlist import PublicSuffixList

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.facts import Dates, DomainFact, NetworkFact, Operator, Rule, Service
from folkways.attribute.host_names import host_name
from folkways.attribute.port_evidence import EPHEMERAL
from folkways.attribute.renamed import Kind


def check(catalogue: Catalogue, published: Iterable[str] = ()) -> list[str]:
    """One sentence a problem, sorted; empty if there is none.

    Args:
        catalogue: what is checked.
        published: lines of ``published_ids`` of earlier catalogues, none of which may vanish.
    """
    return sorted(
        {
            *_references(catalogue),
            *_origins(catalogue),
            *_public_suffixes(catalogue),
            *_claimed_twice(catalogue),
            *_ports(catalogue),
            *_stated_twice(catalogue),
            *_owners_in_a_circle(catalogue),
            *_without_effect(catalogue),
            *_renamed(catalogue),
            *_vanished(catalogue, published),
            *(p for table in catalogue.spellings for p in table.problems(catalogue.services)),
        }
    )


def published_ids(catalogue: Catalogue) -> list[str]:
    """Lines such as ``service instagram``: the ids that must lead somewhere for ever."""
    return sorted(f"{kind} {one}" for kind, owned in _owned(catalogue).items() for one in owned)


def _references(catalogue: Catalogue) -> Iterator[str]:
    for service in catalogue.services.values():
        if service.function not in catalogue.protocols.functions:
            yield f"{service.id}: function {service.function!r} is not in functions.toml"
        if service.operator is not None and service.operator not in catalogue.operators:
            yield f"{service.id}: operator {service.operator!r} is not in operators/"
        for port in service.ports:
            if port.protocol is None:
                yield f"{port.id}: a port needs a protocol"
    for operator in catalogue.operators.values():
        for parent in operator.parents:
            if parent.operator not in catalogue.operators:
                yield f"{parent.id}: the owner is not in operators/"


def _origins(catalogue: Catalogue) -> Iterator[str]:
    for fact in (fact for owner in catalogue.owners for fact in owner.facts):
        if fact.source is None:
            yield f"{fact.id}: no source"
        if fact.checked is None:
            yield f"{fact.id}: no date of the check"


def _public_suffixes(catalogue: Catalogue) -> Iterator[str]:
    # Only suffixes of registries: cloudfront.net or github.io are suffixes of the list's private
    # part and name their operator's service well.
    public = PublicSuffixList(only_icann=True)
    for service in catalogue.services.values():
        for domain in service.domains:
            if public.is_public(domain.name):
                yield f"{domain.id}: a public suffix alone is never a rule"


def _claimed_twice(catalogue: Catalogue) -> Iterator[str]:
    claims: defaultdict[str, set[str]] = defaultdict(set)
    for service in catalogue.services.values():
        for domain in service.domains:
            leading = "" if domain.leading is None else f" with leading {domain.leading}"
            kind = "host" if domain.exact else "suffix"
            claims[f"{kind} {domain.name}{leading}"].add(service.id)
        for sensor in service.sensors:
            claims[f"sensor label {sensor.label}"].add(service.id)
    for what, owners in claims.items():
        if len(owners) > 1:
            yield f"{what} is claimed by {', '.join(sorted(owners))}"
    owners_of_networks = (
        ("services", {s.id: s.networks for s in catalogue.services.values()}),
        ("operators", {o.id: o.networks for o in catalogue.operators.values()}),
    )
    for kind, networks in owners_of_networks:
        yield from _networks_claimed_twice(kind, networks)


def _ports(catalogue: Catalogue) -> Iterator[str]:
    """Ports of several services that do not all say so, and those shared with nobody."""
    claims: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    for service in catalogue.services.values():
        for fact in service.ports:
            for port in fact.ports:
                claims[f"port {fact.protocol}/{port}"][service.id] = fact.shared
    for what, sharing in claims.items():
        if len(sharing) == 1 and any(sharing.values()):
            yield f"{what} is shared by {min(sharing)} with nobody"
        if len(sharing) > 1 and not all(sharing.values()):
            yield f"{what} is claimed by {', '.join(sorted(sharing))}"
    yield from _mute_ports(catalogue)


def _mute_ports(catalogue: Catalogue) -> Iterator[str]:
    for service in catalogue.services.values():
        for fact in service.ports:
            if fact.telling is None and max(fact.ports) >= EPHEMERAL:
                yield f"{fact.id}: never speaks from {EPHEMERAL} on, where clients' ports are"
            if fact.telling is not None and max(fact.ports) < EPHEMERAL:
                yield f"{fact.id}: telling changes nothing below {EPHEMERAL}"


def _networks_claimed_twice(
    kind: str, networks: dict[str, tuple[NetworkFact, ...]]
) -> Iterator[str]:
    """The same network at the same time; a network may change hands."""
    claims: defaultdict[str, list[tuple[str, Dates]]] = defaultdict(list)
    for owner, facts in networks.items():
        for fact in facts:
            claims[fact.prefix or f"AS{fact.asn}"].append((owner, fact.dates))
    for network, held in claims.items():
        for (owner, dates), (other, others) in combinations(held, 2):
            if dates.overlap(others):
                yield f"{kind}: network {network} is claimed by {owner} and {other} at one time"


def _stated_twice(catalogue: Catalogue) -> Iterator[str]:
    for owner in catalogue.owners:
        for identity, count in Counter(fact.id for fact in owner.facts).items():
            if count > 1 and not hasattr(catalogue.facts[identity], "dates"):
                yield f"{identity}: stated {count} times"


def _owners_in_a_circle(catalogue: Catalogue) -> Iterator[str]:
    owners = {o.id: {p.operator for p in o.parents} for o in catalogue.operators.values()}
    for start, first in owners.items():
        reached: set[str] = set()
        todo = set(first)
        while todo:
            here = todo.pop()
            reached.add(here)
            todo |= owners.get(here, set()) - reached
        if start in reached:
            yield f"operator/{start}: owns itself through its owners"


def _without_effect(catalogue: Catalogue) -> Iterator[str]:
    """Names that decide nothing: a shorter one of the same service says it, or they never win."""
    for service in catalogue.services.values():
        for domain in service.domains:
            said = _said_otherwise(catalogue, service, domain)
            if said is not None and said.service == service.id:
                yield f"{domain.id}: changes nothing, {said.id} says it already"
            if domain.exact and domain.name in catalogue.protocols.outer_names:
                yield f"{domain.id}: never wins, it is an outer name of Encrypted Client Hello"
            if host_name(domain.name) is None:
                yield f"{domain.id}: never wins, it is an address"


def _said_otherwise(catalogue: Catalogue, service: Service, domain: DomainFact) -> Rule | None:
    """The rule for all names of a fact if it were not there; None where there are several.

    Leading labels of others make several: some of the names below are theirs.
    """
    if domain.exact:
        return next((r for r in catalogue.names.matches(domain.name) if r.id != domain.id), None)
    above = domain.name if domain.leading else domain.name.partition(".")[2]
    if catalogue.names.leading_of_others(above, service.id):
        return None
    return catalogue.own_suffix(above)


def _owned(catalogue: Catalogue) -> dict[Kind, Mapping[str, Service | Operator]]:
    return {"service": catalogue.services, "operator": catalogue.operators}


def _renamed(catalogue: Catalogue) -> Iterator[str]:
    owned = _owned(catalogue)
    for (kind, old), count in Counter((r.kind, r.old) for r in catalogue.renamed).items():
        if count > 1:
            yield f"renamed.toml: {kind} {old} stands there {count} times"
        if old in owned[kind]:
            yield f"renamed.toml: {kind} {old} is in use again; an id given up stays so"
        new = catalogue.current_id(old, kind)
        if any(r.old == new for r in catalogue.renamed if r.kind == kind):
            yield f"renamed.toml: {kind} {old} leads round in a circle"
        elif new not in owned[kind]:
            yield f"renamed.toml: {kind} {old} leads to {new}, which does not exist"


def _vanished(catalogue: Catalogue, published: Iterable[str]) -> Iterator[str]:
    gone = set(published) - set(published_ids(catalogue))
    for kind, ids in _owned(catalogue).items():
        for line in gone:
            if line.startswith(f"{kind} ") and (
                catalogue.current_id(line.removeprefix(f"{kind} "), kind) not in ids
            ):
                yield f"{line}: the id is gone; add to renamed.toml where it went"
