"""Edges of single logs, and what random input may do."""

import hashlib
import io
import json
import threading
import zlib
from collections.abc import Generator
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from folkways.formats.zeek import LOGS, Field, Markers, escape, footer, header
from folkways.model.addresses import address_from_text, address_to_text
from folkways.model.batches import Batch, Tally
from folkways.model.errors import FormatError
from folkways.read import lines, works
from folkways.read.reader import ReadOptions
from folkways.read.source import Source
from folkways.read.uids import uid_number
from folkways.read.zeek import ZeekReader

JSON_CONN = (
    '{"ts":1.5,"uid":"C1","id.orig_h":"192.0.2.1","id.orig_p":1,"id.resp_h":"192.0.2.2",'
    '"id.resp_p":2,"proto":"udp","conn_state":"S0"}\n'
)


def source_of(data: bytes) -> Source:
    stream = cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", io.BytesIO(data)), 65_536))
    return Source("a log", None, stream)


def read(data: bytes) -> tuple[list[dict[str, Any]], Tally]:
    tally = Tally()
    batches = list(ZeekReader().read(source_of(data), ReadOptions(), tally))
    return [row for b in batches for row in b.rows.to_pylist()], tally


def sniff(data: bytes) -> float:
    return ZeekReader().sniff(source_of(data), ReadOptions())


def conn_log(*rows: str) -> str:
    used = {"ts", "uid", "proto", "local_orig"}
    fields = [f for f in LOGS["conn"] if f.name in used or f.name.startswith("id.")]
    return header("conn", "2020-10-06-17-32-56", fields) + "".join(f"{r}\n" for r in rows)


def conn_row(number: int) -> str:
    return f"{number}.25\tC{number}\t192.0.2.1\t1\t192.0.2.2\t2\tudp\tT"


@pytest.mark.parametrize(
    ("data", "sure"),
    [
        (conn_log().encode(), 1.0),
        (b"### BTest baseline data\n" + conn_log().encode(), 1.0),
        (b"\xef\xbb\xbf" + conn_log().encode(), 1.0),
        (b"\t#separator \\x09\n", 1.0),
        (JSON_CONN.encode(), 0.9),
        (b"the end of a cut line\n" + JSON_CONN.encode(), 0.9),
        (b'{"name":"/opt/zeek/share/zeek/base/init-bare.zeek"}\n', 0.5),
        (b'{"name":"Alice"}\n', 0.0),
        (b'{"timestamp":"2020-01-01","event_type":"flow","ts":1,"uid":"C1"}\n', 0.0),
        (b'{"a":1}\n', 0.0),
        (b"start,end\n1,2\n3,4\n", 0.0),
        (b"#Software: something\n#Fields: date time\n", 0.0),
        (b"\xd4\xc3\xb2\xa1" + bytes(100), 0.0),
        (b"", 0.0),
    ],
)
def test_sniff(data: bytes, sure: float) -> None:
    assert sniff(data) == sure


def test_what_is_no_log_is_said_in_one_line() -> None:
    for data in (b"", b"start,end\n1,2\n", b'{"event_type":"flow"}\n', bytes(5000)):
        with pytest.raises(FormatError, match="a log is") as error:
            read(data)
        assert "\n" not in str(error.value)


def test_a_log_without_rows_is_a_log() -> None:
    rows, tally = read((conn_log() + footer("2020-10-06-17-33-29")).encode())
    assert rows == []
    assert tally.records == 0


def test_a_closing_line_without_its_end_is_not_a_cut_row() -> None:
    rows, tally = read((conn_log(conn_row(1)) + "#close\t2020").encode())
    assert len(rows) == 1
    assert not tally.skipped


def test_a_path_that_the_header_leaves_out_is_told_by_the_columns() -> None:
    text = "\n".join(x for x in conn_log(conn_row(1)).splitlines() if not x.startswith("#path"))
    rows, _ = read(text.encode() + b"\n")
    assert len(rows) == 1


