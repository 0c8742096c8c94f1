"""Payloads of real captures are those that tshark shows."""

import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from folkways.model.batches import Tally
from folkways.read.capture.datagrams import Datagram, datagrams
from folkways.read.source import Source

pytestmark = pytest.mark.external

UDP_FIELDS = (
    "ip.src",
    "ipv6.src",
    "udp.srcport",
    "ip.dst",
    "ipv6.dst",
    "udp.dstport",
    "udp.payload",
)
UDP_CAPTURES = (
    "ndpi/pcap/dns.pcap",
    "ndpi/pcap/wechat.pcap",
    "zeek/traces/ipv6-fragmented-dns.pcap",
)


@pytest.mark.parametrize("name", UDP_CAPTURES)
def test_udp_payloads_are_those_of_tshark(
    name: str, shared_data: Path, tool: Callable[[str], str]
) -> None:
    path = shared_data / "captures" / name
    fields = [word for field in UDP_FIELDS for word in ("-e", field)]
    shown = subprocess.run(
        [
            tool("tshark"),
            "-r",
            str(path),
            "-Y",
            "udp.payload",
            "-T",
            "fields",
            "-E",
            "occurrence=l",
            *fields,
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    theirs: Counter[tuple[str, ...]] = Counter()
    for line in shown.splitlines():
        four, six, port, four_to, six_to, port_to, payload = line.split("\t")
        theirs[four or six, port, four_to or six_to, port_to, payload] += 1
    found = datagrams(Source(name, path), Tally())
    ours = Counter(
        (d.source[0], str(d.source[1]), d.destination[0], str(d.destination[1]), d.payload.hex())
        for d in found
        if d.stream is None
    )
    assert ours == theirs
    assert len(theirs) > 2


TCP_CAPTURES = (
    "ndpi/pcap/instagram.pcap",
    "ndpi/pcap/wechat.pcap",
    "ndpi/pcap/gnutella.pcap",
)


@pytest.mark.parametrize("name", TCP_CAPTURES)
def test_tcp_octets_are_those_of_tshark(
    name: str, shared_data: Path, tool: Callable[[str], str]
) -> None:
    """Directions seen from their start and without holes; where there is one, tshark says words."""
    path = shared_data / "captures" / name
    ours: dict[int, list[Datagram]] = {}
    for datagram in datagrams(Source(name, path), Tally()):
        if datagram.stream is not None:
            ours.setdefault(datagram.stream, []).append(datagram)
    texts = Counter(
        b"".join(d.payload for d in parts).hex()
        for parts in ours.values()
        if not any(d.lost for d in parts)
    )
    numbers = subprocess.run(
        [tool("tshark"), "-r", str(path), "-Y", "tcp", "-T", "fields", "-e", "tcp.stream"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    follow = [w for n in sorted(set(numbers), key=int) for w in ("-z", f"follow,tcp,raw,{n}")]
    shown = subprocess.run(
        [tool("tshark"), "-q", "-r", str(path), *follow], check=True, capture_output=True, text=True
    ).stdout
    theirs: Counter[str] = Counter()
    for block in shown.split("Follow: tcp,raw")[1:]:
        lines = [line for line in block.splitlines() if line.strip("\t").isalnum()]
        for side in (True, False):
            octets = "".join(line.strip() for line in lines if line.startswith("\t") is side)
            theirs[octets] += 1
    del theirs[""]
    assert texts <= theirs
    assert texts.total() > 20
