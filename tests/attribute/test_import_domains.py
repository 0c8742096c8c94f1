"""Imported domain lists: which service they name, how they rank below the catalogue, storage."""

import datetime as dt
import gzip
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.domain_lists.hosts import read_host_list
from folkways.attribute.explain import explain
from folkways.attribute.facts import DomainFact, Rule, Service
from folkways.attribute.fields import CatalogueError
from folkways.attribute.import_domains import LARGEST, Imported, import_domains
from folkways.attribute.imported import ImportedRules
from folkways.attribute.name_rules import NameRules
from folkways.attribute.snapshot import Snapshot

Write = Callable[..., Path]
V2FLY = "reference/domain_lists/v2fly_domain-list-community_data.tar.gz"


def run(path: Path, folder: Path, catalogue: Catalogue, **words: str) -> Imported:
    return import_domains(
        path, folder, source="hand", licence="CC0", catalogue=catalogue, **words
    )  # fmt: skip


def checkout(folder: Path, lists: dict[str, str]) -> Path:
    (folder / "data").mkdir(parents=True)
    for name, text in lists.items():
        (folder / "data" / name).write_text(text, "utf-8")
    return folder


LISTS = {
    # By its name, since the catalogue knows one of its domains.
    "facebook": "facebook.com\nfb.example.com\nfull:fb.example.org @cn\nads.fb.example.net @ads\n",
    # By its name without hyphens and case; the list's file is not.
    "some-vpn": "somevpn.com\nsomevpn.org\n",
    # A name alone is not enough.
    "quake": "quake-language.org\n",
    # More than half of the domains are one service's.
    "wa": "whatsapp.net\nchat.facebook.com\nwa.example.com\n",
    # Only half of them.
    "fb-half": "fbcdn.net\nfb-half.com\n",
    # One of two services, or only a CDN's, says nothing.
    "meta-all": "whatsapp.net\nfbcdn.net\nmeta-all.com\n",
    "on-edge": "a.edge.net\nb.edge.net\nfull:on-edge.com\n",
    # Collections: their own domains name no service, unless added to a list that is none.
    "category-games": "include:titles @cn\ninclude:gone\nplain.com\nadded.com &titles\n",
    "titles": "titles.com\ninclude:category-games\n",
    "category-porn": "include:quake @ads\n",
    "cn": "include:category-games\n",
    # Claimed by two, not usable, or decided already.
    "first": "both.com\nfirst.com\n",
    "second": "both.com\nsecond.com\nsecond.com\n",
    "odd": "co.uk\nlan\n1.2.3.4\nkeyword:odd\nregexp:^odd\nnew:odd.com\nx.facebook.com\nodd_.com\n",
    "dots": "t.me\nfull:t.me\n",
}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, small: Catalogue) -> Imported:
    folder = tmp_path_factory.mktemp("lists")
    return run(checkout(folder / "checkout", LISTS), folder / "imported", small, on="2026-11-01")


@pytest.fixture(scope="module")
def both(done: Imported, small: Catalogue) -> Catalogue:
    return small.with_imported(done.list.folder)


@pytest.mark.parametrize(
    ("host", "rule", "service", "function"),
    [
        ("a.fb.example.com", "v2fly/facebook/domain/fb.example.com", "facebook", "social"),
        ("fb.example.org", "v2fly/facebook/host/fb.example.org", "facebook", "social"),
        ("a.fb.example.org", None, None, None),
        (
            "ads.fb.example.net",
            "v2fly/facebook@ads/domain/ads.fb.example.net",
            "v2fly/facebook@ads",
            "ads",
        ),
        ("somevpn.org", "v2fly/some-vpn/domain/somevpn.org", "somevpn", "vpn"),
        (
            "quake-language.org",
            "v2fly/quake/domain/quake-language.org",
            "v2fly/quake",
            "other",
        ),
        ("WA.Example.com.", "v2fly/wa/domain/wa.example.com", "whatsapp", "messaging"),
        ("fb-half.com", "v2fly/fb-half/domain/fb-half.com", "v2fly/fb-half", "other"),
        ("meta-all.com", "v2fly/meta-all/domain/meta-all.com", "v2fly/meta-all", "other"),
        ("on-edge.com", "v2fly/on-edge/host/on-edge.com", "v2fly/on-edge", "other"),
        ("titles.com", "v2fly/titles/domain/titles.com", "v2fly/titles", "games"),
        ("added.com", "v2fly/titles/domain/added.com", "v2fly/titles", "games"),
        ("plain.com", None, None, None),
        ("both.com", None, None, None),
        ("first.com", "v2fly/first/domain/first.com", "v2fly/first", "other"),
        ("x.facebook.com", "facebook/domain/facebook.com", "facebook", "social"),
        ("t.me", "telegram/host/t.me", "telegram", "messaging"),
        ("x.t.me", "v2fly/dots/domain/t.me", "telegram", "messaging"),
        ("x.co.uk", None, None, None),
    ],
)
def test_what_lists_name(
    both: Catalogue, host: str, rule: str | None, service: str | None, function: str | None
) -> None:
    found = both.match_name(host)
    assert (found.id if found else None) == rule
    assert (found.service if found else None) == service
    assert (found.function if found else None) == function


