"""Delegated statistics of the regional internet registries: the country of each allocation.

Source: RIR statistics exchange format (versions 2 to 2.3; the extended form adds an opaque id):
``registry|cc|type|start|value|date|status[|opaque-id]``; for ipv4 the value is a number of
addresses, which need not be a power of two, for ipv6 a prefix length. By specification.
"""

import datetime as dt
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.attribute.fields import CatalogueError
from folkways.attribute.imports.addresses import addresses, networks
from folkways.attribute.imports.content import read_text
from folkways.attribute.imports.rows import RangeRows
from folkways.attribute.imports.text import fields_of, lines_of, mask_of, matches
from folkways.attribute.intervals import Flags, Octets, is_ipv4
from folkways.model.addresses import mapped_from_ipv4

_GIVEN = pa.array(["allocated", "assigned"])
_VERSION = r"^[0-9.]+$"
_NO_COUNTRY = pa.array(["EU", "AP", "ZZ", ""])
"""Codes for several countries at once (Europe, Asia-Pacific) or none."""


def read_rir(path: Path) -> RangeRows:
    """Read delegated statistics, of one registry or of several in one file.

    Only addresses that are allocated or assigned say where they are; rows of AS numbers and
    summaries are not data. Codes of regions (EU, AP) give a null value and are flagged. ``dates``
    is the last day of the period that the version line states.

    Raises:
        CatalogueError: the file cannot be read, is damaged, or has no row of an address.
    """
    lines = lines_of(read_text(path))
    registry, country, kind, start, value, end, status = fields_of(lines, "|", 7)
    version = matches(registry, _VERSION)
    rows = ~version & ~mask_of(pc.equal(end, "summary")) & ~mask_of(pc.equal(kind, "asn"))
    pick = pa.array(np.flatnonzero(rows))
    country, kind, start, value, status = (
        column.take(pick) for column in (country, kind, start, value, status)
    )
    given = mask_of(pc.is_in(pc.utf8_lower(status), _GIVEN))
    first, last, known, host_bits = _ranges(kind, start, value)
    good = np.flatnonzero(given & known)
    skipped = Counter(
        {
            "too few fields": int(mask_of(pc.is_null(status)).sum()),
            "neither allocated nor assigned": int((mask_of(pc.is_valid(status)) & ~given).sum()),
            "not an address range": int((given & ~known).sum()),
        }
    )
    if not len(good):
        raise CatalogueError(f"{path} has no allocated or assigned address; it is no RIR file.")
    values = pc.utf8_upper(country.take(pa.array(good)))
    several = pc.is_in(values, _NO_COUNTRY)
    flagged = Counter(
        {
            "host bits set": int(host_bits[good].sum()),
            "no single country": int(mask_of(several).sum()),
        }
    )
    return RangeRows(
        first[good],
        last[good],
        pc.if_else(several, pa.scalar(None, pa.string()), values),
        pa.nulls(len(good), pa.string()),
        len(pick),
        +skipped,
        dates=_dates(end.filter(pa.array(version))),
        flagged=+flagged,
    )


def _ranges(
    kind: pa.Array, start: pa.Array, value: pa.Array
) -> tuple[Octets, Octets, Flags, Flags]:
    """First and last addresses, where they are known, and where an IPv6 prefix has host bits."""
    octets, known = addresses(start)
    number = pc.if_else(pc.match_substring_regex(value, r"^[0-9]{1,10}$"), value, "0")
    count = number.fill_null("0").cast(pa.int64()).to_numpy(zero_copy_only=False)
    ipv4 = mask_of(pc.equal(kind, "ipv4")) & is_ipv4(octets)
    ipv6 = mask_of(pc.equal(kind, "ipv6")) & ~is_ipv4(octets)
    begin = octets[:, 12:].copy().view(">u4").reshape(-1).astype(np.int64)
    found = networks(octets, count, known & ipv6 & (count <= 128))
    first, last = found.first.copy(), found.last.copy()
    fits = known & ipv4 & (count > 0) & (begin + count <= 2**32)
    first[fits] = octets[fits]
    last[fits] = mapped_from_ipv4((begin + count - 1)[fits].astype(np.uint32))
    return first, last, fits | (found.known & ~found.mixed & (count > 0)), found.host_bits


def _dates(ends: pa.Array) -> tuple[dt.date, dt.date] | None:
    """The period of one day or more that the version lines end on."""
    days = []
    for text in ends.drop_null().to_pylist():
        try:
            days.append(dt.datetime.strptime(text, "%Y%m%d").replace(tzinfo=dt.UTC).date())
        except ValueError:
            continue
    return (min(days), max(days)) if days else None
