"""All nDPI captures: what tshark dissects is the truth that the finder is measured by.

tshark hands out the payloads as well, so that the finder is judged by itself; then the whole
reader of captures must find the same.
"""

import csv
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from folkways.model.addresses import address_from_text, address_to_text
from folkways.model.batches import Tally
from folkways.read.capture import CaptureReader
from folkways.read.capture.payload import NameFinder
from folkways.read.capture.payload.http import strip_port
from folkways.read.reader import ReadOptions
from folkways.read.source import find_sources

pytestmark = [pytest.mark.external, pytest.mark.slow]

FIELDS = [
    "frame.protocols",
    "frame.time_epoch",
    "tcp.stream",
    "udp.stream",
    "tcp.srcport",
    "udp.srcport",
    "tcp.dstport",
    "udp.dstport",
    "tcp.flags",
    "tcp.seq_raw",
    "tcp.payload",
    "udp.payload",
    "tls.handshake.extensions_server_name",
    "dtls.handshake.extensions_server_name",
    "gquic.tag.sni",
    "http.host",
    "dns.flags.response",
    "dns.flags.rcode",
    "dns.count.answers",
    "dns.count.auth_rr",
    "dns.count.add_rr",
    "dns.resp.type",
    "dns.qry.name",
    "dns.a",
    "dns.aaaa",
]
SHOWN = " || ".join(
    ["tcp.payload", "udp.payload", *(f for f in FIELDS if f.endswith(("server_name", "sni")))]
)
NOT_FOUND = {
    # A server name behind the text of the PROXY protocol, between a load balancer and its servers.
    ("haproxy.pcap", "aaaaaaaaaaaaaaaa.xx"),
    # TLS inside of RDP's own transport over UDP.
    ("rdp2.pcap", "win-8qso0d3okbi.hardening.com"),
    # A fuzzed Host header with a zero byte in the name.
    ("fuzz-2006-09-29-28586.pcap", "%s"),
}
NOT_READ = {
    # Inside of CAPWAP, which the reader of captures does not take apart.
    ("capwap_data.pcapng", "alt2-mtalk.google.com"),
}
ONLY_OURS = {
    # Two bytes of junk came first with the hello's sequence number; nDPI's labels agree with us.
    ("heuristic_tcp_ack_payload.pcap", "bitrix.info"),
    ("heuristic_tcp_ack_payload.pcap", "ru.pinterest.com"),
    ("heuristic_tcp_ack_payload.pcap", "3.tlu.dl.delivery.mp.microsoft.com"),
    ("heuristic_tcp_ack_payload.pcap", "firefox.settings.services.mozilla.com"),
    ("heuristic_tcp_ack_payload.pcap", "portal.mail.ru"),
    ("heuristic_tcp_ack_payload.pcap", "moevideo.biz"),
    # TLS on port 8080, which tshark dissects as HTTP; nDPI's label agrees with us.
    ("ookla.pcap", "spd-pub-mi-01-01.fastwebnet.it"),
    # The rest of the request or hello is missing; the name stands in the segment that is there.
    ("soap.pcap", "go.microsoft.com"),
    ("tls_missing_ch_frag.pcap", "r1---sn-5f5nxgvh5o-hjul.googlevideo.com"),
}
NOT_ANSWERED = {
    # Control characters in the name.
    ("dns-invalid-chars.pcap", "19.185.141.241"),
    # An attack: a second question, and an alias, with names that never end.
    ("malformed_dns.pcap", "66.66.66.66"),
}


@dataclass
class Compared:
    """Distinct (capture, name) and (capture, query, address) of both."""

    names: set[tuple[str, str]] = field(default_factory=set)
    expected_names: set[tuple[str, str]] = field(default_factory=set)
    answers: set[tuple[str, str, bytes]] = field(default_factory=set)
    expected_answers: set[tuple[str, str, bytes]] = field(default_factory=set)
    read_names: set[tuple[str, str]] = field(default_factory=set)
    read_answers: set[tuple[str, str, bytes]] = field(default_factory=set)


def dissect(tshark: str, capture: Path) -> list[dict[str, list[str]]]:
    options = [part for name in FIELDS for part in ("-e", name)]
    command = [tshark, "-r", str(capture), "-T", "fields", "-E", "aggregator=|", "-Y", SHOWN]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    return [
        {name: [v for v in value.split("|") if v] for name, value in zip(FIELDS, row, strict=True)}
        for row in (line.split("\t") for line in done.stdout.splitlines())
        if len(row) == len(FIELDS)
    ]


