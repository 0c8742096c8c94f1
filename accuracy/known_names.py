"""Of the server names in the captures that public lists know, how many the catalogue knows.

The lists are a folder with ``domain_lists/v2fly_domain-list-community_data.tar.gz`` (a line a
domain) and ``ndpi_lists/ndpi_host_match.csv`` (host,name,...). They are only read here; the
catalogue's facts stand in the catalogue.
"""

import csv
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from folkways.attribute.catalogue import Catalogue
from folkways.model.addresses import address_from_text

LEAST_KNOWN = 0.95
_V2FLY = "domain_lists/v2fly_domain-list-community_data.tar.gz"
_NDPI = "ndpi_lists/ndpi_host_match.csv"
# Lists of lists, of countries and of kinds: they say nothing of one service.
_KINDS = re.compile(r"^(category-|geolocation-|tld-|private$|cn$|win-|.*-tld$)")
_NAME = re.compile(r"^[a-z0-9_-]+(\.[a-z0-9_-]+)+$")
_CARRY_NAMES = frozenset({"TLS", "QUIC", "HTTP"})


class PublicLists:
    """Domains to the word of the list that holds them: exact ones, and those with all below."""

    def __init__(self, exact: dict[str, str], suffixes: dict[str, str]) -> None:
        self._exact, self._suffixes = exact, suffixes

    @classmethod
    def load(cls, folder: Path) -> "PublicLists":
        """Read both lists; one that is missing is left out."""
        exact: dict[str, str] = {}
        suffixes: dict[str, str] = {}
        for kind, domain, word in (*_v2fly(folder / _V2FLY), *_ndpi(folder / _NDPI)):
            (exact if kind == "full" else suffixes).setdefault(domain, word)
        return cls(exact, suffixes)

    def __bool__(self) -> bool:
        return bool(self._exact or self._suffixes)

    def word(self, host: str) -> str | None:
        """The list that knows a host, the longest match; None if none does."""
        if host in self._exact:
            return self._exact[host]
        while host:
            if host in self._suffixes:
                return self._suffixes[host]
            host = host.partition(".")[2]
        return None


def _v2fly(path: Path) -> Iterator[tuple[str, str, str]]:
    if not path.is_file():
        return
    with tarfile.open(path) as archive:
        for member in archive:
            word = Path(member.name).name
            stream = archive.extractfile(member)
            if stream is None or _KINDS.match(word):
                continue
            for line in stream.read().decode("utf-8").splitlines():
                text = line.partition("#")[0].split("@")[0].strip().lower()
                kind, _, domain = text.rpartition(":")
                if text and kind in {"", "domain", "full"}:
                    yield kind, domain.strip(), f"v2fly {word}"


def _ndpi(path: Path) -> Iterator[tuple[str, str, str]]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            yield "domain", row["host"].strip(".").lower(), f"nDPI {row['name']}"


def server_names(folder: Path, matched: pa.Table) -> set[str]:
    """Distinct host names of TLS, QUIC and HTTP: those that nDPI wrote down, and those we read."""
    found = {name for name in matched["name"].to_pylist() if name}
    with (folder / "flow_labels.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["ndpi_label"].split(".")[0] in _CARRY_NAMES:
                found.add(row["sni"])
    names = {re.sub(r":\d+$", "", name.strip().lower().removesuffix(".")) for name in found}
    return {n for n in names if _NAME.match(n) and address_from_text(n) is None}


def name_lines(
    folder: Path, lists: Path, catalogue: Catalogue, matched: pa.Table
) -> tuple[list[str], bool]:
    """The second report, and whether its bound holds (it does where there are no lists)."""
    public = PublicLists.load(lists)
    names = server_names(folder, matched)
    if not public:
        return [f"server names: left out, no lists in {lists} (give --known)"], True
    belong = {name: word for name in sorted(names) if (word := public.word(name))}
    left = {n: w for n, w in belong.items() if catalogue.match_name(n) is None}
    known = 1 - len(left) / len(belong) if belong else 1.0
    state = "" if known >= LEAST_KNOWN else ": MISSED"
    return [
        (
            f"server names: {len(names)} distinct, {len(belong)} of a service that v2fly or nDPI "
            f"know; the catalogue knows {known:.1%} of those, at least {LEAST_KNOWN:.0%}{state}"
        ),
        *(f"  not known: {name} ({word})" for name, word in left.items()),
    ], known >= LEAST_KNOWN
