"""Which rows state packets that another row states too. One traffic is counted once.

The theory stands in ``docs/ontology.md``: rows of one meter (``same_meter``), of several
(``other_meters``), reports of a NAT's outside, tunnels with their content. What is decided depends
on the set of rows alone, not on their order, files or ingests.
"""

from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.connect.clocks import METER, clocks
from folkways.connect.contest import EXCLUSIVE, KEY, SENT_IN, SENT_OUT, contested_keys
from folkways.connect.other_meters import chains, repeated
from folkways.connect.same_meter import (
    TOLERANCE_MS,
    same_rows,
    shares,
    stated_anew,
    two_at_a_time,
)
from folkways.connect.statements import Flags, Statements, statements
from folkways.model.columns import OBSERVED
from folkways.model.population import Duplicates

DECIDED_ROWS = 1_000_000
"""Rows about which is decided at once; keys are taken in parts."""

_TELLING = tuple(name for name in OBSERVED.names if name not in {"day", "source"})
_OUTSIDE = "outside"

# Both ends of what a translation says. A packet that comes in is translated from the outside to the
# inside, any other from the inside to the outside. Translated ports alone would name another
# connection of the same two addresses, if the address behind them is not in the population.
_TRANSLATIONS = """
    SELECT outer_end, start_ms, max(end_ms) AS end_ms, min(inner_end) AS inner_end
    FROM (
        SELECT start_ms, end_ms, CASE WHEN incoming THEN before ELSE after END AS outer_end,
               CASE WHEN incoming THEN after ELSE before END AS inner_end
        FROM (
            SELECT start_ms, end_ms,
                   coalesce({sent_in}, false) AND NOT coalesce({sent_out}, false) AS incoming,
                   {before} AS before, {after} AS after
            FROM {pieces} WHERE translated_member IS NOT NULL OR translated_remote IS NOT NULL
        )
    )
    WHERE outer_end <> inner_end GROUP BY ALL
"""

_BEFORE = """{'member': member, 'member_port': coalesce(member_port, -1),
    'remote': remote, 'remote_port': coalesce(remote_port, -1), 'protocol': protocol}"""
_AFTER = """{'member': coalesce(translated_member, member),
    'member_port': coalesce(translated_member_port, member_port, -1),
    'remote': coalesce(translated_remote, remote),
    'remote_port': coalesce(translated_remote_port, remote_port, -1), 'protocol': protocol}"""

_INSIDE = """
    SELECT p.* EXCLUDE (own, until, inner_end) REPLACE (
               CASE WHEN outside THEN inner_end.member ELSE member END AS member,
               CASE WHEN outside THEN nullif(inner_end.member_port, -1)
                    ELSE member_port END AS member_port,
               CASE WHEN outside THEN inner_end.remote ELSE remote END AS remote,
               CASE WHEN outside THEN nullif(inner_end.remote_port, -1)
                    ELSE remote_port END AS remote_port)
    FROM (
        SELECT q.*, t.inner_end, coalesce(t.end_ms + {tolerance} >= q.start_ms, false) AS outside
        FROM (SELECT *, {before} AS own, end_ms + {tolerance} AS until FROM {pieces}) q
        ASOF LEFT JOIN ({translations}) t ON q.own = t.outer_end AND q.until >= t.start_ms
    ) p
"""

_STATEMENTS = f"""
    SELECT row, hash({KEY}) AS key, hash({", ".join(_TELLING)}) AS identity, uid,
           exporter, observation_point, source,
           start_ms - coalesce(ahead_ms, 0) AS start_ms, end_ms - coalesce(ahead_ms, 0) AS end_ms,
           packets_out, packets_in, bytes_out, bytes_in,
           flows IS NULL AND member IS NOT NULL AND remote IS NOT NULL
               AND (protocol NOT IN (6, 17, 132)
                    OR (member_port IS NOT NULL AND remote_port IS NOT NULL)) AS comparable,
           {EXCLUSIVE} AS exclusive,
           begins IS TRUE AND uid IS NOT NULL AS whole, cumulative,
           coalesce(sampling, 1) > 1 AS sampled, {_OUTSIDE}, flaws IS NOT NULL AS flawed
    FROM contested_rows LEFT JOIN contested_clocks ON {METER} = meter
    WHERE hash({KEY}) % {{parts}} = {{part}}
"""


