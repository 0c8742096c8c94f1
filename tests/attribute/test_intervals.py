"""Ranges made disjoint, against a search through all of them, address by address."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from folkways.attribute.intervals import NOTHING, Finder, Ranges, flatten
from folkways.model.addresses import MAPPED_PREFIX

BASES = {
    "ipv4 low": int.from_bytes(MAPPED_PREFIX + bytes(4), "big"),
    "ipv4 high": int.from_bytes(MAPPED_PREFIX + b"\xff\xff\xff\xe0", "big"),
    "ipv6 low": 0,
    "ipv6 carry": int.from_bytes(b"\x20\x01" + bytes(5) + b"\x07" + b"\xff" * 7 + b"\xf0", "big"),
    "ipv6 high": 2**128 - 32,
}
SPACE = 32


def octets(numbers: list[int]) -> np.ndarray:
    data = b"".join(n.to_bytes(16, "big") for n in numbers)
    return np.frombuffer(data, np.uint8).reshape(-1, 16)


def make(base: int, rows: list[tuple[int, int, int]]) -> Ranges:
    return Ranges(
        octets([base + min(a, b) for a, b, _ in rows]),
        octets([base + max(a, b) for a, b, _ in rows]),
        np.array([label for _, _, label in rows], np.int64),
    )


def by_hand(rows: list[tuple[int, int, int]], at: int) -> int:
    """The narrowest range that holds it, of two alike the later one."""
    best, label = SPACE + 1, NOTHING
    for a, b, this in rows:
        low, high = min(a, b), max(a, b)
        if low <= at <= high and high - low + 1 <= best:
            best, label = high - low + 1, this
    return label


ROWS = st.lists(
    st.tuples(st.integers(0, SPACE - 1), st.integers(0, SPACE - 1), st.integers(0, 3)), max_size=12
)


@pytest.mark.parametrize("base", BASES.values(), ids=BASES.keys())
@given(rows=ROWS)
@example(rows=[(0, 31, 1), (0, 31, 2)])
@example(rows=[(31, 31, 1), (0, 31, 2)])
def test_flatten_against_a_search(base: int, rows: list[tuple[int, int, int]]) -> None:
    flat = flatten(make(base, rows))
    found = Finder(flat).find(octets([base + n for n in range(SPACE)]), np.ones(SPACE, np.bool_))
    assert found.tolist() == [by_hand(rows, n) for n in range(SPACE)]
    first = [int.from_bytes(a.tobytes(), "big") for a in flat.first]
    last = [int.from_bytes(a.tobytes(), "big") for a in flat.last]
    assert all(a <= b for a, b in zip(first, last, strict=True))
    assert all(b < a for b, a in zip(last, first[1:], strict=False))
    # Neighbours of the same label have become one.
    joined = zip(last, first[1:], flat.label, flat.label[1:], strict=False)
    assert not any(b + 1 == a and x == y for b, a, x, y in joined)


def test_both_families_at_once_and_unknown_addresses() -> None:
    v4, v6 = BASES["ipv4 low"] + 2**24, 0x2001 << 112
    ranges = Ranges(octets([v6, v4]), octets([v6 + 2**96, v4 + 255]), np.array([6, 4], np.int64))
    finder = Finder(flatten(ranges))
    asked = octets([v4, v4 + 255, v4 + 256, v6, v6 + 2**96, v6 + 2**96 + 1, 0, v4])
    known = np.array([True] * 7 + [False])
    assert finder.find(asked, known).tolist() == [4, 4, NOTHING, 6, 6, NOTHING, NOTHING, NOTHING]


def test_nothing() -> None:
    empty = Ranges(octets([]), octets([]), np.zeros(0, np.int64))
    assert len(flatten(empty)) == 0
    assert Finder(empty).find(octets([1]), np.array([True])).tolist() == [NOTHING]
    assert Finder(empty).find(octets([]), np.zeros(0, np.bool_)).tolist() == []


def test_nested_prefixes_like_a_routing_table() -> None:
    # Prefixes of all lengths, compared at random places with the longest one that holds them.
    rng = np.random.default_rng(7)
    length = rng.integers(8, 33, 20_000)
    start = rng.integers(0, 2**32, 20_000) & ~((1 << (32 - length)) - 1)
    end = start | ((1 << (32 - length)) - 1)
    base = BASES["ipv4 low"]
    flat = flatten(
        Ranges(
            octets([base + int(n) for n in start]),
            octets([base + int(n) for n in end]),
            np.arange(20_000),
        )
    )
    asked = rng.integers(0, 2**32, 300)
    found = Finder(flat).find(octets([base + int(n) for n in asked]), np.ones(300, np.bool_))
    for at, label in zip(asked, found, strict=True):
        holding = np.flatnonzero((start <= at) & (end >= at))
        deepest = holding[length[holding] == length[holding].max()] if len(holding) else [NOTHING]
        assert label == deepest[-1]
