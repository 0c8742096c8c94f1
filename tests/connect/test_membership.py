import ipaddress

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.connect.membership import OUTSIDE, Membership
from folkways.model.addresses import MAPPED_PREFIX, address_from_text
from folkways.model.population import Population, Range

FOREVER = 2**62


def make_range(prefix: str, from_ms: int = -FOREVER, to_ms: int = FOREVER) -> Range:
    network = ipaddress.ip_network(prefix)
    ends = [network.network_address.packed, network.broadcast_address.packed]
    first, last = (e if len(e) == 16 else MAPPED_PREFIX + e for e in ends)
    return Range(prefix, first, last, from_ms, to_ms, prefix)


def find(membership: Membership, texts: list[str], at_ms: list[int]) -> list[int]:
    addresses = [address_from_text(t) for t in texts]
    octets = np.frombuffer(b"".join(a or b"" for a in addresses), np.uint8).reshape(-1, 16)
    known = np.ones(len(texts), np.bool_)
    return membership.find(octets, known, np.array(at_ms, np.int64)).tolist()


def test_both_families_and_every_spelling() -> None:
    membership = Membership((make_range("198.51.100.0/24"), make_range("2001:db8:a::/48")))
    texts = [
        "198.51.100.255",
        "198.51.101.0",
        "::ffff:198.51.100.1",
        "2001:DB8:A::1",
        "2001:db8::1",
    ]
    assert find(membership, texts, [0] * 5) == [0, OUTSIDE, 0, 1, OUTSIDE]


def test_a_range_counts_only_between_its_dates() -> None:
    membership = Membership((make_range("192.0.2.0/24", 1000, 2000),))
    assert find(membership, ["192.0.2.1"] * 4, [999, 1000, 1999, 2000]) == [-1, 0, 0, -1]


def test_the_same_prefix_at_two_dates_is_two_ranges() -> None:
    ranges = (make_range("192.0.2.0/24", 0, 10), make_range("192.0.2.0/25", 10, 20))
    assert find(Membership(ranges), ["192.0.2.1", "192.0.2.1", "192.0.2.200"], [5, 15, 15]) == [
        0,
        1,
        OUTSIDE,
    ]


def test_population_dates_are_local_days_and_include_the_last() -> None:
    population = Population.parse(
        'timezone = "Asia/Pyongyang"\n[[range]]\nprefix = "192.0.2.0/24"\n'
        "from = 2017-04-01\nto = 2017-04-01\n"
    )
    first = 1_490_974_200_000  # 2017-03-31T15:30:00Z is midnight at UTC+8:30
    membership = Membership(population.ranges)
    times = [first - 1, first, first + 86_400_000 - 1, first + 86_400_000]
    assert find(membership, ["192.0.2.1"] * 4, times) == [-1, 0, 0, -1]


PREFIXES = st.builds(
    lambda base, length: ipaddress.ip_network((base, length), strict=False),
    st.integers(0, 2**32 - 1),
    st.integers(1, 32),
)


@settings(max_examples=100)
@given(
    st.lists(PREFIXES, min_size=1, max_size=8),
    st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=20),
)
def test_same_as_asking_each_range(
    networks: list[ipaddress.IPv4Network], addresses: list[int]
) -> None:
    # Ranges that share addresses are given times of their own, as a population demands.
    ranges = tuple(make_range(str(n), i * 10, i * 10 + 10) for i, n in enumerate(networks))
    edges = [int(n.network_address) for n in networks] + [
        int(n.broadcast_address) for n in networks
    ]
    texts = [str(ipaddress.IPv4Address(a)) for a in addresses + edges]
    for i, network in enumerate(networks):
        expected = [i if ipaddress.ip_address(t) in network else OUTSIDE for t in texts]
        assert find(Membership(ranges), texts, [i * 10] * len(texts)) == expected
