"""A MiB that is made to fill the memory or to take for ever fills and takes little."""

import bz2
import gzip
import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import lzallright
import pytest
import zstandard

FUZZ = Path(__file__).resolve().parents[2] / "fuzz"
MIB = 1 << 20
MOST_MIB = 256
MOST_SECONDS = 20

READ_ONE = """
import json, re, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from harness import FAMILIES, Content
from folkways.model.batches import Tally
from folkways.model.errors import FormatError, MappingError

def most():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

def read(data):
    tally, rows = Tally(), 0
    content = Content(family.wrap(data), 1 << 20)
    try:
        for batch in family.reader.read(content, family.options(data), tally):
            rows += batch.rows.num_rows
    except (FormatError, MappingError):
        pass
    return rows

family = FAMILIES[sys.argv[2]]
for seed in sorted((Path(sys.argv[1]) / "corpus" / sys.argv[2]).iterdir()):
    read(seed.read_bytes())
data = sys.stdin.buffer.read()
Path("/proc/self/clear_refs").write_text("5")
before, started = most(), time.process_time()
rows = read(data)
print(json.dumps([rows, (most() - before) // 1024, time.process_time() - started]))
"""


def pcap(packets: list[bytes], link: int = 101) -> bytes:
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, link)
    return head + b"".join(
        struct.pack("<IIII", 1_500_000_000 + n // 1000, n % 1000, len(p), len(p)) + p
        for n, p in enumerate(packets)
    )


def ip(payload: bytes, protocol: int, number: int = 0, fragment: int = 0) -> bytes:
    ends = struct.pack(">II", 0x0A000000 + number, 0xC0000201)
    size = 20 + len(payload)
    whole = struct.pack(">BBHHHBBH", 0x45, 0, size, number & 0xFFFF, fragment, 64, protocol, 0)
    return whole + ends + payload


def udp(payload: bytes, port: int = 53) -> bytes:
    return struct.pack(">HHHH", 40_000, port, 8 + len(payload), 0) + payload


def tcp(payload: bytes, sequence: int, port: int = 443) -> bytes:
    return struct.pack(">HHIIBBHHH", 40_000, port, sequence, 0, 0x50, 24, 0, 0, 0) + payload


def nested() -> bytes:
    packet = udp(b"x")
    packet = ip(packet, 17)
    while len(packet) < 65_000:
        packet = ip(packet, 4)
    return pcap([packet] * 16)


def interfaces() -> bytes:
    section = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    return section + struct.pack("<IIHHII", 1, 20, 101, 0, 0, 20) * (MIB // 20)


def v9(content: bytes, domain: int = 7, sequence: int = 1) -> bytes:
    return struct.pack(">HHIIII", 9, 1, 1000, 1_500_000_000, sequence, domain) + content


def flow_set(number: int, content: bytes) -> bytes:
    return struct.pack(">HH", number, 4 + len(content)) + content


def templates() -> bytes:
    """All numbers that a template can have, for two exporting domains."""
    each = [struct.pack(">HHHH", n, 1, 8, 4) for n in range(256, 65_536)]
    sets = [b"".join(each[n : n + 8000]) for n in range(0, len(each), 8000)]
    return b"".join(v9(flow_set(0, s), domain) for domain in (1, 2) for s in sets)


def exporters() -> bytes:
    row = flow_set(0, struct.pack(">HHHH", 256, 1, 8, 4)) + flow_set(256, bytes(4))
    return b"".join(v9(row, domain) for domain in range(MIB // 40))


def wide() -> bytes:
    fields = flow_set(0, struct.pack(">HH", 256, 16_000) + struct.pack(">HH", 1, 1) * 16_000)
    return v9(fields) + v9(flow_set(256, bytes(64_000))) * 15


def counted() -> bytes:
    """A template that says more fields than there are, again and again."""
    return v9(flow_set(0, struct.pack(">HH", 256, 65_535) + bytes(8))) * (MIB // 36)


def orphans() -> bytes:
    return b"".join(v9(flow_set(256 + n % 60_000, bytes(8)), n) for n in range(MIB // 32))


def short_rows() -> bytes:
    """Rows of two addresses and nothing else."""
    template = v9(flow_set(0, struct.pack(">HHHHHH", 256, 2, 8, 4, 12, 4)))
    return template + b"".join(v9(flow_set(256, bytes(64_000)), sequence=n) for n in range(2, 18))


def empty_lists() -> bytes:
    """Rows of variable length that are as short as any can be."""
    fields = flow_set(2, struct.pack(">HHHH", 256, 1, 96, 65_535)) + flow_set(256, bytes(65_000))
    return struct.pack(">HHIII", 10, 16 + len(fields), 1, 1, 7) + fields


def nfcapd(method: int, data: bytes) -> bytes:
    """A file of layout 2 with blocks of the same content."""
    head = struct.pack("<HHIQBBHIQII", 0xA50C, 2, 0, 0, method, 0, 0, 0, 0, 0, 1)
    block = struct.pack("<IIHH", 1, len(data), 3, 0) + data
    return head + block * max(MIB // len(block), 1)


def nfcapd_tiny() -> bytes:
    head = struct.pack("<HHIQBBHIQII", 0xA50C, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1)
    return head + struct.pack("<IIHH", 0, 0, 3, 0) * (MIB // 12)


def silk(method: int, data: bytes, plain: int) -> bytes:
    """A file of FT_RWIPV6ROUTING, version 1, with blocks of the same content."""
    head = struct.pack(">4sBBBBIHHII", b"\xde\xad\xbe\xef", 1, 0x0C, 16, method, 0, 0, 1, 0, 8)
    block = struct.pack(">II", len(data), plain) + data
    return head + block * max(MIB // len(block), 1)


def lzo(size: int) -> bytes:
    return bytes(lzallright.LZOCompressor().compress(bytes(size)))


def sflow() -> bytes:
    """Samples without records, as many as a datagram can hold."""
    sample = struct.pack(">II", 1, 32) + struct.pack(">8I", 1, 3, 100, 100, 0, 1, 2, 0)
    count = 1600
    return struct.pack(">7I", 5, 1, 0xC0000201, 0, 1, 1, count) + sample * count


def seed(family: str, name: str) -> bytes:
    return (FUZZ / "corpus" / family / name).read_bytes()


EVENT = b'{"timestamp":"2020-01-01T00:00:00.000001+0000","flow_id":7,"event_type":"flow"'
FLOWS = 24_000
INPUTS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "packets of no octets": ("capture", lambda: pcap([b""] * (MIB // 16))),
    "as many in gzip": ("capture", lambda: gzip.compress(pcap([]) + bytes(32 * MIB))),
    "broken compression": ("capture", lambda: zstandard.compress(bytes(64 * MIB)) + b"x" * MIB),
    "flows of a packet each": (
        "capture",
        lambda: pcap([ip(udp(b"", 9), 17, n) for n in range(FLOWS)]),
    ),
    "nested tunnels": ("capture", nested),
    "interfaces": ("capture", interfaces),
    "first fragments": (
        "capture",
        lambda: pcap([ip(bytes(8), 17, n, 0x2000) for n in range(FLOWS)]),
    ),
    "a hello in octets": (
        "capture",
        lambda: pcap([ip(tcp(b"\x16", 1 + 2 * n), 6) for n in range(18_000)]),
    ),
    "a hello of many flows": (
        "capture",
        lambda: pcap([ip(tcp(b"\x16\3\1\x40\0\1\0\x3f\xfc", 1), 6, n) for n in range(16_000)]),
    ),
    "names that point at themselves": (
        "capture",
        lambda: pcap(
            [
                ip(udp(struct.pack(">6H", n, 0x8180, 1, 999, 0, 0) + b"\xc0\x0c" * 250), 17)
                for n in range(1_800)
            ]
        ),
    ),
    "templates": ("netflow", templates),
    "exporters": ("netflow", exporters),
    "a wide template": ("netflow", wide),
    "fields that are not there": ("netflow", counted),
    "rows before templates": ("netflow", orphans),
    "short rows": ("netflow", short_rows),
    "rows of variable length": ("netflow", lambda: empty_lists() * 15),
    "exports of many in a capture": (
        "netflow-captured",
        lambda: (
            # Another conversation of UDP, as fuzz/packets.py takes it apart.
            struct.pack(">HBHH", 1 << 14, 0, 40_000, 2055)
            + b"".join(
                struct.pack(">H", len(m)) + m
                for m in (v9(flow_set(256, bytes(8)), n) for n in range(MIB // 40))
            )
        ),
    ),
    "samples": ("sflow", sflow),
    "LZO of nothing": ("nfcapd", lambda: nfcapd(1, lzo(100 * MIB))),
    "bzip2 of nothing": ("nfcapd", lambda: nfcapd(2, bz2.compress(bytes(64 * MIB)))),
    "zstd of nothing": ("nfcapd", lambda: nfcapd(4, zstandard.compress(bytes(64 * MIB)))),
    "blocks of nothing": ("nfcapd", nfcapd_tiny),
    "zlib of nothing": ("silk", lambda: silk(1, zlib.compress(bytes(MIB)), MIB)),
    "LZO that says little": ("silk", lambda: silk(2, lzo(100 * MIB), MIB)),
    "a line": ("zeek", lambda: seed("zeek", "dns.json") + b'{"a":"' + b"x" * MIB),
    "columns": ("zeek", lambda: b"#path\tconn\n#fields" + b"\ta" * (MIB // 4) + b"\n1\t1\n"),
    "nested lists": (
        "suricata",
        lambda: seed("suricata", "eve.json") + EVENT + b',"a":' + b"[" * MIB,
    ),
    "events of nothing": ("suricata", lambda: (EVENT + b"}\n") * (MIB // len(EVENT))),
    "lines of nothing": ("aws", lambda: seed("aws", "default.log") + b"2 -\n" * (MIB // 4)),
    "tuples of nothing": (
        "azure",
        lambda: (
            b'{"records":[{"category":"NetworkSecurityGroupFlowEvent","properties":{"Version":2,'
            b'"flows":[{"rule":"r","flows":[{"mac":"0","flowTuples":['
            + b'"",' * (MIB // 3)
            + b'""]}]}]}}]}'
        ),
    ),
    "objects of nothing": ("gcp", lambda: seed("gcp", "payload.jsonl") + b"{}\n" * (MIB // 3)),
    "columns of a table": (
        "table",
        lambda: b"".join(
            line + comma * (MIB // 5) + b"\n"
            for line, comma in zip(
                seed("table", "flows.csv").splitlines(), (b",a", b","), strict=True
            )
        ),
    ),
    "columns of AWS": (
        "aws",
        lambda: b"srcaddr dstaddr start end" + b" a" * (MIB // 4) + b"\n" + b"1 " * (MIB // 4),
    ),
    "cells": ("table", lambda: seed("table", "flows.csv") + b"," * MIB + b"\n"),
}


@pytest.mark.slow
@pytest.mark.external
@pytest.mark.parametrize("name", INPUTS)
def test_a_mib_takes_little(name: str, needs: Callable[[str, bool], None]) -> None:
    needs("Linux, whose kernel marks the most memory held,", sys.platform == "linux")
    family, make = INPUTS[name]
    data = make()
    assert len(data) <= MIB + MIB // 4
    command = [sys.executable, "-c", READ_ONE, str(FUZZ), family]
    done = subprocess.run(command, input=data, capture_output=True, check=True, timeout=120)
    _, grown, took = json.loads(done.stdout)
    assert grown < MOST_MIB
    assert took < MOST_SECONDS
