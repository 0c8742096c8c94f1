"""Files: packets back to back, cut and garbled ones, and whatever bytes there may be."""

import gzip
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.model.addresses import address_to_text
from folkways.model.batches import Tally
from folkways.model.columns import RECORDS
from folkways.model.errors import FormatError
from folkways.read.netflow import Decoder, NetFlowReader
from folkways.read.reader import ReadOptions
from folkways.read.source import Source


def read(path: Path, content: bytes, options: ReadOptions | None = None) -> tuple[list[Any], Tally]:
    path.write_bytes(content)
    tally = Tally()
    source = Source(path.name, path)
    batches = list(NetFlowReader().read(source, options or ReadOptions(), tally))
    assert all(batch.rows.schema == RECORDS.schema for batch in batches)
    return [row for batch in batches for row in batch.rows.to_pylist()], tally


def mixed(write: SimpleNamespace, domain: int = 7) -> bytes:
    """Three packets, one of each version, with 2 + 1 + 1 flows."""
    fields = [(8, 4), (12, 4), (1, 8)]
    record = struct.pack(">IIQ", 1, 2, 77)
    layout = write.template(256, fields)
    nine = write.v9(write.flow_set(0, layout), write.flow_set(256, record), domain=domain)
    ten = write.ipfix(write.flow_set(2, layout), write.flow_set(256, record), domain=domain)
    return bytes(write.v5(write.v5_record(), write.v5_record(octets=50)) + nine + ten)


def test_v5_row_has_every_value(write: SimpleNamespace, tmp_path: Path) -> None:
    rows, tally = read(tmp_path / "a", write.v5(write.v5_record()))
    row = {name: value for name, value in rows[0].items() if value is not None}
    base = write.NOW * 1000 + 500
    assert address_to_text(row.pop("source_address")) == "10.0.0.1"
    assert address_to_text(row.pop("destination_address")) == "10.0.0.2"
    assert row == {
        "start_ms": base - 10_000,
        "end_ms": base - 5_000,
        "source_port": 1000,
        "destination_port": 443,
        "protocol": 6,
        "bytes_forward": 100,
        "packets_forward": 2,
        "tcp_flags_forward": 0x1B,
        "source_asn": 65_001,
        "destination_asn": 15_169,
    }
    assert (tally.records, tally.notes) == (1, ["Export packets of NetFlow v5."])


def test_packets_of_all_versions_back_to_back(write: SimpleNamespace, tmp_path: Path) -> None:
    one = mixed(write)
    rows, tally = read(tmp_path / "a", one * 3_000)
    assert (len(rows), tally.records) == (12_000, 12_000)
    assert not tally.skipped
    rows, _ = read(tmp_path / "b.gz", gzip.compress(one))
    assert len(rows) == 4
    assert NetFlowReader().sniff(Source("a", tmp_path / "a"), ReadOptions()) == 0.9


def test_garbage_between_packets_is_counted(write: SimpleNamespace, tmp_path: Path) -> None:
    one = mixed(write)
    rows, tally = read(tmp_path / "a", one + b"\xee" * 1_000 + one + bytes(500) + one)
    assert len(rows) == 12
    assert tally.skipped == {"octets that are no export packet": 1_000}


@pytest.mark.parametrize("compressed", [False, True])
def test_a_cut_end_leaves_what_came_before(
    write: SimpleNamespace, tmp_path: Path, *, compressed: bool
) -> None:
    one = mixed(write)
    content = gzip.compress(one * 50)[:-12] if compressed else (one * 50)[:-5]
    rows, tally = read(tmp_path / "a", content)
    assert 190 <= len(rows) < 200 or compressed
    assert tally.skipped


def test_sampling_that_the_user_states_is_taken(write: SimpleNamespace, tmp_path: Path) -> None:
    content = write.v5(write.v5_record(), sampling=100)
    rows, _ = read(tmp_path / "a", content, ReadOptions(sampling=500))
    assert rows[0]["sampling"] == 500


def test_other_content_is_not_taken(write: SimpleNamespace, tmp_path: Path) -> None:
    path = tmp_path / "a"
    for content in (
        b"",
        b"\0\x05",
        b"\0\x05" * 40,
        b"#separator",
        write.v5(write.v5_record(), now=7),
    ):
        path.write_bytes(content)
        assert NetFlowReader().sniff(Source("a", path), ReadOptions()) == 0.0
    with pytest.raises(FormatError):
        read(path, b"nothing of the kind")


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(
        st.tuples(st.integers(0, 2**40 - 1), st.integers(0, 2**24 - 1), st.integers(0, 65_535)),
        min_size=1,
        max_size=40,
    ),
    bytes_length=st.integers(5, 8),
    packets_length=st.integers(3, 8),
    others=st.lists(st.tuples(st.integers(300, 30_000), st.integers(0, 9)), max_size=4),
    nine=st.booleans(),
)
def test_what_is_written_is_read(
    write: SimpleNamespace,
    *,
    values: list[tuple[int, int, int]],
    bytes_length: int,
    packets_length: int,
    others: list[tuple[int, int]],
    nine: bool,
) -> None:
    fields = [(8, 4), *others, (12, 4), (1, bytes_length), (4, 1), (2, packets_length), (7, 2)]
    filler = bytes(sum(length for _, length in others))
    data = b"".join(
        b"\x0a\0\0\1" + filler + b"\x0a\0\0\2" + octets.to_bytes(bytes_length, "big") + b"\x11"
        + packets.to_bytes(packets_length, "big") + port.to_bytes(2, "big")
        for octets, packets, port in values
    )  # fmt: skip
    layout = write.flow_set(0 if nine else 2, write.template(999, fields))
    packet = (write.v9 if nine else write.ipfix)(layout, write.flow_set(999, data))
    decoder = Decoder(Tally(), batch_rows=10)
    batches = [*decoder.feed(packet), *decoder.finish()]
    rows = [row for batch in batches for row in batch.rows.to_pylist()]
    assert [(r["bytes_forward"], r["packets_forward"], r["source_port"]) for r in rows] == values


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_octets_crash_or_hang(
    write: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(mixed(write) * 2)
    for _ in range(data.draw(st.integers(0, 12))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content += data.draw(st.binary(max_size=80))
    tally = Tally()
    decoder = Decoder(tally)
    batches = [*decoder.feed(bytes(content)), *decoder.finish()]
    assert sum(batch.rows.num_rows for batch in batches) <= tally.records
    read(tmp_path_factory.getbasetemp() / "fuzz", mixed(write) + content)
