"""Exports found in captures: the same rows as from the packets themselves."""

import io
import itertools
import random
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.read.netflow.export_captures import (
    EXPORTER,
    UDP,
    association,
    datagram,
    ethernet,
    fragments,
    ipv4,
    pcap,
    pcapng,
    segments,
)

from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.capture import CaptureReader
from folkways.read.capture.sctp import IN_PARTS
from folkways.read.netflow import Decoder, NetFlowReader
from folkways.read.netflow.captured import CUT, export_packets, export_share, split_payload
from folkways.read.netflow.message_stream import CUT_MESSAGE, NO_EXPORT
from folkways.read.reader import ReadOptions
from folkways.read.source import Source

NOW_MS = 1_500_000_000_000
FIELDS = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (1, 4), (2, 4), (152, 8), (153, 8)]

Rows = list[dict[str, Any]]


def source_of(content: bytes) -> Source:
    return Source("test", None, io.BufferedReader(io.BytesIO(content)))


def rows_of(content: bytes) -> tuple[Rows, Tally]:
    tally = Tally()
    batches = NetFlowReader().read(source_of(content), ReadOptions(), tally)
    return [row for batch in batches for row in batch.rows.to_pylist()], tally


def packets_in(content: bytes) -> tuple[list[bytes], Tally]:
    tally = Tally()
    return [c.packet for c in export_packets(source_of(content), tally)], tally


def sniffed(content: bytes) -> tuple[float, float]:
    readers = NetFlowReader(), CaptureReader()
    netflow, metered = (reader.sniff(source_of(content), ReadOptions()) for reader in readers)
    return netflow, metered


def decoded(packets: Iterable[bytes], exporter: tuple[str, int]) -> Rows:
    decoder = Decoder(Tally())
    batches = [b for p in packets for b in decoder.feed(p, exporter, NOW_MS)]
    return [row for b in (*batches, *decoder.finish()) for row in b.rows.to_pylist()]


def record(number: int) -> bytes:
    """A TCP flow of so many packets."""
    addresses = bytes([10, 0, 0, number, 198, 51, 100, number])
    ends = (NOW_MS - 5000).to_bytes(8, "big") + (NOW_MS - 1000).to_bytes(8, "big")
    counts = (100 * number).to_bytes(4, "big") + number.to_bytes(4, "big")
    return addresses + (50_000 + number).to_bytes(2, "big") + b"\x01\xbb\x06" + counts + ends


@pytest.fixture(scope="session")
def ipfix(write: SimpleNamespace) -> list[bytes]:
    """A template, then messages of one to eleven records."""
    template = write.ipfix(write.flow_set(2, write.template(256, FIELDS)))
    data = [
        write.ipfix(write.flow_set(256, b"".join(record(i) for i in range(1, n + 1))))
        for n in range(1, 12)
    ]
    return [template, *data]


@pytest.fixture(scope="session")
def exports(write: SimpleNamespace, ipfix: list[bytes]) -> list[bytes]:
    """Packets of all three versions."""
    v9_set = write.flow_set(0, write.template(300, FIELDS[:7]))
    v9 = [write.v9(v9_set, write.flow_set(300, record(3)[:21] + record(4)[:21] + b"\0\0"))]
    v5 = [write.v5(write.v5_record(), write.v5_record(source=9, protocol=17))]
    return [*ipfix, *v9, *v5]


def framed(packets: Iterable[bytes], vlans: tuple[int, ...] = ()) -> list[tuple[int, bytes]]:
    return [(NOW_MS + i, ethernet(packet, vlans)) for i, packet in enumerate(packets)]


@pytest.mark.parametrize("ports", [(40_000, 2055), (40_000, 53), (40_000, 443), (40_000, 1)])
@pytest.mark.parametrize("vlans", [(), (7,), (7, 8)])
@pytest.mark.parametrize("write_file", [pcap, pcapng])
def test_the_same_rows_on_any_port_in_any_capture(
    exports: list[bytes],
    ports: tuple[int, int],
    vlans: tuple[int, ...],
    write_file: Callable[..., bytes],
) -> None:
    content = write_file(framed((ipv4(datagram(e, ports), UDP) for e in exports), vlans))
    rows, tally = rows_of(content)
    assert rows == decoded(exports, (EXPORTER, 40_000))
    assert len(rows) == 66 + 2 + 2
    assert not tally.skipped
    assert sniffed(content) == (0.95, 0.9)


