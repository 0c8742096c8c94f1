"""Makes the seeds of the corpus from the writers that the tests have: ``python fuzz/seeds.py``.

Seeds are small and whole, so that a change of a few octets already reaches deep. What a run has
found to break something is kept beside them under a name of its own, and never removed.
"""

import gzip
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import seeds_handshakes
from seeds_handshakes import conversation
from seeds_lists import LISTS
from seeds_texts import TEXTS
from writers import writer

HERE = Path(__file__).resolve().parent
TCP, UDP = 6, 17
ETHERNET = 1


def _captures() -> Iterator[tuple[str, bytes]]:
    w = writer("read/capture/conftest.py")
    syn = w.eth(w.ipv4(w.tcp(flags=2), 6))
    query = w.eth(w.ipv4(w.udp(b"\x12\x34\x01\0\0\1\0\0\0\0\0\0\3www\0\0\1\0\1"), 17))
    six = w.eth(w.ipv6(w.udp(b"hello"), 17), 0x86DD)
    vlan = w.eth(
        struct.pack(">HH", 7, 0x0800) + w.ipv4(w.tcp(24, payload=b"GET / HTTP/1.1\r\n\r\n"), 6),
        0x8100,
    )
    gre = w.eth(w.ipv4(struct.pack(">HH", 0, 0x0800) + w.ipv4(w.udp(b"x"), 17), 47))
    frames = [(10**18 + n * 10**9, f) for n, f in enumerate((syn, query, six, vlan, gre))]
    yield "ethernet.pcap", w.pcap(frames)
    yield "nanoseconds.pcap", w.pcap(frames[:2], magic=0xA1B23C4D, order=">")
    yield "raw.pcap", w.pcap([(10**18, w.ipv4(w.tcp(flags=18), 6))], link=101)
    parts = w.section() + w.interface(resolution=9) + w.interface(link=101)
    parts += b"".join(w.enhanced(at, frame) for at, frame in frames)
    yield "blocks.pcapng", parts + w.obsolete(5, frames[0][1])
    yield "packed.pcap.gz", gzip.compress(w.pcap(frames), mtime=0)
    yield from _wrapped(w)
    # A router's two sides, then a mirror of both directions.
    ip = bytearray(w.ipv4(w.tcp(24, b"x" * 50), 6))
    before = bytes(12) + b"\x08\0" + bytes(ip)
    ip[8] -= 1
    after = b"\2" * 12 + b"\x08\0" + bytes(ip)
    seen = [before, after, before, after, after, after]
    yield "twice.pcap", w.pcap([(10**18 + n * 10**5, frame) for n, frame in enumerate(seen)])
    yield from seeds_handshakes.captures()


def _wrapped(w: Any) -> Iterator[tuple[str, bytes]]:
    """A packet in each tunnel, and behind each header of an Ethernet frame."""
    links = writer("read/capture/test_links.py")
    inside = {links.IP4: w.ipv4(w.udp()), links.IP6: w.ipv6(w.udp())}
    packets = [
        w.eth(links.wrap(w, name, inside[carried], six=False))
        for name, (_, _, carried) in links.TUNNELS.items()
    ]
    frames = [
        head + inside[carried] for link, head, carried in links.LINKS.values() if link == ETHERNET
    ]
    for name, found in (("tunnels.pcap", packets), ("framed.pcap", frames)):
        yield name, w.pcap([(10**18 + n * 10**9, frame) for n, frame in enumerate(found)])


def _pieces(protocol: int, port: int, *said: bytes) -> bytes:
    """A conversation in the middle, in which client and server speak in turn."""
    turns = ((n % 2 == 0, octets) for n, octets in enumerate(said))
    return conversation(protocol, (40_000, port), turns, begun=False)


