"""The ladder: what decides to which service and operator a row belongs. It is total.

From the top; the first rung that speaks decides, and the row keeps its rule and evidence:

1. **name**: the host name matches a service's domain.
2. **lookup**: a sensor's label, or else the port, names a lookup such as DNS (a DNS query is not
   use of whoever answers it), unless the address is in the network of an infrastructure's service.
3. **dns, service**: the name that DNS gave for the address matches a service's domain; of several
   candidates all must match the same service. Names of a cloud or a CDN decide nothing.
4. **address, service**: the address lies in a service's own network (the longest prefix, then the
   AS number).
5. **sensor**: the label names a service.
6. **port, infrastructure**: the port names a service of the function infrastructure.
7. **dns, operator**: the candidates match several services, all of one operator; there is no
   service then. More candidates than are kept decide nothing.
8. **address, operator**: the address lies in a network of the operator's own; there is no service
   then. A network that is rented out (cloud, CDN), or an address on a list of hosting, CDN, VPN,
   Tor or proxies, names nobody; nor does the address at which a lookup went unanswered.
9. **port**: protocol and port of the remote side name a service.
10. nothing: service, operator, rule and evidence are null.

Where a port may speak tells ``port_evidence.py``: of what the member opened and the remote side
answered, and never against what was seen. A port that several services claim names none. A label of
a handshake that only opens the way (STUN, CONNECT, SOCKS) names nothing: it tells how. The order of
evidence is name, dns, address, sensor, port, with two exceptions: what a service is known by goes
before what only an operator is known by, and lookups go before addresses.

A name that DNS gave (see ``connect/binding.py``) was not seen in the connection: it says nothing of
how it is encrypted.

A port says how a connection is encrypted only if it was answered (an attempt is no TLS) and no
sensor saw a protocol that is not spoken there, or looked and knew nothing.

**Tor**: a member calls a relay of the list of the day, at a port where it listens if the list says
so. A server name that Tor's own handshake cannot show speaks against it. Where the list says no
ports and the relay serves ordinary sites too, what shows no name is possible-tor.

A name that matches nothing decides nothing, and the ladder goes on. An outer name of Encrypted
Client Hello matches nothing. What a source says of the AS or the country of the remote side goes
before lists; AS number 0 means unknown (RFC 7607).
"""

import datetime as dt

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.port_evidence import CALLED_PORT, HEARD, SEEN, SPEAKS
from folkways.attribute.snapshot import Snapshot
from folkways.attribute.tables import DayTables
from folkways.attribute.ways import bit, hidden_sets
from folkways.model.columns import ADDRESS, CONNECTIONS

RUNGS: tuple[tuple[str, str], ...] = (
    ("name", "by_name"),
    ("lookup", "CASE WHEN service_infrastructure IS NOT TRUE THEN by_lookup END"),
    ("dns, service", "CASE WHEN NOT operator_only THEN by_dns END"),
    (
        "address, service",
        "CASE WHEN asks IS NOT TRUE OR service_infrastructure THEN by_service_address END",
    ),
    ("sensor", "by_label"),
    ("port, infrastructure", "CASE WHEN infrastructure_port THEN by_port END"),
    ("dns, operator", "by_dns"),
    (
        "address, operator",
        "CASE WHEN shared_kind IS NULL AND asks IS NOT TRUE THEN by_operator_address END",
    ),
    ("port", "by_port"),
)
"""The rungs as data, in order: their name and the SQL that gives the number of the rule."""

_PREFIX = "attribute_"
# What the member hid is asked; what a remote opened towards a member says nothing of it.
_BY_MEMBER = "opened_by IS DISTINCT FROM 'remote'"
# A list that says at which ports a relay listens speaks of no other ones.
_OTHER_PORT = (
    "r.ports IS NOT NULL"
    " AND NOT list_contains(string_split(r.ports, ','), CAST(c.remote_port AS VARCHAR))"
)
# A server name that Tor's handshake cannot show: an ordinary site. (Who asks a relay for its
# directory over HTTP gives the address as its host.)
_ORDINARY = "n.tor_like IS FALSE AND n.literal IS FALSE"

