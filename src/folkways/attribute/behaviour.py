"""Hidden use that only several rows together show: tunnels by behaviour, DNS tunnels, PPTP's GRE.

It is judged for a member and a remote over one UTC day, after each row was attributed by itself:

- **tunnel-like** (``behaviour_tunnel.py``): one remote at a hosting provider instead of everything
  else. A suspicion, and never called a VPN.
- **dns-tunnel** (``behaviour_dns.py``): data in names or volume that no lookups explain. Only where
  the answers of that member are stored.
- **vpn**: GRE (protocol 47) with a remote to which the same member opened PPTP control (tcp/1723)
  that day (RFC 2637). GRE alone says nothing: routers use it for much else.
- **encrypted-dns**: port 443 of an address that answers DNS and serves nothing else
  (behaviour.toml), since DNS over HTTPS to an address needs no name.

The values are added to what the row's own evidence said.
"""

import datetime as dt
from itertools import combinations

import duckdb

from folkways.attribute.behaviour_dns import dns_tunnels
from folkways.attribute.behaviour_limits import Limits, load_limits
from folkways.attribute.behaviour_tunnel import tunnel_like
from folkways.attribute.catalogue import Catalogue
from folkways.model.columns import CONNECTIONS
from folkways.model.ways import SUSPECTED

LOOKUP_PORTS = (53, 853)
_GRE, _TCP, _UDP, _PPTP = 47, 6, 17, 1723
# What the ladder only suspects says no other way: all sets of suspicions as the column spells them.
_POSSIBLE = sorted(SUSPECTED - {"tunnel-like"})
_ONLY_POSSIBLE = tuple(
    ",".join(some) for n in range(1, len(_POSSIBLE) + 1) for some in combinations(_POSSIBLE, n)
)

# What the member hid is asked, so what a remote opened says nothing, nor does what is no use.
_BY_MEMBER = "noise = 'use' AND opened_by IS DISTINCT FROM 'remote'"

# Only over rows that can matter: hosting, resolvers, PPTP. Sampled volumes are scaled up. Two
# filters that the engine can push below the joins of the ladder cost less than one that it cannot.
_PAIRS = f"""
    SELECT member, remote, bool_or(hosted) AS hosted,
        bool_or(protocol = {_GRE}) AND bool_or(protocol = {_TCP} AND remote_port = {_PPTP}
            AND answered IS NOT FALSE) AS pptp,
        sum(bytes_out) AS bytes_out, sum(bytes_in) AS bytes_in, sum(packets_in) AS packets_in,
        count(rule) = 0
            AND bool_and(coalesce(hidden, 'possible-vps') IN {_ONLY_POSSIBLE})
            AND bool_and(coalesce(protocol IN ({_TCP}, {_UDP}), FALSE)) AS unnamed,
        min(remote_port) = max(remote_port) AS one_port, max(scale) = 1 AS unsampled,
        bool_or(lookup) AS lookup,
        sum(scale * bytes_out) FILTER (lookup) AS lookup_out,
        sum(scale * bytes_out) FILTER (plain) AS plain_out,
        sum(scale * bytes_in) FILTER (plain) AS plain_in,
        sum(scale * packets_out) FILTER (plain) AS queries,
        sum(scale * packets_in) FILTER (plain) AS responses
    FROM (
        SELECT *, coalesce(sampling, 1) AS scale, remote_kind = 'hosting' AS hosted,
            coalesce(remote_port IN {LOOKUP_PORTS}, FALSE) AS lookup,
            protocol = {_UDP} AND remote_port = 53 AS plain
        FROM (
            FROM {{view}} WHERE remote_kind = 'hosting' AND {_BY_MEMBER}
            UNION ALL
            FROM {{view}} WHERE remote_kind IS DISTINCT FROM 'hosting' AND {_BY_MEMBER}
                AND ({{lookups}} protocol = {_GRE} OR (protocol = {_TCP} AND remote_port = {_PPTP}))
        )
    )
    GROUP BY member, remote
    HAVING pptp OR lookup OR (
        hosted AND unnamed AND one_port AND unsampled
        AND bytes_out + bytes_in >= {{tunnel_bytes}}
        AND 100 * bytes_out BETWEEN {{tunnel_sent}} * (bytes_out + bytes_in)
            AND {{tunnel_sent_most}} * (bytes_out + bytes_in)
        AND bytes_in >= {{tunnel_packet}} * packets_in)
"""

