"""Text columns of a table to the columns of ``records``, each value checked.

An address that does not parse or a missing time costs the row; any other bad value costs only
itself: it becomes null, and is counted.
"""

import re
from functools import partial

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.formats.headers import Protocol
from folkways.model.batches import Batch, Tally, make_batch
from folkways.read.hosts import hosts
from folkways.read.numbers import Mask, integers, mask_of
from folkways.read.tabular.days import refuse_other_days
from folkways.read.tabular.engine import Engine
from folkways.read.tabular.mapping import (
    ADDRESS_FIELDS,
    ASN_FIELDS,
    COUNTRY_FIELDS,
    FLAG_FIELDS,
    MULTIPLES,
    NUMBER_FIELDS,
    PORT_FIELDS,
    TEXT_FIELDS,
    TRANSLATED_FIELDS,
    Mapping,
)
from folkways.read.tabular.times import LAST_MS, Times
from folkways.read.tabular.values import (
    DROPPED,
    FORWARDED,
    STRING,
    Parse,
    address_column,
    by_distinct,
    changed,
    country,
    denied,
    flags,
    forwarding_status,
    meant,
    null_if_zero,
    part,
    protocol,
    side,
    written,
)
from folkways.read.tabular.volume import flag_small, split_totals, to_ip_bytes

_PORTED = pa.array(Protocol.WITH_PORTS, pa.int64())
_TCP = pa.array([6], pa.int64())
_MOST = 2**63 - 1
_LIMITS = dict.fromkeys(PORT_FIELDS, 65_535) | dict.fromkeys(ASN_FIELDS, 2**32 - 1)
_LIMITS["sampling"] = 2**32 - 1
# 0 stands for an AS that is not known (RFC 7607), and no packet can be sampled 1 in 0.
_ZERO_IS_NONE = {*ASN_FIELDS, "sampling", *PORT_FIELDS[2:]}
_BLANK = " \t\r\n\0"  # ClickHouse fills texts of a fixed length with NUL
_TEXT, _NUMBER = pa.scalar(None, pa.string()), pa.scalar(None, pa.int64())
_FLAG = pa.scalar(None, pa.bool_())

Columns = dict[str, pa.Array]


