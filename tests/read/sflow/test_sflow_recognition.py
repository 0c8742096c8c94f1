"""What is taken for sFlow: captures by their content, and dumps, which cannot be read."""

from pathlib import Path
from typing import Any

import pytest
from tests.read.netflow import export_captures
from tests.read.netflow.conftest import v5, v5_record
from tests.read.sflow.sflow_datagrams import datagram, ethernet, flow, ip, part, pcap, raw, tcp, udp

from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.capture import CaptureReader
from folkways.read.netflow import NetFlowReader
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
        (pcap([one + b"trailer" for one in whole]), 0.96),
        (pcap([datagram(1, part(9, bytes(300))) + b"other"]), 0.0),
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


def noted(path: Path, reader: Any) -> list[str]:
    tally = Tally()
    list(reader.read(Source("a", path), ReadOptions(), tally))
    return tally.notes


@pytest.mark.parametrize("agent", ["192.0.2.1", "2001:db8::1"])
def test_sflow_among_other_traffic_is_hinted_at(tmp_path: Path, agent: str) -> None:
    mine = [datagram(i, flow(RAW), agent=agent) for i in range(3)]
    other = [b"\0\0\0\5\0\0\0\1" + b"x" * 300, datagram(1), datagram(1, part(9, bytes(90)))]
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap([*mine, *other, mine[0] + b"trailer"]))
    assert [note for note in noted(path, CaptureReader()) if "sFlow" in note] == [
        "Packets that look like sFlow: 4; --format sflow reads the samples in them."
    ]
    path.write_bytes(pcap(other))
    assert not noted(path, CaptureReader())


def test_each_kind_of_export_hints_at_the_other(tmp_path: Path) -> None:
    export = v5(v5_record())
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap([datagram(1, flow(RAW)), export, b"other" * 20]))
    (note,) = noted(path, SflowReader())
    assert note.startswith("Packets that look like NetFlow or IPFIX exports: 1; --format netflow")
    (note,) = (note for note in noted(path, NetFlowReader()) if "sFlow" in note)
    assert note == "Packets that look like sFlow: 1; --format sflow reads the samples in them."
