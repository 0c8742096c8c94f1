"""Handshakes built by hand, and what becomes of them on their way; and those of real captures."""

from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.read.capture.handshakes_by_hand import HELLO, TALKS, TCP, UDP, Talk

from folkways.read.capture import signatures_finder

CLIENT, SERVER = "192.0.2.1", "198.51.100.2"
START_NS = 1_500_000_000 * 10**9


@pytest.fixture(scope="session")
def packets(wire: SimpleNamespace) -> Callable[..., list[tuple[int, bytes]]]:
    """The packets of a talk, one a microsecond; TCP begins with the three of its handshake."""

    def packets_of(
        talk: Talk, start_ns: int = START_NS, client: str = CLIENT
    ) -> list[tuple[int, bytes]]:
        frames = []
        numbers = {True: 1000, False: 2000}

        def add(by: bool, payload: bytes, flags: int = 0x18) -> None:  # noqa: FBT001  # whose turn
            ports = (40000, talk.port) if by else (talk.port, 40000)
            ends = (client, SERVER) if by else (SERVER, client)
            if talk.protocol == TCP:
                body = wire.tcp(flags, payload, *ports, seq=numbers[by])
                numbers[by] += len(payload) + (flags >> 1 & 1)
            else:
                body = wire.udp(payload, *ports)
            frames.append(wire.eth(wire.ipv4(body, talk.protocol, *ends)))

        if talk.protocol == TCP:
            for by, flags in ((True, 2), (False, 0x12), (True, 0x10)):
                add(by, b"", flags)
        for by, payload in talk.said:
            add(by, payload)
        return [(start_ns + n * 1000, frame) for n, frame in enumerate(frames)]

    return packets_of


def labels(rows: Iterable[dict[str, object]]) -> list[object]:
    return [row["sensor_label"] for row in rows]


@pytest.mark.parametrize("name", TALKS)
def test_handshake(
    name: str,
    packets: Callable[..., list[tuple[int, bytes]]],
    wire: SimpleNamespace,
    read: Callable[..., SimpleNamespace],
) -> None:
    assert labels(read(wire.pcap(packets(TALKS[name]))).rows) == [TALKS[name].label]


@pytest.fixture(scope="session")
def all_talks(wire: SimpleNamespace, packets: Callable[..., list[tuple[int, bytes]]]) -> bytes:
    """All of them between the same two ports of many clients, packet by packet in turn."""
    found = [
        packet
        for n, talk in enumerate(TALKS.values())
        for packet in packets(talk, START_NS + n, f"10.0.{n >> 8}.{n & 255}")
    ]
    capture: bytes = wire.pcap(sorted(found))
    return capture


@pytest.mark.parametrize("chunk_bytes", [64, 100, 1000, 1 << 20])
@pytest.mark.parametrize("sweep_packets", [1 << 16, 7, 1])
def test_labels_do_not_depend_on_chunks(
    all_talks: bytes, read: Callable[..., SimpleNamespace], chunk_bytes: int, sweep_packets: int
) -> None:
    rows = read(all_talks, chunk_bytes=chunk_bytes, sweep_packets=sweep_packets).rows
    assert labels(rows) == [talk.label for talk in TALKS.values()]


def test_names_off_is_no_look_at_payloads(
    all_talks: bytes, read: Callable[..., SimpleNamespace]
) -> None:
    assert set(labels(read(all_talks, names=False).rows)) == {None}


def test_a_segment_sent_again_is_no_second_message(
    packets: Callable[..., list[tuple[int, bytes]]],
    wire: SimpleNamespace,
    read: Callable[..., SimpleNamespace],
) -> None:
    sent = packets(TALKS["socks 5"])
    again = [packet for packet in sent for _ in range(3)]
    for sweep in (1, 1 << 16):
        assert labels(read(wire.pcap(again), sweep_packets=sweep).rows) == ["socks"]


def test_a_later_piece_of_a_flow_keeps_null(
    packets: Callable[..., list[tuple[int, bytes]]],
    wire: SimpleNamespace,
    read: Callable[..., SimpleNamespace],
) -> None:
    first = packets(TALKS["mysql"])
    later = packets(TALKS["mysql"], START_NS + 10**12)[3:]
    assert labels(read(wire.pcap(first + later)).rows) == ["mysql", None]


