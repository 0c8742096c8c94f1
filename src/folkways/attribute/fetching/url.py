"""A list by its URL: bounded, checked, resumed after a break, and whole or not at all."""

import datetime as dt
import time
from http.client import HTTPException, HTTPResponse
from pathlib import Path, PurePosixPath
from urllib.error import HTTPError
from urllib.parse import urlsplit

from folkways.attribute.fetching.entries import DAY, UrlEntry
from folkways.attribute.fetching.fetched import BY_HAND, Fetched, FetchError, Watch, today, writing
from folkways.attribute.fetching.link import Link
from folkways.attribute.fetching.part import Part, whole_length

_PIECE = 2**16
# Bytes a second below which a server counts as silent.
_SLOWEST = 256


def fetch_url(
    entry: UrlEntry,
    folder: Path,
    *,
    watch: Watch | None = None,
    timeout: float = 30.0,
    cafile: Path | None = None,
) -> Fetched:
    """Fetch the file of an entry into a folder that exists, as ``<id>`` with the URL's suffix.

    A break at any moment keeps what is here beside it (``.part``); the next call goes on from there
    if the server still has the same file and can, else it begins anew. Only one call at a time
    may fetch an entry into a folder; see ``fetch``.

    Args:
        entry: what to fetch.
        folder: where the file is to lie.
        watch: told of every piece that came.
        timeout: seconds without an answer, or of next to none, after which the server is given up.
        cafile: certificates to trust in place of the machine's own.

    Raises:
        FetchError: no connection, an answer other than the file, too large, or another checksum.
        CatalogueError: ``cafile`` is none.
        StorageError: the disk is full or refuses.
    """
    yesterday = today() - dt.timedelta(days=1)
    url = entry.url.replace(DAY, yesterday.isoformat())
    part = Part(folder / _file_name(entry.id, url), url)
    link = Link(timeout, cafile)
    try:
        with _answer(link, url, part) as response:
            _receive(entry, response, part, timeout, watch)
    except (OSError, HTTPException) as error:
        raise link.failure(error, part.size) from None
    sha256 = part.digest()
    if entry.sha256 not in {None, sha256}:
        part.discard()
        raise FetchError(
            f"{url} gives a file with SHA-256 {sha256}, not {entry.sha256}, and was removed; try "
            f"again, or put the new one into the settings file (sha256 of {entry.id}) if its "
            "publisher states it."
        )
    published = yesterday if DAY in entry.url else part.published
    size = part.finish()
    return Fetched(entry, part.path, url, entry.licence, published, sha256, size)


def _answer(link: Link, url: str, part: Part) -> HTTPResponse:
    """The whole file or what is missing of the part; the part is given up if it does not fit."""
    if part.size:
        try:
            response = link.get(url, part.request_headers())
        except HTTPError as error:
            error.close()
            # 416: the file is shorter now than what is here.
            if error.code != 416:
                raise
        else:
            if response.status != 206 or part.continued_by(response):
                return response
            response.close()
        part.discard()
    return link.get(url, {})


def _receive(
    entry: UrlEntry, response: HTTPResponse, part: Part, timeout: float, watch: Watch | None
) -> None:
    """Take the body into the part, as far as the entry's bound."""
    if response.status != 200 and not (response.status == 206 and part.size):
        raise FetchError(f"{part.url} answers {response.status} without a file; {BY_HAND}.")
    total = whole_length(response)
    if total is not None and total > entry.max_bytes:
        raise _too_large(entry, part, f"has {total} bytes")
    if total is None and not response.chunked and entry.sha256 is None:
        raise FetchError(
            f"{part.url} does not say how long it is, so that a cut file could not be told from a "
            f"whole one; give its sha256 in the settings file, as part of {entry.id}."
        )
    with part.open(response) as file:
        size, marked, mark = file.tell(), file.tell(), time.monotonic()
        while piece := response.read1(_PIECE):
            size += len(piece)
            if size > entry.max_bytes:
                raise _too_large(entry, part, "goes on after that")
            with writing(part.path.parent):
                file.write(piece)
            if watch is not None:
                watch(entry.id, size, total)
            if time.monotonic() - mark >= timeout:
                if size - marked < _SLOWEST * timeout:
                    raise TimeoutError
                marked, mark = size, time.monotonic()
        with writing(part.path.parent):
            file.flush()
    if total is not None and size != total:
        raise ConnectionError(f"after {size} of {total} bytes")


def _too_large(entry: UrlEntry, part: Part, how: str) -> FetchError:
    part.discard()
    return FetchError(
        f"{part.url} is larger than max_bytes = {entry.max_bytes}: it {how}; nothing was kept. "
        f"If that is right, raise max_bytes of {entry.id} in the settings file."
    )


def _file_name(identity: str, url: str) -> str:
    """The id with the suffixes of the URL's path, by which readers know formats."""
    suffixes = PurePosixPath(urlsplit(url).path).suffixes[-2:]
    kept = [s for s in suffixes if s[1:].isalnum() and s[1].isalpha() and len(s) < 8]
    return identity + "".join(kept).lower()
