"""How far the clocks of meters lie apart, as the connections tell that several of them counted.

What two meters counted alike, packet for packet and octet for octet, and each only once in a key,
was most likely the same. Where many such pairs lie equally far apart, the clocks do. It takes many:
a few that look alike may be a question asked again by another path.
"""

from collections.abc import Iterable

import duckdb
import pyarrow as pa

from folkways.connect.statements import SECOND_MS

APART_MS = 120_000
"""Clocks that lie further apart are not recognised."""
_LEAST_PAIRS = 30
_COUNTS = "packets_out, packets_in, bytes_out, bytes_in"
_ALIKE = " AND ".join(f"a.{name} IS NOT DISTINCT FROM b.{name}" for name in _COUNTS.split(", "))

# Nine in ten within a second: whole seconds spread that far.
_OFFSETS = f"""
    WITH once AS (
        SELECT hash({{key}}) AS key, {{meter}} AS meter, {_COUNTS}, min(start_ms) AS at,
               min(end_ms) - min(start_ms) AS lasts
        FROM {{rows}} WHERE coalesce(sampling, 1) = 1 AND flows IS NULL AND protocol IN (6, 17)
        GROUP BY ALL HAVING count(*) = 1
    )
    SELECT one, other, CAST(spread[2] AS BIGINT) FROM (
        SELECT a.meter AS one, b.meter AS other, count(*) AS pairs,
               quantile_cont(b.at - a.at, [0.05, 0.5, 0.95]) AS spread
        FROM once a JOIN once b ON a.key = b.key AND a.meter < b.meter AND {_ALIKE}
        WHERE abs(b.at - a.at) <= {APART_MS} AND abs(a.lasts - b.lasts) <= {SECOND_MS}
        GROUP BY ALL
    ) WHERE pairs >= {_LEAST_PAIRS} AND spread[3] - spread[1] <= {SECOND_MS}
    ORDER BY ALL
"""
METER = "coalesce(exporter, '') || chr(0) || coalesce(observation_point, '')"


def clocks(con: duckdb.DuckDBPyConnection, rows: str, key: str) -> pa.Table:
    """Meters whose clocks are known to differ from another's, and by how much.

    Args:
        con: a DuckDB connection.
        rows: a view or table with the schema OBSERVED.
        key: the columns that make the key.

    Returns:
        ``meter`` as METER makes it, ``ahead_ms``. A second or less is no difference.
    """
    ahead: dict[str, int] = {}
    if con.sql(f"SELECT count(DISTINCT {METER}) > 1 FROM {rows}").fetchall()[0][0]:
        query = _OFFSETS.format(key=key, meter=METER, rows=rows)
        ahead = _from_first(con.sql(query).fetchall())
    return pa.table(
        {
            "meter": pa.array(list(ahead), pa.string()),
            "ahead_ms": pa.array(list(ahead.values()), pa.int64()),
        }
    )


def _from_first(pairs: Iterable[tuple[str, str, int]]) -> dict[str, int]:
    """Each meter's clock against that of the first by name among those it is compared with."""
    offsets = {(one, other): by for one, other, by in pairs if abs(by) > SECOND_MS}
    offsets |= {(other, one): -by for (one, other), by in offsets.items()}
    ahead: dict[str, int] = {}
    for first in sorted({one for one, _ in offsets}):
        reached = [] if first in ahead else [first]
        ahead.setdefault(first, 0)
        while reached:
            one = reached.pop(0)
            for (a, b), by in sorted(offsets.items()):
                if a == one and b not in ahead:
                    ahead[b] = ahead[one] + by
                    reached.append(b)
    return {meter: by for meter, by in ahead.items() if by}
