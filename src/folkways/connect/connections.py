"""From pieces to connections: what a person would count once is counted once.

A piece opens a connection if it is known to begin one, or if no piece of the same key (member,
remote, protocol, both ports) reached into the timeout before it. So a look-back of one timeout is
enough, and the result depends only on the set of rows, not on how they were cut into files. A row
keeps its own time and bytes; what is known of a connection (name, opener, answered) is known of
all its pieces.
"""

import datetime as dt
from dataclasses import dataclass

import duckdb

from folkways.model.columns import CONNECTED
from folkways.model.period import DAY_MS, EPOCH

JOIN_TIMEOUT_MS = 120_000


@dataclass(frozen=True)
class Connected:
    """A query for the connections of a day; ``cheap``: running it twice costs less than a table."""

    query: str
    cheap: bool


_KEY = "member, remote, protocol, member_port, remote_port"
# A piece known to begin a connection goes first among those of the same instant; the rest of the
# order only makes the outcome the same for the same set of rows.
_ORDER = "start_ms, begins IS NULL, end_ms, packets_out, packets_in, bytes_out, bytes_in"
_SENT_OUT = "coalesce(packets_out, bytes_out) > 0"
_SENT_IN = "coalesce(packets_in, bytes_in) > 0"
_SYN_ONLY = "(coalesce(tcp_flags_out, 0) | coalesce(tcp_flags_in, 0)) = 2"

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

_WHOLE = """
    SELECT p.* EXCLUDE (name, name_source, opened_by),
           coalesce(p.name, n.name) AS name,
           CASE WHEN p.name IS NULL THEN n.name_source ELSE p.name_source END AS name_source,
           coalesce(opened_by, sent_first) AS opened_by,
           coalesce(flows, 1) AS opens,
           {sent_out} AS any_out, {sent_in} AS any_in,
           tcp_flags_out AS all_flags_out, tcp_flags_in AS all_flags_in
    FROM pieces p LEFT JOIN named n USING (uid)
"""

_JOINED = """
    SELECT * EXCLUDE (name, name_source, opened_by, sent_first, bound, reached, connection),
           first_value(bound.name IGNORE NULLS) OVER whole AS name,
           first_value(CASE WHEN bound.name IS NOT NULL THEN bound.name_source END IGNORE NULLS)
               OVER whole AS name_source,
           coalesce(first_value(opened_by IGNORE NULLS) OVER whole,
                    first_value(sent_first IGNORE NULLS) OVER whole) AS opened_by,
           bool_or({sent_out}) OVER whole AS any_out,
           bool_or({sent_in}) OVER whole AS any_in,
           bit_or(tcp_flags_out) OVER whole AS all_flags_out,
           bit_or(tcp_flags_in) OVER whole AS all_flags_in
    FROM (
        SELECT *, sum(opens) OVER (PARTITION BY {key} ORDER BY {order}
                                   ROWS UNBOUNDED PRECEDING) AS connection
        FROM (
            SELECT *, CASE
                WHEN flows IS NOT NULL THEN flows
                WHEN begins AND (uid IS NOT NULL OR NOT coalesce(retry, false)) THEN 1
                WHEN reached IS NULL OR start_ms - reached > {timeout} THEN 1
                ELSE 0 END AS opens
            FROM (
                SELECT p.*, {{'name': coalesce(p.name, n.name), 'name_source':
                        CASE WHEN p.name IS NULL THEN n.name_source ELSE p.name_source END}}
                        AS bound,
                    max(end_ms) OVER (PARTITION BY {key} ORDER BY {order}
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached,
                    lag({syn_only} AND flows IS NULL) OVER (PARTITION BY {key} ORDER BY {order})
                        AND start_ms - lag(end_ms) OVER (PARTITION BY {key} ORDER BY {order})
                            <= {timeout} AS retry
                FROM pieces p LEFT JOIN named n USING (uid)
            )
        )
    )
    WINDOW whole AS (PARTITION BY {key}, connection ORDER BY {order}
                     ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
"""

_CONNECTED = """
    SELECT {columns} FROM (
        SELECT * EXCLUDE (answered),
               CASE WHEN internal THEN 'internal'
                    WHEN protocol = 6 AND NOT coalesce(any_out, false) AND all_flags_in IS NOT NULL
                         AND (all_flags_in & 18 = 18 OR all_flags_in & 4 = 4) THEN 'backscatter'
                    WHEN opened_by = 'remote' AND NOT answered THEN 'scan'
                    ELSE 'use' END AS noise,
               answered
        FROM (
            SELECT *, CASE
                WHEN any_in IS NULL AND any_out IS NULL THEN NULL
                WHEN opened_by = 'member' THEN coalesce(any_in, false)
                WHEN opened_by = 'remote' THEN coalesce(any_out, false)
                ELSE coalesce(any_in, false) AND coalesce(any_out, false) END AS answered
            FROM connected_rows
        )
    )
    WHERE day = '{day}'
"""


def connections_of_day(
    con: duckdb.DuckDBPyConnection,
    observed: str,
    names: str,
    day: str,
    timeout_ms: int = JOIN_TIMEOUT_MS,
) -> Connected:
    """Join the pieces of one UTC day and bind names.

    Args:
        con: a DuckDB connection in which the two views are known.
        observed: view of ``observed`` that holds the day, the day before and the day after.
        names: view of ``names`` that holds the day and the day after.
        day: YYYY-MM-DD.
        timeout_ms: a gap longer than this between two pieces makes two connections.

    Returns:
        A query whose rows have the schema CONNECTED, those of ``day`` only. Where nothing had to
        be joined it is cheap to run again, and keeps the order of ``observed``.
    """
    start = (dt.date.fromisoformat(day) - EPOCH).days * DAY_MS
    window = f"end_ms >= {start - timeout_ms} AND start_ms < {start + DAY_MS + timeout_ms}"
    parts = {
        "key": _KEY,
        "order": _ORDER,
        "sent_out": _SENT_OUT,
        "sent_in": _SENT_IN,
        "syn_only": _SYN_ONLY,
        "timeout": timeout_ms,
    }
    whole = _only_whole(con, observed, window)
    if whole:
        pieces = f"SELECT * FROM {observed} WHERE day = '{day}'"
        rows = _WHOLE.format(**parts)
    else:
        pieces = f"SELECT * FROM {observed} WHERE {window}"
        rows = _JOINED.format(**parts)
    columns = ", ".join(CONNECTED.names)
    query = (
        f"WITH named AS ({_NAMED.format(names=names)}), pieces AS ({pieces}), "
        f"connected_rows AS ({rows}) " + _CONNECTED.format(columns=columns, day=day)
    )
    return Connected(query if whole else f"{query} ORDER BY start_ms", cheap=whole)


def _only_whole(con: duckdb.DuckDBPyConnection, observed: str, window: str) -> bool:
    """Whether every row is a whole connection or a sum, so that nothing has to be joined."""
    query = (
        f"SELECT count(*) FROM {observed} WHERE {window} "
        "AND NOT ((begins IS TRUE AND uid IS NOT NULL) OR flows IS NOT NULL)"
    )
    return con.sql(query).fetchall()[0][0] == 0
