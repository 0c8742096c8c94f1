"""IP and transport headers: options, extensions, fragments, lengths, cuts. Built by hand."""

import struct
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

Read = Callable[..., SimpleNamespace]
TIME = 1_500_000_000_000_000_000
ENDS4 = ("192.0.2.1|40000", "198.51.100.2|9999")
ENDS6 = ("2001:db8::1|40000", "2001:db8:1::2|9999")


def read_ip(wire: SimpleNamespace, read: Read, *packets: bytes, **options: Any) -> SimpleNamespace:
    return read(wire.pcap([(TIME, p) for p in packets], link=101), **options)


def test_options_of_ipv4(wire: SimpleNamespace, read: Read) -> None:
    found = read_ip(wire, read, wire.ipv4(wire.udp(), options=bytes(40)))
    assert found.flows == [(*ENDS4, 17, (1, 73), (0, 0))]


EXTENSIONS = {
    "hop-by-hop": (0, b"\x11\x00" + bytes(6)),
    "two": (0, b"\x3c\x01" + bytes(14) + b"\x11\x00" + bytes(6)),
    "routing": (43, b"\x11\x02" + bytes(22)),
    "authentication": (51, b"\x11\x04" + bytes(22)),
    "mobility": (135, b"\x11\x00" + bytes(6)),
    "whole fragment": (44, b"\x11\x00" + bytes(6)),
}


@pytest.mark.parametrize("name", EXTENSIONS)
def test_extension_headers(wire: SimpleNamespace, read: Read, name: str) -> None:
    first, headers = EXTENSIONS[name]
    found = read_ip(wire, read, wire.ipv6(headers + wire.udp(), first))
    assert found.flows == [(*ENDS6, 17, (1, 53 + len(headers)), (0, 0))]


def test_authentication_in_ipv4(wire: SimpleNamespace, read: Read) -> None:
    found = read_ip(wire, read, wire.ipv4(b"\x11\x04" + bytes(22) + wire.udp(), 51))
    assert found.flows == [(*ENDS4, 17, (1, 57), (0, 0))]


def test_chains_without_end(wire: SimpleNamespace, read: Read) -> None:
    found = read_ip(wire, read, wire.ipv6(b"\x3c\x00" * 400, 60), wire.ipv6(b"", 59))
    assert [f[2] for f in found.flows] == [60, 59]
    assert [f[0] for f in found.flows] == ["2001:db8::1"] * 2


@pytest.mark.parametrize("protocol", [6, 17, 33, 132, 136])
def test_protocols_with_ports(wire: SimpleNamespace, read: Read, protocol: int) -> None:
    found = read_ip(wire, read, wire.ipv4(struct.pack(">HH", 1, 2) + bytes(30), protocol))
    assert found.flows == [("192.0.2.1|1", "198.51.100.2|2", protocol, (1, 54), (0, 0))]


@pytest.mark.parametrize("protocol", [1, 2, 47, 50, 58, 89])
def test_protocols_without_ports(wire: SimpleNamespace, read: Read, protocol: int) -> None:
    row = read_ip(wire, read, wire.ipv4(bytes([8, 0]) + bytes(30), protocol)).rows[0]
    assert (row["source_port"], row["destination_port"], row["protocol"]) == (None, None, protocol)
    assert (row["tcp_flags_forward"], row["tcp_flags_reverse"]) == (None, None)


