"""The reader against nfdump's own text, in each compression, and against damaged bytes."""

import csv
import io
import ipaddress
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from folkways.formats import nfcapd
from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.nfcapd import NfcapdReader
from folkways.read.reader import ReadOptions
from folkways.read.source import Source

PROTOCOLS = {"TCP": 6, "UDP": 17}


def read(path: Path) -> tuple[list[dict[str, object]], Tally]:
    tally, source = Tally(), Source(path.name, path)
    assert NfcapdReader().sniff(source, ReadOptions()) == 1.0
    batches = NfcapdReader().read(source, ReadOptions(), tally)
    return [row for batch in batches for row in batch.rows.to_pylist()], tally


def hand_built(compression: int = 0) -> bytes:
    """A file of one record: 192.0.2.1:4000 to 198.51.100.2:443, TCP, 3 packets, 180 bytes."""
    elements = b""
    for kind, values in (
        (1, (1_700_000_000_123, 1_700_000_001_456, 0, 3, 180, 4000, 443, 6, 0x1B, 0, 0)),
        (2, (0xC0000201, 0xC6336402)),
        (8, (64500, 0)),
    ):
        dtype = nfcapd.ELEMENTS[kind]
        elements += np.array((kind, dtype.itemsize + 4), nfcapd.ELEMENT_HEADER).tobytes()
        elements += np.array(values, dtype).tobytes()
    size = nfcapd.RECORD_HEADER.itemsize + len(elements)
    record = np.array((11, size, 3, 0, 0, 0, 0, 9), nfcapd.RECORD_HEADER).tobytes() + elements
    content = zstandard.compress(record) if compression == 4 else record
    block = np.array((1, len(content), 3, 0), nfcapd.BLOCK_HEADER).tobytes()
    head = (nfcapd.MAGIC, 2, 0, 0, compression, 0, 0, 0, 0, 0, 1)
    return np.array(head, nfcapd.FILE_HEADER).tobytes() + block + content


@pytest.mark.parametrize("compression", [0, 4])
def test_hand_built_record(tmp_path: Path, compression: int) -> None:
    path = tmp_path / "f"
    path.write_bytes(hand_built(compression))
    (row,), tally = read(path)
    assert (row["start_ms"], row["end_ms"]) == (1_700_000_000_123, 1_700_000_001_456)
    assert row["source_address"] == bytes(10) + b"\xff\xff\xc0\x00\x02\x01"
    assert (row["source_port"], row["destination_port"], row["protocol"]) == (4000, 443, 6)
    assert (row["packets_forward"], row["bytes_forward"]) == (3, 180)
    assert row["tcp_flags_forward"] == 0x1B
    assert (row["source_asn"], row["destination_asn"]) == (64500, None)
    assert row["bytes_reverse"] is row["sampling"] is row["exporter"] is row["begins"] is None
    assert (tally.records, dict(tally.skipped)) == (1, {})


def test_layout_1_is_refused_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "old"
    path.write_bytes(b"\x0c\xa5\x01\x00" + bytes(300))
    with pytest.raises(FormatError, match="nfdump -r OLD -w NEW"):
        read(path)


@given(at=st.integers(0, len(hand_built()) - 1), byte=st.integers(0, 255), cut=st.integers(0, 400))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_bytes_never_crash(tmp_path: Path, at: int, byte: int, cut: int) -> None:
    for compression in (0, 2, 3, 4):
        data = bytearray(hand_built(compression))
        data[min(at, len(data) - 1)] = byte
        path = tmp_path / "damaged"
        path.write_bytes(data[:cut])
        tally = Tally()
        try:
            batches = list(NfcapdReader().read(Source("d", path), ReadOptions(), tally))
        except FormatError:
            continue
        for batch in batches:
            batch.rows.validate(full=True)


@pytest.mark.external
@pytest.mark.parametrize("compression", [0, 2, 3])
def test_equals_nfdumps_text(
    shared_data: Path, tool: Callable[[str], str], tmp_path: Path, compression: int
) -> None:
    made = converted(shared_data, tool, tmp_path, compression)
    rows, tally = read(made)
    text = subprocess.run(
        [tool("nfdump"), "-r", made, "-o", "csv", "-N"],
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    ).stdout
    told = Counter(
        (r["sa"], r["da"], r["sp"], r["dp"], PROTOCOLS[r["pr"]], int(r["ipkt"]), int(r["ibyt"]))
        for r in csv.DictReader(io.StringIO(text))
        if r["pr"] in PROTOCOLS
    )
    assert sum(told.values()) == len(rows) == 4593
    assert told == Counter(
        (
            _text(r["source_address"]),
            _text(r["destination_address"]),
            str(r["source_port"]),
            str(r["destination_port"]),
            r["protocol"],
            r["packets_forward"],
            r["bytes_forward"],
        )
        for r in rows
    )
    assert {r["exporter"] for r in rows} == {"147.32.82.62"}
    assert set(tally.skipped) == {"record that is no flow (exporter, sampler, other)"}


@pytest.mark.external
def test_lzo_is_counted(shared_data: Path, tool: Callable[[str], str], tmp_path: Path) -> None:
    rows, tally = read(converted(shared_data, tool, tmp_path, 1))
    assert rows == []
    assert tally.skipped == {"block compressed with LZO, not read": 1}


def converted(data: Path, tool: Callable[[str], str], folder: Path, compression: int) -> Path:
    made, nfdump = folder / "made", tool("nfdump")
    source = data / "exports/slips/test1-malicious.nfdump"
    commands: list[list[str | Path]] = [[nfdump, "-r", source, "-w", made]]
    if compression:
        commands.append([nfdump, "-J", str(compression), "-r", made])
    for command in commands:
        subprocess.run(command, check=True, capture_output=True, timeout=30)
    return made


def _text(address: object) -> str:
    assert isinstance(address, bytes)
    return str(ipaddress.IPv6Address(address).ipv4_mapped)


def test_schema_is_that_of_records(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(hand_built())
    batch = next(iter(NfcapdReader().read(Source("f", path), ReadOptions(), Tally())))
    assert batch.rows.schema.field("source_address").type == pa.binary(16)
