"""Answers for programs are JSON and nothing else; a report is one page and nothing else."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from folkways.cli.app import app
from folkways.simulate import Simulated

Run = Callable[..., Any]
Fails = Callable[..., str]
BEFORE, AFTER = "2017-06-09..2017-06-10", "2018-01-12..2018-01-13"
WITH_JSON: dict[str, list[str]] = {
    "summary": ["STUDY", "--period", BEFORE, "--by", "day,service"],
    "compare": ["STUDY", BEFORE, AFTER, "--by", "function"],
    "inspect": ["LOGS"],
    "ingest": ["STUDY", "LOGS"],
    "sources": ["STUDY"],
    "explain": ["STUDY", "198.19.0.193", "--day", "2017-06-09"],
}


def test_every_command_with_json_is_tested() -> None:
    commands = vars(typer.main.get_command(app))["commands"].items()
    offered = {name for name, c in commands if any("--json" in p.opts for p in c.params)}
    assert offered == set(WITH_JSON)


@pytest.mark.parametrize("name", WITH_JSON)
def test_json_is_all_that_is_printed(
    run: Run, ready: Path, simulated: Simulated, name: str
) -> None:
    places = {"STUDY": str(ready), "LOGS": str(simulated.rounds[0].folder)}
    ran = run(name, *(places.get(word, word) for word in WITH_JSON[name]), "--json")
    assert ran.code == 0
    assert not ran.err

    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is no JSON")

    answer = json.loads(ran.out, parse_constant=refuse)
    assert answer["schema"] == f"folkways.{name}/{2 if name == 'inspect' else 1}"
    assert answer.get("rows") or answer.get("sources") or answer.get("known")


def test_a_dry_run_is_json_too(run: Run, empty: Path, simulated: Simulated) -> None:
    folder = str(simulated.rounds[0].folder)
    ran = run("ingest", empty, folder, "--dry-run", "--json")
    assert (ran.code, ran.err) == (0, "")
    told = json.loads(ran.out)
    assert told["schema"] == "folkways.dry-run/1"
    said = run("ingest", empty, folder, "--dry-run")
    assert f"about {told['flows']:,} flows" in said.out
    # Nothing of it is in.
    assert json.loads(run("sources", empty, "--json").out)["sources"] == []


def test_numbers_in_json_are_the_simulated_ones(run: Run, ready: Path) -> None:
    words = ["--period", BEFORE, "--by", "service", "--filter", "service=facebook"]
    (row,) = json.loads(run("summary", ready, *words, "--json").out)["rows"]
    assert (row["service"], row["operator"], row["state"]) == ("facebook", "meta", "measured")
    assert row["connections"] == 1023


def test_a_round_can_be_asked_by_its_name(run: Run, ready: Path) -> None:
    assert run("round", ready, "one", "--period", BEFORE).code == 0
    by_name, by_days = (run("summary", ready, "--period", p, "--json") for p in ("one", BEFORE))
    assert by_name.code == 0
    assert by_name.out == by_days.out
    assert run("compare", ready, "one", AFTER).code == 0


def test_standard_input_is_a_source(empty: Path, simulated: Simulated) -> None:
    log = (simulated.rounds[0].folder / "2017-06-09" / "conn.log.gz").read_bytes()
    program = Path(sys.executable).with_name("folkways")
    done = subprocess.run(
        [program, "ingest", empty, "-"], input=log, capture_output=True, check=True
    )
    assert done.stdout.startswith(b"1 source in (1,686 flows)")
    assert not done.stderr


@pytest.mark.slow
def test_a_report_is_one_page(
    run: Run, ready: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "report.html").write_text("an older one", encoding="utf-8")
    before = sorted(tmp_path.iterdir())
    title = "Use & <change>"
    ran = run("report", ready, BEFORE, AFTER, "-o", "report.html", "--title", title)
    assert ran.code == 0
    assert ran.out == "The report: report.html\n"
    assert not ran.err
    assert sorted(tmp_path.iterdir()) == before
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Use &amp; &lt;change&gt;" in page
    assert title not in page
    assert "simulated" in page.lower()
    for outside in ("<script", 'src="http', 'href="http', "@import", "url(http"):
        assert outside not in page
