"""Two simulations, each written once."""

import json
from pathlib import Path
from typing import Any

import pytest

from folkways.simulate import Simulated, simulate


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return simulate("two-days", tmp_path_factory.mktemp("small") / "into", seed=3)


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return simulate("reference-study", tmp_path_factory.mktemp("study") / "into", seed=5)


@pytest.fixture(scope="session")
def small_truth(small: Simulated) -> dict[str, Any]:
    return _truth(small.truth)


@pytest.fixture(scope="session")
def study_truth(study: Simulated) -> dict[str, Any]:
    return _truth(study.truth)


def _truth(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
