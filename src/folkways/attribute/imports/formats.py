"""The formats of reference lists that are understood, and how each is recognised by its content."""

import json
import re
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from folkways.attribute.fields import CatalogueError
from folkways.attribute.imports.cloud import is_cloud, read_cloud
from folkways.attribute.imports.content import BROKEN, opened, read_content, read_head
from folkways.attribute.imports.mmdb import METADATA, METADATA_SPAN, read_mmdb
from folkways.attribute.imports.prefixes import read_geofeed, read_prefixes
from folkways.attribute.imports.range_csv import read_range_csv
from folkways.attribute.imports.rir import read_rir
from folkways.attribute.imports.routes import read_routes
from folkways.attribute.imports.rows import RangeRows
from folkways.attribute.imports.tor import BROKEN_TAR, is_tar, read_tor
from folkways.attribute.imports.tor_lists import HISTORY, read_tor_fallbacks, read_tor_history
from folkways.model.addresses import address_from_text

_SAMPLE = 100
_TOR = re.compile(rb"(?m)^(?:network-status-version \d|ExitNode [0-9A-F]{40}|ExitAddress )")
_FALLBACKS = re.compile(rb"(?m)^(?:/\* type=fallback|header\.type fallback)")
_RIR = re.compile(r"^[a-z]+\|(?:[A-Za-z]{2}|\*|)\|(?:asn|ipv4|ipv6)\|")
_RIR_VERSION = re.compile(r"^[0-9.]+\|[a-z]+\|\d+\|")
_ORIGINS = re.compile(r"^\{?[0-9][0-9_,.]*\}?$")
_COUNTRY = re.compile(r"^(?:[A-Za-z]{2})?$")
_REGION = re.compile(r"^(?:[A-Za-z]{2}-[A-Za-z0-9]{1,3})?$")


@dataclass(frozen=True)
class Look:
    """What recognition looks at: a path and the beginning of its content."""

    path: Path

    @cached_property
    def head(self) -> bytes:
        """The first decompressed bytes; of an archive those of its first file."""
        if self.path.is_dir():
            return b""
        head = read_head(self.path)
        return _first_member(self.path) if is_tar(head) else head

    @cached_property
    def lines(self) -> list[str]:
        """The first whole lines of data as text, none if the content is binary."""
        if b"\0" in self.head:
            return []
        text = self.head.decode("utf-8", "replace").removeprefix("\ufeff")
        lines = text.splitlines()[: -1 if len(self.head) >= 1 << 16 else None]
        return [x for line in lines if (x := line.strip()) and x[0] not in "#%;"][:_SAMPLE]

    @property
    def is_history(self) -> bool:
        """Whether the columns are those of a history of Tor relays."""
        return bool(self.lines) and self.lines[0].startswith(",".join(HISTORY))

    def most(self, fits: Callable[[list[str]], bool], separator: str = ",") -> bool:
        """Whether most lines fit, each given as fields."""
        good = sum(
            fits([field.strip().strip('"') for field in line.split(separator)])
            for line in self.lines
        )
        return good * 2 > len(self.lines)


@dataclass(frozen=True)
class Format:
    """A format: its id, what it is, the kinds of list that it can be, and how it is read.

    ``kinds`` is empty where the format does not say what its values are; where it has one kind,
    no other need be named. ``read`` takes the path, the kind, and whose addresses all are (a bare
    prefix list) or None.
    """

    id: str
    title: str
    kinds: tuple[str, ...]
    fits: Callable[[Look], bool]
    read: Callable[[Path, str, str | None], RangeRows]

    @property
    def kind(self) -> str | None:
        """The kind that a file of the format is by itself, if only one is possible."""
        return self.kinds[0] if len(self.kinds) == 1 else None


