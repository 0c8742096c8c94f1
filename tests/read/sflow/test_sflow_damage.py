"""Cut, garbled and hostile datagrams: nothing is taken for what it is not, and little is needed."""

import random
import time
import tracemalloc
from pathlib import Path
from struct import pack

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.read.netflow.export_captures import pcapng
from tests.read.sflow.sflow_datagrams import (
    datagram,
    ethernet,
    every_kind,
    expanded,
    flow,
    gateway,
    ip,
    nat,
    nat_ports,
    part,
    pcap,
    raw,
    read_content,
    structure,
    switch,
    tcp,
    udp,
)

from folkways.read.capture.frames import PADDING
from folkways.read.sflow import reader
from folkways.read.sflow.datagram import dumped, octets_of_datagrams, parse_header
from folkways.read.sflow.walk import walk

RAW = raw(ethernet(ip(tcp(), 6)))
FIRST = flow(switch(), RAW, gateway(1, (2, (3, 4))), nat("1.1.1.1", "2.2.2.2"), nat_ports(1, 2))
SECOND = expanded(structure("2001:db8::1", "2001:db8::2"), structure("1.1.1.1", "2.2.2.2"))
WHOLE = datagram(1, FIRST, SECOND, part(2, bytes(20)))
HEADER = 28
MIB = 1 << 20


def test_cut_at_every_octet(tmp_path: Path) -> None:
    rows, tally = read_content(pcap(WHOLE[:size] for size in range(len(WHOLE) + 1)), tmp_path)
    first, second = HEADER + len(FIRST), HEADER + len(FIRST) + len(SECOND)
    # Every datagram that reaches the end of a sample holds its row.
    assert len(rows) == sum(len(WHOLE) - end + 1 for end in (first, second))
    # UDP without a payload is no datagram to look at.
    assert tally.skipped["not sFlow"] == HEADER - 1
    assert tally.versions == {"sFlow v5": len(WHOLE) - HEADER + 1}


def test_garbage_in_a_good_header(tmp_path: Path) -> None:
    choose = random.Random(1)  # noqa: S311  # repeatable, no secret
    payloads = []
    for i in range(300):
        content = bytearray(WHOLE)
        for _ in range(choose.randrange(1, 8)):
            content[choose.randrange(28, len(content))] = choose.randrange(256)
        payloads.append(bytes(content[:20] + pack(">I", i) + content[24:]))
    rows, tally = read_content(pcap(payloads), tmp_path)
    assert len(rows) > 300
    assert tally.versions == {"sFlow v5": 300}


def test_claims_beyond_what_is_there(tmp_path: Path) -> None:
    for claimed in (65_535, 2**32 - 1):
        rows, tally = read_content(pcap([datagram(1, flow(RAW), claimed=claimed)]), tmp_path)
        assert (len(rows), tally.skipped) == (1, {"cut sample": 1})
        rows, tally = read_content(pcap([datagram(1, flow(RAW, claimed=claimed))]), tmp_path)
        assert (len(rows), tally.flagged) == (1, {"cut flow record": 1})


