"""tunnel-like: one remote at a hosting provider stands for everything that a member does.

The rule, for a member and a remote on one UTC day, over use that the remote did not open:

1. the remote's kind is hosting by list. An unknown kind is no evidence: it may be anyone's home.
2. no row of the pair is decided by any rule (no service, no operator) or hidden in another way, and
   none has more than one remote port or another protocol than TCP and UDP. A name that matches
   nothing is as good as none;
3. volume: at least ``tunnel_bytes``, of which from ``tunnel_sent`` (less is a stream or a download)
   to ``tunnel_sent_most`` (more is a call, a peer, a backup) were sent, received in packets of at
   least ``tunnel_packet`` (smaller is a game, a terminal);
4. time: connections in at least ``tunnel_hours`` hours of the day;
5. instead of the rest: at least ``tunnel_share`` of the member's bytes that day, and at most
   ``tunnel_company`` other remotes an hour in these hours.

It finds tunnels for all traffic (Shadowsocks and V2Ray in global mode, VPNs on ports of their own).
It does not find a tunnel for chosen sites only, one of which the hosting list knows nothing, one
shared by several people behind a member's address, nor one in which only films are watched; a day
of work in one hosted application or remote desktop and little else looks the same. Packet sampling
hides the company, so rows known to be sampled say nothing; unknown sampling is taken as none. A
tunnel over midnight is two days' matter.
"""

import datetime as dt

import duckdb

from folkways.attribute.behaviour_limits import Limits
from folkways.model.period import DAY_MS, EPOCH

_HOUR_MS = 3_600_000

# All that the candidates' members did, by hour; a row's bytes are counted in its first hour only.
# Lookups and clocks go on beside a tunnel.
_HOURS = """
    SELECT member, remote, hour, sum(bytes) FILTER (hour = first) AS bytes, bool_and(aside) AS aside
    FROM (
        SELECT member, remote, bytes, aside, first, unnest(range(first, last + 1)) AS hour
        FROM (
            SELECT member, remote, coalesce(bytes_out, 0) + coalesce(bytes_in, 0) AS bytes,
                coalesce(remote_port IN (53, 123, 853) OR function = 'infrastructure', FALSE)
                    OR opened_by IS NOT DISTINCT FROM 'remote' AS aside,
                (start_ms - {start}) // {hour_ms} AS first,
                least(({end} - 1 - {start}) // {hour_ms},
                      (greatest(end_ms, start_ms) - {start}) // {hour_ms}) AS last
            FROM {view}
            WHERE noise = 'use' AND member IN (SELECT member FROM behaviour_pairs WHERE hosted
                                               AND unnamed AND one_port AND NOT lookup)
        )
    )
    GROUP BY ALL
"""

_FOUND = """
    SELECT p.member, p.remote, 'tunnel-like' AS hidden
    FROM behaviour_pairs p
    JOIN (SELECT member, sum(bytes) AS bytes FROM behaviour_hours GROUP BY member) a USING (member)
    JOIN (
        SELECT mine.member, mine.remote, count(DISTINCT mine.hour) AS hours,
            count(other.remote) AS company
        FROM behaviour_hours mine
        SEMI JOIN behaviour_pairs p ON mine.member = p.member AND mine.remote = p.remote
        LEFT JOIN behaviour_hours other ON mine.member = other.member AND mine.hour = other.hour
            AND mine.remote <> other.remote AND NOT other.aside
        GROUP BY mine.member, mine.remote
    ) h USING (member, remote)
    WHERE hosted AND unnamed AND one_port AND NOT lookup
        AND 100 * (bytes_out + bytes_in) >= {tunnel_share} * a.bytes
        AND hours >= {tunnel_hours} AND company <= {tunnel_company} * hours
"""


def tunnel_like(con: duckdb.DuckDBPyConnection, view: str, day: str, limits: Limits) -> str:
    """A query for (member, remote, hidden), from the table ``behaviour_pairs``.

    Args:
        con: the connection; the table ``behaviour_hours`` is put into it.
        view: the day's rows with the schema CONNECTIONS; read again only for candidates' members.
        day: YYYY-MM-DD.
        limits: the numbers.
    """
    start = (dt.date.fromisoformat(day) - EPOCH).days * DAY_MS
    hours = _HOURS.format(view=view, start=start, end=start + DAY_MS, hour_ms=_HOUR_MS)
    con.execute(f"CREATE OR REPLACE TEMP TABLE behaviour_hours AS {hours}").fetchall()
    return _FOUND.format(**limits.values)
