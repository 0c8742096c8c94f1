"""Reading the catalogue, matching names, and what check finds."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkways.attribute.catalogue import PACKAGED, Catalogue
from folkways.attribute.check import check
from folkways.attribute.facts import Dates, DomainFact, Service
from folkways.attribute.fields import CatalogueError

Write = Callable[..., Path]
GOOD = 'function = "social"\n[[domain]]\nsuffix = "one.example.com"\nORIGIN\n'


def test_what_was_written_is_read(small: Catalogue) -> None:
    telegram = small.services["telegram"]
    assert (telegram.operator, telegram.function) == ("telegram", "messaging")
    prefix, number = telegram.networks
    assert (prefix.prefix, prefix.length, prefix.dates.first) == (
        "149.154.160.0/20",
        116,
        dt.date(2014, 1, 1),
    )
    assert number.asn == 62041
    assert small.services["quake"].ports[0].ports == tuple(range(27960, 27970))
    assert small.services["monero"].ledger == "opaque"
    assert {p.split("'")[0] for p in check(small)} == {"port udp/27960 is claimed by quake, urban"}


def test_a_fact_is_vouched_for_until_it_was_checked(small: Catalogue) -> None:
    prefix, number = small.services["telegram"].networks
    assert prefix.vouched == Dates(dt.date(2014, 1, 1), dt.date(2026, 11, 25))
    assert number.vouched == Dates(dt.date(2014, 1, 1), dt.date(2018, 12, 31))
    undated = small.services["open-resolver"].networks[0]
    assert undated.vouched == Dates(dt.date(2026, 11, 25), dt.date(2026, 11, 25))


@pytest.mark.parametrize(
    ("host", "rule"),
    [
        ("facebook.com", "facebook/domain/facebook.com"),
        ("WWW.Facebook.COM.", "facebook/domain/facebook.com"),
        ("a.chat.facebook.com", "whatsapp/domain/chat.facebook.com"),
        ("t.me", "telegram/host/t.me"),
        ("x.t.me", None),
        ("facebook.com.evil.example", None),
        ("xfacebook.com", None),
        ("com", None),
        ("", None),
        (".", None),
        ("149.154.161.1", None),
    ],
)
def test_match_name(small: Catalogue, host: str, rule: str | None) -> None:
    found = small.match_name(host)
    assert (found.id if found else None) == rule


LABELS = st.sampled_from(["a", "b", "c"])
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)


@given(suffixes=st.sets(NAMES, max_size=6), exact=st.sets(NAMES, max_size=3), host=NAMES)
def test_match_name_against_a_search(
    small: Catalogue, suffixes: set[str], exact: set[str], host: str
) -> None:
    facts = [("suffix", s) for s in sorted(suffixes)] + [("exact", e) for e in sorted(exact)]
    services = {
        f"s{n}": Service(
            id=f"s{n}", name="x", operator=None, function="social",
            domains=(_domain(f"s{n}/{kind}/{name}", name, exact=kind == "exact"),),
        )
        for n, (kind, name) in enumerate(facts)
    }  # fmt: skip
    catalogue = Catalogue(services, {}, small.protocols)
    matching = [
        (len(name) + (kind == "exact"), f"s{n}/{kind}/{name}")
        for n, (kind, name) in enumerate(facts)
        if host == name or (kind == "suffix" and host.endswith("." + name))
    ]
    found = catalogue.match_name(host)
    assert (found.id if found else None) == (max(matching)[1] if matching else None)


def _domain(identity: str, name: str, *, exact: bool) -> DomainFact:
    return DomainFact(identity, "s", dt.date(2026, 1, 1), name=name, exact=exact)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('functoin = "social"', "functoin is not a known key"),
        ("", "function is missing"),
        ("function = 3", "function = 3 must be text"),
        ('function = "social"\nhidden = "yes"', "hidden = 'yes' must be one of"),
        ('function = "social"\naliases = "x"', "aliases = 'x' must be a list of texts"),
        ('function = "social"\n[domain]\nsuffix = "a.b"', "domain must be written [[domain]]"),
        (
            'function = "social"\n[[domain]]\nsource = "x"',
            "[[domain]] 1: exactly one of suffix, exact",
        ),
        (
            'function = "social"\n[[domain]]\nsuffix = "*.a.com"',
            "suffix = '*.a.com' must be a host",
        ),
        ('function = "social"\n[[domain]]\nsuffix = "https://a.com/"', "must be a host name"),
        ('function = "social"\n[[domain]]\nsuffix = "a.com"\nchecked = "2026-11-25"', "checked = "),
        ('function = "social"\n[[network]]\nprefix = "10.0.0.1/8"', "has host bits set"),
        ('function = "social"\n[[network]]\nprefix = "x"', "is no address prefix"),
        ('function = "social"\n[[network]]\nasn = "AS1"', "asn = 'AS1' must be a whole number"),
        (
            'function = "social"\n[[network]]\nasn = 1\nfrom = 2020-01-02\nto = 2020-01-01',
            "lies before",
        ),
        ('function = "social"\n[[port]]\nprotocol = "tcp"\nport = 65536', "from 1 to 65535"),
        ('function = "social"\n[[port]]\nprotocol = "tcp"\nrange = [9, 1]', "the lower one first"),
        ('function = "social"\n[[port]]\nprotocol = "http"\nport = 80', "protocol = 'http'"),
        ('function = "social"\n[[port]]\nprotocol = "tcp"\nport = true', "port = True must be"),
        ('function = "social"\n[[sensor]]\nlable = "x"', "lable is not a known key"),
        ("function = ", "is not TOML"),
    ],
)
def test_errors_name_the_file_and_the_key(
    tmp_path: Path, write: Write, text: str, message: str
) -> None:
    folder = write(tmp_path, {"one": text})
    with pytest.raises(CatalogueError) as caught:
        Catalogue.load(folder)
    assert "one.toml" in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_more_errors(tmp_path: Path, write: Write) -> None:
    with pytest.raises(CatalogueError, match="is no catalogue"):
        Catalogue.load(tmp_path / "absent")
    folder = write(tmp_path / "a", {"one": GOOD})
    (folder / "services" / "one.toml").rename(folder / "services" / "two.toml")
    with pytest.raises(CatalogueError, match="'one' differs from the file's name 'two'"):
        Catalogue.load(folder)
    folder = write(tmp_path / "b", {}, {"op": '[[seat]]\ncountry = "usa"\n'})
    with pytest.raises(CatalogueError, match="two capital letters"):
        Catalogue.load(folder)
    (folder / "operators" / "op.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(CatalogueError, match="UTF-8"):
        Catalogue.load(folder)


def test_digest_tells_content_and_not_place(tmp_path: Path, write: Write) -> None:
    both = Catalogue.load(write(tmp_path / "both", {"one": GOOD, "two": 'function = "news"'}))
    apart = Catalogue.load(
        write(tmp_path / "second", {"two": "# a comment\n" + 'function = "news"'}),
        write(tmp_path / "first", {"one": GOOD}),
    )
    other = Catalogue.load(write(tmp_path / "other", {"one": GOOD, "two": 'function = "work"'}))
    assert both.digest == apart.digest
    assert both.digest != other.digest


def test_a_later_folder_replaces_and_brings_functions(tmp_path: Path, write: Write) -> None:
    first = write(tmp_path / "first", {"one": GOOD, "two": 'function = "news"'})
    mine = write(tmp_path / "mine", {"two": 'function = "knitting"'})
    (mine / "functions.toml").write_text(
        '[[function]]\nid = "knitting"\nname = "Knitting"\nmeaning = "patterns"\n', "utf-8"
    )
    catalogue = Catalogue.load(first, mine)
    assert {k: s.function for k, s in catalogue.services.items()} == {
        "one": "social",
        "two": "knitting",
    }
    assert check(catalogue) == []


def test_check(tmp_path: Path, write: Write) -> None:
    folder = write(
        tmp_path,
        {
            "one": 'function = "nonsense"\noperator = "nobody"\n'
            '[[domain]]\nsuffix = "co.uk"\nORIGIN\n[[domain]]\nsuffix = "shared.com"\nORIGIN\n'
            "[[port]]\nport = 99\nORIGIN\n",
            "two": 'function = "news"\n[[domain]]\nsuffix = "shared.com"\nsource = "s"\n'
            '[[domain]]\nsuffix = "github.io"\nchecked = 2026-01-01\n'
            '[[sensor]]\nlabel = "x"\nORIGIN\n[[sensor]]\nlabel = "X"\nORIGIN\n',
        },
        {
            "a": '[[parent]]\noperator = "b"\nORIGIN\n[[asn]]\nnumber = 64500\nORIGIN\n',
            "b": '[[parent]]\noperator = "a"\nORIGIN\n[[asn]]\nnumber = 64500\nORIGIN\n',
            "c": '[[parent]]\noperator = "gone"\nORIGIN\n'
            "[[asn]]\nnumber = 64501\nto = 2015-12-31\nORIGIN\n",
            "d": "[[asn]]\nnumber = 64501\nfrom = 2016-01-01\nORIGIN\n",
        },
    )
    assert check(Catalogue.load(folder)) == [
        "one/domain/co.uk: a public suffix alone is never a rule",
        "one/port/?/99: a port needs a protocol",
        "one: function 'nonsense' is not in functions.toml",
        "one: operator 'nobody' is not in operators/",
        "operator/a: owns itself through its owners",
        "operator/b: owns itself through its owners",
        "operator/c/parent/gone: the owner is not in operators/",
        "operators: network AS64500 is claimed by a and b at one time",
        "suffix shared.com is claimed by one, two",
        "two/domain/github.io: no source",
        "two/domain/shared.com: no date of the check",
        "two/sensor/x: stated 2 times",
    ]


def test_owners(small: Catalogue) -> None:
    assert small.ultimate_operator("search-company", dt.date(2015, 10, 1)) == "search-company"
    assert small.ultimate_operator("search-company", dt.date(2015, 10, 2)) == "letters"
    assert small.ultimate_operator("unheard", dt.date(2015, 10, 2)) == "unheard"
    assert small.jurisdiction("unheard", dt.date(2015, 10, 2)) is None


def test_owners_in_a_circle_end(tmp_path: Path, write: Write) -> None:
    circle = {a: f'[[parent]]\noperator = "{b}"\nORIGIN' for a, b in (("a", "b"), ("b", "a"))}
    catalogue = Catalogue.load(write(tmp_path, {}, circle))
    assert catalogue.ultimate_operator("a", dt.date(2020, 1, 1)) == "b"


@pytest.mark.parametrize(
    ("label", "service"),
    [
        ("WhatsApp", "whatsapp"),
        ("TLS.WhatsApp", "whatsapp"),
        ("facebook,ssl", "facebook"),
        ("DNS.Facebook", "dns"),
        ("ssl", None),
        ("", None),
        (".", None),
    ],
)
def test_labels_of_several_parts(small: Catalogue, label: str, service: str | None) -> None:
    rule = small.label_rule(label)
    assert (rule.service if rule else None) == service


def test_the_packaged_catalogue_is_sound() -> None:
    catalogue = Catalogue.load()
    assert check(catalogue) == []
    assert len(catalogue.services) >= 120
    assert Catalogue.load(PACKAGED).digest == catalogue.digest
    assert len(catalogue.facts) == len({f.id for o in catalogue.owners for f in o.facts})
