"""What holds for any capture: no crash, sums, and rows as a plain meter makes them."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

Read = Callable[..., SimpleNamespace]
SECOND = 10**9
START = 1_500_000_000 * SECOND
FIN, SYN, RST, ACK = 1, 2, 4, 16
ACTIVE, IDLE = 100, 30

some = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@some
@given(content=st.binary(max_size=400), link=st.sampled_from([0, 1, 9, 101, 113, 192, 276]))
def test_random_bytes_after_a_header(
    wire: SimpleNamespace, read: Read, content: bytes, link: int
) -> None:
    read(wire.pcap([], link=link) + content)
    read(wire.section() + content)
    read(wire.section() + wire.interface(link) + content, chunk_bytes=64)


@some
@given(
    start=st.sampled_from(
        [b"\x45", b"\x60", b"\x45" + bytes(8) + b"\x2f", b"\x60" + bytes(5) + b"\x00", b"\x4f"]
    ),
    frames=st.lists(st.binary(max_size=120), max_size=8),
)
def test_random_packets(
    wire: SimpleNamespace, read: Read, start: bytes, frames: list[bytes]
) -> None:
    content = wire.pcap([(START, start + f, 200) for f in frames], link=101)
    assert read(content).tally.records == len(frames)


@some
@given(
    carrier=st.sampled_from([(2152, 2152), (1, 4789), (1, 6081), (1, 3544), (1, 4754), 4, 41, 47]),
    payload=st.binary(max_size=90),
)
@example(carrier=(2152, 2152), payload=b"\x34\xff\0\0" + bytes(7) + b"\x85\0")
@example(carrier=(1, 3544), payload=b"\0\1\xff\xff")
def test_random_tunnels(
    wire: SimpleNamespace, read: Read, carrier: tuple[int, int] | int, payload: bytes
) -> None:
    if isinstance(carrier, int):
        packet = wire.ipv4(payload, carrier)
    else:
        packet = wire.ipv4(wire.udp(payload, *carrier))
    assert read(wire.pcap([(START, packet)], link=101)).tally.skipped == {}


@some
@given(data=st.data())
def test_a_damaged_capture(wire: SimpleNamespace, read: Read, data: st.DataObject) -> None:
    frame = wire.eth(wire.ipv4(wire.tcp(SYN), 6))
    if data.draw(st.booleans()):
        content = bytearray(wire.pcap([(START, frame)] * 4))
    else:
        blocks = wire.enhanced(START, frame) + wire.obsolete(START, frame)
        content = bytearray(wire.section() + wire.interface() + blocks * 2)
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(28, len(content) - 1))] = data.draw(st.integers(0, 255))
    read(bytes(content), chunk_bytes=data.draw(st.sampled_from([64, 200, 1 << 20])))


packet_strategy = st.tuples(
    st.sampled_from([0, 0, 1, 5, 29, 31, 40]),  # seconds after the packet before
    st.integers(0, 2),  # client
    st.booleans(),  # from the client
    st.sampled_from([6, 6, 6, 17, 1]),
    st.sampled_from([SYN, SYN, SYN | ACK, ACK, ACK, FIN | ACK, RST]),
    st.sampled_from([100, 100, 200]),  # sequence number
    st.integers(0, 30),  # bytes of payload
)


@dataclass
class Piece:
    """A piece as the plain oracle sees it."""

    source: tuple[str, int | None]
    other: tuple[str, int | None]
    protocol: int
    begins: bool | None
    initiator: str | None
    start: int
    end: int
    counts: dict[bool, list[int]] = field(
        default_factory=lambda: {True: [0, 0, 0], False: [0, 0, 0]}
    )

    def row(self) -> tuple[Any, ...]:
        counts = tuple(tuple(self.counts[way]) for way in (True, False))
        ends = self.start // 10**6, self.end // 10**6
        return (self.source, self.other, self.protocol, self.begins, self.initiator, *ends, *counts)


class PlainMeter:
    """The rules of the meter, one packet after another."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.flows: dict[Any, dict[str, Any]] = {}

    def add(
        self,
        *,
        time: int,
        source: tuple[str, int | None],
        other: tuple[str, int | None],
        protocol: int,
        flags: int,
        seq: int,
        size: int,
    ) -> None:
        key = (frozenset([source, other]), protocol)
        flow = self.flows.get(key)
        syn = flags & (SYN | ACK | FIN | RST) == SYN
        if flow is None:
            flow = self.flows[key] = {"isn": {}, "closed": False, "last": time, "piece": None}
        natural = flow["piece"] is None or abs(time - flow["last"]) > IDLE * SECOND
        if natural:
            flow["isn"], flow["closed"] = {}, False
        if syn:
            known = flow["isn"].get(source)
            natural |= known is not None and known != seq
            natural |= flow["closed"] and known != seq
            flow["isn"][source] = seq
        flow["closed"] = (flow["closed"] or bool(flags & (FIN | RST))) and not syn
        flow["last"] = time
        clock = time if natural else max(time, flow["clock"])
        if natural or clock - flow["begun"] >= ACTIVE * SECOND:
            answers = flags & (SYN | ACK | FIN | RST) == SYN | ACK
            ends = (other, source) if answers else (source, other)
            opened = "source" if answers or syn else None
            flow["piece"] = Piece(*ends, protocol, syn or None, opened, time, time)
            flow["begun"] = clock
            self.pieces.append(flow["piece"])
        flow["clock"] = clock
        piece = flow["piece"]
        piece.start, piece.end = min(piece.start, time), max(piece.end, time)
        count = piece.counts[piece.source == source]
        count[0] += 1
        count[1] += size
        count[2] |= flags