def test_every_rule_is_used_or_counted(done: Imported) -> None:
    assert done.skipped == {
        "in a collection, which is no service": 1,
        "the catalogue decides already": 11,
        "claimed for several services": 2,
        "stated twice": 1,
        "a public suffix alone": 1,
        "below no top-level domain": 1,
        "not a host name": 1,
        "a keyword, not a name": 1,
        "a regular expression, not a name": 1,
        "unknown kind of rule": 1,
    }
    assert done.rows == done.list.rules + done.skipped.total()
    assert done.flaws == {
        "includes a list that is missing": 1,
        "includes that close a circle": 1,
    }
    assert done.mapped == {
        "facebook": "facebook",
        "some-vpn": "somevpn",
        "wa": "whatsapp",
        "dots": "telegram",
    }


def test_provenance_and_digest(done: Imported, small: Catalogue, both: Catalogue) -> None:
    (one,) = both.imported.lists
    assert one == done.list
    assert (one.id, one.kind, one.source, one.licence) == ("v2fly", "v2fly", "hand", "CC0")
    assert (one.version, one.imported) == ("2026-11-01", dt.datetime.now(dt.UTC).date())
    assert both.imported.origin("v2fly/titles/domain/titles.com") == one
    assert both.imported.origin("facebook/domain/facebook.com") is None
    assert both.digest != small.digest
    assert small.with_imported(done.list.folder / "absent").digest == small.digest
    assert both.services["v2fly/titles"].operator is None


def test_a_later_import_replaces_and_ranks_the_same(
    done: Imported, small: Catalogue, both: Catalogue, tmp_path: Path
) -> None:
    path = checkout(tmp_path / "again", LISTS)
    again = run(path, tmp_path / "imported", both)
    assert again.list.digest == done.list.digest
    assert again.list.version == "unknown"
    (path / "data" / "new").write_text("new.com\n", "utf-8")
    run(path, tmp_path / "imported", small)
    catalogue = both.with_imported(tmp_path / "imported")
    assert catalogue.match_name("new.com") is not None
    assert both.with_imported(tmp_path / "absent").services == small.services
    assert [one.id for one in catalogue.imported.lists] == ["v2fly"]
    assert len(list((tmp_path / "imported").iterdir())) == 2


def test_explain_says_the_rank(both: Catalogue) -> None:
    day = dt.date(2026, 11, 1)
    spoken = explain("x.t.me", both, Snapshot.load(None), day)
    assert [(s.rule, s.wins) for s in spoken] == [("v2fly/dots/domain/t.me", True)]
    assert "imported: lower rank; hand, version 2026-11-01" in spoken[0].why
    spoken = explain("t.me", both, Snapshot.load(None), day)
    assert [(s.rule, s.wins) for s in spoken] == [
        ("telegram/host/t.me", True),
        ("v2fly/dots/domain/t.me", False),
    ]


NAMES = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4).map(".".join)
RULES = st.dictionaries(NAMES, st.booleans(), max_size=5)


@given(own=RULES, imported=RULES, host=NAMES)
def test_an_imported_rule_speaks_only_where_no_other_does(
    small: Catalogue, own: dict[str, bool], imported: dict[str, bool], host: str
) -> None:
    facts = tuple(
        DomainFact(f"own/{name}", "s", None, name=name, exact=exact) for name, exact in own.items()
    )
    service = Service("own", "Own", None, "social", domains=facts)
    rules = {name: Rule(f"new/{name}", "name", "new", None, "other") for name in imported}
    catalogue = replace(
        Catalogue({"own": service}, {}, small.protocols),
        imported=ImportedRules(
            names=NameRules(
                exact={name: rules[name] for name, exact in imported.items() if exact},
                suffixes={name: rules[name] for name, exact in imported.items() if not exact},
            )
        ),
    )
    matching = [
        (whose == "own", len(name), exact, f"{whose}/{name}")
        for whose, of in (("own", own), ("new", imported))
        for name, exact in of.items()
        if host == name or (not exact and host.endswith("." + name))
    ]
    found = catalogue.match_name(host)
    assert (found.id if found else None) == (max(matching)[3] if matching else None)
    assert [r.id for r in catalogue.names_of(host)] == [m[3] for m in sorted(matching)[::-1]]


