"""From pieces to connections: what a person would count once is counted once.

A piece opens a connection if it is known to begin one, or if no piece of the same key (member,
remote, protocol, both ports) reached into the timeout before it. A piece of TCP without SYN opens
nothing where the connection was seen before. What is known of a connection (name, label, opener,
answered) is known of all its pieces; a row keeps its own time and bytes. What the day needs from
before comes from the day before, and from what was open then (``open_connections``), so that the
result depends only on the set of rows, not on how they were cut into files.
"""

import datetime as dt
from dataclasses import dataclass

import duckdb

from folkways.connect.contest import KEY, SENT_IN, SENT_OUT
from folkways.connect.duplicates import Marked, mark
from folkways.connect.evidence import (
    ANSWERED,
    EVIDENCE,
    LONE_REPLY,
    NOISE,
    OPENED_BY,
    REPLY_OUT,
    TOLD,
)
from folkways.connect.local import local_remote
from folkways.connect.same_meter import TOLERANCE_MS
from folkways.model.columns import CONNECTED, OBSERVED
from folkways.model.period import DAY_MS, EPOCH
from folkways.model.population import Duplicates

JOIN_TIMEOUT_MS = 120_000


@dataclass(frozen=True)
class Connected:
    """A query for the connections of a day; ``cheap``: running it twice costs less than a table."""

    query: str
    cheap: bool


_OUTPUT = ", ".join(
    (
        *OBSERVED.names,
        *("name_candidates", "seen", "opens", "replied_out", "any_out", "any_in"),
        *("all_flags_out", "all_flags_in", "any_sampled"),
    )
)
"""What both ways of joining give for the last step."""

_SYN_ONLY = "(coalesce(tcp_flags_out, 0) | coalesce(tcp_flags_in, 0)) = 2"
# Flags that are known, without a SYN: what comes after a silence goes on.
_GOES_ON = """(protocol = 6 AND coalesce(tcp_flags_out, tcp_flags_in) IS NOT NULL
    AND (coalesce(tcp_flags_out, 0) | coalesce(tcp_flags_in, 0)) & 2 = 0
    AND coalesce(sampling, 1) = 1)"""

# A piece known to begin a connection goes first among those of the same instant; the rest of the
# order only makes the outcome the same for the same set of rows.
_ORDER = """start_ms, begins IS NULL, end_ms, packets_out, packets_in, bytes_out, bytes_in,
    exporter, observation_point"""
# A duplicate goes where its kept row is, though its clock may be earlier.
_PLACE = f"start_ms + CASE WHEN spare THEN {TOLERANCE_MS} ELSE 0 END, spare, {_ORDER}"

# The order of trust where a sensor logs several names for one connection.
_NAMED = """
    SELECT uid, arg_min(name, place) AS name, arg_min(name_source, place) AS name_source
    FROM (
        SELECT uid, name, name_source,
               (CASE name_source WHEN 'quic' THEN 0 WHEN 'tls' THEN 1 ELSE 2 END, start_ms, name)
                   AS place
        FROM {names} WHERE name IS NOT NULL
    ) GROUP BY uid
"""

_WHOLE = f"""
    SELECT * REPLACE (CASE WHEN any_in THEN opened_by WHEN {LONE_REPLY} THEN 'remote'
                           ELSE opened_by END AS opened_by)
    FROM (
        SELECT p.* REPLACE (
                   coalesce(p.name, n.name) AS name,
                   CASE WHEN p.name IS NULL THEN n.name_source ELSE p.name_source END
                       AS name_source,
                   coalesce(opened_by, sent_first) AS opened_by),
               coalesce(flows, 1) AS opens,
               {SENT_OUT} AS any_out, {SENT_IN} AS any_in,
               tcp_flags_out AS all_flags_out, tcp_flags_in AS all_flags_in,
               false AS any_sampled, {REPLY_OUT} AS replied_out
        FROM {{pieces}} p LEFT JOIN named n USING (uid)
    )
"""