@dataclass(frozen=True)
class Marked:
    """Two views of pieces, with a column ``seen``: of keys that are not contested, and of others.

    ``seen`` is ``duplicate`` (a kept row states the packets too), ``interim`` (a later row of the
    connection states them anew), ``twice`` (like duplicate, but it stays) or null.
    """

    plain: str
    contested: str | None


def mark(
    con: duckdb.DuckDBPyConnection, pieces: str, duplicates: Duplicates, timeout_ms: int
) -> Marked:
    """Find the rows of a view that state what others state.

    A NAT box's two reports are one transfer whatever ``duplicates`` asks for, and so is what one
    meter states more than once. Rows of a NAT's outside get the key of the inside.

    Args:
        con: a DuckDB connection; temporary tables and views ``contested_*`` are put into it.
        pieces: a view with the schema OBSERVED.
        duplicates: "all" lets what several meters state stay, as "twice".
        timeout_ms: a silence longer than this ends a connection.
    """
    for kind, name in (
        ("VIEW", "marked"),
        ("TABLE", "marks"),
        ("TABLE", "rows"),
        ("TABLE", "keys"),
    ):
        con.execute(f"DROP {kind} IF EXISTS contested_{name}")
    inside = _inside(con, pieces)
    keys = contested_keys(con, inside)
    if not len(keys):
        return Marked(f"(SELECT *, NULL::VARCHAR AS seen FROM {inside})", None)
    con.register("contested_found", pa.table({"key": keys}))
    con.execute("CREATE TEMP TABLE contested_keys AS SELECT key FROM contested_found").fetchall()
    con.unregister("contested_found")
    here = f"FROM {inside} WHERE hash({KEY}) {{}} (SELECT key FROM contested_keys)"
    con.execute(
        "CREATE TEMP TABLE contested_rows AS SELECT row_number() OVER () AS row, * "
        + here.format("IN")
    ).fetchall()
    _decide(con, duplicates, timeout_ms)
    shared = ", ".join(
        f"CAST(round({name} * kept) AS BIGINT) AS {name}"
        for name in ("bytes_out", "bytes_in", "packets_out", "packets_in")
    )
    con.execute(
        f"""CREATE TEMP VIEW contested_marked AS
        SELECT * EXCLUDE (row, kept) REPLACE ({shared}, CASE WHEN kept < 1
            THEN concat_ws(',', flaws, 'partly-repeated') ELSE flaws END AS flaws)
        FROM (SELECT r.*, m.seen, coalesce(m.kept, 1) AS kept
              FROM contested_rows r LEFT JOIN contested_marks m USING (row))"""
    )
    return Marked(f"(SELECT *, NULL::VARCHAR AS seen {here.format('NOT IN')})", "contested_marked")


def _inside(con: duckdb.DuckDBPyConnection, pieces: str) -> str:
    """The pieces, rows of a NAT's outside under the key of the inside and marked ``outside``."""
    moved = con.sql(
        f"SELECT 1 FROM {pieces} WHERE translated_member IS NOT NULL "
        "OR translated_remote IS NOT NULL LIMIT 1"
    ).fetchall()
    if not moved:
        return f"(SELECT *, false AS {_OUTSIDE} FROM {pieces})"
    parts = {
        "pieces": pieces,
        "sent_out": SENT_OUT,
        "sent_in": SENT_IN,
        "before": _BEFORE,
        "after": _AFTER,
        "tolerance": TOLERANCE_MS,
    }
    inside = _INSIDE.format(translations=_TRANSLATIONS.format(**parts), **parts)
    con.execute(f"CREATE OR REPLACE TEMP TABLE inside_rows AS {inside}").fetchall()
    return "inside_rows"


