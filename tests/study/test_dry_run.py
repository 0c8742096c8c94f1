"""A dry run tells beforehand what an ingest then does."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from folkways.model.errors import UserError
from folkways.simulate import Simulated
from folkways.study import Study
from folkways.study import dry_run as module

NAMES = (
    *("version", "interface_id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol"),
    *("packets", "bytes", "start", "end", "action", "log_status"),
)
ROW = (
    *("2", "eni-1", "10.0.0.1", "192.0.2.1", "20641", "22", "6"),
    *("20", "4249", "1431280876", "1431280934", "ACCEPT", "OK"),
)


def stored_bytes(study: Study) -> int:
    tables = ("observed", "names", "answers", "connections")
    files = [f for t in tables for f in study.folder.store.files(t)]
    return sum(f.stat().st_size for f in files)


def test_a_dry_run_says_what_goes_in_and_writes_nothing(
    simulated: Simulated, tmp_path: Path
) -> None:
    study = Study.create(tmp_path / "study", simulated.population)
    before = sorted(p for p in (tmp_path / "study").rglob("*") if p.is_file())
    folders = [str(r.folder) for r in simulated.rounds]
    told = study.dry_run(*folders)
    assert sorted(p for p in (tmp_path / "study").rglob("*") if p.is_file()) == before
    assert all(one["whole"] for one in told["sources"])
    assert told["fits"]
    done = study.ingest(*folders)
    assert told["flows"] == sum(e.rows for e in done.entries)
    # Many small files a day become one in the study, so that the estimate is no more than that.
    assert stored_bytes(study) / 3 < told["disk_bytes"] < stored_bytes(study) * 3
    again = study.dry_run(*folders)
    assert all(one["known"] for one in again["sources"])
    assert (again["flows"], again["disk_bytes"]) == (0, 0)


def test_the_rest_of_a_long_source_is_taken_to_be_like_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p.toml").write_text('[[range]]\nprefix = "10.0.0.0/8"\n')
    path = tmp_path / "conn.log"
    line = (
        '{{"ts":{0},"uid":"C{0}","id.orig_h":"10.0.0.1","id.orig_p":1,"id.resp_h":"192.0.2.2",'
        '"id.resp_p":2,"proto":"udp","service":"dns","orig_ip_bytes":{0}}}\n'
    )
    path.write_text("".join(line.format(100_000 + i) for i in range(400_000)))
    monkeypatch.setattr(module, "SECONDS_EACH", 0.0)
    study = Study.create(tmp_path / "study", tmp_path / "p.toml")
    told = study.dry_run(str(path))
    (one,) = told["sources"]
    assert not one["whole"]
    assert one["flows"] == pytest.approx(400_000, rel=0.25)
    assert told["seconds"] > 0


def test_what_cannot_be_read_is_said(simulated: Simulated, tmp_path: Path) -> None:
    study = Study.create(tmp_path / "study", simulated.population)
    (tmp_path / "x.txt").write_text("nothing that anybody knows\n")
    (one,) = study.dry_run(str(tmp_path / "x.txt"))["sources"]
    assert "no known format" in one["error"]
    with pytest.raises(UserError, match="standard input can be read only once"):
        study.dry_run("-")


def test_what_an_ingest_reads_a_dry_run_reads_too(tmp_path: Path) -> None:
    """Parquet is read from its end, and packed text by another stream than plain text."""
    (tmp_path / "p.toml").write_text('[[range]]\nprefix = "10.0.0.0/8"\n')
    table = pa.table({name: [value] * 10 for name, value in zip(NAMES, ROW, strict=True)})
    pq.write_table(table, tmp_path / "flows.parquet")
    line = (
        '{"ts":100000,"uid":"C1","id.orig_h":"10.0.0.1","id.orig_p":1,"id.resp_h":"192.0.2.2",'
        '"id.resp_p":2,"proto":"udp","service":"dns","orig_ip_bytes":60}\n'
    )
    (tmp_path / "conn.log.gz").write_bytes(gzip.compress(line.encode() * 100))
    study = Study.create(tmp_path / "study", tmp_path / "p.toml")
    paths = [str(tmp_path / name) for name in ("flows.parquet", "conn.log.gz")]
    told = study.dry_run(*paths)
    assert [(one["error"], one["whole"]) for one in told["sources"]] == [(None, True)] * 2
    assert [one["flows"] for one in told["sources"]] == [10, 100]
    assert told["flows"] == sum(entry.rows for entry in study.ingest(*paths).entries)
