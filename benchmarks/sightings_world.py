"""Connections whose packets are known, and meters that see some of them. For ``sightings.py``.

A meter takes packets, moves them by its clock, cuts them by its timeouts and makes rows of the
schema ``observed``; which packets each row states is kept beside it.
"""

import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

DAY, DAY_START_MS = "2020-01-02", 1_577_923_200_000
HOUR_MS = 3_600_000
NEVER_S = 1e6
LONGEST_SILENCE_MS = 100_000
"""Shorter than the silence that ends a connection, so that truth does not hang on a timeout."""
UNKNOWN = -1
TCP, UDP = 6, 17
SYN, SYN_ACK, ACK, FIN_ACK = 2, 18, 16, 17

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Random = np.random.Generator


@dataclass(frozen=True)
class Packets:
    """Packets in order of connection and time; ``way`` is 0 if the member sent it, else 1."""

    number: Ints
    flow: Ints
    way: Ints
    time: Ints
    size: Ints
    flags: Ints

    def take(self, chosen: Flags | Ints) -> "Packets":
        """Some of them."""
        return replace(self, **{name: column[chosen] for name, column in vars(self).items()})


@dataclass(frozen=True)
class World:
    """What happened: packets, and of each connection its key, protocol, opener, start and end."""

    packets: Packets
    key: Ints
    protocol: Ints
    by_member: Flags
    start: Ints
    end: Ints

    def moment(self, rng: Random, least: float = 0, most: float = 1) -> Ints:
        """For each packet an instant inside its connection's life, the same for all of one."""
        at = self.start + (self.end - self.start) * rng.uniform(least, most, len(self.key))
        return at.astype(np.int64)[self.packets.flow]


def make_world(rng: Random, flows: int) -> World:
    """Connections with heavy tails in packets, silences and rates; a tenth use a key again."""
    tcp = rng.random(flows) < 0.6
    answered, by_member = rng.random(flows) > 0.04, rng.random(flows) > 0.06
    count = np.minimum(1 + rng.pareto(0.9, flows) * np.where(tcp, 9, 2), 12_000).astype(np.int64)
    count = np.where(answered, count + np.where(tcp, 3, 1), np.minimum(count, 3))
    flow = np.repeat(np.arange(flows), count)
    nth = np.arange(len(flow)) - np.repeat(np.cumsum(count) - count, count)
    late = np.select(
        [rng.random(len(flow)) < share for share in (0.86, 0.9)],
        [rng.exponential(25, len(flow)), 1_000 * rng.pareto(1.3, len(flow))],
        rng.uniform(3_000, LONGEST_SILENCE_MS, len(flow)) * (rng.random(len(flow)) < 0.3),
    )
    late *= rng.lognormal(-0.5, 1.2, flows)[flow]
    gap = np.where(nth > 0, np.minimum(late, LONGEST_SILENCE_MS), 0).astype(np.int64)
    passed = np.cumsum(gap)
    time = passed - np.repeat(passed[np.cumsum(count) - count], count)
    lasts = np.maximum.reduceat(time, np.cumsum(count) - count)
    start = rng.integers(HOUR_MS, 10 * HOUR_MS, flows)
    again = (np.arange(flows) % 2 == 1) & (rng.random(flows) < 0.2)
    key = np.where(again, np.arange(flows) - 1, np.arange(flows))
    pause = rng.integers(130_000, 600_000, flows)
    start = np.where(again, np.roll(start + lasts, 1) + pause, start) + DAY_START_MS
    protocol = np.where(tcp, TCP, UDP)
    protocol = np.where(again, np.roll(protocol, 1), protocol)
    opener = np.where(by_member, 0, 1)[flow]
    other = answered[flow] & ((nth == 1) | ((nth > 2) & (rng.random(len(flow)) < 0.55)))
    way = np.where(other, 1 - opener, opener)
    data = rng.random(len(flow)) < np.where(way == 1, 0.7, 0.25)
    size = np.where(data, rng.integers(600, 1500, len(flow)), rng.integers(40, 120, len(flow)))
    even = (rng.random(flows) < 0.2)[flow]
    flags = _flags(nth, count[flow], answered[flow])
    packets = Packets(
        number=np.arange(len(flow)),
        flow=flow,
        way=way,
        time=time + start[flow],
        size=np.where(even, 212, size),
        flags=np.where(protocol[flow] == TCP, flags, 0),
    )
    return World(packets, key, protocol, by_member, start, start + lasts)


