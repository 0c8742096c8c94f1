"""Tables that are cut, garbled, mixed, empty or absurd: counted by cause, the rest read."""

import gzip
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from folkways.model.errors import FormatError, MappingError
from folkways.read.tabular.mapping import parse_mapping

MAPPING = """
name = "own"
format = "{}"
direction = "bidirectional"
time = {}
[columns]
start = "t"
duration = "d"
source_address = "a"
source_port = "p"
protocol = "n"
bytes_forward = "b"
packets_forward = "k"
tcp_flags_forward = "f"
sampling = "s"
"""
ROW = {
    "t": "2024-03-31 01:00:00.250",
    "d": "1.5",
    "a": "192.0.2.1",
    "p": "443",
    "n": "tcp",
    "b": "180",
    "k": "3",
    "f": "S",
    "s": "100",
}
START = 1711846800250
Made = Callable[..., tuple[list[dict[str, Any]], Any]]


@pytest.fixture
def made(read: Callable[..., Any], write: Callable[..., Path]) -> Made:
    """Write bytes and read them by the mapping above."""

    def do(content: bytes, form: str = "csv", time: str = '"iso"') -> Any:
        return read(write(content), write(MAPPING.format(form, time), "own.toml"))

    return do


def csv(*rows: dict[str, str]) -> bytes:
    return "\n".join([",".join(ROW), *(",".join(row.values()) for row in rows)]).encode() + b"\n"


