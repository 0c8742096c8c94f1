"""Each case is a folder with a log, what it must give, and why."""

import bz2
import gzip
import io
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
import zstandard

from folkways.model.addresses import address_to_text
from folkways.model.batches import Tally
from folkways.read.reader import ReadOptions
from folkways.read.source import Source
from folkways.read.uids import uid_number
from folkways.read.zeek import ZeekReader

CASES = Path(__file__).parents[2] / "cases" / "zeek"
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "zst": zstandard.ZstdCompressor().compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """What is known of a row, addresses as text."""
    return {
        name: address_to_text(value) if name.endswith("address") else value
        for name, value in row.items()
        if value is not None
    }


def read(source: Source) -> tuple[list[dict[str, Any]], Tally]:
    tally = Tally()
    batches = list(ZeekReader().read(source, ReadOptions(), tally))
    return [plain(row) for b in batches for row in b.rows.to_pylist()], tally


def check(case: Path, source: Source) -> None:
    expected = json.loads((case / "expected.json").read_text())
    rows, tally = read(source)
    for row in expected["rows"]:
        row |= {n: uid_number(row[n]) for n in ("uid", "parent_uid") if n in row}
    assert rows == expected["rows"]
    assert tally.records == expected["records"]
    assert dict(tally.skipped) == expected["skipped"]
    assert dict(tally.flagged) == expected["flagged"]


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda p: p.name)
def test_case(case: Path) -> None:
    source = Source("input.log", case / "input.log")
    assert ZeekReader().sniff(source, ReadOptions()) >= 0.9
    check(case, source)


@pytest.mark.parametrize("suffix", COMPRESS)
@pytest.mark.parametrize("case", ["json-lines", "header-in-the-middle"])
def test_compressed_under_any_name(case: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(COMPRESS[suffix]((CASES / case / "input.log").read_bytes()))
    check(CASES / case, Source("log.txt", path))


@pytest.mark.parametrize("case", ["json-lines", "header-in-the-middle"])
def test_standard_input(case: str) -> None:
    data = gzip.compress((CASES / case / "input.log").read_bytes())
    stream = cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", io.BytesIO(data))))
    check(CASES / case, Source("standard input", None, stream))
