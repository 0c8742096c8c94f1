"""A capture of sFlow datagrams read to rows, beside tshark that prints as much of each sample.

Datagrams are laid out as switches send them: seven compact flow samples with raw headers of 128
octets and a record of VLANs each. How fast the capture alone is read is measured too, so that the
decoder's own speed is known.
"""

import shutil
import struct
import subprocess
import time
from pathlib import Path

import numpy as np

from measure import python

DATAGRAMS = 150_000
SAMPLES = 7
DATAGRAMS_OF_BASELINE = 10_000
REPEATS = 3
FIELDS = ("ip.src", "ip.dst", "ip.len", "tcp.srcport", "tcp.dstport", "sflow.flow_sample.index")
HEADER = 128
NOW = 1_500_000_000
WHOLE = """
import sys, time
from pathlib import Path
from folkways.model.batches import Tally
from folkways.read.reader import ReadOptions
from folkways.read.sflow import SflowReader
from folkways.read.source import Source
source, tally = Source("bench", Path(sys.argv[1])), Tally()
began = time.process_time()
rows = sum(b.rows.num_rows for b in SflowReader().read(source, ReadOptions(), tally))
print(rows / (time.process_time() - began))
assert rows == int(sys.argv[2]) and not tally.skipped and not tally.gaps, (rows, tally)
"""
CAPTURE = """
import sys, time
from pathlib import Path
from folkways.model.batches import Tally
from folkways.read.capture.datagrams import datagrams
from folkways.read.source import Source
source = Source("bench", Path(sys.argv[1]))
began = time.process_time()
assert sum(1 for _ in datagrams(source, Tally()))
print(int(sys.argv[2]) / (time.process_time() - began))
"""


def write_capture(path: Path) -> int:
    """A capture of ``DATAGRAMS`` datagrams, made once; the number of its samples."""
    if not path.exists():
        random = np.random.default_rng(5)
        with path.open("wb") as out:
            out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
            for number in range(DATAGRAMS):
                frame = _frame(_datagram(random, number))
                sizes = len(frame), len(frame)
                out.write(struct.pack("<4I", NOW + number // 100, 0, *sizes) + frame)
    return DATAGRAMS * SAMPLES


def _frame(payload: bytes) -> bytes:
    udp = struct.pack(">4H", 5000, 6343, 8 + len(payload), 0) + payload
    head = struct.pack(">BBHIBBH", 0x45, 0, 20 + len(udp), 0, 64, 17, 0)
    return bytes(12) + b"\x08\x00" + head + bytes([10, 9, 9, 9, 10, 9, 9, 8]) + udp


def _datagram(random: np.random.Generator, number: int) -> bytes:
    head = struct.pack(">2I4B4I", 5, 1, 192, 0, 2, 1, 0, number, number * 10, SAMPLES)
    hosts, ports, sizes = random.integers(0, [[200_000], [60_000], [1_400]], (3, SAMPLES)).tolist()
    samples = []
    for host, port, size in zip(hosts, ports, sizes, strict=True):
        ip = struct.pack(">BBHIBBHII", 69, 0, 60 + size, 0, 64, 6, 0, 0x0B000000 + host, 0xC6120001)
        tcp = struct.pack(">HHIIBBHHH", 443, 1024 + port, 0, 0, 0x50, 16, 0, 0, 0)
        content = (bytes(12) + b"\x08\x00" + ip + tcp).ljust(HEADER, b"\0")
        raw = struct.pack(">6I", 1, 16 + HEADER, 1, 78 + size, 4, HEADER) + content
        vlans = struct.pack(">6I", 1001, 16, 7, 0, 7, 0)
        source = 1 + host % 48
        body = struct.pack(">8I", number, source, 512, 0, 0, source, 49, 2) + raw + vlans
        samples.append(struct.pack(">2I", 1, len(body)) + body)
    return head + b"".join(samples)


def _rate(code: str, path: Path, count: int) -> float:
    command = python(code, str(path.resolve()), str(count))
    told = [
        subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=path.parent).stdout
        for _ in range(REPEATS)
    ]
    return max(map(float, told))


def _tshark(program: str, path: Path) -> float:
    command = [program, "-r", str(path), "-c", str(DATAGRAMS_OF_BASELINE), "-n", "-T", "fields"]
    for field in FIELDS:
        command += ["-e", field]
    began = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return DATAGRAMS_OF_BASELINE * SAMPLES / (time.monotonic() - began)


def run(folder: Path) -> list[str]:
    """Lines of a report."""
    path = folder / "sflow.pcap"
    samples = write_capture(path)
    ours, capture = _rate(WHOLE, path, samples), _rate(CAPTURE, path, samples)
    decoder = 1 / (1 / ours - 1 / capture)
    size = path.stat().st_size / 1e6
    lines = [
        f"sFlow v5, {samples:,} flow samples ({size:.0f} MB): {ours:,.0f} samples/s",
        f"  decoder and rows alone {decoder:,.0f}, reading the capture alone {capture:,.0f}",
    ]
    program = shutil.which("tshark")
    if program is None:
        return [*lines, "  tshark: left out, it is not installed"]
    theirs = _tshark(program, path)
    return [
        *lines,
        f"  tshark: {theirs:,.0f} samples/s; Folkways is {ours / theirs:.0f} times as fast",
    ]
