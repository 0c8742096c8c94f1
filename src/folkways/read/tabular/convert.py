"""Text columns of a table to the columns of ``records``, each value checked.

An address that does not parse or a missing time costs the row; any other bad value costs only
itself: it becomes null, and is counted.
"""

from collections.abc import Callable

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.formats.protocols import PROTOCOL_NUMBERS
from folkways.model.addresses import addresses_from_text
from folkways.model.batches import Batch, Tally, make_batch
from folkways.model.period import local_day_bounds_ms, utc_ms
from folkways.read.tabular.mapping import (
    ADDRESS_FIELDS,
    FACTORS,
    MULTIPLES,
    NUMBER_FIELDS,
    TEXT_FIELDS,
    Mapping,
)

# A time with an offset says its own zone; DuckDB's TIMESTAMP would ignore the offset in silence.
_OFFSET = r"(Z|[+-]\d\d:?\d\d|[+-]\d\d)$"
_BITS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32, "E": 64, "C": 128}
_SMALL = {"protocol", "tcp_flags_forward", "tcp_flags_reverse"}


class Converter:
    """Converts batches by one mapping."""

    def __init__(self, mapping: Mapping, tally: Tally) -> None:
        self._mapping = mapping
        self._tally = tally
        self._con = duckdb.connect(config={"temp_directory": ""})

    def convert(self, raw: pa.RecordBatch) -> Batch:
        """Rows of ``records``; rows that give none are counted."""
        self._tally.records += raw.num_rows
        text = {f: self._text(raw[c]) for f, c in self._mapping.columns.items()}
        columns: dict[str, pa.Array] = {}
        start, end, keep = self._times(text)
        self._tally.skip("no time", len(keep) - int(keep.sum()))
        for field in ADDRESS_FIELDS:
            if field in text:
                columns[field], good = self._address(text[field])
                self._tally.skip(f"address does not parse: {field}", int((keep & ~good).sum()))
                keep &= good
        columns["start_ms"], columns["end_ms"] = start, end
        for field in TEXT_FIELDS:
            if field in text:
                columns[field] = text[field]
        for field in (*NUMBER_FIELDS, "protocol"):
            if field in text:
                columns[field] = self._number(field, text[field])
        self._shape(columns, raw.num_rows)
        if not keep.all():
            mask = pa.array(keep)
            columns = {name: column.filter(mask) for name, column in columns.items()}
        return make_batch("records", columns, int(keep.sum()))

    def _text(self, column: pa.Array) -> pa.Array:
        column = pc.utf8_trim_whitespace(column)
        empty = pc.is_in(column, value_set=pa.array(list(self._mapping.null), pa.string()))
        return pc.if_else(empty, pa.scalar(None, pa.string()), column)

    def _times(self, text: dict[str, pa.Array]) -> tuple[pa.Array, pa.Array, np.ndarray]:
        if "day" in text:
            start, end = self._days(text["day"])
        else:
            start = self._instants(text["start"])
            end = self._ends(text, start)
        known = start.is_valid().to_numpy(zero_copy_only=False)
        return start.fill_null(0), end.fill_null(0), known

    def _ends(self, text: dict[str, pa.Array], start: pa.Array) -> pa.Array:
        end = pa.nulls(len(start), pa.int64())
        if "end" in text:
            end = self._instants(text["end"])
        elif "duration" in text:
            factor = FACTORS[self._mapping.units.get("duration", "s")]
            length = self._try("duration", text["duration"], f"TRY_CAST(v AS DOUBLE) * {factor}")
            end = pc.add(start, pc.floor(length).cast(pa.int64()))
        # A row without an end is an instant: nothing is known of its length.
        return pc.coalesce(end, start)

    def _days(self, column: pa.Array) -> tuple[pa.Array, pa.Array]:
        encoded = column.dictionary_encode()
        bounds = [
            local_day_bounds_ms(t, self._mapping.zone) for t in encoded.dictionary.to_pylist()
        ]
        first = pa.array([b and b[0] for b in bounds], pa.int64())
        last = pa.array([b and b[1] - 1 for b in bounds], pa.int64())
        return first.take(encoded.indices), last.take(encoded.indices)

    def _instants(self, column: pa.Array) -> pa.Array:
        """Milliseconds since the epoch; null where the text is none."""
        kind = self._mapping.time
        if kind.startswith("epoch-"):
            factor = FACTORS.get(kind.removeprefix("epoch-"), 1e3)
            # Through DECIMAL, since a double holds no more than the microseconds of today.
            expression = f"CAST(floor(TRY_CAST(v AS DECIMAL(38, 9)) * {factor:.6f}) AS BIGINT)"
            return self._try("time", column, expression)
        if kind != "iso":
            quoted = kind.replace("'", "''")
            local = self._try("time", column, f"epoch_ms(try_strptime(v, '{quoted}'))")
            return self._to_utc(local, pa.array([True] * len(column)))
        with_offset = f"regexp_matches(v, '{_OFFSET}') AND length(v) > 10"
        instants = self._try(
            "time",
            column,
            f"CASE WHEN {with_offset} THEN epoch_ms(TRY_CAST(v AS TIMESTAMPTZ)) "
            "ELSE epoch_ms(TRY_CAST(v AS TIMESTAMP)) END",
        )
        own = pc.and_(
            pc.match_substring_regex(column, _OFFSET), pc.greater(pc.utf8_length(column), 10)
        )
        return self._to_utc(instants, pc.invert(own).fill_null(fill_value=False))

    def _to_utc(self, local: pa.Array, where: pa.Array) -> pa.Array:
        if self._mapping.zone == "UTC":
            return local
        values = local.fill_null(0).to_numpy(zero_copy_only=False)
        shifted = pa.array(utc_ms(values, self._mapping.zone))
        return pc.if_else(local.is_valid(), pc.if_else(where, shifted, local), local)

    def _address(self, column: pa.Array) -> tuple[pa.Array, np.ndarray]:
        addresses = addresses_from_text(column)
        good = pc.or_(addresses.is_valid(), column.is_null())
        return addresses, np.array(good.to_numpy(zero_copy_only=False))

    def _number(self, field: str, column: pa.Array) -> pa.Array:
        if field == "protocol":
            return self._by_distinct(field, column, _protocol)
        if field.startswith("tcp_flags"):
            return self._by_distinct(field, column, _flags)
        if field.endswith("_asn"):
            column = pc.replace_substring_regex(column, r"^(?i)as", "")
        multiple = MULTIPLES[self._mapping.units.get(field, "bytes")]
        value = f"TRY_CAST(v AS DECIMAL(38, 6)) * {multiple}"
        limit = 65535 if field.endswith("_port") else 2**63 - 1
        expression = (
            f"CASE WHEN {value} BETWEEN 0 AND {limit} THEN CAST(floor({value}) AS BIGINT) END"
        )
        return self._try(field, column, expression)

    def _by_distinct(
        self, field: str, column: pa.Array, parse: Callable[[str], int | None]
    ) -> pa.Array:
        encoded = column.dictionary_encode()
        distinct = pa.array([parse(t) for t in encoded.dictionary.to_pylist()], pa.int64())
        found = distinct.take(encoded.indices)
        self._tally.flag(f"bad value: {field}", found.null_count - column.null_count)
        return found

    def _try(self, field: str, column: pa.Array, expression: str) -> pa.Array:
        """Evaluate a DuckDB expression over ``v``; values it can't read are counted as bad."""
        self._con.register("column_of_text", pa.table({"v": column}))
        found = self._con.sql(f"SELECT {expression} AS x FROM column_of_text").to_arrow_table()
        self._con.unregister("column_of_text")
        values = found["x"].combine_chunks()
        if field != "time":
            self._tally.flag(f"bad value: {field}", values.null_count - column.null_count)
        return values

    def _shape(self, columns: dict[str, pa.Array], rows: int) -> None:
        if self._mapping.source_opens:
            columns["initiator"] = pa.repeat(pa.scalar("source"), rows)
            if self._mapping.direction == "bidirectional":
                columns["begins"] = pa.repeat(pa.scalar(value=True), rows)
        if self._mapping.sampling is not None:
            columns.setdefault("sampling", pa.repeat(pa.scalar(self._mapping.sampling), rows))
        protocol = columns.get("protocol")
        if protocol is None:
            return
        ported = pc.is_in(protocol, value_set=pa.array([6, 17, 33, 132, 136], pa.int64()))
        for field in ("source_port", "destination_port"):
            if field in columns:
                columns[field] = pc.if_else(
                    ported.fill_null(fill_value=True), columns[field], pa.scalar(None, pa.int64())
                )


def _protocol(text: str) -> int | None:
    if text.isdigit():
        return int(text) if int(text) < 256 else None
    return PROTOCOL_NUMBERS.get(text.lower())


def _flags(text: str) -> int | None:
    """A number, a hexadecimal number, or letters such as .A..SF (dots mean not set)."""
    try:
        value = int(text, 0)
    except ValueError:
        letters = text.upper().replace(".", "").replace("-", "").replace("_", "")
        if not set(letters) <= set(_BITS):
            return None
        value = sum(_BITS[letter] for letter in set(letters))
    return value if 0 <= value < 65536 else None
