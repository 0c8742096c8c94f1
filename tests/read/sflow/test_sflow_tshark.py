"""Samples as tshark dissects them, from its XML; and captures of other traffic, which are none."""

import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.read.sflow.sflow_datagrams import Row, every_kind, pcap, read_content

from folkways.model.addresses import address_from_text
from folkways.model.batches import Tally
from folkways.read.reader import ReadOptions
from folkways.read.sflow import SflowReader
from folkways.read.source import Source

pytestmark = pytest.mark.external


class Packet(NamedTuple):
    """What is compared."""

    exporter: str
    sampling: int | None
    source: bytes | None
    destination: bytes | None
    protocol: int
    octets: int
    ports: tuple[int | None, int | None]
    flags: int | None
    asns: tuple[int | None, int | None]


def of_row(row: Row) -> Packet:
    names = ("exporter", "sampling", "source_address", "destination_address")
    names += ("protocol", "bytes_forward")
    return Packet(
        *(row[name] for name in names),
        ports=(row["source_port"], row["destination_port"]),
        flags=row["tcp_flags_forward"],
        asns=(row["source_asn"], row["destination_asn"]),
    )


def dissected(program: str, capture: Path) -> list[Packet]:
    """All flow samples with an IP packet, in order; of a tunnel the innermost packet."""
    shown = subprocess.run(
        [program, "-r", str(capture), "-T", "pdml"], check=True, capture_output=True
    )
    samples = []
    for packet in ET.fromstring(shown.stdout).iter("packet"):  # noqa: S314  # tshark's own output
        for sflow in packet.iterfind("proto[@name='sflow']"):
            agent = _first(sflow, "sflow_245.agent") or _first(sflow, "sflow_245.agent.v6")
            for sample in sflow.iterfind("field"):
                if "low sample" in (sample.get("show") or ""):
                    found = _packet(str(agent), sample)
                    samples += [found] if found else []
    return samples


def _first(element: ET.Element, name: str) -> str | None:
    field = element.find(f".//field[@name='{name}']")
    return None if field is None else field.get("show")


def _number(element: ET.Element | None, name: str) -> int | None:
    found = None if element is None else _first(element, name)
    return None if found is None else int(found, 0)


def _packet(agent: str, sample: ET.Element) -> Packet | None:
    layers = [p for p in sample.iter("proto") if p.get("name") in {"ip", "ipv6"}]
    if not layers:
        return None
    inner = layers[-1]
    four = inner.get("name") == "ip"
    ends = ("ip.src", "ip.dst") if four else ("ipv6.src", "ipv6.dst")
    octets = _number(inner, "ip.len") if four else 40 + (_number(inner, "ipv6.plen") or 0)
    protocol = _number(inner, "ip.proto" if four else "ipv6.nxt")
    name = {6: "tcp", 17: "udp"}[protocol or 0]
    carried = [p for p in sample.iter("proto") if p.get("name") == name][-1]
    path = sample.findall(".//field[@name='sflow_245.dstAS']")
    return Packet(
        exporter=agent,
        sampling=_number(sample, "sflow.flow_sample.sampling_rate") or None,
        source=address_from_text(_first(inner, ends[0]) or ""),
        destination=address_from_text(_first(inner, ends[1]) or ""),
        protocol=protocol or 0,
        octets=octets or 0,
        ports=(_number(carried, f"{name}.srcport"), _number(carried, f"{name}.dstport")),
        flags=None if protocol == 17 else (_number(carried, "tcp.flags") or 0) & 0xFF,
        asns=(_number(sample, "sflow_245.srcAS"), int(path[-1].get("show") or 0) if path else None),
    )


def test_every_kind_of_sample(tool: Callable[[str], str], tmp_path: Path) -> None:
    rows, tally = read_content(pcap(every_kind(600)), tmp_path)
    theirs = dissected(tool("tshark"), tmp_path / "a.pcap")
    assert len(rows) == 600
    assert set(tally.skipped) == {"counter sample"}
    assert [of_row(row) for row in rows] == theirs


def test_real_capture(tool: Callable[[str], str], shared_data: Path) -> None:
    path = shared_data / "captures/ndpi/pcap/sflow.pcap"
    source, tally = Source("s", path), Tally()
    assert SflowReader().sniff(source, ReadOptions()) == 0.96
    (batch,) = SflowReader().read(source, ReadOptions(), tally)
    (row,) = batch.rows.to_pylist()
    shown = subprocess.run(
        [tool("tshark"), "-r", str(path), "-Y", "sflow.flow_sample.sampling_rate", "-T", "fields"]
        + [
            "-e",
            "frame.time_epoch",
            "-e",
            "sflow_245.agent",
            "-e",
            "sflow.flow_sample.sampling_rate",
        ]
        + ["-e", "sflow.flow_sample.index", "-e", "ip.len", "-e", "ip.src", "-e", "ip.dst"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    when, agent, rate, index, octets, sources, destinations = shown.strip().split("\t")
    assert row["start_ms"] == int(float(when) * 1000)
    assert (row["exporter"], row["sampling"], row["protocol"]) == (agent, int(rate), 1)
    assert row["bytes_forward"] == int(octets.split(",")[-1])
    assert row["source_address"] == address_from_text(sources.split(",")[-1])
    assert row["destination_address"] == address_from_text(destinations.split(",")[-1])
    # tshark shows input 1048 and output 1043: the source is the output.
    assert row["observation_point"] == f"sub-agent 1 interface {index} egress"
    assert (row["source_port"], row["tcp_flags_forward"], row["begins"]) == (None, None, None)
    assert tally.skipped == {"counter sample": 8}
    assert tally.versions == {"sFlow v5": 9}


def test_other_traffic_is_never_taken_for_sflow(shared_data: Path) -> None:
    captures = sorted((shared_data / "captures/ndpi/pcap").iterdir())
    assert len(captures) > 300
    sure = {p.name: SflowReader().sniff(Source(p.name, p), ReadOptions()) for p in captures}
    assert {name for name, n in sure.items() if n} == {"sflow.pcap"}
