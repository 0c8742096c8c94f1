"""Several entries at once: each for itself, one run at a time."""

import fcntl
import os
from pathlib import Path

import pytest
from tests.attribute.fetching.https_site import Page, Site
from tests.attribute.fetching.npm_client import FakeNpm, archive

from folkways.attribute.fetching.entries import NpmEntry, UrlEntry
from folkways.attribute.fetching.run import fetch
from folkways.model.errors import StorageError, UserError


def url_entry(site: Site, path: str) -> UrlEntry:
    return UrlEntry(id=path.strip("/"), kind="vpn", licence="MIT", url=site.base + path)


def test_what_fails_does_not_stop_the_others(site: Site, npm: FakeNpm, tmp_path: Path) -> None:
    site.pages["/one"], site.pages["/two"] = Page(b"1"), Page(b"2")
    npm.package(archive({"package/asn.csv": b"192.0.2.0,192.0.2.1,64500\n"}))
    package = NpmEntry(id="p", kind="asn", licence=None, package="asn")
    entries = [url_entry(site, "/one"), url_entry(site, "/gone"), package, url_entry(site, "/two")]
    folder = tmp_path / "new" / "folder"
    done, failed = fetch(entries, folder, cafile=site.cafile)
    assert [found.path.name for found in done] == ["one", "p-asn.csv", "two"]
    assert [str(error).split(" ", 1)[0] for error in failed] == [f"{site.base}/gone"]


def test_one_run_at_a_time(tmp_path: Path) -> None:
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(UserError, match="another folkways fetches into it"):
        fetch([], tmp_path)
    os.close(handle)
    assert fetch([], tmp_path) == ([], [])


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot be written"):
        fetch([], tmp_path / "file")
