"""Rows of a reference list made disjoint, so that one row answers for each address."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.attribute.intervals import Octets, Ranges, flatten
from folkways.model.addresses import addresses_from_numpy, addresses_to_numpy

_SEPARATOR = "\x1f"
_MIX = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], np.uint64
)
"""Odd numbers whose bits are well spread; any would do."""


def flat_rows(rows: pa.Table) -> pa.Table:
    """Rows (start, end, value, name and perhaps ports) as disjoint ones, in address order.

    The more specific of two wins, and of two alike the later row; but rows that speak of ports
    (relays that share an address) are joined: roles and ports of all of them. A row without value
    takes its addresses out of wider ones and is not there afterwards.
    """
    if "ports" in rows.column_names:
        rows = _joined(rows)
    first, _ = addresses_to_numpy(rows["start"])
    last, _ = addresses_to_numpy(rows["end"])
    columns = rows.column_names[2:]
    codes, place = _codes([rows[name].combine_chunks() for name in columns])
    flat = flatten(Ranges(first, last, codes))
    chosen = rows.select(columns).take(pa.array(place[flat.label]))
    ranges = [addresses_from_numpy(flat.first), addresses_from_numpy(flat.last)]
    table = pa.Table.from_arrays(
        [*ranges, *(c.combine_chunks() for c in chosen.columns)], rows.column_names
    )
    return table.filter(table["value"].is_valid())


def contradictions(first: Octets, last: Octets, values: pa.Array) -> int:
    """How many ranges stand in a list more than once with different values (null is one too).

    Args:
        first: (n, 16) addresses.
        last: (n, 16) addresses, included.
        values: (n,) text.
    """
    words = np.hstack([first, last]).view(np.uint64)
    # A sum of products is enough to leave out nearly all rows, which stand alone.
    keys = (words * _MIX).sum(axis=1, dtype=np.uint64)
    ordered = np.sort(keys)
    again = np.flatnonzero(np.isin(keys, ordered[1:][ordered[1:] == ordered[:-1]]))
    if not len(again):
        return 0
    _, group = np.unique(words[again], axis=0, return_inverse=True)
    text = pc.coalesce(values.take(pa.array(again)), pa.scalar(""))
    codes = text.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    pairs = np.unique(np.stack([group.reshape(-1), codes]), axis=1)[0]
    return int((np.bincount(pairs) > 1).sum())


def _codes(columns: list[pa.Array]) -> tuple["np.ndarray", "np.ndarray"]:
    """(n,) a number for each distinct combination, and the first row of each number."""
    text = [pc.coalesce(c, pa.scalar("")) for c in columns]
    encoded = pc.binary_join_element_wise(*text, _SEPARATOR).dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    place = np.zeros(len(encoded.dictionary), np.int64)
    place[codes[::-1]] = np.arange(len(codes))[::-1]
    return codes, place


def _joined(rows: pa.Table) -> pa.Table:
    """One row for each range: what several say of it, together."""
    lists = rows.group_by(["start", "end"], use_threads=False).aggregate(
        [("value", "list"), ("name", "first"), ("ports", "list")]
    )
    several = pc.greater(pc.list_value_length(lists["value_list"]), 1)
    alone, shared = lists.filter(pc.invert(several)), lists.filter(several)
    values = [_together(v) for v in shared["value_list"].to_pylist()]
    ports = [None if None in p else _together(p, key=int) for p in shared["ports_list"].to_pylist()]
    joined = {
        "value": pa.concat_arrays([_only(alone["value_list"]), pa.array(values, pa.string())]),
        "ports": pa.concat_arrays([_only(alone["ports_list"]), pa.array(ports, pa.string())]),
    }
    both = pa.concat_tables([alone, shared]).rename_columns(
        {"name_first": "name", "value_list": "value", "ports_list": "ports"}
    )
    for name, column in joined.items():
        both = both.set_column(both.column_names.index(name), name, column)
    return both.select(rows.column_names).combine_chunks()


def _only(lists: pa.ChunkedArray) -> pa.Array:
    return pc.list_element(lists, 0).combine_chunks()


def _together(texts: Iterable[str], key: type = str) -> str:
    """The distinct parts of texts with comma between, in order."""
    return ",".join(sorted({part for text in texts for part in text.split(",")}, key=key))
