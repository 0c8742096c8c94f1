"""Lists as npm packages: by a fake client that does what it is told, and by the real one."""

import csv
import datetime as dt
import gzip
import hashlib
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.attribute.fetching.npm_client import FakeNpm, archive

from folkways.attribute.fetching import npm as npm_module
from folkways.attribute.fetching.entries import NpmEntry, known_entries
from folkways.attribute.fetching.fetched import FetchError
from folkways.attribute.fetching.npm import fetch_npm
from folkways.attribute.fetching.package import published, unpack

ENTRY = NpmEntry(id="asn-list", kind="asn", licence=None, package="@scope/asn")
IPV4 = b"192.0.2.0,192.0.2.255,64500,Example\n"
IPV6 = gzip.compress(b"2001:db8::,2001:db8::1,64500,Example\n", mtime=0)
ABOUT = b'{"name": "@scope/asn", "license": "CC0-1.0"}'
FILES = {
    "package/README.md": b"a list",
    "package/asn-ipv4-num.csv": b"3221225984,3221226239,64500,Example\n",
    "package/asn-ipv4.csv": IPV4,
    "package/asn-ipv6.csv.gz": IPV6,
    "package/package.json": ABOUT,
}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_csv_files_come_with_version_licence_and_day(npm: FakeNpm, tmp_path: Path) -> None:
    npm.package(archive(FILES))
    seen: list[int] = []
    ipv4, ipv6 = fetch_npm(ENTRY, tmp_path, watch=lambda _, done, __: seen.append(done))
    assert names(tmp_path) == ["asn-list-asn-ipv4.csv", "asn-list-asn-ipv6.csv.gz"]
    assert (ipv4.path.read_bytes(), ipv6.path.read_bytes()) == (IPV4, IPV6)
    assert (ipv4.id, ipv4.kind, ipv4.licence) == ("asn-list", "asn", "CC0-1.0")
    assert ipv4.source == "npm package @scope/asn@2.3.2026061712, asn-ipv4.csv"
    assert (ipv4.published, ipv6.published) == (dt.date(2026, 6, 17), dt.date(2026, 6, 17))
    assert (ipv4.sha256, ipv4.bytes) == (hashlib.sha256(IPV4).hexdigest(), len(IPV4))
    assert seen == [len(archive(FILES))]
    arguments = npm.arguments()
    assert (arguments[0], arguments[-2:]) == ("pack", ["--", "@scope/asn@latest"])
    assert {"--json", "--ignore-scripts"} <= set(arguments)


def test_a_version_and_a_licence_of_the_settings_hold(npm: FakeNpm, tmp_path: Path) -> None:
    npm.package(archive(FILES), "1.2.3")
    entry = NpmEntry(id="x", kind="asn", licence="CC-BY-4.0", package="asn", version="1.2.3")
    found = fetch_npm(entry, tmp_path)[0]
    assert npm.arguments()[-1] == "asn@1.2.3"
    assert (found.licence, found.published) == ("CC-BY-4.0", dt.datetime.now(dt.UTC).date())


def test_the_day_of_a_version() -> None:
    today = dt.datetime.now(dt.UTC).date()
    assert published("2.3.2026061719") == dt.date(2026, 6, 17)
    assert published("1.0.20240229") == dt.date(2024, 2, 29)
    for other in ("2.3.4", "1.0.20230229", "1.0.20991231", "1.0.202606", ""):
        assert published(other) == today


def test_without_npm_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FetchError, match=r"npm is not installed; install it .*reference import"):
        fetch_npm(ENTRY, tmp_path)


def test_what_npm_says_went_wrong_is_one_line(npm: FakeNpm, tmp_path: Path) -> None:
    failures: list[tuple[object, str, str]] = [
        ({"error": {"code": "E404", "summary": "Not Found\nor not yours."}}, "", "E404: Not Found"),
        ("", "npm error code ENOTFOUND\nnpm error \x1b[31mno network", "code ENOTFOUND"),
        ("no json", "", "it said nothing"),
        ([], "", "it said nothing"),
    ]
    for report, stderr, expected in failures:
        npm.answer(report, status=1, stderr=stderr)
        with pytest.raises(
            FetchError, match=f"could not fetch @scope/asn@latest .*{expected}"
        ) as e:
            fetch_npm(ENTRY, tmp_path)
        assert str(e.value).isprintable()
    assert names(tmp_path) == []


def test_npm_that_hangs_or_cannot_run_is_given_up(npm: FakeNpm, tmp_path: Path) -> None:
    npm.answer("", sleep=30)
    with pytest.raises(FetchError, match=r"in 0\.2 s and was stopped"):
        fetch_npm(ENTRY, tmp_path, timeout=0.2)
    (npm.folder / "npm").write_text("#!/nonexistent/node\n", encoding="utf-8")
    with pytest.raises(FetchError, match="cannot be run"):
        fetch_npm(ENTRY, tmp_path)


