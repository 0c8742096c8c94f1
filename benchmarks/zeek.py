"""A Zeek conn.log of 5 million rows ingested and settled, beside DuckDB that only reads it."""

import os
import shutil
import sys
from pathlib import Path

from inputs import FIELDS, write_conn_log, write_population
from measure import cost_of, python

ROWS = 5_000_000
# What bare DuckDB does with the same file: read the columns that Folkways uses and sum them.
BASELINE = f"""
import duckdb, sys
names = {FIELDS!r}
used = "ts,uid,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,service,duration,history".split(",")
used += "missed_bytes,orig_pkts,orig_ip_bytes,resp_pkts,resp_ip_bytes".split(",")
columns = {{name: "VARCHAR" for name in names}}
query = "SELECT " + ", ".join(f'count(DISTINCT length("{{n}}"))' for n in used)
duckdb.sql(query + " FROM read_csv(?, delim='\\t', header=false, quote='', auto_detect=false, "
    "columns=?, skip=8, ignore_errors=true)", params=[sys.argv[1], columns]).fetchall()
"""


def run(folder: Path) -> list[str]:
    """Lines of a report."""
    log = write_conn_log(folder / "conn.log", ROWS)
    population = write_population(folder / "population.toml")
    study = folder / f"zeek-study-{os.getpid()}"
    environment = {"FOLKWAYS_CONFIG_DIR": str(folder / "config")}
    command = [str(Path(sys.executable).parent / "folkways")]
    cost_of([*command, "init", str(study), "--population", str(population)], environment)
    ours = cost_of([*command, "ingest", str(study), str(log)], environment)
    shutil.rmtree(study)
    bare = cost_of(python(BASELINE, str(log)))
    return [
        (
            f"Zeek conn.log, {ROWS:,} rows ({log.stat().st_size / 1e6:.0f} MB), in and settled: "
            f"{ROWS / ours.wall_s:,.0f} flows/s ({ours})"
        ),
        (
            f"  DuckDB read_csv of the same columns: {ROWS / bare.wall_s:,.0f} rows/s ({bare}); "
            f"ratio of wall time {ours.wall_s / bare.wall_s:.1f}"
        ),
    ]
