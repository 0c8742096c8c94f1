"""Sets of ways of hiding, kept in one number: the n-th value of HIDDEN is bit n."""

from collections.abc import Iterable

import pyarrow as pa

from folkways.model.ways import HIDDEN


def bit(way: str) -> int:
    """The set of one way."""
    return 1 << HIDDEN.index(way)


def bits(values: Iterable[str | None]) -> pa.Array:
    """Each value of HIDDEN as a set of one, none as the empty set."""
    return pa.array([0 if v is None else bit(v) for v in values], pa.int16())


def hidden_sets() -> pa.Table:
    """(bits, hidden): each set as text, sorted, comma between; the empty one is not there."""
    sets = range(1, 1 << len(HIDDEN))
    texts = [",".join(h for n, h in enumerate(HIDDEN) if held >> n & 1) for held in sets]
    return pa.table({"bits": pa.array(sets, pa.int16()), "hidden": pa.array(texts, pa.string())})
