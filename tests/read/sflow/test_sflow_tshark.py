"""Samples as tshark dissects them, from its XML; and captures of other traffic, which are none."""

import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.read.sflow.sflow_datagrams import Row, every_kind, pcap, read_content

from folkways.model.addresses import address_from_text
from folkways.model.batches import Tally
from folkways.read.reader import ReadOptions
from folkways.read.sflow import SflowReader
from folkways.read.source import Source

pytestmark = pytest.mark.external
TCP, VXLAN = 6, 4789


class Packet(NamedTuple):
    """What is compared."""

    exporter: str
    sampling: int | None
    source: bytes | None
    destination: bytes | None
    protocol: int | None
    octets: int | None
    ports: tuple[int | None, int | None]
    flags: int | None
    asns: tuple[int | None, int | None]
    translated: bytes | None
    """Address of the source after translation."""


def of_row(row: Row) -> Packet:
    return Packet(
        row["exporter"],
        row["sampling"],
        row["source_address"],
        row["destination_address"],
        row["protocol"],
        row["bytes_forward"],
        (row["source_port"], row["destination_port"]),
        row["tcp_flags_forward"],
        (row["source_asn"], row["destination_asn"]),
        row["translated_source_address"],
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
            tunnelled = _tunnelled(packet)
            for sample in sflow.iterfind("field"):
                if "low sample" in (sample.get("show") or ""):
                    found = _packet(str(agent), sample, tunnelled)
                    samples += [found] if found else []
    return samples


def _tunnelled(packet: ET.Element) -> list[list[ET.Element]]:
    """Layers inside VXLAN, which tshark shows beside the outermost ones, in the samples' order."""
    found: list[list[ET.Element]] = []
    for layer in packet.iterfind("proto"):
        if layer.get("name") == "vxlan":
            found.append([])
        elif found:
            found[-1].append(layer)
    return found


def _first(element: ET.Element, name: str) -> str | None:
    field = element.find(f".//field[@name='{name}']")
    return None if field is None else field.get("show")


def _number(element: ET.Element | None, name: str) -> int | None:
    found = None if element is None else _first(element, name)
    return None if found is None else int(found, 0)


def _packet(agent: str, sample: ET.Element, tunnelled: list[list[ET.Element]]) -> Packet | None:
    records = {str(field.get("show")): field for field in sample.iterfind("field")}
    layers = list(sample.iter("proto"))
    if _number(sample, "udp.dstport") == VXLAN:
        layers = tunnelled.pop(0)
    stated = records.get("IPv4 data", records.get("IPv6 data"))
    packets = [layer for layer in layers if layer.get("name") in {"ip", "ipv6"}]
    if stated is None and not packets:
        return None
    path = sample.findall(".//field[@name='sflow_245.dstAS']")
    translated = records.get("Extended NAT data")
    return Packet(
        agent,
        _number(sample, "sflow.flow_sample.sampling_rate") or None,
        *(_of_structure(stated) if stated is not None else _of_layers(layers, packets[-1])),
        (_number(sample, "sflow_245.srcAS"), int(path[-1].get("show") or 0) if path else None),
        None
        if translated is None
        else _ends(translated, "sflow_245.ipv4", "sflow_245.ipv6", "_")[0],
    )


def _ends(element: ET.Element, four: str, six: str, mark: str) -> tuple[bytes | None, bytes | None]:
    source, destination = (
        address_from_text(
            _first(element, four + mark + end) or _first(element, six + mark + end) or ""
        )
        for end in ("src", "dst")
    )
    return source, destination


_Facts = tuple[Any, Any, Any, Any, Any, Any]


def _of_structure(stated: ET.Element) -> _Facts:
    protocol = _number(stated, "sflow.ip_protocol")
    # tshark 4.0 shows the first octet of the word with the flags, which is always zero.
    flags = int((stated.get("value") or "")[-16:-8], 16)
    ports = (
        _number(stated, "sflow_245.ip.source_port"),
        _number(stated, "sflow.ip.destination_port"),
    )
    return (
        *_ends(stated, "sflow_245.ipv4", "sflow_245.ipv6", "_"),
        protocol,
        _number(stated, "sflow_245.ip.length"),
        ports,
        flags if protocol == TCP else None,
    )


def _of_layers(layers: list[ET.Element], inner: ET.Element) -> _Facts:
    four = inner.get("name") == "ip"
    protocol = _number(inner, "ip.proto" if four else "ipv6.nxt")
    name = "tcp" if protocol == TCP else "udp"
    carried = [layer for layer in layers if layer.get("name") == name][-1]
    return (
        *_ends(inner, "ip", "ipv6", "."),
        protocol,
        _number(inner, "ip.len") if four else 40 + (_number(inner, "ipv6.plen") or 0),
        (_number(carried, f"{name}.srcport"), _number(carried, f"{name}.dstport")),
        (_number(carried, "tcp.flags") or 0) & 0xFF if protocol == TCP else None,
    )


def test_every_kind_of_sample(tool: Callable[[str], str], tmp_path: Path) -> None:
    rows, tally = read_content(pcap(every_kind(600)), tmp_path)
    theirs = dissected(tool("tshark"), tmp_path / "a.pcap")
    assert len(rows) == 600
    assert set(tally.skipped) == {"counter sample"}
    assert not tally.gaps
    assert [of_row(row) for row in rows] == theirs


def test_real_capture(tool: Callable[[str], str], shared_data: Path) -> None:
    path = shared_data / "captures/ndpi/pcap/sflow.pcap"
    source, tally = Source("s", path), Tally()
    assert SflowReader().sniff(source, ReadOptions()) == 0.96
    (batch,) = SflowReader().read(source, ReadOptions(), tally)
    (row,) = batch.rows.to_pylist()
    command = [tool("tshark"), "-r", str(path), "-Y", "sflow.flow_sample.index", "-T", "fields"]
    for field in ("frame.time_epoch", "sflow_245.agent", "sflow.flow_sample.sampling_rate"):
        command += ["-e", field]
    for field in ("sflow.flow_sample.index", "ip.len", "ip.src", "ip.dst"):
        command += ["-e", field]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
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
