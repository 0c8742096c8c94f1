"""Inputs for benchmarks, made with numpy and DuckDB: large, plausible, the same every time."""

from pathlib import Path

import duckdb

MEMBERS, REMOTES = 1_000, 200_000
# Each field of a conn.log with its type, as Zeek 6 writes it.
LAYOUT = {
    "ts": "time",
    "uid": "string",
    "id.orig_h": "addr",
    "id.orig_p": "port",
    "id.resp_h": "addr",
    "id.resp_p": "port",
    "proto": "enum",
    "service": "string",
    "duration": "interval",
    "orig_bytes": "count",
    "resp_bytes": "count",
    "conn_state": "string",
    "local_orig": "bool",
    "local_resp": "bool",
    "missed_bytes": "count",
    "history": "string",
    "orig_pkts": "count",
    "orig_ip_bytes": "count",
    "resp_pkts": "count",
    "resp_ip_bytes": "count",
    "tunnel_parents": "set[string]",
}
FIELDS = list(LAYOUT)
HEADER = (
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
    "#open\t2020-01-01-00-00-00\n"
    f"#fields\t{chr(9).join(FIELDS)}\n#types\t{chr(9).join(LAYOUT.values())}\n"
)
POPULATION = """
name = "Benchmark"
timezone = "UTC"
[[range]]
prefix = "198.18.0.0/16"
"""


def write_population(path: Path) -> Path:
    """A population file that holds the members of all generated inputs."""
    path.write_text(POPULATION, encoding="utf-8")
    return path


def write_conn_log(path: Path, rows: int) -> Path:
    """A Zeek conn.log of one day: 1,000 members, 200,000 remotes, a tenth opened from outside."""
    if path.exists():
        return path
    body = path.with_suffix(".body")
    inside = f"'198.18.' || ((a % {MEMBERS}) // 256) || '.' || ((a % {MEMBERS}) % 256)"
    remote = f"(b % {REMOTES})"
    outside = (
        f"(11 + {remote} % 50) || '.' || ({remote} // 65536) || '.' || "
        f"(({remote} // 256) % 256) || '.' || ({remote} % 256)"
    )
    duckdb.execute(f"""
        COPY (
            SELECT printf('%d.%06d', 1577836800 + i * 86400 // {rows}, b % 1000000) AS ts,
                'C' || substr(md5(i::VARCHAR), 1, 17) AS uid,
                CASE WHEN c < 90 THEN {inside} ELSE {outside} END, 1024 + a % 60000,
                CASE WHEN c < 90 THEN {outside} ELSE {inside} END,
                CASE WHEN c < 60 THEN 443 WHEN c < 80 THEN 80 ELSE 53 END,
                CASE WHEN c < 80 THEN 'tcp' ELSE 'udp' END,
                CASE WHEN c < 60 THEN 'ssl' WHEN c < 80 THEN 'http' ELSE 'dns' END,
                printf('%d.%06d', a % 60, a % 1000000), a % 5000, b % 90000, 'SF', 'T', 'F', 0,
                'ShADadFf', 1 + a % 50, 60 + a % 7000, b % 80, 60 + b % 99000, '-'
            FROM (
                SELECT i, (hash(i) >> 1)::BIGINT AS a, (hash(i + 1000000007) >> 1)::BIGINT AS b,
                       hash(i + 77) % 100 AS c
                FROM range({rows}) t(i)
            ) ORDER BY i
        ) TO '{body}' (DELIMITER '\t', HEADER false, QUOTE '')
    """).fetchall()
    with path.open("wb") as log, body.open("rb") as rest:
        log.write(HEADER.encode())
        while block := rest.read(1 << 24):
            log.write(block)
        log.write(b"#close\t2020-01-02-00-00-00\n")
    body.unlink()
    return path
