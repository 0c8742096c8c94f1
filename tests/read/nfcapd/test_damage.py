"""Bad input: cut, garbled, mixed, empty, absurd; counted by cause, and bounded in memory."""

import bz2
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import lzallright
import numpy as np
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.read.nfcapd.nfcapd_files import (
    GENERIC,
    IPV4,
    block,
    exporter,
    extension_map,
    file1,
    file2,
    flow1,
    flow2,
    read,
    sampler,
    structure,
)

from folkways.formats import nfcapd
from folkways.formats.nfcapd import layout2
from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.nfcapd import NfcapdReader
from folkways.read.reader import ReadOptions
from folkways.read.source import Source

FLOW = flow2([(1, GENERIC), (2, IPV4), (4, (1, 2, 0, 0, 1, 0, 0, 0, 0, 0)), (5, (1, 2, 3))])
FLOW_1 = flow1(struct.pack("<IIIIHH", *IPV4, 3, 180, 1, 2))
APPLICATIONS = structure(nfcapd.APPLICATIONS, (12, 30, 1, 16, 4, 8, 4)) + b"\r\0\0005dns\0\0\0\0\0"
STATISTICS = structure(nfcapd.STATS_HEAD, (8, 32, 1)) + structure(nfcapd.STATS, (1, 5, 2, 3))
GOOD = {
    "layout 2": file2([exporter(), sampler(-1, 1, 9), APPLICATIONS, FLOW, FLOW, STATISTICS]),
    "LZO": file2([exporter(), FLOW, FLOW], compression=1),
    "zstd": file2([exporter(), FLOW, FLOW], compression=4),
    "layout 1": file1([exporter(), extension_map(1, [6]), FLOW_1, FLOW_1, STATISTICS]),
}


def attempt(path: Path, data: bytes) -> Tally:
    path.write_bytes(data)
    tally = Tally()
    try:
        for batch in NfcapdReader().read(Source("d", path), ReadOptions(), tally):
            batch.rows.validate(full=True)
    except FormatError:
        return tally
    return tally


@given(data=st.data(), which=st.sampled_from(sorted(GOOD)))
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damaged_bytes_never_crash(tmp_path: Path, data: st.DataObject, which: str) -> None:
    damaged = bytearray(GOOD[which])
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    attempt(tmp_path / "f", bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))


@given(content=st.binary(max_size=600), layout=st.sampled_from([1, 2]), count=st.integers(0, 9))
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_of_a_block_never_crash(
    tmp_path: Path, content: bytes, layout: int, count: int
) -> None:
    whole = file1() if layout == 1 else file2()
    attempt(tmp_path / "f", whole + block(layout + 1, count, content))


@pytest.mark.parametrize(
    ("data", "skipped"),
    [
        (file2([FLOW])[:-1], {"block cut by the end of the file": 1}),
        (file2([FLOW])[:45], {"block cut by the end of the file": 1}),
        (
            file2([FLOW, b"\x0b\0\x03\0"]),
            {"block with a damaged record; the rest of the block is not read": 1},
        ),
        (
            file2([FLOW[:4]]),
            {"block with a damaged record; the rest of the block is not read": 1},
        ),
        (
            file2([flow2([(1, GENERIC), (2, IPV4)])[:12] + bytes(64)]),
            {"record with a damaged element": 1},
        ),
        (file2([flow2([(2, IPV4)])]), {"record without times and counters": 1}),
        (file2([flow2([(1, GENERIC)])]), {"record without addresses": 1}),
        (
            file2([flow2([(1, (*GENERIC[:4], 2**63, *GENERIC[5:])), (2, IPV4)])]),
            {"record with a counter beyond 63 bits": 1},
        ),
        (
            file2() + structure(nfcapd.BLOCK_HEADER, (1, 2**31, 3, 0)),
            {"block of an impossible size; the rest of the file is not read": 1},
        ),
        (
            file2() + block(4, 1, b"array"),
            {"block that holds no flows": 1},
        ),
    ],
)
def test_causes(tmp_path: Path, data: bytes, skipped: dict[str, int]) -> None:
    assert attempt(tmp_path / "f", data).skipped == skipped