def test_lines_before_any_header_are_counted() -> None:
    rows, tally = read(
        f"{conn_row(1)}\n\n{conn_row(2)}\n".encode() + conn_log(conn_row(3)).encode()
    )
    assert len(rows) == 1
    assert tally.skipped == {"no header": 2}


def test_blank_lines_are_no_rows() -> None:
    log = header("weird", "-", [Field("ts", "time")])
    rows, tally = read(f"{log}\n1.0\n\n\n2.0\n\n".encode())
    assert rows == []
    assert tally.skipped == {"log not used: weird": 2}


def test_standard_input_is_hashed_as_it_passes() -> None:
    data = conn_log(conn_row(1)).encode()
    source = source_of(data)
    list(ZeekReader().read(source, ReadOptions(), Tally()))
    assert source.digest == hashlib.sha256(data).hexdigest()


def test_a_reader_that_is_left_early_leaves_no_threads() -> None:
    before = threading.active_count()
    text = conn_log(*map(conn_row, range(300_000)))
    batches = ZeekReader().read(source_of(text.encode()), ReadOptions(), Tally())
    assert next(iter(batches)).rows.num_rows > 0
    cast("Generator[Batch, None, None]", batches).close()
    assert threading.active_count() == before


def test_windows_line_ends() -> None:
    rows, tally = read(conn_log(conn_row(1)).replace("\n", "\r\n").encode())
    assert rows[0]["protocol"] == 17
    assert not tally.skipped


def test_a_column_named_twice() -> None:
    text = conn_log(f"{conn_row(1)}\ttcp").replace("\tlocal_orig", "\tlocal_orig\tproto")
    rows, _ = read(text.encode())
    assert rows[0]["protocol"] == 17


def test_bytes_that_are_no_utf8() -> None:
    fields = [Field("ts", "time"), Field("uid", "string"), Field("server_name", "string")]
    data = header("ssl", "-", fields).encode() + b"1.0\tC1\tm\xfcller.example\n1.0\tC2\ta.example\n"
    rows, tally = read(data)
    assert [r["name"] for r in rows] == ["a.example"]
    assert tally.skipped == {"name not usable": 1}


def test_a_stream_that_breaks_off(tmp_path: Path) -> None:
    deflated = zlib.compressobj(wbits=31)
    rows = [conn_row(n) for n in range(20_000)]
    whole = deflated.compress(conn_log(*rows).encode()) + deflated.flush()
    for name, data in (("cut", whole[:-4000]), ("garbled", whole[:-4000] + b"\xff" * 4000)):
        path = tmp_path / name
        path.write_bytes(data)
        tally = Tally()
        found = list(ZeekReader().read(Source(name, path), ReadOptions(), tally))
        assert 10_000 < sum(b.rows.num_rows for b in found) < 20_000
        assert tally.flagged == {"compressed stream broken off": 1}
        assert len(tally.notes) == 1


def test_a_line_without_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 1000)
    tally = Tally()
    data = b"a\n" + b"x" * 50_000 + b"\nb\n" + b"y" * 5000
    stream = cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", io.BytesIO(data)), 16))
    blocks = list(lines.blocks(stream, tally, size=300))
    assert b"".join(b.data for b in blocks) == b"a\nb\n"
    assert tally.skipped == {"line too long": 2}


@pytest.mark.parametrize("size", [1, 7, 100, 5000])
def test_the_cut_into_blocks_changes_nothing(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = conn_log(*map(conn_row, range(50))) + conn_log(*map(conn_row, range(50, 90)))
    wanted = read(text.encode())
    monkeypatch.setattr(lines.blocks, "__defaults__", (size,))
    assert read(text.encode()) == wanted
    assert [r["start_ms"] for r in wanted[0]] == [n * 1000 + 250 for n in range(90)]


def test_batches_are_bounded_and_in_order() -> None:
    text = conn_log(*map(conn_row, range(5000)))
    tally = Tally()
    found = list(ZeekReader().read(source_of(text.encode()), ReadOptions(), tally))
    small = list(works.gathered(found, 700))
    assert [b.rows.num_rows for b in small] == [700] * 7 + [100]
    starts = [ms for b in small for ms in b.rows["start_ms"].to_pylist()]
    assert starts == [n * 1000 + 250 for n in range(5000)]


def test_json_with_another_scope_character() -> None:
    rows, _ = read(JSON_CONN.replace("id.", "id_").encode())
    assert address_to_text(rows[0]["source_address"]) == "192.0.2.1"


PRINTABLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
SEPARATORS = st.sampled_from(["\t", ";", "|", "\x01", ",", " ", "@@", "§", '"', "\x7f"])
NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z]{2,5}){1,3}", fullmatch=True)
ADDRESSES = st.ip_addresses().map(str)


