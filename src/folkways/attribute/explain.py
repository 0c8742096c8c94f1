"""Why a host name, an address or a port is attributed as it is: all that speaks, and what wins.

The winner is not worked out again here: the ladder itself is run on one row.
"""

import datetime as dt
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.facts import Dates, DomainFact, Fact, NetworkFact, Rule, Service
from folkways.attribute.ladder import attribute_day
from folkways.attribute.lists import KINDS
from folkways.attribute.networks import Claim, claims_on
from folkways.attribute.parse import TRANSPORTS
from folkways.attribute.snapshot import Snapshot
from folkways.model.addresses import address_from_text, address_to_text, addresses_to_numpy
from folkways.model.columns import ADDRESS, CONNECTED

_PORT = re.compile(r"^(tcp|udp)/([0-9]{1,5})$")


@dataclass(frozen=True)
class Spoken:
    """One rule that speaks of a thing.

    ``rule`` is the id of a fact or list, ``dates`` those for which it is vouched, ``wins`` whether
    the ladder decides by it, ``why`` the reason in words.
    """

    rule: str
    evidence: str
    service: str | None
    operator: str | None
    says: str
    why: str
    dates: Dates | None = None
    wins: bool = False


def explain(thing: str, catalogue: Catalogue, snapshot: Snapshot, day: dt.date) -> list[Spoken]:
    """All rules that speak of a thing on a day, the winner first.

    Args:
        thing: an address, a port as ``tcp/443``, a host name, or the id of a rule that a stored row
            names.
        catalogue: services and operators.
        snapshot: dated reference lists.
        day: the day of the flow.

    Returns:
        Nothing where no rule speaks; no winner where those that speak name nobody.
    """
    text = thing.strip().lower()
    if found := _of_rule(thing.strip(), catalogue, snapshot, day):
        return found
    port = _PORT.match(text)
    address = address_from_text(text)
    if port:
        key = (TRANSPORTS[port[1]], int(port[2]))
        row: dict[str, object] = {"protocol": key[0], "remote_port": key[1]}
        spoken = list(_of_port(key, text, catalogue))
    elif address is not None:
        row = {"remote": address}
        spoken = list(_of_address(address, catalogue, snapshot, day))
    else:
        row = {"name": text.removesuffix("."), "name_source": "tls"}
        spoken = list(_of_name(text, catalogue))
    winner = _winner(row, catalogue, snapshot, day)
    decided = [
        replace(s, wins=True, why=f"decides: {s.why}") if s.rule == winner else s for s in spoken
    ]
    return sorted(decided, key=lambda s: not s.wins)


def _of_rule(identity: str, catalogue: Catalogue, snapshot: Snapshot, day: dt.date) -> list[Spoken]:
    """The rule of an id, if there is one: what it says, where it is from, for which days."""
    for one in snapshot.lists:
        if one.id == identity:
            says = f"a list of kind {one.kind} from {one.source}"
            return [_fact(identity, "address", says, _age(one.dates, day), one.dates)]
    origin = catalogue.imported.origin(identity)
    if origin is not None:
        names = catalogue.imported.names
        tables = (names.exact, names.suffixes)
        rule = next((r for t in tables for r in t.values() if r.id == identity), None)
        why = f"imported: {origin.source}, version {origin.version}"
        return [_by_rule(rule, f"names {_who(rule, catalogue)}", why)] if rule else []
    for rule in catalogue.port_rules.values():
        if rule is not None and rule.id == identity and rule.service is None:
            return [_by_rule(rule, f"one of {identity.rpartition('/')[2]}", "they share the port")]
    fact = catalogue.facts.get(identity)
    if fact is None:
        return []
    why = f"source: {fact.source}, looked up {fact.checked}"
    dates = fact.vouched if isinstance(fact, NetworkFact) else None
    owner = next(one for one in catalogue.owners if fact in one.facts)
    if isinstance(owner, Service):
        rule = catalogue.service_rule(owner, fact)
        return [_by_rule(rule, f"names {owner.name}", why, dates)]
    return [Spoken(identity, "address", None, owner.id, f"names {owner.name}", why, dates)]


def _winner(
    row: dict[str, object], catalogue: Catalogue, snapshot: Snapshot, day: dt.date
) -> str | None:
    values: dict[str, object] = {
        "day": day.isoformat(),
        "start_ms": 0,
        "end_ms": 0,
        "opens": 1,
        "source": "",
        "noise": "use",
        "opened_by": "member",
        "answered": True,
        **row,
    }
    columns = [pa.array([values.get(c.name)], c.type) for c in CONNECTED.columns]
    with duckdb.connect() as con:
        con.register("one", pa.Table.from_arrays(columns, schema=CONNECTED.schema))
        view = attribute_day(con, "one", day.isoformat(), catalogue, snapshot)
        found = con.execute(f"SELECT rule FROM {view}").fetchone()
    return found[0] if found else None


def _of_name(host: str, catalogue: Catalogue) -> Iterator[Spoken]:
    name = host.removesuffix(".")
    if name in catalogue.protocols.outer_names:
        says = "outer name of Encrypted Client Hello, the same for all who are behind it"
        yield _fact(f"outer/{name}", "name", says, "names no service")
    rules = catalogue.names_of(host)
    for place, rule in enumerate(rules):
        why = _order(rules[:place], catalogue.facts.get(rule.id), catalogue)
        origin = catalogue.imported.origin(rule.id)
        if origin is not None:
            why = f"imported: lower rank; {origin.source}, version {origin.version}"
        yield _by_rule(rule, f"{host} belongs to {_who(rule, catalogue)}", why)