_KNOWN = f"""
    SELECT c.* EXCLUDE (remote_asn, remote_country),
        {SEEN} AS seen_here,
        (p.bears & seen_here) = seen_here AS agrees,
        agrees AND {SPEAKS} AS speaks,
        coalesce(nullif(c.remote_asn, 0), r.asn) AS remote_asn,
        coalesce(c.remote_country, r.country) AS remote_country,
        CASE WHEN c.remote_country IS NULL THEN r.country_second
             ELSE nullif(r.country, c.remote_country) END AS remote_country_second,
        coalesce(r.shared_kind, r.operator_shared,
                 CASE WHEN r.operator_rule IS NULL THEN a.operator_shared END) AS shared_kind,
        coalesce(r.kind, n.network_kind, k.network_kind) AS network_kind,
        r.detail AS remote_detail,
        n.rule AS by_name, d.rule AS by_dns, d.operator_only,
        CASE WHEN l.lookup THEN l.rule
             WHEN p.lookup AND l.rule IS NULL AND speaks THEN p.rule END AS by_lookup,
        p.lookup AND l.rule IS NULL AND agrees AND c.{_BY_MEMBER} AS asks,
        coalesce(r.service_rule, a.service_rule) AS by_service_address,
        CASE WHEN r.service_rule IS NOT NULL THEN r.service_infrastructure
             ELSE a.service_infrastructure END AS service_infrastructure,
        l.rule AS by_label,
        coalesce(r.operator_rule,
                 CASE WHEN r.operator_shared IS NULL THEN a.operator_rule END)
            AS by_operator_address,
        CASE WHEN speaks THEN p.rule END AS by_port,
        p.infrastructure AS infrastructure_port,
        p.rule IS NOT NULL AND c.answered IS FALSE AS usual_port,
        CASE WHEN r.service_rule IS NOT NULL THEN r.service_age
             ELSE {{asn_age_service}} END AS service_age,
        CASE WHEN r.operator_rule IS NOT NULL THEN r.operator_age
             ELSE {{asn_age_operator}} END AS operator_age,
        n.outer_name, c.name IS NOT NULL AND n.literal IS NOT TRUE AS named,
        coalesce(l.hidden, 0) | coalesce(u.hidden, 0) AS protocol_hidden,
        CASE WHEN {SPEAKS} AND (p.way_bears & seen_here) = seen_here THEN p.hidden ELSE 0 END
            AS port_hidden,
        p.weak,
        CASE WHEN NOT ({_BY_MEMBER}) OR ({_OTHER_PORT}) THEN 0
             WHEN r.hidden <> {bit("tor")} THEN r.hidden
             WHEN {_ORDINARY} THEN 0
             WHEN t.remote IS NOT NULL THEN {bit("possible-tor")}
             ELSE r.hidden END AS kind_hidden,
        CASE WHEN n.outer_name AND c.name_source IS DISTINCT FROM 'http' THEN 'ech'
             ELSE coalesce(s.encrypted, l.encrypted,
                           CASE WHEN {HEARD} AND (l.own_ports IS NULL OR list_contains(
                               l.own_ports, 65536 * c.protocol::INTEGER + e.port))
                           THEN e.encrypted END, u.encrypted)
             END AS encrypted
    FROM {{view}} c
    LEFT JOIN {_PREFIX}names n ON c.name = n.name AND c.name_source IS DISTINCT FROM 'dns'
    LEFT JOIN {_PREFIX}bound d ON c.name_source = 'dns'
        AND coalesce(c.name_candidates, c.name) = d.bound
    LEFT JOIN {_PREFIX}labels l ON c.sensor_label = l.sensor_label
    LEFT JOIN {_PREFIX}remotes r ON c.remote = r.remote
    LEFT JOIN {_PREFIX}asns a ON coalesce(nullif(c.remote_asn, 0), r.asn) = a.asn
    LEFT JOIN {_PREFIX}network_kinds k ON coalesce(nullif(c.remote_asn, 0), r.asn) = k.asn
    LEFT JOIN {_PREFIX}sites t ON c.remote = t.remote
    LEFT JOIN {_PREFIX}ports p ON c.protocol = p.protocol AND c.remote_port = p.port
    LEFT JOIN {_PREFIX}called_ports e ON c.protocol = e.protocol AND e.port = {CALLED_PORT}
    LEFT JOIN {_PREFIX}numbers u ON c.protocol = u.protocol
    LEFT JOIN {_PREFIX}seen s ON c.name_source = s.name_source
"""

