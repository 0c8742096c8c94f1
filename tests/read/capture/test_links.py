"""Every link layer and tunnel gives the flow of the IP packet inside. Headers are built by hand."""

import struct
from collections.abc import Callable
from types import SimpleNamespace

import pytest

Read = Callable[..., SimpleNamespace]
TIME = 1_500_000_000_000_000_000
IP4, IP6 = b"4", b"6"
"""Stand for an IPv4 and an IPv6 packet in the tables below."""

FLOWS = {
    IP4: ("192.0.2.1|40000", "198.51.100.2|9999", 17, (1, 33), (0, 0)),
    IP6: ("2001:db8::1|40000", "2001:db8:1::2|9999", 17, (1, 53), (0, 0)),
}

MAC = bytes(12)
LINKS: dict[str, tuple[int, bytes, bytes]] = {
    "ethernet": (1, MAC + b"\x08\x00", IP4),
    "ethernet ipv6": (1, MAC + b"\x86\xdd", IP6),
    "vlan": (1, MAC + b"\x81\x00\x00\x07\x08\x00", IP4),
    "qinq": (1, MAC + b"\x88\xa8\x00\x07\x81\x00\x00\x08\x86\xdd", IP6),
    "old qinq": (1, MAC + b"\x91\x00\x00\x07\x81\x00\x00\x08\x08\x00", IP4),
    "802.3 snap": (1, MAC + b"\x00\x40\xaa\xaa\x03\0\0\0\x08\x00", IP4),
    "802.3 llc": (1, MAC + b"\x00\x40\x06\x06\x03", IP4),
    "vlan snap": (1, MAC + b"\x81\x00\x00\x07\x00\x40\xaa\xaa\x03\0\0\0\x86\xdd", IP6),
    "pppoe": (1, MAC + b"\x88\x64\x11\x00\x00\x01\x00\x23\x00\x21", IP4),
    "pppoe vlan": (1, MAC + b"\x81\0\0\7\x88\x64\x11\x00\x00\x01\x00\x37\x00\x57", IP6),
    "mpls": (1, MAC + b"\x88\x47\x00\x01\x00\x40\x00\x01\x01\x40", IP4),
    "mpls pseudowire": (1, MAC + b"\x88\x47\x00\x01\x01\x40" + bytes(4) + MAC + b"\x08\x00", IP4),
    "mpls control word vlan": (
        1,
        MAC + b"\x88\x47\x00\x01\x01\x40" + bytes(4) + MAC + b"\x81\0\0\7\x86\xdd",
        IP6,
    ),
    "nsh": (1, MAC + b"\x89\x4f\x00\x46\x02\x01\x00\x00\x01\xff" + bytes(16), IP4),
    "nsh two": (1, MAC + b"\x89\x4f\x00\x42\x02\x02" + bytes(4), IP6),
    "nsh ethernet": (1, MAC + b"\x89\x4f\x00\x42\x02\x03" + bytes(4) + MAC + b"\x08\x00", IP4),
    "nsh in nsh": (
        1,
        MAC
        + b"\x89\x4f\x00\x42\x02\x04"
        + bytes(4)
        + b"\x00\x42\x02\x05"
        + bytes(4)
        + b"\x00\x01\x01\x40",
        IP4,
    ),
    "mac in mac": (1, MAC + b"\x88\xa8\0\7\x88\xe7" + bytes(4) + MAC + b"\x08\x00", IP4),
    "vn tag": (1, MAC + b"\x89\x26" + bytes(4) + b"\x81\x00\x00\x07\x08\x00", IP4),
    "raw 12": (12, b"", IP4),
    "raw 14": (14, b"", IP6),
    "raw": (101, b"", IP6),
    "ipv4": (228, b"", IP4),
    "ipv6": (229, b"", IP6),
    "null little": (0, b"\x02\0\0\0", IP4),
    "null big": (0, b"\0\0\0\x02", IP4),
    "null ipv6": (0, b"\x1e\0\0\0", IP6),
    "loop": (108, b"\0\0\0\x18", IP6),
    "cooked": (113, b"\0\0\0\1\0\6" + bytes(8) + b"\x08\x00", IP4),
    "cooked vlan": (113, b"\0\0\0\1\0\6" + bytes(8) + b"\x81\0\0\7\x08\x00", IP4),
    "cooked llc": (113, b"\0\0\0\1\0\6" + bytes(8) + b"\0\4\xaa\xaa\x03\0\0\0\x08\x00", IP4),
    "cooked 2": (276, b"\x86\xdd" + bytes(18), IP6),
    "ppp": (9, b"\xff\x03\x00\x21", IP4),
    "ppp bare": (9, b"\x00\x57", IP6),
    "ppp compressed": (9, b"\x21", IP4),
    "ppp hdlc": (50, b"\xff\x03\x00\x21", IP4),
    "ppp cisco": (50, b"\x0f\x00\x08\x00", IP4),
    "pppd": (204, b"\x01\x03\x00\x57", IP6),
    "pppoe link": (51, b"\x11\x00\x00\x01\x00\x23\x00\x21", IP4),
    "cisco hdlc": (104, b"\x8f\x00\x86\xdd", IP6),
    "ppi": (192, b"\0\0\x0c\0\1\0\0\0" + bytes(4) + MAC + b"\x08\x00", IP4),
}


