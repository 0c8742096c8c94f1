"""Prefix lists: a prefix or an address a line, perhaps with a value and a name (CSV).

Published so by makers of VPN and data centre lists, cloud providers and relay lists. A bare list
says nothing of whose prefixes these are; the caller does. A folder of X4BNet's shape (a file a
provider, in ``ips``) gives the names of its files as values. Sources: RFC 4632 for prefixes, the
README of X4BNet/lists_vpn, RFC 8805 for geofeeds (prefix, country, region, city, postal code).
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.attribute.fields import CatalogueError
from folkways.attribute.imports.addresses import Prefixes, prefixes
from folkways.attribute.imports.content import read_text
from folkways.attribute.imports.rows import RangeRows
from folkways.attribute.imports.text import read_csv

_NAMELESS = ("ipv4", "ipv6", "manual")
"""Names of files that name no provider."""


def read_prefixes(path: Path, value: str | None = None) -> RangeRows:
    """Read ``prefix[,value[,name]]`` a row, or a folder of such files (``*.txt``).

    A prefix with host bits set is used as the network that holds it, and flagged.

    Args:
        path: the file or folder.
        value: whose prefixes all rows are; the file's own values are then not read.

    Raises:
        CatalogueError: the file cannot be read, is damaged, holds no prefix, or gives no values
            where the caller gives none either.
    """
    if path.is_dir():
        return _read_folder(path, value)
    try:
        table, _ = read_csv(read_text(path), ("prefix", "value", "name"), 1)
    except ValueError as error:
        raise CatalogueError(f"{path} is no list of prefixes ({error}).") from None
    text = table["prefix"].combine_chunks()
    if pc.any(pc.match_substring(text, "#")).as_py():
        text = pc.utf8_trim_whitespace(pc.replace_substring_regex(text, "[#;].*$", ""))
    values, names = (table[name].combine_chunks() for name in ("value", "name"))
    if value is not None:
        values = pa.repeat(pa.scalar(value), len(text))
    elif not len(text) or values.null_count == len(text):
        raise CatalogueError(f"{path} does not say whose prefixes these are; give a value.")
    rows = prefix_rows(prefixes(text), values, names)
    if not len(rows.values):
        raise CatalogueError(f"{path} is no list of prefixes: no row of it begins with one.")
    return rows


def read_geofeed(path: Path) -> RangeRows:
    """Read a geofeed (RFC 8805): the country of each prefix, null where it gives none on purpose.

    Raises:
        CatalogueError: as ``read_prefixes``.
    """
    rows = read_prefixes(path)
    stated = pc.not_equal(rows.values, "")
    values = pc.if_else(stated, rows.values, pa.scalar(None, pa.string()))
    # The third field is a region here, which does not name a country.
    return replace(rows, values=values, names=pa.nulls(len(values), pa.string()))


def prefix_rows(found: Prefixes, values: pa.Array, names: pa.Array | None = None) -> RangeRows:
    """The rows whose prefix is one, in order; the others counted."""
    good = found.known & ~found.mixed
    if names is None:
        names = pa.nulls(len(values), pa.string())
    skipped = Counter(
        {
            "not a prefix": int((~found.known).sum()),
            "prefix of IPv4-mapped and other addresses": int(found.mixed.sum()),
        }
    )
    flagged = Counter({"host bits set": int((found.host_bits & good).sum())})
    first, last, total = found.first, found.last, len(values)
    if not good.all():
        keep = pa.array(good)
        first, last, values, names = (
            first[good],
            last[good],
            values.filter(keep),
            names.filter(keep),
        )
    return RangeRows(first, last, values, names, total, +skipped, flagged=+flagged)


def _read_folder(path: Path, value: str | None) -> RangeRows:
    inner = [folder for folder in sorted(path.rglob("ips")) if folder.is_dir()]
    if len(inner) > 1:
        kinds = ", ".join(str(folder.relative_to(path)) for folder in inner)
        raise CatalogueError(f"{path} holds lists of several kinds ({kinds}); name one of them.")
    folder = inner[0] if inner else path
    parts, skipped = [], Counter[str]()
    for file in sorted(folder.glob("*.txt")):
        named = value or (None if file.stem.lower() in _NAMELESS else file.stem)
        content = read_text(file)
        if all(line.lstrip().startswith(b"#") for line in content.splitlines() if line.strip()):
            continue
        if named is None:
            raise CatalogueError(f"{file} does not say whose prefixes these are; give a value.")
        parts.append(read_prefixes(file, named))
        skipped += parts[-1].skipped
    if not parts:
        raise CatalogueError(f"{path} holds no list of prefixes (*.txt).")
    return RangeRows(
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.last for part in parts]),
        pa.concat_arrays([part.values for part in parts]),
        pa.concat_arrays([part.names for part in parts]),
        sum(part.rows for part in parts),
        skipped,
        flagged=sum((part.flagged for part in parts), Counter[str]()),
    )