# An AS named by the source took no list; then only a fact outside its own dates has an age to tell.
_ASN_AGE = """CASE WHEN nullif(c.remote_asn, 0) IS NOT NULL THEN nullif(a.{which}_age, 0)
                   ELSE greatest(r.asn_age, a.{which}_age) END"""


def attribute_day(
    con: duckdb.DuckDBPyConnection,
    view: str,
    day: str,
    catalogue: Catalogue,
    snapshot: Snapshot,
    *,
    anonymised: bool = False,
) -> str:
    """Attribute the connections of one day.

    Distinct names, labels and remotes are resolved once and joined back; there is no loop over
    rows. The result does not depend on the order of the rows.

    Args:
        con: a DuckDB connection; temporary tables ``attribute_*`` are put into it.
        view: a table or view with the schema CONNECTED; it is read twice.
        day: YYYY-MM-DD, the day by which dated facts and lists are chosen.
        catalogue: services and operators.
        snapshot: dated reference lists.
        anonymised: remote addresses are no real ones, so that no list and no prefix speaks of them.

    Returns:
        The name of a temporary view with the schema CONNECTIONS. It holds until the next call on
        the same connection, which removes it.
    """
    tables = DayTables(catalogue, snapshot, dt.date.fromisoformat(day), anonymised=anonymised)
    _drop_views(con)
    distinct = _distinct(con, view)
    _put(con, "names", tables.names(distinct["name"].to_pylist()))
    _put(con, "bound", tables.bound(distinct["bound"].to_pylist()))
    _put(con, "labels", tables.labels(distinct["sensor_label"].to_pylist()))
    _put(con, "remotes", tables.remotes(distinct["remote"]))
    _put(con, "asns", tables.asns())
    _put(con, "ports", tables.ports())
    _put(con, "called_ports", tables.called_ports())
    _put(con, "numbers", tables.numbers())
    _put(con, "seen", tables.seen())
    _put(con, "network_kinds", tables.network_kinds())
    _put(con, "hidden", hidden_sets())
    con.execute(f"CREATE OR REPLACE TEMP TABLE {_PREFIX}sites AS {_sites(con, view)}")
    _put(con, "rules", tables.rules())
    name = f"attributed_{day.replace('-', '_')}"
    con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {_query(view)}")
    return name


