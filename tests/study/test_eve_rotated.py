"""EVE logs as a sensor leaves them: rotated at midnight and by size, old ones gzipped."""

import gzip
import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from folkways.study import Study

HOST = {"src_ip": "10.0.0.1", "dest_ip": "192.0.2.7", "dest_port": 443, "proto": "TCP"}
NAMES = ("one.example.org", "two.example.org", "three.example.org")


def event(kind: str, number: int, moment: str, **more: Any) -> str:
    head = {"timestamp": f"{moment}+0000", "flow_id": 90 + number, "event_type": kind}
    return json.dumps({**head, **HOST, "src_port": 50000 + number, **more}) + "\n"


def flow(number: int, start: str, end: str) -> str:
    sizes = {"pkts_toserver": 9, "pkts_toclient": 9, "bytes_toserver": 900, "bytes_toclient": 9000}
    times = {"start": f"{start}+0000", "end": f"{end}+0000"}
    return event("flow", number, end, app_proto="tls", flow={**sizes, **times})


def tls(number: int, moment: str) -> str:
    return event("tls", number, moment, tls={"sni": NAMES[number], "version": "TLS 1.3"})


@pytest.fixture
def rotated(tmp_path: Path) -> list[Path]:
    """Each name stands in another file than its flow; one flow ends behind midnight."""
    first = tls(0, "2024-02-28T23:50:00.5") + tls(1, "2024-02-28T23:58:00.5")
    second = flow(0, "2024-02-28T23:50:00", "2024-02-28T23:55:00") + tls(2, "2024-02-29T00:10:00.5")
    third = flow(1, "2024-02-28T23:58:00", "2024-02-29T00:20:00") + flow(
        2, "2024-02-29T00:10:00", "2024-02-29T00:30:00"
    )
    paths = [tmp_path / name for name in ("eve.json.2.gz", "eve.json.1.gz", "eve.json")]
    for path, text in zip(paths, (first, second, third), strict=True):
        content = text.encode()
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return paths


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_names_find_their_flows_in_whatever_file_and_order(
    rotated: list[Path], tmp_path: Path, order: tuple[int, ...]
) -> None:
    population = tmp_path / "population.toml"
    population.write_text(
        'timezone = "UTC"\n[study]\nk = 1\npublic_data = true\n[[range]]\nprefix = "10.0.0.0/8"\n'
    )
    study = Study.create(tmp_path / "study", population)
    # One after the other, so that a day is settled before all that belongs to it has come.
    for place in order:
        study.ingest(str(rotated[place]))
    days = ("2024-02-28", "2024-02-29")
    with study.folder.engine() as con:
        study.folder.store.view(con, "connections", "connections", list(days))
        columns = "member_port, day, name, name_source, opens, bytes_in"
        found = con.execute(f"SELECT {columns} FROM connections ORDER BY 1").fetchall()
    assert found == [
        (50000 + n, day, NAMES[n], "tls", 1, 9000)
        for n, day in ((0, days[0]), (1, days[0]), (2, days[1]))
    ]
