"""Day x service over 100 million stored connections, beside the same SQL written by hand."""

import time
from pathlib import Path

import duckdb
import narwhals as nw

from folkways.measure import summary
from folkways.model.columns import CONNECTIONS
from folkways.model.period import Period

ROWS, DAYS, SERVICES = 100_000_000, 100, 300
PERIOD = Period.parse("2017-04-01..2017-07-06", "Asia/Pyongyang")
FIRST_DAY = "2017-03-31"
REPEATS = 3
BY_HAND = """
    SELECT (start_ms + 30600000) // 86400000 AS day, service,
        sum(opens)::BIGINT, (sum(opens) FILTER (answered))::BIGINT,
        sum(bytes_out * coalesce(sampling, 1))::BIGINT,
        sum(bytes_in * coalesce(sampling, 1))::BIGINT, count(DISTINCT member)
    FROM connections
    WHERE noise = 'use' AND start_ms >= {start} AND start_ms < {end}
    GROUP BY ALL ORDER BY ALL
"""


def write_connections(folder: Path) -> Path:
    """100 days of a million rows each, one Parquet file a day, as the store writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    known = {
        "start_ms": "t",
        "end_ms": "t + a % 60000",
        "member": "unhex(lpad(hex(a % 2000), 32, '0'))",
        "remote": "unhex('00000000000000000000FFFF' || lpad(hex(b % 1000000), 8, '0'))",
        "remote_port": "443",
        "member_port": "a % 60000",
        "protocol": "6",
        "bytes_out": "a % 9000",
        "bytes_in": "b % 90000",
        "packets_out": "a % 30",
        "packets_in": "b % 90",
        "opened_by": "'member'",
        "sampling": "1",
        "source": "'0123456789abcdef'",
        "opens": "1",
        "answered": "a % 10 > 0",
        "noise": "CASE WHEN b % 20 = 0 THEN 'scan' ELSE 'use' END",
        "service": f"CASE WHEN a % 3 > 0 THEN 'service-' || (a % {SERVICES}) END",
        "operator": f"CASE WHEN a % 3 > 0 THEN 'operator-' || (a % {SERVICES} % 90) END",
        "evidence": "CASE WHEN a % 3 > 0 THEN 'name' END",
        "encrypted": "'tls'",
    }
    types = {"int16": "SMALLINT", "int32": "INTEGER", "int64": "BIGINT", "bool": "BOOLEAN"}
    columns = ", ".join(
        f"CAST({known.get(c.name, 'NULL')} AS "
        f"{types.get(str(c.type), 'VARCHAR' if str(c.type) == 'string' else 'BLOB')}) AS {c.name}"
        for c in CONNECTIONS.columns
        if c.name != "day"
    )
    a_day = ROWS // DAYS
    con = duckdb.connect()
    for number in range(DAYS):
        path = folder / f"{number:03d}.parquet"
        if path.exists():
            continue
        con.execute(f"""
            COPY (SELECT {columns} FROM (
                SELECT epoch_ms(TIMESTAMP '{FIRST_DAY}') + {number}::BIGINT * 86400000
                           + i * 86400000 // {a_day} AS t,
                    (hash(i + {number}::BIGINT * {a_day}) >> 1)::BIGINT AS a,
                    (hash(i * 7 + {number}) >> 1)::BIGINT AS b
                FROM range({a_day}) r(i)) ORDER BY t)
            TO '{path}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
        """).fetchall()
    return folder


def run(folder: Path) -> list[str]:
    """Lines of a report."""
    files = write_connections(folder / "connections")
    con = duckdb.connect(config={"memory_limit": "4GiB"})
    con.execute(f"CREATE VIEW connections AS SELECT *, '' AS day FROM '{files}/*.parquet'")
    query = BY_HAND.format(start=PERIOD.start_ms, end=PERIOD.end_ms)
    frame = nw.from_native(con.table("connections")).lazy()
    ours, bare = [], []
    rows = 0
    for _ in range(REPEATS):
        began = time.monotonic()
        rows = summary(frame, PERIOD, ["day", "service"]).num_rows
        ours.append(time.monotonic() - began)
        began = time.monotonic()
        by_hand = len(con.sql(query).fetchall())
        bare.append(time.monotonic() - began)
        if by_hand != rows:
            raise RuntimeError(f"{rows} rows against {by_hand} by hand")
    return [
        (
            f"Day x service with distinct members over {ROWS:,} stored rows ({rows:,} cells): "
            f"{min(ours):.1f} s"
        ),
        (
            f"  the same SQL by hand: {min(bare):.1f} s; ratio {min(ours) / min(bare):.2f} "
            f"(best of {REPEATS} each)"
        ),
    ]
