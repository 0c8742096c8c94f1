"""Packets that a capture holds more than once count once; what was sent twice stays."""

import struct
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Read = Callable[..., SimpleNamespace]
START = 1_700_000_000 * 10**9
US, MS = 1000, 1_000_000
TWICE = "seen twice in the capture"
HOST, ROUTER, SERVER = (bytes((2, 0, 0, 0, 0, n)) for n in (1, 2, 3))
SYN, ACK, RST, DATA = 2, 16, 4, 24


def eth(ip: bytes, source: bytes = HOST, *, vlan: int | None = None) -> bytes:
    kind = b"\x08\x00" if ip[0] >> 4 == 4 else b"\x86\xdd"
    tag = b"" if vlan is None else struct.pack(">HH", 0x8100, vlan)
    return ROUTER + source + tag + kind + ip


def sll(ip: bytes, kind: int, address: bytes = HOST) -> bytes:
    return struct.pack(">HHH", kind, 1, 6) + address + b"\0\0\x08\x00" + ip


def sll2(ip: bytes, interface: int, address: bytes = HOST) -> bytes:
    kind = 0x0800 if ip[0] >> 4 == 4 else 0x86DD
    return struct.pack(">HHIHBB", kind, 0, interface, 1, 0, 6) + address + b"\0\0" + ip


def lower(ip: bytes, hops: int = 1) -> bytes:
    """The packet after a router: time to live and checksum of IPv4 have changed."""
    out = bytearray(ip)
    if ip[0] >> 4 == 6:
        out[7] -= hops
    else:
        out[8] -= hops
        out[10:12] = b"\x12\x34"
    return bytes(out)


@pytest.fixture
def packets(wire: SimpleNamespace) -> dict[str, bytes]:
    """Packets of all kinds, by how sure one can be that another one like it is the same."""
    return {
        "udp": wire.ipv4(wire.udp(b"q" * 50), ident=77),
        "tcp": wire.ipv4(wire.tcp(DATA, b"x" * 300), 6, ident=78),
        "ack": wire.ipv4(wire.tcp(ACK), 6, ident=79),
        "udp without id": wire.ipv4(wire.udp(b"q" * 50), ident=0),
        "tcp without id": wire.ipv4(wire.tcp(DATA, b"x" * 300), 6, ident=0),
        "syn without id": wire.ipv4(wire.tcp(SYN), 6, ident=0),
        "udp6": wire.ipv6(wire.udp(b"q" * 50)),
        "tcp6": wire.ipv6(wire.tcp(DATA, b"x" * 300), 6),
        "icmp": wire.ipv4(b"\x08\0\0\0\0\1\0\2" + bytes(48), 1, ident=80),
        "later fragment": wire.ipv4(bytes(400), 17, ident=81, offset=1480),
        "ack without id": wire.ipv4(wire.tcp(ACK), 6, ident=0),
        "ack6": wire.ipv6(wire.tcp(ACK), 6),
        "rst6": wire.ipv6(wire.tcp(RST), 6),
    }


CONNECTION = ("tcp", "ack", "tcp without id", "syn without id", "tcp6")
KINDS = (*CONNECTION, "udp", "udp without id", "udp6", "icmp", "later fragment")
SAID_AGAIN = ("ack without id", "ack6", "rst6")
"""What TCP says again, the very same octets, on purpose."""


def counts(found: SimpleNamespace) -> tuple[int, int]:
    """Packets that count, and copies."""
    used = sum(r["packets_forward"] + r["packets_reverse"] for r in found.rows)
    return used, found.tally.skipped[TWICE]


@pytest.mark.parametrize("kind", KINDS + SAID_AGAIN)
def test_interfaces_of_a_router(
    wire: SimpleNamespace, read: Read, packets: dict[str, bytes], kind: str
) -> None:
    ip = packets[kind]
    frames = [(START, eth(ip), 0), (START + 30 * US, eth(lower(ip), SERVER), 1)]
    content = wire.section() + wire.interface(resolution=9) * 2
    content += b"".join(wire.enhanced(at, frame, which) for at, frame, which in frames)
    found = read(content)
    assert counts(found) == (1, 1)
    assert sum(r["bytes_forward"] for r in found.rows) == len(ip)
    assert [n for n in found.tally.notes if "more than once" in n]
    # One interface that sees both sides of the router, with MAC addresses or without.
    one = [(at, frame) for at, frame, _ in frames]
    assert counts(read(wire.pcap(one))) == (1, 1)
    raw = [(START, ip), (START + 30 * US, lower(ip))]
    assert counts(read(wire.pcap(raw, link=101))) == (1, 1)
    # Interfaces are written down in blocks: the later one may stand first.
    assert counts(read(wire.pcap([one[1], one[0]]))) == (1, 1)


