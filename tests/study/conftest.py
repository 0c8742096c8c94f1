"""A small simulated study, made once; each test gets a copy of what it changes."""

import shutil
from pathlib import Path

import pytest

from folkways.simulate import Simulated, simulate
from folkways.study import Study


@pytest.fixture(autouse=True)
def own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keys of tests lie in the test's folder, never in the user's."""
    folder = tmp_path / "config"
    monkeypatch.setenv("FOLKWAYS_CONFIG_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return simulate("two-days", tmp_path_factory.mktemp("simulated") / "two-days")


@pytest.fixture(scope="session")
def _ready(simulated: Simulated, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("ready")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOLKWAYS_CONFIG_DIR", str(folder / "config"))
        study = Study.create(folder / "study", simulated.population)
        for one in simulated.reference:
            study.import_list(one.path, one.kind, source=one.source, first=one.first, last=one.last)
        study.ingest(*(str(r.folder) for r in simulated.rounds))
    return folder / "study", folder / "config"


@pytest.fixture
def ready(_ready: tuple[Path, Path], tmp_path: Path, own_keys: Path) -> Study:
    """A copy of a study that holds both rounds of the scenario two-days."""
    study, config = _ready
    shutil.copytree(study, tmp_path / "study")
    shutil.copytree(config, own_keys)
    return Study.open(tmp_path / "study")
