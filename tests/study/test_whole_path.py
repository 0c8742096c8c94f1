"""From sources to numbers, as a user does it."""

import csv
import gzip
import json
import random
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from folkways.connect.orient import Orienter
from folkways.model.errors import StudyError, UserError
from folkways.read.reader import ReadOptions
from folkways.simulate import Simulated
from folkways.study import Study


def totals(study: Study, *, sources: bool = False) -> list[Any]:
    """All that is measured, in one comparable value."""
    columns = (
        "day, start_ms, end_ms, remote, remote_port, protocol, bytes_out, bytes_in, packets_out, "
        "packets_in, opens, answered, opened_by, noise, service, operator, rule, evidence, "
        "remote_country, hidden, encrypted, name"
    )
    with duckdb.connect() as con:
        study.folder.store.view(con, "c", "connections")
        found: list[Any] = con.sql(
            f"SELECT {columns}{', source' if sources else ''}, count(*) FROM c GROUP BY ALL"
        ).fetchall()
    return sorted(found, key=repr)


def truth(simulated: Simulated) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(simulated.truth.read_text(encoding="utf-8"))
    return loaded


def test_every_service_has_exactly_the_connections_that_were_simulated(
    ready: Study, simulated: Simulated
) -> None:
    drawn = truth(simulated)["days"]
    for r in simulated.rounds:
        rows = ready.summary(str(r.period), ["day", "service"])["rows"]
        expected = {
            (day, item): counts[0]
            for day, items in drawn[r.name].items()
            for item, counts in items.items()
        }
        services = {row["service"] for row in rows if row["service"]}
        found = {
            (row["day"], row["service"]): row["connections"]
            for row in rows
            if row["service"] in services and row["state"] == "measured"
        }
        assert len(found) >= 8
        for key, connections in found.items():
            assert expected.get(key) == connections, key


def test_rows_add_up_to_the_whole(ready: Study, simulated: Simulated) -> None:
    period = str(simulated.rounds[0].period)
    for by in ("function", "operator", "jurisdiction", "country", "encrypted"):
        rows = ready.summary(period, [by])["rows"]
        known = sum(row["connections"] or 0 for row in rows)
        (whole,) = ready.summary(period, [])["rows"]
        suppressed = sum(row["state"] == "suppressed" for row in rows)
        assert known == whole["connections"] or (suppressed and known < whole["connections"])


def test_ingesting_twice_changes_nothing(ready: Study, simulated: Simulated) -> None:
    before = totals(ready)
    done = ready.ingest(*(str(r.folder) for r in simulated.rounds))
    assert not done.entries
    assert len(done.known) == len(ready.sources())
    assert totals(ready) == before


def test_a_directory_that_grew_is_read_only_where_it_is_new(
    simulated: Simulated, tmp_path: Path, ready: Study
) -> None:
    study = Study.create(tmp_path / "new", simulated.population)
    growing = tmp_path / "logs"
    days = sorted(d for r in simulated.rounds for d in r.folder.iterdir())
    for i, day in enumerate(days):
        shutil.copytree(day, growing / day.name)
        done = study.ingest(str(growing))
        assert len(done.entries) == len(list(day.iterdir()))
        assert len(done.known) == sum(len(list(d.iterdir())) for d in days[:i])
    for one in simulated.reference:
        study.import_list(one.path, one.kind, source=one.source, first=one.first, last=one.last)
    study.settle()
    assert totals(study) == totals(ready)


def test_taking_a_source_out_and_in_again_restores_everything(
    ready: Study, simulated: Simulated
) -> None:
    before = totals(ready)
    conn = next(s for s in ready.sources() if s["name"].endswith("conn.log.gz"))
    ready.remove_source(conn["id"])
    assert sum(row[-1] for row in totals(ready)) == sum(r[-1] for r in before) - conn["rows"]
    ready.ingest(conn["name"])
    assert totals(ready) == before
    assert simulated.folder.exists()


