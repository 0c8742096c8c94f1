"""Which lists can be fetched: those that Folkways knows, and those of a user's settings file.

``[[fetch]]``: id, kind, licence, url, and a bound: sha256 (64 hexadecimal digits), max_bytes, or
both. ``[[npm]]``: id, kind, package; optional version and licence (else those of the package).
Optional in both: from and to (the days for which the list holds), format (as ``reference import``
calls it), value (what rows without a value of their own get, such as a provider's name), source (a
page that describes the list), checked (the day on which that was looked up), note.

``{day}`` in a URL stands for yesterday (UTC), for lists whose address changes daily.
"""

import datetime as dt
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from folkways.attribute.facts import Dates
from folkways.attribute.fetching.address import address_fault
from folkways.attribute.fields import Fields, read_toml
from folkways.attribute.lists import KINDS

DAY = "{day}"
# Where only a checksum is given, a server may still not fill the disk.
MOST_BYTES = 2**31

_BUILT_IN = Path(__file__).with_name("sources.toml")
_COMMON = (
    *("id", "kind", "licence", "from", "to", "format", "value"),
    *("source", "checked", "note"),
)
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PACKAGE = re.compile(r"(@[a-z0-9~][a-z0-9._~-]*/)?[a-z0-9~][a-z0-9._~-]*")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]*")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is common to all entries; see the module for what each word means."""

    id: str
    kind: str
    licence: str | None
    dates: Dates = field(default_factory=Dates)
    format: str | None = None
    value: str | None = None
    source: str | None = None
    checked: dt.date | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class UrlEntry(Entry):
    """A file behind an https address; never more than ``max_bytes`` of it are taken."""

    licence: str
    url: str
    sha256: str | None = None
    max_bytes: int = MOST_BYTES


@dataclass(frozen=True, kw_only=True)
class NpmEntry(Entry):
    """The CSV files of an npm package; without ``version`` the newest."""

    package: str
    version: str | None = None


def known_entries(settings: Path | None = None) -> tuple[Entry, ...]:
    """Folkways' own entries, added to or replaced by those of a settings file, by id.

    Raises:
        CatalogueError: the file cannot be read, or an entry is not as it must be.
    """
    entries = {entry.id: entry for entry in read_entries(_BUILT_IN)}
    if settings is not None:
        entries |= {entry.id: entry for entry in read_entries(settings)}
    return tuple(entries.values())


def read_entries(path: Path) -> tuple[Entry, ...]:
    """The entries of a file, in order.

    Raises:
        CatalogueError: the file cannot be read, or an entry is not as it must be.
    """
    top = Fields(read_toml(path), str(path), ("fetch", "npm"))
    urls = top.tables("fetch", (*_COMMON, "url", "sha256", "max_bytes"))
    packages = top.tables("npm", (*_COMMON, "package", "version"))
    entries: dict[str, Entry] = {}
    for fields, read in (*((f, _url_entry) for f in urls), *((f, _npm_entry) for f in packages)):
        entry = read(fields)
        if entry.id in entries:
            raise fields.error("id", f"= {entry.id!r} stands twice")
        entries[entry.id] = entry
    return tuple(entries.values())


def _url_entry(f: Fields) -> Entry:
    if not f.has("sha256") and not f.has("max_bytes"):
        raise f.error("sha256", "or max_bytes is needed, so that it is known what may come")
    url = f.needed("url")
    fault = address_fault(url.replace(DAY, "2026-01-01"))
    if fault:
        raise f.error("url", f"= {url!r} {fault}")
    sha256 = (f.text("sha256") or "").lower()
    if sha256 and not _SHA256.fullmatch(sha256):
        raise f.error("sha256", "must be 64 hexadecimal digits")
    f.needed("licence")
    return UrlEntry(
        **_common(f),
        url=url,
        sha256=sha256 or None,
        max_bytes=f.whole("max_bytes", 1, 2**40) if f.has("max_bytes") else MOST_BYTES,
    )


def _npm_entry(f: Fields) -> Entry:
    return NpmEntry(
        **_common(f),
        package=_matching(f, "package", _PACKAGE, "a package's name such as @scope/name"),
        version=_matching(f, "version", _VERSION, "one version") if f.has("version") else None,
    )


def _common(f: Fields) -> dict[str, Any]:
    f.needed("kind")
    return {
        "id": _matching(f, "id", _ID, "lower-case letters, digits and single hyphens"),
        "kind": f.choice("kind", KINDS),
        "licence": f.text("licence"),
        "dates": _dates(f),
        "format": f.text("format"),
        "value": f.text("value"),
        "source": f.text("source"),
        "checked": f.day("checked"),
        "note": f.text("note"),
    }


def _matching(f: Fields, key: str, pattern: re.Pattern[str], wanted: str) -> str:
    text = f.needed(key)
    if not pattern.fullmatch(text):
        raise f.error(key, f"= {text!r} must be {wanted}")
    return text


def _dates(f: Fields) -> Dates:
    first, last = f.day("from"), f.day("to")
    if first is not None and last is not None and last < first:
        raise f.error("to", f"= {last} lies before from = {first}")
    return Dates(first, last)