@settings(max_examples=60, deadline=None)
@given(
    separator=SEPARATORS,
    unset=st.sampled_from(["-", "NULL", "", "\\N", "(none)"]),
    empty=st.sampled_from(["(empty)", "EMPTY", "~"]),
    scope=st.sampled_from([".", "_", "$", "->"]),
    order=st.permutations(LOGS["conn"][:9]),
    rows=st.lists(
        st.tuples(
            st.integers(0, 4_000_000_000_000_000),
            st.text(PRINTABLE, min_size=1, max_size=60),
            ADDRESSES,
            ADDRESSES,
            st.none() | st.integers(0, 3_600_000_000),
            st.none() | st.text(PRINTABLE, min_size=1, max_size=12),
        ),
        max_size=12,
    ),
)
def test_any_markers_and_columns_round_trip(  # noqa: PLR0917  # named by hypothesis
    separator: str,
    unset: str,
    empty: str,
    scope: str,
    order: list[Field],
    rows: list[tuple[int, str, str, str, int | None, str | None]],
) -> None:
    markers = Markers(separator, ",", empty, unset)
    if len(separator) > 1:
        # A value that ends with a part of the separator cannot be told from it.
        texts = [text or "" for row in rows for text in (row[1], row[5])]
        assume(not set(separator) & set("".join(texts)))
    text = header("conn", "-", order, markers=markers, scope=scope)
    for ts, uid, source, destination, duration, service in rows:
        values = {
            "ts": f"{ts // 10**6}.{ts % 10**6:06d}",
            "uid": uid,
            "id.orig_h": source,
            "id.orig_p": "1024",
            "id.resp_h": destination,
            "id.resp_p": "443",
            "proto": "tcp",
            "service": service,
            "duration": None if duration is None else f"{duration // 10**6}.{duration % 10**6:06d}",
        }
        cells = [values[f.name] for f in order]
        text += separator.join(unset if c is None else escape(c, markers) for c in cells)
        text += "\n"
    found, tally = read(text.encode())
    assert not tally.skipped
    assert tally.records == len(rows)
    for row, (ts, uid, source, destination, duration, service) in zip(found, rows, strict=True):
        assert row["start_ms"] == ts // 1000
        assert row["end_ms"] == (ts + (duration or 0)) // 1000
        assert row["source_address"] == address_from_text(source)
        assert row["destination_address"] == address_from_text(destination)
        assert (row["source_port"], row["destination_port"]) == (1024, 443)
        assert row["uid"] == uid_number(escape(uid, markers))
        assert row["sensor_label"] == (None if service is None else escape(service, markers))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["", "text", "json"]))
def test_garbage_is_counted_or_a_format_error(garbage: bytes, before: str) -> None:
    good = {"": b"", "text": conn_log(conn_row(1)).encode(), "json": JSON_CONN.encode()}[before]
    try:
        rows, tally = read(good + garbage)
    except FormatError:
        assert not good
        return
    assert len(rows) + sum(tally.skipped.values()) <= tally.records + len(rows)
    assert len(rows) >= bool(good)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from([f.name for log in LOGS.values() for f in log]),
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats()
            | st.text(max_size=20)
            | st.lists(st.text(max_size=5) | st.integers(), max_size=3),
            max_size=12,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_json_of_any_types_never_crashes(objects: list[dict[str, Any]]) -> None:
    data = JSON_CONN + "".join(json.dumps(o) + "\n" for o in objects)
    rows, tally = read(data.encode())
    assert tally.records == len(objects) + 1
    assert rows
