"""A demo in a folder that holds one already, and in one that holds something else."""

from pathlib import Path

import pytest

from folkways.model.errors import UserError
from folkways.simulate import Simulated
from folkways.study import Study, demo
from folkways.study.progress import Silent


class Told(Silent):
    def __init__(self) -> None:
        self.sentences: list[str] = []

    def say(self, sentence: str) -> None:
        self.sentences.append(sentence)


def run(into: Path) -> tuple[Path, list[str]]:
    told = Told()
    return demo.run_demo(into, "two-days", told), told.sentences


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOLKWAYS_CONFIG_DIR", str(tmp_path / "config"))
    return tmp_path / "config" / "keys"


def test_a_second_demo_tells_of_the_first(tmp_path: Path) -> None:
    into = tmp_path / "demo"
    report, told = run(into)
    assert report == into / "report.html"
    assert not told
    before = report.read_bytes(), report.stat().st_mtime_ns
    again, told = run(into)
    assert again == report
    assert "already" in told[0]
    assert (report.read_bytes(), report.stat().st_mtime_ns) == before


def test_a_demo_that_was_stopped_is_made_anew(
    tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into = tmp_path / "demo"

    def stopped(*_: object, **__: object) -> Simulated:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(demo, "simulate", stopped)
        with pytest.raises(KeyboardInterrupt):
            run(into)
    with monkeypatch.context() as patch:
        patch.setattr(Study, "freeze_round", stopped)
        with pytest.raises(KeyboardInterrupt):
            run(into)
    assert len(list(keys.iterdir())) == 1
    report, told = run(into)
    assert report.is_file()
    assert not told
    # The key of the study that is gone went with it; a note says so in its place.
    assert sorted("destroyed" in path.read_text() for path in keys.iterdir()) == [False, True]


def test_what_is_no_demo_stays(tmp_path: Path) -> None:
    into = tmp_path / "mine"
    (into / "study").mkdir(parents=True)
    with pytest.raises(UserError, match="not empty"):
        run(into)
    (into / demo.MARK).write_text("reference-study")
    with pytest.raises(UserError, match="not empty"):
        run(into)
    assert (into / "study").is_dir()
