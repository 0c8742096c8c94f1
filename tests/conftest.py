"""What all tests share: real data and tools that may be absent, and golden files."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NO_SKIP = os.environ.get("FOLKWAYS_NO_SKIP") == "1"
REBUILD = os.environ.get("FOLKWAYS_REBUILD_GOLDEN") == "1"


def _absent(what: str) -> None:
    if NO_SKIP:
        pytest.fail(f"{what} is missing, and FOLKWAYS_NO_SKIP=1 forbids to skip")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def needs() -> Callable[[str, bool], None]:
    """Go on only if something is there (mark the test ``external``)."""

    def check(what: str, there: bool) -> None:  # noqa: FBT001  # a condition, named by the words
        if not there:
            _absent(what)

    return check


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the project (mark the test ``external``)."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        _absent("the folder ../shared/data")
    return folder


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """The path of an installed program (mark the test ``external``)."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            _absent(f"the program {name}")
        return str(path)

    return find


@pytest.fixture
def golden() -> Callable[[Path, str], None]:
    """Compare text with a golden file; ``make golden`` rebuilds it, to be read as a diff."""

    def check(path: Path, text: str) -> None:
        if REBUILD:
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{path} differs; see make golden"

    return check
