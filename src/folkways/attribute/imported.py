"""Name rules from elsewhere, of lower rank than the catalogue: a Parquet file beside a manifest.

``<id>.parquet``: name, kind (domain: with all names below it; host: alone), list (the one of the
source in which it stood), service, function. A service that the catalogue knows stands there by its
id, without function; any other as ``<id>/<name>`` with a function. ``<id>.toml``: id, kind, source,
version, licence, digest of the content, the day of import, the number of rules.

A rule's id is ``<id>/<list>/<kind>/<name>``, so that it leads to its manifest and its place there.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from folkways.attribute.facts import Rule, Service
from folkways.attribute.fields import CatalogueError, Fields, read_toml
from folkways.attribute.name_rules import NameRules
from folkways.attribute.pairs import quoted, read_pair, write_pair

KINDS = ("v2fly", "hosts")
SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("name", "kind", "list", "service", "function")]
)
_TEXTS = ("id", "kind", "source", "version", "licence", "digest")
_KEYS = (*_TEXTS, "imported", "rules")


@dataclass(frozen=True)
class ImportedList:
    """What a manifest says. ``version`` is the source's, as the user knows it, or unknown."""

    id: str
    kind: str
    source: str
    version: str
    licence: str
    digest: str
    imported: dt.date
    rules: int
    folder: Path

    def read(self) -> pa.Table:
        """Its rules in the shape of SCHEMA.

        Raises:
            CatalogueError: the file is missing, damaged, or not the one that was imported.
        """
        return read_pair(self.folder, self.id, self.digest, SCHEMA.equals)

    def write(self, table: pa.Table) -> None:
        """Write the rules and this manifest; a list of the same id is replaced.

        Raises:
            StorageError: the disk is full or refuses.
        """
        lines = [f"{key} = {quoted(getattr(self, key))}" for key in _TEXTS]
        lines += [f"imported = {self.imported}", f"rules = {self.rules}"]
        write_pair(self.folder, self.id, table, "\n".join(lines) + "\n")


@dataclass(frozen=True)
class ImportedRules:
    """Lists, the services that only they know, and their rules by host name."""

    lists: tuple[ImportedList, ...] = ()
    services: dict[str, Service] = field(default_factory=dict)
    names: NameRules = field(default_factory=NameRules)

    def origin(self, rule_id: str) -> ImportedList | None:
        """The list that a rule's id leads to; None if it is none of these lists' rules."""
        parts = rule_id.split("/")
        if len(parts) != 4 or parts[2] not in ("domain", "host"):
            return None
        return next((one for one in self.lists if one.id == parts[0]), None)


def load_imported(
    folder: Path, known: Mapping[str, Service], current_id: Callable[[str], str]
) -> ImportedRules:
    """All imported lists of a folder; of two rules of one name the first by list id counts.

    Args:
        folder: the folder of lists; it may be missing, then there is none.
        known: the catalogue's services by id.
        current_id: the id in use for one that perhaps was renamed since the import.

    Raises:
        CatalogueError: a manifest or file is wrong, or a service is not in the catalogue.
    """
    lists = tuple(map(_read_manifest, sorted(folder.glob("*.toml"))))
    found = ImportedRules(lists)
    for one in lists:
        for name, kind, rule in _rules(one, found.services, known, current_id):
            names = found.names.exact if kind == "host" else found.names.suffixes
            names.setdefault(name, rule)
    return found


def _rules(
    one: ImportedList,
    services: dict[str, Service],
    known: Mapping[str, Service],
    current_id: Callable[[str], str],
) -> Iterator[tuple[str, str, Rule]]:
    """(name, kind, rule) of a list; services that only it knows are added to ``services``."""
    columns = (column.to_pylist() for column in one.read().columns)
    for name, kind, part, given, function in zip(*columns, strict=True):
        service = known.get(given) or services.get(given)
        if service is None and given.startswith(f"{one.id}/"):
            title = given.partition("/")[2]
            service = services[given] = Service(given, title, None, function or "other")
        service = service or known.get(current_id(given))
        if service is None:
            raise CatalogueError(
                f"{one.folder / one.id}.parquet names {given}, which the catalogue does not know; "
                "import the list again."
            )
        identity = f"{one.id}/{part}/{kind}/{name}"
        yield name, kind, Rule(identity, "name", service.id, service.operator, service.function)


def _read_manifest(path: Path) -> ImportedList:
    f = Fields(read_toml(path), str(path), _KEYS)
    f.needed("kind")
    f.choice("kind", KINDS)
    if f.needed("id") != path.stem:
        raise f.error("id", f"differs from the file's name {path.stem!r}")
    imported = f.day("imported")
    if imported is None:
        raise f.error("imported", "is missing")
    texts = {key: f.needed(key) for key in _TEXTS}
    return ImportedList(
        **texts, imported=imported, rules=f.whole("rules", 1, 2**62), folder=path.parent
    )
