"""The pcap file: byte orders, units of time, what is cut or damaged. Bytes are built by hand."""

import bz2
import gzip
import io
import lzma
import struct
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import zstandard

from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.capture import CaptureReader
from folkways.read.reader import ReadOptions
from folkways.read.source import Source

Read = Callable[..., SimpleNamespace]
TIME = 1_500_000_000_123_456_789
FLOW = ("192.0.2.1|40000", "198.51.100.2|9999", 17, (1, 33), (0, 0))


def source_of(content: bytes) -> Source:
    return Source("x", None, io.BufferedReader(io.BytesIO(content)))


def frame(wire: SimpleNamespace) -> bytes:
    return bytes(wire.eth(wire.ipv4(wire.udp())))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("magic", [0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34])
def test_every_magic_number(wire: SimpleNamespace, read: Read, order: str, magic: int) -> None:
    content = wire.pcap([(TIME, frame(wire))], order=order, magic=magic)
    found = read(content)
    assert found.flows == [FLOW]
    assert found.rows[0]["start_ms"] == found.rows[0]["end_ms"] == TIME // 10**6
    assert CaptureReader().sniff(source_of(content), ReadOptions()) == 0.9


def test_times_are_floored_to_milliseconds(wire: SimpleNamespace, read: Read) -> None:
    first, last = 1_500_000_000_000_999_999, 1_500_000_000_001_999_999
    content = wire.pcap([(first, frame(wire)), (last, frame(wire))], magic=0xA1B23C4D)
    row = read(content).rows[0]
    assert (row["start_ms"], row["end_ms"]) == (1_500_000_000_000, 1_500_000_000_001)


def test_old_files_have_the_lengths_the_other_way_round(wire: SimpleNamespace, read: Read) -> None:
    content = wire.pcap([(TIME, frame(wire)[:40], 47)] * 2, version=(2, 2))
    assert read(content).flows == [(*FLOW[:3], (2, 66), (0, 0))]


def test_a_cut_last_record_is_counted(wire: SimpleNamespace, read: Read) -> None:
    content = wire.pcap([(TIME, frame(wire))] * 2)
    for cut in (1, 40, 50, 62):
        found = read(content[:-cut])
        assert found.flows == [FLOW]
        assert found.tally.skipped == {"cut record": 1}
        assert found.tally.records == 2


def test_a_damaged_length_ends_the_reading(wire: SimpleNamespace, read: Read) -> None:
    content = wire.pcap([(TIME, frame(wire))])
    damaged = struct.pack("<IIII", 0, 0, 0xFFFF_FFFF, 60)
    found = read(content + damaged + content[24:])
    assert found.flows == [FLOW]
    assert found.tally.skipped == {"damaged record": 1}
    assert "damaged" in found.tally.notes[0]


def test_without_packets_there_is_nothing(wire: SimpleNamespace, read: Read) -> None:
    found = read(wire.pcap([]))
    assert (found.flows, found.tally.records) == ([], 0)


@pytest.mark.parametrize("content", [b"", b"\xa1\xb2\xc3\xd4", b"\xd4\xc3\xb2\xa1" + bytes(19)])
def test_a_cut_file_header_is_an_error(content: bytes) -> None:
    with pytest.raises(FormatError, match="capture"):
        list(CaptureReader().read(source_of(content), ReadOptions(), Tally()))


def test_other_files_are_not_sniffed() -> None:
    for content in (
        b"",
        b"\xa1\xb2",
        b"\x0a\x0d\x0d\x0a" + bytes(8),
        b"#separator \\x09",
        bytes(99),
    ):
        assert CaptureReader().sniff(source_of(content), ReadOptions()) == 0


def test_compressed_files_and_broken_ones(
    wire: SimpleNamespace, read: Read, tmp_path: Path
) -> None:
    content = wire.pcap([(TIME, frame(wire)), (TIME, frame(wire))])
    path = tmp_path / "x.pcap.gz"
    path.write_bytes(gzip.compress(content))
    assert read(path).flows == [(*FLOW[:3], (2, 66), (0, 0))]
    path.write_bytes(gzip.compress(content + content[24:], 0)[:-80])
    found = read(path, chunk_bytes=64)
    assert found.tally.skipped == {"cut compressed stream": 1}
    assert found.flows[0][3][0] >= 1


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "two members": lambda content: gzip.compress(content[:9000]) + gzip.compress(content[9000:]),
    "xz": lzma.compress,
    "zstd": lambda content: zstandard.ZstdCompressor(write_content_size=False).compress(content),
    "bz2": lambda content: bz2.compress(content, 1),
    "plain": lambda content: content,
}


@pytest.mark.parametrize("kind", ["pcap", "pcapng"])
@pytest.mark.parametrize("packing", PACKED)
def test_what_came_before_a_cut_is_used(
    wire: SimpleNamespace, read: Read, tmp_path: Path, packing: str, kind: str
) -> None:
    random = np.random.default_rng(5)
    frames = [
        (TIME + n * 10**6, wire.eth(wire.ipv4(wire.udp(random.bytes(300)), ident=n + 1)))
        for n in range(4000)
    ]
    if kind == "pcap":
        content = wire.pcap(frames)
    else:
        content = wire.section() + wire.interface(resolution=9)
        content += b"".join(wire.enhanced(at, frame) for at, frame in frames)
    packed = PACKED[packing](content)
    path = tmp_path / "x"
    for share in (0.5, 0.9):
        path.write_bytes(packed[: int(len(packed) * share)])
        for chunk in (1 << 16, 1 << 23):
            found = read(path, chunk_bytes=chunk)
            # What cannot be unpacked is a part of the last block of bz2 (100 kB) or zstd (128 KiB).
            least = 4000 * share - {"bz2": 400, "zstd": 450}.get(packing, 20)
            assert least <= found.flows[0][3][0] <= 4000 * share
            assert len(found.tally.notes) == 1
            assert "what came before was used" in found.tally.notes[0]
            assert sum(found.tally.skipped.values()) == 1
