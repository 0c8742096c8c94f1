"""The walk of all messages at once against one that follows a message at a time."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.read.suricata.chains import MAX_HOPS, UNKNOWN, Links, walk

NAMES = 24
NAME = st.integers(UNKNOWN, NAMES - 1)
RECORD = st.tuples(st.integers(0, 2), NAME, NAME, st.integers(UNKNOWN, 99))
Row = tuple[int, int, int, int]


def plain(query: list[int], rows: list[Row]) -> list[tuple[str | None, int] | None]:
    """For each address (a row without a target) the chain and ttl, None where none leads there."""
    found: list[tuple[str | None, int] | None] = []
    for message, owner, target, ttl in rows:
        if target != UNKNOWN:
            continue
        passed, limits = [query[message]], []
        while passed[-1] != owner and len(passed) <= MAX_HOPS:
            hops = [r for r in rows if r[:2] == (message, passed[-1]) and r[2] != UNKNOWN]
            if not hops or hops[0][2] in passed:
                break
            passed.append(hops[0][2])
            limits.append(hops[0][3])
        chain = ",".join(map(str, passed)) if len(passed) > 1 else None
        reached = owner != UNKNOWN and passed[-1] == owner
        found.append((chain, min([*limits, ttl])) if reached else None)
    return found


def walked(query: list[int], rows: list[Row]) -> list[tuple[str | None, int] | None]:
    columns = np.array(rows, np.int64).reshape(-1, 4)
    links = Links(*columns.T)
    names = pa.array([str(n) for n in range(NAMES)])
    found = walk(np.array(query), links, columns[:, 2] == UNKNOWN, names)
    pairs = zip(found.reached, found.chain.to_pylist(), found.ttl, strict=True)
    return [(chain, int(ttl)) if reached else None for reached, chain, ttl in pairs]


@settings(max_examples=150, deadline=None)
@given(st.lists(NAME, min_size=3, max_size=3), st.lists(RECORD, max_size=25))
def test_the_walk_is_that_of_each_message(query: list[int], rows: list[Row]) -> None:
    assert walked(query, rows) == plain(query, rows)


def test_a_chain_longer_than_resolvers_follow() -> None:
    rows = [(0, n, n + 1, 60) for n in range(NAMES - 1)]
    ends = [(0, MAX_HOPS, UNKNOWN, 7), (0, MAX_HOPS + 1, UNKNOWN, 7)]
    chain = ",".join(str(n) for n in range(MAX_HOPS + 1))
    assert walked([0], [*ends, *rows]) == [(chain, 7), None]