def test_only_young_flows_are_waited_for(
    packets: Callable[..., list[tuple[int, bytes]]],
    wire: SimpleNamespace,
    read: Callable[..., SimpleNamespace],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signatures_finder, "YOUNGEST", 3)
    asked, answered = packets(TALKS["openvpn"])
    between = [
        packet
        for n in range(8)
        for packet in packets(TALKS["random"], START_NS + 2000, f"10.1.1.{n}")[:1]
    ]
    late = wire.pcap([asked, *between, answered])
    assert labels(read(late, sweep_packets=2).rows)[0] is None
    assert labels(read(late, sweep_packets=1 << 16).rows)[0] == "openvpn"
    assert (
        labels(read(wire.pcap([asked, answered, *between]), sweep_packets=2).rows)[0] == "openvpn"
    )


def test_flows_of_later_fragments_alone(
    wire: SimpleNamespace, read: Callable[..., SimpleNamespace]
) -> None:
    frames = [
        (START_NS + n, wire.eth(wire.ipv4(bytes(64), UDP, f"10.2.0.{n}", ident=n, offset=8)))
        for n in range(5)
    ]
    assert set(labels(read(wire.pcap(frames), sweep_packets=2).rows)) == {None}


@settings(max_examples=60)
@given(
    talk=st.builds(
        Talk,
        st.none(),
        st.sampled_from([TCP, UDP]),
        st.lists(
            st.tuples(st.booleans(), st.binary(min_size=1, max_size=300)), min_size=1, max_size=5
        ),
        st.sampled_from([53, 88, 123, 161, 443, 500, 514, 1812, 4500, 5004, 40001]),
    ),
)
def test_random_payloads_are_no_protocol(
    talk: Talk,
    packets: Callable[..., list[tuple[int, bytes]]],
    wire: SimpleNamespace,
    read: Callable[..., SimpleNamespace],
) -> None:
    capture = wire.pcap(packets(talk))
    asked = next((payload for by, payload in talk.said if by), b"")
    told = talk.protocol == TCP and talk.port < 1024 and len(asked) >= 8
    assert labels(read(capture).rows) == ["unknown" if told else None]


STRANGE = bytes(range(1, 65))


@pytest.mark.parametrize(
    ("talk", "label"),
    [
        (Talk(None, TCP, [(True, STRANGE)], 443), "unknown"),
        (Talk(None, TCP, [(True, STRANGE), (False, STRANGE)], 22), "unknown"),
        (Talk(None, TCP, [(True, HELLO)], 443), "tls"),
        (Talk(None, TCP, [(True, HELLO[:5])], 443), None),  # a hello in very small pieces
        (Talk(None, TCP, [(False, STRANGE)], 25), None),  # the client said nothing
        (Talk(None, TCP, [(True, STRANGE)], 8333), None),  # no system port
        (Talk(None, UDP, [(True, STRANGE)], 443), None),  # it may have begun long before
        (Talk(None, TCP, [], 443), None),
    ],
)
def test_what_begins_like_nothing_known_at_a_system_port(
    talk: Talk,
    label: str | None,
    packets: Callable[..., list[tuple[int, bytes]]],
    wire: SimpleNamespace,
    read: Callable[..., SimpleNamespace],
) -> None:
    sent = packets(talk)
    assert labels(read(wire.pcap(sent)).rows) == [label]
    # Without its beginning, or cut to headers, it is not known either.
    late = labels(read(wire.pcap(sent[-1:])).rows)
    assert late == ["tls" if label == "tls" else None]
    short = wire.pcap([(at, frame[:60], len(frame)) for at, frame in sent])
    assert set(labels(read(short).rows)) == {None}


EXPECTED = {
    # As nDPI (its labels beside the captures) and tshark call them.
    "bittorrent.pcap": {"bittorrent": 24},
    "openvpn_nohmac.pcapng": {"openvpn": 1},
    "wireguard.pcap": {"wireguard": 2},
    "mullvad_wireguard.pcap": {"wireguard": 1},
    "monero.pcap": {"monero": 4},
    "whatsapp.pcap": {"whatsapp": 86},
    "ssh.pcap": {"ssh": 2},
    "kerberos.pcap": {"kerberos": 12},
    "rtmp.pcap": {"rtmp": 3},
    "snmp.pcap": {"snmp": 17},
}


@pytest.mark.external
@pytest.mark.parametrize("name", EXPECTED)
def test_real_captures(name: str, shared_data: Path, read: Callable[..., SimpleNamespace]) -> None:
    rows = read(
        shared_data / "captures/ndpi/pcap" / name, active_timeout_s=1e8, idle_timeout_s=1e8
    ).rows
    found = labels(rows)
    counts = {label: found.count(label) for label in EXPECTED[name]}
    assert counts == EXPECTED[name]
