"""A NAT box's rows from files to figures: the LAN, its outside address, or both as population."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from folkways.study import Study

LAN, OUTSIDE = "192.168.7.0/24", "198.51.100.9/32"
NOON = 1_577_966_400
HEADER = (
    "TimeReceived,SamplingRate,ExporterAddress,FlowDirection,SrcAddr,DstAddr,EType,Proto,SrcPort,"
    "DstPort,Bytes,Packets,SrcAddrNAT,DstAddrNAT,SrcPortNAT,DstPortNAT"
)
HOST, BOX, SERVER = "192.168.7.5", "198.51.100.9", "203.0.113.9"


def flow(at: int, ends: str, size: int, after: str = ",,,") -> str:
    source, destination, ports = ends.split(" ")
    front = f"{NOON + at},1,192.0.2.1,ingress,{source},{destination},2048,6"
    return f"{front},{ports},{size},10,{after}"


GOES = flow(0, f"{HOST} {SERVER} 5000,443", 100, f"{BOX},{SERVER},6000,443")
COMES = flow(1, f"{SERVER} {BOX} 443,6000", 200, f"{SERVER},{HOST},443,5000")
GONE = flow(0, f"{BOX} {SERVER} 6000,443", 100)
CAME = flow(1, f"{SERVER} {HOST} 443,5000", 200)


def settled(folder: Path, prefixes: tuple[str, ...], files: list[list[str]]) -> list[Any]:
    """Connections, bytes out, bytes in of use, and how many members had some."""
    folder.mkdir()
    population = folder / "population.toml"
    population.write_text("".join(f'[[range]]\nprefix = "{p}"\n' for p in prefixes))
    study = Study.create(folder / "study", population)
    for number, rows in enumerate(files):
        path = folder / f"{number}.csv"
        path.write_text("\n".join([HEADER, *rows, ""]))
        study.ingest(str(path))
    with duckdb.connect() as con:
        study.folder.store.view(con, "c", "connections")
        query = (
            "SELECT sum(opens), sum(bytes_out), sum(bytes_in), count(DISTINCT member),"
            " bool_and(answered), min(opened_by) FROM c WHERE noise = 'use'"
        )
        return [tuple(row) for row in con.sql(query).fetchall()]


@pytest.mark.parametrize("prefixes", [(LAN,), (OUTSIDE,), (LAN, OUTSIDE)])
@pytest.mark.parametrize(
    "rows", [[GOES, COMES], [GOES, CAME], [GOES, COMES, CAME], [GOES, COMES, GONE, CAME]]
)
def test_it_is_one_connection_of_one_member(
    tmp_path: Path, prefixes: tuple[str, ...], rows: list[str]
) -> None:
    if CAME in rows and COMES not in rows and prefixes == (OUTSIDE,):
        # Nothing tells what came in under the address of the outside.
        expected: tuple[Any, ...] = (1, 100, None, 1, False, "member")
    else:
        expected = (1, 100, 200, 1, True, "member")
    assert settled(tmp_path / "once", prefixes, [rows]) == [expected]


@pytest.mark.parametrize("prefixes", [(LAN,), (OUTSIDE,), (LAN, OUTSIDE)])
def test_in_whatever_files_it_comes(tmp_path: Path, prefixes: tuple[str, ...]) -> None:
    files = [[GOES], [COMES, GONE], [CAME]]
    for number, order in enumerate((files, files[::-1])):
        found = settled(tmp_path / str(number), prefixes, order)
        assert found == [(1, 100, 200, 1, True, "member")]


def test_many_behind_one_address_are_many_where_they_are_the_population(tmp_path: Path) -> None:
    rows = []
    for n in (1, 2, 3):
        out, back = f"100.64.0.{n} {SERVER} 5000,443", f"{SERVER} {BOX} 443,{6000 + n}"
        rows.append(flow(0, out, 100, f"{BOX},{SERVER},{6000 + n},443"))
        rows.append(flow(1, back, 200, f"{SERVER},100.64.0.{n},443,5000"))
    inside = settled(tmp_path / "inside", ("100.64.0.0/10",), [rows])
    outside = settled(tmp_path / "outside", (OUTSIDE,), [rows])
    assert inside == [(3, 300, 600, 3, True, "member")]
    assert outside == [(3, 300, 600, 1, True, "member")]