@pytest.mark.parametrize("kind", KINDS + SAID_AGAIN)
def test_linux_any(wire: SimpleNamespace, read: Read, packets: dict[str, bytes], kind: str) -> None:
    ip = packets[kind]
    # veth, bridge, and the way out after routing; received ones share their time.
    places = [(START, 3, ip), (START, 4, ip), (START + 40 * US, 2, lower(ip))]
    frames = [(at, sll2(packet, interface)) for at, interface, packet in places]
    assert counts(read(wire.pcap(frames, link=276))) == (1, 2)


def test_linux_any_without_interfaces(
    wire: SimpleNamespace, read: Read, packets: dict[str, bytes]
) -> None:
    for kind in ("udp", "tcp", "ack", "tcp without id"):
        ip = packets[kind]
        frames = [(START, sll(ip, 3)), (START, sll(ip, 0)), (START + 40 * US, sll(lower(ip), 4))]
        assert counts(read(wire.pcap(frames, link=113))) == (1, 2)
        # A bridge and its port: the same type, the same address.
        frames = [(START, sll(ip, 0)), (START, sll(ip, 0))]
        assert counts(read(wire.pcap(frames, link=113))) == (1, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mirror_of_both_directions(
    wire: SimpleNamespace, read: Read, packets: dict[str, bytes], kind: str
) -> None:
    frame = eth(packets[kind])
    assert counts(read(wire.pcap([(START, frame), (START + 20 * US, frame)]))) == (1, 1)
    other = eth(wire.ipv4(wire.udp(source=1)))
    between = [(START, frame), (START + US, other), (START + 20 * US, frame)]
    assert counts(read(wire.pcap(between))) == (2, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_tag_on_one_copy(
    wire: SimpleNamespace, read: Read, packets: dict[str, bytes], kind: str
) -> None:
    ip = packets[kind]
    for first, second in ((None, 7), (7, None), (7, 8)):
        frames = [(START, eth(ip, vlan=first)), (START + 5 * US, eth(ip, vlan=second))]
        assert counts(read(wire.pcap(frames))) == (1, 1)


def test_with_and_without_its_tunnel(
    wire: SimpleNamespace, read: Read, packets: dict[str, bytes]
) -> None:
    for kind in ("udp", "tcp", "tcp6", "ack"):
        ip = packets[kind]
        vxlan = b"\x08" + bytes(7) + eth(ip, SERVER)
        outer = wire.ipv4(wire.udp(vxlan, 50000, 4789), 17, "10.0.0.1", "10.0.0.2", ident=9)
        for frames in ([eth(ip), eth(outer)], [eth(outer), eth(ip)]):
            content = wire.pcap([(START + n * 20 * US, f) for n, f in enumerate(frames)])
            found = read(content)
            assert counts(found) == (1, 1)
            assert found.rows[0]["destination_port"] in (9999, 80)


@pytest.mark.parametrize("kind", SAID_AGAIN)
def test_what_tcp_says_again_at_one_place_stays(
    wire: SimpleNamespace, read: Read, packets: dict[str, bytes], kind: str
) -> None:
    frame = eth(packets[kind])
    content = wire.pcap([(START + n * 10 * US, frame) for n in range(4)])
    assert counts(read(content)) == (4, 0)


def test_another_flow_label_is_no_other_place(
    wire: SimpleNamespace, read: Read, packets: dict[str, bytes]
) -> None:
    said_again = bytearray(packets["rst6"])
    said_again[1:4] = b"\x07\x45\xb6"
    frames = [(START, eth(packets["rst6"])), (START + 100 * US, eth(bytes(said_again)))]
    assert counts(read(wire.pcap(frames))) == (2, 0)


@pytest.mark.parametrize("kind", SAID_AGAIN)
def test_acknowledgements_that_pass_both_places_stay_as_many(
    wire: SimpleNamespace, read: Read, packets: dict[str, bytes], kind: str
) -> None:
    ip = packets[kind]
    before, after = eth(ip), eth(lower(ip), SERVER)
    in_turn = [before, after, before, after, before, after]
    at_once = [before, before, after, before, after, after]
    for frames in (in_turn, at_once):
        content = wire.pcap([(START + n * 10 * US, f) for n, f in enumerate(frames)])
        for chunk in (64, 200, 1 << 20):
            assert counts(read(content, chunk_bytes=chunk)) == (3, 3)


def test_a_retransmission_stays(wire: SimpleNamespace, read: Read) -> None:
    again = [wire.ipv4(wire.tcp(DATA, b"x" * 300), 6, ident=n) for n in (5, 6)]
    frames = [(START + n * 200 * US, eth(ip)) for n, ip in enumerate(again)]
    assert counts(read(wire.pcap(frames))) == (2, 0)
    # Without an id it is known by its time.
    for ip in (wire.ipv4(wire.tcp(SYN), 6, ident=0), wire.ipv6(wire.tcp(DATA, b"x"), 6)):
        frames = [(START, eth(ip)), (START + 200 * MS, eth(ip)), (START + 600 * MS, eth(ip))]
        assert counts(read(wire.pcap(frames))) == (3, 0)


def test_what_a_program_says_again_stays(wire: SimpleNamespace, read: Read) -> None:
    numbered = [eth(wire.ipv4(wire.udp(b"notify"), ident=n)) for n in (5, 6, 7)]
    content = wire.pcap([(START + n * 10 * US, f) for n, f in enumerate(numbered)])
    assert counts(read(content)) == (3, 0)
    for ip in (wire.ipv4(wire.udp(b"notify"), ident=0), wire.ipv6(wire.udp(b"notify"))):
        content = wire.pcap([(START + n * 300 * US, eth(ip)) for n in range(3)])
        assert counts(read(content)) == (3, 0)


def test_loopback_is_not_mirrored(
    wire: SimpleNamespace, read: Read, packets: dict[str, bytes]
) -> None:
    frame = wire.eth(packets["udp"])
    assert counts(read(wire.pcap([(START, frame), (START + US, frame)]))) == (2, 0)


def test_packets_that_differ_a_little_stay(wire: SimpleNamespace, read: Read) -> None:
    base: dict[str, object] = {"ident": 5}
    all_of = [
        wire.ipv4(wire.udp(b"aaaa"), **base),
        wire.ipv4(wire.udp(b"aaab"), **base),
        wire.ipv4(wire.udp(b"aaaab"), **base),
        wire.ipv4(wire.udp(b"aaaa", source=40001), **base),
        wire.ipv4(wire.udp(b"aaaa"), source="192.0.2.9", **base),
        wire.ipv4(wire.udp(b"aaaa"), destination="192.0.2.9", **base),
        wire.ipv4(wire.udp(b"aaaa"), 136, **base),
        wire.ipv4(bytes(64), 17, offset=640, **base),
        wire.ipv4(bytes(64), 17, offset=648, **base),
        wire.ipv4(wire.tcp(ACK, seq=1), 6, **base),
        wire.ipv4(wire.tcp(ACK, seq=2), 6, **base),
        wire.ipv4(wire.tcp(DATA, seq=2), 6, **base),
    ]
    content = wire.pcap([(START + n, eth(ip)) for n, ip in enumerate(all_of)], magic=0xA1B23C4D)
    assert counts(read(content)) == (len(all_of), 0)


def test_what_a_router_may_change_besides(wire: SimpleNamespace, read: Read) -> None:
    def opening(segment_size: int) -> bytes:
        tcp = bytearray(wire.tcp(SYN) + struct.pack(">BBH", 2, 4, segment_size))
        tcp[12] = 6 << 4
        tcp[16:18] = struct.pack(">H", segment_size)  # the checksum follows
        return bytes(wire.ipv4(bytes(tcp), 6, ident=0))

    marked = bytearray(lower(opening(1412)))
    marked[1] = 0xB8  # the type of service
    frames = [(START, eth(opening(1460))), (START + 30 * US, eth(bytes(marked), SERVER))]
    assert counts(read(wire.pcap(frames))) == (1, 1)


def test_cut_captures(wire: SimpleNamespace, read: Read) -> None:
    for ip in (wire.ipv4(wire.udp(bytes(900))), wire.ipv4(wire.tcp(DATA, bytes(900)), 6)):
        pair = [(START, eth(ip)), (START + 30 * US, eth(lower(ip), SERVER, vlan=7))]
        for snap in (46, 60, 64, 68, 128):
            frames = [(at, frame[:snap], len(frame)) for at, frame in pair]
            found = read(wire.pcap(frames, snaplen=snap))
            assert counts(found) == (1, 1)
            assert found.rows[0]["bytes_forward"] == len(ip)


def test_a_translated_copy_is_a_flow_of_its_own(wire: SimpleNamespace, read: Read) -> None:
    inside = wire.ipv4(wire.udp(), source="10.0.0.5", ident=9)
    outside = lower(wire.ipv4(wire.udp(), source="203.0.113.5", ident=9))
    frames = [(START, eth(inside)), (START + 30 * US, eth(outside, SERVER))]
    assert counts(read(wire.pcap(frames))) == (2, 0)


def test_another_capture_appended_is_no_copy(wire: SimpleNamespace, read: Read) -> None:
    frames = [(START + n * 10**9, eth(wire.ipv4(wire.udp(), ident=n + 1))) for n in range(3)]
    assert counts(read(wire.pcap(frames * 2))) == (6, 0)
    part = wire.section() + wire.interface(resolution=9) + wire.enhanced(START, frames[0][1])
    for chunk in (64, 1 << 20):
        assert counts(read(part * 2, chunk_bytes=chunk)) == (2, 0)


def test_a_loop_of_routers_is_one_packet(wire: SimpleNamespace, read: Read) -> None:
    ip = wire.ipv4(wire.udp(), ident=9)
    content = wire.pcap([(START + n * MS, eth(lower(ip, n))) for n in range(60)])
    assert counts(read(content)) == (1, 59)


def test_fragments_of_which_each_is_there_twice(wire: SimpleNamespace, read: Read) -> None:
    whole = wire.udp(bytes(2992))
    parts = [
        wire.ipv4(whole[:1480], more=True),
        wire.ipv4(whole[1480:2960], offset=1480, more=True),
        wire.ipv4(whole[2960:], offset=2960),
    ]
    frames = [f for ip in parts for f in (eth(ip), eth(lower(ip), SERVER))]
    found = read(wire.pcap([(START + n * 10 * US, f) for n, f in enumerate(frames)]))
    assert counts(found) == (3, 3)
    assert found.flows[0][3] == (3, 3060)
    # A tunnel's fragments: the packet inside counts, once.
    inner = wire.ipv4(wire.udp(bytes(1972)), ident=8)
    outer = [
        wire.ipv4(inner[:1480], 4, "10.0.0.1", "10.0.0.2", more=True),
        wire.ipv4(inner[1480:], 4, "10.0.0.1", "10.0.0.2", offset=1480),
    ]
    frames = [f for ip in outer for f in (eth(ip), eth(lower(ip), SERVER))]
    found = read(wire.pcap([(START + n * 10 * US, f) for n, f in enumerate(frames)]))
    assert sum(r["packets_forward"] for r in found.rows) == 1


@settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    drawn=st.lists(
        st.tuples(
            st.sampled_from([0, 10 * US, 50 * US, 2 * MS, 60 * MS, 10**9]),
            st.integers(0, 12),
            st.booleans(),
            st.booleans(),
        ),
        max_size=50,
    ),
    back=st.sampled_from([0, 30 * US, 10 * 10**9]),
)
def test_what_counts_does_not_depend_on_chunks(
    wire: SimpleNamespace,
    read: Read,
    packets: dict[str, bytes],
    *,
    drawn: list[tuple[int, int, bool, bool]],
    back: int,
) -> None:
    every, frames, time = list(packets.values()), [], START
    for wait, which, hop, late in drawn:
        time += wait
        ip = every[which]
        frames.append((time - back * late, eth(lower(ip) if hop else ip, SERVER if hop else HOST)))
    content = wire.pcap(frames)
    found = [read(content, chunk_bytes=chunk, sweep_packets=9) for chunk in (64, 500, 1 << 20)]
    assert found[0].rows == found[1].rows == found[2].rows
    assert found[0].tally == found[1].tally == found[2].tally


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    sent=st.lists(
        st.tuples(st.sampled_from([5 * US, MS, 30 * MS]), st.integers(0, 12)), max_size=40
    ),
    delay=st.sampled_from([0, US, 300 * US]),
)
def test_two_places_see_what_one_sees(
    wire: SimpleNamespace,
    read: Read,
    packets: dict[str, bytes],
    *,
    sent: list[tuple[int, int]],
    delay: int,
) -> None:
    every, one, two, time = list(packets.values()), [], [], START
    for wait, which in sent:
        time += wait
        one.append((time, every[which]))
        two += [(time, 0, every[which]), (time + delay, 1, lower(every[which]))]
    two.sort(key=lambda packet: packet[:2])
    alone = read(wire.pcap(one, link=101))
    both = read(wire.pcap([(at, ip) for at, _, ip in two], link=101))
    assert counts(both) == (len(one), len(one))
    assert [r["bytes_forward"] for r in both.rows] == [r["bytes_forward"] for r in alone.rows]
