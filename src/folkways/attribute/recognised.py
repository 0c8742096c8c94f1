"""What a sensor's label says that it saw, and so what it contradicts."""

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.parse import TRANSPORTS
from folkways.attribute.port_evidence import OTHER, UNRECOGNISED


def recognised(catalogue: Catalogue, label: str) -> set[str]:
    """Carriers that a label names, ``other`` for any other word, ``unrecognised``, or nothing.

    A word that the catalogue does not know is one that the sensor does, so it is ``other``.
    """
    protocols = catalogue.protocols
    found = set()
    words = _words(catalogue, label) - protocols.silent - {""}
    for word in words - protocols.unrecognised:
        found.add(protocols.carriers.get(word, OTHER))
    return found or ({UNRECOGNISED} if words else set())


def own_ports(catalogue: Catalogue, label: str) -> list[int] | None:
    """The ports (protocol << 16 | port) that may tell how a row of a label is encrypted.

    None: all of them, since the label is of a carrier, of an application that may run over any, or
    says nothing. A protocol with ports of its own is known to be encrypted at those only; where the
    sensor recognised nothing, or only what opened the way, none may tell.
    """
    protocols = catalogue.protocols
    rule = catalogue.label_rule(label)
    if rule is None:
        words = _words(catalogue, label)
        told = recognised(catalogue, label) == {UNRECOGNISED} or words & protocols.openers
        return [] if told else None
    ports = catalogue.services[rule.service or ""].ports
    if rule.operator is not None or not ports:
        return None
    return [TRANSPORTS[f.protocol] << 16 | p for f in ports if f.protocol for p in f.ports]


def _words(catalogue: Catalogue, label: str) -> set[str]:
    """The parts of a label; the whole of several parts is no word unless somebody knows it."""
    parts = catalogue.label_parts(label)
    whole = {parts[0]} if parts and len(parts) > 1 else set()
    known = {p for p in whole if p in catalogue.sensor_rules or p in catalogue.protocols.labels}
    known |= whole & (catalogue.protocols.silent | catalogue.protocols.unrecognised)
    return set(parts[1:]) | known if len(parts) > 1 else set(parts)
