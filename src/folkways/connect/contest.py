"""Which keys have rows that may state the same packets. Most have none, and cost a look only.

A key is contested if two of its rows start together, overlap, or, by different meters, are not
further apart than clocks may be. Hashes stand for keys, so that one may be looked at for nothing,
but none is missed.
"""

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from folkways.connect.clocks import APART_MS
from folkways.connect.same_meter import TOLERANCE_MS
from folkways.connect.statements import groups, reached_before

KEY = "member, remote, protocol, member_port, remote_port"
SENT_OUT = "coalesce(packets_out, bytes_out) > 0"
SENT_IN = "coalesce(packets_in, bytes_in) > 0"
PART_ROWS = 8_000_000
"""Rows that are looked at together; of more, hashes of keys are taken in parts."""

EXCLUSIVE = """coalesce(exclusive OR uid IS NOT NULL, false) AND flows IS NULL
    AND member_port IS NOT NULL AND remote_port IS NOT NULL"""

_KEYS = "SELECT key FROM (SELECT hash({key}) AS key FROM {pieces}) WHERE {part}"
_TIMES = f"""
    SELECT key, start_ms, end_ms, meter, ways FROM (
        SELECT hash({KEY}) AS key, start_ms, end_ms, hash(exporter, observation_point) AS meter,
               CASE WHEN coalesce({SENT_OUT}, false) THEN 1 ELSE 0 END
               + CASE WHEN coalesce({SENT_IN}, false) THEN 2 ELSE 0 END AS ways
        FROM {{pieces}}
    ) WHERE key IN (SELECT key FROM more_than_once)
"""


def contested_keys(con: duckdb.DuckDBPyConnection, pieces: str) -> npt.NDArray[np.uint64]:
    """Hashes of the contested keys among the rows of a view or table, ascending."""
    rows = con.sql(f"SELECT count(*) FROM {pieces}").fetchall()[0][0]
    parts = max(1, -(-rows // PART_ROWS))
    found = [_contested(con, pieces, f"key % {parts} = {part}") for part in range(parts)]
    return np.unique(np.concatenate(found))


def _contested(con: duckdb.DuckDBPyConnection, pieces: str, part: str) -> npt.NDArray[np.uint64]:
    keys = _column(con.sql(_KEYS.format(key=KEY, pieces=pieces, part=part)), "key")
    keys.sort()
    again = np.unique(keys[1:][keys[1:] == keys[:-1]])
    if not len(again):
        return again
    con.register("more_than_once", pa.table({"key": again}))
    try:
        times = con.sql(_TIMES.format(pieces=pieces)).to_arrow_table()
    finally:
        con.unregister("more_than_once")
    columns = {name: times[name].to_numpy() for name in times.schema.names}
    start = columns["start_ms"] - columns["start_ms"].min()
    end = np.maximum(columns["end_ms"] - columns["start_ms"].min(), start)
    found = [np.zeros(0, np.uint64)]
    for way in (1, 2):
        chosen = np.flatnonzero((columns["ways"] & way > 0) | (columns["ways"] == 0))
        key, meter = columns["key"][chosen], columns["meter"][chosen]
        found.append(key[_near(key, meter, start[chosen], end[chosen])])
    return np.unique(np.concatenate(found))


def _near(
    key: npt.NDArray[np.uint64],
    meter: npt.NDArray[np.uint64],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
) -> npt.NDArray[np.bool_]:
    """Rows that start before or with the end of an earlier one of their key."""
    if not len(key):
        return np.zeros(0, np.bool_)
    group = groups(key)
    order = np.lexsort((end, start, group))
    ordered, begins = group[order], start[order]
    reached = reached_before(ordered, np.minimum(end, (1 << 40) - 1)[order])
    several = np.zeros(int(group.max()) + 1, np.bool_)
    changed = (ordered[1:] == ordered[:-1]) & (meter[order][1:] != meter[order][:-1])
    several[ordered[1:][changed]] = True
    together = np.zeros(len(key), np.bool_)
    together[1:] = (ordered[1:] == ordered[:-1]) & (begins[1:] - begins[:-1] < TOLERANCE_MS)
    touches = (reached >= 0) & (
        (begins < reached) | together | (several[ordered] & (begins <= reached + APART_MS))
    )
    found = np.zeros(len(key), np.bool_)
    found[order] = touches
    return found


def _column(query: duckdb.DuckDBPyRelation, name: str) -> npt.NDArray[np.uint64]:
    chunks = [batch.column(name).to_numpy() for batch in query.to_arrow_reader(1_000_000)]
    return np.concatenate([np.zeros(0, np.uint64), *chunks])
