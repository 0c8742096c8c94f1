"""Populations, periods, studies and places with a mistake: one line, and nothing half-written."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from folkways.simulate import Simulated

Run = Callable[..., Any]
Fails = Callable[..., str]
Stored = Callable[[Path], list[Any]]
Capture = Callable[[int], tuple[bytes, list[int]]]
DAY, PERIOD = "2017-06-09", "2017-06-09..2017-06-10"


RANGE = '[[range]]\nprefix = "198.51.100.0/24"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no [[range]]"),
        ("name = Example", "not TOML"),
        ('nmae = "Example"\n' + RANGE, "'nmae'"),
        ('timezone = "Asia/Pyonyang"\n' + RANGE, "'Asia/Pyonyang'"),
        ("[study]\nk = 0\n" + RANGE, "k = 0"),
        ("[study]\nk = 1\n" + RANGE, "public_data = true"),
        ('[study]\nk = "five"\n' + RANGE, "'five'"),
        ('[study]\npublic_data = "yes"\n' + RANGE, "public_data must be true or false"),
        ("[study]\npublic = true\n" + RANGE, "'public'"),
        ("study = 5\n" + RANGE, "[study] must be a table"),
        ('[range]\nprefix = "198.51.100.0/24"\n', "[[range]] with two brackets"),
        ('[[range]]\nlabel = "x"\n', "no prefix"),
        ('[[range]]\nprefix = "198.51.100.0/33"\n', "198.51.100.0/33"),
        ('[[range]]\nprefix = "198.51.100.1/24"\n', "did you mean 198.51.100.0/24?"),
        ('[[range]]\nprefix = "198.51.100.0/24"\nfrm = 2017-04-01\n', "'frm'"),
        (RANGE + 'from = "2017-04-01"\n', "from = '2017-04-01' must be a day"),
        (RANGE + "from = 2017-05-01\nto = 2017-04-01\n", "'to' lies before"),
        (RANGE + RANGE, "overlap"),
        (RANGE + '[[exclude]]\nprefix = "198.51.100.7"\nlabel = "x"\n', "'label'"),
        (RANGE + '[[exclude]]\nreason = "x"\n', "no prefix"),
        ("\x00\x01", "not TOML"),
    ],
)
def test_a_population_file_with_a_typo(fails: Fails, tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "population.toml"
    path.write_text(text)
    said = fails(2, "init", tmp_path / "new", "--population", path)
    assert said.startswith(f"{path}: ")
    assert says in said
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "config").exists()


def test_a_population_that_is_no_text(fails: Fails, tmp_path: Path) -> None:
    path = tmp_path / "population.toml"
    path.write_bytes(b"\xff\xfe" * 8)
    assert "UTF-8" in fails(2, "init", tmp_path / "new", "--population", path)
    assert "No such file" in fails(2, "init", tmp_path / "new", "--population", tmp_path / "none")
    assert "directory" in fails(2, "init", tmp_path / "new", "--population", tmp_path)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("period", "says"),
    [
        ("2015-01-01..2015-01-31", "holds nothing of 2015-01-01..2015-01-31"),
        ("2017-06-10..2017-06-09", "ends before it begins"),
        ("2017-06-31..2017-07-01", "is not a period"),
        ("2017-06-09", "neither a period"),
        ("2017-06-09..", "is not a period"),
        ("june", "neither a period (2017-04-01..2017-07-06) nor a round (there are none yet)"),
        ("../x", "is not a period"),
    ],
)
def test_a_period_that_cannot_be_measured(
    fails: Fails, ready: Path, tmp_path: Path, period: str, says: str
) -> None:
    html = tmp_path / "r.html"
    assert says in fails(2, "summary", ready, "--period", period)
    assert says in fails(2, "summary", ready, "--period", period, "--json")
    assert says in fails(2, "compare", ready, PERIOD, period)
    assert says in fails(2, "report", ready, period, "2019-01-01..2019-01-02", "-o", html)
    assert "period" in fails(2, "settle", ready, "--days", period.replace("2015", "x"))
    if ".." in period:
        assert says in fails(2, "round", ready, "name", "--period", period)
    assert not (ready / "rounds").exists() or not list((ready / "rounds").iterdir())
    assert not html.exists()


def test_questions_that_have_no_meaning(fails: Fails, ready: Path, empty: Path) -> None:
    later = "2018-01-12..2018-01-13"
    assert "holds no data yet" in fails(2, "summary", empty, "--period", PERIOD)
    assert "'brand' is not a group" in fails(
        2, "summary", ready, "--period", PERIOD, "--by", "brand"
    )
    assert "'brand' is not a group" in fails(2, "compare", ready, PERIOD, later, "--by", "brand")
    assert "overlap" in fails(2, "compare", ready, PERIOD, PERIOD)
    assert "no meaning" in fails(2, "compare", ready, PERIOD, later, "--by", "service,day")
    assert "column=value" in fails(2, "summary", ready, "--period", PERIOD, "--filter", "service")
    wrong = ["--filter", "hour=24"]
    assert "from 0 to 23" in fails(2, "summary", ready, "--period", PERIOD, *wrong)
    assert "not a day" in fails(2, "explain", ready, "tcp/443", "--day", "yesterday")
    assert "no name for a round" in fails(2, "round", ready, "a/b", "--period", PERIOD)


def everything(study: Path) -> list[list[object]]:
    """One command of each kind that opens a study."""
    return [
        ["ingest", study, study],
        ["settle", study],
        ["sources", study],
        ["summary", study, "--period", PERIOD],
        ["round", study, "x", "--period", PERIOD],
        ["compare", study, PERIOD, "2018-01-12..2018-01-13"],
        ["report", study, PERIOD, "2018-01-12..2018-01-13", "-o", study / "x.html"],
        ["explain", study, "tcp/443"],
        ["key", "destroy", study, "--yes"],
        ["reference", "list", study],
        ["reference", "import", study, study, "--kind", "asn", "--source", "x"],
    ]


def test_a_folder_that_is_no_study(fails: Fails, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "absent", tmp_path):
        for words in everything(folder):
            assert "is not a study" in fails(2, *words)
    for words in everything(tmp_path / "file"):
        assert str(tmp_path / "file") in fails(2, *words)
    assert {path.name for path in tmp_path.iterdir()} == {"file"}


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("study.json", "folkways.study/1", "folkways.study/99", "another version"),
        ("study.json", "{", "[", "study.json"),
        ("study.json", '"id"', '"identity"', "study.json"),
        ("study.json", '"population"', '"people"', "study.json"),
        ("store.json", '"format": 2', '"format": 99', "format 99"),
        ("store.json", "{", "[", "store.json"),
        ("population.toml", "198.18.0.0/24", "198.18.0.0/25", "was changed after"),
        ("population.toml", "[[range]]", "[range", "population.toml"),
    ],
)
def test_a_study_of_another_version_or_broken(
    fails: Fails, ready: Path, *, file: str, old: str, new: str, says: str
) -> None:
    path = ready / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    for words in everything(ready):
        assert says in fails(2, *words)
    path.write_text(text)


def test_a_study_with_a_file_gone(run: Run, fails: Fails, ready: Path) -> None:
    for name in ("study.json", "store.json", "population.toml"):
        (ready / name).rename(ready / "away")
        for words in everything(ready)[:6]:
            assert name in fails(2, *words)
        (ready / "away").rename(ready / name)
    assert run("summary", ready, "--period", PERIOD).code == 0


def test_a_key_that_is_not_there(
    run: Run, fails: Fails, ready: Path, own_keys: Path, capture: Capture
) -> None:
    (key,) = (own_keys / "keys").iterdir()
    key.rename(ready.parent / "key")
    path = ready.parent / "a.pcap"
    path.write_bytes(capture(2)[0])
    assert "key" in fails(2, "ingest", ready, path)
    assert run("summary", ready, "--period", PERIOD).code == 0
    key.write_bytes(b"short")
    assert str(key) in fails(2, "ingest", ready, path)
    key.write_bytes(bytes(range(len((ready.parent / "key").read_bytes()))))
    assert "key" in fails(2, "ingest", ready, path)
    key.unlink()
    (ready.parent / "key").rename(key)
    assert run("ingest", ready, path).code == 0


def test_a_round_that_was_damaged(run: Run, fails: Fails, ready: Path) -> None:
    assert run("round", ready, "one", "--period", PERIOD).code == 0
    assert "frozen already" in fails(2, "round", ready, "one", "--period", f"{DAY}..{DAY}")
    path = ready / "rounds" / "one.json"
    for content in ("{", "[]", '{"schema": "folkways.round/99"}'):
        path.write_text(content)
        assert str(path) in fails(2, "summary", ready, "--period", "one")


def test_lists_that_cannot_be_imported(
    fails: Fails, ready: Path, tmp_path: Path, stored: Stored
) -> None:
    before = stored(ready)
    good = tmp_path / "good.csv"
    good.write_text("198.51.100.0,198.51.100.255,64496\n")
    words = ["reference", "import", ready]
    kind = ["--kind", "asn", "--source", "x"]
    assert "does not exist" in fails(2, *words, tmp_path / "absent.csv", *kind)
    assert "kind" in fails(2, *words, good, "--kind", "colour", "--source", "x")
    assert "not a day" in fails(2, *words, good, *kind, "--from", "June")
    dates = ["--from", "2017-06-10", "--to", "2017-06-09"]
    assert "2017-06-09" in fails(2, *words, good, *kind, *dates)
    for content in (b"", b"\x00\x01\x02", b"a,b\n", b"from,to,asn\n", b"\x1f\x8bbroken"):
        bad = tmp_path / "bad.csv"
        bad.write_bytes(content)
        assert str(bad) in fails(2, *words, bad, *kind)
    assert stored(ready) == before


@pytest.mark.parametrize("below_a_file", [False, True])
def test_places_that_cannot_be_written(
    fails: Fails, run: Run, simulated: Simulated, tmp_path: Path, *, below_a_file: bool
) -> None:
    (tmp_path / "file").write_text("x")
    place = tmp_path / "file" / "below" if below_a_file else tmp_path / "file"
    said = [
        fails(code, *words)
        for code, words in (
            (2, ["init", place, "--population", simulated.population]),
            (1 if below_a_file else 2, ["simulate", "two-days", "--into", place]),
            (1 if below_a_file else 2, ["demo", "--into", place]),
        )
    ]
    assert all(str(tmp_path / "file") in one for one in said)
    assert (tmp_path / "file").read_text() == "x"
    assert run("init", tmp_path / "fine", "--population", simulated.population).code == 0


def test_a_report_that_cannot_be_written(fails: Fails, ready: Path, tmp_path: Path) -> None:
    (tmp_path / "folder.html").mkdir()
    rounds = [PERIOD, "2018-01-12..2018-01-13"]
    assert ".html" in fails(2, "report", ready, *rounds, "-o", tmp_path / "report.pdf")
    assert "two" in fails(2, "report", ready, PERIOD, "-o", tmp_path / "report.html")
    assert "order" in fails(2, "report", ready, *rounds[::-1], "-o", tmp_path / "report.html")
    for path in (tmp_path / "absent" / "report.html", tmp_path / "folder.html"):
        assert str(path) in fails(2, "report", ready, *rounds, "-o", path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"folder.html", "study", "config"}


def test_an_init_that_fails_at_the_last_step_leaves_no_key_behind(
    fails: Fails, run: Run, simulated: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, replace = tmp_path / "study", Path.replace

    def full(path: Path, target: Path) -> Path:
        if target == study:
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        return replace(path, target)

    words = ("init", study, "--population", simulated.population)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        fails(1, *words)
    assert not list((tmp_path / "config").rglob("*.key"))
    assert not list(tmp_path.glob(".study*"))
    assert run(*words).code == 0
    assert len(list((tmp_path / "config").rglob("*.key"))) == 1
