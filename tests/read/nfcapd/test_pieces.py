"""Where records lie, and buffers that are used again: nothing of one piece shows in another."""

from pathlib import Path

import numpy as np
import pytest
from tests.read.nfcapd.nfcapd_files import GENERIC, IPV4, exporter, file2, flow2, read, sampler

from folkways.formats.nfcapd import layout2
from folkways.read.nfcapd import pieces


def _flow(number: int, tail: bytes = b"", *, rate: int = 1) -> bytes:
    """A flow of so many packets, marked as multiplied by a sampling rate if there is one."""
    generic = (*GENERIC[:3], number * rate, 60 * number * rate, *GENERIC[5:])
    flags = layout2.FLAG_SAMPLED if rate > 1 else 0
    return flow2([(1, generic), (2, IPV4), (99, tail)], flags=flags, exporter=1)


@pytest.mark.parametrize("first_odd", [0, 1, 150, 299])
def test_records_of_odd_sizes(tmp_path: Path, first_odd: int) -> None:
    """Sizes are multiples of four in nearly every file, but need not be."""
    random = np.random.default_rng(first_odd)
    tails = [b"\x0b\0\x50\0\x03\0" * 2 + bytes(int(n)) for n in random.integers(0, 6, 300)]
    tails[:first_odd] = [bytes(4)] * first_odd
    path = tmp_path / "odd"
    path.write_bytes(file2([_flow(n, tail) for n, tail in enumerate(tails)]))
    rows, tally = read(path)
    assert sorted(row["packets_forward"] for row in rows) == list(range(300))
    assert tally.records == 300
    assert not tally.skipped


@pytest.mark.parametrize("compression", [0, 1, 4])
def test_pieces_follow_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: int
) -> None:
    """Small pieces of blocks of any size, and a rate that changes inside of many of them."""
    monkeypatch.setattr(pieces, "_ROWS", 5)
    random = np.random.default_rng(1)
    blocks: list[list[bytes]] = [[exporter(), sampler(-1, 1, 1)]]
    told, rate = [], 2
    for number in range(1, 300):
        if random.random() < 0.2:
            blocks.append([])
        if random.random() < 0.1:
            rate += 1
            blocks[-1].append(sampler(-1, 1, rate - 1))
        blocks[-1].append(_flow(number, rate=rate))
        told.append((number, 60 * number, rate))
    path = tmp_path / "pieces"
    path.write_bytes(file2(*blocks, compression=compression))
    rows, tally = read(path)
    columns = ("packets_forward", "bytes_forward", "sampling")
    assert [tuple(row[name] for name in columns) for row in rows] == told
    assert not tally.flagged
