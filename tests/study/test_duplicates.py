"""The same traffic seen by two exporters, from files to figures; files may come in any cut."""

from itertools import permutations
from pathlib import Path
from typing import Any

import duckdb
import pytest

from folkways.study import Study

HEADER = (
    "TimeReceived,SamplingRate,ExporterAddress,FlowDirection,SrcAddr,DstAddr,EType,Proto,SrcPort,"
    "DstPort,Bytes,Packets,TCPFlags"
)
NOON = 1_577_966_400
MEMBER, REMOTE = "198.51.100.7,203.0.113.9", "203.0.113.9,198.51.100.7"


def flow(exporter: str, direction: str, at: int, *, out: bool, size: int) -> str:
    sides, ports = (MEMBER, "5601,1366") if out else (REMOTE, "1366,5601")
    return f"{NOON + at},1,{exporter},{direction},{sides},2048,6,{ports},{size},10,24"


ROWS = [
    flow(exporter, direction, at, out=out, size=size)
    for exporter in ("192.0.2.1", "192.0.2.2")
    for direction in ("ingress", "egress")
    for at, out, size in ((0, True, 1000), (1, False, 5000), (60, True, 300))
]


def settled(folder: Path, files: list[list[str]], duplicates: str) -> list[Any]:
    """Noise, connections, bytes out, bytes in of a study that was given these files in turn."""
    folder.mkdir()
    population = folder / "population.toml"
    population.write_text(
        f'[study]\nduplicates = "{duplicates}"\n[[range]]\nprefix = "198.51.100.0/24"\n'
    )
    study = Study.create(folder / "study", population)
    for i, rows in enumerate(files):
        path = folder / f"{i}.csv"
        path.write_text("\n".join([HEADER, *rows, ""]))
        study.ingest(str(path))
    with duckdb.connect() as con:
        study.folder.store.view(con, "c", "connections")
        query = (
            "SELECT noise, sum(opens), sum(bytes_out), sum(bytes_in), max(flaws) LIKE '%twice'"
            " FROM c GROUP BY noise ORDER BY noise"
        )
        return con.sql(query).fetchall()


ONCE = [("duplicate", 0, 3900, 15000), ("use", 1, 1300, 5000)]


def test_each_packet_counts_once_however_the_files_are_cut(tmp_path: Path) -> None:
    cuts = [
        [ROWS],
        [ROWS[::2], ROWS[1::2]],
        *([list(p) for p in permutations((ROWS[:5], ROWS[5:]))]),
    ]
    for i, files in enumerate(cuts):
        found = settled(tmp_path / str(i), files, "once")
        assert [row[:4] for row in found] == ONCE


def test_or_as_often_as_it_was_seen_and_says_so(tmp_path: Path) -> None:
    found = settled(tmp_path / "all", [ROWS], "all")
    assert found == [("use", 1, 5200, 20000, True)]


@pytest.mark.parametrize("rows", [ROWS[:3], ROWS[:2]])
def test_one_sighting_has_no_duplicates(tmp_path: Path, rows: list[str]) -> None:
    assert [row[0] for row in settled(tmp_path / "one", [rows], "once")] == ["use"]