@pytest.mark.parametrize("name", LINKS)
def test_links(wire: SimpleNamespace, read: Read, name: str) -> None:
    link, head, inside = LINKS[name]
    ip = wire.ipv4(wire.udp()) if inside == IP4 else wire.ipv6(wire.udp())
    frame = head + ip + bytes(6)  # Padding after the packet is not part of it.
    found = read(wire.pcap([(TIME, frame)], link=link))
    assert found.flows == [FLOWS[inside]]
    # Cut anywhere, it is counted, or its flow is known without ports.
    for size in range(len(frame)):
        cut = read(wire.pcap([(TIME, frame[:size], len(frame))], link=link))
        assert cut.flows in ([], [FLOWS[inside]]) or cut.rows[0]["flaws"] == "cut"


GRE4 = b"\x00\x00\x08\x00"
TUNNELS: dict[str, tuple[int | tuple[int, int], bytes, bytes]] = {
    "ip in ip": (4, b"", IP4),
    "6in4": (41, b"", IP6),
    "gre": (47, GRE4, IP4),
    "gre ipv6": (47, b"\x00\x00\x86\xdd", IP6),
    "gre checksum key sequence": (47, b"\xb0\x00\x08\x00" + bytes(12), IP4),
    "gre key": (47, b"\x20\x00\x86\xdd" + bytes(4), IP6),
    "gre ethernet": (47, b"\x00\x00\x65\x58" + MAC + b"\x08\x00", IP4),
    "gre ethernet vlan": (47, b"\x00\x00\x65\x58" + MAC + b"\x81\0\0\1\x08\x00", IP4),
    "gre mpls": (47, b"\x00\x00\x88\x47\x00\x01\x01\x40", IP4),
    "pptp": (47, b"\x30\x81\x88\x0b" + bytes(12) + b"\xff\x03\x00\x21", IP4),
    "pptp compressed": (47, b"\x30\x01\x88\x0b" + bytes(8) + b"\x21", IP4),
    "gre nsh": (47, b"\x00\x00\x89\x4f\x00\x42\x02\x01" + bytes(4), IP4),
    "erspan 1": (47, b"\x00\x00\x88\xbe" + MAC + b"\x08\x00", IP4),
    "erspan 2": (
        47,
        b"\x10\x00\x88\xbe" + bytes(4) + b"\x10\x64\x08\x01" + bytes(4) + MAC + b"\x86\xdd",
        IP6,
    ),
    "erspan 2 key vlan": (
        47,
        b"\x30\x00\x88\xbe"
        + bytes(8)
        + b"\x1f\xff\xff\xff"
        + bytes(4)
        + MAC
        + b"\x81\0\0\7\x08\x00",
        IP4,
    ),
    "erspan 3": (
        47,
        b"\x10\x00\x22\xeb" + bytes(4) + b"\x20\x64\x08\x01" + bytes(8) + MAC + b"\x08\x00",
        IP4,
    ),
    "erspan 3 subheader": (
        47,
        b"\x10\x00\x22\xeb"
        + bytes(4)
        + b"\x20\x64\x08\x01"
        + bytes(6)
        + b"\x00\x01"
        + bytes(8)
        + MAC
        + b"\x86\xdd",
        IP6,
    ),
    "erspan 3 ip": (
        47,
        b"\x10\x00\x22\xeb" + bytes(4) + b"\x20\x64\x08\x01" + bytes(6) + b"\x08\x00",
        IP6,
    ),
    "ethernet in ip": (97, b"\x30\x00" + MAC + b"\x08\x00", IP4),
    "mpls in ip": (137, b"\x00\x01\x00\x40\x00\x01\x01\x40", IP6),
    "mpls in udp": ((50000, 6635), b"\x00\x01\x01\x40", IP4),
    "l2tp": (115, b"\0\0\0\5" + MAC + b"\x08\x00", IP4),
    "l2tp cookie": (115, b"\0\0\0\5" + b"\x99" * 8 + MAC + b"\x86\xdd", IP6),
    "l2tp cookie sublayer vlan": (
        115,
        b"\0\0\0\5" + b"\x99" * 8 + bytes(4) + MAC + b"\x81\0\0\7\x08\x00",
        IP4,
    ),
    "l2tp ppp": (115, b"\0\0\0\5" + b"\x99" * 4 + b"\xff\x03\x00\x21", IP4),
    "l2tp 3 in udp": ((50000, 1701), b"\0\3\0\0\0\0\0\5" + MAC + b"\x08\x00", IP4),
    "l2tp 2": ((1701, 1701), b"\0\2\0\1\0\2\xff\x03\x00\x57", IP6),
    "l2tp 2 all fields": ((50000, 1701), b"\x4a\2\0\x40\0\1\0\2\0\3\0\4\0\2\x99\x99\x00\x21", IP4),
    "tzsp": ((50000, 37008), b"\1\0\0\1\1" + MAC + b"\x08\x00", IP4),
    "tzsp tags": ((50000, 37008), b"\1\1\0\1\0\x0a\1\x99\x29\2\0\1\1" + MAC + b"\x86\xdd", IP6),
    "vxlan": ((50000, 4789), b"\x08" + bytes(7) + MAC + b"\x08\x00", IP4),
    "vxlan of linux": ((50000, 8472), b"\x08" + bytes(7) + MAC + b"\x81\0\0\7\x86\xdd", IP6),
    "vxlan policy": ((50000, 4789), b"\x88\x48\x12\x34" + bytes(4) + MAC + b"\x08\x00", IP4),
    "vxlan gpe": ((50000, 4790), b"\x0c\0\0\1" + bytes(4), IP4),
    "vxlan gpe ipv6": ((50000, 4790), b"\x0c\0\0\2" + bytes(4), IP6),
    "vxlan gpe ethernet": ((50000, 4790), b"\x0c\0\0\3" + bytes(4) + MAC + b"\x08\x00", IP4),
    "vxlan gpe nsh": ((50000, 4790), b"\x0c\0\0\4" + bytes(4) + b"\0\x42\2\1" + bytes(4), IP4),
    "vxlan gpe without": ((50000, 4790), b"\x08" + bytes(7) + MAC + b"\x08\x00", IP4),
    "geneve nsh": ((50000, 6081), b"\x00\x00\x89\x4f" + bytes(4) + b"\0\x42\2\2" + bytes(4), IP6),
    "geneve": ((50000, 6081), b"\x01\x00\x65\x58" + bytes(8) + MAC + b"\x86\xdd", IP6),
    "geneve ip": ((50000, 6081), b"\x00\x00\x08\x00" + bytes(4), IP4),
    "gre in udp": ((50000, 4754), GRE4, IP4),
    "gtp": ((2152, 2152), b"\x30\xff\x00\x21" + bytes(4), IP4),
    "gtp sequence": ((2152, 50000), b"\x32\xff\x00\x25" + bytes(8), IP4),
    "gtp extension": ((2152, 2152), b"\x34\xff\0\x39" + bytes(7) + b"\x85\1\0\0\0", IP6),
    "gtp two extensions": (
        (2152, 2152),
        b"\x36\xff\0\x29" + bytes(7) + b"\x85\1\0\0\xc0\2" + bytes(7),
        IP4,
    ),
    "teredo": ((50000, 3544), b"", IP6),
    "teredo origin": ((3544, 50000), bytes(8), IP6),
    "teredo signed": ((3544, 50000), b"\0\1\2\2" + bytes(13) + bytes(8), IP6),
}


