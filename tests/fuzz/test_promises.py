"""The promises that the fuzzer holds readers to, on its seeds and on small changes of them."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FUZZ = Path(__file__).resolve().parents[2] / "fuzz"
CORPUS = sorted(path for path in (FUZZ / "corpus").rglob("*") if path.is_file())
BY_FAMILY: dict[str, list[bytes]] = {}
for seed in CORPUS:
    BY_FAMILY.setdefault(seed.parent.name, []).append(seed.read_bytes())


def _module(name: str) -> Iterator[ModuleType]:
    sys.path.insert(0, str(FUZZ))
    try:
        yield importlib.import_module(name)
    finally:
        sys.path.remove(str(FUZZ))


@pytest.fixture(scope="session")
def harness() -> Iterator[ModuleType]:
    yield from _module("harness")


@pytest.fixture(scope="session")
def seeds() -> Iterator[ModuleType]:
    yield from _module("seeds")


def test_every_family_has_seeds(harness: ModuleType) -> None:
    assert set(BY_FAMILY) == set(harness.FAMILIES)


def test_seeds_are_as_made(seeds: ModuleType) -> None:
    for family, name, content in seeds.seeds():
        path = FUZZ / "corpus" / family / name
        # Compressors of other versions may pack otherwise.
        if name != "packed.pcap.gz":
            assert path.read_bytes() == content, f"run python fuzz/seeds.py ({path.name})"


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_seeds_break_no_promise(harness: ModuleType, path: Path) -> None:
    found = harness.examine(path.parent.name, path.read_bytes())
    if not path.name.startswith("found-"):
        tables, tally = found
        assert tables or tally.skipped, "a seed must be read"


CHANGE = st.tuples(
    st.sampled_from(["flip", "cut", "zero", "ones", "again", "insert"]),
    st.floats(0, 1, exclude_max=True),
    st.integers(1, 16),
    st.binary(min_size=1, max_size=8),
)


def changed(data: bytes, kind: str, at: float, size: int, more: bytes) -> bytes:
    """The data with one change at a place of it."""
    place = int(at * len(data))
    match kind:
        case "flip":
            return (
                data[:place]
                + bytes(b ^ 0xFF for b in data[place : place + size])
                + (data[place + size :])
            )
        case "cut":
            return data[:place]
        case "zero":
            return data[:place] + bytes(size) + data[place + size :]
        case "ones":
            return data[:place] + b"\xff" * size + data[place + size :]
        case "again":
            return data + data[place:]
        case _:
            return data[:place] + more + data[place:]


@pytest.mark.parametrize("family", sorted(BY_FAMILY))
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_changes_break_no_promise(harness: ModuleType, family: str, data: st.DataObject) -> None:
    content = data.draw(st.sampled_from(BY_FAMILY[family]))
    for kind, at, size, more in data.draw(st.lists(CHANGE, min_size=1, max_size=3)):
        content = changed(content, kind, at, size, more)
    harness.examine(family, content)


@pytest.mark.parametrize("family", sorted(BY_FAMILY))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_seeds_of_other_formats_behind_break_no_promise(
    harness: ModuleType, family: str, data: st.DataObject
) -> None:
    first = data.draw(st.sampled_from(BY_FAMILY[family]))
    second = data.draw(st.sampled_from([seed for seeds in BY_FAMILY.values() for seed in seeds]))
    harness.examine(family, first + second)