def test_what_comes_before_and_after_damage_is_read(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(file2([FLOW, FLOW, bytes(8)], [FLOW]))
    rows, tally = read(path)
    assert len(rows) == 3
    assert tally.skipped == {"block with a damaged record; the rest of the block is not read": 1}


@pytest.mark.parametrize("compression", [1, 2, 3, 4, 9])
def test_a_block_whose_compression_is_damaged(tmp_path: Path, compression: int) -> None:
    head = (nfcapd.MAGIC, 2, 0, 0, compression, 0, 0, 0, 0, 0, 1)
    data = structure(layout2.FILE_HEADER, head) + block(3, 1, b"\xff" * 50)
    (cause,) = attempt(tmp_path / "f", data).skipped
    assert cause in {
        "block whose compression is damaged",
        "block compressed with an unknown method",
    }


def test_a_plain_block_in_a_compressed_file(tmp_path: Path) -> None:
    head = (nfcapd.MAGIC, 2, 0, 0, 1, 0, 0, 0, 0, 0, 1)
    plain = structure(nfcapd.BLOCK_HEADER, (1, len(FLOW), 3, nfcapd.BLOCK_PLAIN)) + FLOW
    path = tmp_path / "f"
    path.write_bytes(structure(layout2.FILE_HEADER, head) + plain)
    assert len(read(path)[0]) == 1


def test_headers_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "f"
    encrypted = bytearray(file2([FLOW]))
    encrypted[17] = 1
    for data, words in (
        (file2()[:30], "ends inside"),
        (b"\x0c\xa5", "ends inside"),
        (b"\x0c\xa5\x03\0" + bytes(300), "layout 3"),
        (bytes(encrypted), "encrypted"),
    ):
        path.write_bytes(data)
        with pytest.raises(FormatError, match=words):
            list(NfcapdReader().read(Source("f", path), ReadOptions(), Tally()))


def test_a_collector_that_died_left_no_count_of_blocks(tmp_path: Path) -> None:
    data = bytearray(file2([FLOW], [FLOW]))
    data[36:40] = bytes(4)
    path = tmp_path / "f"
    path.write_bytes(data)
    assert len(read(path)[0]) == 2


def swollen(compression: int, content: bytes) -> bytes:
    squeeze: dict[int, Any] = {
        1: lzallright.LZOCompressor().compress,
        2: bz2.compress,
        4: zstandard.compress,
    }
    head = (nfcapd.MAGIC, 2, 0, 0, compression, 0, 0, 0, 0, 0, 1)
    return structure(layout2.FILE_HEADER, head) + block(3, 9, squeeze[compression](content))


@pytest.mark.parametrize("compression", [1, 2, 4])
def test_a_block_cannot_fill_the_memory(tmp_path: Path, compression: int) -> None:
    data = swollen(compression, bytes((160 if compression == 1 else 40) * 2**20))
    assert len(data) < 2**20
    tracemalloc.start()
    tally = attempt(tmp_path / "f", data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert tally.skipped == {"block of an impossible size when decompressed": 1}
    assert peak < 64 * 2**20


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["heads", "shapes", "changes", "tiny", "elements"])
def test_a_mebibyte_of_the_worst_is_read_in_time(tmp_path: Path, seed: str) -> None:
    """Input made to be slow: heads that overlap, a shape for each record, facts that change."""
    rng = np.random.default_rng(1)
    match seed:
        case "heads":
            content, count = b"\x0b\0\x0c\0\x01\0" * 160_000, 2**20
        case "shapes":
            records = [
                flow2([(1, GENERIC), (2, IPV4), (int(n), b"")])
                for n in rng.permutation(12_000) + 100
            ]
            content, count = b"".join(records), len(records)
        case "changes":
            flow = flow2([(1, GENERIC), (2, IPV4)], exporter=1)
            content = b"".join(exporter(domain=n) + flow for n in range(9_000))
            count = 18_000
        case "tiny":
            content, count = b"\x63\0\x04\0" * 260_000, 260_000
        case _:
            record = struct.pack("<HHHBBHBB", 11, 65532, 16_380, 0, 0, 0, 0, 9)
            record += b"\x63\0\x04\0" * 16_380
            content, count = record * 16, 16
    whole = file2() + block(3, count, content)
    tracemalloc.start()
    attempt(tmp_path / "f", whole)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 128 * 2**20
