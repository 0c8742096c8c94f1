"""Real files of five record formats against each other, and damaged, absurd and odd input."""

import gzip
import json
import resource
import struct
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.read.silk import silk_files as files

from folkways.model.addresses import address_from_text, address_to_text
from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.reader import ReadOptions
from folkways.read.silk import SilkReader
from folkways.read.silk.blocks import ROWS
from folkways.read.source import Source


def read(content: bytes, path: Path) -> tuple[list[dict[str, Any]], Tally]:
    path.write_bytes(content)
    table, tally = read_table(path)
    return table.to_pylist(), tally


def read_table(path: Path) -> tuple[pa.Table, Tally]:
    tally, source = Tally(), Source(path.name, path)
    batches = list(SilkReader().read(source, ReadOptions(), tally))
    return pa.table([]) if not batches else pa.Table.from_batches([b.rows for b in batches]), tally


def generic(
    *,
    start: int = files.START_S * 1000,
    elapsed: int = 7,
    protocol: int = 6,
    ports: tuple[int, int] = (51_000, 443),
    flags: tuple[int, int, int, int] = (0x1B, 0x02, 0x19, 0x01),
    sensor: int = 3,
    application: int = 0,
) -> bytes:
    """A record of FT_RWGENERIC v5."""
    return struct.pack(
        "<QIHHBBHBBBBHHHHIIIII",
        *(start, elapsed, *ports, protocol, 1, sensor, *flags, application, 0, 1, 2),
        *(10, 1_234, files.SOURCE, files.DESTINATION, 0),
    )


def generic_file(*records: bytes, compression: int = 0) -> bytes:
    head = files.header("FT_RWGENERIC", 5, compression=compression)
    if not compression:
        return head + b"".join(records)
    return head + b"".join(files.block(r, compression) for r in records)


@pytest.mark.external
def test_five_files_hold_the_same_flows(shared_data: Path) -> None:
    folder = shared_data / "exports" / "silk"
    expected = json.loads((folder / "expected.json").read_text())
    tables = []
    for path in sorted(folder.glob("*.dat")):
        table, tally = read_table(path)
        assert tally.records == table.num_rows == expected["records_per_file"]
        assert not tally.skipped
        assert not tally.flagged
        (version,) = tally.versions
        assert path.name.startswith(version.split()[1])
        tables.append(table)
    assert len(tables) == 5
    # Field by field; all columns of all five are carried by each of the formats.
    for table in tables[1:]:
        for name in table.column_names:
            assert table[name].equals(tables[0][name]), name
    first, second = tables[0].slice(0, 2).to_pylist()
    want = expected["first"]
    assert first["source_address"] == address_from_text(want["src"])
    assert first["destination_address"] == address_from_text(want["dst"])
    assert (first["source_port"], first["destination_port"]) == (want["src_port"], want["dst_port"])
    assert (first["protocol"], first["packets_forward"]) == (want["protocol"], want["packets"])
    assert (first["bytes_forward"], first["tcp_flags_forward"]) == (
        want["bytes"],
        want["tcp_flags"],
    )
    assert first["start_ms"] == want["start_ms"]
    assert first["end_ms"] == want["start_ms"] + want["duration_ms"]
    assert first["exporter"] == f"sensor {want['sensor']}"
    want = expected["second"]
    assert address_to_text(second["source_address"]) == want["src"]
    assert address_to_text(second["destination_address"]) == want["dst"]
    assert second["source_port"] == want["src_port"]


@pytest.mark.external
def test_every_record_as_struct_unpacks_it(shared_data: Path) -> None:
    path = shared_data / "exports" / "silk" / "FT_RWGENERIC-v5-c1-B.dat"
    content = path.read_bytes()
    at = 16
    while True:
        number, size = struct.unpack_from(">II", content, at)
        at += size
        if number == 0:
            break
    plain = b""
    while at < len(content):
        size, _ = struct.unpack_from(">II", content, at)
        plain += zlib.decompress(content[at + 8 : at + 8 + size])
        at += 8 + size
    table, _ = read_table(path)
    records = list(struct.iter_unpack(">qIHHBBHBBBBHHHHIIIII", plain))
    assert table["start_ms"].to_pylist() == [r[0] for r in records]
    assert table["end_ms"].to_pylist() == [r[0] + r[1] for r in records]
    assert table["protocol"].to_pylist() == [r[4] for r in records]
    ports = {6, 17, 33, 132, 136}
    assert table["source_port"].to_pylist() == [r[2] if r[4] in ports else None for r in records]
    flags = [r[7] if r[4] == 6 else None for r in records]
    assert table["tcp_flags_forward"].to_pylist() == flags
    assert table["packets_forward"].to_pylist() == [r[15] for r in records]
    assert table["bytes_forward"].to_pylist() == [r[16] for r in records]
    for name, field in (("source_address", 17), ("destination_address", 18)):
        want = [files.V4 + r[field].to_bytes(4, "big") for r in records]
        assert table[name].to_pylist() == want