def _flags(nth: Ints, count: Ints, answered: Flags) -> Ints:
    found = np.where(nth == 0, SYN, np.where(nth == 1, SYN_ACK, ACK))
    found = np.where((nth > 2) & (nth >= count - 2), FIN_ACK, found)
    return np.where(answered, found, SYN)


@dataclass(frozen=True)
class Meter:
    """How a meter reports. Times are in seconds.

    ``sort`` is ``router`` (a row a direction), ``capture`` (both directions, one flow a key) or
    ``sensor`` (the same with ids). ``lost_rows`` is the share of its rows that do not arrive,
    ``loss`` that of packets that it misses, ``classes`` into how many rows of one key it splits
    packets by a field that is no part of the key.
    """

    name: str = ""
    sort: str = "router"
    active: float = 120
    idle: float = 30
    clock: float = 0
    resolution_ms: int = 1
    loss: float = 0
    lost_rows: float = 0
    sampling: int = 1
    classes: int = 1
    source: str = "file"


CAPTURE = Meter(sort="capture", active=300, idle=120)
SENSOR = Meter(sort="sensor", active=NEVER_S, idle=300)


@dataclass(frozen=True)
class Rows:
    """Rows as columns; ``packet`` and ``row`` are pairs: this row states this packet."""

    columns: dict[str, npt.NDArray[Any]]
    packet: Ints
    row: Ints
    flow: Ints

    def __len__(self) -> int:
        return len(self.columns["start_ms"])

    def take(self, rows: Ints) -> "Rows":
        """Some rows, ascending."""
        place = np.full(len(self), UNKNOWN)
        place[rows] = np.arange(len(rows))
        kept = place[self.row] >= 0
        columns = {name: column[rows] for name, column in self.columns.items()}
        return Rows(columns, self.packet[kept], place[self.row[kept]], self.flow[rows])

    def but(self, **columns: Any) -> "Rows":
        """The same with other values in some columns."""
        full = {name: np.full(len(self), value) for name, value in columns.items()}
        return replace(self, columns=self.columns | full)


def together(parts: list[Rows]) -> Rows:
    """The rows of all parts."""
    before = np.cumsum([0, *(len(part) for part in parts)])
    return Rows(
        {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns},
        np.concatenate([part.packet for part in parts]),
        np.concatenate([part.row + n for part, n in zip(parts, before, strict=False)]),
        np.concatenate([part.flow for part in parts]),
    )


def observe(
    world: World, meter: Meter, rng: Random, sees: Flags | None = None, states_s: float = 0
) -> Rows:
    """The rows of a meter on whose path the packets chosen by ``sees`` lie.

    With ``states_s`` each row states its connection anew, from its beginning, every so often.
    """
    packets = world.packets
    kept = rng.random(len(packets.time)) >= meter.loss
    kept &= rng.random(len(packets.time)) * meter.sampling < 1
    packets = packets.take(kept if sees is None else kept & sees)
    one_way = meter.sort == "router"
    group = packets.flow * 2 + (packets.way if one_way else 0)
    if meter.classes > 1:
        group = group * meter.classes + rng.integers(0, meter.classes, len(group))
    order = np.lexsort((packets.time, group))
    packets, group = packets.take(order), group[order]
    begin, run = _cut(packets.time, group, meter)
    row = np.cumsum(begin) - 1
    if states_s:
        at = np.flatnonzero(begin)
        turn = (packets.time - packets.time[at][row]) // round(states_s * 1000)
        ends = np.append((np.diff(row) != 0) | (np.diff(turn) != 0), True)
        last = np.flatnonzero(ends)
        first = at[row[last]]
    else:
        first = np.flatnonzero(begin)
        last = np.append(first[1:], len(begin)) - 1
    found = _rows(world, meter, packets, Spans(first, last, run[first]))
    if meter.lost_rows:
        found = found.take(np.flatnonzero(rng.random(len(found)) >= meter.lost_rows))
    return found


