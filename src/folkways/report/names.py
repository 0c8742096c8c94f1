"""What things are called on a page: rounds, services, ways, verdicts."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from folkways.report.dates import short_span
from folkways.report.material import Material, RoundMaterial

NOT_KNOWN = "not known"


@cache
def own_labels() -> Mapping[str, Mapping[str, str]]:
    """Words for the ids that Folkways itself gives."""
    text = (files("folkways.report") / "labels.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


@dataclass(frozen=True)
class Names:
    """Names for people, by group and id."""

    labels: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, material: Material) -> "Names":
        """The names that come with the data, and Folkways' own."""
        return cls({**own_labels(), **material.labels})

    def one(self, group: str, value: str) -> str:
        """The name of an id; without one, the id itself."""
        own = own_labels().get(group, {})
        return self.labels.get(group, {}).get(value) or own.get(value, value)

    def row(self, group: str, row: Mapping[str, Any]) -> str:
        """The name of a table's row; a null value is the row of what is not known."""
        value = row.get(group)
        if group == "asn" and value is not None:
            return f"AS{value} {self.labels.get(group, {}).get(str(value), '')}".strip()
        if value is not None:
            return self.one(group, str(value))
        if group == "service" and row.get("operator") is not None:
            return f"{self.one('operator', str(row['operator']))} (operator only)"
        return "not hidden" if group == "hidden" else NOT_KNOWN

    def known(self, group: str, row: Mapping[str, Any]) -> bool:
        """Whether a row names something."""
        return self.row(group, row) not in {NOT_KNOWN, "not hidden"}


def key_of(group: str, row: Mapping[str, Any]) -> list[Any]:
    """What tells a row of a group from all others."""
    value = row.get(group)
    operator = row.get("operator") if group == "service" and value is None else None
    return [group, value, operator]


def round_label(one: RoundMaterial) -> str:
    """A round in a sentence: "round 1"; with a name of its own, that; a period by its days."""
    if ".." in one.name:
        return short_span(one.first, one.last)
    return f"round {one.name}" if one.name[:1].isdigit() else one.name


def round_title(one: RoundMaterial) -> str:
    """The same at the start of a sentence or a table."""
    label = round_label(one)
    return f"Round {one.name}" if label != one.name and ".." not in one.name else label


def verdict_label(verdict: str) -> str:
    """A verdict as a word of the page."""
    return own_labels()["verdict"].get(verdict, verdict)