@pytest.mark.parametrize("compression", [0, 1, 2, 3])
def test_each_compression(compression: int, tmp_path: Path) -> None:
    three = generic() * 3
    content = generic_file(three, three, compression=compression)
    rows, tally = read(content, tmp_path / "flows.rw")
    assert len(rows) == 6
    assert rows[0] == rows[5]
    assert not tally.skipped


def test_more_rows_than_are_unpacked_at_once(tmp_path: Path) -> None:
    records = [generic(start=files.START_S * 1000 + i) for i in range(1_000)]
    blocks = [b"".join(records[i : i + 500]) for i in (0, 500)] * 150
    rows, _ = read(generic_file(*blocks, compression=1), tmp_path / "many.rw")
    assert len(rows) == 150_000 > 2 * ROWS
    starts = [row["start_ms"] - files.START_S * 1000 for row in rows]
    assert starts == list(range(1_000)) * 150


@pytest.mark.parametrize("protocol", [1, 58, 47])
def test_what_stands_for_ports_without_ports_is_null(protocol: int, tmp_path: Path) -> None:
    rows, _ = read(generic_file(generic(protocol=protocol, ports=(0, 0x0800))), tmp_path / "f.rw")
    assert (rows[0]["source_port"], rows[0]["destination_port"]) == (None, None)
    assert rows[0]["tcp_flags_forward"] is None
    assert rows[0]["begins"] is None


@pytest.mark.parametrize(
    ("flags", "begins"),
    [
        ((0x1B, 0x02, 0x19, 0x01), True),
        ((0x1B, 0x02, 0x19, 0x00), None),  # state says that first flags are not known
        ((0x1B, 0x12, 0x19, 0x01), None),  # SYN and ACK: the other side began
        ((0x1B, 0x02, 0x19, 0x41), None),  # goes on after a timeout
        ((0x18, 0x18, 0x18, 0x01), None),
    ],
)
def test_a_syn_seen_first_begins(
    flags: tuple[int, int, int, int], *, begins: bool | None, tmp_path: Path
) -> None:
    rows, _ = read(generic_file(generic(flags=flags)), tmp_path / "f.rw")
    assert rows[0]["begins"] is begins
    assert rows[0]["initiator"] == ("source" if begins else None)


def test_ipv6_addresses_and_mapped_ones(tmp_path: Path) -> None:
    record = files.record("FT_RWIPV6", 2, "<")
    wide = bytes(range(16)) + bytes(range(16, 32))
    six = record[:5] + bytes((0x81,)) + record[6:24] + wide
    # Not marked as IPv6: SiLK takes the last four octets, whatever stands before them.
    four = record[:24] + wide
    rows, _ = read(files.header("FT_RWIPV6", 2) + six + four, tmp_path / "f.rw")
    assert rows[0]["source_address"] == wide[:16]
    assert rows[0]["destination_address"] == wide[16:]
    assert rows[1]["source_address"] == files.V4 + wide[12:16]


def test_who_measured(tmp_path: Path) -> None:
    record = generic(sensor=0xFFFF) + generic(sensor=7)
    probe = files.entry(4, b"edge-1\0\0")
    content = files.header("FT_RWGENERIC", 5, entries=probe) + record
    rows, _ = read(content, tmp_path / "f.rw")
    assert [row["exporter"] for row in rows] == ["edge-1", "sensor 7"]
    rows, _ = read(generic_file(record), tmp_path / "g.rw")
    assert [row["exporter"] for row in rows] == [None, "sensor 7"]


def test_many_packets_are_counted_in_64s(tmp_path: Path) -> None:
    packets, ratio = 1_000_000, 1_400 << 6 | 63
    words = (packets << 12 | 5 << 1 | 1, 3_599 << 20 | ratio)
    record = struct.pack("<IIHHIIBB", files.SOURCE, files.DESTINATION, 1, 2, *words, 17, 0)
    rows, tally = read(files.header("FT_RWSPLIT", 2) + record, tmp_path / "f.rw")
    assert rows[0]["packets_forward"] == 64_000_000
    assert rows[0]["bytes_forward"] == (1_400 * 64 + 63) * 1_000_000  # beyond 32 bits
    assert rows[0]["start_ms"] == (files.HOUR_S + 3_599) * 1000
    assert tally.flagged == {"packets rounded down to a multiple of 64": 1}
    assert any("ratio" in note for note in tally.notes)


