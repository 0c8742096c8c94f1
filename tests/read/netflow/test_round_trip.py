"""Real captures metered by softflowd and read back: the same connections on every way.

A capture is metered here, and by softflowd, whose exports are read from a dump, from a capture of
them, and from the file that nfcapd makes of them. Each connection's packets and octets must agree
in each direction, and its times as far as the format carries them.
"""

import io
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.read.netflow.export_captures import UDP, datagram, ethernet, ipv4, pcap, segments
from tests.read.netflow.metered_exports import collected, exported

from folkways.model.addresses import MAPPED_PREFIX, address_from_text
from folkways.model.batches import Tally
from folkways.read.capture import CaptureReader
from folkways.read.netflow import NetFlowReader
from folkways.read.nfcapd import NfcapdReader
from folkways.read.reader import Reader, ReadOptions
from folkways.read.source import Source

pytestmark = pytest.mark.external

FAST = ("ndpi/pcap/wechat.pcap", "ipfixprobe/inputs/mixed.pcap")
SLOW = (
    "ndpi/pcap/teams.pcap",
    "ndpi/pcap/reddit.pcap",
    "ndpi/pcap/KakaoTalk_talk.pcap",
    "zeek/traces/wikipedia.pcap",
)
CAPTURES = (*FAST, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW))
FRAGMENTED = "zeek/traces/ipv6-fragmented-dns.pcap"


@dataclass(frozen=True)
class Way:
    """A format as softflowd writes it."""

    arguments: tuple[str, ...]
    clock_ms: int
    """How far its times may be early, all by the same."""
    six: bool = True
    """Whether it carries IPv6."""


WAYS = {
    "v5": Way(("-v", "5"), clock_ms=0, six=False),
    # Times are told by the uptime, and the header says the moment in whole seconds.
    "v9": Way(("-v", "9"), clock_ms=1000),
    "IPFIX": Way(("-v", "10", "-A", "milli"), clock_ms=0),
    "IPFIX, both directions": Way(("-v", "10", "-b"), clock_ms=0),
}
ROUNDING_MS = 1
"""softflowd's uptimes: microseconds are cut, not rounded, on either side of a difference."""

Side = tuple[bytes, int | None]
Key = tuple[Side, Side, int]


@dataclass
class Connection:
    """All packets of one key; of its two sides, the smaller is the first."""

    packets: tuple[int, int] = (0, 0)
    octets: tuple[int, int] = (0, 0)
    start_ms: int = 1 << 62
    end_ms: int = 0


def connections(rows: Iterable[dict[str, Any]]) -> dict[Key, Connection]:
    found: dict[Key, Connection] = {}
    for row in rows:
        key, swapped = key_of(
            (row["source_address"], row["source_port"]),
            (row["destination_address"], row["destination_port"]),
            row["protocol"],
        )
        mine = found.setdefault(key, Connection())
        for what in ("packets", "octets"):
            name = "bytes" if what == "octets" else what
            counts = [row[f"{name}_{way}"] or 0 for way in ("forward", "reverse")]
            if swapped:
                counts.reverse()
            before = getattr(mine, what)
            setattr(mine, what, (before[0] + counts[0], before[1] + counts[1]))
        mine.start_ms = min(mine.start_ms, row["start_ms"])
        mine.end_ms = max(mine.end_ms, row["end_ms"])
    return found


def key_of(source: Side, destination: Side, protocol: int) -> tuple[Key, bool]:
    ordered = sorted((source, destination), key=lambda side: (side[0], side[1] or 0))
    return (ordered[0], ordered[1], protocol), ordered[0] != source


def read(reader: Reader, content: Path | bytes) -> list[dict[str, Any]]:
    stdin = io.BufferedReader(io.BytesIO(content)) if isinstance(content, bytes) else None
    path = None if isinstance(content, bytes) else content
    batches = reader.read(Source("test", path, stdin), ReadOptions(), Tally())
    return [row for b in batches if b.kind == "records" for row in b.rows.to_pylist()]


PADDING_FIELDS = (
    "frame.len", "ip.len", "ipv6.plen", "ip.src", "ipv6.src", "ip.dst", "ipv6.dst",
    "tcp.srcport", "udp.srcport", "tcp.dstport", "udp.dstport",
    "ip.proto", "ipv6.nxt",
)  # fmt: skip


