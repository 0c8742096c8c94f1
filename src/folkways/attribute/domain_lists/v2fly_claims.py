"""Which service each list of v2fly's domain-list-community names.

One of the catalogue, if the list's name is the id, the name or an alias of one service (hyphens and
spaces apart) and the catalogue knows at least one of the list's domains as that service's; or if it
knows more than half of the domains as one service's and none as another's (CDNs and clouds, where
anybody's names lie, left out). A name alone would take a programming language for a game, and one
domain alone a company for the counter that it uses. Any other list is a service of its own, with a
function from the collections that include it. What a list marks ``@ads`` is ``<list>@ads``, with
the function ads. Collections name no service (v2fly.toml).
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from folkways.attribute.domain_lists.claims import Claim, KnownServices
from folkways.attribute.domain_lists.v2fly import Line, Lists
from folkways.attribute.fields import Fields, read_toml
from folkways.attribute.host_names import host_name

DATA = Path(__file__).parent / "v2fly.toml"
PREFIX = "v2fly"
ADS = "ads"
UNUSED = {
    "keyword": "a keyword, not a name",
    "regexp": "a regular expression, not a name",
    "regex": "a regular expression, not a name",
}


def v2fly_claims(lists: Lists, known: KnownServices) -> Iterator[Claim]:
    """A claim a rule, includes apart."""
    meaning = Fields(read_toml(DATA), DATA.name, ("collections", "function"))
    collections = meaning.texts("collections")
    written: defaultdict[str, list[Line]] = defaultdict(list)
    for name, lines in sorted(lists.rules.items()):
        for line in lines:
            if line.kind not in ("domain", "full"):
                cause = UNUSED.get(line.kind, "unknown kind of rule")
                yield Claim(name, None, exact=False, service=None, function=None, cause=cause)
                continue
            home = _home(name, line, collections)
            if home is None:
                cause = "in a collection, which is no service"
                yield Claim(name, None, exact=False, service=None, function=None, cause=cause)
                continue
            written[home].append(line)
    functions = _functions(lists, meaning)
    for name, lines in written.items():
        yield from _claims_of(name, lines, known, functions.get(name, "other"))


def _home(name: str, line: Line, collections: tuple[str, ...]) -> str | None:
    """The list to which a rule belongs: where it stands, else the only one to which it is added."""
    homes = [one for one in (name, *line.affiliations) if not _is_one_of(one, collections)]
    return homes[0] if homes[:1] == [name] or len(homes) == 1 else None


def _functions(lists: Lists, meaning: Fields) -> dict[str, str]:
    """Functions by list, for all that a collection takes in by whatever way.

    Of several functions the first in the file counts, so a list once reached is not walked again.
    """
    found: dict[str, str] = {}
    for f in meaning.tables("function", ("id", "collections")):
        todo = [name for name in lists.includes if _is_one_of(name, f.texts("collections"))]
        while todo:
            name = todo.pop()
            if name not in found:
                found[name] = f.needed("id")
                todo += lists.members(name)
    return found


def _is_one_of(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _claims_of(name: str, lines: list[Line], known: KnownServices, use: str) -> Iterator[Claim]:
    names = [host_name(line.value) for line in lines]
    own = [n for n, line in zip(names, lines, strict=True) if n and ADS not in line.attributes]
    service = _known_service(name, own, known)
    function = None if service else use
    for host, line in zip(names, lines, strict=True):
        exact = line.kind == "full"
        if ADS in line.attributes and (function or known.by_id[service or ""].function) != ADS:
            ads = f"{name}@{ADS}"
            yield Claim(ads, host, exact, f"{PREFIX}/{ads}", ADS)
        else:
            yield Claim(name, host, exact, service or f"{PREFIX}/{name}", function)


def _known_service(name: str, domains: list[str], known: KnownServices) -> str | None:
    """The service of the catalogue that a list names, by the rule at the top; None if none."""
    rules = [known.catalogue.own_rule(domain) for domain in domains]
    counts = Counter(rule.service for rule in rules if rule and rule.service)
    named = known.meant_by(name)
    if named and counts[named]:
        return named
    brands = {s: n for s, n in counts.items() if not known.catalogue.rented_out(known.by_id[s])}
    service, count = next(iter(brands.items()), (None, 0))
    return service if len(brands) == 1 and 2 * count > len(domains) else None
