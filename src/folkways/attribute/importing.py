"""Import of a published range list into a reference folder: checked, made disjoint, dated.

Where ranges overlap, the more specific one wins, and of two alike the later row.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.attribute.facts import Dates
from folkways.attribute.fields import CatalogueError
from folkways.attribute.imports.range_csv import read_range_csv
from folkways.attribute.imports.rows import RangeRows
from folkways.attribute.intervals import Ranges, flatten, is_ipv4
from folkways.attribute.lists import (
    KINDS,
    SCHEMA,
    ReferenceList,
    content_digest,
    write_list,
)
from folkways.model.addresses import addresses_from_numpy

_ASN = r"^(?i:AS)?0*(?P<n>[0-9]{1,10})$"
_COUNTRY = r"^[A-Z]{2}$"
_UNKNOWN_COUNTRIES = ("ZZ", "XX")


@dataclass(frozen=True)
class Imported:
    """What came of an import: the list, the file's rows, and rows not used by cause."""

    list: ReferenceList
    rows: int
    skipped: Counter[str]


def import_range_csv(
    path: Path,
    folder: Path,
    *,
    kind: str,
    source: str,
    first: dt.date | None,
    last: dt.date | None,
    licence: str,
) -> Imported:
    """Import a CSV of ``start,end,value[,name]`` (gzip too) as a list of one kind.

    Args:
        path: the file; addresses in text, or IPv4 as numbers.
        folder: the reference folder; created if it does not exist.
        kind: one of KINDS. Values are AS numbers for asn, ISO 3166-1 codes for country, else any
            text (the provider); rows with other values are counted and left out.
        source: where the list is from, in words or as an address.
        first: the first day for which the list holds; None is open.
        last: the last one; None is open.
        licence: the licence under which it was given.

    Raises:
        CatalogueError: an unknown kind, days in the wrong order, an unreadable file, no usable row.
        StorageError: the disk is full or refuses.
    """
    if kind not in KINDS:
        raise CatalogueError(f"{kind!r} is no kind of list; known are {', '.join(KINDS)}.")
    if first is not None and last is not None and last < first:
        raise CatalogueError(f"A list cannot hold from {first} to {last}; swap the days.")
    rows = read_range_csv(path)
    values, usable, cause = _values(rows.values, kind)
    skipped = rows.skipped + Counter({cause: int((~usable).sum())})
    pick = np.flatnonzero(usable)
    if not len(pick):
        raise CatalogueError(f"{path} has no usable row for a list of kind {kind}.")
    table, ipv4 = _flat_table(rows, values, pick)
    digest = content_digest(table)
    since = first.isoformat() if first else "open"
    manifest = ReferenceList(
        id=f"{kind}-{since}-{digest[:12]}",
        kind=kind,
        dates=Dates(first, last),
        source=source,
        licence=licence,
        digest=digest,
        imported=dt.datetime.now(dt.UTC).date(),
        ipv4_ranges=ipv4,
        ipv6_ranges=table.num_rows - ipv4,
        folder=folder,
    )
    write_list(manifest, table)
    return Imported(manifest, rows.rows, +skipped)


def _flat_table(rows: RangeRows, values: pa.Array, pick: "np.ndarray") -> tuple[pa.Table, int]:
    """The picked rows as disjoint ranges with their values, and how many are of IPv4."""
    pairs = pa.StructArray.from_arrays(
        [values.take(pa.array(pick)), rows.names.take(pa.array(pick))], ["value", "name"]
    )
    label, distinct = _codes(pairs)
    flat = flatten(Ranges(rows.first[pick], rows.last[pick], label))
    chosen = distinct.take(pa.array(flat.label))
    table = pa.table(
        [
            addresses_from_numpy(flat.first),
            addresses_from_numpy(flat.last),
            chosen.field("value"),
            chosen.field("name"),
        ],
        schema=SCHEMA,
    )
    return table, int(is_ipv4(flat.first).sum())


def _values(texts: pa.Array, kind: str) -> tuple[pa.Array, "np.ndarray", str]:
    """Values in one spelling, (n,) where they are usable, and the cause where they are not."""
    if kind == "asn":
        numbers = pc.struct_field(pc.extract_regex(texts, _ASN), "n")
        value = numbers.cast(pa.int64())
        usable = pc.and_(pc.greater(value, 0), pc.less(value, 2**32)).fill_null(fill_value=False)
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
    return flags.to_numpy(zero_copy_only=False)


def _codes(pairs: pa.StructArray) -> tuple["np.ndarray", pa.StructArray]:
    """(n,) a number for each distinct pair of value and name, and the pairs by number."""
    separator = "\x1f"
    key = pc.binary_join_element_wise(
        pairs.field("value"),
        pairs.field("name"),
        separator,
        null_handling="replace",
        null_replacement="",
    )
    encoded = key.dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    place = np.zeros(len(encoded.dictionary), np.int64)
    place[codes[::-1]] = np.arange(len(codes))[::-1]
    return codes, pairs.take(pa.array(place))
