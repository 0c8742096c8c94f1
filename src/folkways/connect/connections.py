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

from folkways.connect.duplicates import (
    KEY,
    SENT_IN,
    SENT_OUT,
    TOLERANCE_MS,
    marked,
    what_is_seen,
)
from folkways.model.columns import CONNECTED
from folkways.model.period import DAY_MS, EPOCH
from folkways.model.population import Duplicates

JOIN_TIMEOUT_MS = 120_000


@dataclass(frozen=True)
class Connected:
    """A query for the connections of a day; ``cheap``: running it twice costs less than a table."""

    query: str
    cheap: bool


# A piece known to begin a connection goes first among those of the same instant; the rest of the
# order only makes the outcome the same for the same set of rows.
_ORDER = "start_ms, begins IS NULL, end_ms, packets_out, packets_in, bytes_out, bytes_in"
_SYN_ONLY = "(coalesce(tcp_flags_out, 0) | coalesce(tcp_flags_in, 0)) = 2"
# With several sightings: a duplicate goes where its kept row is, though its clock may be earlier.
_ORDER_TWICE = f"{_ORDER}, exporter, observation_point"
_PLACE_TWICE = f"start_ms + CASE WHEN spare THEN {TOLERANCE_MS} ELSE 0 END, spare, {_ORDER_TWICE}"

# What is asked of all pieces of a connection, as bits, since one window costs less than ten. Flags
# take eight bits each.
_BITS = {
    "flags_out": (0, "tcp_flags_out"),
    "flags_in": (8, "tcp_flags_in"),
    "syn_ack_out": (16, "packets_out = 1 AND tcp_flags_out & 18 = 18"),
    "syn_ack_in": (17, "packets_in = 1 AND tcp_flags_in & 18 = 18"),
    "syn_out": (18, "tcp_flags_out & 18 = 2"),
    "syn_in": (19, "tcp_flags_in & 18 = 2"),
    "sent_out": (20, SENT_OUT),
    "sent_in": (21, SENT_IN),
    "counted_out": (22, f"({SENT_OUT}) IS NOT NULL"),
    "counted_in": (23, f"({SENT_IN}) IS NOT NULL"),
    "flags_in_known": (24, "tcp_flags_in IS NOT NULL"),
    "sampled": (25, "sampling > 1"),
}
_EVIDENCE = " | ".join(
    f"(coalesce(({what})::BIGINT, 0) * {1 << bit})" for bit, what in _BITS.values()
)


def _is(*names: str) -> str:
    """Whether any of these bits is set in ``told``."""
    return f"told & {sum(1 << _BITS[name][0] for name in names)} > 0"


_TOLD = f"""
    CASE WHEN {_is("sent_out", "counted_out")} THEN {_is("sent_out")} END AS any_out,
    CASE WHEN {_is("sent_in", "counted_in")} THEN {_is("sent_in")} END AS any_in,
    told & 255 AS all_flags_out,
    CASE WHEN {_is("flags_in_known")} THEN told >> {_BITS["flags_in"][0]} & 255 END AS all_flags_in,
    {_is("sampled")} AS any_sampled,
    {_is("syn_ack_out")} AS syn_ack_out, {_is("syn_ack_in")} AS syn_ack_in,
    {_is("syn_out")} AS syn_out, {_is("syn_in")} AS syn_in
"""

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
           tcp_flags_out AS all_flags_out, tcp_flags_in AS all_flags_in,
           false AS any_sampled
    FROM marked p LEFT JOIN named n USING (uid)
