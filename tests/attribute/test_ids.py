"""Names without effect, ids given up, and the promise that no published id ever vanishes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.check import check, published_ids
from folkways.attribute.fields import CatalogueError

Write = Callable[..., Path]
PUBLISHED = Path(__file__).parent / "golden" / "ids.txt"


def test_golden_no_published_id_vanishes(golden: Callable[[Path, str], None]) -> None:
    published = PUBLISHED.read_text("utf-8").splitlines()
    catalogue = Catalogue.load()
    assert check(catalogue, published) == []
    # What was published once stays in the file, whatever became of it.
    every = sorted({*published, *published_ids(catalogue)})
    golden(PUBLISHED, "\n".join(every) + "\n")


def test_names_without_effect(tmp_path: Path, write: Write) -> None:
    def names(*lines: str) -> str:
        facts = "".join(f"[[domain]]\n{line}\nORIGIN\n" for line in lines)
        return f'function = "news"\n{facts}'

    folder = write(
        tmp_path,
        {
            "one": names(
                'suffix = "one.com"', 'suffix = "a.one.com"', 'exact = "one.com"',
                'suffix = "x.two.com"', 'exact = "a.two.com"', 'exact = "1.2.3.4"',
                'suffix = "b.x.y.two.com"', 'exact = "cloudflare-ech.com"',
            ),
            "two": names('suffix = "two.com"', 'suffix = "x.a.one.com"', 'suffix = "y.two.com"'),
        },
    )  # fmt: skip
    catalogue = Catalogue.load(folder)
    assert "cloudflare-ech.com" in catalogue.protocols.outer_names
    assert check(catalogue) == [
        "one/domain/a.one.com: changes nothing, one/domain/one.com says it already",
        "one/host/1.2.3.4: never wins, it is an address",
        "one/host/cloudflare-ech.com: never wins, it is an outer name of Encrypted Client Hello",
        "one/host/one.com: changes nothing, one/domain/one.com says it already",
        "two/domain/y.two.com: changes nothing, two/domain/two.com says it already",
    ]


def entry(old: str, new: str, kind: str = "service") -> str:
    return (
        f'[[renamed]]\nkind = "{kind}"\nold = "{old}"\nnew = "{new}"\n'
        'on = 2026-01-01\nwhy = "merged"\n'
    )


@pytest.fixture
def renamed(tmp_path: Path, write: Write) -> Callable[..., Catalogue]:
    """A catalogue of the services one and two and the operator op, with entries."""

    def load(*entries: str) -> Catalogue:
        services = {"one": 'function = "news"', "two": 'function = "work"'}
        folder = write(tmp_path, services, {"op": ""})
        (folder / "renamed.toml").write_text("".join(entries), "utf-8")
        return Catalogue.load(folder)

    return load


def test_ids_given_up_lead_on(renamed: Callable[..., Catalogue]) -> None:
    catalogue = renamed(
        entry("older", "old"), entry("old", "one"), entry("old", "op", "operator")
    )  # fmt: skip
    assert check(catalogue) == []
    assert [catalogue.current_id(i) for i in ("older", "old", "one", "never")] == [
        "one",
        "one",
        "one",
        "never",
    ]
    assert catalogue.current_id("old", "operator") == "op"
    published = ["service older", "service two", "operator old", "operator op"]
    assert check(catalogue, published) == []
    assert check(catalogue, ["service gone", "operator older", "operator one"]) == [
        "operator older: the id is gone; add to renamed.toml where it went",
        "operator one: the id is gone; add to renamed.toml where it went",
        "service gone: the id is gone; add to renamed.toml where it went",
    ]


def test_what_is_wrong_with_ids_given_up(renamed: Callable[..., Catalogue]) -> None:
    catalogue = renamed(
        entry("one", "two"),
        entry("a", "b"), entry("b", "c"), entry("c", "a"),
        entry("d", "b"),
        entry("lost", "nowhere"),
        entry("twice", "one"), entry("twice", "two"),
        entry("two", "op", "operator"),
    )  # fmt: skip
    assert check(catalogue) == [
        "renamed.toml: service a leads round in a circle",
        "renamed.toml: service b leads round in a circle",
        "renamed.toml: service c leads round in a circle",
        "renamed.toml: service d leads round in a circle",
        "renamed.toml: service lost leads to nowhere, which does not exist",
        "renamed.toml: service one is in use again; an id given up stays so",
        "renamed.toml: service twice stands there 2 times",
    ]
    assert catalogue.current_id("d") in "abc"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[renamed]]\nold = "a"', "kind is missing"),
        (entry("a", "b", "thing"), "kind = 'thing' must be one of operator, service"),
        (entry("a", "b").replace("on = 2026-01-01\n", ""), "on is missing"),
        (entry("a", "b").replace("why", "because"), "because is not a known key"),
    ],
)
def test_entries_that_cannot_be_read(
    renamed: Callable[..., Catalogue], text: str, message: str
) -> None:
    with pytest.raises(CatalogueError) as caught:
        renamed(text)
    assert message in str(caught.value)
    assert "renamed.toml" in str(caught.value)