def hostile() -> dict[str, bytes]:
    """About 1 MiB each."""
    room = 65_000 - 28
    segments = part(1003, bytes(4) + pack(">4I", 1, 1, 1, 2**32 - 1) + pack(">2I", 2, 0) * 8000)
    kinds = {
        "empty samples": part(1, b"") * (room // 8),
        "samples without records": flow() * (room // 40),
        "tiny packets": flow(structure("1.1.1.1", "2.2.2.2")) * (room // 80),
        "empty records": flow(*[part(1, b"")] * 8000),
        "many records": flow(*[structure("1.1.1.1", "2.2.2.2")] * 1600),
        "empty segments": flow(RAW, segments),
        "large samples": part(1, bytes(room - 8)),
        "sources": b"".join(
            flow(structure("1.1.1.1", "2.2.2.2"), source=i) for i in range(room // 80)
        ),
    }
    return {
        name: pcap(datagram(i, body, claimed=2**32 - 1) for i in range(16))
        for name, body in kinds.items()
    } | {"agents": pcap(datagram(1, flow(RAW), sub_agent=i) for i in range(6_000))}


@pytest.mark.parametrize("name", sorted(hostile()))
def test_a_mebibyte_needs_little(name: str, tmp_path: Path) -> None:
    content = hostile()[name]
    assert 0.7 * MIB < len(content) < 1.3 * MIB
    path = tmp_path / "a.pcap"
    path.write_bytes(content)
    tracemalloc.start()
    began = time.monotonic()
    rows, tally = read_content(content, tmp_path)
    took, peak = time.monotonic() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 256 * MIB
    assert took < 10
    assert len(rows) + tally.skipped.total() > 0


@given(st.binary(max_size=300))
def test_parsers_take_anything(data: bytes) -> None:
    header = parse_header(data)
    assert header is None or header.octets <= len(data)
    assert octets_of_datagrams([(data, True), (WHOLE, False)]) >= len(WHOLE)
    dumped(data)


@given(
    st.lists(st.tuples(st.integers(0, 2000), st.binary(max_size=40)), max_size=12),
    st.integers(0, 30),
    st.integers(0, 60),
)
def test_parts_are_those_that_a_loop_finds(
    given_parts: list[tuple[int, bytes]], count: int, cut: int
) -> None:
    data = b"".join(part(kind, body) for kind, body in given_parts)
    data = data[: max(len(data) - cut, 0)]
    expected: list[tuple[int, int, int]] = []
    at = 0
    while len(expected) < count and at + 8 <= len(data):
        kind, size = (
            int.from_bytes(data[at : at + 4], "big"),
            int.from_bytes(data[at + 4 : at + 8], "big"),
        )
        if at + 8 + size > len(data):
            break
        expected.append((kind, at + 8, size))
        at += 8 + size
    octets = np.frombuffer(data + bytes(PADDING), np.uint8)
    walked = walk(octets, *(np.array([n], np.int64) for n in (0, len(data), count)))
    assert list(zip(*(c.tolist() for c in walked.parts[1:]), strict=True)) == expected
    assert walked.reached.tolist() == [at]
    assert walked.cut.tolist() == [len(expected) < count]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_built_datagrams_with_changed_octets_are_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    payloads = [bytearray(payload) for payload in every_kind(8, data.draw(st.integers(0, 99)))]
    for payload in payloads:
        for _ in range(data.draw(st.integers(0, 3))):
            payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    read_content(pcap(map(bytes, payloads)), tmp_path_factory.mktemp("changed"))


def test_a_file_cut_anywhere_is_read_to_the_cut(tmp_path: Path) -> None:
    content = pcap([datagram(1, flow(RAW)), datagram(2, flow(RAW))])
    for size in range(24, len(content), 7):
        rows, tally = read_content(content[:size], tmp_path)
        assert len(rows) <= 1
        assert tally.skipped["cut record"] <= 1


def test_rows_do_not_depend_on_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = pcap(every_kind(60))
    rows, tally = read_content(content, tmp_path)
    monkeypatch.setattr(reader, "BATCH_OCTETS", 1)
    again, told = read_content(content, tmp_path)
    assert (rows, tally) == (again, told)


@pytest.mark.parametrize("time_ms", [2**62, 2**63, 2**64 - 1])
def test_capture_times_that_no_clock_shows_are_counted(time_ms: int, tmp_path: Path) -> None:
    frame = ethernet(ip(udp(WHOLE, 5000, 6343), 17))
    rows, tally = read_content(pcapng([(2**40, frame), (time_ms, frame)]), tmp_path)
    assert [row["start_ms"] for row in rows] == [2**40] * 2
    assert tally.skipped == {"time out of range": 1, "counter sample": 1}