"""

# Who opened, by the order of trust: what the source says; a SYN without ACK on one side only (flags
# of a piece are the OR of its packets', so that most pieces of TCP have both); a lone SYN-ACK; who
# sent first, if that can be told: not by samples, not by equal times, and not by one direction of
# TCP whose sender acknowledges what is missing here.
_OPENED_BY = """
    CASE WHEN said IS NOT NULL THEN said
         WHEN syn_out AND NOT syn_in THEN 'member'
         WHEN syn_in AND NOT syn_out THEN 'remote'
         WHEN syn_ack_in AND NOT syn_ack_out AND any_out THEN 'member'
         WHEN syn_ack_out AND NOT syn_ack_in AND any_in THEN 'remote'
         WHEN any_sampled OR first_out = first_in OR {established} THEN NULL
         WHEN first_in IS NULL OR first_out < first_in THEN
             CASE WHEN first_out IS NOT NULL THEN 'member' END
         ELSE 'remote' END
"""
# Only one side was seen, but it acknowledges, and not by SYN-ACK or RST alone, which a stranger's
# forged packet calls forth too: the other side was there, on a path that was not observed.
_ESTABLISHED = """(protocol = 6 AND coalesce(any_out, false) <> coalesce(any_in, false)
    AND (coalesce(all_flags_out, 0) | coalesce(all_flags_in, 0)) & 16 = 16
    AND ((coalesce(all_flags_out, 0) | coalesce(all_flags_in, 0)) & 9 > 0
         OR (coalesce(all_flags_out, 0) | coalesce(all_flags_in, 0)) & 6 = 0))"""

_JOINED = """
    SELECT * EXCLUDE (said, told, syn_out, syn_in, syn_ack_out, syn_ack_in, first_out, first_in),
           {opened_by} AS opened_by
    FROM (SELECT *, {told} FROM (
        SELECT * EXCLUDE (name, name_source, opened_by, sent_first, bound, reached, connection,
                          spare, retry),
               first_value(bound.name IGNORE NULLS) OVER whole AS name,
               first_value(CASE WHEN bound.name IS NOT NULL THEN bound.name_source END IGNORE NULLS)
                   OVER whole AS name_source,
               first_value(opened_by IGNORE NULLS) OVER whole AS said,
               bit_or({evidence}) OVER whole AS told,
               min(CASE WHEN NOT spare AND sent_first = 'member' THEN start_ms END) OVER whole
                   AS first_out,
               min(CASE WHEN NOT spare AND sent_first = 'remote' THEN start_ms END) OVER whole
                   AS first_in
        FROM (
            SELECT *, sum(opens) OVER (PARTITION BY {key} ORDER BY {place}
                                       ROWS UNBOUNDED PRECEDING) AS connection
            FROM (
                SELECT *, CASE
                    WHEN spare THEN 0
                    WHEN flows IS NOT NULL THEN flows
                    WHEN begins AND (uid IS NOT NULL OR NOT coalesce(retry, false)) THEN 1
                    WHEN reached IS NULL OR start_ms - reached > {timeout} THEN 1
                    ELSE 0 END AS opens
                FROM (
                    SELECT p.*, coalesce(seen = 'duplicate', false) AS spare,
                        {{'name': coalesce(p.name, n.name), 'name_source':
                            CASE WHEN p.name IS NULL THEN n.name_source ELSE p.name_source END}}
                            AS bound,
                        max(end_ms) OVER (piece
                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached,
                        lag({syn_only} AND flows IS NULL) OVER piece
                            AND start_ms - lag(end_ms) OVER piece <= {timeout} AS retry
                    FROM marked p LEFT JOIN named n USING (uid)
                    WINDOW piece AS (PARTITION BY {kept} ORDER BY {order})
                )
            )
        )
        WINDOW whole AS (PARTITION BY {key}, connection ORDER BY {place}
                         ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ))
"""

_CONNECTED = """
    SELECT {columns} FROM (
        SELECT * EXCLUDE (answered, flaws),
               CASE WHEN seen = 'twice' THEN concat_ws(',', flaws, 'seen-twice') ELSE flaws END
                   AS flaws,
               CASE WHEN seen = 'duplicate' THEN 'duplicate'
                    WHEN internal THEN 'internal'
                    WHEN protocol = 6 AND NOT coalesce(any_out, false) AND NOT any_sampled
                         AND all_flags_in & 9 = 0
                         AND (all_flags_in & 18 = 18 OR all_flags_in & 4 = 4) THEN 'backscatter'
                    WHEN opened_by = 'remote' AND any_in AND NOT coalesce(any_out, false)
                         AND answered IS NOT TRUE THEN 'scan'
                    ELSE 'use' END AS noise,
               answered, CAST(NULL AS VARCHAR) AS name_candidates
        FROM (
            SELECT *, CASE
                WHEN any_in IS NULL AND any_out IS NULL THEN NULL
                WHEN any_in AND any_out THEN true
                WHEN {established} THEN true
                WHEN any_sampled THEN NULL
                WHEN opened_by = 'member' THEN coalesce(any_in, false)
                WHEN opened_by = 'remote' THEN coalesce(any_out, false)
                ELSE false END AS answered
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
    *,
    timeout_ms: int = JOIN_TIMEOUT_MS,
    duplicates: Duplicates = "once",
) -> Connected:
    """Join the pieces of one UTC day and bind names.

    Args:
        con: a DuckDB connection in which the two views are known.
        observed: view of ``observed`` that holds the day, the day before and the day after.
        names: view of ``names`` that holds the day and the day after.
        day: YYYY-MM-DD.
        timeout_ms: a gap longer than this between two pieces makes two connections.
        duplicates: "once": of packets that were seen twice one report is used, the others have
            the noise ``duplicate`` and open nothing; "all": they stay, with the flaw ``seen-twice``
            (as they do under sampling, where nobody can tell). See ``connect/duplicates.py``.

    Returns:
        A query whose rows have the schema CONNECTED, those of ``day`` only. Where nothing had to
        be joined it is cheap to run again, and keeps the order of ``observed``.
    """
    start = (dt.date.fromisoformat(day) - EPOCH).days * DAY_MS
    window = f"end_ms >= {start - timeout_ms} AND start_ms < {start + DAY_MS + timeout_ms}"
    seen = what_is_seen(con, observed, window)
    twice = seen.twice or seen.translated
    whole = not twice and _only_whole(con, observed, window)
    parts = {
        "key": KEY,
        "kept": f"{KEY}, coalesce(seen = 'duplicate', false)" if twice else KEY,
        "order": _ORDER_TWICE if twice else _ORDER,
        "place": _PLACE_TWICE if twice else _ORDER,
        "evidence": _EVIDENCE,
        "told": _TOLD,
        "sent_out": SENT_OUT,
        "sent_in": SENT_IN,
        "syn_only": _SYN_ONLY,
        "timeout": timeout_ms,
        "established": _ESTABLISHED,
        "opened_by": _OPENED_BY.format(established=_ESTABLISHED),
    }
    of_day = f"day = '{day}'" if whole else window
    steps = [
        f"named AS ({_NAMED.format(names=names)})",
        f"pieces AS (SELECT * FROM {observed} WHERE {of_day})",
        *marked("pieces", seen, duplicates, timeout_ms),
        f"connected_rows AS ({(_WHOLE if whole else _JOINED).format(**parts)})",
    ]
    columns = ", ".join(CONNECTED.names)
    query = f"WITH {', '.join(steps)} " + _CONNECTED.format(
        columns=columns, day=day, established=_ESTABLISHED
    )
    return Connected(query if whole else f"{query} ORDER BY start_ms", cheap=whole)


def _only_whole(con: duckdb.DuckDBPyConnection, observed: str, window: str) -> bool:
    """Whether every row is a whole connection or a sum, so that nothing has to be joined."""
    query = (
        f"SELECT count(*) FROM {observed} WHERE {window} "
        "AND NOT ((begins IS TRUE AND uid IS NOT NULL) OR flows IS NOT NULL)"
    )
    return con.sql(query).fetchall()[0][0] == 0
