"""Totals do not depend on how a collection is cut into files, on order, ingests or copies."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.study.collections_by_hand import FORMATS, Format, compressed, talks

from folkways.read.reader import ReadOptions
from folkways.study import Study

pytestmark = pytest.mark.slow

DAYS = ("2024-02-28", "2024-02-29")
POPULATION = """timezone = "UTC"
[study]
k = 1
public_data = true
[[range]]
prefix = "10.0.0.0/8"
"""
MAPPING = """name = "by-hand"
format = "csv"
direction = "unidirectional"
time = "epoch-ms"
[columns]
start = "first"
end = "last"
source_address = "from"
destination_address = "to"
source_port = "from_port"
destination_port = "to_port"
protocol = "protocol"
packets_forward = "packets"
bytes_forward = "bytes"
"""


class Trials:
    """Studies of one format's collection, ingested in different ways."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.format: Format = FORMATS[name]()
        self.folder = folder
        self._made = 0
        (folder / "population.toml").write_text(POPULATION)
        (folder / "mapping.toml").write_text(MAPPING)
        mapping = str(folder / "mapping.toml") if name == "table" else None
        self.options = ReadOptions(mapping=mapping)

    def file(self, units: Sequence[bytes], *, packed: bool = False) -> Path:
        self._made += 1
        content = self.format.write(units)
        path = self.folder / f"part{self._made}{self.format.suffix}{'.gz' * packed}"
        path.write_bytes(compressed(content) if packed else content)
        return path

    def totals(self, *ingests: Sequence[Path], jobs: int = 1) -> list[Any]:
        self._made += 1
        study = Study.create(self.folder / f"study{self._made}", self.folder / "population.toml")
        for files in ingests:
            study.ingest(*map(str, files), jobs=jobs, options=self.options)
        return use(study)


def use(study: Study) -> list[Any]:
    """By day: connections, bytes, and what is known of the connections."""
    with study.folder.engine() as con:
        study.folder.store.view(con, "connections", "connections")
        return con.sql(
            "SELECT day, sum(opens), sum(bytes_out), sum(bytes_in), sum(packets_out), "
            "count(DISTINCT (member, member_port)), max(opened_by), min(opened_by), "
            "count(DISTINCT name), bool_and(answered) "
            "FROM connections WHERE noise = 'use' GROUP BY day ORDER BY day"
        ).fetchall()


@pytest.fixture(params=sorted(FORMATS))
def trials(request: pytest.FixtureRequest, tmp_path: Path) -> Trials:
    return Trials(request.param, tmp_path)


def cuts(units: Sequence[bytes], draw: random.Random, parts: int = 3) -> list[list[bytes]]:
    places = sorted(draw.sample(range(1, len(units)), parts - 1))
    return [list(units[a:b]) for a, b in zip([0, *places], [*places, len(units)], strict=True)]


def test_the_whole_is_what_the_members_did(trials: Trials) -> None:
    totals = trials.totals([trials.file(trials.format.units)])
    assert [day for day, *_ in totals] == list(DAYS)
    assert sum(row[1] for row in totals) == len(talks())
    if trials.name != "capture":
        sent, back = (sum(talk.octets[way] for talk in talks()) for way in (0, 1))
        assert (sum(row[2] for row in totals), sum(row[3] for row in totals)) == (sent, back)
    assert {row[6] for row in totals} <= {"member", None}


@pytest.mark.parametrize("seed", range(2))
def test_cut_shuffled_copied_and_in_several_ingests(trials: Trials, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311  # a scenario, not a secret
    units = trials.format.units
    right = trials.totals([trials.file(units)])
    parts = cuts(units, draw)
    files = [trials.file(part, packed=draw.random() < 0.5) for part in parts]
    # What captures hold that only overlap can be estimated, not counted.
    again = parts if trials.name == "capture" else cuts(units, draw)
    files += [trials.file(part) for part in again]
    draw.shuffle(files)
    assert trials.totals(files) == right
    assert trials.totals(*([file] for file in files)) == right


def test_a_file_that_grows_and_is_then_rotated(trials: Trials) -> None:
    units = trials.format.units
    right = trials.totals([trials.file(units)])
    live = [trials.file(units[: len(units) * n // 3]) for n in (1, 2, 3)]
    rotated = trials.file(units, packed=True)
    assert trials.totals(*([file] for file in (*live, rotated))) == right


def test_jobs_change_nothing(trials: Trials, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("folkways.study.ingest.GROUP_SOURCES", 1)
    units = trials.format.units
    right = trials.totals([trials.file(units)])
    files = [trials.file(part) for part in cuts(units, random.Random(9), 4)]  # noqa: S311
    assert trials.totals(files, jobs=2) == right


def test_all_formats_tell_the_same(tmp_path: Path) -> None:
    """One traffic, logged by all of them, is one traffic: the best of them is counted."""
    whole = []
    for name in ("zeek_tsv", "zeek_json", "eve", "netflow5", "ipfix"):
        folder = tmp_path / name
        folder.mkdir()
        trials = Trials(name, folder)
        whole.append(trials.file(trials.format.units))
    totals = trials.totals(whole)
    assert sum(row[1] for row in totals) == len(talks())
    sent = sum(talk.octets[0] for talk in talks())
    assert sum(row[2] for row in totals) == sent
