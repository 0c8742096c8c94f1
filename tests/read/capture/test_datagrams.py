"""Payloads of a capture: fragments put together, TCP in order."""

import io
import itertools
import random
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.capture import reassembly
from folkways.read.capture.datagrams import Datagram, datagrams, head_datagrams
from folkways.read.capture.reassembly import INCOMPLETE, MAX_AGE_NS
from folkways.read.capture.tcp_streams import MAX_BACK, MAX_WAITING
from folkways.read.source import Source

TIME = 1_600_000_000 * 10**9
SYN, ACK, FIN = 2, 16, 1
TEXT = bytes(range(256)) * 12


def source_of(content: bytes) -> Source:
    return Source("test", None, io.BufferedReader(io.BytesIO(content)))


def carried(content: bytes, **options: int) -> tuple[list[Datagram], Tally]:
    tally = Tally()
    return list(datagrams(source_of(content), tally, **options)), tally


def capture(wire: SimpleNamespace, *packets: bytes, gap_ns: int = 10**6) -> bytes:
    """IP packets in Ethernet frames, a millisecond apart."""
    kinds = {4: 0x0800, 6: 0x86DD}
    return bytes(
        wire.pcap(
            [(TIME + i * gap_ns, wire.eth(p, kinds[p[0] >> 4])) for i, p in enumerate(packets)]
        )
    )


def pieces(
    wire: SimpleNamespace, payload: bytes, *, ident: int = 9, six: bool = False
) -> list[bytes]:
    """A UDP datagram in IP fragments of 1,000 octets."""
    whole = wire.udp(payload)
    found = []
    for at in range(0, len(whole), 1000):
        part, more = whole[at : at + 1000], at + 1000 < len(whole)
        if six:
            head = wire.fragment6(part, 17, ident=ident, offset=at, more=more)
            found.append(wire.ipv6(head, 44))
        else:
            found.append(wire.ipv4(part, ident=ident, offset=at, more=more))
    return found


def test_a_datagram_says_who_sent_what_to_whom_and_when(wire: SimpleNamespace) -> None:
    found, tally = carried(
        capture(wire, wire.ipv4(wire.udp(b"hello")), wire.ipv6(wire.udp(b"six")))
    )
    assert found == [
        Datagram(
            TIME // 10**6, ("192.0.2.1", 40000), ("198.51.100.2", 9999), b"hello", None, lost=False
        ),
        Datagram(
            TIME // 10**6 + 1,
            ("2001:db8::1", 40000),
            ("2001:db8:1::2", 9999),
            b"six",
            None,
            lost=False,
        ),
    ]
    assert tally == Tally()


def test_what_has_no_payload_is_nothing(wire: SimpleNamespace) -> None:
    found, tally = carried(
        capture(
            wire, wire.ipv4(wire.udp(b"")), wire.ipv4(b"x" * 30, 1), wire.ipv4(wire.tcp(ACK), 6)
        )
    )
    assert (found, tally) == ([], Tally())


def test_ethernet_padding_is_no_payload_and_a_cut_is_said(wire: SimpleNamespace) -> None:
    padded = wire.eth(wire.ipv4(wire.udp(b"ab")) + bytes(18))
    long = wire.eth(wire.ipv4(wire.udp(TEXT)))
    found, _ = carried(wire.pcap([(TIME, padded), (TIME, long[:142], len(long))]))
    assert [(d.payload, d.cut) for d in found] == [(b"ab", False), (TEXT[:100], True)]


