"""What is taken for sFlow: captures by their content, and dumps, which cannot be read."""

from pathlib import Path

import pytest
from tests.read.netflow import export_captures
from tests.read.sflow.sflow_datagrams import datagram, ethernet, flow, ip, pcap, raw, tcp, udp

from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.reader import ReadOptions
from folkways.read.sflow import SflowReader
from folkways.read.source import Source

RAW = raw(ethernet(ip(tcp(), 6, length=182)), frame=200)


def test_dumps_without_a_capture_are_refused_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    one = datagram(1, flow(RAW))
    for content, sure in (
        (one, 0.9),
        (one + datagram(2, flow(RAW)), 0.9),
        (one + b"\0" * 9, 0.9),
        (one + b"other", 0.0),
        (one[:-1], 0.0),
        (datagram(1), 0.0),
        (b"", 0.0),
    ):
        path.write_bytes(content)
        assert SflowReader().sniff(Source("dump", path), ReadOptions()) == sure
    with pytest.raises(FormatError, match="Capture them with tcpdump"):
        list(SflowReader().read(Source("dump", path), ReadOptions(), Tally()))


def test_captures_are_recognised_on_any_port_also_if_cut(tmp_path: Path) -> None:
    whole = [datagram(i, flow(RAW), flow(RAW)) for i in range(3)]
    other = [b"\0\0\0\5\0\0\0\1" + b"x" * 300] * 3
    path = tmp_path / "a.pcap"
    for content, sure in (
        (pcap(whole), 0.96),
        (pcap([*whole, *other]), 0.0),
        (pcap(whole, snaplen=42 + 28 + 8 + 32 + 8 + 40), 0.0),
        (pcap(whole, snaplen=42 + len(whole[0]) - 9), 0.96),
        (pcap([datagram(1)]), 0.0),
    ):
        path.write_bytes(content)
        assert SflowReader().sniff(Source("a", path), ReadOptions()) == sure


def test_a_host_that_also_sends_sflow_is_metered(tmp_path: Path) -> None:
    export = ethernet(ip(udp(datagram(1, flow(RAW), flow(RAW)), 5000, 6343), 17))
    packets = [ethernet(packet) for packet in export_captures.segments(bytes(2000))]
    path = tmp_path / "a.pcap"
    for frames, sure in (([export], 0.96), ([export, *packets], 0.0)):
        path.write_bytes(export_captures.pcap((i, frame) for i, frame in enumerate(frames)))
        assert SflowReader().sniff(Source("a", path), ReadOptions()) == sure