def split_log(path: Path, into: Path, parts: int, seed: int) -> list[Path]:
    """A gzipped Zeek log cut into several plain ones, rows dealt at random."""
    lines = gzip.decompress(path.read_bytes()).decode().splitlines(keepends=True)
    head = [line for line in lines if line.startswith("#") and not line.startswith("#close")]
    body = [line for line in lines if not line.startswith("#")]
    deal = random.Random(seed)  # noqa: S311  # no secret depends on it
    piles: list[list[str]] = [[] for _ in range(parts)]
    for line in body:
        deal.choice(piles).append(line)
    written = []
    for i, pile in enumerate(piles):
        written.append(into / f"{path.parent.name}-{path.name}-{i}")
        written[-1].write_text("".join(head + pile), encoding="utf-8")
    deal.shuffle(written)
    return written


@pytest.mark.parametrize(("parts", "jobs"), [(3, 1), (5, 2)])
def test_the_result_does_not_depend_on_cuts_order_or_jobs(
    ready: Study, simulated: Simulated, tmp_path: Path, parts: int, jobs: int
) -> None:
    study = Study.create(tmp_path / "cut", simulated.population)
    for one in simulated.reference:
        study.import_list(one.path, one.kind, source=one.source, first=one.first, last=one.last)
    pieces: list[Path] = []
    (tmp_path / "pieces").mkdir()
    for log in sorted(simulated.folder.rglob("*.log.gz")):
        pieces += split_log(log, tmp_path / "pieces", parts, seed=len(pieces))
    study.ingest(*map(str, pieces), jobs=jobs)
    assert totals(study) == totals(ready)


def test_no_address_of_a_member_is_stored(ready: Study) -> None:
    orienter = Orienter(ready.population, str)
    columns = {
        "observed": ("member", "remote"),
        "answers": ("client", "address"),
        "connections": ("member", "remote"),
    }
    with duckdb.connect() as con:
        for table, names in columns.items():
            ready.folder.store.view(con, "t", table)
            for name in names:
                found = con.sql(f"SELECT DISTINCT {name} AS a FROM t").to_arrow_table()
                values = found["a"].combine_chunks().drop_null()
                assert len(values)
                assert not orienter.holds(values).any(), (table, name)
        ready.folder.store.view(con, "t", "observed")
        names_seen = con.sql("SELECT DISTINCT name FROM t WHERE name LIKE '198.18%'").fetchall()
        assert not names_seen


def test_a_newer_list_makes_days_stale_and_settling_mends_it(
    ready: Study, simulated: Simulated, tmp_path: Path
) -> None:
    newer = tmp_path / "newer.csv"
    newer.write_text("240.0.0.0,255.255.255.254,AQ\n", encoding="utf-8")
    first = simulated.rounds[0].period.first
    ready.import_list(newer, "country", source="newer", first=first, last=first)
    with pytest.raises(StudyError, match=r"stale.*folkways settle"):
        ready.summary(str(simulated.rounds[0].period))
    assert ready.settle()
    ready.summary(str(simulated.rounds[0].period))
    assert not ready.settle()


def test_a_changed_population_is_refused_with_the_reason(ready: Study) -> None:
    file = ready.folder.root / "population.toml"
    file.write_text(file.read_text() + '\n[[range]]\nprefix = "203.0.113.0/24"\n')
    with pytest.raises(StudyError, match="cannot be added or dropped afterwards"):
        Study.open(ready.folder.root)


def test_a_destroyed_key_keeps_the_numbers_and_refuses_sources(
    ready: Study, simulated: Simulated, tmp_path: Path
) -> None:
    before = totals(ready)
    ready.destroy_key()
    again = Study.open(ready.folder.root)
    assert totals(again) == before
    again.summary(str(simulated.rounds[0].period))
    more = tmp_path / "conn.log"
    lines = gzip.decompress(next(simulated.folder.rglob("conn.log.gz")).read_bytes())
    more.write_bytes(b"\n".join(lines.split(b"\n")[:50]) + b"\n")
    with pytest.raises(UserError, match="destroyed"):
        again.ingest(str(more))


