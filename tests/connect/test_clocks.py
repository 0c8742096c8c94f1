"""Clocks of meters that lie apart are known by many connections, never by a few."""

from typing import Any

import duckdb
import pyarrow as pa
import pytest

from folkways.connect.clocks import APART_MS, clocks
from folkways.connect.connections import connections_of_day
from folkways.model.columns import OBSERVED, STORED_NAMES

DAY_START = 1_577_923_200_000
KEY = "member, remote, protocol, member_port, remote_port"
Row = dict[str, Any]


def row(number: int, at_ms: int, exporter: str, **more: Any) -> Row:
    start = DAY_START + 3_600_000 + number * 400_000 % 80_000_000 + at_ms
    return {
        "day": "2020-01-02",
        "start_ms": start,
        "end_ms": start + 50,
        "member": b"m" * 16,
        "member_port": 1000 + number,
        "remote": b"r" * 16,
        "remote_port": 53,
        "protocol": 17,
        "bytes_out": 60 + number,
        "packets_out": 1,
        "sent_first": "member",
        "internal": False,
        "source": "s",
        "exporter": exporter,
        **more,
    }


def seen(count: int, by_ms: int, jitter_ms: int = 0, **more: Any) -> list[Row]:
    return [
        r
        for n in range(count)
        for r in (row(n, 0, "a"), row(n, by_ms + n * 7919 % (jitter_ms + 1), "b", **more))
    ]


def ahead(rows: list[Row]) -> dict[str, int]:
    con = duckdb.connect()
    con.register("rows", pa.Table.from_pylist(rows, OBSERVED.schema))
    found = clocks(con, "rows", KEY).to_pylist()
    return {r["meter"].split("\0")[0]: r["ahead_ms"] for r in found}


def counted(rows: list[Row]) -> tuple[int, int]:
    """Connections and bytes of use."""
    con = duckdb.connect()
    con.register("observed", pa.Table.from_pylist(rows, OBSERVED.schema))
    con.register("logged", pa.Table.from_pylist([], STORED_NAMES.schema))
    query = connections_of_day(con, "observed", "logged", "2020-01-02").query
    sums = f"SELECT sum(opens), sum(bytes_out) FROM ({query}) WHERE noise = 'use'"
    opens, octets = con.sql(sums).fetchall()[0]
    return int(opens), int(octets)


@pytest.mark.parametrize("by_ms", [1_500, 5_000, -5_000, 60_000, -100_000, APART_MS])
def test_many_connections_alike_tell_how_far_clocks_lie_apart(by_ms: int) -> None:
    assert ahead(seen(40, by_ms)) == {"b": by_ms}
    assert counted(seen(40, by_ms)) == counted([row(n, 0, "a") for n in range(40)])


def test_whole_seconds_are_no_hindrance() -> None:
    assert abs(ahead(seen(40, 5_000, 999))["b"] - 5_500) < 500


@pytest.mark.parametrize(
    "rows",
    [
        seen(20, 5_000),
        seen(40, 5_000, 9_000),
        seen(40, 5_000, packets_out=2),
        seen(40, 5_000, sampling=100),
        seen(40, 5_000, flows=3),
        seen(40, APART_MS + 5_000),
        seen(40, 800),
        [row(n, 0, "a") for n in range(40)],
    ],
    ids=["few", "uneven", "other counts", "samples", "sums", "too far", "near", "one meter"],
)
def test_else_clocks_are_taken_as_they_are(rows: list[Row]) -> None:
    assert ahead(rows) == {}


def test_few_questions_asked_again_by_another_path_count_twice() -> None:
    assert counted(seen(20, 5_000))[1] == 2 * counted([row(n, 0, "a") for n in range(20)])[1]


def test_a_third_clock_is_known_through_the_second() -> None:
    rows = seen(40, 5_000)
    # The third saw other connections with the second than the first did.
    for n in range(100, 140):
        rows += [row(n, 5_000, "b"), row(n, 15_000, "c")]
    assert ahead(rows) == {"b": 5_000, "c": 15_000}
