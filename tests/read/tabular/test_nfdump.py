"""nfdump's csv and json of a real file, against the reader of that file itself."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.nfcapd import NfcapdReader
from folkways.read.reader import ReadOptions
from folkways.read.source import Source

ZONE = "Europe/Prague"
SAME = (
    "source_address",
    "destination_address",
    "source_port",
    "destination_port",
    "protocol",
    "bytes_forward",
    "packets_forward",
    "tcp_flags_forward",
    "bytes_reverse",
    "packets_reverse",
)


def printed(tool: Callable[[str], str], form: str, path: Path) -> bytes:
    command = [tool("nfdump"), "-r", str(path), "-o", form]
    done = subprocess.run(command, env={**os.environ, "TZ": ZONE}, capture_output=True, check=True)
    return done.stdout


@pytest.mark.external
@pytest.mark.parametrize("form", ["csv", "json"])
def test_what_nfdump_prints_is_what_its_file_holds(
    shared_data: Path,
    tool: Callable[[str], str],
    read: Callable[..., Any],
    write: Callable[..., Path],
    form: str,
) -> None:
    unit = 1000 if form == "csv" else 1
    path = shared_data / "exports/slips/test1-malicious.nfdump"
    batches = NfcapdReader().read(Source(path.name, path), ReadOptions(), Tally())
    flows = [row for b in batches if b.kind == "records" for row in b.rows.to_pylist()]
    mapping = write(f'name = "own"\npreset = "nfdump-{form}"\nzone = "{ZONE}"\n', "own.toml")
    table = write(printed(tool, form, path))
    found, tally = read(table, mapping)
    assert len(found) == len(flows) == 4593
    assert [[r[c] for c in SAME] for r in found] == [[f[c] for c in SAME] for f in flows]
    for time in ("start_ms", "end_ms"):
        assert [r[time] // unit for r in found] == [f[time] // unit for f in flows]
    assert {r["exporter"] for r in found} == {"147.32.82.62"}
    assert not tally.flagged
    # What follows the rows of csv: a word, a header and a row of sums.
    assert sum(tally.skipped.values()) == (3 if form == "csv" else 0)
    with pytest.raises(FormatError, match=f"nfdump-{form} has local times"):
        read(table)


CSV_1_7_4 = """firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,packets,bytes,flows
2024-03-31 03:00:00.250,1.500,TCP,192.0.2.1,1024,198.51.100.1,443,3,180,1
"""
FAST = (
    "cnt,af,firstSeen,lastSeen,proto,srcAddr,srcPort,dstAddr,dstPort,srcAS,dstAS,input,output,"
    "flags,srcTos,packets,bytes\n"
    "1,2,1711846800250,1711846801750,6,192.0.2.1,1024,198.51.100.1,443,0,64496,1,2,...AP.SF,0,3,180\n"
)


@pytest.mark.parametrize(("text", "zoned"), [(CSV_1_7_4, True), (FAST, False)])
def test_the_newer_columns(
    read: Callable[..., Any],
    write: Callable[..., Path],
    text: str,
    zoned: bool,  # noqa: FBT001  # a parameter
) -> None:
    own = f'name = "own"\npreset = "nfdump-names-csv"\nzone = "{ZONE}"\n'
    (row,), tally = read(write(text), write(own, "own.toml") if zoned else None)
    # The first second of summer time.
    assert (row["start_ms"], row["end_ms"]) == (1711846800250, 1711846801750)
    assert (row["protocol"], row["source_port"], row["destination_port"]) == (6, 1024, 443)
    assert (row["packets_forward"], row["bytes_forward"], row["flaws"]) == (3, 180, None)
    assert row["destination_asn"] == (None if zoned else 64496)
    assert row["tcp_flags_forward"] == (None if zoned else 0b11011)
    assert not tally.flagged


def test_packets_printed_for_bytes_are_noticed(
    read: Callable[..., Any], write: Callable[..., Path]
) -> None:
    text = FAST + FAST.splitlines()[1].replace(",3,180", ",3,3") + "\n"
    found, tally = read(write(text))
    assert [row["bytes_forward"] for row in found] == [180, 3]
    assert tally.flagged == {"fewer bytes than IP headers alone have": 1}
