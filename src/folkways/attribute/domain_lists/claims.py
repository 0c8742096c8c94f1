"""What a domain list claims, name by name, and which service of the catalogue a word means."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.domain_lists.hosts import NO_NAME, read_host_list
from folkways.attribute.fields import CatalogueError

_ID = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")


class Claim(NamedTuple):
    """A rule of a list: a name, alone (exact) or with all below it, belongs to a service.

    ``function`` is None where the service is the catalogue's. Where the rule cannot be used, there
    is no service and ``cause`` says why.
    """

    list: str
    name: str | None
    exact: bool
    service: str | None
    function: str | None
    cause: str = NO_NAME


class KnownServices:
    """Finds the catalogue's own service that a word means, hyphens, spaces and case apart."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        imported = catalogue.imported.services
        self.by_id = {k: s for k, s in catalogue.services.items() if k not in imported}
        self._ids = {_squeezed(k): k for k in self.by_id}
        self._words: defaultdict[str, set[str]] = defaultdict(set)
        for service in self.by_id.values():
            for word in (service.name, *service.aliases):
                self._words[_squeezed(word)].add(service.id)

    def meant_by(self, word: str) -> str | None:
        """The service of this id, else the only one of this name or alias."""
        squeezed = _squeezed(word)
        named = self._words.get(squeezed, set())
        return self._ids.get(squeezed) or (next(iter(named)) if len(named) == 1 else None)

    def labelled(self, word: str) -> str | None:
        """The service that a sensor's label names, else that a word means."""
        rule = self.catalogue.sensor_rules.get(word.lower())
        return rule.service if rule else self.meant_by(word)


def _squeezed(word: str) -> str:
    return "".join(c for c in word.lower().replace("+", "plus") if c.isalnum())


def slug(word: str) -> str:
    """A word in the characters of an id."""
    return re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-")


def host_claims(
    content: bytes, known: KnownServices, list_id: str, service: str | None, function: str | None
) -> Iterator[Claim]:
    """A claim a host of a host list.

    Args:
        content: the list.
        known: the catalogue's services.
        list_id: the prefix for services that are not the catalogue's.
        service: the service of all hosts; None if the list says it for each.
        function: of services that the catalogue does not know; None is other.

    Raises:
        CatalogueError: the service is no id, or its function is missing or not the catalogue's.
    """
    given = _service_of(known, list_id, service, function) if service else None
    for line in read_host_list(content):
        part, target, use = given or _labelled(line.service, known, list_id, function)
        cause = line.cause if line.name is None or target else "no service beside the host"
        yield Claim(part, line.name, line.exact, target, use, cause)


def _service_of(
    known: KnownServices, list_id: str, service: str, function: str | None
) -> tuple[str, str | None, str | None]:
    """(list, service, function) of the one service that a user names."""
    current = known.by_id.get(known.catalogue.current_id(service))
    if current is not None:
        if function not in (None, current.function):
            raise CatalogueError(
                f"{current.id} has the function {current.function} in the catalogue; "
                "leave the function away."
            )
        return current.id, current.id, None
    if not _ID.match(service):
        raise CatalogueError(
            f"{service!r} is no id of a service; use lower-case letters, digits, single hyphens."
        )
    if function is None:
        raise CatalogueError(f"{service} is not in the catalogue; say its function as well.")
    return service, f"{list_id}/{service}", function


def _labelled(
    label: str | None, known: KnownServices, list_id: str, function: str | None
) -> tuple[str, str | None, str | None]:
    if label is None or not slug(label):
        return "", None, None
    found = known.labelled(label)
    return slug(label), found or f"{list_id}/{slug(label)}", None if found else function or "other"