_JOINED = f"""
    SELECT * REPLACE ({OPENED_BY} AS opened_by)
    FROM (SELECT *, {TOLD} FROM (
        SELECT * REPLACE (
                   first_value(bound.name IGNORE NULLS) OVER whole AS name,
                   first_value(CASE WHEN bound.name IS NOT NULL THEN bound.name_source END
                       IGNORE NULLS) OVER whole AS name_source,
                   first_value(CASE WHEN bound.name IS NOT NULL THEN
                       coalesce(name_candidates, '') END IGNORE NULLS) OVER whole
                       AS name_candidates,
                   first_value(sensor_label IGNORE NULLS) OVER whole AS sensor_label),
               first_value(opened_by IGNORE NULLS) OVER whole AS said,
               bit_or({EVIDENCE}) OVER whole AS told,
               min(CASE WHEN NOT spare AND sent_first = 'member' THEN start_ms END) OVER whole
                   AS first_out,
               min(CASE WHEN NOT spare AND sent_first = 'remote' THEN start_ms END) OVER whole
                   AS first_in
        FROM (
            SELECT *, sum(opens) OVER (PARTITION BY {KEY} ORDER BY {_PLACE}
                                       ROWS UNBOUNDED PRECEDING) AS connection
            FROM (
                SELECT *, CASE
                    WHEN spare THEN 0
                    WHEN flows IS NOT NULL THEN flows
                    WHEN begins AND (uid IS NOT NULL OR NOT coalesce(retry, false)) THEN 1
                    WHEN reached IS NULL THEN 1
                    WHEN start_ms - reached > {{timeout}} AND NOT {_GOES_ON} THEN 1
                    ELSE 0 END AS opens
                FROM (
                    SELECT p.*,
                        {{{{'name': coalesce(p.name, n.name), 'name_source':
                            CASE WHEN p.name IS NULL THEN n.name_source ELSE p.name_source END}}}}
                            AS bound,
                        max(end_ms) OVER (piece
                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached,
                        lag({_SYN_ONLY} AND flows IS NULL) OVER piece
                            AND start_ms - lag(end_ms) OVER piece <= {{timeout}} AS retry
                    FROM (SELECT *, coalesce(seen IN ('duplicate', 'interim'), false) AS spare
                          FROM {{pieces}}) p
                    LEFT JOIN named n USING (uid)
                    WINDOW piece AS (PARTITION BY {KEY}, spare ORDER BY {_ORDER})
                )
            )
        )
        WINDOW whole AS (PARTITION BY {KEY}, connection ORDER BY {_PLACE}
                         ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ))
"""

_COLUMNS = ", ".join(CONNECTED.names)
_CONNECTED = f"""
    SELECT {_COLUMNS} FROM (
        SELECT *, {NOISE} AS noise FROM (
            SELECT * REPLACE (
                       CASE WHEN seen = 'twice' THEN concat_ws(',', flaws, 'seen-twice')
                            ELSE flaws END AS flaws,
                       nullif(name_candidates, '') AS name_candidates),
                   {ANSWERED} AS answered,
                   {{envelope}} AS envelope, {{local}} AS local
            FROM ({{rows}}) WHERE day = '{{day}}'
        )
    )
"""
_ENVELOPE = "uid IS NOT NULL AND uid IN (SELECT uid FROM envelopes)"


