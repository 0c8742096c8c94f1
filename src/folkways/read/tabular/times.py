"""Text to instants: counts since 1970, ISO 8601, patterns; local times by the mapping's zone."""

import re

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.errors import FormatError, MappingError
from folkways.model.period import local_day_bounds_ms, utc_ms
from folkways.read.iso import moments
from folkways.read.tabular.engine import Engine
from folkways.read.tabular.mapping import FACTORS, Mapping, group, presets

LAST_MS = 2**63 // 1_000_000
"""Later instants (from 2262 on) are none, as for all readers: nanoseconds would not fit 64 bits."""

# A time with an offset says its own zone; DuckDB's TIMESTAMP would ignore the offset in silence.
_OFFSET = r"\d ?([A-Za-z][A-Za-z/_]*|[+-]\d\d:?\d\d|[+-]\d\d)$"
_DAY = re.compile(r"^(19[7-9]\d|2[01]\d\d)-\d\d-\d\d$")
_MILLISECOND = 1_000_000
_NONE = pa.scalar(None, pa.int64())


class Times:
    """Reads the times of a mapping."""

    def __init__(self, mapping: Mapping, engine: Engine) -> None:
        self._mapping = mapping
        self._engine = engine
        self._kinds = group(mapping.time)

    def instants(self, column: pa.Array) -> pa.Array:
        """Milliseconds since 1970 UTC, 0 included; null where the text is none.

        Raises:
            FormatError: a time does not say its zone, and neither does the mapping.
        """
        found = pa.nulls(len(column), pa.int64())
        for kind in self._kinds:
            # A later kind is tried on what no earlier one could read.
            rest = pc.if_else(found.is_valid(), pa.scalar(None, pa.string()), column)
            if rest.null_count < len(rest):
                found = pc.coalesce(found, self._of_kind(kind, rest))
        inside = pc.and_(pc.greater_equal(found, 0), pc.less(found, LAST_MS))
        return pc.if_else(inside, found, _NONE)

    def check(self) -> None:
        """Refuse patterns that are none.

        Raises:
            MappingError: which one.
        """
        for kind in self._kinds:
            try:
                self._of_kind(kind, pa.nulls(1, pa.string()))
            except duckdb.Error:
                raise MappingError(
                    f"mapping {self._mapping.name}: {kind!r} is no pattern of times; write it as "
                    "%d.%m.%Y %H:%M:%S."
                ) from None

    def duration(self, column: pa.Array) -> pa.Array:
        """Milliseconds, rounded down; null where the text is none."""
        factor = FACTORS[self._mapping.units.get("duration", "s")]
        value = f"TRY_CAST(v AS DECIMAL(38, 9))::DOUBLE * {factor}"
        return self._engine.integers(column, value, LAST_MS)

    def days(self, column: pa.Array) -> tuple[pa.Array, pa.Array]:
        """First and last millisecond of local days written as 2017-06-09."""
        encoded = column.dictionary_encode()
        zone = self._zone()
        bounds = [
            local_day_bounds_ms(t, zone) if t and _DAY.match(t) else None
            for t in encoded.dictionary.to_pylist()
        ]
        first = pa.array([b and b[0] for b in bounds], pa.int64())
        last = pa.array([b and b[1] - 1 for b in bounds], pa.int64())
        return first.take(encoded.indices), last.take(encoded.indices)

    def _of_kind(self, kind: str, column: pa.Array) -> pa.Array:
        if kind.startswith("epoch-"):
            return self._epoch(kind.removeprefix("epoch-"), column)
        if kind == "iso":
            return self._iso(column)
        pattern = kind.replace("'", "''")
        local = self._engine.integers(
            column, f"epoch_us(try_strptime(v, '{pattern}')) // 1000", LAST_MS
        )
        return self._to_utc(local, local.is_valid())

    def _epoch(self, unit: str, column: pa.Array) -> pa.Array:
        # Through DECIMAL, since a double holds no more than the microseconds of today.
        factor = FACTORS[unit]
        try:
            numbers = column.cast(pa.int64())
        except pa.ArrowInvalid:
            value = f"TRY_CAST(v AS DECIMAL(38, 9)) * {factor:.6f}::DECIMAL(12, 6)"
            return self._engine.integers(column, f"TRY({value})", LAST_MS)
        per_unit, per_ms = max(1, round(factor)), max(1, round(1 / factor))
        small = pc.and_(pc.greater_equal(numbers, 0), pc.less(numbers, (2**63 - 1) // per_unit))
        numbers = pc.if_else(small, numbers, _NONE)
        return pc.divide(pc.multiply(numbers, per_unit), per_ms)

    def _iso(self, column: pa.Array) -> pa.Array:
        own = pc.and_(
            pc.match_substring_regex(column, _OFFSET), pc.greater(pc.utf8_length(column), 10)
        )
        local = pc.if_else(own, pa.scalar(None, pa.string()), column)
        found = self._engine.integers(local, _instant("TIMESTAMP"), LAST_MS)
        instants = pa.nulls(len(column), pa.int64())
        if pc.any(own).as_py():
            zoned = pc.if_else(own, column, pa.scalar(None, pa.string()))
            instants = self._engine.integers(zoned, _instant("TIMESTAMPTZ"), LAST_MS)
        if found.null_count + instants.null_count > len(column) + column.null_count:
            others = moments(column)
            found = pc.coalesce(found, others.column(zoned=False, unit=_MILLISECOND))
            instants = pc.coalesce(instants, others.column(zoned=True, unit=_MILLISECOND))
        return pc.coalesce(instants, self._to_utc(found, found.is_valid()))

    def _to_utc(self, local: pa.Array, given: pa.Array) -> pa.Array:
        if not pc.any(given).as_py():
            return local
        zone = self._zone()
        if zone == "UTC":
            return local
        values = np.asarray(local.fill_null(0).to_numpy(zero_copy_only=False), np.int64)
        return pc.if_else(local.is_valid(), pa.array(utc_ms(values, zone)), _NONE)

    def _zone(self) -> str:
        if self._mapping.zone:
            return self._mapping.zone
        name = self._mapping.name
        what = 'say in it zone = "Europe/Prague"'
        if name in {preset.name for preset in presets()}:
            what = (
                f'write a mapping of three lines, name = "mine", preset = "{name}" and zone = '
                '"Europe/Prague", and give it with --mapping'
            )
        raise FormatError(
            f"{name} has local times that do not say their zone, and a guess would move every "
            f"hour; {what} (or whichever zone it is)."
        )


def _instant(kind: str) -> str:
    # Words such as infinity and epoch are timestamps to DuckDB, but none to anyone else; and its
    # epoch_ms rounds up.
    value = f"epoch_us(TRY_CAST(v AS {kind})) // 1000"
    return f"CASE WHEN regexp_matches(v, '^[0-9]') THEN TRY({value}) END"
