"""Labelled flows through the ladder: as they are, and once more with all names hidden."""

import duckdb
import pyarrow as pa

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.ladder import attribute_day
from folkways.attribute.snapshot import Snapshot
from folkways.model.columns import CONNECTED

HIDDEN_COLUMNS = ("name", "name_source", "sensor_label")

# A private population a capture: the member is the label's client. Who opened is told as far as a
# row tells it: by the source's word, else without TCP by the first packet.
_OPENER = "coalesce(initiator, CASE WHEN protocol <> 6 THEN 'source' END)"
_COLUMNS = {
    "day": "strftime(make_timestamp(start_ms * 1000), '%Y-%m-%d')",
    "member": "CASE WHEN from_client THEN source_address ELSE destination_address END",
    "remote": "CASE WHEN from_client THEN destination_address ELSE source_address END",
    "member_port": "CASE WHEN from_client THEN source_port ELSE destination_port END",
    "remote_port": "CASE WHEN from_client THEN destination_port ELSE source_port END",
    "opened_by": f"""CASE WHEN {_OPENER} IS NULL THEN NULL
        WHEN ({_OPENER} = 'source') = from_client THEN 'member' ELSE 'remote' END""",
    "answered": f"""CASE WHEN packets_forward > 0 AND packets_reverse > 0 THEN true
        WHEN {_OPENER} IS NOT NULL THEN false END""",
    "opens": "1",
    "noise": "'use'",
    # The row's own number and what was hidden travel in two columns that decide nothing.
    "source": "id::VARCHAR",
    "exporter": "hidden",
    **{name: f"CASE WHEN hidden = 'no' THEN {name} END" for name in HIDDEN_COLUMNS},
}
for _measure in ("bytes", "packets", "tcp_flags"):
    for _way, _own in (("out", "from_client"), ("in", "NOT from_client")):
        _COLUMNS[f"{_measure}_{_way}"] = (
            f"CASE WHEN {_own} THEN {_measure}_forward ELSE {_measure}_reverse END"
        )

# A name that nDPI saw counts where a server name stands in clear: names in other protocols (a STUN
# realm, a banner) are no server names, and an address or a bare word is none either.
_HOST = r"regexp_matches({0}, '[a-z]') AND contains({0}, '.') AND NOT contains({0}, ':')"
_NAMEABLE = f"""
    split_part(m.label, '.', 1) IN ('TLS', 'QUIC', 'HTTP') AND {_HOST.format("lower(m.told_name)")}
    OR {_HOST.format("m.name")}
"""
_ANSWERS = f"""
    SELECT m.id, m.capture, m.label, a.exporter AS hidden_names, m.protocol, a.remote_port,
           coalesce(a.name, m.told_name) AS name,
           ({_NAMEABLE}) IS TRUE AS nameable,
           a.service, a.operator, a.evidence, a.rule, a.hidden, a.encrypted
    FROM answered a JOIN matched m ON m.id = a.source::BIGINT
    ORDER BY m.id
"""


def attribute(matched: pa.Table, catalogue: Catalogue, snapshot: Snapshot) -> pa.Table:
    """What the ladder says of each matched flow, twice: ``hidden_names`` is ``no``, then ``yes``.

    ``nameable``: nDPI or we saw a server name.
    """
    columns = ", ".join(
        f"{_COLUMNS.get(c.name, _as_it_is(matched, c.name))} AS {c.name}" for c in CONNECTED.columns
    )
    with duckdb.connect() as con:
        con.register("matched", matched)
        con.execute(
            f"CREATE TABLE connected AS SELECT {columns} "
            "FROM matched, (VALUES ('no'), ('yes')) v(hidden)"
        )
        days = [
            day
            for (day,) in con.execute("SELECT DISTINCT day FROM connected ORDER BY day").fetchall()
        ]
        for number, day in enumerate(days):
            con.execute(f"CREATE OR REPLACE TEMP VIEW of_day AS FROM connected WHERE day = '{day}'")
            view = attribute_day(con, "of_day", day, catalogue, snapshot)
            into = "INSERT INTO answered" if number else "CREATE TABLE answered AS"
            con.execute(f"{into} SELECT * FROM {view}")
        return con.sql(_ANSWERS).to_arrow_table()


def _as_it_is(matched: pa.Table, name: str) -> str:
    return name if name in matched.column_names else "NULL"
