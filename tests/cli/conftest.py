"""Running the command line as a user does, and a small simulated study."""

import shutil
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from folkways.cli import main
from folkways.simulate import Simulated, simulate
from folkways.store import Store


@dataclass(frozen=True)
class Ran:
    """What a command did: its exit code and what it said."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line of an error, without its beginning."""
        assert self.err.startswith("folkways: "), self.err
        assert self.err.endswith("\n")
        assert self.err.count("\n") == 1, self.err
        assert "Traceback" not in self.out + self.err
        return self.err.removeprefix("folkways: ").rstrip("\n")


Run = Callable[..., Ran]
TABLES = ("observed", "names", "answers", "connections", "sources")


@pytest.fixture(autouse=True)
def own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keys of tests lie in the test's folder, never in the user's."""
    folder = tmp_path / "config"
    monkeypatch.setenv("FOLKWAYS_CONFIG_DIR", str(folder))
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process: starting one of its own costs a second."""

    def runner(*arguments: object) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main([str(a) for a in arguments])
        said = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Ran(end.value.code, said.out, said.err)

    return runner


@pytest.fixture
def fails(run: Run) -> Callable[..., str]:
    """The one line of a command that must fail with this exit code, and print nothing else."""

    def runner(code: int, *arguments: object) -> str:
        ran = run(*arguments)
        assert ran.code == code, ran
        assert not ran.out
        return ran.error

    return runner


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    return simulate("two-days", tmp_path_factory.mktemp("simulated") / "two-days")


@pytest.fixture(scope="session")
def _ready(simulated: Simulated, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("ready")
    study = folder / "study"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOLKWAYS_CONFIG_DIR", str(folder / "config"))
        commands: list[list[object]] = [["init", study, "--population", simulated.population]]
        for one in simulated.reference:
            said = ["--kind", one.kind, "--source", one.source, "--from", one.first]
            commands.append(["reference", "import", study, one.path, *said, "--to", one.last])
        commands.append(["ingest", study, *(r.folder for r in simulated.rounds)])
        for command in commands:
            with pytest.raises(SystemExit) as end:
                main([str(a) for a in command])
            assert end.value.code == 0
    return study, folder / "config"


@pytest.fixture
def ready(_ready: tuple[Path, Path], tmp_path: Path, own_keys: Path) -> Path:
    """A copy of a study that holds both rounds of the scenario two-days."""
    study, config = _ready
    shutil.copytree(study, tmp_path / "study")
    shutil.copytree(config, own_keys, dirs_exist_ok=True)
    return tmp_path / "study"


@pytest.fixture
def empty(simulated: Simulated, tmp_path: Path, run: Run) -> Path:
    """A study without sources."""
    assert run("init", tmp_path / "empty", "--population", simulated.population).code == 0
    return tmp_path / "empty"


@pytest.fixture(scope="session")
def stored() -> Callable[[Path], list[Any]]:
    """Every connection of a study as stored, in an order that does not depend on how it got in."""

    def read(study: Path) -> list[Any]:
        with duckdb.connect() as con:
            Store(study).view(con, "c", "connections")
            return sorted(con.sql("SELECT * FROM c").fetchall(), key=repr)

    return read


@pytest.fixture(scope="session")
def strays() -> Callable[[Path], list[Path]]:
    """Files of a study that no commit names and nothing needs."""

    def find(study: Path) -> list[Path]:
        store = Store(study)
        named = {path for table in TABLES for path in store.files(table)}
        folders = [study / table for table in TABLES] + [study / "tmp"]
        found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        found += study.glob(".*")
        return [path for path in found if path not in named and "_delta_log" not in path.parts]

    return find


def make_capture(packets: int) -> tuple[bytes, list[int]]:
    """A classic capture of UDP packets to a member, and where each of its records ends."""
    content = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
    ends = [len(content)]
    for i in range(packets):
        payload = b"\x17" * (20 + i)
        udp = struct.pack(">HHHH", 40_000 + i, 51_820, 8 + len(payload), 0) + payload
        member, remote = bytes([198, 18, 0, 1 + i % 5]), bytes([198, 19, 0, 9])
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), i, 0, 64, 17, 0) + member + remote
        frame = bytes(12) + b"\x08\x00" + ip + udp
        content += struct.pack("<IIII", 1_497_000_000 + i, i, len(frame), len(frame)) + frame
        ends.append(len(content))
    return content, ends


@pytest.fixture(scope="session")
def capture() -> Callable[[int], tuple[bytes, list[int]]]:
    return make_capture


@pytest.fixture
def guarded(
    ready: Path, run: Run, stored: Callable[[Path], list[Any]], strays: Callable[[Path], list[Path]]
) -> Iterator[Path]:
    """A study that must hold the same after the test, without strays, and still take sources."""
    before, sources = stored(ready), run("sources", ready, "--json").out
    yield ready
    assert stored(ready) == before
    assert run("sources", ready, "--json").out == sources
    assert not strays(ready)
    good = ready.with_name("good.pcap")
    good.write_bytes(make_capture(3)[0])
    assert run("ingest", ready, good).out.startswith("1 source in (3 flows)")
