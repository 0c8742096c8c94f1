"""MaxMind DB files, made by hand and published, against the maxminddb library."""

import datetime as dt
import importlib.util
import ipaddress
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.attribute.imports.conftest import Filed, Shown
from tests.attribute.imports.mmdb_by_hand import encoded, mmdb

from folkways.attribute.fields import CatalogueError
from folkways.attribute.imports.mmdb import read_mmdb
from folkways.attribute.imports.mmdb_data import Decoder, MmdbError
from folkways.attribute.intervals import NOTHING, Finder, Ranges
from folkways.model.addresses import address_from_text

AU = {"country": {"iso_code": "AU", "names": {"en": "Australia", "de": "Australien"}}}
LONG = "x" * 400


@pytest.mark.parametrize("size", [24, 28, 32])
def test_countries_in_each_size_of_record(filed: Filed, shown: Shown, size: int) -> None:
    rows = read_mmdb(
        filed(
            mmdb(
                {
                    "1.0.0.0/24": AU,
                    "1.0.1.0/32": {"country_code": "CN"},
                    "1.0.1.1/32": {"country": "JP"},
                    "2.0.0.0/8": {"continent": {"code": "EU"}, "location": {"latitude": 1.5}},
                    "2001:db8::/32": AU,
                },
                size=size,
            )
        ),
        "country",
    )
    assert shown(rows) == [
        ("1.0.0.0", "1.0.0.255", "AU", None),
        ("1.0.1.0", "1.0.1.0", "CN", None),
        ("1.0.1.1", "1.0.1.1", "JP", None),
        ("2.0.0.0", "2.255.255.255", None, None),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "AU", None),
    ]
    assert rows.dates == (dt.date(2017, 7, 14), dt.date(2017, 7, 14))


def test_as_numbers_and_a_tree_of_ipv4(filed: Filed, shown: Shown) -> None:
    record = {"autonomous_system_number": 13335, "autonomous_system_organization": LONG}
    content = mmdb({"0.0.0.0/1": record, "128.0.0.0/1": {"asn": "AS1", "as_name": ""}}, version=4)
    assert shown(read_mmdb(filed(content), "asn")) == [
        ("0.0.0.0", "127.255.255.255", "13335", LONG),  # noqa: S104  # a range, no socket
        ("128.0.0.0", "255.255.255.255", "AS1", None),
    ]
    with pytest.raises(CatalogueError, match="holds nothing for a list of kind country"):
        read_mmdb(filed(content), "country")


def test_other_ways_to_the_ipv4_addresses_are_not_read_again(filed: Filed, shown: Shown) -> None:
    content = mmdb({"1.0.0.0/24": AU}, aliases=("::ffff:0:0/96", "2002::/16", "2001::/32"))
    assert [row[0] for row in shown(read_mmdb(filed(content), "country"))] == ["1.0.0.0"]


