"""Kinds of networks for which no list exists, from the holders' names of ASes and from domains.

Education, government, media and access networks have no open list with dates, but most holders say
in their name what they are. The words are data (network_kinds.toml); what is not said is unknown,
and what is plainly hosting is not called an access network. How often that is wrong is measured by
tests/attribute/test_network_kinds.py, against a reader of names, not against a registry.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from publicsuffixlist import PublicSuffixList

from folkways.attribute.fields import Fields, read_toml

FILE = Path(__file__).with_name("network_kinds.toml")
KINDS = ("education", "government", "media", "access-network")
_ORIGIN = ("kind", "note", "source", "checked")
_NOTHING = "$^ "


@dataclass(frozen=True)
class NameRule:
    """One rule over holders' names; where ``kind`` is None the kind stays unknown.

    ``words`` and ``unless`` are patterns over a name made plain; ``asns`` speak whatever the name.
    """

    kind: str | None
    words: str
    unless: str
    asns: pa.Array


@dataclass(frozen=True)
class DomainRule:
    """``second``: labels below a country's ending, but ``unless``; ``suffixes``: whole endings."""

    kind: str
    second: frozenset[str]
    unless: frozenset[str]
    suffixes: re.Pattern[str]


@cache
def load_kinds(path: Path = FILE) -> tuple[tuple[NameRule, ...], tuple[DomainRule, ...]]:
    """The rules of a file, in the order in which they speak.

    Raises:
        CatalogueError: the file says something that cannot be read, or a rule without its source.
    """
    top = Fields(read_toml(path), path.name, ("rule", "domain"))
    names = top.tables("rule", (*_ORIGIN, "words", "unless", "asns"))
    domains = top.tables("domain", (*_ORIGIN, "second", "unless", "suffixes"))
    return tuple(map(_name_rule, names)), tuple(map(_domain_rule, domains))


def _name_rule(f: Fields) -> NameRule:
    _need_origin(f)
    asns = f.wholes("asns", 1, 2**32 - 1) if f.has("asns") else ()
    return NameRule(
        f.choice("kind", KINDS),
        _any_of(f.texts("words")),
        _any_of(f.texts("unless")),
        pa.array(asns, pa.int64()),
    )


def _domain_rule(f: Fields) -> DomainRule:
    _need_origin(f)
    f.needed("kind")
    endings = "|".join(re.escape(s).replace(r"\*", "[^.]+") for s in f.texts("suffixes"))
    return DomainRule(
        f.choice("kind", KINDS) or "",
        frozenset(f.texts("second")),
        frozenset(f.texts("unless")),
        re.compile(rf"(?:.*\.)?(?:{endings})", re.DOTALL),
    )


def _need_origin(f: Fields) -> None:
    f.needed("source")
    if f.day("checked") is None:
        raise f.error("checked", "is missing")


def _any_of(phrases: tuple[str, ...]) -> str:
    """A pattern that finds one of the phrases as whole words in a name made plain."""
    if not phrases:
        return _NOTHING
    patterns = (re.escape(phrase).replace(r"\*", "[^ ]*") for phrase in phrases)
    return f" (?:{'|'.join(patterns)}) "


def kinds_of_networks(asns: pa.Array, names: pa.Array) -> pa.Array:
    """(n,) kind of each AS by its (n,) number and (n,) holder's name; null where it is unknown.

    The first rule that speaks decides, in the order of network_kinds.toml. Meant for distinct ASes:
    all 91,000 of a list take less than a second.
    """
    plain, numbers = _plain(names.cast(pa.string())), asns.cast(pa.int64())
    kinds = pa.nulls(len(names), pa.string())
    decided = pc.is_in(kinds, pa.array([], pa.string()))
    for rule in load_kinds()[0]:
        speaks = pc.and_not(
            pc.match_substring_regex(plain, rule.words),
            pc.match_substring_regex(plain, rule.unless),
        )
        speaks = pc.or_(pc.fill_null(speaks, fill_value=False), pc.is_in(numbers, rule.asns))
        kinds = pc.if_else(pc.and_not(speaks, decided), pa.scalar(rule.kind, pa.string()), kinds)
        decided = pc.or_(decided, speaks)
    return kinds


def _plain(names: pa.Array) -> pa.Array:
    """Lower case without accents, words between single spaces, a space at both ends."""
    bare = pc.replace_substring_regex(pc.utf8_normalize(names, "NFKD"), r"\p{M}+", "")
    words = pc.replace_substring_regex(pc.utf8_lower(bare), r"[^\p{L}\p{N}]+", " ")
    return pc.binary_join_element_wise(" ", pc.utf8_trim(words, " "), " ", "")


def kind_of_domain(name: str) -> str | None:
    """The kind of who stands behind a domain or host name, by its ending; None if unknown.

    A second level such as ac.jp counts only where the country's registry has it as a suffix, so a
    name that somebody bought (edu.de) says nothing.
    """
    domain = name.lower().rstrip(".")
    second = ".".join(domain.split(".")[-2:])
    label, _, country = second.partition(".")
    reserved = len(country) == 2 and _public_suffixes().is_public(second)
    for rule in load_kinds()[1]:
        by_label = reserved and label in rule.second and second not in rule.unless
        if by_label or rule.suffixes.fullmatch(domain):
            return rule.kind
    return None


@cache
def _public_suffixes() -> PublicSuffixList:
    """The part that registries state: a suffix of the private part says nothing of a state."""
    return PublicSuffixList(only_icann=True, accept_unknown=False)