def test_the_same_rows_from_fragments(exports: list[bytes]) -> None:
    packets = itertools.chain(*(fragments(e, number) for number, e in enumerate(exports)))
    rows, tally = rows_of(pcap(framed(packets)))
    assert rows == decoded(exports, (EXPORTER, 40_000))
    assert not tally.skipped


@pytest.mark.parametrize("size", [1, 7, 60, 1400, 65_000])
def test_the_same_rows_over_tcp(ipfix: list[bytes], size: int) -> None:
    content = pcap(framed(segments(b"".join(ipfix), size)))
    rows, tally = rows_of(content)
    assert rows == decoded(ipfix, (EXPORTER, 50_000))
    assert not tally.skipped
    assert sniffed(content) == (0.95, 0.9)


def test_the_same_rows_over_sctp(ipfix: list[bytes]) -> None:
    content = pcap(framed(association(ipfix)))
    rows, tally = rows_of(content)
    assert rows == decoded(ipfix, (EXPORTER, 50_000))
    assert not tally.skipped
    assert sniffed(content) == (0.95, 0.9)
    half = content.replace(b"\0\x03", b"\0\x01")  # chunks that begin a message only
    assert IN_PARTS in packets_in(half)[1].skipped


def test_tcp_out_of_order_and_sent_twice(ipfix: list[bytes]) -> None:
    opening, *parts = segments(b"".join(ipfix), 100)
    parts = [*parts, *parts[3:9]]
    random.Random(1).shuffle(parts)  # noqa: S311  # a test's dice
    found, tally = packets_in(pcap(framed([opening, *parts])))
    assert found == ipfix
    assert not tally.skipped


def test_packets_that_were_captured_twice_count_once(exports: list[bytes]) -> None:
    """At two interfaces, say."""
    twice = [ipv4(datagram(e), UDP) for e in exports for _ in range(2)]
    rows, _ = rows_of(pcap(framed(twice)))
    assert rows == decoded(exports, (EXPORTER, 40_000))


def test_exporters_are_told_apart_by_address_and_port(write: SimpleNamespace) -> None:
    other = [(8, 4), (12, 4), (2, 4), (1, 4), (7, 2), (11, 2), (4, 1)]
    frames = []
    for port, fields in ((1000, FIELDS), (1001, other)):
        template = write.ipfix(write.flow_set(2, write.template(256, fields)))
        frames.append(ipv4(datagram(template, (port, 2055)), UDP))
    data = write.ipfix(write.flow_set(256, record(7)))
    frames += [ipv4(datagram(data, (port, 2055)), UDP) for port in (1000, 1001)]
    rows, _ = rows_of(pcap(framed(frames)))
    assert [row["packets_forward"] for row in rows[:1]] == [7]
    assert len({row["exporter"] for row in rows}) <= 2
    assert len(rows) == 2


def test_a_hole_loses_its_messages_and_no_more(ipfix: list[bytes]) -> None:
    stream = b"".join(ipfix)
    opening, *parts = segments(stream, 100)
    for gone in range(1, len(parts) - 1):
        found, tally = packets_in(pcap(framed([opening, *parts[:gone], *parts[gone + 1 :]])))
        starts = list(itertools.accumulate(map(len, ipfix), initial=0))
        touched = [
            p for p, at in zip(ipfix, starts, strict=False) if at + len(p) > 100 * gone
            and at < 100 * gone + 100
        ]  # fmt: skip
        assert found == [p for p in ipfix if p not in touched]
        assert set(tally.skipped) <= {CUT_MESSAGE, NO_EXPORT}


def test_a_capture_that_begins_inside_a_message(ipfix: list[bytes]) -> None:
    _, *parts = segments(b"".join(ipfix), 100)
    found, _ = packets_in(pcap(framed(parts[4:])))
    assert found == ipfix[-len(found) :]
    assert len(found) >= len(ipfix) - 5


def test_a_stream_of_something_else_is_not_looked_at_again(ipfix: list[bytes]) -> None:
    opening, *parts = segments(b"GET / HTTP/1.1\r\n".ljust(60) + ipfix[0] + ipfix[1], 60)
    found, tally = packets_in(pcap(framed([opening, *parts])))
    assert not found
    assert tally.skipped == {NO_EXPORT: len(parts)}


def test_a_stream_that_goes_wrong_is_found_again(ipfix: list[bytes]) -> None:
    stream = ipfix[0] + b"wrong" * 9 + b"".join(ipfix[1:])
    found, tally = packets_in(pcap(framed(segments(stream, 50))))
    assert found == ipfix
    assert tally.skipped == {CUT_MESSAGE: 1}


