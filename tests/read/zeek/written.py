"""Rows of conn.log written as JSON and as text, and read back."""

import io
import json
from collections.abc import Iterable
from typing import Any, BinaryIO, cast

from folkways.formats.zeek import LOGS, header
from folkways.model.batches import Tally
from folkways.read.reader import ReadOptions
from folkways.read.source import Source
from folkways.read.zeek import ZeekReader

Row = dict[str, Any]
CONN: Row = {
    "ts": 1709287200.25,
    "uid": "C1",
    "id.orig_h": "192.0.2.1",
    "id.orig_p": 50000,
    "id.resp_h": "198.51.100.2",
    "id.resp_p": 443,
    "proto": "tcp",
    "duration": 10.5,
    "orig_bytes": 500,
    "resp_bytes": 8000,
    "conn_state": "SF",
    "missed_bytes": 0,
    "history": "ShADadFf",
    "orig_pkts": 10,
    "orig_ip_bytes": 1000,
    "resp_pkts": 12,
    "resp_ip_bytes": 9000,
}


def row(**values: Any) -> Row:
    """A row with other values; None leaves the key out."""
    return {k: v for k, v in (CONN | values).items() if v is not None}


def as_json(rows: Iterable[Row]) -> bytes:
    """An object a line."""
    return "".join(f"{json.dumps(r)}\n" for r in rows).encode()


def as_text(rows: Iterable[Row]) -> bytes:
    """A text log with all columns of LOGS."""
    names = [field.name for field in LOGS["conn"]]
    lines = ["\t".join(_text(r.get(name)) for name in names) for r in rows]
    return (header("conn", "-") + "".join(f"{line}\n" for line in lines)).encode()


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(value) or "(empty)"
    return "-" if value is None else str(value)


def read(data: bytes) -> tuple[list[Row], Tally]:
    """Rows and tally of a log."""
    tally = Tally()
    stream = cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", io.BytesIO(data))))
    batches = ZeekReader().read(Source("a log", None, stream), ReadOptions(), tally)
    return [found for b in batches for found in b.rows.to_pylist()], tally
