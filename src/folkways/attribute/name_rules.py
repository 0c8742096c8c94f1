"""Rules by host name, and which of them speak of a name, the one that decides first.

Three kinds: an exact host; a suffix, with all names below it; and a suffix with leading labels, of
names below it that begin so. Content networks tell their customers and products apart by the first
label only: ``instagram.fxxx1-1.fna.fbcdn.net`` is Instagram's, its neighbour Facebook's.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from folkways.attribute.facts import DomainFact, Rule


@dataclass(frozen=True)
class Leading:
    """The first labels of a name, each of letters and ``*`` for any letters of this label.

    Attributes:
        text: as written, such as ``scontent-*`` or ``play.*``.
        rank: what is said more precisely comes first: more labels, then more letters that are
            fixed, then fewer stars; last the text, so that there is always an order.
    """

    text: str
    rank: tuple[int, int, int, str]
    labels: tuple[re.Pattern[str], ...]

    @classmethod
    def of(cls, text: str) -> "Leading":
        """From what the catalogue says."""
        labels, stars = text.split("."), text.count("*")
        fixed = len(text) - stars
        return cls(text, (-len(labels), -fixed, stars, text), tuple(map(_glob, labels)))

    def fits(self, above: list[str]) -> bool:
        """Whether the labels that stand before the suffix begin so."""
        return len(above) >= len(self.labels) and all(
            pattern.fullmatch(label) for pattern, label in zip(self.labels, above, strict=False)
        )


def _glob(label: str) -> re.Pattern[str]:
    """A label with stars; atomic groups, so that many stars cost no more than one."""
    first, *rest = (re.escape(part) for part in label.split("*"))
    if not rest:
        return re.compile(first)
    middle = "".join(f"(?>.*?{part})" for part in rest[:-1] if part)
    return re.compile(f"{first}{middle}.*{rest[-1]}")


@dataclass(frozen=True)
class NameRules:
    """Rules by name; of two claims of one name the first counts.

    ``leading`` has for each suffix its leading labels, the most precise first.
    """

    exact: dict[str, Rule] = field(default_factory=dict)
    suffixes: dict[str, Rule] = field(default_factory=dict)
    leading: dict[str, list[tuple[Leading, Rule]]] = field(default_factory=dict)

    @classmethod
    def of(cls, claims: Iterable[tuple[DomainFact, Rule]]) -> "NameRules":
        """The rules of facts."""
        found = cls()
        for fact, rule in claims:
            if fact.leading is not None:
                one = (Leading.of(fact.leading), rule)
                found.leading.setdefault(fact.name, []).append(one)
            else:
                (found.exact if fact.exact else found.suffixes).setdefault(fact.name, rule)
        for rules in found.leading.values():
            rules.sort(key=lambda one: (one[0].rank, one[1].id))
        return found

    def matches(self, name: str) -> Iterator[Rule]:
        """Rules for a name in lower case: the exact one, then from the longest suffix on.

        Of one suffix the rules with leading labels come before the one of all names below it.
        """
        if name in self.exact:
            yield self.exact[name]
        suffix, above = name, list[str]()
        while suffix:
            for leading, rule in self.leading.get(suffix, ()):
                if leading.fits(above):
                    yield rule
            if suffix in self.suffixes:
                yield self.suffixes[suffix]
            label, _, suffix = suffix.partition(".")
            above.append(label)

    def of_all_below(self, name: str) -> Rule | None:
        """The rule of a name and all names below it."""
        suffix = name
        while suffix and suffix not in self.suffixes:
            suffix = suffix.partition(".")[2]
        return self.suffixes.get(suffix)

    def leading_of_others(self, name: str, service: str | None) -> bool:
        """Whether leading labels at a name or above it name another service than this one."""
        suffix = name
        while suffix:
            if any(rule.service != service for _, rule in self.leading.get(suffix, ())):
                return True
            suffix = suffix.partition(".")[2]
        return False
