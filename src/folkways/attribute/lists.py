"""Dated reference lists on disk: a Parquet file of ranges beside a manifest in TOML.

``<id>.parquet``: start and end (16 bytes), value, name; a list whose rows speak of certain ports
or have dates of their own has ports, since and until too. ``<id>.toml``: id, kind, from and to
(days, absent = open), source, licence, digest of the content, the day of import, counts. The
manifest is written last and names the digest, so a half-written import is not a list.

The ranges are disjoint, unless rows have dates: then those that hold on one day are made so when
the list is asked for that day (see ``intervals.flatten``).
"""

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from folkways.attribute.facts import Dates
from folkways.attribute.fields import CatalogueError, Fields, read_toml
from folkways.attribute.pairs import quoted, write_pair
from folkways.model.addresses import addresses_to_numpy
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
        path = self.folder / f"{self.id}.parquet"
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowException) as error:
            raise CatalogueError(
                f"{path} cannot be read ({str(error).splitlines()[0]}); import the list again."
            ) from None
        known = [f for f in (*SCHEMA, *OPTIONAL) if f in SCHEMA or f.name in table.column_names]
        if not table.schema.equals(pa.schema(known)) or content_digest(table) != self.digest:
            raise CatalogueError(
                f"{path} is not what {self.id}.toml describes; import the list again."
            )
        return table.combine_chunks()


def content_digest(table: pa.Table) -> str:
    """SHA-256 over the values of all columns in order, whatever chunks they lie in."""
    digest = hashlib.sha256()
    for column in table.combine_chunks().columns:
        array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        digest.update(array.is_valid().to_numpy(zero_copy_only=False).tobytes())
        if array.type == ADDRESS:
            digest.update(addresses_to_numpy(array)[0].tobytes())
            continue
        if pa.types.is_date(array.type):
            digest.update(pc.cast(array, pa.int32()).fill_null(0).to_numpy().astype("<i4"))
            continue
        lengths = pc.binary_length(array).fill_null(0)
        digest.update(lengths.to_numpy(zero_copy_only=False).astype("<i4").tobytes())
        digest.update(pc.binary_join(_one_list(array.fill_null("")), "")[0].as_buffer())
    return digest.hexdigest()


def _one_list(array: pa.Array) -> pa.Array:
    return pa.LargeListArray.from_arrays(pa.array([0, len(array)], pa.int64()), array)


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
