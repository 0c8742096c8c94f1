"""How often "one traffic, one count" errs: several meters see the same connections.

Run: python benchmarks/sightings.py [--connections 3000 | --captures FOLDER] [--only WORD]
The connections are simulated, or those of real captures. Of each packet it is known which rows
state it, so that two errors can be told apart: packets that are counted again though a kept row
states them (missed repetitions), and packets that no kept row states though some row does (false
drops). Of a row that is kept in part its end is meant.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from folkways.connect.connections import connections_of_day
from folkways.model.addresses import addresses_from_numpy
from folkways.model.columns import OBSERVED, STORED_NAMES
from sightings_scenes import SCENES
from sightings_world import DAY, UNKNOWN, Ints, Rows, World, make_world, together

SEED = 20_260_801
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Errors:
    """What came out. Shares are of bytes."""

    counted: float
    """Bytes counted, of the bytes of packets that some row states."""
    missed: float
    """Of the bytes that are stated again, those counted again; nan where none are."""
    dropped: float
    """Of the bytes that are stated, those not counted at all."""
    connections: float
    right: float
    """Connections whose opener is right, and whose is wrong; the others' is unknown."""
    wrong: float

    def cells(self) -> list[str]:
        """For the table."""
        again = "none" if np.isnan(self.missed) else f"{self.missed:.2%}"
        return [
            *(f"{self.counted:.2%}", again, f"{self.dropped:.3%}"),
            *(f"{self.connections:.3f}", f"{self.right:.1%}", f"{self.wrong:.2%}"),
        ]


def errors(world: World, parts: list[Rows]) -> Errors:
    """Connect the rows of all meters and compare with what happened."""
    rows = together(parts)
    found = _connected(rows)
    content = contents(rows)
    size = world.packets.size
    # Rows of one content state the same packets: the first stands for all.
    stated, first = np.unique(content, return_index=True)
    place = np.full(len(rows), UNKNOWN)
    place[first] = stated
    of_packet = place[rows.row]
    packet, of_packet = rows.packet[of_packet >= 0], of_packet[of_packet >= 0]
    order = np.argsort(of_packet, kind="stable")
    packet, of_packet = packet[order], of_packet[order]
    total = np.bincount(of_packet, size[packet])
    weight = np.bincount(found["content"], found["bytes"], len(stated)) / total
    counts = np.bincount(packet, _kept(of_packet, size[packet], weight), len(size))
    copies = np.bincount(rows.packet, minlength=len(size))
    seen = copies > 0
    again = size[seen] @ (copies[seen] - 1)
    flow = rows.flow[first][found["content"]]
    opens = np.bincount(flow, found["opens"], len(world.key))
    there = np.bincount(world.packets.flow[seen], minlength=len(world.key)) > 0
    opening = found["opens"] > 0
    said = found["by_member"][opening]
    right = said == world.by_member[flow][opening]
    return Errors(
        counted=float(size[seen] @ counts[seen] / size[seen].sum()),
        missed=float(size[seen] @ np.maximum(counts[seen] - 1, 0) / again) if again else np.nan,
        dropped=float(size[seen] @ np.maximum(1 - counts[seen], 0) / size[seen].sum()),
        connections=float(opens.sum() / there.sum()),
        right=float(right.mean()),
        wrong=float((~right & (said != UNKNOWN)).mean()),
    )


def _kept(row: Ints, size: Ints, weight: Reals) -> Reals:
    """How often each packet of each row is counted: of what is kept in part the end is meant."""
    passed = np.cumsum(size)
    first = np.searchsorted(row, np.arange(len(weight)))
    total = np.bincount(row, size, len(weight))
    since = passed - (passed - size)[first][row]
    whole = np.floor(weight + 1e-9)
    gone = (1 - (weight - whole)) * total
    return whole[row] + np.clip((since - gone[row]) / size, 0, 1)


def _connected(rows: Rows) -> dict[str, Ints]:
    """What is counted of each row that is kept."""
    con = duckdb.connect()
    con.register("observed", observed(rows))
    con.register("logged", pa.Table.from_pylist([], STORED_NAMES.schema))
    query = connections_of_day(con, "observed", "logged", DAY).query
    found = con.sql(
        f"""SELECT member_range::BIGINT AS content, opens,
            coalesce(bytes_out, 0) + coalesce(bytes_in, 0) AS bytes,
            CASE opened_by WHEN 'member' THEN 1 WHEN 'remote' THEN 0 ELSE {UNKNOWN} END::BIGINT
                AS by_member
        FROM ({query}) WHERE noise NOT IN ('duplicate', 'interim')"""
    ).to_arrow_table()
    return {name: found[name].to_numpy() for name in found.column_names}


def contents(rows: Rows) -> Ints:
    """Numbers of rows: those that are equal in all but their source have the same."""
    codes = [
        np.unique(column, return_inverse=True)[1]
        for name, column in rows.columns.items()
        if name != "source"
    ]
    return np.unique(np.stack(codes, axis=1), axis=0, return_inverse=True)[1].reshape(-1)


def observed(rows: Rows) -> pa.Table:
    """As a table OBSERVED; ``member_range`` holds the number of the content."""
    columns, n = rows.columns, len(rows)
    key = columns["key"]
    given: dict[str, pa.Array] = {
        "day": pa.repeat(pa.scalar(DAY), n),
        "member": _addresses(key // 50_000, 1),
        "remote": _addresses(key % 97, 2),
        "member_port": pa.array(1024 + key % 50_000),
        "remote_port": pa.array(np.full(n, 443)),
        "member_range": pa.array(contents(rows).astype(str)),
        "internal": pa.repeat(pa.scalar(value=False), n),
    }
    for name in columns.keys() - {"key"}:
        values = columns[name]
        if values.dtype == np.bool_:
            given[name] = pa.array(values, mask=~values)
        elif values.dtype.kind == "U":
            given[name] = pa.array(values.astype(object), pa.string(), mask=values == "")
        else:
            given[name] = pa.array(values, mask=values == UNKNOWN)
    arrays = [
        given[f.name].cast(f.type) if f.name in given else pa.nulls(n, f.type)
        for f in OBSERVED.schema
    ]
    return pa.Table.from_arrays(arrays, schema=OBSERVED.schema)


def _addresses(numbers: Ints, first: int) -> pa.Array:
    octets = np.zeros((len(numbers), 16), np.uint8)
    octets[:, 0] = first
    octets[:, 8:] = numbers.astype(">i8").view(np.uint8).reshape(-1, 8)
    return addresses_from_numpy(octets)


def run(name: str, world: World | int) -> Errors:
    """One scene in a world of its own, or in the given one; the same every time."""
    rng = np.random.default_rng(SEED)
    if isinstance(world, int):
        world = make_world(rng, world)
    return errors(world, SCENES[name](world, rng))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=3000)
    parser.add_argument("--captures", type=Path)
    parser.add_argument("--limit", type=int, default=1000)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    if arguments.captures:
        from sightings_captures import world_of_captures

        world = world_of_captures(arguments.captures, arguments.limit)
    else:
        world = make_world(np.random.default_rng(SEED), arguments.connections)
    print(f"{len(world.key):,} connections, {len(world.packets.time):,} packets\n")
    print(
        "| seen by | bytes counted | repeated bytes counted again | bytes dropped "
        "| connections | opener right | wrong |\n" + "|---" * 7 + "|"
    )
    for name in SCENES:
        if arguments.only in name:
            print(f"| {name} | {' | '.join(run(name, world).cells())} |", flush=True)


if __name__ == "__main__":
    main()
