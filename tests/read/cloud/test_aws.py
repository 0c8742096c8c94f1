import gzip
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from folkways.model.addresses import address_to_text
from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.cloud import AwsReader
from folkways.read.cloud.aws_layout import default_layout, known_fields
from folkways.read.reader import ReadOptions
from folkways.read.source import Source

SKIPDATA = "SKIPDATA: records were skipped by the collector"
ROW = (
    "2 123456789010 eni-1 198.51.100.1 192.0.2.1 443 49152 6 10 840 1439387263 1439387264 ACCEPT OK"
)
GAP = "2 123456789010 eni-1 - - - - - - - 1431280876 1431280934 - SKIPDATA"
NOTHING = GAP.replace("SKIPDATA", "NODATA")


def read(path: Path) -> tuple[list[dict[str, Any]], Tally]:
    tally = Tally()
    batches = AwsReader().read(Source(path.name, path), ReadOptions(), tally)
    return [row for b in batches for row in b.rows.to_pylist()], tally


def write(folder: Path, *lines: str) -> Path:
    path = folder / "flow.log"
    path.write_text("\n".join(lines) + "\n")
    return path


def sniff(path: Path) -> float:
    return AwsReader().sniff(Source(path.name, path), ReadOptions())


def expected(fields: dict[str, str]) -> dict[str, Any]:
    """A record by the documentation, from fields by their names."""

    def number(name: str) -> int | None:
        return int(fields[name]) if fields.get(name, "-") != "-" else None

    def first(*names: str) -> str | None:
        return next((fields[n] for n in names if fields.get(n, "-") != "-"), None)

    return {
        "start_ms": int(fields["start"]) * 1000,
        "end_ms": int(fields["end"]) * 1000,
        "source_address": first("pkt-srcaddr", "srcaddr"),
        "destination_address": first("pkt-dstaddr", "dstaddr"),
        "source_port": number("srcport"),
        "destination_port": number("dstport"),
        "protocol": number("protocol"),
        "bytes_forward": number("bytes"),
        "packets_forward": number("packets"),
        "tcp_flags_forward": number("tcp-flags"),
        "exporter": first("interface-id"),
        "flaws": "rejected" if fields.get("action") == "REJECT" else None,
        "denied": {"REJECT": True, "ACCEPT": False}.get(fields.get("action", "-")),
        "sampling": 1,
        "bytes_reverse": None,
        "begins": None,
    }


def shown(row: dict[str, Any], names: Any) -> dict[str, Any]:
    return {
        n: address_to_text(row[n]) if n.endswith("address") and row[n] else row[n] for n in names
    }


@pytest.mark.external
@pytest.mark.parametrize(
    ("name", "rows"),
    [("v2_default", 3), ("v3_custom_with_header", 2), ("v4_custom_with_header", 2),
     ("v5_custom_with_header", 2), ("v6_custom_with_header", 0)],
)  # fmt: skip
def test_published_rows_field_by_field(shared_data: Path, name: str, rows: int) -> None:
    path = shared_data / "exports" / "cloud" / f"aws_vpc_{name}.log"
    lines = [line.split(" ") for line in path.read_text().splitlines() if line]
    header = list(default_layout()) if "default" in name else lines.pop(0)
    wanted = []
    for line in lines:
        fields = dict(zip(header, line, strict=False))
        if (
            len(line) == len(header)
            and fields.get("log-status", "OK") == "OK"
            and "start" in fields
        ):
            wanted.append(expected(fields))
    found, tally = read(path)
    assert sniff(path) == 0.9
    assert len(found) == len(wanted) == rows
    assert [shown(row, want) for row, want in zip(found, wanted, strict=True)] == wanted
    assert tally.records == len(lines)
    assert tally.records == len(found) + sum(tally.skipped.values())


