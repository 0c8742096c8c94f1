"""Lines of EVE to columns: one query takes all values that are used out of a block of lines."""

import re
from collections.abc import Collection
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.batches import Tally
from folkways.read.json_lines import lines_of
from folkways.read.numbers import Mask, mask_of

FIELDS = (
    *("event_type", "timestamp", "flow_id", "src_ip", "src_port", "dest_ip", "dest_port"),
    *("proto", "app_proto", "host", "flow.start", "flow.end", "flow.bytes_toserver"),
    *("flow.bytes_toclient", "flow.pkts_toserver", "flow.pkts_toclient", "netflow.start"),
    *("netflow.end", "netflow.bytes", "netflow.pkts", "tcp.tcp_flags", "tcp.tcp_flags_ts"),
    *("tcp.tcp_flags_tc", "tls.sni", "quic.sni", "http.hostname", "dns", "dns.type"),
)
"""What is taken out, by path; an object (dns) is taken out as its JSON text."""

TIMES = {
    "start": "case v[{event_type}] when 'flow' then v[{flow.start}] "
    "when 'netflow' then v[{netflow.start}] else v[{timestamp}] end",
    "end": "case v[{event_type}] when 'flow' then v[{flow.end}] "
    "when 'netflow' then v[{netflow.end}] end",
}
"""The times of an event, of which only flows have an end; ``timestamp`` is when it was logged."""

# Since no time zone may be guessed, a time without an offset is none.
_TIME = (
    r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?"
    r"([+-][01]\d:?[0-5]\d|Z)$"
)
_EVENT_TYPE = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_MOST_TYPES = 64  # in a block; Suricata has some forty
_PLACE = re.compile(r"\{([a-z_.]+)\}")
_RAW = frozenset({"timestamp", "flow.start", "flow.end", "netflow.start", "netflow.end"})
_OBJECT = r"^\s*\{"


@dataclass(frozen=True)
class Events:
    """Events of one type; ``columns`` by the paths of FIELDS, as text, but for TIMES."""

    count: int
    columns: dict[str, pa.Array]

    def text(self, name: str) -> pa.Array:
        """A column of text, null where the line does not have it."""
        return self.columns[name]

    def times(self, name: str) -> tuple[npt.NDArray[np.int64], Mask]:
        """Microseconds since 1970 UTC (0 where unknown), and a mask of known ones."""
        column = self.columns[name]
        known = mask_of(pc.greater_equal(column, 0))
        value = np.asarray(column.fill_null(0).to_numpy(zero_copy_only=False), np.int64)
        return np.where(known, value, 0), known

    def only(self, mask: Mask) -> "Events":
        """The events where the mask is true."""
        wanted = pa.array(mask)
        columns = {name: column.filter(wanted) for name, column in self.columns.items()}
        return Events(int(mask.sum()), columns)


def events_of(data: bytes, engine: duckdb.DuckDBPyConnection, tally: Tally) -> Events:
    """The events of a block of lines; what is no event is counted.

    ``engine`` may be shared between threads.
    """
    lines = lines_of(data)
    with engine.cursor() as cursor:
        cursor.register("lines", pa.table({"line": lines}))
        try:
            table = cursor.sql(_query("line")).to_arrow_table()
        except (duckdb.InvalidInputException, UnicodeDecodeError):
            # The message may cut a character of the line, and be no text. Asking each line first
            # costs a second parse, so only blocks that need it pay.
            table = cursor.sql(_query("case when json_valid(line) then line end")).to_arrow_table()
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    is_object = mask_of(columns.pop("is_object"))
    typed = mask_of(columns["event_type"].is_valid())
    events = Events(len(lines), columns)
    if typed.all():
        return events
    objects = int((is_object & ~typed).sum())
    missing = int((~typed).sum())
    tally.records += missing
    tally.skip("no event type", objects)
    tally.skip("not a JSON object", missing - objects)
    return events.only(typed)


def _query(line: str) -> str:
    places = {name: place for place, name in enumerate(FIELDS, 1)}
    paths = ", ".join(f"'$.{name}'" for name in FIELDS)
    texts = ", ".join(f'v[{places[name]}] as "{name}"' for name in FIELDS if name not in _RAW)
    stamps = ", ".join(f'{_placed(text, places)} as "{name}"' for name, text in TIMES.items())
    times = ", ".join(f'{_microseconds(name)} as "{name}"' for name in TIMES)
    return (
        f"select {texts}, {times}, regexp_matches(line, '{_OBJECT}') as is_object "
        f"from (select line, v, {stamps} "
        f"from (select line, json_extract_string(line, [{paths}]) as v "
        f"from (select {line} as line from lines)))"
    )


def _placed(text: str, places: dict[str, int]) -> str:
    return _PLACE.sub(lambda found: str(places[found[1]]), text)


def _microseconds(stamp: str) -> str:
    return (
        f"epoch_us(case when regexp_matches(\"{stamp}\", '{_TIME}') "
        f'then try_cast("{stamp}" as timestamptz) end)'
    )


def of_type(events: Events, event_type: str) -> Mask:
    """Where the events of a type are."""
    return mask_of(pc.equal(events.text("event_type"), event_type))


def skip_unused(events: Events, used: Collection[str], tally: Tally) -> None:
    """Count the events of all types but those used; what is no plain word counts as "other"."""
    words: set[str] = set()
    for found in pc.value_counts(events.text("event_type")).to_pylist():
        word, count = found["values"], found["counts"]
        if word in used:
            continue
        # Garbage must not make a cause of every line.
        if not _EVENT_TYPE.fullmatch(word) or (len(words) >= _MOST_TYPES and word not in words):
            word = "other"
        words.add(word)
        tally.records += count
        tally.skip(f"event not used: {word}", count)