def _payloads() -> Iterator[tuple[str, bytes]]:
    w = writer("read/capture/payload/conftest.py")
    name = b"\3www\7example\3com\0"
    ask = b"\x12\x34\x01\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1"
    tell = b"\x12\x34\x81\x80\0\1\0\2\0\0\0\0" + name + b"\0\1\0\1"
    tell += (
        b"\xc0\x0c\0\5\0\1\0\0\0\x3c\0\6\3cdn\xc0\x10" + b"\xc0\x2d\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\7"
    )
    yield "dns", _pieces(UDP, 53, ask, tell)
    yield (
        "dns-tcp",
        _pieces(TCP, 53, struct.pack(">H", len(ask)) + ask, struct.pack(">H", len(tell)) + tell),
    )
    hello = w._records(w._client_hello(b"www.example.com"), 60)
    yield "tls", _pieces(TCP, 443, hello[:40], b"", hello[40:])
    yield (
        "http",
        _pieces(
            TCP, 80, b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"
        ),
    )
    # RFC 9001, appendix A.2: the long header of its client's Initial packet.
    initial = bytes.fromhex("c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11")
    yield "quic", _pieces(UDP, 443, initial.ljust(1200, b"\7"))
    early = bytes.fromhex("d000000001088394c8f03e5157080014") + b"\x99" * 20
    yield "quic-early", _pieces(UDP, 443, early + initial.ljust(1200, b"\7"))
    yield "torrent", _pieces(UDP, 6881, b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe")
    yield from seeds_handshakes.payloads()


def _packets() -> Iterator[tuple[str, list[bytes]]]:
    w = writer("read/netflow/conftest.py")
    fields = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (1, 4), (2, 4), (21, 4), (22, 4)]
    data = struct.pack(">IIHHBBIIII", 1, 2, 3, 4, 6, 2, 100, 1, 990_000, 980_000)
    sampler = w.v9_options(257, [(1, 4)], [(34, 4), (35, 1)])
    described = w.v9(w.flow_set(0, w.template(256, fields)), w.flow_set(1, sampler))
    rate = w.flow_set(257, struct.pack(">IIB", 1, 100, 1))
    yield "v5", [w.v5(w.v5_record(), w.v5_record(protocol=17), sampling=0x4064)]
    yield "v9", [described, w.v9(rate, w.flow_set(256, data * 3), sequence=2)]
    yield "late-template", [w.v9(w.flow_set(256, data * 2)), described]
    lists = [(27, 16), (28, 16), (152, 8), (153, 8), (85, 8), (96, 65_535), (293, 65_535)]
    row = bytes(32) + struct.pack(">QQQ", 1_500_000_000_000, 1_500_000_001_000, 9) + b"\4http"
    row += b"\x09\xff\1\0\0\x06\0\1\2\3"
    both = [(8, 4), (12, 4), (1, 4), (1, 4, 29_305), (154, 8), (225, 4), (227, 2), (61, 1)]
    turn = struct.pack(">IIIIQIHB", 1, 2, 3, 4, 0xDD000000 << 32, 5, 6, 1)
    yield (
        "ipfix",
        [
            w.ipfix(w.flow_set(2, w.template(300, lists)), w.flow_set(300, row * 2)),
            w.ipfix(w.flow_set(2, w.template(301, both)), w.flow_set(301, turn * 2), sequence=3),
        ],
    )


def _exports() -> Iterator[tuple[str, bytes]]:
    for name, packets in _packets():
        yield name, b"".join(packets)


def _captured() -> Iterator[tuple[str, bytes]]:
    for name, packets in _packets():
        # The exporter speaks, the collector is silent.
        yield (
            f"{name}-udp",
            _pieces(UDP, 2055, *(part for packet in packets for part in (packet, b""))),
        )
    whole = b"".join(dict(_packets())["ipfix"])
    yield "ipfix-tcp", _pieces(TCP, 4739, whole[:100], b"", whole[100:])


def _sflow() -> Iterator[tuple[str, bytes]]:
    w = writer("read/sflow/sflow_datagrams.py")
    for number, datagram in enumerate(w.every_kind(24)):
        yield f"datagram-{number}", datagram


def _nfcapd() -> Iterator[tuple[str, bytes]]:
    w = writer("read/nfcapd/nfcapd_files.py")
    flow = w.flow2([(1, w.GENERIC), (2, w.IPV4)], exporter=1)
    records = [w.exporter(), w.sampler(1, 1, 99), flow, flow]
    for compression, name in enumerate(("plain", "lzo", "", "", "zstd")):
        if name:
            yield f"layout2-{name}", w.file2(records, [flow], compression=compression)
    body = struct.pack("<IIII", 0xC0000201, 0xC6336402, 3, 180)
    yield "layout1", w.file1([w.extension_map(1, [4, 8]), w.flow1(body + bytes(8))])


def _silk() -> Iterator[tuple[str, bytes]]:
    w = writer("read/silk/silk_files.py")
    for kind, version, order, compression in (
        ("FT_RWIPV6ROUTING", 3, "<", 0),
        ("FT_RWGENERIC", 5, ">", 1),
        ("FT_RWAUGMENTED", 4, "<", 2),
        ("FT_FLOWCAP", 5, ">", 3),
        ("FT_RWSPLIT", 2, "<", 0),
    ):
        rows = w.record(kind, version, order) * 3
        content = rows if compression == 0 else w.block(rows, compression)
        head = w.header(kind, version, order, compression=compression)
        yield f"{kind.lower()}-{compression}", head + content


FAMILIES = {
    "capture": _captures,
    "payload": _payloads,
    "netflow": _exports,
    "netflow-captured": _captured,
    "sflow": _sflow,
    "nfcapd": _nfcapd,
    "silk": _silk,
}


def seeds() -> Iterator[tuple[str, str, bytes]]:
    """Family, name and content of each seed."""
    for family, make in (FAMILIES | TEXTS | LISTS).items():
        for name, content in make():
            yield family, name, content


if __name__ == "__main__":
    for family, name, content in seeds():
        path = HERE / "corpus" / family / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        print(f"{path.relative_to(HERE)}: {len(content)} octets")