def pieces(wire: SimpleNamespace, ident: int = 7, port: int = 40000) -> list[bytes]:
    """A datagram of 3,000 bytes in three fragments, in order."""
    whole = wire.udp(bytes(2992), source=port)
    return [
        wire.ipv4(whole[:1480], ident=ident, more=True),
        wire.ipv4(whole[1480:2960], ident=ident, offset=1480, more=True),
        wire.ipv4(whole[2960:], ident=ident, offset=2960),
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
@pytest.mark.parametrize("chunk", [1500, 1 << 20])
def test_fragments_belong_to_the_flow_of_the_first(
    wire: SimpleNamespace, read: Read, order: tuple[int, ...], chunk: int
) -> None:
    parts = pieces(wire)
    found = read_ip(wire, read, *(parts[i] for i in order), chunk_bytes=chunk)
    assert found.flows == [(*ENDS4, 17, (3, 3000 + 60), (0, 0))]
    assert not found.tally.flagged


def test_fragments_of_several_datagrams(wire: SimpleNamespace, read: Read) -> None:
    one, two = pieces(wire, 1, 1001), pieces(wire, 2, 1002)
    again = pieces(wire, 1, 1003)
    found = read_ip(wire, read, two[1], one[0], two[0], one[1], two[2], one[2], *again)
    sums = {f[0]: f[3] for f in found.flows}
    assert sums == {f"192.0.2.1|{port}": (3, 3060) for port in (1001, 1002, 1003)}


def test_later_fragments_without_a_first_have_no_ports(wire: SimpleNamespace, read: Read) -> None:
    found = read_ip(wire, read, *pieces(wire)[1:])
    assert found.flows == [("192.0.2.1", "198.51.100.2", 17, (2, 1560), (0, 0))]
    assert found.tally.flagged == {"later fragment without its first": 2}


def test_fragments_are_forgotten(wire: SimpleNamespace, read: Read) -> None:
    first, second, last = pieces(wire)
    other = wire.ipv4(wire.udp(), ident=9)
    near = read_ip(wire, read, first, other, second, last, sweep_packets=2)
    assert [f[3][0] for f in near.flows] == [4]
    far = read_ip(wire, read, first, *[other] * 3, second, last, sweep_packets=2)
    assert [f[3][0] for f in far.flows] == [4, 2]


def test_fragments_of_ipv6(wire: SimpleNamespace, read: Read) -> None:
    whole = b"\x11\x00" + bytes(6) + wire.udp(bytes(2000))  # destination options first
    parts = [
        wire.ipv6(wire.fragment6(whole[:1208], 60, ident=5, offset=0, more=True), 44),
        wire.ipv6(wire.fragment6(whole[1208:], 60, ident=5, offset=1208, more=False), 44),
    ]
    for order in (parts, parts[::-1]):
        found = read_ip(wire, read, *order)
        assert found.flows == [(*ENDS6, 17, (2, 2016 + 2 * 48), (0, 0))]


def test_a_fragmented_tunnel_counts_its_inner_packet_once(
    wire: SimpleNamespace, read: Read
) -> None:
    inner = wire.ipv4(wire.udp(bytes(1972)), ident=8)
    parts = [
        wire.ipv4(inner[:1480], 4, "10.0.0.1", "10.0.0.2", more=True),
        wire.ipv4(inner[1480:], 4, "10.0.0.1", "10.0.0.2", offset=1480),
    ]
    for order in (parts, parts[::-1]):
        found = read_ip(wire, read, *order)
        assert found.flows == [(*ENDS4, 17, (1, 2000), (0, 0))]
        assert found.tally.skipped == {"later fragment of a tunnelled packet": 1}


def test_bytes_are_those_of_the_ip_header(wire: SimpleNamespace, read: Read) -> None:
    cut = wire.eth(wire.ipv4(wire.udp(bytes(1000))))
    content = wire.pcap([(TIME, cut[:42], len(cut))], snaplen=42)
    found = read(content)
    assert found.flows == [(*ENDS4, 17, (1, 1028), (0, 0))]
    assert found.rows[0]["flaws"] is None


def test_a_length_of_zero_is_taken_from_the_wire(wire: SimpleNamespace, read: Read) -> None:
    four = wire.eth(wire.ipv4(wire.udp(bytes(4000)), length=0))
    six = wire.eth(wire.ipv6(wire.udp(bytes(4000)), length=0), 0x86DD)
    found = read(wire.pcap([(TIME, four[:60], len(four)), (TIME, six[:80], len(six))]))
    assert [f[3] for f in found.flows] == [(1, 4028), (1, 4048)]


def test_a_length_above_the_wire_is_flagged(wire: SimpleNamespace, read: Read) -> None:
    found = read_ip(wire, read, wire.ipv4(wire.udp(), length=1500))
    assert found.flows[0][3] == (1, 1500)
    assert found.tally.flagged == {"IP length above wire length": 1}


def test_ports_that_were_cut_away(wire: SimpleNamespace, read: Read) -> None:
    packet = wire.ipv4(wire.tcp(0x02), 6)
    frames = [(TIME, packet[:size], len(packet)) for size in (20, 23, 24, 33, 34)]
    found = read(wire.pcap(frames, link=101))
    assert found.flows == [
        ("192.0.2.1", "198.51.100.2", 6, (2, 80), (0, 0)),
        ("192.0.2.1|40000", "198.51.100.2|80", 6, (3, 120), (0, 0)),
    ]
    assert [r["flaws"] for r in found.rows] == ["cut", "cut"]
    assert [r["tcp_flags_forward"] for r in found.rows] == [0, 2]
