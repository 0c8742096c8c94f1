"""Tor's network status consensuses and exit lists, single or in archives, as relays by day.

Consensuses (also of the microdesc flavour) state for an hour each relay's name, addresses, ports
and flags; an exit list states from which address an exit was seen to reach the net. A relay is
said to be of the network on the day on which a consensus of it becomes valid, or on which its
exit address was tested or is listed. Sources: Tor's directory protocol specification, version 3,
the TorDNSEL exit list format, CollecTor's archives (tar, xz).
"""

import datetime as dt
import re
import tarfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from folkways.attribute.fields import CatalogueError
from folkways.attribute.imports.content import BROKEN, damaged, opened, read_content, read_head
from folkways.attribute.imports.rows import RangeRows
from folkways.attribute.imports.tor_roles import (
    AUTHORITY,
    EXIT,
    GUARD,
    Endpoints,
    dated_rows,
    ports_text,
)
from folkways.model.addresses import address_from_text

ARCHIVE_LIMIT = 1 << 36
"""Bytes of an archive, decompressed; it is streamed, a document after the other."""

BROKEN_TAR = (tarfile.TarError, ValueError)
"""What tarfile raises for damage; numbers in headers that are none escape it as ValueError."""

_DOCUMENT_LIMIT = 16 << 20
_GROWTH = 256  # hourly consensuses are much alike, so that xz shrinks a month of them a lot
_COMPACT = 64

_START = re.compile(rb"\n(?=network-status-version |Downloaded )")
_VALID_AFTER = re.compile(rb"(?m)^valid-after (\d{4}-\d\d-\d\d) ")
_VOTE = re.compile(rb"(?m)^vote-status (?!consensus\s)")
_RELAY = re.compile(
    rb"\nr (\S+) \S+(?: \S+)? \S+ \S+ (\S+) (\d{1,5}) (\d{1,5})[^\n]*\n"
    rb"((?:(?!r |s )[^\n]+\n)*)s( [^\n]*)?(?=\n)"
)
_RELAY_LINE = b"\nr "
_AUTHORITY = re.compile(rb"(?m)^dir-source (?!\S+-legacy )(\S+) \S+ \S+ (\S+) (\d{1,5}) (\d{1,5})")
_OR_ADDRESS = re.compile(rb"(?m)^a \[?([0-9A-Fa-f:.]+)\]?:(\d{1,5})\s*$")
_EXIT_ADDRESS = re.compile(rb"(?m)^ExitAddress (\S+) (\d{4}-\d\d-\d\d) ")
_DOWNLOADED = re.compile(rb"(?m)^Downloaded (\d{4}-\d\d-\d\d) ")
_EXIT_LINE = re.compile(rb"(?m)^ExitAddress ")

_Entry = tuple[bytes, ...]
_CAUSES = ("not running", "not an address or port")
_BITS = 4
_DAY_SHIFT = 40


def read_tor(path: Path) -> RangeRows:
    """Read consensuses or exit lists: a document, several in one file, or a tar of them.

    Values are of ``tor_roles.ROLES``; names are nicknames. Ports are the relay's OR port and,
    with its IPv4 address, its directory port; an exit address has none. A relay seen on one day
    after another is one row; a day without it splits it. An exit flagged BadExit is none. Rows
    count each relay of each document.

    Raises:
        CatalogueError: the file cannot be read, is damaged, or holds no relay.
    """
    seen = _Sightings()
    for document in _documents(path, seen.skipped):
        for part in _START.split(document):
            if part.startswith(b"network-status-version "):
                _read_consensus(part, seen)
            elif _EXIT_LINE.search(part):
                _read_exit_list(part, seen)
    rows = seen.rows()
    if rows is None:
        raise CatalogueError(f"{path} holds no relay of the Tor network.")
    return rows