def test_a_counter_that_is_full_may_be_more(tmp_path: Path) -> None:
    one = files.record("FT_FLOWCAP", 5, "<")
    full = one[:28] + b"\xff\xff\xff" + one[31:]
    rows, tally = read(files.header("FT_FLOWCAP", 5) + one + full, tmp_path / "f.rw")
    assert [row["packets_forward"] for row in rows] == [10, 2**24 - 1]
    assert tally.flagged == {"counter at its format's limit, perhaps more": 1}


@pytest.mark.parametrize(("code", "port"), [(0, 80), (1, 443), (2, 8080), (3, None)])
@pytest.mark.parametrize("source_serves", [False, True])
def test_web_ports(code: int, port: int | None, *, source_serves: bool, tmp_path: Path) -> None:
    word = 0x1B << 24 | source_serves << 22 | code << 20 | 10
    record = struct.pack("<IIIIIH", 0, 0, word, files.SOURCE, files.DESTINATION, 50_000)
    rows, _ = read(files.header("FT_RWWWW", 5) + record, tmp_path / "f.rw")
    ports = (port, 50_000) if source_serves else (50_000, port)
    assert (rows[0]["source_port"], rows[0]["destination_port"]) == ports
    assert rows[0]["protocol"] == 6


def test_absurd_times_and_counters(tmp_path: Path) -> None:
    huge = [generic(start=2**63), generic(start=2**63 - 1), generic(start=2**48)]
    rows, tally = read(generic_file(*huge, generic(elapsed=2**32 - 1)), tmp_path / "f.rw")
    assert tally.skipped == {"record with a time outside 1970 to 9999": 3}
    assert [row["end_ms"] - row["start_ms"] for row in rows] == [2**32 - 1]
    record = bytearray(files.record("FT_RWIPV6ROUTING", 3, "<"))
    record[39] = 0x80
    content = files.header("FT_RWIPV6ROUTING", 3) + bytes(record)
    rows, tally = read(content, tmp_path / "g.rw")
    assert (rows, tally.records) == ([], 1)
    assert tally.skipped == {"record with a counter beyond 63 bits": 1}


def test_cut_at_every_octet(tmp_path: Path) -> None:
    plain = generic_file(generic() * 2)
    start = len(plain) - 2 * 52
    for cut in range(len(plain)):
        if cut < start:
            with pytest.raises(FormatError, match="header"):
                read(plain[:cut], tmp_path / "f.rw")
            continue
        rows, tally = read(plain[:cut], tmp_path / "f.rw")
        assert len(rows) == (cut - start) // 52
        assert tally.skipped == ({"cut record": 1} if (cut - start) % 52 else {})


def test_cut_and_damaged_blocks(tmp_path: Path) -> None:
    head, block = generic_file(compression=1), files.block(generic() * 3, 1)
    rows, tally = read(head + block + block[:-1], tmp_path / "f.rw")
    assert (len(rows), tally.skipped) == (3, {"block cut by the end of the file": 1})
    rows, tally = read(head + block + block[:7], tmp_path / "f.rw")
    assert (len(rows), tally.skipped) == (3, {"block cut by the end of the file": 1})
    for method in (1, 2, 3):
        good = files.block(generic() * 3, method)
        wrong = good[:8] + b"\xff" * (len(good) - 8)
        short = good[:4] + struct.pack(">I", 52) + good[8:]
        content = generic_file(compression=method) + good + wrong + short + good
        rows, tally = read(content, tmp_path / "f.rw")
        assert (len(rows), tally.skipped) == (6, {"block whose compression is damaged": 2})
    absurd = struct.pack(">II", 2**31, 2**31)
    rows, tally = read(head + block + absurd + block, tmp_path / "f.rw")
    assert len(rows) == 3
    assert list(tally.skipped) == ["block of an impossible size; the rest of the file is not read"]
    rows, tally = read(head + block + bytes(8) + b"something else", tmp_path / "f.rw")
    assert (len(rows), tally.skipped) == (3, {})


def test_a_record_across_a_damaged_block(tmp_path: Path) -> None:
    head, half = generic_file(compression=1), generic()[:26]
    bad = struct.pack(">II", 4, 52) + b"\xff" * 4
    blocks = files.block(generic() + half, 1) + bad + files.block(generic(), 1)
    rows, tally = read(head + blocks, tmp_path / "f.rw")
    assert len(rows) == 2
    assert tally.skipped == {"cut record": 1, "block whose compression is damaged": 1}


