"""Rules with leading labels: which names they speak of, what goes before what, and their checks."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.check import check
from folkways.attribute.explain import explain
from folkways.attribute.facts import DomainFact, Rule
from folkways.attribute.fields import CatalogueError
from folkways.attribute.name_rules import Leading, NameRules
from folkways.attribute.snapshot import Snapshot

Write = Callable[..., Path]
ORIGIN = 'source = "made by hand"\nchecked = 2026-12-01\n'


def domain(**keys: str) -> str:
    lines = "".join(f'{key} = "{value}"\n' for key, value in keys.items())
    return f"[[domain]]\n{lines}{ORIGIN}"


def service(*domains: str) -> str:
    return 'function = "social"\n' + "".join(domains)


@pytest.fixture
def content(tmp_path: Path, write: Write) -> Catalogue:
    """A content network of one company that tells its products apart by the first label."""
    folder = write(
        tmp_path / "content",
        {
            "faces": service(domain(suffix="cdn.example"), domain(suffix="special.cdn.example")),
            "pictures": service(
                domain(suffix="cdn.example", leading="pictures"),
                domain(suffix="cdn.example", leading="pictures-*"),
            ),
            "talk": service(
                domain(suffix="cdn.example", leading="*-talk*"),
                domain(suffix="cdn.example", leading="pictures.talk"),
                domain(exact="pictures.host.cdn.example"),
            ),
        },
    )
    return Catalogue.load(folder)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("cdn.example", "faces"),
        ("x.cdn.example", "faces"),
        ("pictures.cdn.example", "pictures"),
        ("Pictures.fra1-2.fna.CDN.example.", "pictures"),
        ("pictures-7.cdn.example", "pictures"),
        # The first label only, the whole of it, and as a label.
        ("x.pictures.cdn.example", "faces"),
        ("mypictures.cdn.example", "faces"),
        ("pictures7.cdn.example", "faces"),
        ("pictures.cdn.example.org", None),
        ("picturescdn.example", None),
        ("pictures", None),
        # Of two that fit: more labels, then more letters, before the plain suffix.
        ("pictures.talk.cdn.example", "talk"),
        ("pictures.talking.cdn.example", "pictures"),
        ("pictures-talk.cdn.example", "pictures"),
        ("x-talk1.y.cdn.example", "talk"),
        # A longer suffix goes before leading labels at a shorter one; an exact name before all.
        ("pictures.special.cdn.example", "faces"),
        ("pictures.host.cdn.example", "talk"),
    ],
)
def test_which_names(content: Catalogue, host: str, expected: str | None) -> None:
    found = content.match_name(host)
    assert (found.service if found else None) == expected


def test_the_catalogue_is_as_it_should_be_and_its_rules_have_ids(content: Catalogue) -> None:
    assert check(content) == []
    rule = content.match_name("pictures-1.cdn.example")
    assert rule is not None
    assert rule.id == "pictures/leading/pictures-*...cdn.example"
    assert rule.id in content.facts


def test_explained(content: Catalogue, lists: Snapshot) -> None:
    spoken = explain("pictures-talk.cdn.example", content, lists, dt.date(2026, 12, 1))
    assert [(s.service, s.wins, s.why) for s in spoken] == [
        (
            "pictures",
            True,
            "decides: the longest match, of names that begin with pictures-*",
        ),
        ("talk", False, "leading labels that say more go before"),
        ("faces", False, "leading labels that say more go before"),
    ]
    (fact,) = explain(spoken[0].rule, content, lists, dt.date(2026, 12, 1))
    assert fact.why == "source: made by hand, looked up 2026-12-01"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"leading": "a"}, "exactly one of suffix, exact"),
        ({"exact": "a.example", "leading": "a"}, "leading goes with suffix only"),
        ({"suffix": "a.example", "leading": "*"}, "leading = '*' must be first labels"),
        ({"suffix": "a.example", "leading": "*.*"}, "not * alone"),
        ({"suffix": "a.example", "leading": "a."}, "leading = 'a.' must be"),
        ({"suffix": "a.example", "leading": "a b"}, "leading = 'a b' must be"),
        ({"suffix": "a.example", "leading": "[ab]"}, "leading = '[ab]' must be"),
        ({"suffix": "a.example", "leading": "a?"}, "leading = 'a?' must be"),
        ({"suffix": "*.example", "leading": "a"}, "suffix = '*.example' must be a host"),
    ],
)
def test_errors(tmp_path: Path, write: Write, keys: dict[str, str], message: str) -> None:
    folder = write(tmp_path, {"one": service(domain(**keys))})
    with pytest.raises(CatalogueError) as caught:
        Catalogue.load(folder)
    assert message in str(caught.value)


def test_problems(tmp_path: Path, write: Write) -> None:
    folder = write(
        tmp_path,
        {
            "one": service(
                domain(suffix="one.example"),
                domain(suffix="one.example", leading="useless"),
                domain(suffix="co.uk", leading="shop"),
                domain(suffix="cdn.example", leading="twice-*"),
            ),
            "two": service(
                domain(suffix="cdn.example"),
                domain(suffix="part.cdn.example"),
                domain(suffix="cdn.example", leading="twice-*"),
                domain(suffix="cdn.example", leading="once"),
                domain(suffix="cdn.example", leading="once"),
            ),
        },
    )
    assert check(Catalogue.load(folder)) == [
        "one/leading/shop...co.uk: a public suffix alone is never a rule",
        (
            "one/leading/useless...one.example: changes nothing, "
            "one/domain/one.example says it already"
        ),
        "suffix cdn.example with leading twice-* is claimed by one, two",
        "two/leading/once...cdn.example: stated 2 times",
    ]


LETTERS = st.text("ab", min_size=1, max_size=4)
HOSTS = st.lists(LETTERS, min_size=1, max_size=4).map(".".join)
GLOBS = st.lists(st.text("ab*", min_size=1, max_size=5), min_size=1, max_size=2).map(".".join)


def fits(glob: str, label: str) -> bool:
    """The plain definition, letter by letter."""
    if not glob:
        return not label
    if glob[0] == "*":
        return any(fits(glob[1:], label[n:]) for n in range(len(label) + 1))
    return label[:1] == glob[0] and fits(glob[1:], label[1:])


@settings(deadline=None)
@given(glob=GLOBS, above=st.lists(LETTERS, max_size=3))
def test_labels_against_the_plain_definition(glob: str, above: list[str]) -> None:
    wanted = glob.split(".")
    expected = len(above) >= len(wanted) and all(map(fits, wanted, above))
    assert Leading.of(glob).fits(above) == expected


def speaks(fact: DomainFact, host: str) -> bool:
    if fact.exact or fact.leading is None:
        return host == fact.name or (not fact.exact and host.endswith(f".{fact.name}"))
    above, wanted = host.removesuffix(f".{fact.name}").split("."), fact.leading.split(".")
    below = host.endswith(f".{fact.name}") and len(above) >= len(wanted)
    return below and all(map(fits, wanted, above))


def order(fact: DomainFact) -> tuple[object, ...]:
    rank = Leading.of(fact.leading).rank if fact.leading else (0,)
    return (not fact.exact, -len(fact.name), rank, fact.id)


@settings(deadline=None)
@given(
    suffixes=st.sets(HOSTS, max_size=4),
    exact=st.sets(HOSTS, max_size=2),
    leading=st.sets(st.tuples(GLOBS, HOSTS), max_size=6),
    host=HOSTS,
)
def test_rules_against_a_search(
    suffixes: set[str], exact: set[str], leading: set[tuple[str, str]], host: str
) -> None:
    facts = [
        *(DomainFact(f"suffix {s}", "s", None, name=s, exact=False) for s in sorted(suffixes)),
        *(DomainFact(f"exact {e}", "s", None, name=e, exact=True) for e in sorted(exact)),
        *(
            DomainFact(f"leading {g} {s}", "s", None, name=s, exact=False, leading=g)
            for g, s in sorted(leading)
        ),
    ]
    rules = NameRules.of((f, Rule(f.id, "name", f.id, None, None)) for f in facts)
    speaking = sorted(map(order, [fact for fact in facts if speaks(fact, host)]))
    assert [rule.id for rule in rules.matches(host)] == [one[-1] for one in speaking]


def test_many_stars_cost_no_more_than_one() -> None:
    leading = Leading.of("a*" * 30 + "b")
    assert not leading.fits(["a" * 63])
    assert leading.fits(["a" * 62 + "b"])