def wrap(wire: SimpleNamespace, name: str, ip: bytes, *, six: bool) -> bytes:
    carrier, head, _ = TUNNELS[name]
    outer = wire.ipv6 if six else wire.ipv4
    if isinstance(carrier, int):
        return bytes(outer(head + ip, carrier, "::5" if six else "10.0.0.1"))
    return bytes(outer(wire.udp(head + ip, *carrier)))


@pytest.mark.parametrize("six", [False, True])
@pytest.mark.parametrize("name", TUNNELS)
def test_tunnels(wire: SimpleNamespace, read: Read, name: str, *, six: bool) -> None:
    inside = TUNNELS[name][2]
    ip = wire.ipv4(wire.udp()) if inside == IP4 else wire.ipv6(wire.udp())
    frame = wire.eth(wrap(wire, name, ip, six=six), 0x86DD if six else 0x0800)
    assert read(wire.pcap([(TIME, frame)])).flows == [FLOWS[inside]]


def test_tunnels_in_tunnels(wire: SimpleNamespace, read: Read) -> None:
    ip = wire.ipv4(wire.udp())
    for name in ("gre", "vxlan", "gtp", "ip in ip"):
        ip = wrap(wire, name, ip, six=False)
    assert read(wire.pcap([(TIME, wire.eth(ip))])).flows == [FLOWS[IP4]]
    # Four are entered: of five, the innermost stays closed, and its envelope counts.
    deep = wrap(wire, "gre", ip, six=False)
    flows = read(wire.pcap([(TIME, wire.eth(deep))])).flows
    assert [(f[2], f[3]) for f in flows] == [(47, (1, 20 + 4 + 33))]


