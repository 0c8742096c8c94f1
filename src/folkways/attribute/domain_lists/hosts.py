"""Host lists as they are published: hosts files, one domain a line, or a CSV of host and service.

A line of a hosts file begins with an address, and its names are meant alone. Any other line begins
with a domain, which is meant with all names below it, as is ``*.domain``; what follows is not read,
except that after a comma the service stands. ``#`` begins a comment; so do ``!`` and ``;`` at a
line's beginning.
"""

import csv
import io
import ipaddress
from collections.abc import Iterator
from typing import NamedTuple

from folkways.attribute.host_names import host_name

NO_NAME = "not a host name"
ADDRESS = "an address, not a name"


class HostLine(NamedTuple):
    """One host of a line. ``name`` is None if there is none, and ``cause`` says why.

    ``exact``: it is meant without the names below it. ``service``: what follows the first comma.
    """

    name: str | None
    exact: bool = False
    service: str | None = None
    cause: str = NO_NAME


def read_host_list(content: bytes) -> Iterator[HostLine]:
    """The hosts of a list in UTF-8. A first line ``host,...`` without any dot is a heading."""
    first = True
    for raw in io.BytesIO(content.removeprefix(b"\xef\xbb\xbf")):
        line = raw.decode("utf-8", "replace").partition("#")[0].strip()
        if not line or line[0] in "!;":
            continue
        if not (first and "," in line and "." not in line):
            yield from parse_host_line(line)
        first = False


def parse_host_line(line: str) -> list[HostLine]:
    """The hosts of a line without its comment; at least one item."""
    if "," in line:
        return [_csv_row(line)]
    words = line.split()
    if not _is_address(words[0]):
        return [_domain(words[0])]
    named = [HostLine(host_name(word), exact=True) for word in words[1:]]
    return named or [HostLine(None, cause=ADDRESS)]


def _csv_row(line: str) -> HostLine:
    try:
        fields = next(csv.reader([line], skipinitialspace=True))
    except csv.Error:
        return HostLine(None)
    # A quote that is not closed takes the comma with it.
    name, service = [field.strip() for field in (*fields, "")[:2]]
    return _domain(name)._replace(service=service or None)


def _domain(word: str) -> HostLine:
    if _is_address(word):
        return HostLine(None, cause=ADDRESS)
    return HostLine(host_name(word.removeprefix("*").removeprefix(".")))


def _is_address(word: str) -> bool:
    if not word[:1].isdigit() and ":" not in word:
        return False
    try:
        ipaddress.ip_interface(word)
    except ValueError:
        return False
    return True
