"""How well connections are made again of what exporters leave of them, on real captures.

Run: python benchmarks/pairing.py --captures FOLDER [--limit 100]
Each capture is metered whole, which is the truth, but for TCP of which it saw one side only. The
same packets are then exported as routers do: each direction apart, cut by timeouts, perhaps sampled
or one direction only. Captures are moved into one day and into addresses of their own.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from folkways.connect.connections import connections_of_day
from folkways.connect.orient import Orienter
from folkways.model.addresses import addresses_from_numpy
from folkways.model.batches import Tally, make_batch
from folkways.model.columns import OBSERVED, STORED_NAMES
from folkways.model.errors import UserError
from folkways.model.population import Population
from folkways.read.capture.capture_file import CHUNK_BYTES, read_frames
from folkways.read.capture.cuts import Timeouts
from folkways.read.capture.dissect import dissect
from folkways.read.capture.fragments import Fragments
from folkways.read.capture.meter import Meter
from folkways.read.capture.stream import ChunkStream
from folkways.read.source import Source

DAY, DAY_START_MS = "2020-01-02", 1_577_923_200_000
LONGEST_MS = 20 * 3_600_000
FOREVER_NS = 2**62
MEMBERS, OTHERS = 0xFD, 0x20
POPULATION = '[[range]]\nprefix = "fd00::/8"\n'
MAX_OPEN = 1 << 20

Integers = npt.NDArray[Any]


@dataclass(frozen=True)
class Exporter:
    """How an exporter reports, and with which timeout the pieces are joined (seconds)."""

    active: float = 120
    idle: float = 30
    join: float = 120
    sampling: int = 1
    clock_ms: int = 1
    only: str = ""

    def label(self) -> str:
        """In words, for the table."""
        words = f"{self.active:g} / {self.idle:g} / {self.join:g}"
        if self.clock_ms > 1:
            words += f", clock of {self.clock_ms} ms"
        if self.sampling > 1:
            words += f", 1 in {self.sampling}"
        return f"{words}, {self.only} only" if self.only else words


EXPORTERS = (
    *(Exporter(active, idle) for active in (60, 120, 300, 1800) for idle in (15, 30, 120)),
    *(
        Exporter(active, idle, join)
        for active, idle in ((60, 15), (1800, 120))
        for join in (60, 300)
    ),
    Exporter(clock_ms=1000),
    Exporter(only="out"),
    Exporter(only="in"),
    *(Exporter(sampling=n) for n in (10, 100, 1000)),
)


@dataclass(frozen=True)
class Packets:
    """Packets of all captures; ``flow`` is the true connection, ``forward`` by its opener."""

    time_ms: Integers
    source: Integers
    destination: Integers
    ports: Integers
    protocol: Integers
    flags: Integers
    size: Integers
    flow: Integers
    forward: Integers

    def take(self, rows: Integers) -> "Packets":
        """Some of them."""
        return replace(self, **{name: column[rows] for name, column in vars(self).items()})


def read_packets(path: Path, number: int) -> Packets | None:
    """The packets of a capture, in the day and in addresses that no other capture has."""
    tally = Tally()
    source = Source(path.name, path)
    meter, fragments = Meter(Timeouts(FOREVER_NS, FOREVER_NS), MAX_OPEN), Fragments(tally)
    parts: list[Any] = []
    try:
        with source.open() as stream:
            for frames in read_frames(ChunkStream(stream, tally, CHUNK_BYTES), path.name):
                packets = fragments.resolve(dissect(frames, tally))
                if len(packets):
                    parts.append((packets, meter.add(packets)))
    except UserError:
        return None
    if not parts:
        return None

    def column(name: str) -> Integers:
        return np.concatenate([getattr(packets, name) for packets, _ in parts])

    source_address, destination = _own_addresses(column("source"), column("destination"), number)
    time = column("time_ns") // 10**6
    found = Packets(
        time_ms=time - time.min() + DAY_START_MS + 3_600_000,
        source=source_address,
        destination=destination,
        ports=np.stack([column("source_port"), column("destination_port")], axis=1),
        protocol=column("protocol").astype(np.int64),
        flags=column("tcp_flags").astype(np.int64),
        size=column("ip_bytes").astype(np.int64),
        flow=np.concatenate([m.flow for _, m in parts]) + number * 10**9,
        forward=np.concatenate([m.forward for _, m in parts]),
    )
    inside = (found.source[:, 0] == MEMBERS) != (found.destination[:, 0] == MEMBERS)
    inside &= (time - time.min() < LONGEST_MS) & ~_half_seen(found)
    return found.take(np.flatnonzero(inside))


def _half_seen(packets: Packets) -> Integers:
    """Packets of TCP connections of which the capture itself holds one side only: no truth."""
    _, flow = np.unique(packets.flow, return_inverse=True)
    both = np.bincount(flow, packets.forward) % np.bincount(flow) > 0
    acknowledged = np.bincount(flow, (packets.protocol == 6) & (packets.flags & 16 > 0)) > 0
    return (acknowledged & ~both)[flow]


def _own_addresses(
    source: Integers, destination: Integers, number: int
) -> tuple[Integers, Integers]:
    """Members are the private addresses of a capture, else who sent its first packet."""

    def private(octets: Integers) -> Integers:
        mapped = (octets[:, :10] == 0).all(axis=1) & (octets[:, 10:12] == 0xFF).all(axis=1)
        a, b = octets[:, 12], octets[:, 13]
        inside = (a == 10) | ((a == 172) & (b >> 4 == 1)) | ((a == 192) & (b == 168))
        return mapped & inside

    members = private(source), private(destination)
    if not (members[0] != members[1]).any():
        members = tuple((side == source[0]).all(axis=1) for side in (source, destination))
    sides = []
    for octets, member in zip((source, destination), members, strict=True):
        own = octets.copy()
        # The first three octets make room for side and capture; IPv6 is told apart by the rest.
        own[:, 0] = np.where(member, MEMBERS, OTHERS)
        own[:, 1], own[:, 2] = number >> 8, number & 255
        sides.append(own)
    return sides[0], sides[1]


def export(packets: Packets, how: Exporter, rng: np.random.Generator) -> pa.RecordBatch:
    """Records as an exporter makes them: one direction each, ended by its timeouts."""
    keep = rng.random(len(packets.time_ms)) * how.sampling < 1
    if how.only:
        keep &= (packets.source[:, 0] == MEMBERS) == (how.only == "out")
    packets = packets.take(np.flatnonzero(keep))
    key = np.concatenate(
        [
            packets.source,
            packets.destination,
            packets.ports.astype(">i4").view(np.uint8).reshape(-1, 8),
            packets.protocol.astype(np.uint8)[:, None],
        ],
        axis=1,
    )
    _, group = np.unique(np.ascontiguousarray(key).view("S41").reshape(-1), return_inverse=True)
    order = np.lexsort((packets.time_ms, group))
    packets, group = packets.take(order), group[order]
    first_of_run = np.append(True, (np.diff(group) != 0))
    first_of_run[1:] |= np.diff(packets.time_ms) > how.idle * 1000
    starts = np.flatnonzero(first_of_run)
    run = np.cumsum(first_of_run) - 1
    slice_ = (packets.time_ms - packets.time_ms[starts][run]) // round(how.active * 1000)
    at = np.flatnonzero(first_of_run | np.append(True, np.diff(slice_) != 0))
    last = np.append(at[1:], len(run)) - 1
    ports = [pa.array(side, mask=side < 0) for side in packets.ports[at].astype(np.int32).T]
    n = len(at)
    known = np.ones(n, np.bool_)
    columns = {
        "start_ms": pa.array(packets.time_ms[at] // how.clock_ms * how.clock_ms),
        "end_ms": pa.array(packets.time_ms[last] // how.clock_ms * how.clock_ms),
        "source_address": addresses_from_numpy(packets.source[at], known),
        "destination_address": addresses_from_numpy(packets.destination[at], known),
        "source_port": ports[0],
        "destination_port": ports[1],
        "protocol": pa.array(packets.protocol[at].astype(np.int16)),
        "bytes_forward": pa.array(np.add.reduceat(packets.size, at)),
        "packets_forward": pa.array(last - at + 1),
        "tcp_flags_forward": pa.array(
            np.bitwise_or.reduceat(packets.flags, at).astype(np.int16),
            mask=packets.protocol[at] != 6,
        ),
        "sampling": pa.array(np.full(n, how.sampling)),
        "sensor_label": pa.array(packets.flow[at].astype(str)),
    }
    return make_batch("records", columns, n).rows


def connected(records: pa.RecordBatch, join_s: float) -> duckdb.DuckDBPyConnection:
    """A connection whose table ``found`` holds what was made of the records."""
    columns = Orienter(Population.parse(POPULATION), str).orient(records).columns
    columns["source"] = pa.repeat(pa.scalar("bench"), len(columns["start_ms"]))
    arrays = [columns[name].cast(OBSERVED.schema.field(name).type) for name in OBSERVED.names]
    con = duckdb.connect()
    con.register("observed", pa.Table.from_arrays(arrays, schema=OBSERVED.schema))
    con.register("logged", pa.Table.from_pylist([], STORED_NAMES.schema))
    query = connections_of_day(con, "observed", "logged", DAY, timeout_ms=round(join_s * 1000))
    con.execute(f"CREATE TABLE found AS {query.query}").fetchall()
    return con


def truth(packets: Packets) -> pa.Table:
    """A row for each connection: its opener, whether it was answered, its bytes."""
    order = np.argsort(packets.flow, kind="stable")
    packets = packets.take(order)
    at = np.flatnonzero(np.append(True, np.diff(packets.flow) != 0))
    by_member = (packets.source[:, 0] == MEMBERS) == packets.forward
    answered = np.bitwise_or.reduceat(~packets.forward, at)
    return pa.table(
        {
            "id": packets.flow[at].astype(str),
            "opener": np.where(by_member[at], "member", "remote"),
            "answered": answered,
            "noise": np.where(~by_member[at] & ~answered, "scan", "use"),
            "bytes": np.add.reduceat(packets.size, at),
        }
    )


_COMPARE = """
    WITH each AS (
        SELECT sensor_label AS id, sum(opens) AS opens, arg_min(opened_by, start_ms) AS opener,
               bool_or(answered) AS answered, bool_or(noise = 'use') AS used,
               sum((coalesce(bytes_out, 0) + coalesce(bytes_in, 0)) * sampling) AS bytes
        FROM found GROUP BY ALL)
    SELECT (SELECT count(*) FROM truth), count(*), sum(f.opens),
           avg((f.opener IS NOT DISTINCT FROM t.opener)::INT),
           avg(coalesce(f.opener <> t.opener, false)::INT),
           avg((f.answered IS NOT DISTINCT FROM t.answered)::INT),
           avg(coalesce(f.answered <> t.answered, false)::INT),
           avg((t.noise = 'use' AND NOT f.used)::INT), avg((t.noise <> 'use' AND f.used)::INT),
           sum(f.bytes) / (SELECT sum(bytes) FROM truth)
    FROM each f JOIN truth t USING (id)
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captures", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=100)
    arguments = parser.parse_args()
    files = sorted(p for p in arguments.captures.rglob("*") if p.suffix in {".pcap", ".pcapng"})
    chosen = sorted(files, key=lambda p: (-p.stat().st_size, p.name))[: arguments.limit]
    each = [p for n, f in enumerate(chosen) if (p := read_packets(f, n)) and len(p.time_ms)]
    packets = Packets(
        **{name: np.concatenate([vars(p)[name] for p in each]) for name in vars(each[0])}
    )
    right = truth(packets)
    print(
        f"{len(each)} captures, {len(packets.time_ms):,} packets, {right.num_rows:,} connections\n"
    )
    print(
        "| active / idle / join (s) | seen | counted by seen | opener right | wrong "
        "| answered right | wrong | use set aside | scan taken for use | bytes |\n|---|"
        + "---|"
        * 9
    )
    for how in EXPORTERS:
        con = connected(export(packets, how, np.random.default_rng(20260801)), how.join)
        con.register("truth", right)
        whole, seen, opens, *shares, size = con.sql(_COMPARE).fetchall()[0]
        cells = [f"{seen / whole:.1%}", f"{opens / seen:.3f}", *(f"{s:.1%}" for s in shares)]
        print(f"| {how.label()} | {' | '.join(cells)} | {size:.1%} |", flush=True)


if __name__ == "__main__":
    main()
