"""The pcapng file: sections, interfaces, blocks of every kind. Bytes are built by hand."""

import struct
from collections.abc import Callable
from types import SimpleNamespace

import pytest

Read = Callable[..., SimpleNamespace]
SECONDS = 1_500_000_000


def frame(wire: SimpleNamespace, port: int = 40000) -> bytes:
    return bytes(wire.eth(wire.ipv4(wire.udp(source=port))))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("resolution", "ticks", "ms"),
    [
        (None, SECONDS * 10**6 + 123_456, 123),
        (3, SECONDS * 10**3 + 123, 123),
        (0, SECONDS, 0),
        (9, SECONDS * 10**9 + 123_999_999, 123),
        (10, SECONDS * 10**10 + 1_239_999_999, 123),
        (0x80 | 10, SECONDS << 10 | 512, 500),
        (0x80 | 20, SECONDS << 20 | 1 << 18, 250),
        (0x80 | 32, SECONDS << 32 | 1 << 31, 500),
    ],
)
def test_clocks(
    wire: SimpleNamespace,
    read: Read,
    *,
    order: str,
    resolution: int | None,
    ticks: int,
    ms: int,
) -> None:
    content = (
        wire.section(order)
        + wire.interface(order=order, resolution=resolution)
        + wire.enhanced(ticks, frame(wire), order=order)
        + wire.obsolete(ticks, frame(wire), order=order)
    )
    found = read(content)
    assert [r["start_ms"] for r in found.rows] == [SECONDS * 1000 + ms]
    assert found.rows[0]["packets_forward"] == 2


def test_offsets_of_clocks(wire: SimpleNamespace, read: Read) -> None:
    content = wire.section() + wire.interface(offset=SECONDS) + wire.enhanced(7_000, frame(wire))
    assert read(content).rows[0]["start_ms"] == SECONDS * 1000 + 7


def test_times_that_cannot_be_told_are_counted(wire: SimpleNamespace, read: Read) -> None:
    content = (
        wire.section()
        + wire.interface(resolution=0)
        + wire.enhanced(2**63, frame(wire))
        + wire.interface(offset=2**62)
        + wire.enhanced(5, frame(wire), which=1)
    )
    found = read(content)
    assert found.tally.skipped == {"time out of range": 2}
    assert not found.rows


def test_sections_and_interfaces_have_their_own_numbers(wire: SimpleNamespace, read: Read) -> None:
    raw = wire.ipv4(wire.udp(source=1))
    one = wire.section("<") + wire.interface() + wire.interface(101)
    one += wire.enhanced(SECONDS * 10**6, raw, which=1)
    one += wire.enhanced(SECONDS * 10**6, frame(wire, 2), which=0)
    two = wire.section(">") + wire.interface(101, ">", resolution=9)
    two += wire.enhanced(SECONDS * 10**9, raw, order=">")
    two += wire.enhanced(SECONDS * 10**9, raw, which=1, order=">")
    for chunk in (64, 100, 1 << 20):
        found = read(one + two, chunk_bytes=chunk)
        assert [(f[0], f[3][0]) for f in found.flows] == [("192.0.2.1|1", 2), ("192.0.2.1|2", 1)]
        assert found.tally.skipped == {"packet block of an undescribed interface": 1}
        assert found.tally.flagged == {}


def test_blocks_without_packets_are_passed_over(wire: SimpleNamespace, read: Read) -> None:
    large = wire.block(0x0BAD, bytes(5000))
    content = wire.section() + large + wire.interface() + large
    content += wire.enhanced(SECONDS * 10**6, frame(wire)) + large + wire.block(5, bytes(8))
    for chunk in (64, 6000, 1 << 20):
        found = read(content, chunk_bytes=chunk)
        assert (len(found.rows), found.tally.records) == (1, 1)
        assert not found.tally.skipped


def test_simple_packets_have_no_time_and_give_no_row(wire: SimpleNamespace, read: Read) -> None:
    simple = wire.block(3, struct.pack("<I", 60) + frame(wire))
    found = read(wire.section() + wire.interface() + simple)
    assert found.tally.skipped == {"packet block without a time": 1}


def test_a_packet_longer_than_its_block_is_counted(wire: SimpleNamespace, read: Read) -> None:
    bad = wire.block(6, struct.pack("<IIIII", 0, 0, 0, 999, 999) + bytes(20))
    content = wire.section() + wire.interface() + bad + wire.enhanced(SECONDS, frame(wire))
    found = read(content)
    assert found.tally.skipped == {"packet longer than its block": 1}
    assert len(found.rows) == 1


@pytest.mark.parametrize("length", [0, 4, 11, 0x7FFF_FFF0])
def test_absurd_block_lengths_end_the_reading(
    wire: SimpleNamespace, read: Read, length: int
) -> None:
    good = wire.section() + wire.interface() + wire.enhanced(SECONDS, frame(wire))
    found = read(good + struct.pack("<II", 6, length) + good)
    assert found.tally.skipped == {"damaged record": 1}
    assert len(found.rows) == 1


def test_a_cut_last_block_is_counted(wire: SimpleNamespace, read: Read) -> None:
    good = wire.section() + wire.interface() + wire.enhanced(SECONDS, frame(wire))
    for end in (
        wire.enhanced(SECONDS, frame(wire))[:-4],
        b"\x06",
        wire.block(77, bytes(9999))[:-1],
    ):
        for chunk in (64, 1 << 20):
            found = read(good + end, chunk_bytes=chunk)
            assert found.tally.skipped == {"cut record": 1}
            assert len(found.rows) == 1
