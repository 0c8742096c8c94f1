"""Packets that agents discarded: by the output of a sample, or in notices of their own."""

from pathlib import Path

import pytest
from tests.read.sflow.sflow_datagrams import (
    UNKNOWN_INTERFACE,
    datagram,
    ethernet,
    expanded,
    flow,
    ip,
    notice,
    pcap,
    raw,
    read_content,
    tcp,
    udp,
)

from folkways.read.reader import ReadOptions

RAW = raw(ethernet(ip(tcp(), 6, length=182)), frame=200)


@pytest.mark.parametrize(
    ("kind", "value", "denied"),
    [
        (0, 8, False),
        (0, 0, None),
        (0, UNKNOWN_INTERFACE, None),
        (1, 0, True),
        (1, 258, True),
        (2, 3, False),
        (2, 0, False),
        (3, 9, None),
    ],
)
def test_the_format_of_the_output_tells(
    tmp_path: Path, *, kind: int, value: int, denied: bool | None
) -> None:
    samples = flow(RAW, ways=(7, kind << 30 | value)), expanded(RAW, ways=(0, 7, kind, value))
    rows, _ = read_content(pcap([datagram(1, *samples)]), tmp_path)
    for row in rows:
        assert (row["denied"], row["sampling"], row["bytes_forward"]) == (denied, 512, 182)
        assert row["flaws"] == ("rejected" if denied else None)
    assert len(rows) == 2


def test_an_interface_of_more_than_30_bits_is_one(tmp_path: Path) -> None:
    """What is the format in compact samples is a part of the number in expanded ones."""
    rows, _ = read_content(pcap([datagram(1, expanded(RAW, ways=(0, 7, 0, 0x4CA41D91)))]), tmp_path)
    assert [row["denied"] for row in rows] == [False]


@pytest.mark.parametrize("options", [ReadOptions(), ReadOptions(sampling=99)])
def test_a_notice_is_one_packet_and_no_sample(tmp_path: Path, options: ReadOptions) -> None:
    cut = raw(ethernet(ip(udp(), 17))[:36], frame=200)
    content = pcap([datagram(1, notice(RAW), flow(RAW), notice(cut, ways=(0, 0)))])
    rows, tally = read_content(content, tmp_path, options)
    assert [row["sampling"] for row in rows] == [1, options.sampling or 512, 1]
    assert [row["denied"] for row in rows] == [True, None, True]
    assert [row["flaws"] for row in rows] == ["rejected", None, "cut,rejected"]
    first = rows[0]
    assert (first["bytes_forward"], first["packets_forward"]) == (182, 1)
    assert (first["source_port"], first["begins"]) == (1234, True)
    assert (first["exporter"], first["observation_point"]) == ("192.0.2.1", "interface 7 ingress")
    assert not tally.skipped


def test_notices_that_were_not_sent_are_counted_apart_from_samples(tmp_path: Path) -> None:
    fed = [(2, 100), (2, 104), (5, 104)]
    content = pcap(
        datagram(i, flow(RAW, drops=samples), notice(RAW, drops=notices))
        for i, (samples, notices) in enumerate(fed)
    )
    _, tally = read_content(content, tmp_path)
    assert sorted(gap.lost or 0 for gap in tally.gaps) == [3, 4]