def test_no_data_is_no_traffic_and_skipped_data_is_a_gap(tmp_path: Path) -> None:
    later = GAP.replace("1431280934", "1431281000")
    found, tally = read(write(tmp_path, ROW, NOTHING, GAP, later, NOTHING))
    assert len(found) == 1
    assert tally.records == 5
    assert tally.skipped == {"NODATA: no traffic": 2, SKIPDATA: 2}
    (gap,) = tally.gaps
    assert gap == (1431280876000, 1431281000000, "SKIPDATA", None, None)


def test_any_field_order_gives_the_same_rows(tmp_path: Path) -> None:
    names = sorted(known_fields())
    fields = dict.fromkeys(names, "-")
    fields |= dict(zip(default_layout(), ROW.split(), strict=True)) | {"version": "8"}
    fields |= {"pkt-srcaddr": "2001:db8::1", "tcp-flags": "2", "instance-id": "i-1"}
    for seed in range(10):
        random.Random(seed).shuffle(names)  # noqa: S311  # an order, no secret
        path = write(tmp_path, " ".join(names), " ".join(fields[n] for n in names))
        assert sniff(path) == 0.9
        (row,), _ = read(path)
        want = expected(fields)
        assert shown(row, want) == want
        assert shown(row, ["source_address"]) == {"source_address": "2001:db8::1"}


def test_files_put_together_each_obey_their_own_header(tmp_path: Path) -> None:
    first = ("start end srcaddr dstaddr bytes", "1 2 192.0.2.1 192.0.2.2 77")
    second = ("bytes dstaddr srcaddr end start", "88 192.0.2.2 192.0.2.1 4 3")
    found, tally = read(write(tmp_path, ROW, *first, *second))
    assert [(r["start_ms"], r["end_ms"], r["bytes_forward"]) for r in found[1:]] == [
        (1000, 2000, 77),
        (3000, 4000, 88),
    ]
    assert found[0]["bytes_forward"] == 840
    assert tally.records == 3


@pytest.mark.parametrize(
    ("tcp_flags", "opener"),
    [("2", "source"), ("3", "source"), ("18", "destination"), ("19", "destination"),
     ("0", None), ("1", None), ("4", None), ("-", None)],
)  # fmt: skip
def test_a_syn_without_ack_tells_who_opened(
    tmp_path: Path, tcp_flags: str, opener: str | None
) -> None:
    head = "start srcaddr dstaddr protocol tcp-flags"
    (row,), _ = read(write(tmp_path, head, f"1 192.0.2.1 192.0.2.2 6 {tcp_flags}"))
    assert row["initiator"] == opener
    assert row["end_ms"] == row["start_ms"]


def test_bad_values_cost_themselves_and_bad_rows_are_counted(tmp_path: Path) -> None:
    head = "start end srcaddr dstaddr srcport protocol bytes pkt-srcaddr"
    found, tally = read(
        write(
            tmp_path,
            head,
            "1 2 192.0.2.1 192.0.2.2 99999 6 x -",
            "1 2 192.0.2.1 192.0.2.2 0 1 5 nonsense",
            "- 2 192.0.2.1 192.0.2.2 1 6 5 -",
            "99999999999999 2 192.0.2.1 192.0.2.2 1 6 5 -",
            "1 2 192.0.2.300 192.0.2.2 1 6 5 -",
            "1 2 - - 1 6 5 -",
            "1 2 192.0.2.1 - 1 6 5 -",
            "1 2 3",
        )
    )
    assert [(r["source_port"], r["bytes_forward"]) for r in found] == [
        (None, None),
        (None, 5),
        (1, 5),
    ]
    assert tally.skipped == {
        "no time": 2,
        "address does not parse: source_address": 1,
        "no address": 1,
        "wrong number of fields": 1,
    }
    assert tally.flagged == {
        "bad value: source_port": 1,
        "bad value: bytes_forward": 1,
        "bad value: source_address": 1,
    }
    assert tally.records == 8


