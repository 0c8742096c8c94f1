"""Scenarios, the same seed, mistakes of the user, the lists, and addresses of every scenario."""

import errno
import hashlib
import ipaddress
import itertools
import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.model.errors import StorageError, UserError
from folkways.model.population import Population
from folkways.simulate import Simulated, scenarios, simulate, tsv
from folkways.simulate.places import build
from folkways.simulate.scenario import FOLDER, load, names

RESERVED = [
    ipaddress.ip_network(prefix)
    for prefix in ("198.18.0.0/15", "2001:db8::/32")  # RFC 2544, RFC 3849
]


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes(small: Simulated, tmp_path: Path) -> None:
    again = simulate("two-days", tmp_path / "again", seed=3)
    other = simulate("two-days", tmp_path / "other", seed=4)
    assert digest(again.folder) == digest(small.folder)
    key = "round-1/2017-06-09/conn.log.gz"
    assert digest(other.folder)[key] != digest(small.folder)[key]


def test_scale_and_progress(small_truth: dict[str, Any], tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    simulate("two-days", tmp_path / "half", seed=3, scale=0.5, progress=lambda *at: seen.append(at))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    half = json.loads((tmp_path / "half" / "truth.json").read_text(encoding="utf-8"))
    ratio = half["rounds"][0]["use"] / small_truth["rounds"][0]["use"]
    assert 0.42 < ratio < 0.58


def test_scenarios_are_listed() -> None:
    assert [name for name, _ in scenarios()] == ["reference-study", "two-days"]
    assert all(description for _, description in scenarios())


@pytest.mark.parametrize(
    ("name", "into", "options", "message"),
    [
        ("no-such", "a", {}, "no scenario 'no-such'"),
        ("two-days", "full", {}, "not an empty folder"),
        ("two-days", "full/mine.txt", {}, "not an empty folder"),
        ("two-days", "b", {"seed": -1}, "negative"),
        ("two-days", "b", {"scale": 0.0}, "above 0"),
        ("two-days", "b", {"scale": float("nan")}, "above 0"),
    ],
)
def test_mistakes_are_said_in_one_line(
    tmp_path: Path, name: str, into: str, options: dict[str, Any], message: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep me")
    with pytest.raises(UserError, match=message) as caught:
        simulate(name, tmp_path / into, **options)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "mine.txt"]


def test_what_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        simulate("two-days", tmp_path / "file" / "into")

    def full(path: Path, *_: object) -> None:
        if "2018-01-13" in str(path):
            raise OSError(errno.ENOSPC, "No space left on device")
        path.write_bytes(b"")

    monkeypatch.setattr(tsv, "write", full)
    with pytest.raises(StorageError, match="No space left on device"):
        simulate("two-days", tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('id = "quake4"', 'id = "facebook"', "given twice"),
        ("daily = [0, 80]", "daily = [80]", "number for each round"),
        ('profile = "game"', 'profile = "gam"', "not defined"),
        ("daily = [0, 80]", "dayly = [0, 80]", "dayly"),
        ('id = "dns"', 'id = "dnss"', "'dns'"),
        ("daily = [0, 80]", "daily = [0, 80", "wrong"),
    ],
)
def test_a_wrong_scenario_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    folder = tmp_path / "scenarios"
    shutil.copytree(FOLDER, folder)
    path = folder / "two-days" / "items.toml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        load("two-days", folder)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**64), name=st.sampled_from(names()))
def test_all_addresses_lie_in_reserved_space(seed: int, name: str) -> None:
    scenario = load(name)
    places = build(scenario, seed)
    ranges = [ipaddress.ip_network(part.prefix) for part in scenario.range]
    excluded = [ipaddress.ip_network(part.prefix) for part in scenario.exclude]
    addresses = [ipaddress.ip_address(text) for text in places.texts]
    assert len(set(addresses)) == len(addresses)
    for code, address in enumerate(addresses):
        assert any(address in network for network in RESERVED)
        assert any(address in network for network in ranges) == (code < places.members)
    for code in (*places.active, *places.space):
        assert not any(addresses[code] in network for network in excluded)
    assert all(any(addresses[code] in network for network in excluded) for code in places.outsiders)


def test_the_population_reads_in(study: Simulated) -> None:
    population = Population.load(study.population)
    assert population.name.startswith("Simulated")
    assert population.timezone == "Asia/Pyongyang"
    assert {r.text for r in population.ranges} == {"own range", "borrowed range"}
    assert [r.prefix for r in population.excludes] == ["198.18.3.240/28"]


def test_lists_are_dated_disjoint_and_cover_the_rounds(study: Simulated) -> None:
    manifest = tomllib.loads(
        (study.folder / "reference" / "lists.toml").read_text(encoding="utf-8")
    )["list"]
    assert [one["file"] for one in manifest] == [one.path.name for one in study.reference]
    assert {one["kind"] for one in manifest} == {"asn", "country", "hosting", "vpn", "tor-relay"}
    for number, one in enumerate(study.rounds):
        for kind in ("hosting", "vpn", "tor-relay"):
            holding = [
                found
                for found in study.reference
                if found.kind == kind
                and found.first <= one.period.first
                and found.last >= one.period.last
            ]
            assert [found.path.name for found in holding] == [f"{kind}-round-{number + 1}.csv"]
    for found in study.reference:
        ranges = [line.split(",") for line in found.path.read_text(encoding="utf-8").splitlines()]
        ends = [(ipaddress.ip_address(r[0]), ipaddress.ip_address(r[1])) for r in ranges]
        assert all(int(first) <= int(last) for first, last in ends)
        assert all(int(a[1]) < int(b[0]) for a, b in itertools.pairwise(ends))
        if found.kind == "asn":
            # Private use (RFC 6996): no simulated address belongs to a real network.
            assert all(4_200_000_000 <= int(r[2]) <= 4_294_967_294 for r in ranges)
