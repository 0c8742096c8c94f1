"""What attribution costs: lists loaded and matched, and its share of ingesting and settling.

The baseline is the same command whose attribution leaves all its columns empty.
"""

import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np

from folkways.attribute.importing import import_list
from folkways.attribute.intervals import Finder, Ranges
from folkways.attribute.snapshot import Snapshot
from folkways.model.addresses import MAPPED_PREFIX, addresses_to_numpy
from inputs import write_conn_log, write_population
from measure import Cost, cost_of, python

PREFIXES, ADDRESSES, FLOWS = 1_000_000, 20_000_000, 20_000_000
_WITHOUT = """
import sys
from folkways.cli import main
from folkways.model.columns import CONNECTED, CONNECTIONS
from folkways.study import settle

def nothing(con, view, day, catalogue, snapshot, *, anonymised=False):
    own = set(CONNECTED.names)
    kinds = {c.name: "BIGINT" if c.unit == "days" else "VARCHAR" for c in CONNECTIONS.columns}
    columns = ", ".join(n if n in own else f"NULL::{k} AS {n}" for n, k in kinds.items())
    con.execute(f"CREATE OR REPLACE TEMP VIEW unattributed AS SELECT {columns} FROM {view}")
    return "unattributed"

settle.attribute_day = nothing
sys.argv = ["folkways", *sys.argv[1:]]
main()
"""


def run(folder: Path) -> list[str]:
    """Lines of a report."""
    return [*_lookup(folder), *_whole(folder)]


def _lookup(folder: Path) -> list[str]:
    lines = []
    for family, rows in (("IPv4", _ipv4_rows()), ("IPv6", _ipv6_rows())):
        path, reference = folder / f"prefixes-{family}.csv", folder / f"lookup-{family}"
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        shutil.rmtree(reference, ignore_errors=True)
        began = time.monotonic()
        done = import_list(
            path, reference, kind="asn", source="made", first=None, last=None, licence="none"
        )
        imported = time.monotonic() - began
        began = time.monotonic()
        (one,) = Snapshot.load(reference).lists
        table = one.read()
        first, _ = addresses_to_numpy(table["start"])
        last, _ = addresses_to_numpy(table["end"])
        finder = Finder(Ranges(first, last, np.arange(table.num_rows)))
        loaded = time.monotonic() - began
        count = ADDRESSES if family == "IPv4" else ADDRESSES // 5
        octets = _addresses(family, count)
        known = np.ones(count, np.bool_)
        began = time.monotonic()
        # In pieces, as a day's remotes are looked up (see snapshot.py).
        for begin in range(0, count, 2**18):
            finder.find(octets[begin : begin + 2**18], known[begin : begin + 2**18])
        matched = time.monotonic() - began
        lines.append(
            f"{family}: {done.rows:,} prefixes imported in {imported:.1f} s, loaded in "
            f"{loaded:.2f} s; {count:,} addresses matched on one core: {count / matched:,.0f}/s"
        )
    return lines


def _ipv4_rows() -> list[str]:
    """Every 16th /24 or so of the whole space, none touching the next."""
    numbers = np.arange(PREFIXES, dtype=np.uint64) * (2**32 // PREFIXES)
    return [f"{n},{n + 2000},{1 + n % 60000}" for n in numbers.tolist()]


def _ipv6_rows() -> list[str]:
    return [
        f"2{n >> 12:03x}:{n & 0xFFF:x}::,2{n >> 12:03x}:{n & 0xFFF:x}:7fff::,{1 + n % 60000}"
        for n in range(PREFIXES)
    ]


def _addresses(family: str, count: int) -> "np.ndarray":
    octets = np.random.default_rng(1).integers(0, 256, (count, 16), np.uint8)
    if family == "IPv4":
        octets[:, :12] = np.frombuffer(MAPPED_PREFIX, np.uint8)
    else:
        octets[:, 0] = 0x20 | octets[:, 0] & 0x0F
    return octets


def _whole(folder: Path) -> list[str]:
    log = write_conn_log(folder / "conn-20m.log", FLOWS)
    lists = [(kind, _list(folder, kind)) for kind in ("asn", "country")]
    command = [str(Path(sys.executable).parent / "folkways")]
    ours = _ingest(folder, log, command, lists)
    without = _ingest(folder, log, python(_WITHOUT), lists)
    return [
        (
            f"{FLOWS:,} flows in and settled, attributed by the catalogue and lists of "
            f"{PREFIXES:,} networks: {FLOWS / ours.wall_s:,.0f} flows/s ({ours})"
        ),
        (
            f"  the same without attribution: {FLOWS / without.wall_s:,.0f} flows/s ({without}); "
            f"attribution adds {ours.wall_s / without.wall_s - 1:.0%}"
        ),
    ]


def _list(folder: Path, kind: str) -> Path:
    path = folder / f"{kind}.csv"
    countries = ("DE", "FR", "CN", "US", "BR", "IN")
    rows = (row.rsplit(",", 1) for row in _ipv4_rows())
    path.write_text(
        "".join(
            f"{row},{value if kind == 'asn' else countries[int(value) % 6]}\n"
            for row, value in rows
        ),
        encoding="utf-8",
    )
    return path


def _ingest(folder: Path, log: Path, command: list[str], lists: list[tuple[str, Path]]) -> Cost:
    population = write_population(folder / "population.toml")
    study = folder / f"attribution-study-{os.getpid()}"
    environment = {"FOLKWAYS_CONFIG_DIR": str(folder / "config")}
    cost_of([*command, "init", str(study), "--population", str(population)], environment)
    for kind, path in lists:
        arguments = ["reference", "import", str(study), str(path), "--kind", kind]
        cost_of([*command, *arguments, "--source", "made"], environment)
    cost = cost_of([*command, "ingest", str(study), str(log)], environment)
    shutil.rmtree(study)
    return cost