def rows_of(found: SimpleNamespace) -> list[tuple[Any, ...]]:
    def side(r: dict[str, Any], which: str) -> tuple[str, int | None]:
        address = r[f"{which}_address"]
        return ".".join(map(str, address[12:])), r[f"{which}_port"]

    return [
        (
            side(r, "source"),
            side(r, "destination"),
            r["protocol"],
            r["begins"],
            r["initiator"],
            r["start_ms"],
            r["end_ms"],
            *(
                (r[f"packets_{way}"], r[f"bytes_{way}"], r[f"tcp_flags_{way}"] or 0)
                for way in ("forward", "reverse")
            ),
        )
        for r in found.rows
    ]


def build(
    wire: SimpleNamespace, drawn: list[tuple[Any, ...]], back: list[int]
) -> tuple[bytes, PlainMeter]:
    packets, plain, time = [], PlainMeter(), START
    for n, (wait, client, ahead, protocol, flags, seq, size) in enumerate(drawn):
        time += wait * SECOND
        at = time - back[n % len(back)] * SECOND
        ends = [(f"10.0.0.{client}", 1000 + client), ("10.0.0.200", 80)]
        source, other = ends if ahead else ends[::-1]
        body = bytes(8 + size)
        if protocol == 6:
            body = wire.tcp(flags, bytes(size), seq=seq, source=source[1], destination=other[1])
        elif protocol == 17:
            body = wire.udp(bytes(size), source=source[1], destination=other[1])
        packets.append((at, wire.ipv4(body, protocol, source[0], other[0])))
        if protocol == 1:
            source, other = (source[0], None), (other[0], None)
        plain.add(
            time=at,
            source=source,
            other=other,
            protocol=protocol,
            flags=flags if protocol == 6 else 0,
            seq=seq,
            size=20 + len(body),
        )
    return wire.pcap(packets, link=101), plain


@some
@given(
    drawn=st.lists(packet_strategy, max_size=60),
    back=st.lists(st.sampled_from([0, 0, 0, 2, 50]), min_size=1, max_size=7),
    chunk=st.sampled_from([64, 150, 1000, 1 << 20]),
)
def test_columns_say_what_a_plain_meter_says(
    wire: SimpleNamespace,
    read: Read,
    drawn: list[tuple[Any, ...]],
    back: list[int],
    chunk: int,
) -> None:
    content, plain = build(wire, drawn, back)
    found = read(content, active_timeout_s=ACTIVE, idle_timeout_s=IDLE, chunk_bytes=chunk)
    assert rows_of(found) == [p.row() for p in plain.pieces]


@some
@given(drawn=st.lists(packet_strategy, max_size=60), sweep=st.integers(1, 20))
def test_sweeps_change_nothing_while_time_runs_forward(
    wire: SimpleNamespace, read: Read, drawn: list[tuple[Any, ...]], sweep: int
) -> None:
    content, plain = build(wire, drawn, [0])
    found = read(content, active_timeout_s=ACTIVE, idle_timeout_s=IDLE, sweep_packets=sweep)
    assert rows_of(found) == [p.row() for p in plain.pieces]


@some
@given(
    drawn=st.lists(packet_strategy, max_size=60),
    back=st.lists(st.sampled_from([0, 3, 10**6]), min_size=1, max_size=5),
    sweep=st.integers(1, 20),
    most=st.integers(1, 3),
)
def test_rows_do_not_depend_on_chunks(
    wire: SimpleNamespace,
    read: Read,
    *,
    drawn: list[tuple[Any, ...]],
    back: list[int],
    sweep: int,
    most: int,
) -> None:
    content, _ = build(wire, drawn, back)
    found = [
        read(content, idle_timeout_s=IDLE, sweep_packets=sweep, max_open=most, chunk_bytes=chunk)
        for chunk in (64, 333, 1 << 20)
    ]
    assert found[0].rows == found[1].rows == found[2].rows
    assert found[0].tally == found[1].tally == found[2].tally


def test_keys_with_equal_hashes_are_told_apart(wire: SimpleNamespace, read: Read) -> None:
    # Two keys whose only difference the hash cannot see are made by hashing nothing at all.
    from folkways.read.capture import keys

    packets = [(START + n, wire.ipv4(wire.udp(source=1 + n % 3))) for n in range(9)]
    content = wire.pcap(packets, link=101)
    before = keys._MIX.copy()
    try:
        keys._MIX[:] = 0
        found = read(content)
    finally:
        keys._MIX[:] = before
    assert [f[3][0] for f in found.flows] == [3, 3, 3]
    assert struct.unpack_from("<I", content) == (0xA1B2C3D4,)