class Converter:
    """Converts batches by one mapping."""

    def __init__(
        self,
        mapping: Mapping,
        tally: Tally,
        con: duckdb.DuckDBPyConnection,
        timezone: str | None = None,
    ) -> None:
        self._mapping = mapping
        self._tally = tally
        self._engine = Engine(con)
        self._times = Times(mapping, self._engine)
        self._timezone = timezone
        self._null = pa.array(list(mapping.null), pa.string())

    def convert(self, raw: pa.RecordBatch) -> Batch:
        """Rows of ``records``; rows that give none are counted.

        Args:
            raw: columns named as in ``Mapping.wanted``.
        """
        self._tally.records += raw.num_rows
        self._tally.versions[f"mapping {self._mapping.name}"] += raw.num_rows
        raw = self._without_left_out(raw)
        text = {f: self._text(f, raw[f]) for f in raw.schema.names if not f.startswith("skip:")}
        columns: Columns = {}
        keep = self._add_times(columns, text, raw.num_rows)
        keep &= self._add_addresses(columns, text, keep)
        if not keep.all():
            # What a row of no use says further is not worth a complaint.
            mask = pa.array(keep)
            columns = {name: column.filter(mask) for name, column in columns.items()}
            text = {name: column.filter(mask) for name, column in text.items()}
        rows = len(columns["start_ms"])
        self._add_words(columns, text)
        self._add_numbers(columns, text)
        split_totals(columns, self._tally)
        to_ip_bytes(columns, text.get("byte_basis"), self._mapping, self._tally)
        flag_small(columns, self._tally)
        self._shape(columns, rows)
        return make_batch("records", columns, rows)

    def _without_left_out(self, raw: pa.RecordBatch) -> pa.RecordBatch:
        for column, listed in self._mapping.skip.items():
            if f"skip:{column}" not in raw.schema.names:
                continue
            values = pc.utf8_trim_whitespace(raw[f"skip:{column}"])
            out = pc.is_in(values, value_set=pa.array(list(listed), pa.string()))
            for found in pc.value_counts(values.filter(out)).to_pylist():
                self._tally.skip(f"left out: {column} is {found['values']}", found["counts"])
            raw = raw.filter(pc.invert(out))
        return raw

    def _text(self, field: str, column: pa.Array) -> pa.Array:
        if column.type != pa.string():
            return column
        column = pc.utf8_trim(column, _BLANK)
        silent = pc.is_in(column, value_set=self._null)
        if pc.any(silent).as_py():
            column = pc.if_else(silent, _TEXT, column)
        pattern, values = self._mapping.patterns.get(field), self._mapping.values.get(field)
        if pattern is not None:
            column = by_distinct(column, partial(part, re.compile(pattern)))
        if values is not None:
            column = by_distinct(column, partial(meant, values))
        return column

    def _add_times(self, columns: Columns, text: Columns, rows: int) -> Mask:
        if "day" in text:
            start, end = self._times.days(text["day"])
        else:
            # A clock that stands at zero tells no time.
            start = null_if_zero(self._times.instants(text["start"]))
            end = self._end(start, text)
        if self._timezone and self._mapping.direction == "sums":
            refuse_other_days(start, end, self._mapping, self._timezone)
        known = mask_of(start.is_valid())
        self._tally.skip("no time", rows - int(known.sum()))
        columns["start_ms"], columns["end_ms"] = start.fill_null(0), end.fill_null(0)
        return known

    def _end(self, start: pa.Array, text: Columns) -> pa.Array:
        end = pa.nulls(len(start), pa.int64())
        # What a row without a start says of its end is not worth a complaint.
        given = {
            field: pc.if_else(start.is_valid(), text[field], _TEXT)
            for field in ("end", "duration")
            if field in text
        }
        if "end" in given:
            end = self._times.instants(given["end"])
            self._tally.flag("bad value: end", end.null_count - given["end"].null_count)
            end = null_if_zero(end)
            before = pc.less(end, start)
            self._tally.flag("clock: end before start", pc.sum(before).as_py() or 0)
            end = pc.if_else(before, _NUMBER, end)
        if "duration" in given:
            later = pc.add(start, self._times.duration(given["duration"]))
            later = pc.if_else(pc.less(later, LAST_MS), later, _NUMBER)
            bad = later.null_count - given["duration"].null_count
            self._tally.flag("bad value: duration", bad)
            end = pc.coalesce(end, later)
        # A row without an end is an instant: nothing is known of its length.
        return pc.coalesce(end, start)

    def _add_addresses(self, columns: Columns, text: Columns, keep: Mask) -> Mask:
        good = np.ones(len(keep), np.bool_)
        for field in (f for f in ADDRESS_FIELDS if f in text):
            columns[field] = address_column(text[field])
            parsed = mask_of(pc.or_(columns[field].is_valid(), text[field].is_null()))
            bad = int((keep & good & ~parsed).sum())
            self._tally.skip(f"address does not parse: {field}", bad)
            good &= parsed
        sides = [text[f] for f in (*ADDRESS_FIELDS, "source_member") if f in text]
        named = np.zeros(len(keep), np.bool_)
        for given in sides:
            named |= mask_of(given.is_valid())
        self._tally.skip("no address", int((keep & good & ~named).sum()))
        return good & named

    def _add_words(self, columns: Columns, text: Columns) -> None:
        for field in (f for f in TEXT_FIELDS if f in text):
            columns[field] = written(text[field])
        for field in (f for f in COUNTRY_FIELDS if f in text):
            columns[field] = self._each(field, text[field], country)
        self._add_verdict(columns, text)
        if "opener" in text:
            columns["initiator"] = self._each("opener", text["opener"], side)
        if "name" in text:
            found = hosts(text["name"])
            columns["name"] = found.names
            self._tally.flag("bad value: name", found.names.null_count - text["name"].null_count)
            if self._mapping.name_source is not None:
                columns["name_source"] = pc.if_else(
                    found.names.is_valid(), pa.scalar(self._mapping.name_source), _TEXT
                )
        for field in (f for f in TRANSLATED_FIELDS if f in text):
            found_address = address_column(text[field])
            bad = found_address.null_count - text[field].null_count
            self._tally.flag(f"bad value: {field}", bad)
            columns[field] = changed(found_address, columns.get(field.removeprefix("translated_")))

    def _add_verdict(self, columns: Columns, text: Columns) -> None:
        """Whether the packets were discarded, by the first of the fields that says so."""
        found = []
        if "denied" in text:
            found.append(self._each("denied", text["denied"], denied, pa.bool_()))
        if "forwarding_status" in text:
            given = text["forwarding_status"]
            status = self._each("forwarding_status", given, forwarding_status, pa.int64())
            known = pc.is_in(status, value_set=pa.array([FORWARDED, DROPPED]))
            found.append(pc.if_else(known, pc.equal(status, DROPPED), _FLAG))
        if found:
            columns["denied"] = pc.coalesce(*found)

    def _add_numbers(self, columns: Columns, text: Columns) -> None:
        if "protocol" in text:
            columns["protocol"] = self._each("protocol", text["protocol"], protocol, pa.int64())
            # ICMP's type and code stand where ports do, as hexadecimal numbers or zeros.
            for fields, having in ((PORT_FIELDS, _PORTED), (FLAG_FIELDS, _TCP)):
                has = pc.is_in(columns["protocol"], value_set=having)
                has = pc.or_(has, columns["protocol"].is_null())
                text |= {f: pc.if_else(has, text[f], _TEXT) for f in fields if f in text}
        for field in (f for f in FLAG_FIELDS if f in text):
            columns[field] = self._each(field, text[field], flags, pa.int64())
        for field in (f for f in (*PORT_FIELDS, *NUMBER_FIELDS) if f in text):
            columns[field] = self._number(field, text[field])
        for field in (f for f in PORT_FIELDS[2:] if f in columns):
            columns[field] = changed(columns[field], columns.get(field.removeprefix("translated_")))

    def _number(self, field: str, column: pa.Array) -> pa.Array:
        most = _LIMITS.get(field, _MOST)
        unit = self._mapping.units.get(field, "bytes")
        if field in ASN_FIELDS:
            column = pc.replace_substring_regex(column, r"^(?i)as", "")
        found, bad = integers(column, most)
        if bad is not None or unit != "bytes":
            value = f"TRY(TRY_CAST(v AS DECIMAL(38, 6)) * {MULTIPLES[unit]})"
            found = self._engine.integers(column, value, most)
        self._tally.flag(f"bad value: {field}", found.null_count - column.null_count)
        return null_if_zero(found) if field in _ZERO_IS_NONE else found

    def _each(
        self, field: str, column: pa.Array, parse: Parse, kind: pa.DataType = STRING
    ) -> pa.Array:
        found = by_distinct(column, parse, kind)
        self._tally.flag(f"bad value: {field}", found.null_count - column.null_count)
        return found

    def _shape(self, columns: Columns, rows: int) -> None:
        if self._mapping.source_opens:
            columns["initiator"] = pa.repeat(pa.scalar("source"), rows)
            if self._mapping.direction == "bidirectional":
                columns["begins"] = pa.repeat(pa.scalar(value=True), rows)
        if self._mapping.sampling is not None:
            columns.setdefault("sampling", pa.repeat(pa.scalar(self._mapping.sampling), rows))
