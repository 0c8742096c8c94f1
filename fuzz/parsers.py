"""What every parser of lists, archives and settings promises of any bytes.

It ends and raises nothing but the errors of Folkways, each one line long.
"""

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from publicsuffixlist import PublicSuffixList

from folkways.attribute import import_domains as domain_lists
from folkways.attribute.catalogue import Catalogue
from folkways.attribute.fetching.entries import NpmEntry, read_entries
from folkways.attribute.fetching.package import unpack
from folkways.attribute.importing import import_list
from folkways.attribute.imports.formats import FORMATS, recognise
from folkways.attribute.parse import read_operator, read_service
from folkways.model.errors import FolkwaysError
from folkways.model.population import Population

# An import reads it anew, which would take nearly all of the time.
mock.patch.object(domain_lists, "PublicSuffixList", functools.cache(PublicSuffixList)).start()
_PACKAGE = NpmEntry(id="list", kind="country", licence=None, package="list")


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="folkways-fuzz-")


def on_disk(data: bytes, name: str = "input.toml") -> Path:
    """The bytes as a file, which the next one replaces."""
    path = Path(_folder().name) / name
    path.write_bytes(data)
    return path


def _lists(data: bytes) -> object:
    """A published list of addresses: by its content, and by each format a user may name."""
    path = on_disk(data)
    form = recognise(path)
    kinds = next(one.kinds for one in FORMATS if one.id == form) or ("country", "asn", "hosting")
    with tempfile.TemporaryDirectory() as folder:
        return [
            _tried(import_list, path, Path(folder), kind=kind, source="x", value="somebody")
            for kind in kinds
        ]


def _named(data: bytes) -> object:
    """A list that is not of the format that the user names; the first octet names it."""
    form = FORMATS[data[0] % len(FORMATS)] if data else FORMATS[0]
    path = on_disk(data[1:])
    return [_tried(form.read, path, kind, "somebody") for kind in form.kinds or ("country",)]


def _domains(data: bytes) -> object:
    """A list that says the services itself, or of one that the user names."""
    path = on_disk(data)
    given = {"source": "x", "licence": "x", "catalogue": _catalogue()}
    with tempfile.TemporaryDirectory() as folder:
        return [
            _tried(domain_lists.import_domains, path, Path(folder), **given, service=service)
            for service in (None, "google")
        ]


@functools.cache
def _catalogue() -> Catalogue:
    return Catalogue.load()


def _package(data: bytes) -> object:
    with tempfile.TemporaryDirectory() as folder:
        found = unpack(_PACKAGE, "1.0.20260101", data, Path(folder))
        return [(part.path.name, part.sha256, part.licence) for part in found]


def _settings(data: bytes) -> object:
    """A TOML file, whichever of those that users write it is."""
    path = on_disk(data)
    every: tuple[Callable[[Path], object], ...] = (
        Population.load,
        read_entries,
        read_service,
        read_operator,
    )
    return [_tried(read, path) for read in every]


def _tried(parse: Callable[..., object], *given: object, **named: object) -> object:
    """What is found, or why the input is refused."""
    try:
        return parse(*given, **named)
    except FolkwaysError as error:
        return one_line(error)


def one_line(error: FolkwaysError) -> str:
    """Its message.

    Raises:
        BrokenMessageError: it is not one line.
    """
    if not str(error) or "\n" in str(error):
        raise BrokenMessageError(str(error))
    return str(error)


class BrokenMessageError(Exception):
    """An error of Folkways is not one line."""


PARSERS: dict[str, Callable[[bytes], object]] = {
    name: functools.partial(_tried, parse)
    for name, parse in {
        "lists": _lists,
        "named-lists": _named,
        "domains": _domains,
        "package": _package,
        "settings": _settings,
    }.items()
}
"""By family; each gives what it found, or a text or texts that say why it refuses."""