def _query(view: str) -> str:
    known = _KNOWN.format(
        view=view,
        asn_age_service=_ASN_AGE.format(which="service"),
        asn_age_operator=_ASN_AGE.format(which="operator"),
    )
    rungs = ", ".join(sql for _, sql in RUNGS)
    decided = {
        "list_age": """CASE WHEN winner = by_service_address THEN service_age
            WHEN winner = by_operator_address THEN operator_age END""",
        "hidden": "h.hidden",
        "remote_kind": "coalesce(shared_kind, network_kind)",
    }
    columns = ", ".join(
        f"CAST({decided.get(c.name, c.name)} AS {_sql_type(c.type)}) AS {c.name}"
        for c in CONNECTIONS.columns
    )
    return f"""
        WITH known AS ({known}),
        decided AS (SELECT *, coalesce({rungs}) AS winner FROM known),
        hiding AS (
            SELECT d.*, g.* EXCLUDE (hidden),
                protocol_hidden | coalesce(g.hidden, 0)
                | CASE WHEN weak AND (winner IS NOT NULL OR named OR kind_hidden > 0)
                       THEN 0 ELSE port_hidden END
                | CASE WHEN coalesce(by_name, by_dns) IS NULL
                       THEN coalesce(kind_hidden, 0) ELSE 0 END
                | CASE WHEN shared_kind = 'hosting' AND NOT named AND g.service IS NULL
                       -- Sums without a protocol could not carry a name: they cannot tell. An
                       -- attempt at a service's usual port is no sign of a tunnel.
                       AND protocol IS NOT NULL AND NOT coalesce(usual_port, false)
                       AND {_BY_MEMBER} THEN {bit("possible-vps")} ELSE 0 END AS hidden_bits
            FROM decided d LEFT JOIN {_PREFIX}rules g ON d.winner = g.number
        )
        SELECT {columns} FROM hiding LEFT JOIN {_PREFIX}hidden h ON hidden_bits = h.bits
    """


def _sites(con: duckdb.DuckDBPyConnection, view: str) -> str:
    """The query for relays at which ordinary sites were seen, where no list says which ports.

    The day's rows are only read again if there is such a relay.
    """
    relays = f"""SELECT remote FROM {_PREFIX}remotes
        WHERE shared_kind = 'tor-relay' AND hidden <> 0 AND ports IS NULL"""
    if con.sql(f"SELECT count(*) FROM ({relays})").fetchall() == [(0,)]:
        return f"{relays} LIMIT 0"
    return f"""
        SELECT DISTINCT c.remote FROM {view} c
        JOIN ({relays}) USING (remote)
        JOIN {_PREFIX}names n ON c.name = n.name AND c.name_source IS DISTINCT FROM 'dns'
        WHERE {_ORDINARY}
    """


def _sql_type(kind: pa.DataType) -> str:
    names = {
        pa.int16(): "SMALLINT",
        pa.int32(): "INTEGER",
        pa.int64(): "BIGINT",
        pa.string(): "VARCHAR",
        pa.bool_(): "BOOLEAN",
        ADDRESS: "BLOB",
    }
    return names[kind]


def _distinct(con: duckdb.DuckDBPyConnection, view: str) -> dict[str, pa.Array]:
    """Distinct names, names bound by DNS, labels and remotes, in one pass over the view.

    The remote side of internal traffic is a pseudonym, of which lists know nothing.
    """
    query = f"""
        SELECT grouping(name, bound, sensor_label, remote) AS which,
               name, bound, sensor_label, remote
        FROM (SELECT CASE WHEN name_source IS DISTINCT FROM 'dns' THEN name END AS name,
                     CASE WHEN name_source = 'dns' THEN coalesce(name_candidates, name) END
                         AS bound,
                     sensor_label,
                     CASE WHEN noise = 'internal' THEN NULL ELSE remote END AS remote FROM {view})
        GROUP BY GROUPING SETS ((name), (bound), (sensor_label), (remote))
    """
    found = con.sql(query).to_arrow_table()
    columns = {}
    for which, column in ((7, "name"), (11, "bound"), (13, "sensor_label"), (14, "remote")):
        rows = found.filter(pc.equal(found["which"], which))[column].drop_null()
        columns[column] = rows.combine_chunks()
    return columns


def _put(con: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Copy a table into the connection, so that nothing of Python's has to stay alive."""
    con.register(f"{_PREFIX}incoming", table)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {_PREFIX}{name} AS FROM {_PREFIX}incoming")
    con.unregister(f"{_PREFIX}incoming")


def _drop_views(con: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT view_name FROM duckdb_views() WHERE temporary AND view_name ^@ 'attributed_'"
    for (name,) in con.execute(query).fetchall():
        con.execute(f"DROP VIEW {name}")