def padding(tshark: str, capture: Path) -> dict[tuple[Key, bool], int]:
    """Octets behind the IP packet in Ethernet frames, by connection and direction, by tshark."""
    fields = [word for name in PADDING_FIELDS for word in ("-e", name)]
    shown = subprocess.run(
        [
            *(tshark, "-r", str(capture), "-Y", "eth and (ip or ipv6)"),
            *("-T", "fields", "-E", "occurrence=f", *fields),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found: dict[tuple[Key, bool], int] = {}
    for line in shown.splitlines():
        frame, four, six, s4, s6, d4, d6, st, su, dt, du, p4, p6 = line.split("\t")
        extra = int(frame) - 14 - (int(four) if four else int(six) + 40)
        if extra:
            source = address_from_text(s4 or s6) or b"", int(st or su)
            destination = address_from_text(d4 or d6) or b"", int(dt or du)
            key = key_of(source, destination, int(p4 or p6))
            found[key] = found.get(key, 0) + extra
    return found


def metered(capture: Path, tshark: str) -> dict[Key, Connection]:
    """As this project meters it, and with the octets of padding that softflowd counts as well."""
    found = connections(read(CaptureReader(names=False), capture))
    for (key, swapped), extra in padding(tshark, capture).items():
        octets = list(found[key].octets)
        octets[swapped] += extra
        found[key].octets = octets[0], octets[1]
    return found


def carried(found: dict[Key, Connection], way: Way) -> dict[Key, Connection]:
    return {k: c for k, c in found.items() if way.six or k[0][0].startswith(MAPPED_PREFIX)}


def agree(ours: dict[Key, Connection], theirs: dict[Key, Connection], clock_ms: int) -> None:
    def counts(found: dict[Key, Connection]) -> dict[Key, Any]:
        return {key: (c.packets, c.octets) for key, c in found.items()}

    assert counts(theirs) == counts(ours)
    early = [
        getattr(ours[key], side) - getattr(c, side)
        for key, c in theirs.items()
        for side in ("start_ms", "end_ms")
    ]
    assert max(early) - min(early) <= 2 * ROUNDING_MS
    assert -ROUNDING_MS <= min(early) <= clock_ms + ROUNDING_MS


@pytest.fixture
def run(shared_data: Path, tool: Callable[[str], str]) -> Callable[[str, Way], list[bytes]]:
    return lambda name, way: exported(
        tool("softflowd"), shared_data / "captures" / name, *way.arguments
    )


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("name", CAPTURES)
def test_exports_say_what_the_capture_says(
    name: str,
    way: Way,
    run: Callable[[str, Way], list[bytes]],
    shared_data: Path,
    tool: Callable[[str], str],
) -> None:
    packets = run(name, way)
    ours = carried(metered(shared_data / "captures" / name, tool("tshark")), way)
    if not ours:
        assert not packets
        return
    rows = read(NetFlowReader(), b"".join(packets))
    theirs = connections(rows)
    agree(ours, theirs, way.clock_ms)
    frames = [(1_500_000_000_000, ethernet(ipv4(datagram(p), UDP))) for p in packets]
    again = read(NetFlowReader(), pcap(frames))
    assert len(again) == len(rows)
    assert connections(again) == theirs


@pytest.mark.slow
@pytest.mark.parametrize("way", [w for w in WAYS if "both" not in w])
@pytest.mark.parametrize("name", FAST)
def test_nfcapd_collects_the_same(
    name: str,
    way: str,
    run: Callable[[str, Way], list[bytes]],
    tool: Callable[[str], str],
    tmp_path: Path,
) -> None:
    packets = run(name, WAYS[way])
    file = collected(tool("nfcapd"), packets, tmp_path / "collected")
    rows, theirs = read(NetFlowReader(), b"".join(packets)), read(NfcapdReader(), file)
    assert len(rows) == len(theirs)
    agree(connections(rows), connections(theirs), 0)


def test_ipfix_over_tcp(shared_data: Path, tool: Callable[[str], str]) -> None:
    capture, way = shared_data / "captures" / FAST[0], WAYS["IPFIX"]
    (stream,) = exported(tool("softflowd"), capture, *way.arguments, "-P", "tcp", over_tcp=True)
    frames = [(1_500_000_000_000, ethernet(packet)) for packet in segments(stream, 536)]
    theirs = connections(read(NetFlowReader(), pcap(frames)))
    agree(metered(capture, tool("tshark")), theirs, way.clock_ms)


def test_later_fragments_are_flows_of_their_own_to_softflowd(
    run: Callable[[str, Way], list[bytes]], shared_data: Path
) -> None:
    """It sees neither ports nor protocol in them; between two addresses all packets are there."""
    ours = connections(read(CaptureReader(), shared_data / "captures" / FRAGMENTED))
    theirs = connections(read(NetFlowReader(), b"".join(run(FRAGMENTED, WAYS["IPFIX"]))))

    def sums(found: dict[Key, Connection]) -> list[int]:
        counts = [(*c.packets, *c.octets) for c in found.values()]
        return [sum(column) for column in zip(*counts, strict=True)]

    assert {key[2] for key in theirs} == {0, 17}
    assert sums(ours) == sums(theirs) == [3, 5, 365, 4143]