# An attempt is often a check whether the network works.
_DOH = "remote_port = 443 AND answered IS NOT FALSE"
_RESOLVERS = f"""
    SELECT DISTINCT member, remote, 'encrypted-dns' AS hidden FROM {{view}}
    WHERE {_DOH} AND remote IN ({{addresses}}) AND {_BY_MEMBER}
"""

# A pair may have several marks, and each is about some of its rows.
_ABOUT = f"""CASE WHEN c.noise <> 'use' THEN NULL WHEN c.protocol = {_GRE} THEN 'vpn'
    WHEN c.opened_by = 'remote' THEN NULL
    WHEN c.remote_port IN {LOOKUP_PORTS} THEN 'dns-tunnel'
    WHEN list_contains(marks, 'encrypted-dns') AND {_DOH} THEN 'encrypted-dns'
    ELSE 'tunnel-like' END"""
_MERGED = f"""CASE WHEN list_contains(marks, {_ABOUT}) THEN
    array_to_string(list_sort(list_distinct(string_split(concat_ws(',', c.hidden, {_ABOUT}), ','))),
                    ',') ELSE c.hidden END"""


def mark_behaviour(
    con: duckdb.DuckDBPyConnection,
    connections: str,
    answers: str | None,
    day: str,
    *,
    catalogue: Catalogue | None = None,
    limits: Limits | None = None,
    anonymised: bool = False,
) -> str:
    """Add to ``hidden`` what only the rows of a member and a remote together show.

    The result does not depend on the order of the rows. Groups are made of members and remotes
    that can matter only: unnamed hosting, resolvers, PPTP.

    Args:
        con: a DuckDB connection; temporary tables ``behaviour_*`` are put into it.
        connections: a view or table with the schema CONNECTIONS, of one day.
        answers: a view with the schema STORED_ANSWERS that holds at least the day; None: there are
            none, and nothing is said of DNS tunnels.
        day: YYYY-MM-DD.
        catalogue: names that it knows as a service's are no tunnel.
        limits: other numbers than those of behaviour.toml.
        anonymised: remote addresses are no real ones, so that none is a known resolver's.

    Returns:
        The name of a temporary view with the schema CONNECTIONS: ``connections`` itself where
        nothing was marked. It holds until the next call.
    """
    limits = limits or load_limits()
    con.execute("DROP VIEW IF EXISTS behaviour_marked")
    today = dt.date.fromisoformat(day)
    resolvers = [a for a, first in limits.resolvers if (first or today) <= today]
    lookups = "" if answers is None else f"remote_port IN {LOOKUP_PORTS} OR"
    _make(con, "pairs", _PAIRS.format(view=connections, lookups=lookups, **limits.values))
    marks = ["SELECT member, remote, 'vpn' AS hidden FROM behaviour_pairs WHERE pptp"]
    marks.append(tunnel_like(con, connections, day, limits))
    if resolvers and not anonymised:
        addresses = ", ".join(f"unhex('{a.hex()}')" for a in resolvers)
        marks.append(_RESOLVERS.format(view=connections, addresses=addresses))
    if answers is not None:
        marks.append(dns_tunnels(con, answers, day, limits, catalogue))
    found = " UNION ".join(marks)
    _make(con, "marks", f"SELECT member, remote, list(hidden) AS marks FROM ({found}) GROUP BY ALL")
    if not con.sql("SELECT count(*) FROM behaviour_marks").fetchall()[0][0]:
        return connections
    columns = ", ".join(
        f"{_MERGED if n == 'hidden' else f'c.{n}'} AS {n}" for n in CONNECTIONS.names
    )
    con.execute(
        f"CREATE TEMP VIEW behaviour_marked AS SELECT {columns} FROM {connections} c "
        "LEFT JOIN behaviour_marks m ON c.member = m.member AND c.remote = m.remote"
    )
    return "behaviour_marked"


def _make(con: duckdb.DuckDBPyConnection, name: str, query: str) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE behaviour_{name} AS {query}").fetchall()