@dataclass(frozen=True)
class Spans:
    """Rows as places of packets, both included, and the run without silence that each is in."""

    first: Ints
    last: Ints
    run: Ints


def _cut(time: Ints, group: Ints, meter: Meter) -> tuple[Flags, Ints]:
    """Packets that begin a row, and the number of the run without silence that each is in."""
    begin = np.ones(len(time), np.bool_)
    begin[1:] = (np.diff(group) != 0) | (np.diff(time) > meter.idle * 1000)
    run = np.cumsum(begin) - 1
    instant = (run << 40) + time - (time.min() if len(time) else 0)
    at = np.flatnonzero(begin)
    while len(at):
        after = np.searchsorted(instant, instant[at] + round(meter.active * 1000))
        inside = after < len(time)
        inside[inside] = run[after[inside]] == run[at[inside]]
        at = after[inside]
        begin[at] = True
    return begin, run


def _rows(world: World, meter: Meter, packets: Packets, spans: Spans) -> Rows:
    first, last = spans.first, spans.last
    flow, both = packets.flow[first], meter.sort != "router"
    ways = [packets.way == way for way in (0, 1)]
    counted = [[w, w * packets.size] for w in ways]
    known = np.stack([np.full(len(first), both) | w[first] for w in ways])

    def sums(values: npt.NDArray[Any], way: int) -> Ints:
        total = np.concatenate(([0], np.cumsum(values)))
        return np.where(known[way], total[last + 1] - total[first], UNKNOWN)

    def flags(way: int) -> Ints:
        bits = [sums(ways[way] * (packets.flags >> b & 1), way) > 0 for b in range(6)]
        set_ = np.sum([bit * (1 << b) for b, bit in enumerate(bits)], axis=0)
        return np.where(known[way] & (world.protocol[flow] == TCP), set_, UNKNOWN)

    clock = np.array([packets.time[first], packets.time[last]]) + round(meter.clock * 1000)
    clock = clock // meter.resolution_ms * meter.resolution_ms
    syn = packets.flags[first] == SYN
    begins = np.full(len(first), meter.sort == "sensor") | (both & syn)
    n = len(first)
    sensor = (zlib.crc32(f"{meter.source} {meter.name}".encode()) << 24) + spans.run
    columns: dict[str, npt.NDArray[Any]] = {
        "start_ms": clock[0],
        "end_ms": clock[1],
        "key": world.key[flow],
        "protocol": world.protocol[flow],
        "packets_out": sums(counted[0][0], 0),
        "packets_in": sums(counted[1][0], 1),
        "bytes_out": sums(counted[0][1], 0),
        "bytes_in": sums(counted[1][1], 1),
        "tcp_flags_out": flags(0),
        "tcp_flags_in": flags(1),
        "sent_first": np.where(packets.way[first] == 0, "member", "remote"),
        "begins": begins,
        "uid": np.where(meter.sort == "sensor", sensor, UNKNOWN),
        "exclusive": np.full(n, meter.sort == "capture"),
        "cumulative": np.zeros(n, np.bool_),
        "sampling": np.full(n, meter.sampling),
        "exporter": np.full(n, meter.name, "U16"),
        "source": np.full(n, meter.source, "U16"),
    }
    length = last + 1 - first
    row = np.repeat(np.arange(n), length)
    place = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length) + first[row]
    return Rows(columns, packets.number[place], row, flow)