def connections_of_day(
    con: duckdb.DuckDBPyConnection,
    observed: str,
    names: str,
    day: str,
    *,
    open_before: str | None = None,
    timeout_ms: int = JOIN_TIMEOUT_MS,
    duplicates: Duplicates = "once",
    anonymised: bool = False,
) -> Connected:
    """Join the pieces of one UTC day and bind names.

    Args:
        con: a DuckDB connection in which the views are known; temporary tables and views are put
            into it.
        observed: view of ``observed`` that holds the day, the day before and the day after.
        names: view of ``names`` that holds the day and the day after.
        day: YYYY-MM-DD.
        open_before: view of ``open_connections`` of the day before; None: nothing was open.
        timeout_ms: a gap longer than this between two pieces makes two connections.
        duplicates: "once": of packets that were seen twice one report is used, the others have
            the noise ``duplicate`` and open nothing; "all": they stay, with the flaw ``seen-twice``
            (as they do under sampling, where nobody can tell). See ``connect/duplicates.py``.
        anonymised: remote addresses are no real ones, so that none is known to be local.

    Returns:
        A query whose rows have the schema CONNECTED, those of ``day`` only. Where nothing had to
        be joined it is cheap to run again, and keeps the order of ``observed``.
    """
    start = (dt.date.fromisoformat(day) - EPOCH).days * DAY_MS
    window = f"end_ms >= {start - timeout_ms} AND start_ms < {start + DAY_MS + timeout_ms}"
    columns = ", ".join(OBSERVED.names)
    pieces = f"SELECT {columns} FROM {observed} WHERE {window}"
    carried = None
    if open_before is not None:
        pieces += f" UNION ALL SELECT {columns} FROM {open_before} WHERE NOT summary AND {window}"
        if con.sql(f"SELECT 1 FROM {open_before} WHERE summary LIMIT 1").fetchall():
            carried = (
                f"SELECT {columns}, name_candidates, false AS outside, NULL::VARCHAR AS seen "
                f"FROM {open_before} WHERE summary"
            )
    con.execute("DROP VIEW IF EXISTS day_pieces")
    con.execute(f"CREATE TEMP VIEW day_pieces AS {pieces}")
    marked = mark(con, "day_pieces", duplicates, timeout_ms)
    whole = carried is None and _only_whole(con, "day_pieces")
    if whole and not marked.contested:
        # Nothing of another day matters, and a look at the day alone costs less.
        plain = f"(SELECT *, NULL::VARCHAR AS seen FROM {observed} WHERE day = '{day}')"
        marked = Marked(plain, None)
    query = f"WITH named AS ({_NAMED.format(names=names)}) " + _CONNECTED.format(
        rows=_rows(marked, carried, timeout_ms, whole=whole),
        day=day,
        envelope=_envelope(con, observed),
        local="false" if anonymised else local_remote("remote"),
    )
    return Connected(query if whole else f"{query} ORDER BY start_ms", cheap=whole)


def _rows(marked: Marked, carried: str | None, timeout_ms: int, *, whole: bool) -> str:
    """A query for the rows with what is known of their connections.

    Where all rows are whole connections, only those of contested keys have to be joined.
    """
    plain, *others = (
        f"SELECT *, NULL::VARCHAR AS name_candidates FROM {pieces}"
        for pieces in (marked.plain, marked.contested)
        if pieces is not None
    )
    if carried is not None:
        others.append(carried)
    parts = others if whole else [plain, *others]
    joined = _JOINED.format(pieces=f"({' UNION ALL BY NAME '.join(parts)})", timeout=timeout_ms)
    if not whole:
        return joined
    rows = f"SELECT {_OUTPUT} FROM ({_WHOLE.format(pieces=f'({plain})')})"
    return f"{rows} UNION ALL SELECT {_OUTPUT} FROM ({joined})" if others else rows


def _envelope(con: duckdb.DuckDBPyConnection, observed: str) -> str:
    """A condition for rows of tunnels whose content has rows of its own."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE envelopes AS SELECT DISTINCT parent_uid AS uid "
        f"FROM {observed} WHERE parent_uid IS NOT NULL"
    ).fetchall()
    return _ENVELOPE if con.sql("SELECT 1 FROM envelopes LIMIT 1").fetchall() else "false"


def _only_whole(con: duckdb.DuckDBPyConnection, pieces: str) -> bool:
    """Whether every row is a whole connection or a sum, so that nothing has to be joined."""
    query = (
        f"SELECT count(*) FROM {pieces} "
        "WHERE NOT ((begins IS TRUE AND uid IS NOT NULL) OR flows IS NOT NULL)"
    )
    return con.sql(query).fetchall()[0][0] == 0