def test_parquet_gives_what_text_gives(tmp_path: Path) -> None:
    head = "start end srcaddr dstaddr srcport dstport protocol bytes action log-status tcp-flags"
    lines = (
        "5 6 192.0.2.1 2001:db8::2 443 50000 6 9000000000 REJECT OK 2",
        "7 8 - - - - - - - NODATA -",
    )
    text, text_tally = read(write(tmp_path, head, *lines))
    columns: dict[str, pa.Array] = {}
    for i, name in enumerate(head.split()):
        values = [None if line.split()[i] == "-" else line.split()[i] for line in lines]
        column = pa.array(values, pa.string())
        columns[name.replace("-", "_")] = (
            column.cast(pa.int64()) if all(v is None or v.isdigit() for v in values) else column
        )
    path = tmp_path / "flow.parquet"
    pq.write_table(pa.table(columns), path)
    assert sniff(path) == 0.9
    found, tally = read(path)
    assert found == text
    assert len(found) == 1
    assert tally == text_tally

    foreign = tmp_path / "foreign.parquet"
    pq.write_table(pa.table({"start": [1], "end": [2], "bytes": [3]}), foreign)
    assert sniff(foreign) == 0.0
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(path.read_bytes()[:-20])
    assert sniff(cut) == 0.0
    with pytest.raises(FormatError, match="not a whole Parquet file"):
        read(cut)
    packed = tmp_path / "packed"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(FormatError, match="plain file"):
        read(packed)


def test_garbled_text_in_parquet_is_counted(tmp_path: Path) -> None:
    table = pa.table({"start": [1, 2], "srcaddr": ["192.0.2.1", "192.0.2.2"], "bytes": [5, 6]})
    path = tmp_path / "flow.parquet"
    pq.write_table(table, path, compression="none", use_dictionary=False, write_statistics=False)
    path.write_bytes(path.read_bytes().replace(b"192.0.2.2", b"192.0\xff2.2"))
    found, tally = read(path)
    assert not found
    assert tally.skipped == {"Parquet file broken": 1}


def test_a_layout_without_times_is_said(tmp_path: Path) -> None:
    found, tally = read(write(tmp_path, "srcaddr dstaddr bytes", "192.0.2.1 192.0.2.2 5"))
    assert not found
    assert tally.skipped == {"no time": 1}
    assert "no field start" in tally.notes[0]


@pytest.mark.parametrize("content", ["", "a b c\n1 2 3\n", "start end bytes packets\n1 2 3 4\n"])
def test_what_is_no_flow_log_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other"
    path.write_text(content)
    assert sniff(path) == 0.0
    with pytest.raises(FormatError):
        read(path)


def test_a_broken_stream_keeps_what_came_before(tmp_path: Path) -> None:
    row = ROW.replace("840", "{}")
    whole = "".join(row.format(i) + "\n" for i in range(20_000)).encode()
    path = tmp_path / "flow.log.gz"
    path.write_bytes(gzip.compress(whole)[:-3000])
    assert sniff(path) == 0.9
    found, tally = read(path)
    assert 1000 < len(found) < 20_000
    assert [r["bytes_forward"] for r in found] == list(range(len(found)))
    assert tally.flagged["compressed stream broken off"] == 1


NOISE = st.text(st.sampled_from("0123456789-.: \t\r\né\x00_abcdefsrtp"), max_size=60)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.one_of(NOISE, st.sampled_from([ROW, GAP, NOTHING, ROW[:-9], "a" * 99]))))
def test_garbage_between_rows_is_counted(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "flow.log"
    path.write_bytes("\n".join([ROW, *lines, ROW]).encode() + b"\xff\xfe\n")
    found, tally = read(path)
    good = 1 + sum(line == ROW for line in lines)
    assert len(found) >= good
    assert tally.records == len(found) + sum(tally.skipped.values())


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=400))
def test_any_bytes_give_rows_or_a_format_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "flow.log"
    path.write_bytes(content)
    try:
        found, tally = read(path)
    except FormatError:
        return
    assert tally.records == len(found) + sum(tally.skipped.values())
