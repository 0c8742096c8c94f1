"""Exports in real captures: the records that tshark dissects, and none in other traffic."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.read.netflow.export_captures import UDP, datagram, ethernet, ipv4, pcap
from tests.read.netflow.tshark_flows import Flow, Record, dissected

from folkways.formats.headers import Protocol
from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.capture.capture_file import is_capture
from folkways.read.capture.datagrams import datagrams
from folkways.read.netflow import NetFlowReader
from folkways.read.netflow.captured import export_packets, split_payload
from folkways.read.reader import ReadOptions
from folkways.read.source import Source

pytestmark = pytest.mark.external


def test_no_export_is_seen_in_captures_of_other_traffic(shared_data: Path) -> None:
    captures = 0
    for path in sorted((shared_data / "captures").rglob("*.pcap*")):
        if not path.is_file() or not is_capture(path.read_bytes()[:64]):
            continue
        captures += 1
        found = export_packets(Source(path.name, path), Tally())
        try:
            assert next(found, None) is None, path
        except FormatError:
            continue  # cut within its file header
    assert captures > 450


WRAPPED = "exports/logstash_codec_netflow_wrapped.pcap"
PORTED = {Protocol.TCP, Protocol.UDP, Protocol.SCTP, None}


@pytest.fixture(scope="session")
def wrapped(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The capture of real exports, with one export packet in each datagram.

    Two of its datagrams hold several, of which tshark would show the first only.
    """
    path = shared_data / WRAPPED
    frames = [
        (d.time_ms, ethernet(ipv4(datagram(part, (2055, 2055)), UDP, d.source[0])))
        for d in datagrams(Source(path.name, path), Tally())
        for part in split_payload(d.payload)
    ]
    file = tmp_path_factory.mktemp("wrapped") / "single.pcap"
    file.write_bytes(pcap(frames))
    return file


def flow_of(row: dict[str, Any]) -> Flow:
    return Flow(
        row["source_address"],
        row["destination_address"],
        row["source_port"],
        row["destination_port"],
        row["protocol"],
        row["bytes_forward"],
        row["packets_forward"],
    )


def comparable(found: Record) -> Flow:
    """Without the ports that tshark shows for ICMP, IGMP and ICMPv6."""
    if found.flow.protocol in PORTED:
        return found.flow
    return found.flow._replace(source_port=None, destination_port=None)


LACKING = {
    # tshark gives up at a two-octet field that it takes for an IPv4 address.
    "192.0.2.30": 15,
}
OUTGOING = {
    # Records of egress that count in OUT_BYTES and OUT_PKTS only, and 0 where tshark looks.
    "192.0.2.18": 3,
}
WITHOUT_TRAFFIC = {
    # Events of firewalls that count nothing: they give no row here.
    "192.0.2.3": 2,
    "192.0.2.22": 4,
}
OTHER_TIMES = {
    # Flows that began a millisecond before the exporter's uptime did: tshark does not wrap it.
    "192.0.2.14": 2,
    # An uptime of zero, which is the moment of the boot: tshark shows 1970.
    "192.0.2.36": 1,
}


def test_records_are_those_of_tshark(wrapped: Path, tool: Callable[[str], str]) -> None:
    """Each exporter's flows, with times where tshark's and ours both have them."""
    batches = NetFlowReader().read(Source("wrapped", wrapped), ReadOptions(), Tally())
    rows = [row for batch in batches for row in batch.rows.to_pylist()]
    ours: Counter[tuple[str, Flow]] = Counter()
    timed: Counter[tuple[str, Flow, int, int]] = Counter()
    for row in rows:
        key = row["exporter"], flow_of(row)
        ours[key] += 1
        timed[*key, row["start_ms"], row["end_ms"]] += 1
    shown = dissected(tool("tshark"), wrapped)
    theirs = Counter((found.exporter, comparable(found)) for found in shown)
    assert per_exporter(ours - theirs) == LACKING | OUTGOING
    assert per_exporter(theirs - ours) == WITHOUT_TRAFFIC | OUTGOING
    assert (ours & theirs).total() == 433
    times = Counter(
        (r.exporter, comparable(r), r.start_ms, r.end_ms)
        for r in shown
        if r.start_ms is not None and r.end_ms is not None
    )
    assert per_exporter(times - timed) == OTHER_TIMES | OUTGOING
    assert (times & timed).total() == 276


def per_exporter(found: Counter[Any]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for key, count in found.items():
        counts[key[0]] += count
    return dict(counts)
