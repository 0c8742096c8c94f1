"""Real captures metered by softflowd, collected by nfcapd: every field as nfdump prints it."""

import datetime as dt
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from folkways.model.addresses import MAPPED_PREFIX, address_from_text
from folkways.model.batches import Tally
from folkways.read.nfcapd import NfcapdReader
from folkways.read.reader import ReadOptions
from folkways.read.source import Source

# With IPv6, TCP, UDP and ICMP among them.
CAPTURES = ("wechat.pcap", "instagram.pcap", "dns.pcap", "ipv6_in_gtp.pcap", "6in4tunnel.pcap")
FLAGS = {"C": 128, "E": 64, "U": 32, "A": 16, "P": 8, "R": 4, "S": 2, "F": 1}
FORMAT = "fmt:%ts|%te|%pr|%sa|%da|%sp|%dp|%flg|%pkt|%byt"


@pytest.fixture
def collected(shared_data: Path, tool: Callable[[str], str], tmp_path: Path) -> Path:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    collector = subprocess.Popen(
        [tool("nfcapd"), "-p", str(port), "-b", "127.0.0.1", "-l", str(tmp_path), "-t", "3600"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(1)
        for name in CAPTURES:
            capture = shared_data / "captures/ndpi/pcap" / name
            subprocess.run(
                [tool("softflowd"), "-r", str(capture), "-n", f"127.0.0.1:{port}", "-v", "9", "-d"],
                check=True,
                capture_output=True,
                timeout=20,
            )
        time.sleep(0.5)
    finally:
        collector.send_signal(signal.SIGINT)
        collector.wait(20)
    (file,) = tmp_path.glob("nfcapd.2*")
    return file


def printed(text: str) -> Counter[Any]:
    """nfdump's lines as tuples; ports and flags only where a protocol has them."""
    found: Counter[Any] = Counter()
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != 10:
            continue
        ported = cells[2] in {"TCP", "UDP"}
        found[
            (
                *(_milliseconds(cell) for cell in cells[:2]),
                *(address_from_text(cell) for cell in cells[3:5]),
                *(int(cell) if ported else None for cell in cells[5:7]),
                sum(FLAGS[c] for c in cells[7] if c in FLAGS) if cells[2] == "TCP" else None,
                *(int(cell) for cell in cells[8:10]),
            )
        ] += 1
    return found


def _milliseconds(text: str) -> int:
    moment = dt.datetime.strptime(text + " +0000", "%Y-%m-%d %H:%M:%S.%f %z")
    return round(moment.timestamp() * 1000)


@pytest.mark.external
@pytest.mark.parametrize("compression", [None, "-y", "-j"])
def test_every_field_is_as_nfdump_prints_it(
    collected: Path, tool: Callable[[str], str], tmp_path: Path, compression: str | None
) -> None:
    file = collected
    if compression is not None:
        file = tmp_path / "compressed"
        subprocess.run(
            [tool("nfdump"), "-r", str(collected), compression, "-w", str(file)],
            check=True,
            capture_output=True,
        )
    out = subprocess.run(
        [tool("nfdump"), "-6", "-q", "-r", str(file), "-o", FORMAT],
        check=True,
        capture_output=True,
        text=True,
        env={"TZ": "UTC"},
    ).stdout
    tally = Tally()
    batches = NfcapdReader().read(Source(file.name, file), ReadOptions(), tally)
    rows = [row for batch in batches for row in batch.rows.to_pylist()]
    ours = Counter(
        (
            row["start_ms"],
            row["end_ms"],
            row["source_address"],
            row["destination_address"],
            *(row[p] if row["protocol"] in {6, 17} else None for p in _PORTS),
            row["tcp_flags_forward"],
            row["packets_forward"],
            row["bytes_forward"],
        )
        for row in rows
    )
    assert len(rows) > 100
    assert any(not row["source_address"].startswith(MAPPED_PREFIX) for row in rows)
    assert ours == printed(out)


_PORTS = ("source_port", "destination_port")
