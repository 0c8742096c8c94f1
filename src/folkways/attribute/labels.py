"""What sensors call applications: one table of labels, apart from the services that they name.

A service's own file says what it is known by in traffic; how five makers of sensors spell it is
their matter, changes with their releases, and is read side by side (labels.toml). A label that two
sensors use for different things names no service, whoever claims it.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from folkways.attribute.facts import SensorFact, Service
from folkways.attribute.fields import CatalogueError, Fields, read_toml
from folkways.attribute.parse import HIDDEN
from folkways.attribute.protocols import ENCRYPTED, Label

FILE = Path(__file__).parent / "labels.toml"


@dataclass(frozen=True)
class Spelling:
    """One label of one sensor: the service it names, and what it says of the protocol."""

    label: str
    sensor: str
    service: str | None
    says: Label
    source: str | None
    checked: dt.date | None


@dataclass(frozen=True)
class Spellings:
    """The table. ``ambiguous``: labels that mean different things, and why."""

    entries: tuple[Spelling, ...]
    ambiguous: dict[str, str]

    def name(self, services: dict[str, Service]) -> dict[str, Service]:
        """The services with the facts of this table; ambiguous labels are taken from all.

        What a service's own file states already is not stated again. Entries whose service does
        not exist give nothing; ``problems`` tells.
        """
        claims: defaultdict[str, dict[str, Spelling]] = defaultdict(dict)
        for entry in self.entries:
            if entry.service is not None:
                claims[entry.service].setdefault(entry.label, entry)
        return {key: self._named(service, claims[key]) for key, service in services.items()}

    def protocols(self, known: dict[str, Label]) -> dict[str, Label]:
        """What labels say of the protocol: the known ones, and those of this table."""
        found = dict(known)
        for entry in self.entries:
            before = found.get(entry.label, Label(None, None))
            merged = Label(
                before.encrypted or entry.says.encrypted, before.hidden or entry.says.hidden
            )
            if merged != Label(None, None):
                found[entry.label] = merged
        return found

    def problems(self, services: dict[str, Service]) -> Iterator[str]:
        """A sentence for each service that does not exist, and each label claimed by two.

        Args:
            services: as their own files state them, before ``name``.
        """
        claims: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for service in services.values():
            for fact in service.sensors:
                claims[fact.label][service.id] = f"services/{service.id}.toml"
        for entry in self.entries:
            if entry.service is None:
                continue
            if entry.service not in services:
                yield f"labels.toml: {entry.label!r} names {entry.service!r}, which is no service"
            claims[entry.label].setdefault(entry.service, f"labels.toml, {entry.sensor}")
        for label, owners in claims.items():
            if len(owners) > 1 and label not in self.ambiguous:
                told = ", ".join(f"{s} ({where})" for s, where in sorted(owners.items()))
                yield f"sensor label {label!r} is claimed by {told}"

    def _named(self, service: Service, claims: dict[str, Spelling]) -> Service:
        own = [fact for fact in service.sensors if fact.label not in self.ambiguous]
        known = {fact.label for fact in own}
        more = [
            SensorFact(f"{service.id}/sensor/{label}", entry.source, entry.checked, label=label)
            for label, entry in claims.items()
            if label not in known and label not in self.ambiguous
        ]
        return replace(service, sensors=(*own, *more))


def load_labels(path: Path = FILE) -> Spellings:
    """Read the table.

    Raises:
        CatalogueError: a key or a value that cannot be read, or a label stated twice for a sensor.
    """
    top = Fields(read_toml(path), path.name, ("sensor", "ambiguous", "label"))
    origins = {
        f.needed("id"): (f.text("source"), f.day("checked"))
        for f in top.tables("sensor", ("id", "name", "source", "checked"))
    }
    entries = [
        entry
        for f in top.tables("label", ("service", "encrypted", "hidden", *origins))
        for entry in _entries(f, origins)
    ]
    _stated_once(path, entries)
    return Spellings(
        tuple(entries),
        {
            label: f.needed("why")
            for f in top.tables("ambiguous", ("labels", "why"))
            for label in _lower(f, "labels")
        },
    )


def _entries(
    f: Fields, origins: dict[str, tuple[str | None, dt.date | None]]
) -> Iterator[Spelling]:
    service = f.text("service")
    says = Label(f.choice("encrypted", ENCRYPTED), f.choice("hidden", HIDDEN))
    for sensor, origin in origins.items():
        for label in _lower(f, sensor):
            yield Spelling(label, sensor, service, says, *origin)


def _lower(f: Fields, key: str) -> tuple[str, ...]:
    for label in f.texts(key):
        if label != label.strip().lower():
            raise f.error(key, f"= {label!r} must be in lower case, as labels are compared")
    return f.texts(key)


def _stated_once(path: Path, entries: Iterable[Spelling]) -> None:
    """A sensor's label has one service and one meaning; another sensor may state it again."""
    seen: set[tuple[str, str, bool]] = set()
    for entry in entries:
        key = (entry.sensor, entry.label, entry.service is None)
        if key in seen:
            raise CatalogueError(f"{path.name}: {entry.sensor} states {entry.label!r} twice.")
        seen.add(key)
