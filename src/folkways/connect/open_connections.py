"""What the next day has to know of a day: connections that may go on, and rows that last longer.

So a connection keeps its name, label and opener however many pieces and midnights ago they were
seen, and a row that another meter cuts into days is known on each of them, though a day looks at
its neighbours only. A connection that is silent for a whole UTC day is forgotten.
"""

import datetime as dt

from folkways.connect.connections import JOIN_TIMEOUT_MS
from folkways.connect.contest import KEY, SENT_IN, SENT_OUT
from folkways.model.columns import OBSERVED, OPEN_CONNECTIONS
from folkways.model.period import DAY_MS, EPOCH

# Two packets, since one would be looked at as an opening or an answer.
_SENT = (
    "CASE WHEN bool_or({sent}) OR bool_or(answered) THEN 2 WHEN bool_or({sent}) = false THEN 0 END"
)
_LAST = "arg_max({name}, start_ms) AS {name}"
_SUMMARIES = f"""
    SELECT {KEY}, coalesce(max(CASE WHEN opens > 0 THEN start_ms END), min(start_ms)) AS start_ms,
           max(end_ms) AS end_ms, bit_or(tcp_flags_out) AS tcp_flags_out,
           bit_or(tcp_flags_in) AS tcp_flags_in,
           {_SENT.format(sent=SENT_OUT)} AS packets_out, {_SENT.format(sent=SENT_IN)} AS packets_in,
           {", ".join(_LAST.format(name=n) for n in ("opened_by", "name", "name_source"))},
           {", ".join(_LAST.format(name=n) for n in ("name_candidates", "sensor_label"))},
           bool_or(noise = 'internal') AS internal, max(sampling) AS sampling, 'summary' AS source,
           true AS summary
    FROM {{connected}}
    WHERE opens <= 1 AND noise NOT IN ('duplicate', 'interim', 'envelope')
      AND member IS NOT NULL AND remote IS NOT NULL
    GROUP BY {KEY}
    HAVING end_ms >= {{late}} OR (protocol = 6 AND coalesce(tcp_flags_out, tcp_flags_in) IS NOT NULL
        AND (coalesce(tcp_flags_out, 0) | coalesce(tcp_flags_in, 0)) & 16 = 16
        AND (coalesce(tcp_flags_out, 0) | coalesce(tcp_flags_in, 0)) & 5 = 0)
"""


def open_after(
    observed: str,
    connected: str | None,
    day: str,
    *,
    open_before: str | None = None,
    timeout_ms: int = JOIN_TIMEOUT_MS,
) -> str:
    """A query for the rows of OPEN_CONNECTIONS that the day after ``day`` needs.

    Args:
        observed: view of ``observed`` that holds the day and the day before.
        connected: view with the schema CONNECTED of the day, names bound; None: all its rows are
            whole connections, which nothing continues.
        day: YYYY-MM-DD.
        open_before: view of ``open_connections`` of the day before.
        timeout_ms: what ends within this before the day's end may go on by its time alone.
    """
    end = (dt.date.fromisoformat(day) - EPOCH).days * DAY_MS + DAY_MS
    columns = ", ".join(OBSERVED.names)
    lasting = f"end_ms >= {end - timeout_ms}"
    # The next day sees the rows of this one themselves.
    parts = [
        f"SELECT {columns}, false AS summary FROM {observed} WHERE day < '{day}' AND {lasting}"
    ]
    if open_before is not None:
        parts.append(
            f"SELECT {columns}, false AS summary FROM {open_before} WHERE NOT summary AND {lasting}"
        )
    if connected is not None:
        parts.append(_SUMMARIES.format(connected=connected, late=end - timeout_ms))
    empty = f"SELECT {', '.join(f'NULL AS {name}' for name in OPEN_CONNECTIONS.names)} WHERE false"
    # Its schema first, so that every column is there whatever the parts have.
    return " UNION ALL BY NAME ".join([f"({part})" for part in (empty, *parts)])
