"""The promises that the fuzzer holds readers to, on its seeds and on small changes of them."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from folkways.read.capture.signatures import signatures
from folkways.read.readers import READERS

FUZZ = Path(__file__).resolve().parents[2] / "fuzz"
CORPUS = sorted(path for path in (FUZZ / "corpus").rglob("*") if path.is_file())
PACKED = {".gz", ".tgz", ".bz2", ".xz", ".parquet"}
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


@pytest.fixture(scope="session")
def fuzz() -> Iterator[ModuleType]:
    yield from _module("fuzz")


def test_every_family_has_seeds(harness: ModuleType, fuzz: ModuleType) -> None:
    assert set(BY_FAMILY) == {*harness.FAMILIES, *harness.PARSERS} == set(fuzz.FAMILIES)


def test_every_reader_is_in_a_family(harness: ModuleType) -> None:
    tried = {family.reader.name for family in harness.FAMILIES.values()}
    # nfstream's own library reads the packets; what it gives is no input of ours.
    assert {reader.name for reader in READERS} - tried == {"nfstream"}


def test_seeds_are_as_made(seeds: ModuleType) -> None:
    for family, name, content in seeds.seeds():
        path = FUZZ / "corpus" / family / name
        # Compressors and Parquet's writer pack otherwise in other versions.
        if path.suffix not in PACKED:
            assert path.read_bytes() == content, f"run python fuzz/seeds.py ({path.name})"


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_seeds_break_no_promise(harness: ModuleType, path: Path) -> None:
    found = harness.examine(path.parent.name, path.read_bytes())
    if path.name.startswith("found-"):
        return
    results = found if isinstance(found, list) else [found]
    assert not all(isinstance(one, str) for one in results), f"a seed must be read: {found}"
    if path.parent.name in harness.FAMILIES:
        tables, tally = found
        assert tables or tally.skipped, "a seed must be read"


@pytest.mark.parametrize("family", ["capture", "payload"])
def test_handshakes_of_all_signatures_are_among_the_seeds(harness: ModuleType, family: str) -> None:
    labels: set[str] = set()
    for path in sorted((FUZZ / "corpus" / family).glob("signatures-*")):
        tables, _ = harness.examine(family, path.read_bytes())
        labels.update(tables["records"]["sensor_label"].to_pylist())
    assert labels == {signature.label for signature in signatures()}


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
