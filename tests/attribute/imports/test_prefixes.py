"""Prefix lists and geofeeds, against Python's own ipaddress."""

import csv
import gzip
import ipaddress
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.attribute.imports.conftest import Filed, Shown

from folkways.attribute.fields import CatalogueError
from folkways.attribute.imports.addresses import prefixes
from folkways.attribute.imports.prefixes import read_geofeed, read_prefixes
from folkways.model.addresses import address_to_text


def ends(text: str) -> tuple[str, str]:
    network = ipaddress.ip_network(text, strict=False)
    return str(network[0]), str(network[-1])


def test_a_bare_list_with_comments(filed: Filed, shown: Shown) -> None:
    rows = read_prefixes(
        filed(
            "# Manually added\r\n1.2.3.0/24 # first\n  5.6.7.8\n\n   \n# 9.9.9.9\n"
            "2001:DB8::/32\n::ffff:10.0.0.0/104\n0.0.0.0/0\n::/0\n1.2.3.4/24;odd\n"
            "1.2.3.0/33\n1.2.3.0/024\n1.2.3/24\n2001:db8::/129\n16777216\nhost.example\n::/80\n"
        ),
        "mullvad",
    )
    assert shown(rows) == [
        ("1.2.3.0", "1.2.3.255", "mullvad", None),
        ("5.6.7.8", "5.6.7.8", "mullvad", None),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "mullvad", None),
        ("10.0.0.0", "10.255.255.255", "mullvad", None),
        ("0.0.0.0", "255.255.255.255", "mullvad", None),  # noqa: S104  # a range, no socket
        ("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "mullvad", None),
        ("1.2.3.0", "1.2.3.255", "mullvad", None),
    ]
    assert rows.skipped == {"not a prefix": 6, "prefix of IPv4-mapped and other addresses": 1}
    assert rows.flagged == {"host bits set": 1}
    assert rows.rows == 14


def test_values_and_names_stand_in_the_file_or_come_from_the_caller(
    filed: Filed, shown: Shown
) -> None:
    path = filed(
        gzip.compress(b'cidr,provider,region\n1.0.0.0/24,aws,"a, b"\n1.0.1.0/24,gcp\n2.0.0.0/8\n')
    )
    assert shown(read_prefixes(path)) == [
        ("1.0.0.0", "1.0.0.255", "aws", "a, b"),
        ("1.0.1.0", "1.0.1.255", "gcp", None),
        ("2.0.0.0", "2.255.255.255", None, None),
    ]
    assert {row[2] for row in shown(read_prefixes(path, "mine"))} == {"mine"}


