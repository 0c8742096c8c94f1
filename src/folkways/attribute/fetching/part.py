"""A file on its way: ``<name>.part`` with ``<name>.part.toml``, which says what the part is of.

The description is written before the first byte and removed with the part, so that at any moment
the part is either of what is described, or counts for nothing and is begun anew.
"""

import datetime as dt
import hashlib
import json
import os
import re
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse
from pathlib import Path
from typing import BinaryIO

from folkways.attribute.fetching.fetched import today, writing
from folkways.attribute.fields import CatalogueError, Fields, read_toml

_KEYS = ("url", "etag", "last_modified")
# An entity tag that may stand in If-Range: a strong one (RFC 9110, sections 8.8.3 and 13.1.5).
_STRONG = re.compile(r'"[\x21\x23-\x5b\x5d-\x7e]*"')
_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18})")


class Part:
    """The part of ``url`` that is here, to become ``path``."""

    def __init__(self, path: Path, url: str) -> None:
        self.path = path
        self.url = url
        self._part = path.with_name(f"{path.name}.part")
        self._about = path.with_name(f"{path.name}.part.toml")
        self._etag, self._last_modified = self._described()

    @property
    def size(self) -> int:
        """Bytes here that a server may be asked to go on from."""
        if not self._etag and not self._last_modified:
            return 0
        return self._part.stat().st_size if self._part.is_file() else 0

    @property
    def published(self) -> dt.date:
        """The day of Last-Modified (UTC); today if the server did not say or says tomorrow."""
        try:
            stated = parsedate_to_datetime(self._last_modified or "")
            day = stated.astimezone(dt.UTC).date()
        except (ValueError, OverflowError):
            return today()
        return min(day, today())

    def request_headers(self) -> dict[str, str]:
        """What asks for the rest.

        The last byte here is asked for again: so there is always one to send, even where
        everything is here and only the end was not reached.
        """
        if not self.size:
            return {}
        return {
            "Range": f"bytes={self.size - 1}-",
            "If-Range": self._etag or self._last_modified or "",
        }

    def continued_by(self, response: HTTPResponse) -> bool:
        """Whether a partial answer (206) goes on exactly where the part ends."""
        stated = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        etag, modified = _validators(response)
        return (
            stated is not None
            and self.size > 0
            and int(stated[1]) == self.size - 1
            and etag in {None, self._etag}
            and modified in {None, self._last_modified}
        )

    def open(self, response: HTTPResponse) -> BinaryIO:
        """The file to write the answer's body to, after what stays of the part.

        Raises:
            StorageError: the disk is full or refuses.
        """
        with writing(self.path.parent):
            if response.status == 206:
                rest = self._part.open("r+b")
                rest.seek(self.size - 1)
                return rest
            self.discard()
            self._etag, self._last_modified = _validators(response)
            file = self._part.open("wb")
            lines = [f"url = {json.dumps(self.url)}"]
            for key, value in (("etag", self._etag), ("last_modified", self._last_modified)):
                lines += [f"{key} = {json.dumps(value)}"] if value else []
            self._about.write_text("\n".join(lines) + "\n", encoding="utf-8")
            return file

    def discard(self) -> None:
        """Remove it; its description first."""
        with writing(self.path.parent):
            self._about.unlink(missing_ok=True)
            self._part.unlink(missing_ok=True)

    def digest(self) -> str:
        """SHA-256 of what is here, in hexadecimal digits."""
        with writing(self.path.parent), self._part.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def finish(self) -> int:
        """Let the file appear under its name, whole and safe on the disk; its bytes."""
        with writing(self.path.parent):
            size = replace_safely(self._part, self.path)
            self._about.unlink(missing_ok=True)
        return size

    def _described(self) -> tuple[str | None, str | None]:
        if not self._about.is_file():
            return None, None
        try:
            about = Fields(read_toml(self._about), str(self._about), _KEYS)
            same = about.text("url") == self.url
            return (about.text("etag"), about.text("last_modified")) if same else (None, None)
        except CatalogueError:
            return None, None


def replace_safely(part: Path, path: Path) -> int:
    """Rename a finished file so that it survives a power cut; its bytes."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
        size = os.fstat(file.fileno()).st_size
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return size


def whole_length(response: HTTPResponse) -> int | None:
    """The bytes of the whole file as the server states them; None if it does not."""
    if response.status == 206:
        stated = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        return int(stated[2]) if stated else None
    return response.length


def _validators(response: HTTPResponse) -> tuple[str | None, str | None]:
    etag = response.headers.get("ETag", "").strip()
    modified = response.headers.get("Last-Modified", "").strip()
    usable = modified.isascii() and modified.isprintable() and modified
    return (etag if _STRONG.fullmatch(etag) else None), (modified if usable else None)
