"""Remote addresses that are no use of the internet, told alike by SQL and by arrays."""

import ipaddress
import tomllib
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.connect.local import is_local, local_ranges, local_remote
from folkways.model.addresses import address_from_text, addresses_to_numpy

LOCAL = (
    *("0.0.0.1", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255"),
    *("127.0.0.1", "169.254.1.1", "172.16.0.0", "172.31.255.255", "192.0.0.8", "192.0.0.11"),
    *("192.168.0.0", "192.168.255.255", "224.0.0.251", "239.255.255.250", "240.0.0.1"),
    *("255.255.255.255", "::", "::1", "::10.0.0.1", "::ffff:10.0.0.1", "fe80::1", "febf::1"),
    *("fec0::1", "fc00::", "fdff::1", "ff02::1:2", "ff0e::1", "100::1", "100:0:0:1::1", "5f00::1"),
)
REMOTE = (
    *("1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"),
    *("128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0"),
    *("191.255.255.255", "192.0.0.9", "192.0.0.10", "192.0.1.0", "192.88.99.1", "192.167.255.255"),
    *("192.169.0.0", "223.255.255.255", "2001:db8::1", "2606:4700::1", "64:ff9b::a00:1"),
    *("64:ff9b:1::1", "2002:a00:1::1", "2001::1", "100:0:0:2::1", "fbff::1"),
    *("192.0.2.1", "198.51.100.255", "203.0.113.9", "198.18.0.1", "198.19.255.255", "3fff::1"),
)


def by_sql(addresses: list[bytes | None]) -> list[bool]:
    con = duckdb.connect()
    con.register("t", pa.table({"a": pa.array(addresses, pa.binary(16))}))
    return [row[0] for row in con.sql(f"SELECT {local_remote('a')} FROM t").fetchall()]


def by_arrays(addresses: list[bytes | None]) -> list[bool]:
    return is_local(*addresses_to_numpy(pa.array(addresses, pa.binary(16)))).tolist()


@pytest.mark.parametrize("way", [by_sql, by_arrays])
def test_what_is_local_and_what_is_not(way: Callable[[list[bytes | None]], list[bool]]) -> None:
    for texts, local in ((LOCAL, True), (REMOTE, False)):
        found = way([address_from_text(text) for text in texts])
        assert dict(zip(texts, found, strict=True)) == dict.fromkeys(texts, local)
    assert way([None]) == [False]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.one_of(
            st.binary(min_size=16, max_size=16),
            st.binary(min_size=4, max_size=4).map(lambda b: b"\0" * 10 + b"\xff\xff" + b),
            st.sampled_from([end for ends in local_ranges() for end in ends]),
            st.none(),
        ),
        min_size=1,
    )
)
def test_both_ways_say_the_same(addresses: list[bytes | None]) -> None:
    assert by_sql(addresses) == by_arrays(addresses)


def _entries(kind: str) -> list[Any]:
    text = files("folkways.connect").joinpath("special_purpose.toml").read_text("utf-8")
    entries: list[Any] = tomllib.loads(text)[kind]
    return entries


@settings(deadline=None, max_examples=200)
@given(st.one_of(st.integers(0, 2**32 - 1), st.integers(0, 255).map(lambda n: n << 24)))
def test_ipv4_is_told_as_the_standard_library_tells_it(number: int) -> None:
    address = ipaddress.IPv4Address(number)
    # The assignments inside 192.0.0.0/24 differ between its versions.
    apart = [ipaddress.ip_network(e["prefix"]) for e in _entries("ordinary")]
    if any(address in network for network in (*apart, ipaddress.ip_network("192.0.0.0/24"))):
        return
    expected = not address.is_global or address.is_multicast
    assert by_arrays([address_from_text(str(address))]) == [expected]


def test_ordinary_ranges_are_said_and_are_ordinary() -> None:
    networks = [ipaddress.ip_network(entry["prefix"]) for entry in _entries("ordinary")]
    ends = [str(network[at]) for network in networks for at in (0, -1)]
    assert not any(by_arrays([address_from_text(text) for text in ends]))
    assert all(entry["about"] for kind in ("local", "ordinary") for entry in _entries(kind))


def test_ranges_are_in_order_and_apart() -> None:
    ranges = local_ranges()
    flat = np.array([end for ends in ranges for end in ends], "S16")
    assert (flat[1:-1:2] < flat[2::2]).all()
    assert all(first <= last for first, last in ranges)
