"""Export packets of NetFlow v5, v9 and IPFIX decoded to batches, beside the ``netflow`` package.

The dumps are made here: packets of 24 to 30 records, laid out as routers do, back to back. Both
sides are timed inside a process of their own, without the start of the interpreter.
"""

import struct
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt

from measure import python

PACKETS = 150_000
PACKETS_OF_BASELINE = 10_000
REPEATS = 3
TEMPLATE_EVERY = 500
NOW = 1_500_000_000
RECORDS = {5: 30, 9: 27, 10: 24}
"""Records a packet, by version."""
LAYOUTS = {
    5: (
        *((8, 4), (12, 4), (15, 4), (10, 2), (14, 2), (2, 4), (1, 4), (22, 4), (21, 4), (7, 2)),
        *((11, 2), (0, 1), (6, 1), (4, 1), (5, 1), (16, 2), (17, 2), (9, 1), (13, 1), (0, 2)),
    ),
    9: (
        *((8, 4), (12, 4), (15, 4), (10, 4), (14, 4), (2, 4), (1, 4), (22, 4), (21, 4), (7, 2)),
        *((11, 2), (6, 1), (4, 1), (5, 1), (61, 1), (16, 4), (17, 4), (9, 1), (13, 1)),
    ),
    10: (
        *((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (5, 1), (6, 2), (10, 4), (14, 4), (1, 8)),
        *((2, 8), (152, 8), (153, 8), (136, 1), (61, 1)),
    ),
}
"""Element and octets of each field in order; element 0 is one that is not used."""
OURS = """
import sys, time
from pathlib import Path
from folkways.model.batches import Tally
from folkways.read.netflow import NetFlowReader
from folkways.read.reader import ReadOptions
from folkways.read.source import Source
source, tally = Source("bench", Path(sys.argv[1])), Tally()
began = time.monotonic()
rows = sum(b.rows.num_rows for b in NetFlowReader().read(source, ReadOptions(), tally))
print(rows / (time.monotonic() - began))
assert rows == int(sys.argv[2]) and not tally.skipped and not tally.gaps, (rows, tally)
"""
THEIRS = """
import itertools, sys, time
from pathlib import Path
from folkways.model.batches import Tally
from folkways.read.netflow.dump import packets
from netflow import parse_packet
with Path(sys.argv[1]).open("rb") as stream:
    cut = [bytes(p) for p in itertools.islice(packets(stream, Tally()), int(sys.argv[2]))]
templates, rows = {"netflow": {}, "ipfix": {}}, 0
began = time.monotonic()
for packet in cut:
    rows += len(parse_packet(packet, templates).flows)
print(rows / (time.monotonic() - began))
"""


def write_dump(path: Path, version: int) -> int:
    """A dump of ``PACKETS`` packets, made once; the number of its flows."""
    records = RECORDS[version]
    if not path.exists():
        random = np.random.default_rng(version)
        layout = LAYOUTS[version]
        with path.open("wb") as out:
            for first in range(0, PACKETS, TEMPLATE_EVERY):
                flows = _flows(random, layout, TEMPLATE_EVERY * records, first)
                size = flows.itemsize * records
                content = flows.tobytes()
                for i in range(TEMPLATE_EVERY):
                    records_of_it = content[i * size : (i + 1) * size]
                    out.write(_packet(version, first + i, records_of_it))
    return PACKETS * records


def _flows(
    random: np.random.Generator, layout: tuple[tuple[int, int], ...], count: int, first: int
) -> npt.NDArray[np.void]:
    kinds = [(f"f{i}", f">u{octets}") for i, (_, octets) in enumerate(layout)]
    flows = np.zeros(count, np.dtype(kinds))
    uptime = 1_000_000 + first * 10
    started = uptime - random.integers(1_000, 60_000, count)
    ended = np.minimum(started + random.integers(0, 50_000, count), uptime)
    values = {
        8: 0xC612_0000 + random.integers(0, 1_000, count),
        12: 0x0B00_0000 + random.integers(0, 200_000, count),
        1: random.integers(40, 1_000_000, count),
        2: random.integers(1, 1_000, count),
        7: random.integers(1024, 65_536, count),
        11: random.choice([53, 80, 443], count),
        4: random.choice([6, 17], count),
        6: random.integers(0, 32, count),
        22: started,
        21: ended,
        152: NOW * 1000 + started,
        153: NOW * 1000 + ended,
        16: random.integers(1, 65_000, count),
        17: random.integers(1, 65_000, count),
        10: random.integers(1, 48, count),
        14: random.integers(1, 48, count),
    }
    for i, (number, _) in enumerate(layout):
        if number in values:
            flows[f"f{i}"] = values[number]
    return flows


def _packet(version: int, packet: int, records: bytes) -> bytes:
    count = RECORDS[version]
    now, uptime = NOW + packet // 100, 1_000_000 + packet * 10
    if version == 5:
        head = struct.pack(">HHIIIIBBH", 5, count, uptime, now, 0, packet * count, 0, 0, 0)
        return head + records
    sets = struct.pack(">HH", 256, 4 + len(records)) + records
    if packet % TEMPLATE_EVERY == 0:
        sets = _template(version) + sets
    if version == 9:
        return struct.pack(">HHIIII", 9, count, uptime, now, packet, 1) + sets
    return struct.pack(">HHIII", 10, 16 + len(sets), now, packet * count, 1) + sets


def _template(version: int) -> bytes:
    fields = LAYOUTS[version]
    body = struct.pack(">HH", 256, len(fields)) + b"".join(struct.pack(">HH", *f) for f in fields)
    return struct.pack(">HH", 0 if version == 9 else 2, 4 + len(body)) + body


def _rate(code: str, path: Path, count: int) -> float:
    command = python(code, str(path.resolve()), str(count))
    rates = []
    for _ in range(REPEATS):
        # In a folder without this file, whose name is that of the package.
        told = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=path.parent)
        rates.append(float(told.stdout))
    return max(rates)


def run(folder: Path) -> list[str]:
    """Lines of a report."""
    lines = []
    for version, name in ((5, "NetFlow v5"), (9, "NetFlow v9"), (10, "IPFIX")):
        path = folder / f"export-{version}.dat"
        flows = write_dump(path, version)
        ours = _rate(OURS, path, flows)
        theirs = _rate(THEIRS, path, PACKETS_OF_BASELINE)
        lines += [
            f"{name}, {flows:,} flows ({path.stat().st_size / 1e6:.0f} MB): {ours:,.0f} flows/s",
            f"  netflow: {theirs:,.0f} flows/s; Folkways is {ours / theirs:.1f} times as fast",
        ]
    return lines
