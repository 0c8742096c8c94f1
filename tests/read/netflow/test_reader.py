"""Files: packets back to back, cut and garbled ones, and whatever bytes there may be."""

import gzip
import io
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.model.addresses import address_to_text
from folkways.model.batches import Tally
from folkways.model.columns import RECORDS
from folkways.model.errors import FormatError
from folkways.read.netflow import Decoder, NetFlowReader
from folkways.read.netflow import sessions as sessions_module
from folkways.read.netflow.options import text
from folkways.read.reader import ReadOptions
from folkways.read.source import Source


def read(path: Path, content: bytes, options: ReadOptions | None = None) -> tuple[list[Any], Tally]:
    path.write_bytes(content)
    tally = Tally()
    source = Source(path.name, path)
    batches = list(NetFlowReader().read(source, options or ReadOptions(), tally))
    assert all(batch.rows.schema == RECORDS.schema for batch in batches)
    return [row for batch in batches for row in batch.rows.to_pylist()], tally


def mixed(write: SimpleNamespace, number: int = 0) -> bytes:
    """Three packets, one of each version, with 2 + 1 + 1 flows; ``number`` of the like before."""
    fields = [(8, 4), (12, 4), (1, 8)]
    record = struct.pack(">IIQ", 1, 2, 77)
    layout = write.template(256, fields)
    data = write.flow_set(256, record)
    nine = write.v9(write.flow_set(0, layout), data, sequence=number)
    ten = write.ipfix(write.flow_set(2, layout), data, sequence=number)
    flows = write.v5_record(), write.v5_record(octets=50)
    return bytes(write.v5(*flows, sequence=2 * number) + nine + ten)


def many(write: SimpleNamespace, count: int) -> bytes:
    return b"".join(mixed(write, number) for number in range(count))


def wordy(write: SimpleNamespace) -> bytes:
    """A message with options data, texts, lists and totals."""
    fields = [(8, 4), (96, 0xFFFF), (12, 4), (293, 0xFFFF), (85, 8), (152, 8), (233, 1), (231, 4)]
    layouts = write.template(257, fields) + write.template(258, [(14, 1, 6871), (15, 1, 6871)])
    record = struct.pack(">I", 1) + _variable(b"name") + struct.pack(">I", 2)
    record += _variable(b"\3\1\2\0\6\2\x18")
    record += struct.pack(">QQBI", 99, write.NOW * 1000, 5, 7)
    options = struct.pack(">HHHHHHH", 300, 2, 1, 149, 4, 34, 4)
    sets = write.flow_set(2, layouts), write.flow_set(3, options), write.flow_set(257, record * 3)
    return bytes(write.ipfix(*sets, write.flow_set(300, struct.pack(">II", 1, 100)), sequence=9))


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
    assert (tally.records, tally.versions) == (1, {"NetFlow v5": 1})


def test_packets_of_all_versions_back_to_back(write: SimpleNamespace, tmp_path: Path) -> None:
    rows, tally = read(tmp_path / "a", many(write, 3_000))
    assert (len(rows), tally.records) == (12_000, 12_000)
    assert not tally.skipped
    assert tally.flagged == {"clock: time of export used": 6_000}
    assert not tally.gaps
    assert tally.versions == {"NetFlow v5": 3_000, "NetFlow v9": 3_000, "IPFIX": 3_000}
    rows, _ = read(tmp_path / "b.gz", gzip.compress(mixed(write)))
    assert len(rows) == 4
    assert NetFlowReader().sniff(Source("a", tmp_path / "a"), ReadOptions()) == 0.9


def test_garbage_between_packets_is_counted(write: SimpleNamespace, tmp_path: Path) -> None:
    one, two, three = (mixed(write, number) for number in range(3))
    rows, tally = read(tmp_path / "a", one + b"\xee" * 1_000 + two + bytes(500) + three)
    assert len(rows) == 12
    assert tally.skipped == {"octets that are no export packet": 1_000}


