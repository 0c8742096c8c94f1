"""When a piece of a flow begins and ends, who opened it, and what its row says."""

from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from folkways.model.addresses import address_from_text

Read = Callable[..., SimpleNamespace]
SECOND = 10**9
START = 1_500_000_000 * SECOND
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


class Talk:
    """TCP packets between two hosts."""

    def __init__(self, wire: SimpleNamespace) -> None:
        self.wire = wire
        self.packets: list[tuple[int, bytes]] = []

    def out(self, time: float, flags: int, seq: int = 1000, payload: bytes = b"") -> "Talk":
        packet = self.wire.ipv4(self.wire.tcp(flags, payload, seq=seq), 6)
        self.packets.append((START + round(time * SECOND), packet))
        return self

    def back(self, time: float, flags: int, seq: int = 5000, payload: bytes = b"") -> "Talk":
        segment = self.wire.tcp(flags, payload, source=80, destination=40000, seq=seq)
        packet = self.wire.ipv4(segment, 6, "198.51.100.2", "192.0.2.1")
        self.packets.append((START + round(time * SECOND), packet))
        return self

    @property
    def content(self) -> bytes:
        return bytes(self.wire.pcap(self.packets, link=101))


CLIENT_ADDRESS = address_from_text("192.0.2.1")
SERVER_ADDRESS = address_from_text("198.51.100.2")
CLIENT, SERVER = "192.0.2.1|40000", "198.51.100.2|80"


def short(found: SimpleNamespace) -> list[tuple[object, ...]]:
    return [
        (f[0], f[3][0], f[4][0], r["begins"], r["initiator"])
        for f, r in zip(found.flows, found.rows, strict=True)
    ]