@pytest.mark.parametrize("six", [False, True])
@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_fragments_in_any_order(wire: SimpleNamespace, order: tuple[int, ...], six: bool) -> None:  # noqa: FBT001  # pytest gives it
    parts = pieces(wire, TEXT, six=six)
    found, tally = carried(capture(wire, *(parts[i] for i in order)))
    assert [(d.payload, d.time_ms, d.cut) for d in found] == [(TEXT, TIME // 10**6 + 3, False)]
    assert tally == Tally()


def test_fragments_interleave_with_others_and_come_twice(wire: SimpleNamespace) -> None:
    first, second = pieces(wire, TEXT, ident=1), pieces(wire, TEXT[::-1], ident=2)
    mixed = [p for pair in zip(first, second, strict=True) for p in (*pair, pair[0])][:-1]
    other = wire.ipv4(wire.udp(b"between"))
    content = capture(wire, *mixed[:-1], other, mixed[-1], wire.ipv4(wire.udp(b"after")))
    for chunk_bytes in (64, 5000, 1 << 20):
        found, tally = carried(content, chunk_bytes=chunk_bytes)
        assert [d.payload for d in found] == [TEXT, b"between", TEXT[::-1], b"after"]
        assert tally == Tally()


def test_a_fragmented_tunnel_is_put_together_first(wire: SimpleNamespace) -> None:
    inner = wire.eth(wire.ipv4(wire.udp(TEXT), source="10.0.0.1", destination="10.0.0.2"))
    vxlan = bytes([8]) + bytes(7) + inner
    whole = wire.udp(vxlan, destination=4789)
    outer = [
        wire.ipv4(whole[at : at + 1480], ident=5, offset=at, more=at + 1480 < len(whole))
        for at in range(0, len(whole), 1480)
    ]
    found, tally = carried(capture(wire, *outer))
    assert [(d.source[0], d.payload) for d in found] == [("10.0.0.1", TEXT)]
    assert tally == Tally()


def test_a_fragment_inside_a_tunnel_is_a_cut_payload(wire: SimpleNamespace) -> None:
    inside = pieces(wire, TEXT)
    found, _ = carried(capture(wire, *(wire.ipv4(p, 4) for p in inside)))
    assert [(d.payload, d.cut) for d in found] == [(TEXT[:992], True)]


def test_fragments_that_make_no_packet_are_counted_once(wire: SimpleNamespace) -> None:
    parts = pieces(wire, TEXT)
    overlapping = wire.ipv4(TEXT[:1000], ident=9, offset=992, more=True)
    for broken in (parts[:-1], parts[1:], [parts[0], overlapping, *parts[1:]]):
        found, tally = carried(capture(wire, *broken))
        assert (found, dict(tally.skipped)) == ([], {INCOMPLETE: 1})
    cut = wire.eth(parts[0])
    content = wire.pcap([(TIME, cut[:500], len(cut)), *((TIME, wire.eth(p)) for p in parts[1:])])
    found, tally = carried(content)
    assert (found, dict(tally.skipped)) == ([], {INCOMPLETE: 1})


def test_fragments_are_given_up_after_a_while(wire: SimpleNamespace) -> None:
    parts = pieces(wire, TEXT)
    found, tally = carried(capture(wire, parts[0], *parts, gap_ns=MAX_AGE_NS + 10**6))
    assert not found
    assert tally.skipped == {INCOMPLETE: 5}


def test_the_oldest_fragments_go_where_too_many_wait(
    wire: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reassembly, "MAX_HELD", 6000)
    old = pieces(wire, TEXT, ident=1)
    many = [pieces(wire, TEXT, ident=i)[0] for i in range(2, 7)]
    found, tally = carried(capture(wire, old[0], *many, *old[1:]))
    assert not found
    assert tally.skipped == {INCOMPLETE: 7}
    monkeypatch.setattr(reassembly, "MAX_HELD", 4100)  # the last one is just too much
    found, tally = carried(capture(wire, *old))
    assert not found
    assert tally.skipped == {INCOMPLETE: 1}


def segments(wire: SimpleNamespace, *parts: tuple[int, bytes], flags: int = ACK) -> list[bytes]:
    return [wire.ipv4(wire.tcp(flags, data, seq=at % 2**32), 6) for at, data in parts]


def opened(wire: SimpleNamespace, at: int = 1000) -> bytes:
    return bytes(wire.ipv4(wire.tcp(SYN, seq=(at - 1) % 2**32), 6))


def stream_of(found: list[Datagram]) -> list[tuple[bytes, bool]]:
    return [(d.payload, d.lost) for d in found]


@pytest.mark.parametrize("start", [1000, 2**32 - 4])
def test_tcp_in_order_without_what_was_sent_again(wire: SimpleNamespace, start: int) -> None:
    parts = segments(
        wire,
        (start, b"abc"),
        (start + 6, b"ghi"),
        (start + 3, b"def"),
        (start, b"abc"),
        (start + 1, b"bcdefghijk"),
        (start + 10, b""),
        (start + 10, b"k"),
    )
    found, tally = carried(capture(wire, opened(wire, start), *parts))
    assert stream_of(found) == [(b"abc", False), (b"def", False), (b"ghi", False), (b"jk", False)]
    assert {d.stream for d in found} == {1}
    assert tally == Tally()


def test_a_connection_without_its_beginning_says_so(wire: SimpleNamespace) -> None:
    found, _ = carried(capture(wire, *segments(wire, (5, b"mid"), (8, b"dle"))))
    assert stream_of(found) == [(b"mid", True), (b"dle", False)]


def test_a_hole_is_given_up_at_the_end_and_behind_many_octets(wire: SimpleNamespace) -> None:
    found, _ = carried(capture(wire, opened(wire), *segments(wire, (1010, b"b"), (1020, b"c"))))
    assert stream_of(found) == [(b"b", True), (b"c", True)]
    long = [(2000 + 1000 * i, bytes(1000)) for i in range(MAX_WAITING // 1000)]
    parts = segments(wire, (1000, b"a"), *long, (1001, b"late"))
    found, _ = carried(capture(wire, opened(wire), *parts))
    assert stream_of(found)[:3] == [(b"a", False), (bytes(1000), True), (bytes(1000), False)]
    assert len(found) == 1 + len(long)


def test_a_hole_that_the_capture_cut_is_not_waited_for(wire: SimpleNamespace) -> None:
    frames = [wire.eth(p) for p in (opened(wire), *segments(wire, (1000, TEXT), (4072, b"next")))]
    content = wire.pcap([(TIME, f[:154], len(f)) for f in frames])
    found, _ = carried(content)
    assert [(d.payload, d.lost, d.cut) for d in found] == [
        (TEXT[:100], False, True),
        (b"next", True, False),
    ]


def test_another_connection_on_the_same_ports(wire: SimpleNamespace) -> None:
    first, second = segments(wire, (1000, b"one")), segments(wire, (9000, b"two"))
    again = opened(wire, 9000)
    found, _ = carried(capture(wire, opened(wire), *first, again, again, *second))
    assert [(d.payload, d.stream, d.lost) for d in found] == [
        (b"one", 1, False),
        (b"two", 2, False),
    ]
    back = segments(wire, (2 * MAX_BACK, b"one"), (5, b"two"))
    found, _ = carried(capture(wire, *back))
    assert [(d.payload, d.stream) for d in found] == [(b"one", 1), (b"two", 2)]


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 2**32 - 1))
def test_any_cutting_order_and_repetition_gives_the_stream(
    wire: SimpleNamespace, dice: random.Random, start: int
) -> None:
    cuts = sorted({0, len(TEXT), *(dice.randrange(len(TEXT)) for _ in range(12))})
    spans = list(itertools.pairwise(cuts))
    spans += [(a, min(b + dice.randrange(300), len(TEXT))) for a, b in dice.choices(spans, k=6)]
    dice.shuffle(spans)
    parts = segments(wire, *((start + 1 + a, TEXT[a:b]) for a, b in spans))
    found, _ = carried(capture(wire, opened(wire, start + 1), *parts), chunk_bytes=2000)
    assert b"".join(d.payload for d in found) == TEXT
    assert not any(d.lost for d in found)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 400))
def test_garbage_never_crashes(wire: SimpleNamespace, noise: bytes, at: int) -> None:
    packets = [*pieces(wire, TEXT[:1500]), *pieces(wire, TEXT[:1500], six=True), opened(wire)]
    content = bytearray(capture(wire, *packets))
    content[24 + at : 24 + at + len(noise)] = noise
    carried(bytes(content))
    carried(bytes(content[: len(content) - at]))
    head_datagrams(bytes(content))


def test_a_head_is_read_as_far_as_it_goes(wire: SimpleNamespace) -> None:
    content = capture(wire, wire.ipv4(wire.udp(b"one")), wire.ipv4(wire.udp(b"two")))
    assert [d.payload for d in head_datagrams(content[:-1])] == [b"one"]
    assert (
        head_datagrams(content[:20]) == head_datagrams(b"") == head_datagrams(b"no capture") == []
    )
    with pytest.raises(FormatError):
        carried(b"no capture")
