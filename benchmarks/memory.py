"""Resident memory on an input of 10 GB: one day of a conn.log, given on standard input.

The log of the benchmark beside it stands there so many times; every row of the day is settled.
"""

import os
import shutil
import sys
from pathlib import Path

from inputs import write_conn_log, write_population
from measure import cost_of
from zeek import ROWS

BYTES = 10_000_000_000
FEED = """
import subprocess, sys
log, times, *command = sys.argv[1:]
feed = subprocess.Popen(["cat", *[log] * int(times)], stdout=subprocess.PIPE)
sys.exit(subprocess.run(command, stdin=feed.stdout).returncode)
"""


def run(folder: Path) -> list[str]:
    """Lines of a report."""
    log = write_conn_log(folder / "conn.log", ROWS)
    times = -(-BYTES // log.stat().st_size)
    population = write_population(folder / "population.toml")
    study = folder / f"memory-study-{os.getpid()}"
    environment = {"FOLKWAYS_CONFIG_DIR": str(folder / "config")}
    command = [str(Path(sys.executable).parent / "folkways")]
    cost_of([*command, "init", str(study), "--population", str(population)], environment)
    ingest = [*command, "ingest", str(study), "-"]
    ours = cost_of([sys.executable, "-c", FEED, str(log), str(times), *ingest], environment)
    shutil.rmtree(study)
    return [
        (
            f"{times * log.stat().st_size / 1e9:.1f} GB of conn.log on standard input, "
            f"{times * ROWS:,} rows of one day, in and settled: {ours}"
        )
    ]
