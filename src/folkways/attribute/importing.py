"""Import of a published list into a reference folder: checked, made disjoint, dated."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.attribute.facts import Dates
from folkways.attribute.fields import CatalogueError
from folkways.attribute.flat import contradictions, flat_rows
from folkways.attribute.imports.formats import Format, format_named, recognise
from folkways.attribute.imports.rows import RangeRows
from folkways.attribute.intervals import is_ipv4
from folkways.attribute.lists import (
    KINDS,
    OPTIONAL,
    SCHEMA,
    ReferenceList,
    write_list,
)
from folkways.attribute.pairs import content_digest
from folkways.model.addresses import addresses_from_numpy, addresses_to_numpy

_ASN = r"^(?i:AS)?0*(?P<n>[0-9]{1,10})$"
TWICE = "the list states their range again with another value: the later row counts"
_COUNTRY = r"^[A-Z]{2}$"
_UNKNOWN_COUNTRIES = ("ZZ", "XX")


@dataclass(frozen=True)
class Imported:
    """What came of an import: the list, the file's rows, and those not used or odd by cause."""

    list: ReferenceList
    rows: int
    skipped: Counter[str]
    flagged: Counter[str]


def import_list(
    path: Path,
    folder: Path,
    *,
    kind: str | None,
    source: str,
    first: dt.date | None = None,
    last: dt.date | None = None,
    licence: str = "unknown",
    form: str | None = None,
    value: str | None = None,
    published: dt.date | None = None,
) -> Imported:
    """Import a published list as a list of one kind.

    Args:
        path: the list, in a format of ``imports/formats.py``.
        folder: the reference folder; created if it does not exist.
        kind: one of KINDS; None where the format has one only. Values are AS numbers for asn, ISO
            3166-1 codes for country, else any text (the provider); rows with other values are
            counted and left out.
        source: where the list is from, in words or as an address.
        first: the first day for which the list holds; None: what the file says, else open.
        last: the last one; likewise.
        licence: the licence under which it was given.
        form: the id of the format; found by content if None.
        value: the value of rows that have none, such as the provider of a list of bare prefixes.
        published: the day for which the list holds where neither days nor the file say it.

    Raises:
        CatalogueError: an unknown kind, days in the wrong order, an unreadable file, no usable row.
        StorageError: the disk is full or refuses.
    """
    if first is not None and last is not None and last < first:
        raise CatalogueError(f"A list cannot hold from {first} to {last}; swap the days.")
    read = format_named(form or recognise(path))
    kind = _kind(path, read, kind)
    rows = read.read(path, kind, value)
    if first is None and last is None:
        first, last = rows.dates or (published, published)
    values, usable, cause = _values(rows.values, kind)
    # What the list itself does not know is no mistake: it is a hole in wider rows.
    holes = _mask(rows.values.is_null())
    usable &= ~holes
    skipped = rows.skipped + Counter({cause: int((~usable & ~holes).sum())})
    if not usable.any():
        raise CatalogueError(
            f"{path} has no usable row for a list of kind {kind} ({_causes(skipped)})."
        )
    pick = np.flatnonzero(usable | holes)
    table = _table(rows, values, pick)
    flagged = Counter({TWICE: _contradictions(rows, values, pick)})
    manifest = _manifest(table, folder, kind, Dates(first, last), (source, licence))
    write_list(manifest, table)
    return Imported(manifest, rows.rows, +skipped, +(rows.flagged + flagged))


def _manifest(
    table: pa.Table, folder: Path, kind: str, dates: Dates, origin: tuple[str, str]
) -> ReferenceList:
    """What is written beside the rows. ``origin``: source and licence."""
    ipv4 = int(is_ipv4(addresses_to_numpy(table["start"])[0]).sum())
    digest = content_digest(table)
    since = dates.first.isoformat() if dates.first else "open"
    return ReferenceList(
        id=f"{kind}-{since}-{digest[:12]}",
        kind=kind,
        dates=dates,
        source=origin[0],
        licence=origin[1],
        digest=digest,
        imported=dt.datetime.now(dt.UTC).date(),
        ipv4_ranges=ipv4,
        ipv6_ranges=table.num_rows - ipv4,
        folder=folder,
    )


def _kind(path: Path, read: Format, kind: str | None) -> str:
    """The kind asked for, checked against what the format can be; else the only one it can be."""
    if kind is None:
        if read.kind is None:
            among = ", ".join(read.kinds or KINDS)
            raise CatalogueError(f"{path}: say with --kind what it lists: {among}.")
        return read.kind
    if kind not in KINDS:
        raise CatalogueError(f"{kind!r} is no kind of list; known are {', '.join(KINDS)}.")
    if read.kinds and kind not in read.kinds:
        raise CatalogueError(
            f"{path} is {read.title}, which lists {' or '.join(read.kinds)}, not {kind}."
        )
    return kind


def _table(rows: RangeRows, values: pa.Array, pick: "np.ndarray") -> pa.Table:
    """The picked rows as they are stored: disjoint, unless they have dates of their own."""
    at = pa.array(pick)
    columns = {
        "start": addresses_from_numpy(rows.first[pick]),
        "end": addresses_from_numpy(rows.last[pick]),
        "value": values.take(at),
        "name": rows.names.take(at),
    }
    for name in OPTIONAL.names:
        column = getattr(rows, name)
        if column is not None and column.null_count < len(column):
            columns[name] = column.take(at)
    schema = pa.schema([f for f in (*SCHEMA, *OPTIONAL) if f.name in columns])
    table = pa.table([columns[name] for name in schema.names], schema=schema)
    return table if {"since", "until"} & set(columns) else flat_rows(table).cast(schema)


def _contradictions(rows: RangeRows, values: pa.Array, pick: "np.ndarray") -> int:
    """Ranges that the list states twice and otherwise; rows with dates or ports may well differ."""
    if any(column is not None for column in (rows.since, rows.until, rows.ports)):
        return 0
    return contradictions(rows.first[pick], rows.last[pick], values.take(pa.array(pick)))


def _causes(skipped: Counter[str]) -> str:
    return ", ".join(f"{count:,} {cause}" for cause, count in sorted((+skipped).items())) or "empty"


def _values(texts: pa.Array, kind: str) -> tuple[pa.Array, "np.ndarray", str]:
    """Values in one spelling, (n,) where they are usable, and the cause where they are not."""
    if kind == "asn":
        numbers = pc.struct_field(pc.extract_regex(texts, _ASN), "n")
        value = numbers.cast(pa.int64())
        usable = pc.and_(pc.greater(value, 0), pc.less(value, 2**32))
        return value.cast(pa.string()), _mask(usable), "not an AS number"
    if kind == "country":
        value = pc.utf8_upper(texts)
        usable = pc.and_(
            pc.match_substring_regex(value, _COUNTRY),
            pc.invert(pc.is_in(value, pa.array(_UNKNOWN_COUNTRIES))),
        )
        return value, _mask(usable), "country unknown"
    return texts, _mask(pc.not_equal(texts, "")), "no value"


def _mask(flags: pa.Array) -> "np.ndarray":
    return pc.fill_null(flags, fill_value=False).to_numpy(zero_copy_only=False)
