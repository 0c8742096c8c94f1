"""Blocks of lines that are all alike give what the same lines give one by one."""

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.model.batches import Tally
from folkways.read.json_lines import connect, lines_of
from folkways.read.numbers import durations
from folkways.read.zeek import jsonlines
from folkways.read.zeek.alike import rows_alike
from folkways.read.zeek.seconds import decimals
from folkways.read.zeek.works import MEANINGS

CONN: dict[str, Any] = {
    "ts": 1591367999.305988,
    "uid": "C1",
    "id.orig_h": "192.0.2.1",
    "id.orig_p": 1,
    "id.resp_h": "2001:db8::2",
    "id.resp_p": 443,
    "proto": "tcp",
    "service": "ssl",
    "duration": 0.0022029876708984375,
    "orig_bytes": 5,
    "resp_bytes": 6,
    "conn_state": "SF",
    "missed_bytes": 0,
    "history": "ShADadFf",
    "orig_pkts": 3,
    "orig_ip_bytes": 200,
    "resp_pkts": 2,
    "resp_ip_bytes": 100,
}
HTTP = {"ts": 1.5, "uid": "C1", "trans_depth": 1, "method": "GET", "host": "a.example:80"}
ABSENT = "absent"


def block(*objects: dict[str, Any]) -> bytes:
    return "".join(f"{json.dumps(o)}\n" for o in objects).encode()


def changed(values: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in (CONN | values).items() if v != ABSENT}


def is_alike(data: bytes) -> bool:
    with connect() as engine:
        return rows_alike(lines_of(data), ".", engine) is not None


def read(data: bytes) -> tuple[list[Any], Tally]:
    tally = Tally()
    with connect() as engine:
        batches = [
            MEANINGS[r.log](r, tally) for r in jsonlines.rows_of(memoryview(data), engine, tally)
        ]
    return [row for b in batches for row in b.rows.to_pylist()], tally


def read_plainly(data: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Any], Tally]:
    with monkeypatch.context() as patch:
        patch.setattr(jsonlines, "_alike", lambda *_: None)
        return read(data)


@pytest.mark.parametrize(
    ("values", "alike"),
    [
        ({}, True),
        ({"duration": ABSENT}, True),
        ({"duration": 0.0}, True),
        ({"duration": 1}, True),
        ({"duration": 9.5367431640625e-07}, True),
        ({"duration": 0.00009}, True),
        ({"duration": 123456.123456789}, True),
        ({"duration": True}, False),
        ({"duration": "-"}, False),
        ({"duration": "soon"}, False),
        ({"duration": -1.0}, False),
        ({"duration": [1]}, False),
        ({"service": "-"}, True),
        ({"service": ABSENT}, True),
        ({"ts": ABSENT}, False),
        ({"ts": "2020-06-05T14:39:59.305988Z"}, False),
        ({"ts": 1591367999305}, False),
        ({"ts": 1591367999.9999998}, False),
        ({"ts": True}, False),
        ({"orig_pkts": 1.5}, False),
        ({"orig_pkts": True}, False),
        ({"orig_pkts": "-"}, False),
        ({"orig_pkts": 1}, True),
        ({"orig_pkts": "12"}, True),
        ({"orig_pkts": 2**53}, False),
        ({"orig_pkts": 5.0}, True),
        ({"orig_pkts": 1.0}, True),
        ({"orig_pkts": 1e3}, True),
        ({"orig_pkts": 1e300}, False),
        ({"orig_pkts": -3}, False),
        ({"orig_pkts": float("inf")}, False),
        ({"orig_pkts": ABSENT}, True),
        ({"id.orig_p": 1.5}, True),
        ({"orig_pkts": 2**64}, False),
        ({"id.resp_h": "here"}, True),
        ({"uid": ABSENT}, False),
        ({"_path": "conn"}, True),
        ({"_path": "weird"}, False),
        ({"client_initial_dcid": "ff"}, False),
        ({"orig_ip_bytes": ABSENT, "resp_ip_bytes": ABSENT}, True),
    ],
)
def test_one_odd_line(
    values: dict[str, Any],
    alike: bool,  # noqa: FBT001  # a case's value
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Not one of the lines from which the log is supposed; then one of them.
    data = block(*[CONN] * 7, changed(values), *[CONN] * 42)
    assert is_alike(data) == alike
    assert read(data) == read_plainly(data, monkeypatch)
    data = block(*[CONN] * 7, changed(values), *[CONN] * 2)
    assert read(data) == read_plainly(data, monkeypatch)


def test_a_key_written_with_an_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = block(CONN).replace(b'"orig_pkts": 3', b'"orig_pkts": true')
    assert b"true" in plain
    for odd in (plain, plain.replace(b"orig_pkts", rb"orig_\u0070kts")):
        data = block(*[CONN] * 7) + odd + block(*[CONN] * 42)
        assert not is_alike(data)
        rows, tally = read(data)
        assert (rows, tally) == read_plainly(data, monkeypatch)
        assert tally.skipped["bad number"] == 1


@pytest.mark.parametrize("gone", [("orig_ip_bytes", "resp_ip_bytes"), ("duration",), ("service",)])
def test_a_key_that_no_line_has(gone: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    data = block(*[changed(dict.fromkeys(gone, ABSENT))] * 30)
    assert is_alike(data)
    assert read(data) == read_plainly(data, monkeypatch)


@pytest.mark.parametrize("odd", [b"", b"  \n", b"[1]\n", b"null\n", b'{"ts":\n', b"{}\n"])
def test_lines_that_are_no_rows(odd: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    for log in (CONN, HTTP):
        data = block(*[log] * 4) + odd + block(*[log] * 4)
        assert is_alike(data) == (not odd)
        assert read(data) == read_plainly(data, monkeypatch)
    if odd:
        assert read(odd) == read_plainly(odd, monkeypatch)


def test_logs_in_one_block_are_not_alike() -> None:
    assert not is_alike(block(*[CONN] * 20, HTTP))
    assert not is_alike(block(HTTP, *[CONN] * 20))
    assert is_alike(block(HTTP))


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e7) | st.integers(0, 10**13).map(lambda n: n / 10**6), max_size=20))
def test_decimals_are_those_of_the_shortest_text(values: list[float]) -> None:
    found = decimals(np.array(values, np.float64), np.ones(len(values), np.bool_))
    texts = pa.array([repr(v) for v in values], pa.string())
    if found is None:
        assert max(values) >= 2**21
        return
    assert durations(found)[0].tolist() == durations(texts)[0].tolist()