def test_another_archive_than_npm_states_is_refused(
    npm: FakeNpm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for integrity in ("sha512-AAAA", "", None, 5):
        npm.answer([{"version": "1.0.0", "integrity": integrity}], archive(FILES))
        with pytest.raises(FetchError, match="and not what npm states"):
            fetch_npm(ENTRY, tmp_path)
    npm.answer([{"version": "1.0.0"}])
    with pytest.raises(FetchError, match="gave 0 archives"):
        fetch_npm(ENTRY, tmp_path)
    npm.package(archive(FILES))
    monkeypatch.setattr(npm_module, "MOST_PACKED", 100)
    with pytest.raises(FetchError, match="larger than 100 bytes"):
        fetch_npm(ENTRY, tmp_path)
    assert names(tmp_path) == []


def test_no_name_in_an_archive_is_a_path(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    packed = archive(
        {
            "../up.csv": IPV4,
            "/root.csv": IPV4,
            "package/../../../up.csv": IPV4,
            "package/deep/er.csv": IPV4,
            "package/..csv": IPV4,
            "package/.csv": IPV4,
            "package/link.csv": b"",
            "package/hard.csv": b"",
            "package/pipe.csv": b"",
            "package/sp ace.csv": IPV4,
            "package/good.csv": IPV4,
        },
        {
            "package/link.csv": tarfile.SYMTYPE,
            "package/hard.csv": tarfile.LNKTYPE,
            "package/pipe.csv": tarfile.FIFOTYPE,
        },
    )
    found = unpack(ENTRY, "1.0.0", packed, folder)
    # Two parts and a plain name are all that is taken; what they are written as is ours.
    assert {f.path.parent for f in found} == {folder}
    assert [f.path.name for f in found] == [
        "asn-list-up.csv",
        "asn-list-root.csv",
        "asn-list-good.csv",
    ]
    assert (names(tmp_path), len(names(folder))) == (["folder"], 3)
    assert found[0].licence == "none stated"


def test_an_archive_without_csv_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="holds no CSV file"):
        unpack(ENTRY, "1.0.0", archive({"package/package.json": ABOUT}), tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "about", [b"{", b"[]", b"[" * 100_000, b'{"license": 5}', b"\xff", b'{"license": " "}']
)
def test_a_package_that_states_no_licence(tmp_path: Path, about: bytes) -> None:
    packed = archive({"package/package.json": about, "package/a.csv": IPV4})
    assert unpack(ENTRY, "1.0.0", packed, tmp_path)[0].licence == "none stated"


def test_an_archive_that_grows_without_measure_is_refused(tmp_path: Path) -> None:
    bomb = archive({"package/a.csv": bytes(16 << 20)})
    assert len(bomb) < 1 << 17
    with pytest.raises(FetchError, match="grows beyond all measure"):
        unpack(ENTRY, "1.0.0", bomb, tmp_path)
    many = archive({f"package/{n}": b"" for n in range(5000)})
    with pytest.raises(FetchError, match="more than 4096 files"):
        unpack(ENTRY, "1.0.0", many, tmp_path)
    assert names(tmp_path) == []


def test_an_archive_cut_anywhere_leaves_the_old_files(tmp_path: Path) -> None:
    old = tmp_path / "asn-list-asn-ipv4.csv"
    old.write_bytes(b"old")
    packed = archive(FILES)
    for size in range(0, len(packed) - 8, 7):
        with pytest.raises(FetchError, match=r"is damaged|holds no CSV"):
            unpack(ENTRY, "1.0.0", packed[:size], tmp_path)
    assert (names(tmp_path), old.read_bytes()) == ([old.name], b"old")


@given(st.binary(max_size=2000).flatmap(lambda c: st.sampled_from([c, gzip.compress(c)])))
def test_any_bytes_are_a_package_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    try:
        unpack(ENTRY, "1.0.0", content, folder)
    except FetchError:
        assert names(folder) == []


@settings(max_examples=60)
@given(at=st.integers(0, 511), value=st.integers(0, 255))
def test_any_head_of_a_member_is_read_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, at: int, value: int
) -> None:
    folder = tmp_path_factory.mktemp("any")
    content = bytearray(gzip.decompress(archive({"package/a.csv": IPV4, "package/b.csv": IPV4})))
    content[at] = value
    content[148:156] = b"%06o\x00 " % (sum(content[:148]) + 8 * 32 + sum(content[156:512]))
    try:
        unpack(ENTRY, "1.0.0", gzip.compress(bytes(content)), folder)
    except FetchError:
        assert names(folder) == []


@pytest.mark.external
def test_the_real_client_brings_the_countries(
    tool: Callable[[str], str], needs: Callable[[str, bool], None], tmp_path: Path
) -> None:
    tool("npm")
    (entry,) = [e for e in known_entries() if e.id == "ip-location-db-asn-country"]
    assert isinstance(entry, NpmEntry)
    try:
        ipv4, ipv6 = fetch_npm(entry, tmp_path)
    except FetchError as error:
        if not re.search("ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT", str(error)):
            raise
        needs("a connection of npm to its registry", False)  # noqa: FBT003  # it is not there
    assert ipv4.published >= dt.date(2026, 6, 17)
    assert (ipv4.path.name[-9:], ipv6.path.name[-9:]) == ("-ipv4.csv", "-ipv6.csv")
    with ipv4.path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) > 50_000
    assert {len(row) for row in rows} == {3}