def test_a_message_that_does_not_end_is_counted(ipfix: list[bytes]) -> None:
    found, tally = packets_in(pcap(framed(segments(b"".join(ipfix)[:-5]))))
    assert found == ipfix[:-1]
    assert tally.skipped == {CUT_MESSAGE: 1}


def test_what_the_capture_cut_is_used_as_far_as_it_goes(
    write: SimpleNamespace, ipfix: list[bytes]
) -> None:
    v9 = write.v9(write.flow_set(0, write.template(300, FIELDS)))
    v5 = write.v5(*[write.v5_record()] * 10)
    whole = [ipv4(datagram(e), UDP) for e in (ipfix[0], v9, v5, ipfix[-1])]
    content = pcap(framed(whole), snaplen=200)
    rows, tally = rows_of(content)
    assert tally.flagged[CUT] == 2
    assert NO_EXPORT not in tally.skipped
    # 158 octets of the payload are there: two of ten records, and three of eleven.
    assert len(rows) == 2 + 3


DNS = bytes.fromhex("000a01000001000000000000036e7470036f72670000010001")
OTHERS = {
    "DNS with the id 10": DNS,
    "DNS with the id 9": b"\x00\x09" + DNS[2:],
    "DNS with the id 5": b"\x00\x05" + DNS[2:],
    "DNS whose flags are its length": b"\x00\x0a\x00\x40" + DNS[4:] + bytes(64 - len(DNS)),
    "QUIC": bytes.fromhex("c300000001088394c8f03e5157080000449e7b9aec34") + bytes(range(200)),
    "TFTP error of 67 letters": b"\x00\x05\x00\x01" + b"File not found: " * 4 + b"abc\0",
    "IPFIX without a set": bytes.fromhex("000a00105968 2f000000000100000007"),
    "v9 without a set": bytes.fromhex("00090001000f424059682f000000000100000007"),
    "zeros": bytes(100),
}


@pytest.mark.parametrize("name", OTHERS)
def test_no_other_packet_is_taken_for_an_export(name: str) -> None:
    payload = OTHERS[name]
    assert split_payload(payload) == []
    content = pcap(framed([ipv4(datagram(payload), UDP), *segments(payload * 3)]))
    assert export_share(content) == 0
    assert sniffed(content) == (0, 0.9)
    with pytest.raises(FormatError, match="no NetFlow"):
        rows_of(content)


def test_ordinary_traffic_with_some_exports_is_metered_with_a_note(exports: list[bytes]) -> None:
    ordinary = [ipv4(datagram(bytes(1000), (i, 443)), UDP) for i in range(1, 40)]
    mixed = [ipv4(datagram(e), UDP) for e in exports] + ordinary
    content = pcap(framed(mixed))
    assert sniffed(content) == (0, 0.9)
    tally = Tally()
    list(CaptureReader().read(source_of(content), ReadOptions(), tally))
    assert len(tally.notes) == 1
    assert f"exports: {len(exports)};" in tally.notes[0]
    rows, tally = rows_of(content)
    assert rows == decoded(exports, (EXPORTER, 40_000))
    assert tally.skipped == {NO_EXPORT: len(ordinary)}


def test_what_a_known_exporter_sends_is_read_although_its_lengths_are_wrong(
    exports: list[bytes],
) -> None:
    wrong = exports[1] + b"more"
    content = pcap(framed(ipv4(datagram(e), UDP) for e in (wrong, exports[0], wrong)))
    found, tally = packets_in(content)
    assert found == [exports[0], wrong]
    assert tally.skipped == {NO_EXPORT: 1}


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 3000), st.booleans())
def test_garbage_never_crashes(ipfix: list[bytes], noise: bytes, at: int, cut: bool) -> None:  # noqa: FBT001  # hypothesis gives it
    packets = [*(ipv4(datagram(e), UDP) for e in ipfix), *segments(b"".join(ipfix), 100)]
    content = bytearray(pcap(framed(packets)))
    content[24 + at : 24 + at + len(noise)] = noise
    found = bytes(content[: len(content) - at]) if cut else bytes(content)
    packets_in(found)
    export_share(found)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=120), st.sampled_from([5, 9, 10]), st.booleans())
def test_any_payload_gives_back_its_own_octets(noise: bytes, version: int, cut: bool) -> None:  # noqa: FBT001  # hypothesis gives it
    payload = version.to_bytes(2, "big") + noise
    assert payload.startswith(b"".join(split_payload(payload, cut=cut)))
