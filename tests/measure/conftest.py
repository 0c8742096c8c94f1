"""Rows of connections from a few words, as the lazy frame that every measure takes."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
import pytest

from folkways.model.columns import CONNECTIONS

DEFAULTS: dict[str, Any] = {
    "protocol": 6,
    "bytes_out": 100,
    "bytes_in": 1000,
    "sampling": 1,
    "exporter": "r1",
    "internal": False,
    "source": "s1",
    "opens": 1,
    "answered": True,
    "noise": "use",
}

MakeFrame = Callable[[Sequence[Mapping[str, Any]]], nw.LazyFrame[Any]]


def utc(text: str) -> int:
    """Milliseconds since 1970 of ``2018-05-04 14:59:59.999``, in UTC."""
    moment = dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
    return round(moment.timestamp() * 1000)


def _row(given: Mapping[str, Any]) -> dict[str, Any]:
    row = {**DEFAULTS, **given}
    if isinstance(row.get("start_ms"), str):
        row["start_ms"] = utc(row["start_ms"])
    row.setdefault("end_ms", row["start_ms"])
    if isinstance(row["end_ms"], str):
        row["end_ms"] = utc(row["end_ms"])
    if isinstance(row.get("member"), int):
        row["member"] = row["member"].to_bytes(16, "big")
    moment = dt.datetime.fromtimestamp(row["start_ms"] / 1000, dt.UTC)
    row["day"] = moment.date().isoformat()
    return row


@pytest.fixture
def make_frame() -> Iterator[MakeFrame]:
    """Rows (dicts; what is not given has a default) to a frame with the schema CONNECTIONS."""
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")

        def make(rows: Sequence[Mapping[str, Any]]) -> nw.LazyFrame[Any]:
            table = pa.Table.from_pylist([_row(r) for r in rows], schema=CONNECTIONS.schema)
            con.register("rows", table)
            con.execute("create or replace table connections as select * from rows")
            return nw.from_native(con.table("connections"))

        yield make
