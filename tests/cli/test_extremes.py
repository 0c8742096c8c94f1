"""Days, numbers and places beyond what anyone means: one clear line, never a traceback."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.cli.conftest import Run

from folkways.simulate import Simulated

Fails = Callable[..., str]
Capture = Callable[[int], tuple[bytes, list[int]]]
PERIOD = "2017-06-09..2017-06-10"
HUGE = "99999999999999999999"


@pytest.mark.parametrize(
    "period",
    [
        "0001-01-01..9999-12-31",
        "0001-01-01..2017-06-10",
        "2017-06-09..9999-12-31",
        "1899-12-31..2017-06-10",
        "2017-06-09..2262-01-01",
    ],
)
def test_periods_beyond_what_can_be_measured(
    fails: Fails, ready: Path, tmp_path: Path, period: str
) -> None:
    says = "1900-01-01 to 2261-12-31"
    assert says in fails(2, "summary", ready, "--period", period)
    assert says in fails(2, "compare", ready, period, PERIOD)
    assert says in fails(2, "compare", ready, PERIOD, period)
    assert says in fails(2, "report", ready, PERIOD, period, "-o", tmp_path / "r.html")
    assert says in fails(2, "round", ready, "name", "--period", period)
    assert says in fails(2, "settle", ready, "--days", period)


def test_the_longest_period(run: Run, ready: Path) -> None:
    ran = run("summary", ready, "--period", "1900-01-01..2261-12-31", "--by", "day")
    assert ran.code == 0
    assert "2017-06-09" in ran.out


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_ranges_that_hold_always(run: Run, simulated: Simulated, tmp_path: Path, day: str) -> None:
    text = simulated.population.read_text()
    key = "from" if day.startswith("0") else "to"
    text = re.sub(r"(?m)^(prefix = .*)$", rf"\1\n{key} = {day}", text, count=1)
    path = tmp_path / "population.toml"
    path.write_text(text)
    assert run("init", tmp_path / "new", "--population", path).code == 0


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--sampling", HUGE),
        ("--sampling", "4294967296"),
        ("--sampling", "0"),
        ("--sampling", "-1"),
        ("--sampling", "1.5"),
        ("--active-timeout", "1e308"),
        ("--active-timeout", "inf"),
        ("--active-timeout", "nan"),
        ("--active-timeout", "0"),
        ("--idle-timeout", HUGE),
        ("--idle-timeout", "inf"),
    ],
)
def test_numbers_that_cannot_be(
    fails: Fails, empty: Path, capture: Capture, option: str, value: str
) -> None:
    path = empty.with_name("c.pcap")
    path.write_bytes(capture(3)[0])
    assert option in fails(2, "inspect", path, option, value)
    assert option in fails(2, "ingest", empty, path, option, value)


def test_other_numbers_that_cannot_be(fails: Fails, empty: Path, tmp_path: Path) -> None:
    assert "--jobs" in fails(2, "ingest", empty, empty, "--jobs", HUGE)
    into = tmp_path / "simulated"
    assert "--scale" in fails(2, "simulate", "two-days", "--into", into, "--scale", "1e300")
    assert not into.exists()


def test_the_greatest_sampling_can_be_summed(
    run: Run, empty: Path, capture: Capture, tmp_path: Path
) -> None:
    path = tmp_path / "c.pcap"
    path.write_bytes(capture(5)[0])
    assert run("ingest", empty, path, "--sampling", "4294967295").code == 0
    ran = run("summary", empty, "--period", PERIOD)
    assert ran.code == 0, ran.err


def test_counters_that_no_sum_can_hold(
    run: Run, fails: Fails, empty: Path, tmp_path: Path, simulated: Simulated
) -> None:
    member = simulated.population.read_text().split('prefix = "')[1].split("/")[0]
    header = "start_time,src_ip_addr,src_cc,dst_ip_addr,dst_cc,proto,src_port,dst_port,tcp_flags,"
    row = f"2017-06-09 10:00:12,{member},KP,8.8.8.8,US,6,5601,443,27,3,{2**62},1000\n"
    path = tmp_path / "export.csv"
    path.write_text(f"{header}num_pkts,num_octets,sample_interval\n{row}")
    assert run("ingest", empty, path).code == 0
    assert "too large" in fails(2, "summary", empty, "--period", PERIOD)


def test_init_in_the_folder_that_one_stands_in(
    run: Run, fails: Fails, simulated: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    node = home.stat().st_ino
    monkeypatch.chdir(home)
    assert run("init", ".", "--population", simulated.population).code == 0
    # The folder is still the one that the shell stands in.
    assert home.stat().st_ino == node
    assert run("sources", ".").out == "No sources yet.\n"
    assert run("ingest", ".", simulated.rounds[0].folder).code == 0
    assert not [path.name for path in home.iterdir() if path.name.endswith(".part")]
    assert "not empty" in fails(2, "init", ".", "--population", simulated.population)


def test_init_beside_its_population_file(
    run: Run, fails: Fails, simulated: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("population.toml", "people.toml"):
        home = tmp_path / name.removesuffix(".toml")
        home.mkdir()
        (home / name).write_bytes(simulated.population.read_bytes())
        monkeypatch.chdir(home)
        assert run("init", ".", "--population", name).code == 0
        assert run("sources", home).code == 0
        assert (home / name).read_bytes() == simulated.population.read_bytes()
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    assert "not empty" in fails(2, "init", other, "--population", simulated.population)
    assert [path.name for path in other.iterdir()] == ["notes.txt"]


def test_an_init_that_fails_in_a_folder_that_is_there_leaves_it_as_it_was(
    fails: Fails, run: Run, simulated: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "population.toml").write_bytes(simulated.population.read_bytes())
    replace = Path.replace

    def full(path: Path, target: Path) -> Path:
        if target == home / "study.json":
            raise OSError(28, "No space left on device", str(target))
        return replace(path, target)

    words = ("init", home, "--population", home / "population.toml")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        assert "No space left" in fails(1, *words)
    assert [path.name for path in home.iterdir()] == ["population.toml"]
    assert run(*words).code == 0


@pytest.mark.parametrize("harm", ["gone", "cut"])
@pytest.mark.parametrize("table", ["connections", "sources"])
def test_a_data_file_of_the_study_that_is_gone_or_damaged(
    fails: Fails, ready: Path, table: str, harm: str
) -> None:
    path = next((ready / table).rglob("*.parquet"))
    content = path.read_bytes()
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(content[: len(content) // 2])
    # The period of both rounds, so that the file is asked for, whichever it is.
    told = fails(2, "summary", ready, "--period", "2017-01-01..2018-12-31")
    assert path.name in told
    assert ("gone" if harm == "gone" else "damaged") in told
    assert "copy" in told
    assert "SELECT" not in told


def test_what_is_derived_from_a_file_that_is_gone(run: Run, fails: Fails, ready: Path) -> None:
    path = next((ready / "observed").rglob("*.parquet"))
    path.unlink()
    # Answers stay; to derive them anew needs the file.
    assert run("summary", ready, "--period", "2017-01-01..2018-12-31").code == 0
    population = ready / "population.toml"
    population.write_text(population.read_text())
    listed = ready.with_name("list.csv")
    listed.write_text("8.8.8.0,8.8.8.255,US\n")
    words = ["--kind", "country", "--source", "test", "--from", "2017-01-01", "--to", "2018-12-31"]
    assert run("reference", "import", ready, listed, *words).code == 0
    assert path.name in fails(2, "settle", ready)


@pytest.mark.parametrize("lost", [20, 400])
def test_a_parquet_file_that_is_cut(fails: Fails, empty: Path, tmp_path: Path, lost: int) -> None:
    whole = tmp_path / "whole.parquet"
    pq.write_table(
        pa.table({"start": ["2017-06-09"] * 100, "source": ["198.51.100.7"] * 100}), whole
    )
    path = tmp_path / "cut.parquet"
    path.write_bytes(whole.read_bytes()[:-lost])
    assert "Parquet file" in fails(2, "inspect", path)
    assert "Parquet file" in fails(2, "ingest", empty, path)


def test_names_of_files_that_are_no_text(run: Run, empty: Path, simulated: Simulated) -> None:
    folder = empty.with_name("logs")
    folder.mkdir()
    log = next(simulated.rounds[0].folder.rglob("conn*"))
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/f\xff\xfe.log"))
    odd.write_bytes(log.read_bytes())
    assert run("inspect", folder).code == 0
    assert run("inspect", odd, "--json").code == 0
    assert run("ingest", empty, folder).code == 0
    (row,) = json.loads(run("sources", empty, "--json").out)["sources"]
    assert row["name"].endswith("f\ufffd\ufffd.log")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_output_of_any_encoding(
    empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_keys: Path, encoding: str
) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text("8.8.8.0,8.8.8.255,Größe ☃\n")
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    monkeypatch.setenv("FOLKWAYS_CONFIG_DIR", str(own_keys))
    words = ["--kind", "hosting", "--source", "Quelle ☃"]
    told = [
        subprocess.run(
            [sys.executable, "-c", "from folkways.cli import main; main()", *map(str, command)],
            capture_output=True,
            check=False,
        )
        for command in (
            ["reference", "import", empty, listed, *words],
            ["reference", "list", empty],
            ["reference", "list", empty, "--json"],
            ["explain", empty, "8.8.8.8"],
            ["explain", empty, "☃.example"],
            ["inspect", tmp_path / "☃"],
        )
    ]
    assert [one.returncode for one in told] == [0, 0, 0, 0, 0, 2]
    assert not any(b"Traceback" in one.stderr for one in told)
    (row,) = json.loads(told[2].stdout.decode("utf-8" if encoding == "utf-8" else "ascii"))
    assert row["source"] == "Quelle ☃"