@pytest.mark.parametrize(
    ("name", "inner"),
    [
        ("gre", b"\x45\x00\x00"),
        ("gre", b"\x45\x00\xff\xff" + bytes(16)),
        ("gre", b"\x99" * 40),
        ("ip in ip", b""),
        ("vxlan", b"\x45\x00\x00\x10" + bytes(30)),
        ("teredo", b"\x60" + bytes(5)),
    ],
)
def test_what_is_no_packet_inside_leaves_the_outer_one(
    wire: SimpleNamespace, read: Read, name: str, inner: bytes
) -> None:
    outer = wrap(wire, name, inner, six=False)
    found = read(wire.pcap([(TIME, wire.eth(outer))]))
    assert [f[3] for f in found.flows] == [(1, len(outer))]
    assert found.rows[0]["source_address"][12:] == outer[12:16]


@pytest.mark.parametrize("port", [1701, 4789, 4790, 6081, 6635, 8472, 37008])
def test_a_port_alone_makes_no_tunnel(wire: SimpleNamespace, read: Read, port: int) -> None:
    inner = wire.ipv4(wire.udp())
    for payload in (b"", b"\x16\xfe\xfd" * 20, b"\xc8\2\0\x14" + bytes(40), b"\x45" + inner, inner):
        outer = wire.ipv4(wire.udp(payload, 50000, port))
        found = read(wire.pcap([(TIME, wire.eth(outer))]))
        assert [f[3] for f in found.flows] == [(1, len(outer))]
        assert found.rows[0]["destination_port"] == port


CLOSED = {
    "ESP": (50, b"\0\0\0\1\0\0\0\1" + bytes(40)),
    "IPComp": (108, bytes(40)),
    "GRE": (47, b"\0\0\x12\x34" + bytes(40)),
    "L2TP": (115, b"\0\0\0\5" + bytes(60)),
    "IP in IP": (4, b"\x99" * 40),
    "MPLS": (137, b"\0\1\1\x40" + b"\x99" * 40),
}


