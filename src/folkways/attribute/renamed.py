"""Ids that were given up: a published id never vanishes, it points to its successor."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from folkways.attribute.fields import Fields, read_toml

Kind = Literal["service", "operator"]


@dataclass(frozen=True)
class Renamed:
    """An old id of a service or operator, the id that took its place, since when and why."""

    old: str
    new: str
    kind: Kind
    on: dt.date
    why: str


def read_renamed(path: Path) -> tuple[Renamed, ...]:
    """The entries of a file renamed.toml; none if there is no such file.

    Raises:
        CatalogueError: an entry says something that cannot be read.
    """
    if not path.is_file():
        return ()
    top = Fields(read_toml(path), path.name, ("renamed",))
    return tuple(map(_entry, top.tables("renamed", ("old", "new", "kind", "on", "why"))))


def _entry(f: Fields) -> Renamed:
    f.needed("kind")
    kind = f.choice("kind", ("service", "operator"))
    on = f.day("on")
    if on is None:
        raise f.error("on", "is missing")
    return Renamed(f.needed("old"), f.needed("new"), kind, on, f.needed("why"))  # type: ignore[arg-type]


def successor(old: str, entries: Iterable[Renamed], kind: Kind) -> str:
    """The id that is in use now for one that perhaps was given up; a circle ends where it began."""
    pointers = {one.old: one.new for one in entries if one.kind == kind}
    seen = set()
    here = old
    while here in pointers and here not in seen:
        seen.add(here)
        here = pointers[here]
    return here
