"""Import of a domain list as name rules below the catalogue's own: checked, counted, dated."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from publicsuffixlist import PublicSuffixList

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.domain_lists.claims import Claim, KnownServices, host_claims, slug
from folkways.attribute.domain_lists.v2fly import is_archive, read_archive, read_checkout
from folkways.attribute.domain_lists.v2fly_claims import PREFIX, v2fly_claims
from folkways.attribute.fields import CatalogueError
from folkways.attribute.imported import SCHEMA, ImportedList
from folkways.attribute.imports.content import BROKEN, damaged, opened
from folkways.attribute.pairs import content_digest

LARGEST = 64 << 20
"""Bytes of a source, unpacked."""


@dataclass(frozen=True)
class Imported:
    """What came of an import.

    ``rows`` counts the source's rules, of which ``list.rules`` are used and the others ``skipped``
    by cause. ``flaws`` counts, apart from rules, what was wrong with the source. ``mapped`` are the
    source's lists or words for services that are the catalogue's, by which they are known there.
    """

    list: ImportedList
    rows: int
    skipped: Counter[str]
    flaws: Counter[str]
    mapped: dict[str, str]


def import_domains(
    path: Path,
    folder: Path,
    *,
    source: str,
    licence: str,
    on: str | None = None,
    service: str | None = None,
    function: str | None = None,
    catalogue: Catalogue | None = None,
) -> Imported:
    """Import v2fly's domain lists (a checkout, or a tar archive of one) or a host list.

    A later import of v2fly's lists, or of a host list of the same file name, replaces the earlier.

    Args:
        path: a folder, a tar archive or a host list; files may be gzipped.
        folder: the folder of imported lists; created if it does not exist.
        source: where the list is from, in words or as an address.
        licence: the licence under which it was given.
        on: the source's version or date; None if not known.
        service: for a host list, the service of all its hosts: one of the catalogue, or an id of
            one's own. None if each line says its service after a comma.
        function: the function of services that the catalogue does not know.
        catalogue: what decides already, and which services there are; the packaged one if None.

    Raises:
        CatalogueError: the source cannot be read, has no usable rule, or service and function do
            not fit it or the catalogue.
        StorageError: the disk is full or refuses.
    """
    catalogue = catalogue or Catalogue.load()
    if function is not None and function not in catalogue.protocols.functions:
        raise CatalogueError(
            f"{function!r} is no function; known are {', '.join(catalogue.protocols.functions)}."
        )
    if not (source.strip() and licence.strip()):
        raise CatalogueError("An import needs a source and a licence, in words.")
    identity, claims, flaws = _claims(path, KnownServices(catalogue), service, function)
    used, rows, skipped = _usable(claims, catalogue)
    if not used:
        causes = "; ".join(f"{count} {cause}" for cause, count in skipped.most_common(3))
        raise CatalogueError(f"{path} has no usable rule ({causes or 'it is empty'}).")
    table = _table(used)
    manifest = ImportedList(
        id=identity,
        kind=identity.partition("-")[0],
        source=source,
        version=(on or "").strip() or "unknown",
        licence=licence,
        digest=content_digest(table),
        imported=dt.datetime.now(dt.UTC).date(),
        rules=table.num_rows,
        folder=folder,
    )
    manifest.write(table)
    mapped = {c.list: c.service for c in used if c.function is None and c.service}
    return Imported(manifest, rows, skipped, +flaws, mapped)


def _claims(
    path: Path, known: KnownServices, service: str | None, function: str | None
) -> tuple[str, Iterable[Claim], Counter[str]]:
    """The id for the list, what it claims, and its flaws."""
    content = b"" if path.is_dir() else _content(path)
    if not path.is_dir() and not is_archive(content):
        identity = f"hosts-{slug(path.name.partition('.')[0]) or 'list'}"
        return identity, host_claims(content, known, identity, service, function), Counter()
    if service or function:
        raise CatalogueError(f"{path} says its services itself; leave service and function.")
    lists, flaws = read_checkout(path) if path.is_dir() else read_archive(content, path)
    flaws["includes a list that is missing"] = lists.missing()
    flaws["includes that close a circle"] = lists.circles()
    return PREFIX, v2fly_claims(lists, known), flaws


def _content(path: Path) -> bytes:
    content = bytearray()
    with opened(path, limit=LARGEST) as stream:
        try:
            while piece := stream.read(1 << 20):
                content += piece
        except BROKEN as error:
            raise damaged(path, error) from None
    return bytes(content)


def _usable(claims: Iterable[Claim], catalogue: Catalogue) -> tuple[list[Claim], int, Counter[str]]:
    """The claims that become rules, how many there were, and the others by cause."""
    public = PublicSuffixList(only_icann=True, accept_unknown=False)
    found: tuple[dict[str, Claim], dict[str, Claim]] = ({}, {})
    disputed: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    rows, skipped = 0, Counter[str]()
    for claim in claims:
        rows += 1
        cause = _cause(claim, catalogue, public)
        if claim.name is None or cause is not None:
            skipped[cause or claim.cause] += 1
            continue
        first = found[claim.exact].setdefault(claim.name, claim)
        if first.service != claim.service:
            disputed[claim.exact][claim.name] += 1
        elif first is not claim:
            skipped["stated twice"] += 1
    for names, claimed in zip(disputed, found, strict=True):
        for name, count in names.items():
            del claimed[name]
            skipped["claimed for several services"] += count + 1
    return [*found[0].values(), *found[1].values()], rows, skipped


def _cause(claim: Claim, catalogue: Catalogue, public: PublicSuffixList) -> str | None:
    """Why a claim is no rule; None if it is one."""
    if claim.name is None or claim.service is None:
        return claim.cause
    suffix = public.publicsuffix(claim.name)
    if suffix is None:
        return "below no top-level domain"
    if suffix == claim.name:
        return "a public suffix alone"
    decided = catalogue.own_rule(claim.name) if claim.exact else catalogue.own_suffix(claim.name)
    return "the catalogue decides already" if decided else None


def _table(used: list[Claim]) -> pa.Table:
    ordered = sorted(used, key=lambda c: (c.name or "", c.exact))
    return pa.table(
        [
            [c.name for c in ordered],
            ["host" if c.exact else "domain" for c in ordered],
            [c.list for c in ordered],
            [c.service for c in ordered],
            [c.function for c in ordered],
        ],
        schema=SCHEMA,
    )