def test_rounds_are_frozen_and_notice_that_data_changed(ready: Study, simulated: Simulated) -> None:
    one, two = (str(r.period) for r in simulated.rounds)
    path = ready.freeze_round("one", one)
    assert json.loads(path.read_text())["findings"]["service"]
    assert ready.period("one") == simulated.rounds[0].period
    with pytest.raises(UserError, match="frozen already"):
        ready.freeze_round("one", two)
    conn = next(s for s in ready.sources() if s["name"].endswith("conn.log.gz"))
    ready.remove_source(conn["id"])
    with pytest.raises(StudyError, match="changed since it was frozen"):
        ready.compare("one", two)


def test_too_short_periods_say_cannot_tell(ready: Study, simulated: Simulated) -> None:
    one, two = (str(r.period) for r in simulated.rounds)
    answer = ready.compare(one, two)
    assert answer["rows"]
    assert {row["verdict"] for row in answer["rows"]} == {"cannot-tell"}
    assert all("days" in row["reason"] or row["state"] == "suppressed" for row in answer["rows"])


@pytest.mark.external
@pytest.mark.parametrize("name", ["test9-mixed-zeek-dir", "test10-mixed-zeek-dir"])
def test_totals_of_a_real_zeek_directory(shared_data: Path, tmp_path: Path, name: str) -> None:
    folder = shared_data / "exports/slips" / name
    population = tmp_path / "population.toml"
    population.write_text(
        '[study]\nk = 1\npublic_data = true\n[[range]]\nprefix = "0.0.0.0/0"\n'
        '[[range]]\nprefix = "::/1"\n[[range]]\nprefix = "8000::/1"\n',
        encoding="utf-8",
    )
    study = Study.create(tmp_path / "study", population)
    study.ingest(str(folder))
    expected = zeek_sums(folder / "conn.log")
    with duckdb.connect() as con:
        study.folder.store.view(con, "c", "connections")
        found = con.sql(
            "SELECT sum(opens), sum(bytes_out), sum(bytes_in), sum(packets_out), sum(packets_in) "
            "FROM c"
        ).fetchall()[0]
    assert found == expected


def zeek_sums(path: Path) -> tuple[int, ...]:
    """Connections, bytes and packets each way, by Python's own JSON and CSV readers."""
    fields = ("orig_ip_bytes", "resp_ip_bytes", "orig_pkts", "resp_pkts")
    text = path.read_text(encoding="utf-8")
    if text.startswith("{"):
        rows = [json.loads(line) for line in text.splitlines()]
    else:
        lines = text.splitlines()
        names = next(x for x in lines if x.startswith("#fields")).split("\t")[1:]
        body = [x for x in lines if not x.lstrip().startswith("#")]
        rows = [
            dict(zip(names, row, strict=True))
            for row in csv.reader(body, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]
    return (len(rows), *(sum(int(row[f]) for row in rows) for f in fields))


def test_standard_input_is_read_once_and_known_the_second_time(
    simulated: Simulated, tmp_path: Path
) -> None:
    study = Study.create(tmp_path / "study", simulated.population)
    conn = next(simulated.folder.rglob("conn.log.gz"))
    with conn.open("rb") as stream:
        first = study.ingest("-", stdin=stream)
    with conn.open("rb") as stream:
        second = study.ingest("-", stdin=stream)
    assert len(first.entries) == 1
    assert second.known == ["standard input"]
    assert study.ingest(str(conn)).known == [str(conn)]
    with pytest.raises(UserError, match="--jobs"):
        study.ingest("-", str(conn), jobs=2)


def test_what_the_user_says_of_sampling_holds(simulated: Simulated, tmp_path: Path) -> None:
    study = Study.create(tmp_path / "study", simulated.population)
    conn = next(simulated.folder.rglob("conn.log.gz"))
    study.ingest(str(conn), options=ReadOptions(sampling=100))
    day = conn.parent.name
    seen = study.summary(f"{day}..{day}")["coverage"]
    assert list(seen["sampling"]) == ["100"]
