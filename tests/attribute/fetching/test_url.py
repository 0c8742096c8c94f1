"""Lists by URL, from a server that cuts, changes, redirects, lies about sizes, or says nothing."""

import datetime as dt
import hashlib
import random
import socket
from pathlib import Path
from typing import Any

import pytest
from tests.attribute.fetching.https_site import Page, Site

from folkways.attribute.fetching.entries import UrlEntry
from folkways.attribute.fetching.fetched import Fetched, FetchError, Watch
from folkways.attribute.fetching.url import fetch_url
from folkways.attribute.fields import CatalogueError
from folkways.model.errors import StorageError

CONTENT = random.Random(4).randbytes(50_000)  # noqa: S311  # content that no framing resembles
DIGEST = hashlib.sha256(CONTENT).hexdigest()
PATH = "/lists/today.CSV.gz?v=2"
HALF = 20_480


@pytest.fixture
def page(site: Site) -> Page:
    site.pages[PATH] = Page(CONTENT)
    return site.pages[PATH]


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def get(
    site: Site, folder: Path, *, watch: Watch | None = None, timeout: float = 5.0, **entry: Any
) -> Fetched:
    told = {"url": site.base + PATH, "max_bytes": 100_000, **entry}
    made = UrlEntry(id="a-list", kind="vpn", licence="MIT", **told)
    return fetch_url(made, folder, watch=watch, timeout=timeout, cafile=site.cafile)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.usefixtures("page")
