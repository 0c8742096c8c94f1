"""Formats are recognised by content, and no content does harm."""

import bz2
import gzip
import json
import lzma
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from tests.attribute.imports.conftest import Filed, Shown
from tests.attribute.imports.mmdb_by_hand import mmdb

from folkways.attribute.fields import CatalogueError
from folkways.attribute.imports.content import opened, read_content, read_head
from folkways.attribute.imports.formats import FORMATS, format_named, recognise

CONSENSUS = (
    "@type network-status-consensus-3 1.0\nnetwork-status-version 3\nvote-status consensus\n"
    "valid-after 2018-06-01 00:00:00\nr a b c 2018-05-31 13:28:36 1.0.0.1 9001 0\n"
    "s Running\ndirectory-footer\n"
)
SAMPLES: dict[str, list[str | bytes]] = {
    "range-csv": [
        "1.0.0.0,1.0.0.255,13335,Cloudflare\n",
        '"16777216","16777471","AU","Australia"\n',
        "# a comment\nstart,end,value\n2001:db8::,2001:db8::1,64500\n1.0.0.0,1.0.0.1,1\n",
    ],
    "prefixes": [
        "1.0.0.0/24\n",
        "# comment\n1.0.0.1 # one\n2001:db8::1\n",
        "cidr,provider,region,service\n1.178.1.0/24,aws,us-west-2,EC2\n1.1.0.0/16,aws,,S3\n",
        "\ufeff1.0.0.0/24,mullvad\n",
    ],
    "geofeed": ["# feed\n192.0.2.0/24,US,US-AL,Town,\n2001:db8::/32,JP,,,\n", "1.0.0.0/8,,,\n"],
    "mmdb": [mmdb({"1.0.0.0/24": {"country_code": "AU"}}), mmdb({"1.0.0.0/8": {"asn": 1}})],
    "tor": [CONSENSUS, "ExitNode " + "0" * 40 + "\nExitAddress 1.0.0.1 2018-11-01 18:08:13\n"],
    "tor-history": ["ip,role,first_day,last_day,n\n1.0.0.1,exit,2026-01-01,2026-01-02,2\n"],
    "tor-fallbacks": [
        '/* type=fallback */\n"1.0.0.1 orport=443 id=' + "A" * 40 + '"\n',
        f"header.type fallback\n{'A' * 40}.address 1.0.0.1\n{'A' * 40}.or_port 443\n",
    ],
    "cloud": [json.dumps({"addresses": ["1.0.0.0/24"], "ipv6_addresses": []}, indent=1)],
    "rir": [
        "2|apnic|20260101|1|19830101|20260101|+1000\napnic|JP|ipv4|1.0.0.0|256|2011|allocated\n",
        "arin|US|ipv6|2001:db8::|32|20110101|assigned|x\n",
    ],
    "routes": [
        "1.0.0.0\t24\t13335\n1.0.1.0\t24\t1_2\n",
        "% RIS\n\n13335\t1.0.0.0/24\t300\n{1,2}\t2001:db8::/32\t30\n",
        "; IP-ASN32-DAT file\n1.0.0.0/24\t13335\n",
    ],
}
CASES = [(name, content) for name, contents in SAMPLES.items() for content in contents]