def _decide(con: duckdb.DuckDBPyConnection, duplicates: Duplicates, timeout_ms: int) -> None:
    """Fill ``contested_marks`` with the rows that are not kept whole."""
    con.execute(
        "CREATE TEMP TABLE contested_marks (row BIGINT, seen VARCHAR, kept DOUBLE)"
    ).fetchall()
    con.register("contested_clocks", clocks(con, "contested_rows", KEY))
    rows = con.sql("SELECT count(*) FROM contested_rows").fetchall()[0][0]
    parts = -(-rows // DECIDED_ROWS)
    for part in range(parts):
        query = _STATEMENTS.format(parts=parts, part=part)
        found = con.sql(query).to_arrow_table().combine_chunks()
        marks = _marks(_numbered(found), duplicates, timeout_ms)
        con.register("contested_part", marks)
        con.execute("INSERT INTO contested_marks SELECT * FROM contested_part").fetchall()
        con.unregister("contested_part")
    con.unregister("contested_clocks")


def _numbered(found: pa.Table) -> Statements:
    """With meters and sources as numbers in the order of their names, unknown ones first."""
    meter = np.zeros(found.num_rows, np.int64)
    for name in ("exporter", "observation_point"):
        places, most = _ranks(found[name])
        meter = meter * (most + 1) + places
    numbers = {"meter": meter, "source_number": _ranks(found["source"])[0]}
    for name, values in numbers.items():
        found = found.append_column(name, pa.array(values))
    return statements(found)


def _ranks(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], int]:
    encoded = column.combine_chunks().dictionary_encode()
    texts = encoded.dictionary
    ranks = np.empty(len(texts), np.int64)
    ranks[pc.array_sort_indices(texts).to_numpy()] = np.arange(1, len(texts) + 1)
    indices = encoded.indices
    at = indices.fill_null(0).to_numpy()
    known = indices.is_valid().to_numpy(zero_copy_only=False)
    return np.where(known, ranks[at] if len(texts) else 0, 0), len(texts)


def _marks(rows: Statements, duplicates: Duplicates, timeout_ms: int) -> pa.Table:
    words = np.full(len(rows), None, object)
    alive = np.arange(len(rows))

    def set_aside(gone: Flags, word: str) -> None:
        nonlocal alive
        words[alive[gone]] = word
        alive = alive[~gone]

    set_aside(same_rows(rows), "duplicate")
    set_aside(stated_anew(rows.take(alive)), "interim")
    set_aside(two_at_a_time(rows.take(alive)), "duplicate")
    kept = np.ones(len(rows), np.float64)
    kept[alive] = shares(rows.take(alive))
    alive = alive[rows.comparable[alive]]
    left = rows.take(alive)
    found = chains(left, timeout_ms)
    again = repeated(left, found, timeout_ms)
    apart = _of_another_exporter(left, found.chain)
    stays = again & ~left.outside & (found.sampled | (apart & (duplicates == "all")))
    words[alive[again]] = "duplicate"
    words[alive[stays]] = "twice"
    chosen = np.flatnonzero((words != None) | (kept < 1))  # noqa: E711  # one a row
    return pa.table(
        {
            "row": rows.row[chosen],
            "seen": pa.array(words[chosen], pa.string()),
            "kept": kept[chosen],
        }
    )


def _of_another_exporter(rows: Statements, chain: npt.NDArray[np.int64]) -> Flags:
    """Rows in whose chain more than one exporter or observation point reported."""
    most, least = (
        np.full(int(chain.max(initial=-1)) + 1, start, np.int64) for start in (-1, 1 << 62)
    )
    np.maximum.at(most, chain, rows.meter)
    np.minimum.at(least, chain, rows.meter)
    several: Flags = (most != least)[chain]
    return several
