import time
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.privacy import suppress

Row = dict[str, Any]


def cells(*rows: tuple[str | None, str | None, int | None]) -> pa.Table:
    """(day, service, members); every member makes ten connections."""
    return pa.table(
        {
            "day": pa.array([day for day, _, _ in rows], pa.string()),
            "service": pa.array([service for _, service, _ in rows], pa.string()),
            "connections": pa.array([10 * (m or 0) for _, _, m in rows], pa.int64()),
            "members": pa.array([m for _, _, m in rows], pa.int64()),
        }
    )


def open_members(table: pa.Table) -> list[int | None]:
    members: list[int | None] = table["members"].to_pylist()
    return members


def test_small_cells_lose_their_figures() -> None:
    table = cells(("a", "x", 1), ("a", "y", 4), ("a", "z", 5), ("a", None, 90), ("a", "w", 0))
    found = suppress(table, 5, groups=None)
    assert open_members(found) == [None, None, 5, 90, 0]
    assert found["connections"].to_pylist() == [None, None, 50, 900, 0]
    assert found["state"].to_pylist() == ["suppressed"] * 2 + ["measured"] * 3
    assert found["service"] == table["service"]


def test_k_of_one_suppresses_nothing() -> None:
    table = cells(("a", "x", 1), ("a", "y", None))
    assert suppress(table, 1).drop(["state"]) == table


def test_a_lone_suppressed_cell_takes_the_next_smallest_with_it() -> None:
    found = suppress(cells(("a", "x", 2), ("a", "y", 30), ("a", "z", 7), ("a", "w", 0)), 5)
    assert open_members(found) == [None, 30, None, 0]


def test_suppressed_cells_of_a_group_count_k_members_together() -> None:
    # 1 + 1 < 5: the difference from the total would be a figure about two members.
    found = suppress(cells(("a", "x", 1), ("a", "y", 1), ("a", "z", 8), ("a", "w", 9)), 5)
    assert open_members(found) == [None, None, None, 9]
    # 3 + 4 >= 5: nothing more is needed.
    found = suppress(cells(("a", "x", 3), ("a", "y", 4), ("a", "z", 8)), 5)
    assert open_members(found) == [None, None, 8]


def test_groups_are_looked_at_one_by_one() -> None:
    table = cells(("a", "x", 2), ("b", "x", 2), ("a", "y", 9), ("b", "y", 3), (None, "x", 9))
    found = suppress(table, 5, groups=("day",))
    assert open_members(found) == [None, None, None, None, 9]
    found = suppress(cells((None, "x", 2), ("a", "x", 9), (None, "y", 9)), 5, groups=("day",))
    assert open_members(found) == [None, 9, None]


def test_a_cell_of_nobody_is_taken_only_where_there_is_no_other() -> None:
    assert open_members(suppress(cells(("a", "x", 2), ("a", "w", 0)), 5)) == [None, None]
    assert open_members(suppress(cells(("a", "x", 2), ("a", "v", 0), ("a", "w", 0)), 5)) == [
        None,
        None,
        0,
    ]


def test_a_group_of_one_cell_is_its_total() -> None:
    assert open_members(suppress(cells(("a", "x", 2)), 5, groups=("day",))) == [None]
    assert open_members(suppress(cells(("a", "x", 6)), 5, groups=("day",))) == [6]


def test_unknown_members_cannot_be_shown_to_be_k() -> None:
    found = suppress(cells(("a", "x", None), ("a", "y", 9), ("a", "z", 50)), 5)
    assert open_members(found) == [None, None, 50]


def test_margins_both_ways() -> None:
    rows = [(d, s, 20 + 3 * i + j) for i, d in enumerate("abc") for j, s in enumerate("xyz")]
    rows[0] = ("a", "x", 1)
    found = suppress(cells(*rows), 5, groups=("day",), margins=[("service",)])
    hidden = np.array([m is None for m in open_members(found)]).reshape(3, 3)
    assert hidden[0, 0]
    for axis in (0, 1):
        assert set(hidden.sum(axis=axis)) <= {0, 2, 3}


def test_states_that_are_there_are_kept() -> None:
    table = cells(("a", "x", 9), ("a", "y", 9), ("a", "z", 50)).append_column(
        "state", pa.array(["suppressed", "insufficient", None])
    )
    found = suppress(table, 5, groups=None)
    assert found["state"].to_pylist() == ["suppressed", "insufficient", "measured"]
    assert open_members(found) == [None, 9, 50]
    assert open_members(suppress(table, 5)) == [None, None, 50]


def test_other_names_and_values() -> None:
    table = pa.table({"who": [1, 9, 9], "share": [0.1, 0.4, 0.5], "hour": [1, 2, 3]})
    found = suppress(table, 5, members="who", values=("share",), groups=None)
    assert found.to_pydict() == {
        "who": [None, 9, 9],
        "share": [None, 0.4, 0.5],
        "hour": [1, 2, 3],
        "state": ["suppressed", "measured", "measured"],
    }


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        suppress(cells(), 0)
    with pytest.raises(ValueError, match="no column nation"):
        suppress(cells(), 5, groups=("nation",))


def test_no_rows() -> None:
    found = suppress(cells(), 5, groups=("day", "service"))
    assert found.num_rows == 0
    assert found.column_names[-1] == "state"


GROUP = st.lists(st.integers(0, 12), min_size=1, max_size=6)


@settings(max_examples=300, deadline=None)
@given(st.lists(GROUP, max_size=6), st.integers(2, 8), st.randoms(use_true_random=False))
def test_no_single_cell_can_be_computed(groups: list[list[int]], k: int, random: Any) -> None:
    rows: list[tuple[str | None, str | None, int | None]] = [
        (f"day {i}", f"s{j}", m) for i, group in enumerate(groups) for j, m in enumerate(group)
    ]
    random.shuffle(rows)
    found = suppress(cells(*rows), k, groups=("day",)).to_pylist()
    for i, group in enumerate(groups):
        of_group = [(r, m) for r, (day, _, m) in zip(found, rows, strict=True) if day == f"day {i}"]
        hidden = [m for r, m in of_group if r["state"] == "suppressed"]
        shown = [m for r, m in of_group if r["state"] == "measured"]
        assert not any(0 < (m or 0) < k for m in shown)
        if not any(0 < m < k for m in group):
            assert not hidden
            continue
        # The sum of what is hidden is known from the group's total: it must not be one cell.
        assert len(hidden) > 1 or not shown
        assert sum(m or 0 for m in hidden) >= k or not any(shown)
        # Nothing more than needed: without the last one taken, it would be too little.
        extra = sorted(m or 0 for m in hidden if not 0 < (m or 0) < k)
        for largest in extra[-1:]:
            rest = sum(m or 0 for m in hidden) - largest
            assert len(hidden) <= 2 or rest < k


def test_a_large_table_is_quick() -> None:
    draw = np.random.default_rng(1)
    n = 100_000
    table = pa.table(
        {
            "day": draw.integers(0, 1000, n).astype(str),
            "service": draw.integers(0, 100, n).astype(str),
            "connections": draw.integers(0, 100, n),
            "members": draw.geometric(0.1, n) - 1,
        }
    )
    began = time.process_time()
    suppress(table, 5, groups=("day",), margins=[("service",)])
    assert time.process_time() - began < 3