@pytest.mark.parametrize("name", CLOSED)
def test_tunnels_that_stay_closed_are_named(wire: SimpleNamespace, read: Read, name: str) -> None:
    protocol, payload = CLOSED[name]
    outer = wire.ipv4(payload, protocol)
    found = read(wire.pcap([(TIME, wire.eth(outer)), (TIME + 10**9, wire.eth(outer))]))
    assert found.tally.flagged == {f"tunnel not opened: {name}": 2}
    assert [(f[2], f[3]) for f in found.flows] == [(protocol, (2, 2 * len(outer)))]
    assert any("not opened" in note for note in found.tally.notes)


@pytest.mark.parametrize(
    ("protocol", "payload"),
    [
        (47, b"\0\0\x65\x58" + MAC + b"\x08\x06" + bytes(28)),  # ARP in a bridged frame
        (47, b"\0\0\x88\xbe" + MAC + b"\x08\x06" + bytes(28)),
        (97, b"\x30\0" + MAC + b"\x88\xcc" + bytes(28)),  # LLDP
        (115, bytes(4) + b"\xc8\3" + bytes(30)),  # control of L2TP
        (1, b"\x08\0" + bytes(30)),
    ],
)
def test_what_carries_no_ip_is_no_closed_tunnel(
    wire: SimpleNamespace, read: Read, protocol: int, payload: bytes
) -> None:
    outer = wire.ipv4(payload, protocol)
    found = read(wire.pcap([(TIME, wire.eth(outer))]))
    assert not found.tally.flagged
    assert [f[3] for f in found.flows] == [(1, len(outer))]


@pytest.mark.parametrize(
    "level",
    [
        b"\x88\x47\x00\x01\x01\x40" + bytes(4) + MAC,
        b"\x89\x4f\x00\x42\x02\x03" + bytes(4) + MAC,
        b"\x88\xe7" + bytes(4) + MAC,
        b"\x88\x64\x11\0\0\1\0\x23\x0f\0",
    ],
)
def test_frames_in_frames_without_end(wire: SimpleNamespace, read: Read, level: bytes) -> None:
    frame = MAC + level * 5000 + b"\x08\x00" + wire.ipv4(wire.udp())
    found = read(wire.pcap([(TIME, frame)]))
    assert found.tally.skipped == {"not IP": 1}


def test_frames_that_are_not_ip_are_counted_by_cause(wire: SimpleNamespace, read: Read) -> None:
    frames = [
        (wire.eth(bytes(28), 0x0806), "ARP"),
        (wire.eth(bytes(28), 0x88CC), "not IP"),
        (MAC + b"\x00\x40\x42\x42\x03" + bytes(40), "not IP"),
        (b"\0" * 13, "cut before the IP header"),
        (MAC + b"\x81\x00\x00", "cut before the IP header"),
        (wire.eth(b""), "cut IP header"),
        (wire.eth(wire.ipv4(b"")[:19]), "cut IP header"),
        (wire.eth(wire.ipv6(b"")[:39], 0x86DD), "cut IP header"),
        (wire.eth(b"\x55" * 40), "bad IP version"),
        (wire.eth(b"\x44" + wire.ipv4(b"")[1:]), "bad IP header"),
        (wire.eth(wire.ipv4(b"", length=19)), "bad IP header"),
    ]
    for frame, cause in frames:
        assert read(wire.pcap([(TIME, frame)])).tally.skipped == {cause: 1}
    found = read(wire.pcap([(TIME, frame) for frame, _ in frames]))
    assert sum(found.tally.skipped.values()) == found.tally.records == len(frames)


def test_an_unknown_link_type_is_said(wire: SimpleNamespace, read: Read) -> None:
    found = read(wire.pcap([(TIME, bytes(60))] * 3, link=147))
    assert found.tally.skipped == {"link type not supported": 3}
    assert found.tally.notes == ["Frames of link type 147 are not supported."]


def test_random_tags_end(wire: SimpleNamespace, read: Read) -> None:
    tags = MAC + b"\x81\x00\x00\x01" * 40
    labels = MAC + b"\x88\x47" + b"\x00\x01\x00\x40" * 40
    ppi = struct.pack("<BBHI", 0, 0, 8, 192) * 9
    assert read(wire.pcap([(TIME, tags), (TIME, labels)])).tally.skipped["not IP"] == 2
    assert read(wire.pcap([(TIME, ppi)], link=192)).tally.skipped == {"not IP": 1}