def test_a_cut_gzip_gives_what_came_before(tmp_path: Path) -> None:
    records = [generic(start=files.START_S * 1000 + i * i) for i in range(60_000)]
    whole = gzip.compress(generic_file(*records), 1)
    rows, tally = read(whole[: len(whole) // 2], tmp_path / "f.rw.gz")
    assert 20_000 < len(rows) < 40_000
    assert [row["start_ms"] - files.START_S * 1000 for row in rows] == [
        i * i for i in range(len(rows))
    ]
    assert tally.skipped.pop("broken compressed stream") == 1
    assert set(tally.skipped) <= {"cut record"}


def test_an_empty_file_of_flows(tmp_path: Path) -> None:
    rows, tally = read(generic_file(), tmp_path / "f.rw")
    assert (rows, tally.records, tally.skipped) == ([], 0, {})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (files.header("an IP set", 4), "FT_IPSET.*holds no flows.*rwfileinfo"),
        (files.header("FT_RWSPLIT", 5, entries=b""), "which hour"),
        (files.header("FT_RWGENERIC", 5, compression=9), "unknown way .9.*rwcat"),
        (b"\xde\xad\xbe\xef\0\x16\x10\0" + struct.pack(">IHH", 0, 0, 9), "rwsilk2ipfix"),
        (b"\xde\xad\xbe\xef\0\x16\x10\0" + struct.pack(">IHH", 0, 7, 5), "52; the file is damaged"),
        (files.header("FT_RWGENERIC", 5)[:16] + b"\0\0\0\x05\xff\xff\xff\xff", "damaged"),
        (files.header("FT_RWGENERIC", 5)[:16] + b"\0\0\0\x05\0\0\0\x08" * 600_000, "damaged"),
        (b"\xde\xad\xbe\xef\0\x13\x04\0" + b"\xff\xff\xff\x7f" + bytes(100), "damaged"),
    ],
)
def test_what_cannot_be_read_is_said(content: bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=says):
        read(content, tmp_path / "f.rw")


def lzo_bomb() -> bytes:
    """A run of zeros made longer by hand: each zero octet in it stands for 255."""
    small = files.COMPRESS[2](bytes(1_000_000))
    middle = len(small) // 2
    return small[:middle] + bytes(1_000_000) + small[middle:]


def zlib_bomb() -> bytes:
    packer = zlib.compressobj()
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(1_000))


@pytest.mark.parametrize(
    ("method", "bomb"), [(1, zlib_bomb()), (2, lzo_bomb())], ids=["zlib", "lzo1x"]
)
def test_a_bomb_needs_little_memory(method: int, bomb: bytes, tmp_path: Path) -> None:
    assert len(bomb) < 2**20
    content = generic_file(compression=method)
    content += struct.pack(">II", len(bomb), 2**20) + bomb
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows, tally = read(content, tmp_path / "f.rw")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
    assert (rows, tally.skipped) == ([], {"block whose compression is damaged": 1})


KINDS = [*files.RECORDS, ("FT_FLOWCAP", 5)]
SAME_FOLDER = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SAME_FOLDER
@given(
    kind=st.sampled_from(KINDS),
    order=st.sampled_from("<>"),
    compression=st.integers(0, 3),
    noise=st.binary(max_size=400),
    changes=st.lists(st.tuples(st.integers(6, 200), st.integers(0, 255)), max_size=4),
)
def test_garbled_files_never_crash(  # noqa: PLR0917  # named by hypothesis
    tmp_path: Path,
    kind: tuple[str, int],
    order: str,
    compression: int,
    noise: bytes,
    changes: list[tuple[int, int]],
) -> None:
    content = bytearray(files.header(*kind, order, compression=compression))
    content += files.block(noise, compression) if compression else noise
    for at, octet in changes:
        content[at % len(content)] = octet
    content[:4] = b"\xde\xad\xbe\xef"
    try:
        rows, tally = read(bytes(content), tmp_path / "f.rw")
    except FormatError:
        return
    assert tally.records >= len(rows)
    assert all(row["end_ms"] >= row["start_ms"] >= 0 for row in rows)


@SAME_FOLDER
@given(noise=st.binary(max_size=300))
def test_noise_after_the_magic_never_crashes(tmp_path: Path, noise: bytes) -> None:
    try:
        read(b"\xde\xad\xbe\xef" + noise, tmp_path / "f.rw")
    except FormatError:
        return