def to_segment(segment: type[Any], packet: dict[str, list[str]], flows: dict[str, int]) -> Any:
    tcp = bool(packet["tcp.payload"])
    layer = "tcp" if tcp else "udp"
    stream = f"{layer} {packet[f'{layer}.stream'][-1]}"
    port = int(packet[f"{layer}.srcport"][-1])
    return segment(
        bytes.fromhex(packet[f"{layer}.payload"][-1]),
        flow=flows.setdefault(stream, len(flows)),
        protocol=6 if tcp else 17,
        source_port=port,
        destination_port=int(packet[f"{layer}.dstport"][-1]),
        forward=port < int(packet[f"{layer}.dstport"][-1]),
        sequence=int(packet["tcp.seq_raw"][-1]) if tcp else 0,
        flags=int(packet["tcp.flags"][-1], 16) & 0xFF if tcp else 0,
        time_ns=int(float(packet["frame.time_epoch"][0]) * 1e9),
    )


def names_in(packet: dict[str, list[str]]) -> Iterator[str]:
    protocols = packet["frame.protocols"][0].split(":")
    for key in FIELDS[12:15]:
        yield from packet[key]
    if "ssdp" not in protocols:
        yield from (strip_port(host.strip().encode()).decode() for host in packet["http.host"])


def answers_in(packet: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Query and address of the answer section: tshark lists the records of all three as one."""
    if not {"mdns", "llmnr", "nbns"}.isdisjoint(packet["frame.protocols"][0].split(":")):
        return
    kinds, v4, v6 = (iter(packet[key]) for key in ("dns.resp.type", "dns.a", "dns.aaaa"))
    sections = (packet[f"dns.count.{name}"] for name in ("answers", "auth_rr", "add_rr"))
    counts = zip(*(map(int, section) for section in sections), strict=True)
    for query, code, (answers, *others) in zip(
        packet["dns.qry.name"], packet["dns.flags.rcode"], counts, strict=False
    ):
        for at in range(answers + sum(others)):
            kind = next(kinds, "")
            address = next(v4 if kind == "1" else v6, "") if kind in {"1", "28"} else ""
            if address and at < answers and code == "0":
                yield query.lower(), address


def pairs(capture: Path, answers: Any) -> set[tuple[str, str, bytes]]:
    queries, addresses = answers["query"].to_pylist(), answers["address"].to_pylist()
    return {(capture.name, *pair) for pair in zip(queries, addresses, strict=True)}


def read(capture: Path, result: Compared) -> None:
    """The same through the whole reader of captures."""
    for source in find_sources([str(capture)]):
        for batch in CaptureReader().read(source, ReadOptions(), Tally()):
            if batch.kind == "answers":
                result.read_answers |= pairs(capture, batch.rows)
            else:
                names = batch.rows["name"].drop_null().to_pylist()
                result.read_names |= {(capture.name, name) for name in names}


@pytest.fixture(scope="module")
def compared(
    shared_data: Path, tool: Callable[[str], str], segment: type[Any], columns: Callable[..., Any]
) -> Compared:
    tshark = tool("tshark")
    captures = sorted((shared_data / "captures" / "ndpi" / "pcap").iterdir())
    result = Compared()
    csv.field_size_limit(sys.maxsize)
    with ThreadPoolExecutor(2) as pool:
        for capture, packets in zip(
            captures, pool.map(lambda path: dissect(tshark, path), captures), strict=True
        ):
            flows: dict[str, int] = {}
            finder = NameFinder(Tally())
            found = finder.feed(columns([to_segment(segment, p, flows) for p in packets]))
            result.names |= {(capture.name, name) for _, name, _ in found.names}
            result.answers |= pairs(capture, found.answers)
            read(capture, result)
            for packet in packets:
                result.expected_names |= {
                    (capture.name, name.lower().rstrip(".")) for name in names_in(packet)
                }
                result.expected_answers |= {
                    (capture.name, query, address_from_text(address) or b"")
                    for query, address in answers_in(packet)
                }
    return result


def without_addresses(names: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return {(capture, name) for capture, name in names if address_from_text(name) is None}


def test_names(compared: Compared) -> None:
    expected, names = without_addresses(compared.expected_names), without_addresses(compared.names)
    assert len(expected) > 360
    assert len(expected & names) >= 0.97 * len(expected)
    assert expected - names == NOT_FOUND
    assert names - expected == ONLY_OURS
    assert compared.names - compared.read_names == NOT_READ
    assert compared.read_names <= compared.names


def test_dns_answers(compared: Compared) -> None:
    assert len(compared.expected_answers) > 200
    missing = compared.expected_answers - compared.answers
    assert {(capture, address_to_text(address)) for capture, _, address in missing} == NOT_ANSWERED
    assert compared.answers - compared.expected_answers == set()
    assert compared.read_answers == compared.answers