def packed(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


@pytest.mark.parametrize(("name", "content"), CASES)
def test_each_is_known_by_its_content_and_read(
    filed: Filed, shown: Shown, name: str, content: str | bytes
) -> None:
    for pack in (bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.compress):
        path = filed(pack(packed(content)))
        assert recognise(path) == name
    form = format_named(name)
    kind = "asn" if b"asn" in packed(content) else "cdn" if name == "cloud" else "country"
    rows = form.read(filed(content), kind, "somebody")
    assert shown(rows)
    assert form.kind in {*form.kinds, None}


def test_every_format_has_a_sample_and_a_different_name() -> None:
    assert {form.id for form in FORMATS} == set(SAMPLES)
    assert len(FORMATS) == len(SAMPLES)
    assert format_named("tor").kind == "tor-relay"
    assert format_named("mmdb").kind is None
    with pytest.raises(CatalogueError, match="known are range-csv, prefixes"):
        format_named("excel")


def test_what_is_none_or_several_asks_for_the_format(filed: Filed, tmp_path: Path) -> None:
    for content in ("", "hello\n", b"\0" * 1000, "{}", "AS9009 # M247\n", "1,2\n"):
        with pytest.raises(CatalogueError, match="--format"):
            recognise(filed(content))
    both = SAMPLES["tor"][0]
    assert isinstance(both, str)
    with pytest.raises(CatalogueError, match="can be tor or tor-fallbacks; say which with"):
        recognise(filed("/* type=fallback */\n" + both))
    with pytest.raises(CatalogueError, match="does not exist"):
        recognise(tmp_path / "absent")
    assert recognise(tmp_path) == "prefixes"


def test_damaged_and_growing_files(filed: Filed, tmp_path: Path) -> None:
    for name, pack in (("gzip", gzip.compress), ("xz", lzma.compress), ("bzip2", bz2.compress)):
        path = filed(pack(b"1.0.0.0/24\n" * 9000)[:-8])
        with pytest.raises(CatalogueError, match=f"is a damaged {name} file"):
            read_content(path)
    path = filed(zstandard.compress(b"1.0.0.0/24\n" * 90000)[:8] + b"damage")
    with pytest.raises(CatalogueError, match="is a damaged zstd file"):
        read_content(path)
    bomb = filed(gzip.compress(bytes(8 << 20)))
    assert read_head(bomb) == bytes(1 << 16)
    with pytest.raises(CatalogueError, match="beyond all bounds"):
        read_content(bomb)
    with opened(filed(bytes(100)), limit=99) as stream, pytest.raises(CatalogueError):
        stream.read(1000)
    with pytest.raises(CatalogueError, match="cannot be read"):
        read_content(tmp_path)


_TEXT = st.lists(
    st.sampled_from(
        [line for _, content in CASES if isinstance(content, str) for line in content.split("\n")]
    )
    | st.text(max_size=20),
    max_size=12,
).map(lambda lines: "\n".join(lines).encode("utf-8", "surrogatepass"))


@given(_TEXT | st.binary(max_size=300), st.integers(0, 400), st.sampled_from(FORMATS))
def test_no_content_does_harm_to_any_reader(
    tmp_path_factory: pytest.TempPathFactory,
    shown: Shown,
    content: bytes,
    end: int,
    form: object,
) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content[:end])
    try:
        recognise(path)
    except CatalogueError as error:
        assert "\n" not in str(error)  # noqa: PT017  # either outcome is right
    for kind in ("country", "cdn"):
        try:
            shown(form.read(path, kind, None))  # type: ignore[attr-defined]
        except CatalogueError as error:
            assert "\n" not in str(error)  # noqa: PT017  # either outcome is right


@pytest.mark.external
def test_published_lists_are_recognised(shared_data: Path) -> None:
    reference = shared_data / "reference"
    wanted = {
        "ip_db/*.csv.gz": "range-csv",
        "ip_db/tor_geoipdb*.gz": "range-csv",
        "ip_db/*.mmdb": "mmdb",
        "cloud_hosting/*.csv.gz": "prefixes",
        "lists_vpn_x4bnet/output/*/*.txt": "prefixes",
        "lists_vpn_x4bnet/input/vpn": "prefixes",
        "ndpi_lists/ndpi_ip*": "prefixes",
        "tor/*.txt": "prefixes",
        "tor/*.tar": "tor",
        "tor/tor_relay_ip_history*": "tor-history",
        "tor/*.cfg": "tor-fallbacks",
    }
    for pattern, name in wanted.items():
        paths = list(reference.glob(pattern))
        assert paths
        assert {recognise(path) for path in paths} == {name}
