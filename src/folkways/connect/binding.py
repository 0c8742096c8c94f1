"""Names from DNS: a connection without a name takes the one that its address was the answer to.

The name is the query asked for, through CNAMEs, since a service is known by it; the owner of the
address record may be a CDN's. It is bound at settle time from the stored answers, so that a log
that comes late counts. A member's own answers go first; only where none was alive, anyone's do.
Names that were alive for the address at the same moment are all kept as candidates.

An answer is alive from its time until ``TOLERANCE_S`` after its time to live, since applications
keep addresses and open further connections to them; ``MIN_LIFE_S`` is what the shortest is given,
``UNKNOWN_LIFE_S`` what an answer without a time to live is. The tolerance is long on purpose: it
brings more candidates, so that less is decided and less of it wrong (``benchmarks/binding.py``).
"""

import datetime as dt

import duckdb

from folkways.model.columns import CONNECTED
from folkways.model.period import DAY_MS, EPOCH

MIN_LIFE_S = 60
UNKNOWN_LIFE_S = 300
TOLERANCE_S = 3600
PART_ROWS = 500_000
"""Answers and connections looked at together: addresses are taken in parts, so that memory is
bounded however many there are."""
MAX_CANDIDATES = 8
MORE = "..."
"""Stands last in ``name_candidates`` where there are more than MAX_CANDIDATES."""

LOOKUP_PORTS = (53, 853, 5353, 5355)
"""DNS, over TLS or QUIC (RFC 7858, 9250), multicast (RFC 6762), LLMNR (RFC 4795)."""

_KEY = "member, remote, protocol, member_port, remote_port, start_ms"
_SAME = " AND ".join(f"c.{k} IS NOT DISTINCT FROM b.{k}" for k in _KEY.split(", "))

# A sum of flows is no connection. Pieces of one have the same opener and all lack the name, so that
# the last row that opens is the start of their connection.
_WANTED = """
    SELECT DISTINCT {key}, {opened} AS opened_ms
    FROM {connected}
    WHERE name IS NULL AND member IS NOT NULL AND noise <> 'internal' AND opens <= 1
      AND opened_by IS DISTINCT FROM 'remote'
      AND coalesce(remote_port, 0) NOT IN {lookups}
      AND remote IN (SELECT address FROM binding_all_answers)
"""
_EARLIER = """OVER (PARTITION BY member, remote, protocol, member_port, remote_port
                    ORDER BY start_ms)"""
_OPENED = f"""coalesce(max(CASE WHEN opens > 0 THEN start_ms END) {_EARLIER},
                       min(start_ms) {_EARLIER})"""

# An address as a name, a name made of an address (PTR), a single label: they name nobody.
_ANSWERS = """
    SELECT client, address, name, start_ms, max(until_ms) AS until_ms
    FROM (
        SELECT client, address, lower(rtrim(query, '.')) AS name, start_ms,
               start_ms + least({day_ms}, 1000 * (
                   {tolerance} + greatest({min_life}, coalesce(ttl_s, {unknown_life}))))
                   AS until_ms
        FROM {answers}
    )
    WHERE start_ms >= {first_ms} AND start_ms < {last_ms} AND contains(name, '.')
      AND NOT name ^@ '.' AND NOT regexp_matches(name, '[,:\\s]|^[0-9.]+$|(^|\\.)arpa$')
    GROUP BY ALL
"""

# Disjoint times by name, cut at each answer, so that the time found tells the latest one.
_OWN = """
    SELECT client, address, name, start_ms AS first_ms,
           least(coalesce(lead(start_ms) OVER later - 1, until_ms),
                 max(until_ms) OVER (later ROWS UNBOUNDED PRECEDING)) AS last_ms
    FROM binding_answers
    WHERE address IN (SELECT remote FROM binding_wanted)
      AND client IN (SELECT member FROM binding_wanted)
    WINDOW later AS (PARTITION BY client, address, name ORDER BY start_ms)
"""

# Disjoint times by name, as long as possible: a popular address has answers at every moment.
_ANYONE = """
    SELECT address, name, min(start_ms) AS first_ms, max(until_ms) AS last_ms
    FROM (
        SELECT *, count(*) FILTER (reached IS NULL OR start_ms > reached + 1) OVER (
                      PARTITION BY address, name ORDER BY start_ms, until_ms
                      ROWS UNBOUNDED PRECEDING) AS spell
        FROM (
            SELECT *, max(until_ms) OVER (PARTITION BY address, name ORDER BY start_ms, until_ms
                                          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
                          AS reached
            FROM binding_answers WHERE address IN (SELECT remote FROM binding_rest)
        )
    )
    GROUP BY address, name, spell
"""

_FOUND = """
    SELECT {key}, opened_ms, arg_min(name, (-first_ms, name)) AS name,
           min(name, {most} + 1) AS candidates
    FROM {moments} JOIN {lives} ON {match} AND opened_ms BETWEEN first_ms AND last_ms
    GROUP BY ALL
"""