class _Sightings(dict[_Entry, tuple[int, ...]]):
    """What is seen on which day; entries that are alike are understood once.

    Maps an entry of a document to its endpoints, each with its bits; to minus a cause if none.
    """

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.skipped: Counter[str] = Counter()
        self._endpoints = Endpoints()
        self._packed: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []

    def __missing__(self, entry: _Entry) -> tuple[int, ...]:
        self[entry] = found = tuple(self._understood(entry))
        return found

    def _understood(self, entry: _Entry) -> Iterator[int]:
        name, address, or_port, dir_port, more, flags = entry
        said = set(flags.split())
        places = [(address, int(or_port), int(dir_port))]
        places += [(other, int(port), 0) for other, port in _OR_ADDRESS.findall(more)]
        if b"Running" not in said:
            yield -1
            return
        bits = GUARD * (b"Guard" in said) | AUTHORITY * (b"Authority" in said)
        bits |= EXIT * (b"Exit" in said and b"BadExit" not in said)
        for text, *ports in places:
            octets = address_from_text(text.decode("ascii", "replace"))
            if octets is None or max(ports) > 65_535:
                yield -2
                continue
            nickname = name.decode("ascii", "replace") or None
            number = self._endpoints.number(octets, ports_text(*ports), nickname)
            yield number << _BITS | bits

    def see(self, day: dt.date, entries: Iterable[_Entry]) -> None:
        """Take the entries of a document that speaks of a day."""
        found = np.fromiter(chain.from_iterable(map(self.__getitem__, entries)), np.int64)
        for number, cause in enumerate(_CAUSES, 1):
            self.skipped[cause] += int((found == -number).sum())
        self._packed.append(found[found >= 0] | day.toordinal() << _DAY_SHIFT)
        if len(self._packed) > _COMPACT:
            self._packed = [np.unique(np.concatenate(self._packed))]

    def rows(self) -> RangeRows | None:
        """All rows; None if there is none."""
        packed = np.unique(np.concatenate(self._packed or [np.zeros(0, np.int64)]))
        if not len(packed):
            return None
        day = packed >> _DAY_SHIFT
        endpoint = (packed & (1 << _DAY_SHIFT) - 1) >> _BITS
        bits = packed & (1 << _BITS) - 1
        return dated_rows(self._endpoints, endpoint, (day, day), bits, (self.count, self.skipped))


def _read_consensus(document: bytes, seen: _Sightings) -> None:
    header = document.partition(_RELAY_LINE)[0]
    valid = _VALID_AFTER.search(header)
    day = _day(valid[1]) if valid else None
    lines = document.count(_RELAY_LINE)
    seen.count += lines
    if day is None or _VOTE.search(header):
        cause = "document without a valid time" if day is None else "vote of one authority"
        seen.skipped[cause] += lines
        return
    relays = _RELAY.findall(document)
    seen.skipped["damaged relay entry"] += lines - len(relays)
    authorities = _AUTHORITY.findall(header)
    seen.count += len(authorities)
    seen.see(
        day,
        chain(
            relays,
            ((n, a, o, d, b"", b"Authority Running") for n, a, d, o in authorities),
        ),
    )


def _read_exit_list(document: bytes, seen: _Sightings) -> None:
    tests = _EXIT_ADDRESS.findall(document)
    lines = len(_EXIT_LINE.findall(document))
    seen.count += lines
    by_day: defaultdict[dt.date, set[_Entry]] = defaultdict(set)
    for address, text in tests:
        if tested := _day(text):
            by_day[tested].add((b"", address, b"0", b"0", b"", b"Exit Running"))
        else:
            seen.skipped["damaged exit address"] += 1
    seen.skipped["damaged exit address"] += lines - len(tests)
    # The list still stands for them on its own day.
    if (found := _DOWNLOADED.search(document)) and (listed := _day(found[1])):
        by_day[listed].update(*by_day.values())
    for day, entries in by_day.items():
        seen.see(day, entries)


def _day(text: bytes) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text.decode("ascii"))
    except ValueError:
        return None


def _documents(path: Path, skipped: Counter[str]) -> Iterator[bytes]:
    """The documents of a file or an archive; of a cut archive those before the cut."""
    if not is_tar(read_head(path)):
        yield read_content(path)
        return
    some = False
    with opened(path, growth=_GROWTH, limit=ARCHIVE_LIMIT) as stream:
        try:
            with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]  # a stream that can only be read
                for member in archive:
                    if not member.isreg():
                        continue
                    if member.size > _DOCUMENT_LIMIT:
                        skipped["document of absurd size"] += 1
                        continue
                    file = archive.extractfile(member)
                    if file is not None:
                        yield file.read()
                        some = True
        except (*BROKEN, *BROKEN_TAR) as error:
            if not some:
                raise damaged(path, error) from None
            skipped["archive cut or damaged, its rest"] += 1


def is_tar(head: bytes) -> bool:
    """Whether content is a tar archive (POSIX or GNU), by the magic of its first header."""
    return head[257:262] == b"ustar"