def test_a_file_comes_whole_with_its_day_and_digest(site: Site, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    found = get(site, tmp_path, sha256=DIGEST, watch=lambda *told: seen.append(told))
    assert found.path == tmp_path / "a-list.csv.gz"
    assert found.path.read_bytes() == CONTENT
    assert (found.id, found.kind, found.licence) == ("a-list", "vpn", "MIT")
    assert (found.source, found.sha256, found.bytes) == (site.base + PATH, DIGEST, 50_000)
    assert found.published == dt.date(2026, 3, 3)
    assert names(tmp_path) == ["a-list.csv.gz"]
    assert seen[-1] == ("a-list", 50_000, 50_000)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert site.asked == [(PATH, None, None)]


@pytest.mark.parametrize("framing", ["chunked", "none"])
def test_a_length_need_not_be_stated_where_the_end_is_known(
    site: Site, page: Page, tmp_path: Path, framing: str
) -> None:
    page.framing = framing
    assert get(site, tmp_path, sha256=DIGEST).bytes == 50_000


def test_a_file_of_which_nothing_tells_the_end_is_not_taken(
    site: Site, page: Page, tmp_path: Path
) -> None:
    page.framing = "none"
    with pytest.raises(FetchError, match="does not say how long it is"):
        get(site, tmp_path)
    assert names(tmp_path) == []


def test_a_new_fetch_replaces_the_old_file(site: Site, page: Page, tmp_path: Path) -> None:
    get(site, tmp_path)
    page.content = b"newer"
    assert get(site, tmp_path).path.read_bytes() == b"newer"


@pytest.mark.parametrize("modified", [None, "yesterday", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_without_a_credible_date_it_is_of_the_day_of_the_fetch(
    site: Site, page: Page, tmp_path: Path, modified: str | None
) -> None:
    page.modified = modified
    before = dt.datetime.now(dt.UTC).date()
    assert before <= get(site, tmp_path).published <= dt.datetime.now(dt.UTC).date()


def test_a_day_in_the_address_is_yesterday(site: Site, tmp_path: Path) -> None:
    yesterday = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    site.pages[f"/{yesterday}-00-consensus"] = Page(b"relays")
    found = get(site, tmp_path, url=site.base + "/{day}-00-consensus")
    assert (found.published, found.path.name) == (yesterday, "a-list")
    assert found.source == f"{site.base}/{yesterday}-00-consensus"


@pytest.mark.usefixtures("page")
def test_another_checksum_is_refused_and_nothing_stays(site: Site, tmp_path: Path) -> None:
    (tmp_path / "a-list.csv.gz").write_bytes(b"of last month")
    with pytest.raises(FetchError, match=f"SHA-256 {DIGEST}, not 00"):
        get(site, tmp_path, sha256="00" * 32)
    assert names(tmp_path) == ["a-list.csv.gz"]
    assert (tmp_path / "a-list.csv.gz").read_bytes() == b"of last month"


@pytest.mark.parametrize(("framing", "how"), [("length", "has 50000"), ("chunked", "goes on")])
def test_too_large_a_file_is_refused(
    site: Site, page: Page, tmp_path: Path, framing: str, how: str
) -> None:
    page.framing = framing
    with pytest.raises(FetchError, match=f"larger than max_bytes = 49999: it {how}"):
        get(site, tmp_path, max_bytes=49_999)
    assert names(tmp_path) == []


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("modified", [None, "Tue, 03 Mar 2026 23:30:00 GMT"])
def test_what_was_cut_is_gone_on_with(
    site: Site, page: Page, tmp_path: Path, framing: str, modified: str | None
) -> None:
    page.framing, page.modified, page.cut = framing, modified, HALF
    with pytest.raises(FetchError, match=f"broke.*go on from {HALF} bytes"):
        get(site, tmp_path)
    assert names(tmp_path) == ["a-list.csv.gz.part", "a-list.csv.gz.part.toml"]
    page.cut = None
    found = get(site, tmp_path)
    assert found.path.read_bytes() == CONTENT
    assert site.asked[1] == (PATH, f"bytes={HALF - 1}-", '"one"')
    # The second answer has no Last-Modified (RFC 9110, section 15.3.7); the first one had.
    assert (found.published == dt.date(2026, 3, 3)) == (modified is not None)
    assert names(tmp_path) == ["a-list.csv.gz"]


def test_a_part_is_known_by_its_date_where_the_tag_is_weak(
    site: Site, page: Page, tmp_path: Path
) -> None:
    page.etag, page.cut = 'W/"one"', HALF
    with pytest.raises(FetchError):
        get(site, tmp_path)
    page.cut = None
    assert get(site, tmp_path).path.read_bytes() == CONTENT
    assert site.asked[1] == (PATH, f"bytes={HALF - 1}-", page.modified)


def test_a_part_that_nothing_identifies_is_begun_anew(
    site: Site, page: Page, tmp_path: Path
) -> None:
    page.etag, page.modified, page.cut = None, None, HALF
    with pytest.raises(FetchError, match=r"broke.*by hand") as caught:
        get(site, tmp_path)
    assert "go on" not in str(caught.value)
    page.cut = None
    assert get(site, tmp_path).path.read_bytes() == CONTENT
    assert [wanted for _, wanted, _ in site.asked] == [None, None]


@pytest.mark.parametrize("change", ["new tag", "no ranges", "ignores If-Range", "shorter", "cut"])
def test_a_part_of_another_file_or_server_is_given_up(
    site: Site, page: Page, tmp_path: Path, change: str
) -> None:
    page.cut = HALF
    with pytest.raises(FetchError):
        get(site, tmp_path)
    page.cut = None
    if change == "no ranges":
        page.ranges = False
    elif change == "cut":
        (tmp_path / "a-list.csv.gz.part.toml").write_text('url = "', encoding="utf-8")
    else:
        page.content = b"new" * (5_000 if change == "shorter" else 20_000)
        page.obstinate = change in {"ignores If-Range", "shorter"}
        page.etag = '"two"'
    assert get(site, tmp_path).path.read_bytes() == page.content
    assert names(tmp_path) == ["a-list.csv.gz"]


@pytest.mark.usefixtures("page")
def test_a_kill_at_any_moment_loses_nothing(site: Site, tmp_path: Path) -> None:
    def kill(_: str, done: int, __: int | None) -> None:
        if done > killed_at:
            raise KeyboardInterrupt

    for killed_at in (0, 10_000, 30_000, 49_000):
        with pytest.raises(KeyboardInterrupt):
            get(site, tmp_path, watch=kill)
        assert not (tmp_path / "a-list.csv.gz").exists()
        assert (tmp_path / "a-list.csv.gz.part").stat().st_size > killed_at
    assert get(site, tmp_path, sha256=DIGEST).path.read_bytes() == CONTENT
    starts = [int((wanted or "bytes=0-")[6:-1]) for _, wanted, _ in site.asked]
    assert starts == sorted(set(starts))


@pytest.mark.usefixtures("page")
def test_a_part_that_is_whole_needs_one_byte_more(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            get(site, tmp_path)
    assert get(site, tmp_path).path.read_bytes() == CONTENT
    assert site.asked[1] == (PATH, "bytes=49999-", '"one"')


@pytest.mark.parametrize(
    "target",
    [
        "http://localhost/list",
        "https://user:secret@localhost/list",
        "ftp://localhost/list",
        "file:///etc/passwd",
    ],
)
def test_being_sent_to_what_is_no_https_address_is_refused(
    site: Site, tmp_path: Path, target: str
) -> None:
    site.pages[PATH] = Page(status=302, location=target)
    with pytest.raises(FetchError, match=r"sends on to|answers 302"):
        get(site, tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_being_sent_to_another_https_address_is_followed(
    site: Site, other_site: Site, tmp_path: Path, status: int
) -> None:
    site.pages[PATH] = Page(status=status, location=other_site.base + "/moved")
    other_site.pages["/moved"] = Page(CONTENT)
    found = get(site, tmp_path)
    assert (found.path.read_bytes(), found.source) == (CONTENT, site.base + PATH)


def test_a_failure_names_the_host_that_failed(site: Site, closed_port: int, tmp_path: Path) -> None:
    site.pages[PATH] = Page(status=302, location=f"https://127.0.0.1:{closed_port}/list")
    with pytest.raises(FetchError, match=rf"no connection to 127\.0\.0\.1:{closed_port}"):
        get(site, tmp_path)


def test_being_sent_around_in_a_circle_ends(site: Site, tmp_path: Path) -> None:
    site.pages[PATH] = Page(status=302, location=PATH)
    with pytest.raises(FetchError, match="answers 302"):
        get(site, tmp_path)


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (404, "has moved or is gone"),
        (403, "by hand"),
        (500, "try again later"),
        (204, "by hand"),
        (206, "by hand"),
    ],
)
def test_an_answer_without_the_file_says_what_to_do(
    site: Site, tmp_path: Path, status: int, advice: str
) -> None:
    site.pages[PATH] = Page(b"an error page" if status != 204 else b"", status=status)
    with pytest.raises(FetchError, match=f"answers {status}.*{advice}") as caught:
        get(site, tmp_path)
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == []


def test_a_server_that_falls_silent_or_drips_is_given_up(
    site: Site, page: Page, tmp_path: Path
) -> None:
    for pause in (5.0, 0.02):
        page.pause = pause
        with pytest.raises(FetchError, match=r"localhost:[0-9]+ has fallen silent.*go on from"):
            get(site, tmp_path, timeout=0.3)
    page.pause = 0
    assert get(site, tmp_path).path.read_bytes() == CONTENT


def test_no_connection_is_said_with_the_host(
    site: Site, closed_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        FetchError, match=rf"no connection to localhost:{closed_port} \(.*reference import"
    ):
        get(site, tmp_path, url=f"https://localhost:{closed_port}/")

    def offline(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    with pytest.raises(FetchError, match=r"no connection to example\.org \(Name or service"):
        get(site, tmp_path, url="https://example.org/")


@pytest.mark.usefixtures("page", "other_site")
def test_a_server_that_cannot_prove_its_name_is_not_believed(site: Site, tmp_path: Path) -> None:
    entry = UrlEntry(id="a-list", kind="vpn", licence="MIT", url=site.base + PATH)
    with pytest.raises(FetchError, match="does not prove that it is localhost"):
        fetch_url(entry, tmp_path)
    with pytest.raises(CatalogueError, match="gives no certificates"):
        fetch_url(entry, tmp_path, cafile=tmp_path / "none.pem")


@pytest.mark.usefixtures("page")
def test_a_folder_that_refuses_is_said(site: Site, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        get(site, tmp_path / "absent")