def test_records_that_point_to_shared_parts(filed: Filed, shown: Shown) -> None:
    pointer = bytes([1 << 5, 0])  # two bytes: the place 0
    content = mmdb({"1.0.0.0/24": {"country": pointer}}, before=encoded({"iso_code": "NZ"}))
    assert shown(read_mmdb(filed(content), "country"))[0][2] == "NZ"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it has no metadata"),
        (mmdb({}), "holds nothing for a list of kind"),
        (mmdb({"1.0.0.0/24": AU}, node_count=2**30), "its tree is cut"),
        (mmdb({"1.0.0.0/24": AU}, node_count=0), "its tree is cut"),
        (mmdb({"1.0.0.0/24": AU}, node_count="many"), "lacks numbers"),
        (mmdb({"1.0.0.0/24": AU}, record_size={"a": 1}), "lacks numbers"),
        (mmdb({"1.0.0.0/24": AU}, record_size=20), "unknown format"),
        (mmdb({"1.0.0.0/24": AU}, binary_format_major_version=3), "unknown format"),
        (mmdb({"1.0.0.0/24": AU})[:-40], "a record is cut"),
        (mmdb({"1.0.0.0/24": AU})[200:], "no sound MaxMind DB"),
        (mmdb({"1.0.0.0/24": bytes([1 << 5, 0])}), "nested or repeated"),
        (mmdb({"1.0.0.0/24": bytes([0xE1, 0xC1, 1, 0xC1, 1])}), "a key is no text"),
        (mmdb({"1.0.0.0/24": bytes([0x00, 6])}), "unknown type 13"),
        (mmdb({"1.0.0.0/24": bytes([0xC5]) + bytes(5)}), "unknown type 6 or length 5"),
        (mmdb({"1.0.0.0/24": bytes([0x5F, 0xFF, 0xFF, 0xFF])}), "a record is cut"),
        # both records of the root lead to the root
        (bytes(6) + mmdb({"0.0.0.0/1": AU}, version=4)[6:], "leads to a node twice"),
        # the tree of an IPv6 file whose bits are said to be those of IPv4
        (mmdb({"2001:db8::/64": AU}, ip_version=4), "deeper than an address"),
    ],
)
def test_damaged_files_give_one_line(filed: Filed, content: bytes, message: str) -> None:
    with pytest.raises(CatalogueError, match=message) as caught:
        read_mmdb(filed(content), "country")
    assert "\n" not in str(caught.value)


def test_records_that_share_their_parts_without_end_are_refused() -> None:
    # Each list holds the list before it twice: 2**60 parts in a few hundred bytes.
    data = bytearray(encoded("x"))
    place = 0
    for _ in range(60):
        pointer = bytes([1 << 5 | place >> 8, place & 0xFF])
        place = len(data)
        data += encoded([pointer, pointer])
    with pytest.raises(MmdbError, match="without end"):
        Decoder(memoryview(bytes(data))).decode(place)


_RECORDS = st.recursive(
    st.text(max_size=300) | st.integers(0, 2**64 - 1) | st.booleans(),
    lambda inner: st.lists(inner, max_size=40) | st.dictionaries(st.text(max_size=40), inner),
    max_leaves=20,
)


@given(_RECORDS)
def test_what_is_encoded_is_decoded(record: Any) -> None:
    assert Decoder(memoryview(encoded(record))).decode(0) == record


@given(st.data())
def test_no_change_of_a_file_does_harm(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(mmdb({"1.0.0.0/24": AU, "2001:db8::/32": {"country_code": "DE"}}))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "changed.mmdb"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        rows = read_mmdb(path, "country")
    except CatalogueError:
        return
    assert len(rows.values) == len(rows.first)


@pytest.mark.external
def test_a_published_file_as_maxminddb_reads_it(
    shared_data: Path, needs: Callable[[str, bool], None]
) -> None:
    needs("the package maxminddb", importlib.util.find_spec("maxminddb") is not None)
    import maxminddb

    path = shared_data / "reference" / "ip_db" / "iptoasn-country.mmdb"
    rows = read_mmdb(path, "country")
    finder = Finder(Ranges(rows.first, rows.last, np.arange(len(rows.values))))
    rng = random.Random(4)  # noqa: S311  # a sample, no secret
    texts = [str(ipaddress.IPv4Address(rng.getrandbits(32))) for _ in range(20_000)]
    texts += [
        str(ipaddress.IPv6Address(0x20 << 120 | rng.getrandbits(125) >> rng.randrange(90)))
        for _ in range(20_000)
    ]
    octets = np.frombuffer(b"".join(address_from_text(t) or b"" for t in texts), np.uint8)
    row = finder.find(octets.reshape(-1, 16), np.ones(len(texts), np.bool_))
    values = rows.values.to_pylist()
    with maxminddb.open_database(path) as reader:
        assert len(values) == sum(1 for _ in reader)
        for text, at in zip(texts, row, strict=True):
            record = reader.get(text)
            wanted = record["country_code"] if isinstance(record, dict) else None
            assert wanted == (None if at == NOTHING else values[at]), text
