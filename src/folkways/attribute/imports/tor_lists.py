"""Lists about Tor that are not directory documents: relay histories, fallback directories.

A history is CSV of address, role, first and last day (``ip,role,first_day,last_day``, more columns
are not read). Fallback directories are relays that new clients ask first: tor's own
``fallback_dirs.inc`` (C strings, with and without directory port) or stem's copy of it.
"""

import datetime as dt
import re
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.attribute.fields import CatalogueError
from folkways.attribute.imports.addresses import addresses
from folkways.attribute.imports.content import read_text
from folkways.attribute.imports.rows import RangeRows
from folkways.attribute.imports.text import mask_of, matches, read_csv
from folkways.attribute.imports.tor_roles import (
    EXIT,
    FALLBACK,
    GUARD,
    ORDINAL_OF_1970,
    Endpoints,
    dated_rows,
    ports_text,
    role_of,
)
from folkways.attribute.intervals import Flags, Ints
from folkways.model.addresses import address_from_text, addresses_from_numpy, addresses_to_numpy
from folkways.model.columns import ADDRESS

HISTORY = ("ip", "role", "first_day", "last_day")
_BITS = {"relay": 0, "guard": GUARD, "exit": EXIT}
_DAY = r"^[12][0-9]{3}-[01][0-9]-[0-3][0-9]$"

_FALLBACK = re.compile(r'"([0-9.]+)(?::(\d{1,5}))? orport=(\d{1,5}) id=[0-9A-Fa-f]{40}')
_IPV6 = re.compile(r"ipv6=\[([0-9A-Fa-f:.]+)\]:(\d{1,5})")
_NICKNAME = re.compile(r"/\* nickname=(\S+) \*/")
_MADE = re.compile(r"(?m)^(?:/\* timestamp=|header\.timestamp )(\d{8})\d{6}")
_STEM = re.compile(r"(?m)^([0-9A-F]{40})\.(\w+) (\S+)$")


def read_tor_history(path: Path) -> RangeRows:
    """Read the history of relays: roles relay, guard and exit with their days.

    Spans of one address are joined: where it is guard and exit on a day, it is both. A span may
    hold days on which the relay was away; the file does not say which.

    Raises:
        CatalogueError: the file cannot be read, is damaged, or is no such history.
    """
    try:
        table, odd = read_csv(read_text(path), HISTORY, 4)
    except ValueError as error:
        raise CatalogueError(f"{path} is no history of relays ({error}).") from None
    address, role, *days = (table[name].combine_chunks() for name in HISTORY)
    octets, known = addresses(address)
    roles = pa.array(list(_BITS))
    place = pc.index_in(pc.utf8_lower(role), roles)
    named = mask_of(pc.is_valid(place))
    (first, first_known), (last, last_known) = (_ordinals(column) for column in days)
    dated = first_known & last_known & (first <= last)
    good = np.flatnonzero(known & named & dated)
    skipped = Counter(
        {
            "too few fields": odd,
            "not an address": int((~known).sum()),
            "role unknown": int((known & ~named).sum()),
            "no days, or the last before the first": int((known & named & ~dated).sum()),
        }
    )
    if not len(good):
        raise CatalogueError(f"{path} is no history of relays; a row is {','.join(HISTORY)}.")
    encoded = addresses_from_numpy(octets[good]).dictionary_encode()
    endpoints = Endpoints()
    for one in encoded.dictionary.to_pylist():
        endpoints.number(one)
    numbers = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    role_bits = np.array(list(_BITS.values()))
    bits = role_bits[place.take(pa.array(good)).to_numpy(zero_copy_only=False)]
    counts = (table.num_rows + odd, skipped)
    return dated_rows(endpoints, numbers, (first[good], last[good]), bits, counts)


def _ordinals(column: pa.Array) -> tuple[Ints, Flags]:
    """(n,) days as ordinals (proleptic Gregorian), and where the text is one."""
    shaped = matches(column, _DAY)
    text = pc.if_else(pa.array(shaped), column, "1970-01-01")
    month, day = (pc.utf8_slice_codeunits(text, n, n + 2).cast(pa.int32()) for n in (5, 8))
    year = pc.utf8_slice_codeunits(text, 0, 4).cast(pa.int32())
    leap = (y := year.to_numpy()) % 4 == 0
    leap &= (y % 100 != 0) | (y % 400 == 0)
    m, d = month.to_numpy(), day.to_numpy()
    lengths = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    valid = shaped & (m >= 1) & (m <= 12) & (d >= 1)
    valid &= d <= lengths[np.where(valid, m, 0)] + (leap & (m == 2))
    safe = pc.if_else(pa.array(valid), text, "1970-01-01")
    ordinals = safe.cast(pa.date32()).cast(pa.int32()).to_numpy().astype(np.int64)
    return ordinals + ORDINAL_OF_1970, valid


def read_tor_fallbacks(path: Path) -> RangeRows:
    """Read the directories that clients ask first, from tor's sources or from stem.

    ``dates`` is the day on which the list was made.

    Raises:
        CatalogueError: the file cannot be read, is damaged, or holds no fallback directory.
    """
    text = read_text(path).decode("utf-8", "replace")
    entries = _stem_entries(text) or _tor_entries(text)
    rows: list[tuple[bytes, str | None, str | None]] = []
    skipped: Counter[str] = Counter()
    for address, ports, name in entries:
        packed = address_from_text(address)
        if packed is None or not all(0 <= port < 65_536 for port in ports):
            skipped["not an address or port"] += 1
        else:
            rows.append((packed, ports_text(*ports), name))
    if not rows:
        raise CatalogueError(f"{path} holds no fallback directory of Tor.")
    octets, _ = addresses_to_numpy(pa.array([row[0] for row in rows], ADDRESS))
    made = _made(text)
    return RangeRows(
        octets,
        octets,
        pa.repeat(pa.scalar(role_of(FALLBACK)), len(rows)),
        pa.array([row[2] for row in rows], pa.string()),
        len(entries),
        skipped,
        ports=pa.array([row[1] for row in rows], pa.string()),
        dates=(made, made) if made else None,
    )


_Entries = list[tuple[str, list[int], str | None]]


def _tor_entries(text: str) -> _Entries:
    found: _Entries = []
    heads = list(_FALLBACK.finditer(text))
    ends = [following.start() for following in heads[1:]] + [len(text)]
    for head, end in zip(heads, ends, strict=False):
        more = text[head.end() : end]
        named = _NICKNAME.search(more)
        name = named[1] if named else None
        found.append((head[1], [int(head[3]), int(head[2] or 0)], name))
        if six := _IPV6.search(more):
            found.append((six[1], [int(six[2])], name))
    return found


def _stem_entries(text: str) -> _Entries:
    relays: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for fingerprint, key, value in _STEM.findall(text):
        relays[fingerprint][key] = value
    found: _Entries = []
    for relay in relays.values():
        name = relay.get("nickname")
        ports = [_port(relay.get("or_port")), _port(relay.get("dir_port"))]
        found.append((relay.get("address", ""), ports, name))
        if "orport6_address" in relay:
            found.append((relay["orport6_address"], [_port(relay.get("orport6_port"))], name))
    return found


def _port(text: str | None) -> int:
    """0 if there is none, -1 if it is no number."""
    if text is None:
        return 0
    return int(text) if re.fullmatch(r"[0-9]{1,5}", text) else -1


def _made(text: str) -> dt.date | None:
    found = _MADE.search(text)
    try:
        return dt.date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None