FORMATS = (
    Format(
        "range-csv",
        "CSV of first address, last address, value and perhaps a name",
        (),
        lambda look: look.most(_is_range),
        lambda path, _kind, _value: read_range_csv(path),
    ),
    Format(
        "prefixes",
        "prefixes or addresses, one a line, perhaps with value and name (CSV); a folder of such",
        (),
        lambda look: look.path.is_dir() or (look.most(_is_prefix_row) and not look.is_history),
        lambda path, _kind, value: read_prefixes(path, value),
    ),
    Format(
        "geofeed",
        "geofeed (RFC 8805): prefix, country, region, city, postal code",
        ("country",),
        lambda look: look.most(_is_geofeed_row),
        lambda path, _kind, _value: read_geofeed(path),
    ),
    Format(
        "mmdb",
        "MaxMind DB",
        ("country", "asn"),
        lambda look: _is_mmdb(look.path),
        lambda path, kind, _value: read_mmdb(path, kind),
    ),
    Format(
        "tor",
        "Tor consensuses or exit lists, single or in a tar archive",
        ("tor-relay",),
        lambda look: _TOR.search(look.head) is not None,
        lambda path, _kind, _value: read_tor(path),
    ),
    Format(
        "tor-history",
        "CSV of relay address, role, first and last day",
        ("tor-relay",),
        lambda look: look.is_history,
        lambda path, _kind, _value: read_tor_history(path),
    ),
    Format(
        "tor-fallbacks",
        "Tor's fallback directories",
        ("tor-relay",),
        lambda look: _FALLBACKS.search(look.head) is not None,
        lambda path, _kind, _value: read_tor_fallbacks(path),
    ),
    Format(
        "cloud",
        "JSON of AWS, Google, Azure, Oracle, Cloudflare, Fastly or GitHub",
        ("hosting", "cdn"),
        lambda look: look.head.lstrip()[:1] == b"{" and _is_cloud(look.path),
        lambda path, kind, _value: read_cloud(path, kind),
    ),
    Format(
        "rir",
        "delegated statistics of a regional internet registry",
        ("country",),
        lambda look: (
            look.most(lambda row: _RIR.match("|".join(row)) is not None, "|")
            or bool(look.lines and _RIR_VERSION.match(look.lines[0]))
        ),
        lambda path, _kind, _value: read_rir(path),
    ),
    Format(
        "routes",
        "prefix-to-AS text (CAIDA pfx2as, RIPE riswhoisdump, pyasn)",
        ("asn",),
        lambda look: look.most(_is_route, "\t"),
        lambda path, _kind, _value: read_routes(path),
    ),
)


def recognise(path: Path) -> str:
    """The id of the format that a file or folder is of, by its content.

    Raises:
        CatalogueError: it cannot be read, or is of none or of several; asks for ``--format``.
    """
    if not path.exists():
        raise CatalogueError(f"{path} does not exist.")
    look = Look(path)
    fitting = [one.id for one in FORMATS if one.fits(look)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise CatalogueError(f"{path} can be {' or '.join(fitting)}; say which with --format.")
    known = ", ".join(one.id for one in FORMATS)
    raise CatalogueError(f"{path} is of no known format; if it is, say --format ({known}).")


def format_named(name: str) -> Format:
    """The format of an id.

    Raises:
        CatalogueError: there is none.
    """
    for one in FORMATS:
        if one.id == name:
            return one
    known = ", ".join(one.id for one in FORMATS)
    raise CatalogueError(f"{name!r} is no format of reference lists; known are {known}.")


def _first_member(path: Path) -> bytes:
    with opened(path) as stream:
        try:
            with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]  # a stream that can only be read
                for member in archive:
                    file = archive.extractfile(member) if member.isreg() else None
                    if file is not None:
                        return file.read(1 << 16)
        except (*BROKEN, *BROKEN_TAR):
            return b""
    return b""


def _is_mmdb(path: Path) -> bool:
    if path.is_dir():
        return False
    head = read_head(path, 4)
    with path.open("rb") as file:
        plain = file.read(4) == head[:4]
        if plain:
            file.seek(max(0, path.stat().st_size - METADATA_SPAN))
            return METADATA in file.read()
    # Only a binary file is worth decompressing as a whole.
    return b"\0" in read_head(path) and METADATA in read_content(path)[-METADATA_SPAN:]


def _is_cloud(path: Path) -> bool:
    try:
        return is_cloud(json.loads(read_content(path)))
    except (ValueError, RecursionError):
        return False


def _is_address(text: str) -> bool:
    return address_from_text(text) is not None and "%" not in text


def _is_prefix(text: str) -> bool:
    address, _, length = text.partition("/")
    return _is_address(address) and (not length or length.isdigit())


def _is_range(row: list[str]) -> bool:
    ends = row[:2]
    numbers = all(end.isascii() and end.isdigit() for end in ends)
    return len(row) >= 3 and (numbers or all(map(_is_address, ends)))


def _is_prefix_row(row: list[str]) -> bool:
    bare = row[0].partition("#")[0].partition(";")[0].strip()
    return _is_prefix(bare) and not _is_range(row) and not _is_geofeed_row(row)


def _is_geofeed_row(row: list[str]) -> bool:
    return (
        len(row) in {4, 5}
        and _is_prefix(row[0])
        and _COUNTRY.match(row[1]) is not None
        and _REGION.match(row[2]) is not None
    )


def _is_route(row: list[str]) -> bool:
    if len(row) == 2:
        return _is_prefix(row[0]) and _ORIGINS.match(row[1]) is not None
    if len(row) != 3:
        return False
    if "/" in row[1]:
        return _is_prefix(row[1]) and row[2].isdigit() and _ORIGINS.match(row[0]) is not None
    return _is_address(row[0]) and row[1].isdigit() and _ORIGINS.match(row[2]) is not None
