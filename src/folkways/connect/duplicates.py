"""Which rows report packets that another row reports too: another exporter, egress, a NAT box.

Two sightings (exporter and observation point) of one key and direction whose rows overlap in time
are the same packets. Of each row only the best sighting around it is kept; which is best depends
on the set of rows alone. A NAT box's report of the outside is one more sighting of the inside.
"""

from dataclasses import dataclass

import duckdb

from folkways.model.population import Duplicates

TOLERANCE_MS = 2_000
"""How far the clocks of two exporters, or the two reports of one, may lie apart."""


@dataclass(frozen=True)
class Seen:
    """What a window holds: more than one sighting; rows that carry a translation."""

    twice: bool
    translated: bool


KEY = "member, remote, protocol, member_port, remote_port"
SENT_OUT = "coalesce(packets_out, bytes_out) > 0"
SENT_IN = "coalesce(packets_in, bytes_in) > 0"

# Ranks below the third are compared with the best three: more than four sightings of one
# connection whose best three saw only a part of it are not worth a window each.
_RANKS = (1, 2, 3)

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
    SELECT p.* REPLACE (
               CASE WHEN outside THEN inner_end.member ELSE member END AS member,
               CASE WHEN outside THEN nullif(inner_end.member_port, -1)
                    ELSE member_port END AS member_port,
               CASE WHEN outside THEN inner_end.remote ELSE remote END AS remote,
               CASE WHEN outside THEN nullif(inner_end.remote_port, -1)
                    ELSE remote_port END AS remote_port)
    FROM (
        SELECT q.*, t.inner_end, coalesce(t.end_ms + {tolerance} >= q.start_ms, false) AS outside
        FROM (SELECT *, {before} AS own, end_ms + {tolerance} AS until FROM {pieces}) q
        ASOF LEFT JOIN translations t ON q.own = t.outer_end AND q.until >= t.start_ms
    ) p
"""

_MARKED = """
    SELECT * EXCLUDE (outside, reached, chain, both_ways, lane, comparable, packets, two_way,
                      sampled, place, {covers}),
           CASE WHEN comparable AND (CASE place WHEN 1 THEN false {by_place}
                    ELSE {cover} >= start_ms - {tolerance} END)
                THEN CASE WHEN sampled THEN 'twice' WHEN outside THEN 'duplicate' ELSE '{word}' END
           END AS seen
    FROM (
        SELECT *, {windows}
        FROM (
            SELECT *, CASE WHEN comparable THEN dense_rank() OVER (
                    PARTITION BY {key}, chain, lane, comparable
                    ORDER BY outside, NOT two_way, packets DESC, exporter, observation_point)
                END AS place
            FROM (
                SELECT *,
                       sum(coalesce(packets_out, 0) + coalesce(packets_in, 0)) OVER sighting
                           AS packets,
                       bool_or(both_ways) OVER sighting AS two_way,
                       bool_or(coalesce(sampling, 1) > 1) OVER passage AS sampled
                FROM (
                    SELECT *, CASE WHEN bool_or(both_ways) OVER (PARTITION BY {key}, chain) THEN 0
                                   WHEN {sent_out} THEN 1 WHEN {sent_in} THEN 2
                                   ELSE 3 END AS lane
                    FROM ({chained})
                )
                WINDOW passage AS (PARTITION BY {key}, chain, lane),
                    sighting AS (PARTITION BY {key}, chain, lane, outside, exporter,
                                 observation_point)
            )
        )
        WINDOW around AS (
            PARTITION BY {key}, chain, lane, comparable ORDER BY start_ms
            RANGE BETWEEN UNBOUNDED PRECEDING AND end_ms - start_ms + {tolerance} FOLLOWING)
    )
"""

_CHAINED = """
    SELECT *, sum((reached IS NULL OR start_ms - reached > {timeout})::INTEGER) OVER (
               PARTITION BY {key} ORDER BY start_ms, end_ms DESC
               RANGE UNBOUNDED PRECEDING) AS chain
    FROM (
        SELECT *, max(end_ms) OVER (PARTITION BY {key} ORDER BY start_ms, end_ms DESC
                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached,
               coalesce({sent_out} AND {sent_in}, false) AS both_ways,
               flows IS NULL AND (protocol NOT IN (6, 17, 132)
                   OR (member_port IS NOT NULL AND remote_port IS NOT NULL)) AS comparable
        FROM {inside}
    )
"""


def what_is_seen(con: duckdb.DuckDBPyConnection, observed: str, window: str) -> Seen:
    """Whether anything has to be recognised at all, by one pass over cheap columns."""
    found = con.sql(
        f"""SELECT count(*) > 1, bool_or(moved) FROM (
            SELECT bool_or(translated_member IS NOT NULL OR translated_remote IS NOT NULL) AS moved
            FROM {observed} WHERE {window} GROUP BY exporter, observation_point)"""
    ).fetchall()[0]
    return Seen(bool(found[0]), bool(found[1]))


def marked(pieces: str, seen: Seen, duplicates: Duplicates, timeout_ms: int) -> list[str]:
    """Common table expressions that end in ``marked``: the pieces with a column ``seen``.

    ``seen`` is 'duplicate' (reported by a kept row too), 'twice' (likewise, but it stays, since
    that is asked for or since samples of the same packets cannot be told from each other) or null.
    A NAT box's two reports are one transfer whatever is asked for. Rows of the outside get the
    key of the inside.
    """
    if not (seen.twice or seen.translated):
        return [f"marked AS (SELECT *, NULL::VARCHAR AS seen FROM {pieces})"]
    parts = {"key": KEY, "sent_out": SENT_OUT, "sent_in": SENT_IN, "tolerance": TOLERANCE_MS}
    steps = []
    inside = f"(SELECT *, false AS outside FROM {pieces})"
    if seen.translated:
        ends = parts | {"before": _BEFORE, "after": _AFTER, "pieces": pieces}
        steps = [f"translations AS ({_TRANSLATIONS.format(**ends)})"]
        steps.append(f"inside AS ({_INSIDE.format(**ends)})")
        inside = "(SELECT * EXCLUDE (own, until, inner_end) FROM inside)"
    covers = {rank: f"cover_{rank}" for rank in _RANKS}
    query = _MARKED.format(
        **parts,
        chained=_CHAINED.format(**parts, timeout=timeout_ms, inside=inside),
        covers=", ".join(covers.values()),
        windows=", ".join(
            f"max(end_ms) FILTER (place <= {rank}) OVER around AS {name}"
            for rank, name in covers.items()
        ),
        by_place=" ".join(
            f"WHEN {rank + 1} THEN {covers[rank]} >= start_ms - {TOLERANCE_MS}"
            for rank in _RANKS[:-1]
        ),
        cover=covers[_RANKS[-1]],
        word="duplicate" if duplicates == "once" else "twice",
    )
    return [*steps, f"marked AS ({query})"]