def test_bytes_that_are_not_utf8_are_replaced(
    filed: Filed, shown: Shown, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = read_prefixes(filed(b"1.0.0.0/24,caf\xe9\n\xff\n1.0.1.0/24,\x80,\xfe,odd,width\n"))
    assert [row[2:] for row in shown(rows)] == [("caf\ufffd", None), ("\ufffd", "\ufffd")]
    assert rows.skipped == {"not a prefix": 1}
    assert capfd.readouterr().err == ""


def test_a_geofeed_gives_countries_and_no_names(filed: Filed, shown: Shown) -> None:
    rows = read_geofeed(
        filed("# RFC 8805\n192.0.2.0/25,US,US-AL,,\n192.0.2.5,JP,,Tokyo,\n2001:db8::/32,,,,\n")
    )
    assert shown(rows) == [
        ("192.0.2.0", "192.0.2.127", "US", None),
        ("192.0.2.5", "192.0.2.5", "JP", None),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
    ]


def test_a_folder_names_the_provider_of_each_file(tmp_path: Path, shown: Shown) -> None:
    folder = tmp_path / "vpn" / "ips"
    folder.mkdir(parents=True)
    (folder / "mullvad.txt").write_text("1.2.3.4/32\n", "utf-8")
    (folder / "pia.txt").write_text("5.6.7.0/24\n5.6.7.1/24\n", "utf-8")
    (folder / "Manual.txt").write_text("# nothing yet\n", "utf-8")
    rows = read_prefixes(tmp_path)
    assert [row[::2] for row in shown(rows)] == [
        ("1.2.3.4", "mullvad"),
        ("5.6.7.0", "pia"),
        ("5.6.7.0", "pia"),
    ]
    assert (rows.rows, rows.flagged) == (3, {"host bits set": 1})
    (folder / "ipv4.txt").write_text("9.0.0.0/8\n", "utf-8")
    with pytest.raises(CatalogueError, match=r"ipv4\.txt does not say whose"):
        read_prefixes(tmp_path)
    (tmp_path / "datacenter" / "ips").mkdir(parents=True)
    with pytest.raises(CatalogueError, match="several kinds"):
        read_prefixes(tmp_path)
    with pytest.raises(CatalogueError, match="holds no list"):
        read_prefixes(tmp_path / "datacenter")


@pytest.mark.parametrize(
    ("content", "value", "message"),
    [
        ("1.2.3.0/24\n", None, "does not say whose"),
        ("", "x", "is no list of prefixes"),
        ('1.2.3.4,"' + "a" * 200_000, "x", "field larger than field limit"),
        ("1.2.3.4" + "," * 100_000, "x", "no row of the needed columns"),
        ("hello\nworld\n", "x", "no row of it begins with one"),
        (b"\x1f\x8b\x08\x00damaged", "x", "is a damaged gzip file"),
        (gzip.compress(b"1.2.3.4\n" * 100, mtime=0)[:-6], "x", "is a damaged gzip file"),
        pytest.param("\n" * 3_000_000, "x", "hardly anything", id="blank lines"),
    ],
)
def test_bad_lists_give_one_line(
    filed: Filed, content: str | bytes, value: str | None, message: str
) -> None:
    with pytest.raises(CatalogueError, match=message) as caught:
        read_prefixes(filed(content), value)
    assert "\n" not in str(caught.value)


_V4 = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(
    lambda t: f"{ipaddress.IPv4Address(t[0])}/{t[1]}"
)
_V6 = st.tuples(st.integers(2**100, 2**128 - 1), st.integers(0, 128)).map(
    lambda t: f"{ipaddress.IPv6Address(t[0])}/{t[1]}"
)


@given(st.lists(st.one_of(_V4, _V6), max_size=20))
def test_prefixes_as_ipaddress_understands_them(texts: list[str]) -> None:
    found = prefixes(pa.array(texts, pa.string()))
    assert found.known.all()
    for text, first, last, odd in zip(texts, found.first, found.last, found.host_bits, strict=True):
        assert (address_to_text(first.tobytes()), address_to_text(last.tobytes())) == ends(text)
        assert odd == (str(ipaddress.ip_interface(text).ip) != ends(text)[0])


@given(st.lists(st.text(alphabet="0123456789abcf.:/, x", max_size=24), max_size=20))
def test_a_text_is_a_prefix_only_if_ipaddress_says_so(texts: list[str]) -> None:
    for text, known in zip(texts, prefixes(pa.array(texts, pa.string())).known, strict=True):
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            assert not known
        else:
            # Masks and lengths with leading zeros are not RFC 4632's way of writing.
            length = text.partition("/")[2]
            assert known == (
                length == "" or length == str(int(length)) if "." not in length else False
            )


@pytest.mark.external
def test_the_published_lists_of_clouds_and_vpns(shared_data: Path, shown: Shown) -> None:
    reference = shared_data / "reference"
    path = next((reference / "cloud_hosting").glob("*.csv.gz"))
    with gzip.open(path, "rt") as file:
        table = list(csv.reader(file))[1:]
    rows = read_prefixes(path)
    assert len(rows.values) == rows.rows == len(table) == 131_624
    wanted = [(*ends(row[0]), row[1], row[2]) for row in table[::20]]
    assert shown(rows)[::20] == wanted
    for path in sorted((reference / "lists_vpn_x4bnet" / "output").rglob("*.txt")):
        lines = path.read_text("utf-8").split()
        found = shown(read_prefixes(path, "x"))
        assert len(found) == len(lines)
        assert found[::9] == [(*ends(line), "x", None) for line in lines[::9]]
    rows = read_prefixes(reference / "lists_vpn_x4bnet" / "input" / "vpn")
    # wc -l of the four files of providers
    assert rows.values.value_counts().to_pylist() == [
        {"values": "apple", "counts": 3290},
        {"values": "mullvadvpn", "counts": 566},
        {"values": "pia", "counts": 1548},
        {"values": "protonvpn", "counts": 2715},
    ]
