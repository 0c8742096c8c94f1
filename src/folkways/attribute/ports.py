"""Which service a port names, out of all that the catalogue states of it."""

from collections import defaultdict
from collections.abc import Iterable

from folkways.attribute.facts import PortFact, Rule, Service
from folkways.attribute.parse import CARRIERS, TRANSPORTS
from folkways.attribute.port_evidence import EPHEMERAL, UNRECOGNISED

Claim = tuple[PortFact, Rule]


def claims_of_ports(facts: Iterable[Claim]) -> dict[tuple[int, int], list[Claim]]:
    """(protocol number, port) to all facts that state it, with the rule that each is."""
    claims: defaultdict[tuple[int, int], list[Claim]] = defaultdict(list)
    for fact, rule in facts:
        for port in fact.ports if fact.protocol is not None else ():
            claims[TRANSPORTS[fact.protocol or ""], port].append((fact, rule))
    return dict(claims)


def port_rule(key: tuple[int, int], claims: list[Claim]) -> Rule | None:
    """The rule of a port.

    Where several services share it the rule names none of them, only what they have in common. None
    where that is nothing, where they do not say that they share it, or where systems give the port
    to clients and it is not marked as telling.
    """
    if key[1] >= EPHEMERAL and not all(fact.telling for fact, _ in claims):
        return None
    services = sorted({rule.service or "" for _, rule in claims})
    if len(services) == 1:
        return min((rule for _, rule in claims), key=lambda r: r.id)
    operators = {rule.operator for _, rule in claims}
    functions = {rule.function for _, rule in claims}
    operator = operators.pop() if len(operators) == 1 else None
    function = functions.pop() if len(functions) == 1 else None
    if not all(fact.shared for fact, _ in claims) or operator is function is None:
        return None
    protocol = next(fact.protocol for fact, _ in claims)
    identity = f"one-of/{protocol}/{key[1]}/{','.join(services)}"
    return Rule(identity, "port", None, operator, function)


def borne(claims: list[Claim], services: dict[str, Service]) -> list[str]:
    """What may be seen at a port without contradicting its rule (see ``port_evidence.py``).

    A sensor that recognised nothing contradicts a service for which sensors have a word.
    """
    found = [c for c in CARRIERS if claims and all(c in fact.over for fact, _ in claims)]
    if not any(services[rule.service or ""].sensors for _, rule in claims):
        found.append(UNRECOGNISED)
    return found