def test_a_quote_that_takes_the_comma() -> None:
    found = list(read_host_list(b'".co.uk,two\n"a.example",one\nb.example,\n'))
    assert [(line.name, line.service) for line in found] == [
        (None, None),
        ("a.example", "one"),
        ("b.example", None),
    ]


def test_host_lists(tmp_path: Path, small: Catalogue) -> None:
    folder = tmp_path / "imported"
    mine = tmp_path / "My hosts.txt.gz"
    mine.write_bytes(gzip.compress(b"0.0.0.0 localhost a.com\n::1 b.com\n*.c.com\nfacebook.com\n"))
    done = run(mine, folder, small, service="knitting", function="social")
    assert done.list.id == "hosts-my-hosts"
    assert done.skipped == {"below no top-level domain": 1, "the catalogue decides already": 1}
    known = tmp_path / "known.txt"
    known.write_text("d.com\na.com\n", "utf-8")
    assert run(known, folder, small, service="whatsapp").mapped == {"whatsapp": "whatsapp"}
    table = tmp_path / "table.csv"
    table.write_text(
        "host,app\ne.com,WhatsApp\nf.com,New One\ng.com,\nh.com,Some VPN\ni.com,quake\n", "utf-8"
    )
    done = run(table, folder, small)
    assert done.mapped == {"whatsapp": "whatsapp", "some-vpn": "somevpn", "quake": "quake"}
    assert done.skipped == {"no service beside the host": 1}
    catalogue = small.with_imported(folder)
    found = {h: catalogue.match_name(h) for h in ("a.com", "x.a.com", "x.c.com", "d.com", "f.com")}
    assert {h: r.id if r else None for h, r in found.items()} == {
        "a.com": "hosts-my-hosts/knitting/host/a.com",
        "x.a.com": "hosts-known/whatsapp/domain/a.com",
        "x.c.com": "hosts-my-hosts/knitting/domain/c.com",
        "d.com": "hosts-known/whatsapp/domain/d.com",
        "f.com": "hosts-table/new-one/domain/f.com",
    }
    assert catalogue.services["hosts-my-hosts/knitting"].function == "social"
    assert catalogue.services["hosts-table/new-one"].name == "new-one"


@pytest.mark.parametrize(
    ("content", "words", "message"),
    [
        (b"a.com\n", {}, "no usable rule (1 no service beside the host)"),
        (b"", {"service": "whatsapp"}, "no usable rule (it is empty)"),
        (b"\x00\xff" * 99, {"service": "whatsapp"}, "no usable rule (1 not a host name)"),
        (b"a.com\n", {"service": "knitting"}, "say its function as well"),
        (b"a.com\n", {"service": "Knit ting", "function": "social"}, "is no id of a service"),
        (b"a.com\n", {"service": "whatsapp", "function": "social"}, "leave the function away"),
        (b"a.com\n", {"service": "knitting", "function": "wool"}, "'wool' is no function"),
        (b"\x1f\x8b\x08cut", {"service": "whatsapp"}, "damaged"),
    ],
)
def test_what_cannot_be_imported(
    tmp_path: Path, small: Catalogue, content: bytes, words: dict[str, str], message: str
) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(content)
    with pytest.raises(CatalogueError) as caught:
        run(path, tmp_path / "imported", small, **words)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "imported").exists()


def test_a_list_that_would_fill_the_memory(tmp_path: Path, small: Catalogue) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(gzip.compress(bytes(LARGEST + 1)))
    with pytest.raises(CatalogueError, match="bounds"):
        run(path, tmp_path / "imported", small, service="whatsapp")


def test_more_that_cannot_be_imported(tmp_path: Path, small: Catalogue) -> None:
    path = checkout(tmp_path / "c", {"one": "a.com\n"})
    with pytest.raises(CatalogueError, match="says its services itself"):
        run(path, tmp_path, small, service="whatsapp")
    with pytest.raises(CatalogueError, match="does not exist"):
        run(tmp_path / "absent", tmp_path, small)
    with pytest.raises(CatalogueError, match="a source and a licence"):
        import_domains(path, tmp_path, source=" ", licence="CC0", catalogue=small)


