"""What a settings file may say, and what Folkways knows itself."""

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkways.attribute.facts import Dates
from folkways.attribute.fetching.address import address_fault
from folkways.attribute.fetching.entries import NpmEntry, UrlEntry, known_entries, read_entries
from folkways.attribute.fields import CatalogueError

URL = """
[[fetch]]
id = "my-list"
kind = "vpn"
url = "https://example.org/list.txt"
licence = "MIT"
max_bytes = 1000
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_all_that_an_entry_can_say(tmp_path: Path) -> None:
    more = f"""
        sha256 = "{"AB" * 32}"
        from = 2026-01-01
        to = 2026-01-31
        format = "prefixes"
        value = "a provider"
        source = "https://example.org/"
        checked = 2026-11-25
        note = "a note"
        [[npm]]
        id = "a-package"
        kind = "asn"
        package = "@scope/name"
        version = "1.2.3"
    """
    url, npm = read_entries(written(tmp_path, URL + more))
    assert url == UrlEntry(
        id="my-list",
        kind="vpn",
        licence="MIT",
        dates=Dates(dt.date(2026, 1, 1), dt.date(2026, 1, 31)),
        format="prefixes",
        value="a provider",
        source="https://example.org/",
        checked=dt.date(2026, 11, 25),
        note="a note",
        url="https://example.org/list.txt",
        sha256="ab" * 32,
        max_bytes=1000,
    )
    assert npm == NpmEntry(
        id="a-package", kind="asn", licence=None, package="@scope/name", version="1.2.3"
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("max_bytes = 1000", "", "sha256 or max_bytes is needed"),
        ("max_bytes = 1000", "max_bytes = 0", "max_bytes = 0 must be a whole number"),
        ("max_bytes = 1000", 'sha256 = "abc"', "64 hexadecimal digits"),
        ('licence = "MIT"', "", "licence is missing"),
        ('kind = "vpn"', 'kind = "vpm"', "kind = 'vpm' must be one of"),
        ('"my-list"', '"../my"', "id = '../my' must be lower-case"),
        ("https:", "http:", "must begin with https"),
        ("example.org", "me:secret@example.org", "must not carry a user name"),
        ("max_bytes", "maximum", "maximum is not a known key"),
        ("max_bytes = 1000", f"max_bytes = 1000\n{URL}", "id = 'my-list' stands twice"),
        (
            "max_bytes = 1000",
            "max_bytes = 1\nfrom = 2026-02-01\nto = 2026-01-01",
            "to = 2026-01-01 lies before",
        ),
    ],
)
def test_what_an_entry_must_not_say(tmp_path: Path, old: str, new: str, expected: str) -> None:
    with pytest.raises(CatalogueError, match=expected):
        read_entries(written(tmp_path, URL.replace(old, new)))


@pytest.mark.parametrize(
    "line",
    [
        'package = "--global"',
        'package = "../elsewhere"',
        'package = "https://example.org/a.tgz"',
        'package = "git+ssh://example.org"',
        'package = "a"\nversion = "file:../b"',
        'package = "a"\nversion = "-1"',
    ],
)
def test_a_package_is_a_name_and_one_version(tmp_path: Path, line: str) -> None:
    text = f'[[npm]]\nid = "a"\nkind = "asn"\n{line}\n'
    with pytest.raises(CatalogueError, match="must be"):
        read_entries(written(tmp_path, text))


@pytest.mark.parametrize(
    "url",
    [
        "https://",
        "https://[::1/",
        "https://a..b/",
        "https://example.org:99999/",
        "https://exämple.org/",
        "https://example.org/a b",
        "https://example.org/\n",
        "//example.org/",
        "example.org",
        "https://@example.org/",
        "",
    ],
)
def test_odd_addresses_have_a_fault(url: str) -> None:
    assert address_fault(url)


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_has_a_fault(text: str) -> None:
    for url in (text, f"https://{text}"):
        assert address_fault(url) is None or address_fault(url)


def test_the_lists_that_folkways_knows_have_source_day_and_bound() -> None:
    entries = known_entries()
    assert {entry.kind for entry in entries} >= {"asn", "country", "tor-relay", "vpn", "hosting"}
    for entry in entries:
        assert entry.source
        assert entry.checked
        assert entry.licence
        assert not isinstance(entry, UrlEntry) or entry.max_bytes <= 2**25
    packages = {e.package: e.kind for e in entries if isinstance(e, NpmEntry)}
    assert packages == {"@ip-location-db/asn": "asn", "@ip-location-db/asn-country": "country"}


def test_a_settings_file_adds_and_replaces(tmp_path: Path) -> None:
    settings = written(tmp_path, URL + URL.replace("my-list", "aws"))
    before = {entry.id: entry for entry in known_entries()}
    after = {entry.id: entry for entry in known_entries(settings)}
    assert set(after) == {*before, "my-list"}
    assert after["aws"].kind == "vpn"
    assert [after[k] for k in before if k != "aws"] == [before[k] for k in before if k != "aws"]