def ndjson(*rows: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.mark.parametrize(
    ("time", "kinds"),
    [
        ("infinity", '"iso"'),
        ("epoch", '"iso"'),
        ("294247-01-10 04:00:54", '"iso"'),
        ("9999-12-31 23:59:59", '"iso"'),
        ("290309-12-22 (BC) 00:00:00", '"iso"'),
        ("1969-12-31 23:59:59", '"iso"'),
        ("99999999999999999999999999999999999999999", '"epoch-s"'),
        ("9223372036854775807", '"epoch-s"'),
        ("9223372036854775807", '"epoch-min"'),
        ("1e300", '"epoch-ms"'),
        ("-1", '"epoch-ms"'),
        ("0", '"epoch-ns"'),
        ("nan", '["epoch-ms", "iso"]'),
        ("\u0661\u0667", '["epoch-ms", "iso", "%Y"]'),
        ("31/12/0001", '"%d/%m/%Y"'),
    ],
)
def test_absurd_times_are_none(made: Made, time: str, kinds: str) -> None:
    good = ROW | {"t": "1711846800250" if "epoch" in kinds else ROW["t"]}
    found, tally = made(csv(ROW | {"t": time}), time=kinds)
    assert found == []
    assert tally.skipped == {"no time": 1}
    if kinds == '"iso"':
        found, tally = made(csv(ROW | {"t": time}, good), time=kinds)
        assert [row["start_ms"] for row in found] == [START]


@pytest.mark.parametrize(
    ("field", "value", "column"),
    [
        ("b", "9223372036854775808", "bytes_forward"),
        ("b", "9" * 60, "bytes_forward"),
        ("b", "-1", "bytes_forward"),
        ("b", "1e999", "bytes_forward"),
        ("k", "\u0661", "packets_forward"),
        ("p", "65536", "source_port"),
        ("p", "http", "source_port"),
        ("n", "256", "protocol"),
        ("n", "\u00b2", "protocol"),
        ("f", "65536", "tcp_flags_forward"),
        ("f", "9" * 5000, "tcp_flags_forward"),
        ("f", "SX", "tcp_flags_forward"),
        ("s", "1:100", "sampling"),
    ],
)
def test_absurd_values_cost_only_themselves(
    made: Made, field: str, value: str, column: str
) -> None:
    found, tally = made(csv(ROW, ROW | {field: value}))
    assert len(found) == 2
    assert found[0][column] is not None
    assert found[1][column] is None
    assert tally.flagged == {f"bad value: {column}": 1}


@pytest.mark.parametrize("length", ["1e300", "9" * 30, "-1", "long", "nan"])
def test_an_absurd_duration_makes_an_instant(made: Made, length: str) -> None:
    found, tally = made(csv(ROW, ROW | {"d": length}))
    assert [row["end_ms"] for row in found] == [START + 1500, START]
    assert tally.flagged == {"bad value: duration": 1}


def test_wide_flags_and_no_sampling(made: Made) -> None:
    (row,), tally = made(csv(ROW | {"f": "40978", "s": "0"}))
    assert (row["tcp_flags_forward"], row["sampling"]) == (18, None)
    assert not tally.flagged


def test_an_end_before_the_start(read: Callable[..., Any], write: Callable[..., Path]) -> None:
    text = MAPPING.format("csv", '"iso"').replace("duration =", "end =")
    ends = ("2024-03-31 00:00:00", "1970-01-01 00:00:00", "late", "2024-03-31 01:00:01")
    path = write(csv(*(ROW | {"d": end} for end in ends)))
    found, tally = read(path, write(text, "own.toml"))
    assert [row["end_ms"] - row["start_ms"] for row in found] == [0, 0, 0, 750]
    assert tally.flagged == {"clock: end before start": 1, "bad value: end": 1}


def test_a_quote_that_does_not_close_costs_its_line_only(made: Made) -> None:
    found, tally = made(csv(ROW, ROW | {"f": '"S'}, ROW | {"f": '"S"'}, ROW | {"b": '1"'}, ROW))
    assert len(found) == 3
    assert tally.skipped == {"row has a quote that does not close": 2}
    assert tally.records == 5


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows_of_another_width_are_counted_with_and_without_quotes(made: Made, end: str) -> None:
    row = ",".join(ROW.values())
    for last in (row, row.replace("S", '"S"')):
        rows = [",".join(ROW), row, "", "x", row + ",1", "a,b", "y", " ", last]
        found, tally = made(end.join(rows).encode())
        assert len(found) == 2
        assert tally.skipped == {
            "row has 1 fields instead of 9": 3,
            "row has 2 fields instead of 9": 1,
            "row has 10 fields instead of 9": 1,
        }
        assert tally.records == 7


def test_no_row_of_use_at_all(read: Callable[..., Any], write: Callable[..., Path]) -> None:
    head = "StartTime,Proto,SrcAddr,Dir,DstAddr,TotBytes,SrcBytes,TotPkts\n"
    found, tally = read(write(head + "1,2,3,4,5,6,7,8\n" * 9))
    assert (found, tally.records) == ([], 9)
    assert tally.skipped == {"address does not parse: source_address": 9}


def test_mixed_and_garbled_lines(made: Made) -> None:
    lines = csv(ROW) + b"# comment\n\xff\xfe\x00,\n" + csv(ROW)
    found, tally = made(lines)
    assert len(found) == 2
    assert tally.records == 5
    assert tally.skipped == {
        "row has 1 fields instead of 9": 1,
        "row has 2 fields instead of 9": 1,
        "no time": 1,
    }
    assert tally.flagged == {"line not UTF-8, bad bytes replaced": 1, "line with NUL bytes": 1}


def test_json_lines_that_are_none(made: Made) -> None:
    bad = b'[1]\n"{"\n{"t": \n   \n{"t": "x"}\n  {"a": "192.0.2.1"}\nnull\n'
    found, tally = made(ndjson(ROW) + bad + ndjson(ROW), "ndjson")
    assert len(found) == 2
    assert tally.skipped == {"line is not a JSON object": 4, "no time": 2}
    assert tally.records == 8


def test_json_whose_complaint_would_be_no_text(made: Made) -> None:
    found, tally = made(ndjson(ROW) + b"{" + b"\x80" * 99 + b"\n" + ndjson(ROW), "ndjson")
    assert len(found) == 2
    assert tally.skipped == {"line is not a JSON object": 1}


def test_json_values_of_any_kind(made: Made) -> None:
    row = ROW | {"p": 443, "b": 180.0, "d": 1.5, "k": None, "s": True, "f": ["S"], "n": {"a": 1}}
    (found,), tally = made(ndjson(row), "ndjson")
    assert (found["source_port"], found["bytes_forward"]) == (443, 180)
    assert found["end_ms"] - found["start_ms"] == 1500
    assert found["packets_forward"] is None
    assert set(tally.flagged) == {
        "bad value: sampling",
        "bad value: tcp_flags_forward",
        "bad value: protocol",
    }


@pytest.mark.parametrize("depth", [0, 1])
def test_objects_over_several_lines(made: Made, depth: int) -> None:
    text = json.dumps(ROW, indent=2)
    whole = f"[{text},\n{text}]" if depth else f"{text}\n{text}\n"
    found, tally = made(whole.encode(), "ndjson")
    assert (len(found), tally.skipped) == (2, {})
    found, tally = made(whole.encode()[:-20], "ndjson")
    assert (len(found), tally.skipped) == (1, {"cut object": 1})


@pytest.mark.parametrize("key", ["", "a/b~c", "it's", "\u00e9", 'q"', "*", "$.x", "a\\b", "8"])
def test_keys_of_any_spelling(
    read: Callable[..., Any], write: Callable[..., Path], key: str
) -> None:
    text = MAPPING.format("ndjson", '"iso"').replace('"b"', json.dumps(key))
    (row,), _ = read(write(ndjson(ROW | {key: 7})), write(text, "own.toml"))
    assert row["bytes_forward"] == 7


def test_parquet_of_lists(made: Made, tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([ROW | {"b": [1]}]), tmp_path / "p")
    with pytest.raises(FormatError, match="column b is no text"):
        made((tmp_path / "p").read_bytes(), "parquet")


def test_nested_keys_and_keys_with_dots(
    read: Callable[..., Any], write: Callable[..., Path]
) -> None:
    text = MAPPING.format("ndjson", '"iso"').replace('"b"', '"flow.bytes"')
    rows: list[dict[str, Any]] = [ROW | {"flow": {"bytes": 7}}, ROW | {"flow.bytes": 8}]
    found, _ = read(write(ndjson(*rows)), write(text, "own.toml"))
    assert [row["bytes_forward"] for row in found] == [7, 8]


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_a_stream_that_breaks_off(made: Made, form: str) -> None:
    rows = [ROW | {"b": str(60 + n * 7919 % 10**6)} for n in range(5000)]
    content = gzip.compress(csv(*rows) if form == "csv" else ndjson(*rows))
    found, tally = made(content[: len(content) // 2], form)
    assert 1000 < len(found) < 4000
    assert [row["bytes_forward"] for row in found] == [int(r["b"]) for r in rows[: len(found)]]
    assert tally.skipped == {"cut line": 1}
    assert tally.flagged == {"compressed stream broken off": 1}


def test_parquet_cut_in_its_middle(made: Made, tmp_path: Path) -> None:
    rows = [ROW | {"b": str(60 + n * 7919 % 10**6)} for n in range(9000)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "p", row_group_size=1000)
    content = bytearray((tmp_path / "p").read_bytes())
    with pytest.raises(FormatError, match="not a Parquet file"):
        made(bytes(content[: len(content) // 2]), "parquet")
    middle = len(content) // 2
    content[middle : middle + 4000] = b"\xff" * 4000
    found, tally = made(bytes(content), "parquet")
    assert len(found) < 9000
    assert tally.skipped["Parquet file broken"] == 1


@pytest.mark.parametrize("word", ["odd name", "odd text"])
def test_parquet_with_text_that_is_not_utf_8(made: Made, tmp_path: Path, word: str) -> None:
    table = pa.Table.from_pylist([ROW | {"p": "odd text", "odd name": "x"}])
    pq.write_table(table, tmp_path / "p", compression="none", store_schema=False)
    content = (tmp_path / "p").read_bytes().replace(word.encode(), b"\xff" * len(word))
    if word == "odd name":
        with pytest.raises(FormatError, match="not a Parquet file"):
            made(content, "parquet")
    else:
        found, tally = made(content, "parquet")
        assert not found
        assert tally.skipped == {"Parquet file broken": 1}


@pytest.mark.parametrize("text", ["a = " + "[" * 3000, "a = " + "9" * 5000, "a = 2020-02-31"])
def test_a_mapping_that_is_no_toml(text: str) -> None:
    with pytest.raises(MappingError, match=r"^own: [^\n]*$"):
        parse_mapping(text, "own")


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_a_header_or_white_space_alone(made: Made, form: str) -> None:
    for content in (csv(), csv()[:-1]) if form == "csv" else (b"\n \n", b"[]"):
        found, tally = made(content, form)
        assert (found, tally.records) == ([], 0)


def test_a_line_without_end_takes_little_memory(made: Made) -> None:
    content = gzip.compress(csv(ROW) + b"x" * (64 << 20) + b"\n" + csv(ROW)[-60:])
    tracemalloc.start()
    found, tally = made(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert tally.skipped["line too long"] == 1
    assert found
    assert peak < 100 << 20


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ('preset = "none"', "preset 'none' is none of"),
        ('preset = "argus"\nname = "x"\ntime = "epoch-h"', "epoch-h"),
        ('preset = "argus"\nname = "x"\nrequires = ["x"]\ntime = "%Q"', "no pattern of times"),
        ('preset = "argus"\nname = "x"\ndelimiter = "--"', "one character"),
        ('preset = "argus"\nname = "x"\nframe_overhead = 0', "1 at least"),
        ('preset = "argus"\nname = "x"\n[patterns]\nname = "("', "regular expression"),
        ('preset = "goflow2"\nname = "x"\n[columns]\nbytes_total = "b"', "no reverse side"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    read: Callable[..., Any], write: Callable[..., Path], own: str, says: str
) -> None:
    with pytest.raises(MappingError, match=says):
        read(write("x\ny\n"), write(own, "own.toml"))


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=80),
            st.dictionaries(st.sampled_from(sorted(ROW)), st.text(max_size=20)).map(ndjson),
            st.just(ndjson(ROW)),
        ),
        max_size=8,
    )
)
def test_every_line_of_json_is_a_row_or_counted(made: Made, parts: list[bytes]) -> None:
    content = ndjson(ROW) + b"\n".join(parts)
    found, tally = made(content, "ndjson")
    assert len(found) + sum(tally.skipped.values()) == tally.records
    assert len(found) >= 1
