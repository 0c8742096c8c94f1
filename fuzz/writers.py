"""The writers that the tests have, which are in no package that could be imported."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

TESTS = Path(__file__).resolve().parent.parent / "tests"


def writer(path: str) -> ModuleType:
    """The module of the tests at a path below their folder."""
    file = TESTS / path
    if str(TESTS.parent) not in sys.path:
        sys.path.append(str(TESTS.parent))  # they import each other as tests.x
    spec = importlib.util.spec_from_file_location(f"writer_{path.replace('/', '_')[:-3]}", file)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
