"""Which AS announces a prefix, as BGP collectors saw it: three texts of one meaning.

CAIDA's pfx2as (``prefix TAB length TAB origin``; several origins joined by ``_``, AS sets by
``,``), RIPE's riswhoisdump (``origin TAB prefix TAB peers that see it``; comments ``%``) and
pyasn's data (``prefix TAB origin``; comments ``;``). Sources: README of CAIDA's Routeviews
prefix-to-AS dataset, RIPE NCC's RISwhois pages, pyasn's documentation. By specification.
"""

import datetime as dt
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.attribute.fields import CatalogueError
from folkways.attribute.imports.addresses import prefixes
from folkways.attribute.imports.content import read_text
from folkways.attribute.imports.prefixes import prefix_rows
from folkways.attribute.imports.rows import RangeRows
from folkways.attribute.imports.text import fields_of, lines_of, mask_of, matches
from folkways.attribute.intervals import Flags

MIN_PEERS = 10
"""A prefix that fewer of RIS's hundreds of peers see is a leak or local (riswhoisdump only)."""

_ORIGIN = r"^[0-9]{1,10}$"
_ORIGINS = r"^[0-9{},_ .]+$"
_DAY = re.compile(rb"(?:^|[^0-9])(20[0-9]{2})([01][0-9])([0-3][0-9])(?:[^0-9]|$)")


def read_routes(path: Path, min_peers: int = MIN_PEERS) -> RangeRows:
    """Read prefix-to-AS text; the value is the AS number.

    Where a prefix has several origins or an AS set, its origin is not known: the row is kept with
    a null value (else a wider prefix would speak for it) and flagged.

    Args:
        path: the file.
        min_peers: rows of a riswhoisdump seen by fewer peers are left out.

    Raises:
        CatalogueError: the file cannot be read, is damaged, or holds no route.
    """
    content = read_text(path)
    first, second, third = fields_of(lines_of(content, "#%;"), "\t", 3)
    skipped: Counter[str] = Counter()
    if not len(first):
        raise CatalogueError(f"{path} holds no routes.")
    if mask_of(pc.is_null(third)).mean() > 0.5:
        prefix, origin = first, second
    elif _mostly(second, "/"):
        few = ~_at_least(third, min_peers)
        skipped[f"seen by fewer than {min_peers} peers"] = int(few.sum())
        prefix, origin = (c.filter(pa.array(~few)) for c in (second, first))
    else:
        prefix, origin = pc.binary_join_element_wise(first, second, "/"), third
    good = matches(origin, _ORIGINS)
    skipped["no origin"] += int((~good).sum())
    single = matches(origin, _ORIGIN)
    values = pc.if_else(pa.array(single), origin, pa.scalar(None, pa.string()))
    keep = pa.array(good)
    rows = prefix_rows(prefixes(prefix.filter(keep)), values.filter(keep))
    if not len(rows.values):
        raise CatalogueError(f"{path} holds no routes.")
    values, unknown = _one_origin(rows)
    flagged = rows.flagged + Counter({"several origins": unknown})
    return RangeRows(
        rows.first,
        rows.last,
        values,
        rows.names,
        rows.rows + sum(skipped.values()),
        +(rows.skipped + skipped),
        dates=_dates(content),
        flagged=+flagged,
    )


def _mostly(column: pa.Array, mark: str) -> bool:
    return bool(mask_of(pc.match_substring(column, mark)).mean() > 0.5)


def _at_least(column: pa.Array, least: int) -> Flags:
    number = pc.if_else(pc.match_substring_regex(column, r"^[0-9]{1,9}$"), column, "0")
    return number.fill_null("0").cast(pa.int64()).to_numpy(zero_copy_only=False) >= least


def _one_origin(rows: RangeRows) -> tuple[pa.Array, int]:
    """The values, null where rows of one prefix disagree, and how many rows have none."""
    ranges = np.concatenate([rows.first, rows.last], axis=1).view("V32").reshape(-1)
    key = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(32), len(ranges), [None, pa.py_buffer(ranges.tobytes())]
    ).dictionary_encode()
    codes = key.indices.to_numpy(zero_copy_only=False)
    origin = rows.values.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    low = np.full(len(key.dictionary), np.iinfo(np.int64).max)
    high = np.full(len(key.dictionary), np.iinfo(np.int64).min)
    np.minimum.at(low, codes, origin)
    np.maximum.at(high, codes, origin)
    unknown = ((low != high) | (low < 0))[codes]
    text = pc.if_else(pa.array(unknown), pa.scalar(None, pa.string()), rows.values)
    return text, int(unknown.sum())


def _dates(content: bytes) -> tuple[dt.date, dt.date] | None:
    """The day of the table, if a comment at the start of the file names it (as pyasn's do)."""
    for line in content[:4096].splitlines():
        if line[:1] not in {b"#", b"%", b";"}:
            return None
        if found := _DAY.search(line):
            try:
                day = dt.date(*map(int, found.groups()))
            except ValueError:
                continue
            return day, day
    return None
