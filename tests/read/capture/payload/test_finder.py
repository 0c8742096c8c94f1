from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkways.model.addresses import MAPPED_PREFIX, address_from_text
from folkways.model.batches import Tally, make_batch
from folkways.read.capture.payload import NameFinder
from folkways.read.capture.payload.finder import MAX_PENDING

Build = Callable[..., bytes]
Make = Callable[..., Any]
Columns = Callable[[Sequence[Any]], Any]
UDP = 17
REQUEST = b"GET /index.html HTTP/1.1\r\nAccept: */*\r\nHost: http.example\r\n\r\n"
DNS = (
    b"\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00"
    b"\x01a\x07example\x00\x00\x01\x00\x01"
    b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x01\x2c\x00\x04\xc0\x00\x02\x07"
)


@pytest.fixture(scope="session")
def find(columns: Columns) -> Callable[..., list[tuple[int, str, str]]]:
    """The names in packets given in one chunk or more."""

    def run(*chunks: Sequence[Any], tally: Tally | None = None) -> list[tuple[int, str, str]]:
        finder = NameFinder(tally or Tally())
        names = [name for chunk in chunks for name in finder.feed(columns(chunk)).names]
        finder.finish()
        return names

    return run


@pytest.fixture(scope="session")
def hello_stream(client_hello: Build, records: Build) -> bytes:
    """A client hello in several records."""
    return records(client_hello(b"a.example"), 70)


Find = Callable[..., list[tuple[int, str, str]]]


def split(stream: bytes, at: Sequence[int]) -> list[tuple[int, bytes]]:
    edges = sorted({0, *at, len(stream)})
    return [(a, stream[a:b]) for a, b in pairwise(edges)]


def test_nothing(find: Find) -> None:
    assert find([]) == []


def test_names_of_several_flows_among_other_packets(
    find: Find, segment: Make, client_hello: Build, records: Build
) -> None:
    hello = records(client_hello(b"TLS.example."))
    assert find(
        [
            segment(b"", flow=1),
            segment(b"SSH-2.0-x\r\n", flow=2),
            segment(hello, flow=1),
            segment(REQUEST, flow=3, destination_port=8080),
            segment(b"\x17\x03\x03" + bytes(60), flow=1),
            segment(REQUEST.replace(b"http.", b"second."), flow=3),
            segment(b"M-SEARCH * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\n\r\n", 4, protocol=UDP),
            segment(b"NOTIFY * HTTP/1.1\r\nHost: ssdp.example\r\n\r\n", 5, protocol=UDP),
        ]
    ) == [(1, "tls.example", "tls"), (3, "http.example", "http")]


@pytest.mark.parametrize("chunks", [1, 2])
@pytest.mark.parametrize("base", [1000, (1 << 32) - 40])
def test_streams_split_at_every_byte(
    find: Find, segment: Make, hello_stream: bytes, base: int, chunks: int
) -> None:
    hello = (hello_stream, (0, "a.example", "tls"))
    for stream, expected in (hello, (REQUEST, (0, "http.example", "http"))):
        for at in range(1, len(stream)):
            parts = [segment(p, sequence=base + a) for a, p in split(stream, [at])]
            assert find(*([parts] if chunks == 1 else [[part] for part in parts])) == [expected], at


def test_segments_that_overtake_each_other(
    find: Find, segment: Make, client_hello: Build, records: Build
) -> None:
    stream = records(client_hello(b"a.example", before=((21, bytes(3000)),)))
    parts = [segment(p, sequence=a + 77) for a, p in split(stream, [1000, 2000])]
    noise = segment(b"answer from the server", forward=False, sequence=5)
    for order in ([0, 2, 1], [1, 0, 2], [2, 1, 0]):
        mixed = [parts[order[0]], noise, *(parts[i] for i in order[1:])]
        assert find(mixed) == [(0, "a.example", "tls")], order
    assert find([parts[0], parts[0]], [parts[2], parts[0]], [parts[1]]) == [(0, "a.example", "tls")]


def test_data_with_the_syn(find: Find, segment: Make) -> None:
    first, second = REQUEST[:20], REQUEST[20:]
    assert find(
        [segment(first, sequence=99, flags=0x02), segment(second, sequence=100 + len(first))]
    ) == [(0, "http.example", "http")]


def test_a_gap_that_is_never_filled(find: Find, segment: Make) -> None:
    tally = Tally()
    names = find([segment(REQUEST[:20], sequence=0), segment(REQUEST, sequence=5000)], tally=tally)
    assert names == [(0, "http.example", "http")]
    assert tally.flagged == {"hello or request incomplete": 1}


def test_what_never_becomes_complete_is_counted(
    find: Find, segment: Make, client_hello: Build, records: Build
) -> None:
    stream = records(client_hello(b"a.example", before=((21, bytes(30000)),)))
    for parts in (
        [segment(stream[:1400])],  # the capture ends
        [segment(stream[:1400], cut=True), segment(stream[1400:], sequence=1400)],
        [segment(stream[:1400]), segment(b"later", sequence=20000)],
        [segment(p, sequence=a) for a, p in split(stream, range(1400, 30000, 1400))],
    ):
        tally = Tally()
        assert find(parts, tally=tally) == []
        assert tally.flagged == {"hello or request incomplete": 1}


