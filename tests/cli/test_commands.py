"""Every command is documented by an example that works, and says how it ended by its exit code."""

import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer

from folkways.cli.app import app
from folkways.model.errors import StorageError
from folkways.simulate import Simulated
from folkways.study import Study

Run = Callable[..., Any]
Fails = Callable[..., str]
ROOT = typer.main.get_command(app)


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something, with the words that name it."""
    for name, command in vars(ROOT)["commands"].items():
        for part, below in vars(command).get("commands", {"": command}).items():
            yield f"{name} {part}".strip(), below


COMMANDS = dict(commands())


def test_the_tree_has_all_commands() -> None:
    words = "demo inspect init ingest settle sources summary round compare report explain simulate"
    assert {*words.split(), "key destroy", "reference import", "catalogue check"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_that_parses(name: str) -> None:
    paragraphs = COMMANDS[name].help.split("\n\n")
    example = " ".join(paragraphs[-1].split())
    assert example.startswith(f"Example: folkways {name}"), example
    words = shlex.split(example.removeprefix("Example: folkways "))[len(name.split()) :]
    with COMMANDS[name].make_context(name, words) as context:
        assert set(context.params) == {p.name for p in COMMANDS[name].params} - {"help"}
    summary = paragraphs[0]
    assert summary.endswith(".")
    assert len(summary) <= 64, "the list of commands would cut it"


def without_help(name: str) -> Iterator[str]:
    for parameter in COMMANDS[name].params:
        if not parameter.help:
            yield parameter.name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_parameter_is_explained(name: str) -> None:
    assert not list(without_help(name))


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], *([*n.split(), "-h"] for n in COMMANDS)])
def test_help_goes_to_standard_output(run: Run, words: list[str]) -> None:
    ran = run(*words)
    assert ran.code == 0
    assert not ran.err
    assert "Usage: folkways" in ran.out
    assert "Example:" in ran.out
    assert "..." not in ran.out.partition("Commands:")[2]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["summry"], "Did you mean 'summary'? (see folkways --help)"),
        (["key"], "Missing command (see folkways key --help)"),
        (["summary", "x", "--wrong"], "No such option: --wrong"),
        (["--wrong"], "No such option: --wrong"),
        (["summary", "x"], "Missing option '--period' (see folkways summary --help)"),
        (["summary"], "Missing"),
        (["ingest", "x"], "Missing argument 'SOURCE' (see folkways ingest --help)"),
        (["ingest", "x", "y", "--jobs", "0"], "--jobs"),
        (["ingest", "x", "y", "--jobs", "many"], "--jobs"),
        (["explain", "x", "y", "z"], "unexpected extra argument"),
        (["key", "destroy", "x", "--period", "y"], "No such option: --period"),
        (["simulate", "two-days"], "--into"),
        (["simulate", "nothing", "--into", "x"], "two-days"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_2(
    fails: Fails, words: list[str], says: str
) -> None:
    assert says in fails(2, *words)


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (StorageError("The disk is full."), 1, "The disk is full."),
        (OSError(5, "Input/output error", "/x"), 1, "/x: Input/output error."),
        (PermissionError(13, "Permission denied", "/x"), 2, "/x: Permission denied."),
        (duckdb.IOException("IO Error: no space\nmore"), 1, "IO Error: no space more"),
        (duckdb.OutOfMemoryException("Out of memory\n\nmore"), 1, "raise FOLKWAYS_MEMORY_MB"),
        (typer.Abort(), 2, "stopped; nothing was done."),
        (KeyboardInterrupt(), 130, "stopped; what was committed stays."),
    ],
)
def test_failures_are_one_line(
    fails: Fails, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, says: str
) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr(Study, "open", fail)
    assert says in fails(code, "settle", "x")


def test_a_bug_keeps_its_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Study, "open", fail)
    with pytest.raises(ZeroDivisionError):
        run("settle", "x")


def test_the_installed_command_and_a_reader_that_goes_away() -> None:
    program = Path(sys.executable).with_name("folkways")
    with subprocess.Popen(
        [program, "catalogue", "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        process.stdout.close()
        assert first.split()[0] == b"id"
        assert not process.stderr.read()
    assert process.returncode == 0


def test_tables_for_people_have_no_trailing_blanks(run: Run, ready: Path) -> None:
    period = "2017-06-09..2017-06-10"
    for words in (
        ["sources", ready],
        ["summary", ready, "--period", period],
        ["summary", ready, "--period", period, "--by", "weekday,hour"],
        ["compare", ready, period, "2018-01-12..2018-01-13"],
        ["explain", ready, "www.facebook.com"],
        ["reference", "list", ready],
        ["catalogue", "list"],
        ["simulate"],
    ):
        ran = run(*words)
        assert ran.code == 0
        assert not ran.err
        lines = ran.out.splitlines()
        assert len(lines) > 1
        assert all(line == line.rstrip() for line in lines)
        assert "\x1b" not in ran.out


def test_a_summary_is_a_table_with_grouped_numbers(run: Run, ready: Path) -> None:
    ran = run("summary", ready, "--period", "2017-06-09..2017-06-10", "--by", "service")
    table = [line.split() for line in ran.out.splitlines()]
    assert table[0][:4] == ["service", "operator", "connections", "answered"]
    facebook = next(row for row in table if row[0] == "facebook")
    assert facebook[:4] == ["facebook", "meta", "1,023", "1,023"]
    days = run("summary", ready, "--period", "2017-06-09..2017-06-10", "--by", "weekday")
    assert [line.split()[0] for line in days.out.splitlines()[:3]] == ["weekday", "Fri", "Sat"]


def test_what_an_ingest_did_is_said(run: Run, empty: Path, simulated: Simulated) -> None:
    folder = simulated.rounds[0].folder
    first = run("ingest", empty, folder)
    assert first.code == 0
    assert first.out.startswith("10 sources in (")
    assert "excluded: resold to a VPN provider elsewhere" in first.out
    second = run("ingest", empty, folder)
    assert second.out == "0 sources in (0 flows), 10 known already, 0 not readable.\n"
    assert not first.err + second.err


def test_taking_a_source_out(run: Run, fails: Fails, ready: Path) -> None:
    source = run("sources", ready).out.splitlines()[1].split()[0]
    ran = run("sources", ready, "remove", source)
    assert ran.out.startswith(f"{source} is out; ")
    assert "No source" in fails(2, "sources", ready, "remove", source)
    assert "sources STUDY remove ID" in fails(2, "sources", ready, "remove")
    assert "sources STUDY remove ID" in fails(2, "sources", ready, "delete", source)


def test_the_key_is_destroyed_only_on_purpose(run: Run, fails: Fails, ready: Path) -> None:
    assert "--yes" in fails(2, "key", "destroy", ready)
    assert run("key", "destroy", ready, "--yes").code == 0
    again = fails(2, "key", "destroy", ready, "--yes")
    assert "key" in again


def test_nothing_to_show_is_said(run: Run, empty: Path, ready: Path) -> None:
    assert run("sources", empty).out == "No sources yet.\n"
    assert run("reference", "list", empty).out.startswith("No lists yet")
    assert run("explain", empty, "nobody.invalid").out == "No rule speaks for nobody.invalid.\n"
    words = ["--period", "2017-06-09..2017-06-10", "--filter", "service=nothing"]
    assert run("summary", ready, *words).out.startswith("Nothing of this was used")
