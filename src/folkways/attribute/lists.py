"""Dated reference lists on disk: a Parquet file of ranges beside a manifest in TOML.

``<id>.parquet``: start and end (16 bytes), value, name; a list whose rows speak of certain ports
or have dates of their own has ports, since and until too. ``<id>.toml``: id, kind, from and to
(days, absent = open), source, licence, digest of the content, the day of import, counts. The
manifest is written last and names the digest, so a half-written import is not a list.

The ranges are disjoint, unless rows have dates: then those that hold on one day are made so when
the list is asked for that day (see ``intervals.flatten``).
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from folkways.attribute.facts import Dates
from folkways.attribute.fields import CatalogueError, Fields, read_toml
from folkways.attribute.pairs import quoted, read_pair, write_pair
from folkways.model.columns import ADDRESS

KINDS = {
    "asn": "AS numbers",
    "country": "ISO 3166-1 codes",
    "service": "ids of services, whose own networks these are",
    "operator": "ids of operators, likewise",
    "hosting": "who rents the computers out",
    "cdn": "who delivers",
    "vpn": "who provides it",
    "tor-relay": "roles: directory-authority, guard, exit, relay",
    "proxy": "who provides it",
    "access-network": "who connects homes, phones and offices",
    "education": "whose network it is",
    "government": "whose network it is",
    "media": "whose network it is",
}
"""What lists may be of, and what their values are."""

SCHEMA = pa.schema(
    [("start", ADDRESS), ("end", ADDRESS), ("value", pa.string()), ("name", pa.string())]
)
OPTIONAL = pa.schema([("ports", pa.string()), ("since", pa.date32()), ("until", pa.date32())])
"""Columns of lists whose rows need them (see ``imports/rows.py``)."""

_KEYS = (
    *("id", "kind", "from", "to", "source", "licence", "digest", "imported"),
    *("ipv4_ranges", "ipv6_ranges"),
)


@dataclass(frozen=True)
class ReferenceList:
    """What a manifest says. ``ipv4_ranges`` and ``ipv6_ranges`` count its ranges by family."""

    id: str
    kind: str
    dates: Dates
    source: str
    licence: str
    digest: str
    imported: dt.date
    ipv4_ranges: int
    ipv6_ranges: int
    folder: Path

    def read(self) -> pa.Table:
        """Its rows: the columns of SCHEMA, then those of OPTIONAL that it has.

        Raises:
            CatalogueError: the file is missing, damaged, or not the one that was imported.
        """
        return read_pair(self.folder, self.id, self.digest, _is_list)


def _is_list(schema: pa.Schema) -> bool:
    known = [f for f in (*SCHEMA, *OPTIONAL) if f in SCHEMA or f.name in schema.names]
    return schema.equals(pa.schema(known))


def write_list(manifest: ReferenceList, table: pa.Table) -> None:
    """Write the ranges, then the manifest; each file appears whole or not at all.

    Raises:
        StorageError: the disk is full or refuses.
    """
    write_pair(manifest.folder, manifest.id, table, _manifest_text(manifest))


def _manifest_text(manifest: ReferenceList) -> str:
    lines = [f"id = {quoted(manifest.id)}", f"kind = {quoted(manifest.kind)}"]
    if manifest.dates.first is not None:
        lines.append(f"from = {manifest.dates.first}")
    if manifest.dates.last is not None:
        lines.append(f"to = {manifest.dates.last}")
    lines += [
        f"source = {quoted(manifest.source)}",
        f"licence = {quoted(manifest.licence)}",
        f"digest = {quoted(manifest.digest)}",
        f"imported = {manifest.imported}",
        f"ipv4_ranges = {manifest.ipv4_ranges}",
        f"ipv6_ranges = {manifest.ipv6_ranges}",
    ]
    return "\n".join(lines) + "\n"


def read_manifests(folder: Path) -> list[ReferenceList]:
    """The lists of a reference folder, by id.

    Raises:
        CatalogueError: the folder does not exist, or a manifest is wrong.
    """
    if not folder.is_dir():
        raise CatalogueError(f"{folder} is no folder of reference lists.")
    return [_read_manifest(path) for path in sorted(folder.glob("*.toml"))]


def _read_manifest(path: Path) -> ReferenceList:
    f = Fields(read_toml(path), str(path), _KEYS)
    f.needed("kind")
    if f.needed("id") != path.stem:
        raise f.error("id", f"differs from the file's name {path.stem!r}")
    imported = f.day("imported")
    if imported is None:
        raise f.error("imported", "is missing")
    return ReferenceList(
        id=f.needed("id"),
        kind=f.choice("kind", KINDS) or "",
        dates=Dates(f.day("from"), f.day("to")),
        source=f.needed("source"),
        licence=f.needed("licence"),
        digest=f.needed("digest"),
        imported=imported,
        ipv4_ranges=f.whole("ipv4_ranges", 0, 2**62),
        ipv6_ranges=f.whole("ipv6_ranges", 0, 2**62),
        folder=path.parent,
    )
