"""Sources that are cut, broken, empty or of no known format: one line, or a counted skip."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from folkways.simulate import Simulated

Run = Callable[..., Any]
Fails = Callable[..., str]
Capture = Callable[[int], tuple[bytes, list[int]]]
DAY = "2017-06-09"


def log(simulated: Simulated, name: str = "conn") -> bytes:
    """A log of the first simulated day, unpacked."""
    return gzip.decompress((simulated.rounds[0].folder / DAY / f"{name}.log.gz").read_bytes())


def inspected(run: Run, path: Path, *words: str) -> dict[str, Any]:
    ran = run("inspect", path, "--json", *words)
    assert ran.code == 0, ran
    assert not ran.err
    (found,) = json.loads(ran.out)["sources"]
    return dict(found)


def test_a_capture_cut_anywhere(run: Run, fails: Fails, tmp_path: Path, capture: Capture) -> None:
    content, ends = capture(12)
    path = tmp_path / "cut.pcap"
    for cut in {*range(1, len(content), 23), *ends, *(e + 1 for e in ends[:-1])}:
        path.write_bytes(content[:cut])
        if cut < ends[0]:
            assert str(path) in fails(2, "inspect", path)
            continue
        whole = sum(end <= cut for end in ends[1:])
        found = inspected(run, path)
        assert found["flows"] == whole
        assert sum(found["skipped"].values()) == (cut not in ends)
        assert found["records"] - sum(found["skipped"].values()) in {
            whole,
            whole - (cut not in ends),
        }


def test_a_cut_capture_goes_in_up_to_the_cut(
    run: Run, empty: Path, tmp_path: Path, capture: Capture
) -> None:
    content, ends = capture(12)
    path = tmp_path / "cut.pcap"
    path.write_bytes(content[: ends[7] + 5])
    ran = run("ingest", empty, path)
    assert ran.code == 0
    assert ran.out.startswith("1 source in (7 flows)")
    assert "1 skipped: " in ran.out
    (entry,) = json.loads(run("sources", empty, "--json").out)["sources"]
    assert sum(entry["skipped"].values()) == 1


@pytest.mark.parametrize("lost", [1, 5, 60])
def test_a_log_cut_in_a_line(run: Run, simulated: Simulated, tmp_path: Path, lost: int) -> None:
    whole = log(simulated)
    body = whole[: whole.rindex(b"#close")]
    rows = sum(not line.startswith(b"#") for line in body.splitlines())
    path = tmp_path / "conn.log"
    path.write_bytes(body)
    assert inspected(run, path)["flows"] == rows
    path.write_bytes(body[:-lost])
    found = inspected(run, path)
    # Whether a line without its end is whole cannot be known.
    assert found["flows"] == rows - 1
    assert found["skipped"] == {"cut line": 1}


def test_a_compressed_log_cut(run: Run, empty: Path, simulated: Simulated, tmp_path: Path) -> None:
    packed = (simulated.rounds[0].folder / DAY / "conn.log.gz").read_bytes()
    for part in (0.3, 0.6, 0.99):
        path = tmp_path / f"conn-{part}.log.gz"
        path.write_bytes(packed[: int(len(packed) * part)])
        found = inspected(run, path)
        assert 0 < found["flows"] < 1709
        assert any("cut" in cause for cause in found["skipped"])
    ran = run("ingest", empty, path)
    assert ran.code == 0
    assert "cut" in ran.out


MAPPING = """
name = "mine"
format = "{format}"
direction = "bidirectional"
[columns]
start = "when"
source_address = "who"
"""


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("parquet", b"PAR1 this is no Parquet file"),
        ("parquet", b"when,who\n1,198.18.0.1\n"),
        ("csv", b"other,columns\n1,198.18.0.1\n"),
        ("csv", b""),
        ("parquet", b""),
    ],
)
def test_a_table_that_is_none(
    fails: Fails, tmp_path: Path, guarded: Path, *, kind: str, content: bytes
) -> None:
    path, mapping = tmp_path / "table", tmp_path / "mapping.toml"
    path.write_bytes(content)
    mapping.write_text(MAPPING.format(format=kind))
    for words in ([], ["--format", "table"]):
        assert str(path) in fails(2, "ingest", guarded, path, "--mapping", mapping, *words)
        assert str(path) in fails(2, "inspect", path, "--mapping", mapping, *words)


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ("this is not TOML", "mapping.toml"),
        ('name = "x"', "mapping.toml"),
        (MAPPING.format(format="xlsx"), "xlsx"),
        (MAPPING.format(format="csv") + 'nonsense = "x"\n', "nonsense"),
        (MAPPING.format(format="csv").replace("bidirectional", "sideways"), "sideways"),
        (MAPPING.format(format="csv").replace("[columns]", 'zone = "Mars"\n[columns]'), "Mars"),
        (None, "flow-export-csv"),
    ],
)
def test_a_mapping_with_a_mistake(
    fails: Fails, empty: Path, tmp_path: Path, mapping: str | None, says: str
) -> None:
    path = tmp_path / "mapping.toml"
    if mapping is not None:
        path.write_text(mapping)
    table = tmp_path / "table.csv"
    table.write_text("when,who\n2017-06-09 01:00:00,198.18.0.1\n")
    for words in (["inspect"], ["ingest", empty]):
        assert says in fails(2, *words, table, "--mapping", path)


def test_sources_with_nothing_in_them(
    fails: Fails, tmp_path: Path, simulated: Simulated, guarded: Path
) -> None:
    (tmp_path / "empty.log").touch()
    (tmp_path / "nothing").mkdir()
    (tmp_path / "unknown").mkdir()
    for i in range(3):
        (tmp_path / "unknown" / f"{i}.bin").write_bytes(bytes([i]) * 100)
    cases = {
        "empty.log": "empty.log is empty",
        "nothing": "nothing is a directory without files",
        "unknown": "is of no known format",
        "absent": "absent does not exist",
    }
    for name, says in cases.items():
        for words in (["inspect"], ["ingest", guarded]):
            assert says in fails(2, *words, tmp_path / name)
    # A path with a typo stops the command before anything else is read.
    logs = simulated.rounds[0].folder
    assert "absent does not exist" in fails(2, "ingest", guarded, logs, tmp_path / "absent")


def test_what_cannot_be_read_is_told_beside_what_can(
    run: Run, empty: Path, tmp_path: Path, capture: Capture
) -> None:
    (tmp_path / "mixed").mkdir()
    for i in range(25):
        (tmp_path / "mixed" / f"{i}.bin").write_bytes(bytes([i]) * 100)
    (tmp_path / "mixed" / "some.pcap").write_bytes(capture(2)[0])
    ran = run("ingest", empty, tmp_path / "mixed")
    assert ran.code == 3
    assert ran.out.startswith("1 source in (2 flows), 0 known already, 25 not readable.\n")
    assert ran.out.count("  not read: ") == 20
    assert ran.out.endswith("  and 5 more\n25 sources could not be read; the rest is in.\n")


def test_the_exit_code_says_that_something_was_not_read(
    run: Run, fails: Fails, empty: Path, tmp_path: Path, capture: Capture
) -> None:
    (tmp_path / "mixed").mkdir()
    bad, good = tmp_path / "mixed" / "a.bin", tmp_path / "mixed" / "b.pcap"
    bad.write_bytes(b"a" * 100)
    good.write_bytes(capture(2)[0])
    assert run("ingest", empty, tmp_path / "mixed", "--dry-run").code == 3
    told = run("ingest", empty, tmp_path / "mixed", "--json")
    assert told.code == 3
    assert [one["name"] for one in json.loads(told.out)["refused"]] == [str(bad)]
    # What is known already is in; the other still is not.
    again = run("ingest", empty, tmp_path / "mixed")
    assert again.code == 3
    assert again.out.endswith("1 source could not be read; the rest is in.\n")
    assert run("ingest", empty, good).code == 0
    fails(2, "ingest", empty, bad)


def test_a_format_that_is_not_the_sources(
    fails: Fails, empty: Path, tmp_path: Path, capture: Capture
) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(capture(2)[0])
    assert "known are zeek, " in fails(2, "ingest", empty, path, "--format", "excel")
    for wrong in ("zeek", "table"):
        assert str(path) in fails(2, "ingest", empty, path, "--format", wrong)
        assert str(path) in fails(2, "inspect", path, "--format", wrong)


def test_what_a_file_says_does_not_steer_the_terminal(
    run: Run, fails: Fails, empty: Path, tmp_path: Path
) -> None:
    told = "\x1b[31m\x9b31m\x07"
    assert "none\u3000\xa0" in fails(2, "inspect", tmp_path / "none\u3000\xa0here")
    assert "\x1b" not in fails(2, "inspect", tmp_path / f"none{told}")
    path = tmp_path / "events.json"
    event = {"timestamp": "2017-06-09T00:00:00.000000+0000", "event_type": "stats", "host": told}
    path.write_text(f"{json.dumps(event)}\n" * 3)
    (tmp_path / f"odd{told}.csv").write_text("a,b\n1,2\n")
    for words in (
        ["inspect", tmp_path],
        ["inspect", tmp_path, "--json"],
        ["ingest", empty, tmp_path],
    ):
        ran = run(*words)
        assert "odd" in ran.out + ran.err
        assert not set(told) - set("[31m") & set(ran.out + ran.err)
