"""Files that change while they are ingested: what is counted is what was read, or nothing."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from folkways.model.batches import Batch, Tally
from folkways.read.reader import Reader, ReadOptions
from folkways.read.readers import find_reader
from folkways.read.source import Source
from folkways.study import Study

LINE = (
    '{{"ts":{0},"uid":"C{0}","id.orig_h":"10.0.0.1","id.orig_p":{1},"id.resp_h":"192.0.2.2",'
    '"id.resp_p":2,"proto":"udp","service":"dns","orig_ip_bytes":60}}\n'
)


def log(port: int, rows: int = 3) -> bytes:
    """Rows of one port; logs of as many rows are as long."""
    return "".join(LINE.format(100_000 + i, port) for i in range(rows)).encode()


def old(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    day_ago = time.time_ns() - 86_400_000_000_000
    os.utime(path, ns=(day_ago, day_ago))
    return path


@pytest.fixture
def study(tmp_path: Path) -> Study:
    (tmp_path / "p.toml").write_text('[[range]]\nprefix = "10.0.0.0/8"\n')
    return Study.create(tmp_path / "study", tmp_path / "p.toml")


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, str, Callable[[], object]], None]:
    """Have something done when a file was found to be new, or when all of its rows were read."""

    def have(path: Path, when: str, done: Callable[[], object]) -> None:
        def find(source: Source, *rest: Any) -> Reader:
            reader = find_reader(source, *rest)
            if source.path == path and when == "before":
                done()
            if source.path == path and when == "after":
                return _Then(reader, done)
            return reader

        monkeypatch.setattr("folkways.study.taking.find_reader", find)

    return have


class _Then:
    def __init__(self, reader: Reader, done: Callable[[], object]) -> None:
        self.name, self.gives, self.sniff = reader.name, reader.gives, reader.sniff
        self._reader, self._done = reader, done

    def read(self, source: Source, options: ReadOptions, tally: Tally) -> Iterator[Batch]:
        yield from self._reader.read(source, options, tally)
        self._done()


def ports(study: Study) -> dict[int, int]:
    with duckdb.connect() as con:
        study.folder.store.view(con, "o", "observed")
        query = "SELECT member_port, count(*) FROM o GROUP BY 1 ORDER BY 1"
        return dict(con.sql(query).fetchall())


@pytest.mark.parametrize("when", ["before", "after"])
def test_another_file_in_its_place_is_another_source(
    study: Study, tmp_path: Path, meanwhile: Any, when: str
) -> None:
    path = old(tmp_path / "conn.log", log(1))
    new = old(tmp_path / "new", log(2))
    meanwhile(path, when, lambda: new.exists() and new.replace(path))
    study.ingest(str(path))
    assert ports(study) == {1: 3}
    assert study.sources()[0]["digest"] == hashlib.sha256(log(1)).hexdigest()
    study.ingest(str(path))
    assert ports(study) == {1: 3, 2: 3}


def test_a_log_that_grows_gives_what_was_there(
    study: Study, tmp_path: Path, meanwhile: Any
) -> None:
    path = old(tmp_path / "conn.log", log(1))
    meanwhile(path, "before", lambda: path.write_bytes(log(1) + log(2)))
    study.ingest(str(path))
    assert study.sources()[0]["digest"] == hashlib.sha256(log(1)).hexdigest()
    assert ports(study) == {1: 3}


@pytest.mark.parametrize("held", [100_000, 0])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("left", [b"", log(1)[:100], log(2), log(2, 9)])
def test_a_file_that_is_written_anew_gives_nothing(
    study: Study,
    tmp_path: Path,
    meanwhile: Any,
    monkeypatch: pytest.MonkeyPatch,
    *,
    held: int,
    when: str,
    left: bytes,
) -> None:
    """And takes nothing of the others with it, whether its rows waited or not."""
    monkeypatch.setattr("folkways.study.taking.MOST_HELD", held)
    path, other = old(tmp_path / "a.log", log(1)), old(tmp_path / "b.log", log(3))
    meanwhile(path, when, lambda: path.write_bytes(left))
    done = study.ingest(str(path), str(other))
    assert [name for name, cause in done.refused if "changed while it was read" in cause] == [
        str(path)
    ]
    assert ports(study) == {3: 3}
    assert [entry.name for entry in done.entries] == [str(other)]


def test_copies_and_logs_that_begin_alike(study: Study, tmp_path: Path) -> None:
    """Also where all of them are longer than what waits, and in two processes."""
    names = []
    for i, rows in enumerate((1000, 1000, 2000, 1000)):
        names.append(str(old(tmp_path / f"{i}.log", log(7, rows))))
    done = study.ingest(*names)
    assert (len(done.entries), done.known) == (2, [names[1], names[3]])
    assert ports(study) == {7: 3000}
    assert study.ingest(*names, jobs=2).known == names


@pytest.mark.parametrize("jobs", [1, 2])
def test_long_sources_go_in_once_each(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    monkeypatch.setattr("folkways.study.taking.MOST_HELD", 0)
    monkeypatch.setattr("folkways.study.ingest.GROUP_SOURCES", 1)
    names = [str(old(tmp_path / f"{i}.log", log(port))) for i, port in enumerate((1, 1, 2, 1))]
    done = study.ingest(*names, jobs=jobs)
    assert (len(done.entries), len(done.known)) == (2, 2)
    assert ports(study) == {1: 3, 2: 3}
    assert study.ingest(*names).known == names
    for source in study.sources():
        study.remove_source(source["id"])
    assert ports(study) == {}


def test_a_short_source_s_id_is_the_start_of_its_digest(study: Study, tmp_path: Path) -> None:
    study.ingest(str(old(tmp_path / "conn.log", log(1))))
    (source,) = study.sources()
    assert source["id"] == source["digest"][:16]


def test_a_file_that_is_gone_when_its_turn_comes_is_refused(
    study: Study, tmp_path: Path, meanwhile: Any
) -> None:
    path, other = old(tmp_path / "a.log", log(1)), old(tmp_path / "b.log", log(3))
    meanwhile(path, "before", other.unlink)
    done = study.ingest(str(path), str(other))
    assert [name for name, _ in done.refused] == [str(other)]
    assert ports(study) == {1: 3}