def test_old_hellos_are_given_up(find: Find, segment: Make) -> None:
    tally = Tally()
    late = [segment(REQUEST[20:], sequence=20, time_ns=40 * 10**9)]
    assert find([segment(REQUEST[:20], time_ns=0)], late, tally=tally) == []
    assert tally.flagged == {"hello or request incomplete": 1}


def test_pending_flows_are_bounded(columns: Columns, segment: Make) -> None:
    tally = Tally()
    finder = NameFinder(tally)
    finder.feed(columns([segment(REQUEST[:20], flow=n) for n in range(MAX_PENDING + 10)]))
    assert len(finder._streams) == MAX_PENDING
    finder.finish()
    assert tally.flagged == {"hello or request incomplete": MAX_PENDING + 10}


def test_implausible_names_are_counted(find: Find, segment: Make) -> None:
    tally = Tally()
    assert find([segment(REQUEST.replace(b"http.", b"http ."))], tally=tally) == []
    assert tally.flagged == {"name not plausible": 1}


def test_encrypted_hello_is_flagged(
    find: Find, segment: Make, client_hello: Build, records: Build
) -> None:
    tally = Tally()
    hello = records(client_hello(b"outer.example", after=((0xFE0D, bytes(9)),)))
    assert find([segment(hello)], tally=tally) == [(0, "outer.example", "tls")]
    assert tally.flagged == {"encrypted client hello offered": 1}


def test_google_quic_in_clear(find: Find, segment: Make) -> None:
    chlo = b"CHLO\x01\x00\x00\x00SNI\x00\x0c\x00\x00\x00q043.example"
    old = b"\x0dconnect!Q043\x01" + bytes(12) + b"\xa0\x01\x00\x20" + chlo
    new = b"\xc3Q046\x50connect!" + bytes(16) + b"\xa0\x01\x00\x20" + chlo
    for flow, datagram in enumerate((old, new)):
        packet = segment(datagram, flow=flow, protocol=UDP)
        assert find([packet]) == [(flow, "q043.example", "quic")]


def test_datagram_tls_in_fragments(find: Find, segment: Make, client_hello: Build) -> None:
    hello = client_hello(b"dtls.example", cookie=b"cookie")
    body = hello[4:]

    def fragment(begin: int, end: int) -> Any:
        handshake = b"\x01" + hello[1:4] + b"\x00\x01" + begin.to_bytes(3, "big")
        handshake += (end - begin).to_bytes(3, "big") + body[begin:end]
        size = len(handshake).to_bytes(2, "big")
        return segment(b"\x16\xfe\xfd" + bytes(8) + size + handshake, protocol=UDP)

    assert find([fragment(0, len(body))]) == [(0, "dtls.example", "tls")]
    assert find([fragment(40, len(body))], [fragment(0, 40)]) == [(0, "dtls.example", "tls")]


def test_answers_over_udp_go_to_the_receiver(columns: Columns, segment: Make) -> None:
    finder = NameFinder(Tally())
    reply = segment(DNS, forward=False, protocol=UDP, source_port=53, destination_port=4242)
    found = finder.feed(
        columns(
            [
                segment(DNS, protocol=UDP, source_port=5353, destination_port=5353),
                reply,
                segment(DNS[:2] + b"\x01\x00" + DNS[4:], protocol=UDP, source_port=53),
                segment(DNS[:3] + b"\x83" + DNS[4:], protocol=UDP, source_port=53),
            ]
        )
    )
    batch = make_batch("answers", found.answers, found.answer_count)
    assert batch.rows.to_pylist() == [
        {
            "start_ms": reply.time_ns // 1_000_000,
            "client_address": MAPPED_PREFIX + bytes([192, 0, 2, 1]),
            "query": "a.example",
            "canonical": "a.example",
            "chain": None,
            "address": address_from_text("192.0.2.7"),
            "ttl_s": 300,
        }
    ]


def test_answers_over_tcp_split_at_every_byte(columns: Columns, segment: Make) -> None:
    stream = b"".join(len(DNS).to_bytes(2, "big") + DNS for _ in range(2))
    for at in range(1, len(stream)):
        finder = NameFinder(Tally())
        found = [
            finder.feed(columns([segment(p, sequence=a + 9, source_port=53, forward=False)]))
            for a, p in split(stream, [at])
        ]
        assert sum(f.answer_count for f in found) == 2, at
        assert not len(finder._dns._streams)


@given(st.lists(st.tuples(st.binary(max_size=80), st.integers(0, 3)), max_size=12))
def test_any_packets_do_no_harm(
    find: Find, segment: Make, packets: list[tuple[bytes, int]]
) -> None:
    starts = [b"\x16\x03\x01\x00\x50\x01", b"GET / HTTP/1.1\r\n", b"\x00\x20\x12\x34\x81", b""]
    for protocol in (6, UDP):
        for port in (53, 443):
            find(
                [
                    segment(starts[flow] + data, flow=flow, protocol=protocol, source_port=port)
                    for data, flow in packets
                ]
            )