def test_a_connection(wire: SimpleNamespace, read: Read) -> None:
    talk = Talk(wire).out(0, SYN).back(0.01, SYN | ACK).out(0.02, ACK)
    talk.out(0.03, ACK | PSH, payload=b"x" * 10).back(0.04, ACK, payload=b"y" * 100)
    talk.back(0.0505, FIN | ACK).out(0.0609, FIN | ACK)
    found = read(talk.content)
    assert len(found.rows) == 1
    row = found.rows[0]
    assert found.flows == [(CLIENT, SERVER, 6, (4, 170), (3, 220))]
    assert row["tcp_flags_forward"] == SYN | ACK | PSH | FIN
    assert row["tcp_flags_reverse"] == SYN | ACK | FIN
    assert (row["begins"], row["initiator"]) == (True, "source")
    assert (row["start_ms"] - START // 10**6, row["end_ms"] - START // 10**6) == (0, 60)
    for unknown in ("uid", "flows", "name", "exporter", "flaws"):
        assert row[unknown] is None
    # At port 443, and no beginning of TLS.
    assert row["sensor_label"] == "unknown"
    assert row["sampling"] == 1


def test_who_opened(wire: SimpleNamespace, read: Read) -> None:
    assert short(read(Talk(wire).back(0, SYN | ACK).out(1, ACK).content)) == [
        (CLIENT, 1, 1, None, "source")
    ]
    assert short(read(Talk(wire).back(0, ACK).out(1, SYN).content)) == [(SERVER, 1, 1, None, None)]
    assert short(read(Talk(wire).back(0, RST | ACK).content)) == [(SERVER, 1, 0, None, None)]
    # A reset that refuses a SYN has the number 0; any other one may be of either side.
    assert short(read(Talk(wire).back(0, RST | ACK, seq=0).content)) == [
        (CLIENT, 0, 1, None, "source")
    ]
    assert short(read(Talk(wire).out(0, RST | ACK, seq=0).content)) == [
        (SERVER, 0, 1, None, "source")
    ]
    assert short(read(Talk(wire).back(0, RST, seq=0).content)) == [(SERVER, 1, 0, None, None)]
    assert short(read(Talk(wire).out(0, SYN).back(0, RST | ACK, seq=0).content)) == [
        (CLIENT, 1, 1, True, "source")
    ]
    # Congestion bits in a SYN do not hide it.
    assert short(read(Talk(wire).out(0, SYN | 0xC0).content)) == [(CLIENT, 1, 0, True, "source")]


@pytest.mark.parametrize("at", range(1, 9))
def test_a_capture_that_was_cut_into_files(wire: SimpleNamespace, read: Read, at: int) -> None:
    talk = Talk(wire).out(0, SYN).back(0.01, SYN | ACK).out(0.02, ACK)
    talk.out(0.03, ACK | PSH, payload=b"x" * 10).back(0.04, ACK, payload=b"y" * 100)
    talk.back(200, ACK, payload=b"y" * 100).out(201, ACK).back(202, FIN | ACK).out(203, FIN | ACK)
    files = [wire.pcap(talk.packets[:at], link=101), wire.pcap(talk.packets[at:], link=101)]
    rows = [row for content in files for row in read(content).rows]
    # One SYN, one beginning; nobody is said to have opened because of who sends first.
    assert [row["begins"] for row in rows] == [True] + [None] * (len(rows) - 1)
    opened = [row["initiator"] for row in rows[1:]]
    assert opened == ["source" if at == 1 else None] + [None] * (len(rows) - 2)
    both: Counter[tuple[bytes, int]] = Counter()
    for row in rows:
        both[row["source_address"], row["source_port"]] += row["bytes_forward"]
        both[row["destination_address"], row["destination_port"]] += row["bytes_reverse"]
    assert both == {(CLIENT_ADDRESS, 40000): 210, (SERVER_ADDRESS, 80): 360}


def test_a_syn_again_is_no_new_connection(wire: SimpleNamespace, read: Read) -> None:
    talk = Talk(wire).out(0, SYN).out(1, SYN).out(3, SYN).back(3, SYN | ACK).out(3, SYN)
    assert short(read(talk.content)) == [(CLIENT, 4, 1, True, "source")]
    refused = Talk(wire).out(0, SYN).back(0, RST | ACK).out(0.5, SYN).back(0.5, RST | ACK)
    assert short(read(refused.content)) == [(CLIENT, 2, 2, True, "source")]


@pytest.mark.parametrize("end", [FIN | ACK, RST])
def test_a_syn_after_the_end_is_a_new_connection(
    wire: SimpleNamespace, read: Read, end: int
) -> None:
    talk = Talk(wire).out(0, SYN).back(0, SYN | ACK).back(1, end).out(1, ACK)
    talk.out(2, SYN, seq=9000).out(3, SYN, seq=9000).out(4, ACK)
    expected = [(CLIENT, 2, 2, True, "source"), (CLIENT, 3, 0, True, "source")]
    assert short(read(talk.content)) == expected
    assert short(read(talk.content, chunk_bytes=64)) == expected
    # The other side may open the next one.
    other = Talk(wire).out(0, SYN).out(1, end).back(2, SYN)
    assert short(read(other.content)) == [
        (CLIENT, 2, 0, True, "source"),
        (SERVER, 1, 0, True, "source"),
    ]


def test_a_syn_with_another_number_is_a_new_connection(wire: SimpleNamespace, read: Read) -> None:
    talk = Talk(wire).out(0, SYN, seq=1).out(1, ACK).out(2, SYN, seq=2).out(3, SYN, seq=2)
    expected = [(CLIENT, 2, 0, True, "source"), (CLIENT, 2, 0, True, "source")]
    assert short(read(talk.content)) == expected
    assert short(read(talk.content, chunk_bytes=64)) == expected
    # Both sides open at once: one connection.
    both = Talk(wire).out(0, SYN, seq=1).back(0, SYN, seq=2).out(1, ACK)
    assert short(read(both.content)) == [(CLIENT, 2, 1, True, "source")]


def test_the_idle_timeout(wire: SimpleNamespace, read: Read) -> None:
    talk = Talk(wire).out(0, SYN).out(60, ACK).out(120.5, ACK).out(180, ACK)
    expected = [(CLIENT, 2, 0, True, "source"), (CLIENT, 2, 0, None, None)]
    assert short(read(talk.content, idle_timeout_s=60)) == expected
    assert short(read(talk.content, idle_timeout_s=60.5)) == [(CLIENT, 4, 0, True, "source")]


def test_the_active_timeout(wire: SimpleNamespace, read: Read) -> None:
    talk = Talk(wire)
    for second in range(0, 100, 3):
        talk.out(second, ACK)
    for chunk in (64, 500, 1 << 20):
        found = read(talk.content, active_timeout_s=30, chunk_bytes=chunk)
        assert [f[3][0] for f in found.flows] == [10, 10, 10, 4]
    assert [r["start_ms"] // 1000 - START // SECOND for r in found.rows] == [0, 30, 60, 90]
    assert len(read(talk.content, active_timeout_s=0).rows) == 34


def test_time_that_jumps(wire: SimpleNamespace, read: Read) -> None:
    talk = Talk(wire).out(0, ACK).out(1, ACK).out(10**9, ACK).out(2, ACK).out(1.5, ACK)
    found = read(talk.content)
    assert [f[3][0] for f in found.flows] == [2, 1, 2]
    assert found.rows[2]["start_ms"] == (START + 3 * SECOND // 2) // 10**6
    assert found.rows[2]["end_ms"] == (START + 2 * SECOND) // 10**6
    assert found.tally.flagged == {"time goes backwards": 2}


def test_time_before_captures_were_made(wire: SimpleNamespace, read: Read) -> None:
    found = read(wire.pcap([(5 * SECOND, wire.ipv4(wire.udp()))], link=101))
    assert found.rows[0]["start_ms"] == 5000
    assert found.tally.flagged == {"time before 1990": 1}


def test_silent_flows_are_emitted_on_the_way(wire: SimpleNamespace, read: Read) -> None:
    packets = [
        (START + n * SECOND, wire.ipv4(wire.udp(source=1 + n % 50 + n // 200 * 50)))
        for n in range(1000)
    ]
    content = wire.pcap(packets, link=101)
    whole = read(content, idle_timeout_s=60)
    swept = read(content, idle_timeout_s=60, sweep_packets=10)
    assert whole.flows == swept.flows
    assert len(whole.rows) == 250
    assert not swept.tally.flagged


def test_too_many_open_flows_end_early(wire: SimpleNamespace, read: Read) -> None:
    ports = [1, 2, 3, 4, 1, 1]
    packets = [(START + n, wire.ipv4(wire.udp(source=p))) for n, p in enumerate(ports)]
    found = read(wire.pcap(packets, link=101), sweep_packets=4, max_open=3)
    assert [(f[0], f[3][0]) for f in found.flows] == [
        ("192.0.2.1|1", 1),
        ("192.0.2.1|2", 1),
        ("192.0.2.1|3", 1),
        ("192.0.2.1|4", 1),
        ("192.0.2.1|1", 2),
    ]
    assert found.tally.flagged == {"flow ended early: too many open": 1}


def test_ends_with_the_same_address_and_port(wire: SimpleNamespace, read: Read) -> None:
    packet = wire.ipv4(wire.udp(source=5353, destination=5353), 17, "127.0.0.1", "127.0.0.1")
    found = read(wire.pcap([(START, packet)] * 2, link=101))
    assert found.flows == [("127.0.0.1|5353", "127.0.0.1|5353", 17, (2, 66), (0, 0))]


def test_names_and_answers_reach_the_rows(wire: SimpleNamespace, read: Read) -> None:
    request = b"GET / HTTP/1.1\r\nHost: www.Example.org\r\n\r\n"
    talk = Talk(wire).out(0, SYN).out(1, ACK, 1001, request).back(2, ACK).out(3, FIN | ACK)
    talk.out(4, SYN, 7000).out(5, ACK, 7001)
    answer = bytes.fromhex(
        "1234 8180 0001 0001 0000 0000 01 61 07 6578616d706c65 00 0001 0001"
        " c00c 0001 0001 0000003c 0004 c6336402"
    )
    dns = wire.ipv4(wire.udp(answer, 53, 5000), 17, "9.9.9.9", "192.0.2.1")
    content = wire.pcap([*talk.packets, (START + SECOND, dns)], link=101)
    for chunk in (64, 1 << 20):
        found = read(content, chunk_bytes=chunk)
        named = [(r["name"], r["name_source"]) for r in found.rows]
        assert named == [("www.example.org", "http"), (None, None), (None, None)]
        assert [(a["query"], a["ttl_s"]) for a in found.answers] == [("a.example", 60)]
    without = read(content, names=False)
    assert [r["name"] for r in without.rows] == [None] * 3
    assert not without.answers