def _order(before: list[Rule], fact: Fact | None, catalogue: Catalogue) -> str:
    """Why a rule by name comes where it comes."""
    leading = fact.leading if isinstance(fact, DomainFact) else None
    if not before:
        return "the longest match" + (f", of names that begin with {leading}" if leading else "")
    names = (catalogue.facts.get(rule.id) for rule in before)
    same = {one.name for one in names if isinstance(one, DomainFact) and one.leading}
    if isinstance(fact, DomainFact) and fact.name in same:
        return "leading labels that say more go before"
    return "a longer name matches as well"


def _of_port(key: tuple[int, int], text: str, catalogue: Catalogue) -> Iterator[Spoken]:
    claims = [
        catalogue.service_rule(service, fact)
        for service in catalogue.services.values()
        for fact in service.ports
        if fact.protocol is not None
        and TRANSPORTS[fact.protocol] == key[0]
        and key[1] in fact.ports
    ]
    known = catalogue.port_rules.get(key)
    if known is not None and known.service is None:
        says = f"{text} is one of {known.id.rpartition('/')[2].replace(',', ', ')}"
        yield _by_rule(known, says, "names what they have in common")
    for rule in sorted(claims, key=lambda r: r.id):
        why = "the only service of this port, where the member called and was answered"
        if len(claims) > 1:
            why = "several services share this port, so it names none of them"
        elif known is None:
            why = "systems give this port to clients, so it names nothing"
        yield _by_rule(rule, f"{text} is usual for {_who(rule, catalogue)}", why)
    way = catalogue.protocols.ways.get(key)
    if way:
        why = "counts only where nothing else is known" if way.weak else "says how, not who"
        yield _fact(way.id, "port", f"hidden: {way.hidden}", why)
    encrypted = catalogue.protocols.encrypted_by_port.get(key)
    if encrypted:
        yield _fact(f"encrypted/{text}", "port", f"encrypted: {encrypted}", "says how, not who")


def _of_address(
    address: bytes, catalogue: Catalogue, snapshot: Snapshot, day: dt.date
) -> Iterator[Spoken]:
    text = address_to_text(address)
    at = ipaddress.ip_address(text)
    for network in catalogue.protocols.local:
        if at in network:
            says = f"{network} is local by definition, without country and AS"
            yield _fact(f"local/{network}", "address", says, "no list is asked")
            return
    asn = None
    for kind in KINDS:
        found = snapshot.lookup(kind, pa.array([address], ADDRESS), day)
        value, list_id = found.values[0].as_py(), found.list_id[0].as_py()
        if value is None:
            continue
        asn = value if kind == "asn" else asn
        dates = next(one.dates for one in snapshot.lists if one.id == list_id)
        ports = f", at port {found.ports[0]} only" if found.ports[0].is_valid else ""
        owner = kind if kind in {"service", "operator"} else None
        yield Spoken(
            list_id,
            "address",
            value if owner == "service" else None,
            value if owner == "operator" else None,
            f"{kind}: {value}{ports}",
            _age(dates, day),
            dates,
        )
    yield from _of_network(address, asn, snapshot, day)
    for claims in claims_on(catalogue, day):
        for claim in sorted(claims.all, key=lambda c: c.order):
            if _holds(claim.fact, address, asn):
                yield _by_claim(claim, text, catalogue, day)


def _of_network(
    address: bytes, asn: int | None, snapshot: Snapshot, day: dt.date
) -> Iterator[Spoken]:
    """What a second list of countries says, and what the name of the network tells."""
    octets, known = addresses_to_numpy(pa.array([address], ADDRESS))
    second = snapshot.second_octets("country", octets, known, day)[0].as_py()
    if second is not None:
        yield _fact("country/second", "address", f"country: {second}", "another list disagrees")
    kinds = dict(zip(*snapshot.network_kinds(day).to_pydict().values(), strict=True))
    if asn in kinds:
        says = f"AS{asn}: {kinds[asn]}"
        yield _fact("network-kinds", "address", says, "told by the name of its holder")


def _holds(fact: NetworkFact, address: bytes, asn: int | None) -> bool:
    if fact.first is None or fact.last is None:
        return asn is not None and fact.asn == asn
    return fact.first <= address <= fact.last


def _by_claim(claim: Claim, text: str, catalogue: Catalogue, day: dt.date) -> Spoken:
    dates, network = claim.fact.vouched, claim.fact.prefix or f"AS{claim.fact.asn}"
    why = _age(dates, day)
    if claim.rule is None:
        says = f"{text} lies in {network}, which is rented out ({claim.shared})"
        return _fact(claim.fact.id, "address", says, f"names no brand; {why}", dates)
    who = _who(claim.rule, catalogue)
    return _by_rule(claim.rule, f"{text} lies in {network} of {who}", why, dates)


def _by_rule(rule: Rule, says: str, why: str, dates: Dates | None = None) -> Spoken:
    return Spoken(rule.id, rule.evidence, rule.service, rule.operator, says, why, dates)


def _fact(rule: str, evidence: str, says: str, why: str, dates: Dates | None = None) -> Spoken:
    """Something that is known but names neither service nor operator."""
    return Spoken(rule, evidence, None, None, says, why, dates)


def _who(rule: Rule, catalogue: Catalogue) -> str:
    if rule.service is not None:
        return catalogue.services[rule.service].name
    return f"{catalogue.operators[rule.operator or ''].name} (operator only)"


def _age(dates: Dates, day: dt.date) -> str:
    age = dates.age(day)
    return "inside its dates" if age == 0 else f"{age} days outside its dates"
