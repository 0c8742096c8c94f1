"""Ranges that a list states twice and otherwise: none of it in silence."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.attribute.flat import contradictions
from folkways.attribute.importing import TWICE, Imported, import_list
from folkways.attribute.intervals import Octets
from folkways.attribute.snapshot import Snapshot
from folkways.model.addresses import address_from_text
from folkways.model.columns import ADDRESS

DAY = dt.date(2026, 6, 15)
Load = Callable[..., Imported]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def do(text: str, kind: str = "country", **more: Any) -> Imported:
        path = tmp_path / "list.csv"
        path.write_text(text)
        return import_list(path, tmp_path / "lists", kind=kind, source="test", **more)

    return do


def country(done: Imported, text: str) -> Any:
    snapshot = Snapshot.load(done.list.folder)
    return snapshot.lookup("country", pa.array([address_from_text(text)], ADDRESS), DAY).values[0]


def test_a_range_with_two_values(load: Load) -> None:
    done = load(
        "203.0.113.0,203.0.113.255,US\n"
        "203.0.113.128,203.0.113.191,DE\n"
        "203.0.113.0,203.0.113.255,FR\n"
        "2001:db8::,2001:db8::ffff,SE\n"
    )
    assert done.flagged == {TWICE: 1}
    assert country(done, "203.0.113.1").as_py() == "FR"
    assert country(done, "203.0.113.130").as_py() == "DE"
    assert country(done, "2001:db8::1").as_py() == "SE"


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        # The same again, in one spelling or two, is no contradiction.
        (["203.0.113.0,203.0.113.255,US", "203.0.113.0,203.0.113.255,us"], 0),
        # A narrower range may well differ, and so may one that overlaps.
        (["203.0.113.0,203.0.113.255,US", "203.0.113.0,203.0.113.127,FR"], 0),
        (["203.0.113.0,203.0.113.255,US", "203.0.112.0,203.0.113.255,FR"], 0),
        # Ranges are counted, not rows.
        ([f"203.0.113.0,203.0.113.255,{c}" for c in ("US", "FR", "DE", "US")], 1),
        # What the file means is one range, however it is written.
        (["203.0.113.0,203.0.113.255,US", "::ffff:203.0.113.0,::ffff:203.0.113.255,FR"], 1),
        (["2001:db8::,2001:db8::ff,US", "2001:0db8::0,2001:db8:0::ff,FR"], 1),
        (["203.0.113.9,203.0.113.9,US", "203.0.113.9,203.0.113.9,FR"], 1),
        # A row that is not used contradicts nothing.
        (["203.0.113.0,203.0.113.255,US", "203.0.113.0,203.0.113.255,ZZ"], 0),
    ],
)
def test_what_is_a_contradiction(load: Load, rows: list[str], count: int) -> None:
    done = load("\n".join([*rows, "198.51.100.0,198.51.100.255,SE", ""]))
    assert done.flagged == ({TWICE: count} if count else {})


def test_prefixes_too(load: Load) -> None:
    done = load("203.0.113.0/24,JP\n203.0.113.0/24,KR\n", form="geofeed")
    assert done.flagged == {TWICE: 1}


def octets(numbers: list[int]) -> Octets:
    data = b"".join(number.to_bytes(16, "big") for number in numbers)
    return np.frombuffer(data, np.uint8).reshape(-1, 16)


RANGES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from(["a", "b", None])), max_size=12
)


@settings(deadline=None)
@given(RANGES)
def test_contradictions_against_a_plain_count(rows: list[tuple[int, int, str | None]]) -> None:
    said: dict[tuple[int, int], set[str | None]] = {}
    for first, last, value in rows:
        said.setdefault((first, last), set()).add(value)
    found = contradictions(
        octets([first for first, _, _ in rows]),
        octets([last for _, last, _ in rows]),
        pa.array([value for *_, value in rows], pa.string()),
    )
    assert found == sum(len(values) > 1 for values in said.values())
