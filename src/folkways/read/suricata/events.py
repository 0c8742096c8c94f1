"""Lines of EVE to columns: one query takes the values that are used out of a block of lines.

What few lines have is asked of these lines alone: each value costs time even where it is not.
Every value is taken out as text, whatever its type in JSON, so that a bad one costs itself and not
the line; an object or list where none belongs is null.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.batches import Tally
from folkways.read.json_lines import answer, lines_of
from folkways.read.numbers import Mask, mask_of
from folkways.read.suricata.times import Times, microseconds

_TEXT = "VARCHAR"
_RECORD = {"rrname": _TEXT, "rrtype": _TEXT, "ttl": _TEXT, "rdata": _TEXT}
_COMMON: dict[str, Any] = {
    **dict.fromkeys(("event_type", "timestamp", "flow_id", "src_ip", "src_port"), _TEXT),
    **dict.fromkeys(("dest_ip", "dest_port", "proto", "app_proto", "host", "parent_id"), _TEXT),
    "tls": {"sni": _TEXT},
    "quic": {"sni": _TEXT},
    "http": {"hostname": _TEXT},
    "dns": {
        **dict.fromkeys(("type", "version", "rrname"), _TEXT),
        "queries": [{"rrname": _TEXT}],
        "answers": [_RECORD],
    },
}
_TRAFFIC: dict[str, dict[str, Any]] = {
    "flow": {
        "flow": {
            **dict.fromkeys(("start", "end", "bytes_toserver", "bytes_toclient"), _TEXT),
            **dict.fromkeys(("pkts_toserver", "pkts_toclient", "action"), _TEXT),
        },
        "tcp": dict.fromkeys(("tcp_flags_ts", "tcp_flags_tc"), _TEXT),
    },
    "netflow": {
        "netflow": dict.fromkeys(("start", "end", "bytes", "pkts"), _TEXT),
        "tcp": {"tcp_flags": _TEXT},
    },
}
UNLISTED: dict[str, Any] = {
    "dns": {
        **dict.fromkeys(("id", "rrtype", "ttl", "rdata"), _TEXT),
        "grouped": {"CNAME": [_TEXT], "A": [_TEXT], "AAAA": [_TEXT]},
    }
}
"""What a response may have that does not list its records."""

_EVENT_TYPE = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_MOST_TYPES = 64  # in a block; Suricata has some forty
_OBJECT = r"^\s*\{"


@dataclass(frozen=True)
class Events:
    """``count`` events: the ``rows`` (None: all) of what was ``found`` in a block's ``lines``.

    Only the columns that are asked for are cut out.
    """

    lines: pa.Array
    found: pa.StructArray
    engine: duckdb.DuckDBPyConnection
    count: int
    rows: pa.Array | None = None

    def column(self, path: str) -> pa.Array:
        """What is at a path, such as ``flow.start``: text or a list, null where nothing is."""
        column = pc.struct_field(self.found, path.split("."))
        return column if self.rows is None else column.take(self.rows)

    def times(self, name: str) -> Times:
        """Microseconds since 1970 UTC (0 where unknown), and a mask of known ones."""
        return microseconds(self.column(name))

    def only(self, mask: Mask) -> "Events":
        """The events where the mask is true."""
        chosen = pa.array(np.flatnonzero(mask).astype(np.int32))
        rows = chosen if self.rows is None else self.rows.take(chosen)
        return Events(self.lines, self.found, self.engine, len(chosen), rows)

    def with_traffic(self, kind: str) -> "Events":
        """The same events, flow or netflow, with their counters."""
        return self.asked(_COMMON | _TRAFFIC[kind])

    def asked(self, shape: dict[str, Any]) -> "Events":
        """The same events, with other values taken out."""
        lines = self.lines if self.rows is None else self.lines.take(self.rows)
        with self.engine.cursor() as cursor:
            return Events(lines, _asked(cursor, _query(shape), lines), self.engine, self.count)


def events_of(
    data: memoryview, traffic: str, engine: duckdb.DuckDBPyConnection, tally: Tally
) -> Events:
    """The events of a block of lines; what is no event is counted.

    Args:
        data: the block.
        traffic: flow or netflow; events of the other must be ``asked`` for their counters.
        engine: may be shared between threads.
        tally: where the lines that are no events are counted.
    """
    lines = lines_of(data)
    query = _query(_COMMON | _TRAFFIC[traffic])
    with engine.cursor() as cursor:
        try:
            found = _asked(cursor, query, lines)
        except (duckdb.InvalidInputException, UnicodeDecodeError):
            # The message may cut a character of the line, and be no text. Asking each line first
            # costs a second parse, so only blocks that need it pay.
            valid = _asked(cursor, "select json_valid(line) from lines", lines)
            _refuse("not a JSON object", len(lines) - valid.true_count, tally)
            lines = lines.filter(valid)
            found = _asked(cursor, query, lines)
    events = Events(lines, found, engine, len(lines))
    typed = mask_of(events.column("event_type").is_valid())
    if typed.all():
        return events
    untyped = lines.filter(pa.array(~typed))
    objects = int(mask_of(pc.match_substring_regex(untyped, _OBJECT)).sum())
    _refuse("no event type", objects, tally)
    _refuse("not a JSON object", len(untyped) - objects, tally)
    return events.only(typed)


def _query(shape: dict[str, Any]) -> str:
    # One value comes out, to be taken apart here: each column of its own costs the engine a plan.
    return f"select json_transform(line, '{json.dumps(shape)}') as found from lines"


def _asked(cursor: duckdb.DuckDBPyConnection, query: str, lines: pa.Array) -> pa.Array:
    cursor.register("lines", pa.table({"line": lines}))
    return answer(cursor, query)


def _refuse(cause: str, count: int, tally: Tally) -> None:
    tally.records += count
    tally.skip(cause, count)


def by_type(events: Events, used: Collection[str], tally: Tally) -> dict[str, Events]:
    """The events of each used type. The others are counted; what is no plain word as "other"."""
    encoded = events.column("event_type").dictionary_encode()
    codes, types = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
    found: dict[str, Events] = {}
    words: set[str] = set()
    for code, (word, count) in enumerate(zip(types, np.bincount(codes).tolist(), strict=True)):
        if word in used:
            found[word] = events.only(codes == code)
            continue
        # Garbage must not make a cause of every line.
        plain = _EVENT_TYPE.fullmatch(word) and len(words) < _MOST_TYPES
        words |= {word} if plain else {"other"}
        _refuse(f"event not used: {word if plain else 'other'}", count, tally)
    return found
