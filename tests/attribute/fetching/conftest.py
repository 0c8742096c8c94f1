"""Servers and an npm client to fetch from, all on this machine."""

from collections.abc import Iterator

import pytest
from tests.attribute.fetching.https_site import Site, serving
from tests.attribute.fetching.npm_client import FakeNpm


@pytest.fixture
def site(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "*")
    with serving(tmp_path_factory.mktemp("site")) as found:
        yield found


@pytest.fixture
def other_site(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Iterator[Site]:
    """A second server, which the certificates of the first one vouch for as well."""
    with serving(tmp_path_factory.mktemp("other")) as found:
        site.cafile.write_bytes(site.cafile.read_bytes() + found.cafile.read_bytes())
        yield found


@pytest.fixture
def npm(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> FakeNpm:
    client = FakeNpm(tmp_path_factory.mktemp("bin"))
    client.install()
    monkeypatch.setenv("PATH", str(client.folder))
    return client
