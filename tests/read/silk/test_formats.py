"""Every record format from hand-built bytes, and the sizes that SiLK states for them."""

import struct
from pathlib import Path

import pytest
from tests.read.silk import silk_files as files

from folkways.formats import silk
from folkways.model.addresses import address_to_text
from folkways.model.batches import Tally
from folkways.read.reader import ReadOptions
from folkways.read.silk import SilkReader
from folkways.read.source import Source

SIZES = {
    "FT_RWIPV6": {1: 68, 2: 56},
    "FT_RWIPV6ROUTING": {1: 88, 2: 88, 3: 100},
    "FT_RWGENERIC": {0: 40, 1: 37, 2: 48, 3: 56, 4: 56, 5: 52},
    "FT_RWFILTER": {1: 32, 2: 32, 3: 40, 4: 44, 5: 44},
    "FT_RWSPLIT": {1: 22, 2: 22, 3: 24, 4: 24, 5: 24},
    "FT_RWNOTROUTED": {1: 23, 2: 23, 3: 26, 4: 26, 5: 26},
    "FT_RWROUTED": {1: 28, 2: 28, 3: 32, 4: 32, 5: 32},
    "FT_RWWWW": {1: 20, 2: 20, 3: 22, 4: 22, 5: 22},
    "FT_RWAUGMENTED": {1: 28, 2: 28, 3: 28, 4: 28, 5: 32},
    "FT_RWAUGROUTING": {1: 36, 2: 36, 3: 36, 4: 36, 5: 40},
    "FT_RWAUGSNMPOUT": {1: 30, 2: 30, 3: 30, 4: 30, 5: 34},
    "FT_RWAUGWEB": {1: 26, 2: 26, 3: 26, 4: 26, 5: 30},
    "FT_FLOWCAP": {2: 30, 3: 36, 4: 40, 5: 38, 6: 38},
}
BUILT = [*files.RECORDS, *(("FT_FLOWCAP", version) for version in range(2, 7))]
SECONDS_ONLY = {
    ("FT_RWGENERIC", 0),
    ("FT_RWGENERIC", 1),
    ("FT_RWGENERIC", 2),
    ("FT_RWFILTER", 1),
    ("FT_RWFILTER", 2),
    ("FT_RWFILTER", 3),
    ("FT_RWSPLIT", 2),
    ("FT_RWNOTROUTED", 1),
    ("FT_RWROUTED", 2),
    ("FT_RWWWW", 2),
    ("FT_FLOWCAP", 2),
}
ONLY_ALL_FLAGS = {"FT_RWSPLIT", "FT_RWNOTROUTED", "FT_RWROUTED", "FT_RWWWW"}
NO_FLOWTYPE = {
    ("FT_RWGENERIC", 0),
    ("FT_RWGENERIC", 1),
    ("FT_RWFILTER", 1),
    ("FT_RWFILTER", 2),
}


def read(content: bytes, path: Path) -> tuple[list[dict[str, object]], Tally]:
    path.write_bytes(content)
    tally, source = Tally(), Source(path.name, path)
    assert SilkReader().sniff(source, ReadOptions()) == 1.0
    rows = [
        row
        for batch in SilkReader().read(source, ReadOptions(), tally)
        for row in batch.rows.to_pylist()
    ]
    assert tally.records == len(rows) + sum(
        count for cause, count in tally.skipped.items() if cause.startswith("record with")
    )
    for row in rows:
        assert {name for name, value in row.items() if value is not None} <= SilkReader.gives
    return rows, tally


@pytest.mark.parametrize("kind", SIZES)
def test_records_have_the_sizes_that_silk_states(kind: str) -> None:
    for version in range(8):
        layout = silk.layout(kind, version)
        found = layout and (layout.little.itemsize, layout.big.itemsize)
        size = SIZES[kind].get(version)
        assert found == (None if size is None else (size, size)), version


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "version"), BUILT)
def test_a_flow_in_every_format(kind: str, version: int, order: str, tmp_path: Path) -> None:
    one = files.record(kind, version, order)
    assert len(one) == SIZES[kind][version]
    content = files.header(kind, version, order) + one * 3
    rows, tally = read(content, tmp_path / "flows.rw")
    assert len(rows) == 3
    assert not tally.skipped
    assert tally.versions == {f"SiLK {kind} v{version} (none)": 3}
    row = rows[0]
    coarse = (kind, version) in SECONDS_ONLY
    start = files.START_S * 1000 + (0 if coarse else files.FRACTION)
    assert row["start_ms"] == start
    assert row["end_ms"] == start + (5000 if coarse else 5432)
    assert isinstance(row["source_address"], bytes)
    assert isinstance(row["destination_address"], bytes)
    assert address_to_text(row["source_address"]) == "10.1.2.3"
    assert address_to_text(row["destination_address"]) == "192.0.2.7"
    assert (row["source_port"], row["destination_port"], row["protocol"]) == (51_000, 443, 6)
    assert (row["packets_forward"], row["bytes_forward"]) == (10, 1_234)
    assert row["tcp_flags_forward"] == 0x1B
    plain = kind in ONLY_ALL_FLAGS or (coarse and (kind, version) != ("FT_RWGENERIC", 2))
    assert (row["begins"], row["initiator"]) == ((None, None) if plain else (True, "source"))
    unlabelled = plain or (kind, version) in {
        ("FT_RWGENERIC", 2),
        ("FT_RWIPV6ROUTING", 2),
        ("FT_FLOWCAP", 6),
    }
    assert row["sensor_label"] == (None if unlabelled else "applabel:443")
    assert row["exporter"] == "sensor 3"
    assert row["observation_point"] == "flowtype 1"


@pytest.mark.parametrize(
    ("kind", "version", "before"),
    [
        ("FT_RWGENERIC", 1, b""),
        ("FT_RWGENERIC", 5, b""),
        ("FT_RWSPLIT", 1, b"hour"),
        ("FT_RWSPLIT", 5, b"hour"),
        ("FT_RWAUGWEB", 4, b"hour"),
        ("FT_RWFILTER", 5, b"commands"),
        ("FT_FLOWCAP", 5, b"names"),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_headers_of_before_header_entries(
    kind: str, version: int, before: bytes, order: str, tmp_path: Path
) -> None:
    more = {
        b"": b"",
        b"hour": struct.pack(f"{order}I", files.HOUR_S),
        b"commands": struct.pack(f"{order}IH", 1, 9) + b"rwfilter\0",
        b"names": b"edge".ljust(25, b"\0") + b"P1".ljust(25, b"\0"),
    }[before]
    start = b"\xde\xad\xbe\xef" + bytes((order == ">", files.FORMATS[kind], version, 0)) + more
    one = files.record(*((kind, version) if (kind, version) in BUILT else (kind, 2)), order)
    if version > 1 and kind != "FT_FLOWCAP":
        start += bytes(-len(start) % len(one))
    rows, tally = read(start + one * 2, tmp_path / "old.rw")
    assert [(row["start_ms"] // 1000, row["bytes_forward"]) for row in rows] == [  # type: ignore[operator]
        (files.START_S, 1_234)
    ] * 2
    assert not tally.skipped
    exporter = {"FT_FLOWCAP": "edge_P1", "FT_RWGENERIC": "sensor 3", "FT_RWFILTER": "sensor 3"}
    assert rows[0]["exporter"] == exporter.get(kind)