@pytest.mark.parametrize("compressed", [False, True])
def test_a_cut_end_leaves_what_came_before(
    write: SimpleNamespace, tmp_path: Path, *, compressed: bool
) -> None:
    whole = many(write, 50)
    content = gzip.compress(whole)[:-12] if compressed else whole[:-5]
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
    content = bytearray(many(write, 2) + wordy(write))
    for _ in range(data.draw(st.integers(0, 12))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content += data.draw(st.binary(max_size=80))
    tally = Tally()
    decoder = Decoder(tally)
    batches = [*decoder.feed(bytes(content)), *decoder.finish()]
    assert sum(batch.rows.num_rows for batch in batches) <= tally.records
    read(tmp_path_factory.getbasetemp() / "fuzz", mixed(write) + content)


def test_columns_that_it_gives_are_those_that_it_fills(
    write: SimpleNamespace, tmp_path: Path
) -> None:
    assert NetFlowReader.gives < set(RECORDS.names)
    rows, _ = read(tmp_path / "a", mixed(write))
    assert {name for row in rows for name, value in row.items() if value is not None} <= (
        NetFlowReader.gives
    )


@pytest.mark.parametrize("nine", [True, False])
def test_data_before_its_template_is_read_whatever_its_amount(
    write: SimpleNamespace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    nine: bool,
) -> None:
    monkeypatch.setattr(sessions_module, "MAX_HELD", 2_000)
    make, kind = (write.v9, 0) if nine else (write.ipfix, 2)
    layout = write.template(256, [(8, 4), (12, 4), (1, 8)])
    other = write.template(257, [(8, 4), (12, 4), (1, 8)])
    rate = write.flow_set(1, write.v9_options(300, [(1, 4)], [(34, 4)]))
    told = [write.flow_set(300, struct.pack(">II", 1, 100))] if nine else []

    def data(number: int, template: int = 256) -> bytes:
        return bytes(write.flow_set(template, struct.pack(">IIQ", 1, 2, number)))

    early = [make(data(n), *told, sequence=n) for n in range(100)]
    names = [rate] if nine else []
    known = make(write.flow_set(kind, layout), *names, data(100), sequence=100)
    late = [make(data(n), sequence=n) for n in range(101, 200)]
    never = [make(data(n, 999), sequence=n) for n in range(200, 260)]
    last = [make(data(n, 257), sequence=n) for n in range(260, 300)]
    end = make(write.flow_set(kind, other), sequence=300)
    content = b"".join([*early, early[5], known, *late, *never, *last, end])
    rows, tally = read(tmp_path / "a", content)
    assert sorted(row["bytes_forward"] for row in rows) == [*range(200), *range(260, 300)]
    assert tally.skipped["template never seen (set)"] == 60
    assert "data before its template (set)" not in tally.skipped
    assert tally.unseen_templates == {"domain 7 template 999": 60}
    assert tally.flagged["export packet that came twice"] == 1
    assert not tally.gaps

    # Standard input cannot be read twice: what could not wait is counted.
    tally = Tally()
    stream = cast("BinaryIO", io.BufferedReader(io.BytesIO(content)))
    source = Source("standard input", None, stream)
    batches = list(NetFlowReader().read(source, ReadOptions(), tally))
    lost = tally.skipped["data before its template (set)"]
    without = 240 - sum(batch.rows.num_rows for batch in batches)
    assert lost == without > 100 or (nine and lost > without)  # options data among them


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(
        st.tuples(st.binary(max_size=300), st.integers(0, 2**64 - 1), st.binary(max_size=70)),
        min_size=1,
        max_size=30,
    ),
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=6),
)
def test_what_is_written_with_variable_lengths_is_read(
    write: SimpleNamespace, values: list[tuple[bytes, int, bytes]], sizes: list[int]
) -> None:
    fields = [(82, 0xFFFF), (8, 4), (12, 4), (1, 0xFFFF), (96, 0xFFFF), (7, 2)]
    packets, at = [], 0
    while at < len(values):
        some = values[at : at + sizes[at % len(sizes)]]
        data = b"".join(
            _variable(other)
            + struct.pack(">II", 1, 2)
            + _variable(octets.to_bytes(8, "big").lstrip(b"\0"))
            + _variable(name)
            + struct.pack(">H", at + i)
            for i, (other, octets, name) in enumerate(some)
        )
        sets = write.flow_set(2, write.template(256, fields)), write.flow_set(256, data)
        packets.append(write.ipfix(*sets, sequence=at))
        at += len(some)
    tally = Tally()
    decoder = Decoder(tally)
    batches = [batch for packet in packets for batch in decoder.feed(packet)]
    rows = [row for batch in [*batches, *decoder.finish()] for row in batch.rows.to_pylist()]
    assert [row["source_port"] for row in rows] == list(range(len(values)))
    for row, (_, octets, name) in zip(rows, values, strict=True):
        assert row["bytes_forward"] == (octets if octets < 2**63 else None)
        assert row["sensor_label"] == (text(name[:64]) or None)
    assert (tally.gaps, dict(tally.skipped), tally.records) == ([], {}, len(values))


def _variable(value: bytes) -> bytes:
    if len(value) < 255:
        return bytes([len(value)]) + value
    return b"\xff" + struct.pack(">H", len(value)) + value