def test_damage_is_told(done: Imported, small: Catalogue, tmp_path: Path) -> None:
    names = ("v2fly.parquet", "v2fly.toml")
    whole = [(done.list.folder / name).read_bytes() for name in names]
    other = run(checkout(tmp_path / "c", {"one": "a.com\n"}), tmp_path / "other", small)
    cases: list[tuple[bytes | None, bytes, str]] = [
        (None, whole[1], "cannot be read"),
        (whole[0][:-9], whole[1], "cannot be read"),
        ((other.list.folder / names[0]).read_bytes(), whole[1], "is not what v2fly.toml describes"),
        (whole[0], whole[1].replace(b'"v2fly"', b'"x"', 1), "differs from the file's name"),
        (whole[0], whole[1].replace(b"digest", b"gidest"), "gidest is not a known key"),
        (whole[0], whole[1].replace(b"imported", b"#"), "imported is missing"),
    ]
    for number, (parquet, manifest, message) in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        if parquet is not None:
            (folder / names[0]).write_bytes(parquet)
        (folder / names[1]).write_bytes(manifest)
        with pytest.raises(CatalogueError) as caught:
            small.with_imported(folder)
        assert message in str(caught.value)


def test_a_service_given_up_since_is_followed(
    tmp_path: Path, small: Catalogue, write: Write
) -> None:
    path = tmp_path / "list.txt"
    path.write_text("new.com\n", "utf-8")
    run(path, tmp_path / "imported", small, service="whatsapp")
    folder = write(tmp_path / "later", {"chat": 'function = "messaging"'})
    with pytest.raises(CatalogueError, match="names whatsapp, which the catalogue does not know"):
        Catalogue.load(folder).with_imported(tmp_path / "imported")
    (folder / "renamed.toml").write_text(
        '[[renamed]]\nkind = "service"\nold = "whatsapp"\nnew = "chat"\non = 2026-01-01\nwhy = "x"',
        "utf-8",
    )
    rule = Catalogue.load(folder).with_imported(tmp_path / "imported").match_name("new.com")
    assert rule
    assert rule.service == "chat"


@pytest.mark.external
def test_the_real_lists(shared_data: Path, tmp_path: Path) -> None:
    packaged = Catalogue.load()
    done = import_domains(shared_data / V2FLY, tmp_path, source="v2fly", licence="MIT")
    assert done.rows == 38_736
    assert done.rows == done.list.rules + done.skipped.total()
    assert done.skipped["a regular expression, not a name"] == 163
    assert done.list.rules > 20_000
    begin = time.perf_counter()
    catalogue = packaged.with_imported(tmp_path)
    assert time.perf_counter() - begin < 1
    services = {
        host: rule.service
        for host in ("www.bmw.de", "www.rust-lang.org", "itch.zone", "x.facebook.com", "a.cn")
        if (rule := catalogue.match_name(host))
    }
    assert services == {
        "www.bmw.de": "v2fly/bmw",
        "www.rust-lang.org": "v2fly/rust",
        "itch.zone": "itch-io",
        "x.facebook.com": "facebook",
    }
    for name in list(catalogue.imported.names.suffixes)[::7]:
        own = packaged.match_name(f"x.{name}")
        assert own is None or own == catalogue.match_name(f"x.{name}")


@pytest.mark.external
def test_real_host_lists(shared_data: Path, tmp_path: Path) -> None:
    mining = shared_data / "reference/crypto/ndpi_mining_hosts.txt"
    done = import_domains(mining, tmp_path, source="s", licence="MIT", service="coinhive")
    lines = mining.read_text("utf-8").splitlines()
    assert done.rows == sum(bool(line.strip()) and line[0] != "#" for line in lines)
    hosts = shared_data / "reference/ndpi_lists/ndpi_host_match.csv"
    done = import_domains(hosts, tmp_path, source="s", licence="LGPL-3.0")
    assert done.rows == len(hosts.read_text("utf-8").splitlines()) - 1
    assert done.mapped["amazonvideo"] == "amazon-video"
    catalogue = Catalogue.load().with_imported(tmp_path)
    rule = catalogue.match_name("www.ppoi.org")
    assert rule
    assert (rule.service, rule.function) == ("coinhive", "crypto-mining")
