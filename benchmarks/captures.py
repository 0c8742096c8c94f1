"""A capture of some million packets read to flows and names, beside nfstream on the same file."""

import struct
from pathlib import Path

from measure import cost_of, python

PACKETS = 2_500_000
ETHERNET = 1
OURS = """
import sys
from pathlib import Path
from folkways.model.batches import Tally
from folkways.read.capture import CaptureReader
from folkways.read.reader import ReadOptions
from folkways.read.source import Source
source = Source("bench", Path(sys.argv[1]))
print(sum(b.rows.num_rows for b in CaptureReader().read(source, ReadOptions(), Tally())))
"""
NFSTREAM = """
import sys
from nfstream import NFStreamer
print(sum(1 for _ in NFStreamer(source=sys.argv[1], n_dissections=20, statistical_analysis=False)))
"""


def write_capture(path: Path, captures: Path) -> int:
    """Real captures one after the other, again and again at later times; the number of packets.

    Only little-endian microsecond pcap files on Ethernet are taken, so that records can be copied.
    """
    records: list[tuple[int, int, bytes]] = []
    for file in sorted(captures.glob("*.pcap")):
        data = file.read_bytes()
        if data[:4] != b"\xd4\xc3\xb2\xa1" or struct.unpack_from("<I", data, 20)[0] != ETHERNET:
            continue
        at = 24
        while at + 16 <= len(data):
            seconds, micros, size, _ = struct.unpack_from("<IIII", data, at)
            if at + 16 + size > len(data):
                break
            records.append((seconds % 3600, micros, data[at + 8 : at + 16 + size]))
            at += 16 + size
    rounds = -(-PACKETS // len(records))
    if not path.exists():
        with path.open("wb") as out:
            out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, ETHERNET))
            for number in range(rounds):
                start = 1_500_000_000 + number * 7200
                out.writelines(
                    struct.pack("<II", start + seconds, micros) + rest
                    for seconds, micros, rest in records
                )
    return rounds * len(records)


def run(folder: Path, captures: Path) -> list[str]:
    """Lines of a report."""
    path = folder / "big.pcap"
    packets = write_capture(path, captures)
    ours = cost_of(python(OURS, str(path)))
    theirs = cost_of(python(NFSTREAM, str(path)))
    return [
        (
            f"Capture of {packets:,} packets, {path.stat().st_size / 1e6:.0f} MB, flows and names: "
            f"{packets / ours.wall_s:,.0f} packets/s ({ours})"
        ),
        (
            f"  nfstream (n_dissections=20): {packets / theirs.wall_s:,.0f} packets/s ({theirs}); "
            f"Folkways is {theirs.wall_s / ours.wall_s:.1f} times as fast"
        ),
    ]