_BOUND = """
    SELECT {key}, name, CASE WHEN len(candidates) > {most}
               THEN array_to_string(candidates[:{most}], ',') || ',{more}'
               WHEN len(candidates) > 1 THEN array_to_string(candidates, ',') END
               AS name_candidates
    FROM (
        SELECT w.*, coalesce(o.name, a.name) AS name,
               CASE WHEN o.name IS NULL THEN a.candidates ELSE o.candidates END AS candidates
        FROM binding_wanted w
        LEFT JOIN binding_own o USING (member, remote, opened_ms)
        LEFT JOIN binding_anyone a USING (remote, opened_ms)
    ) WHERE name IS NOT NULL
"""


def bind_names(
    con: duckdb.DuckDBPyConnection,
    connected: str,
    answers: str,
    day: str,
    *,
    min_life_s: int = MIN_LIFE_S,
    tolerance_s: int = TOLERANCE_S,
) -> str:
    """Give connections without a name the one that DNS gave for their remote address.

    A connection takes a name if its start lies in the life of an answer. It does not if the remote
    side opened it, if it is internal, a sum, or a lookup itself. The result depends on the set of
    answers only: of several names the one answered last (by anyone: whose life began last), then
    the first by text.

    Args:
        con: a DuckDB connection; temporary tables ``binding_*`` are put into it.
        connected: a view or table with the schema CONNECTED, of one day.
        answers: view of ``answers`` that holds the day and the day before.
        day: YYYY-MM-DD.
        min_life_s: the least life of an answer, seconds.
        tolerance_s: how long an answer is alive after its life, seconds.

    Returns:
        The name of a view with the schema CONNECTED, whose bound names have the source ``dns``:
        ``connected`` itself where nothing was bound. It holds until the next call.
    """
    con.execute("DROP VIEW IF EXISTS binding_named")
    _make(con, "all_answers", _answers(answers, day, min_life_s, tolerance_s))
    if not _count(con, "binding_all_answers"):
        return connected
    opened = _OPENED if _count(con, f"{connected} WHERE opens = 0 LIMIT 1") else "start_ms"
    wanted = _WANTED.format(key=_KEY, opened=opened, connected=connected, lookups=LOOKUP_PORTS)
    _make(con, "all_wanted", wanted)
    rows = _count(con, "binding_all_answers") + _count(con, "binding_all_wanted")
    parts = -(-rows // PART_ROWS)
    for part in range(parts):
        _bind_part(con, part, parts)
    for name in ("all_answers", "all_wanted", "answers", "wanted", "own", "rest", "anyone"):
        con.execute(f"DROP TABLE binding_{name}")
    if not _count(con, "binding_bound"):
        return connected
    replaced = {
        "name": "coalesce(c.name, b.name)",
        "name_source": "CASE WHEN b.name IS NULL THEN c.name_source ELSE 'dns' END",
        "name_candidates": "b.name_candidates",
    }
    # What is not wanted was not bound, but may share its key and start with what was.
    columns = ", ".join(f"{replaced.get(n, f'c.{n}')} AS {n}" for n in CONNECTED.names)
    con.execute(
        f"CREATE TEMP VIEW binding_named AS SELECT {columns} FROM {connected} c "
        f"LEFT JOIN binding_bound b ON {_SAME} AND c.name IS NULL AND c.opens <= 1 "
        "AND c.noise <> 'internal' AND c.opened_by IS DISTINCT FROM 'remote'"
    )
    return "binding_named"


def _bind_part(con: duckdb.DuckDBPyConnection, part: int, parts: int) -> None:
    """Add what is bound of the addresses of one part to ``binding_bound``."""
    for name, column in (("answers", "address"), ("wanted", "remote")):
        here = f"hash({column}) % {parts} = {part}"
        _make(con, name, f"SELECT * FROM binding_all_{name} WHERE {here}")
    own = "member = client AND remote = address"
    moments = "(SELECT DISTINCT member, remote, opened_ms FROM binding_wanted)"
    _make(con, "own", _found("member, remote", moments, _OWN, own))
    rest = """SELECT DISTINCT remote, opened_ms FROM binding_wanted
              ANTI JOIN binding_own USING (member, remote, opened_ms)"""
    _make(con, "rest", rest)
    _make(con, "anyone", _found("remote", "binding_rest", _ANYONE, "remote = address"))
    found = _BOUND.format(key=_KEY, most=MAX_CANDIDATES, more=MORE)
    if part == 0:
        _make(con, "bound", found)
    else:
        con.execute(f"INSERT INTO binding_bound {found}").fetchall()


def _answers(answers: str, day: str, min_life_s: int, tolerance_s: int) -> str:
    start = (dt.date.fromisoformat(day) - EPOCH).days * DAY_MS
    return _ANSWERS.format(
        answers=answers,
        day_ms=DAY_MS,
        tolerance=tolerance_s,
        min_life=min_life_s,
        unknown_life=UNKNOWN_LIFE_S,
        first_ms=start - DAY_MS,
        last_ms=start + DAY_MS,
    )


def _found(key: str, moments: str, lives: str, match: str) -> str:
    return _FOUND.format(
        key=key, moments=moments, lives=f"({lives})", match=match, most=MAX_CANDIDATES
    )


def _make(con: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE binding_{name} AS {query}").fetchall()


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    rows: int = con.execute(f"SELECT count(*) FROM (SELECT 1 FROM {table})").fetchall()[0][0]
    return rows
