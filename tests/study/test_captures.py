"""Captures through the whole path: every real one is read, and cuts change nothing."""

import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from folkways.read.reader import ReadOptions
from folkways.study import Study
from folkways.study.inspect import inspect_sources

PRIVATE = """
[study]
k = 1
public_data = true
[[range]]
prefix = "10.0.0.0/8"
[[range]]
prefix = "172.16.0.0/12"
[[range]]
prefix = "192.168.0.0/16"
[[range]]
prefix = "fe80::/10"
"""


@pytest.fixture
def population(tmp_path: Path) -> Path:
    path = tmp_path / "population.toml"
    path.write_text(PRIVATE, encoding="utf-8")
    return path


def connections(study: Study) -> list[tuple[Any, ...]]:
    """Connections with their whole volumes, by key: what must not depend on cuts."""
    query = """
        SELECT member, remote, protocol, member_port, remote_port, sum(opens), min(start_ms),
               max(end_ms), sum(bytes_out), sum(bytes_in), sum(packets_out), sum(packets_in),
               bool_or(answered), min(opened_by), min(noise)
        FROM c GROUP BY ALL
    """
    with duckdb.connect() as con:
        study.folder.store.view(con, "c", "connections")
        return sorted(con.sql(query).fetchall(), key=repr)


@pytest.mark.external
@pytest.mark.slow
def test_every_real_capture_is_inspected_and_ingested(
    shared_data: Path, population: Path, tmp_path: Path
) -> None:
    folder = shared_data / "captures/ndpi/pcap"
    files = sorted(folder.iterdir())
    assert len(files) == 348
    found = inspect_sources([str(folder)], ReadOptions()).sources
    assert len(found) == 348
    # One holds what an exporter sends; all others are metered.
    exports = {Path(one.path).name: one.format for one in found if one.format != "pcap"}
    assert exports == {"sflow.pcap": "sflow"}
    assert not [one.error for one in found if one.error]
    study = Study.create(tmp_path / "study", population)
    done = study.ingest(str(folder))
    assert len(done.entries) == 348
    assert not done.refused
    # What inspect sees and what ingest counts is the same.
    assert sum(e.records for e in done.entries) == sum(one.tally.records for one in found)


@pytest.mark.external
@pytest.mark.parametrize("name", ["wechat.pcap", "instagram.pcap", "dns.pcap", "quic.pcap"])
def test_cuts_of_a_real_capture_change_nothing(
    shared_data: Path, population: Path, tmp_path: Path, tool: Callable[[str], str], name: str
) -> None:
    capture = shared_data / "captures/ndpi/pcap" / name
    whole = Study.create(tmp_path / "whole", population)
    whole.ingest(str(capture))
    subprocess.run(
        [tool("editcap"), "-F", "pcap", "-c", "97", str(capture), str(tmp_path / "part.pcap")],
        check=True,
        capture_output=True,
    )
    parts = sorted(tmp_path.glob("part*.pcap"), reverse=True)
    assert len(parts) > 1 or name == "dns.pcap"
    # A study of the same key, so that pseudonyms can be compared.
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    cut = Study.open(tmp_path / "cut")
    cut.remove_source(cut.sources()[0]["id"])
    cut.ingest(*map(str, parts))
    assert connections(cut) == connections(whole)


def syn(at: int, flags: int, *, back: bool = False) -> bytes:
    """A TCP segment without payload between 10.0.0.1:1000 and 192.0.2.1:80, as a pcap record."""
    ends = [bytes([10, 0, 0, 1]), bytes([192, 0, 2, 1])]
    ports = [1000, 80]
    if back:
        ends.reverse()
        ports.reverse()
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 40, 0, 0, 64, 6, 0) + b"".join(ends)
    tcp = struct.pack(">HHIIBBHHH", *ports, 7, 0, 0x50, flags, 0, 0, 0)
    packet = ip + tcp
    return struct.pack("<IIII", at, 0, len(packet), len(packet)) + packet


HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)


@pytest.mark.parametrize("cut", range(6))
def test_a_handshake_cut_anywhere_is_one_answered_connection(
    population: Path, tmp_path: Path, cut: int
) -> None:
    start = 1_600_000_000
    packets = [
        syn(start, 2),
        syn(start + 3, 2),
        syn(start + 3, 18, back=True),
        syn(start + 4, 16),
        syn(start + 90, 17),
        syn(start + 91, 17, back=True),
    ]
    for name, part in (("a", packets[:cut]), ("b", packets[cut:])):
        (tmp_path / name).write_bytes(HEADER + b"".join(part))
    study = Study.create(tmp_path / "study", population)
    study.ingest(str(tmp_path / "b"), str(tmp_path / "a"))
    ((*_, opens, first, last, out, into, _, _, answered, opened, noise),) = [
        row[4:] for row in connections(study)
    ]
    assert (opens, answered, opened, noise) == (1, True, "member", "use")
    assert (first, last) == (start * 1000, (start + 91) * 1000)
    assert (out, into) == (160, 80)
