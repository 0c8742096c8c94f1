"""A mapping file: which column of a table is which field, in which unit and zone."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from folkways.model.errors import MappingError

TIME_FIELDS = ("start", "end", "duration", "day")
ADDRESS_FIELDS = ("source_address", "destination_address")
TRANSLATED_FIELDS = ("translated_source_address", "translated_destination_address")
TEXT_FIELDS = ("source_member", "sensor_label", "exporter", "observation_point")
COUNTRY_FIELDS = ("source_country", "destination_country")
PORT_FIELDS = (
    "source_port",
    "destination_port",
    "translated_source_port",
    "translated_destination_port",
)
BYTES_FIELDS = ("bytes_forward", "bytes_reverse", "bytes_total")
PACKETS_FIELDS = ("packets_forward", "packets_reverse", "packets_total")
ASN_FIELDS = ("source_asn", "destination_asn")
NUMBER_FIELDS = (*BYTES_FIELDS, *PACKETS_FIELDS, "flows", *ASN_FIELDS, "sampling")
FLAG_FIELDS = ("tcp_flags_forward", "tcp_flags_reverse")
VERDICT_FIELDS = ("denied", "forwarding_status")
FIELDS = (
    *TIME_FIELDS,
    *ADDRESS_FIELDS,
    "protocol",
    *PORT_FIELDS,
    *NUMBER_FIELDS,
    *FLAG_FIELDS,
    "opener",
    "name",
    *TEXT_FIELDS,
    *COUNTRY_FIELDS,
    *TRANSLATED_FIELDS,
    "byte_basis",
    *VERDICT_FIELDS,
)

FACTORS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3, "min": 6e4}
"""Milliseconds in a unit of time."""
MULTIPLES = {"bytes": 1, "kB": 1000, "KiB": 1024, "MB": 1_000_000, "MiB": 1_048_576}
"""Bytes in a unit of volume."""

Names = str | tuple[str, ...]
"""One column, or several of which the first that says something is used."""
Basis = Literal["ip", "frame", "payload"]


class Mapping(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A mapping as written in TOML; see docs/how-to/tables.md for each key.

    ``direction`` says what a row is: ``bidirectional`` (both directions of a flow),
    ``unidirectional`` (one direction, to be paired) or ``sums`` (``flows`` flows a row).
    ``sampling`` is 1 in N for all rows, where no column says it. ``requires`` names the columns
    that a table must have (of a group of names, one); without it, all mapped columns must be there.
    """

    name: str
    columns: dict[str, Names]
    direction: Literal["bidirectional", "unidirectional", "sums"]
    preset: str | None = None
    format: Literal["csv", "ndjson", "parquet", "any"] = "csv"
    delimiter: Names = ","
    header: tuple[str, ...] = ()
    requires: tuple[Names, ...] = ()
    time: Names = "iso"
    zone: str = "UTC"
    units: dict[str, str] = {}
    null: tuple[str, ...] = ("", "-", "null", "NULL", "\\N")
    values: dict[str, dict[str, str]] = {}
    patterns: dict[str, str] = {}
    skip: dict[str, tuple[str, ...]] = {}
    byte_basis: Basis = "ip"
    frame_overhead: int | None = None
    name_source: Literal["tls", "quic", "http"] | None = None
    sampling: int | None = None
    source_opens: bool = False
    meaning: str = ""

    def check(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            MappingError: with what is wrong and what to do.
        """
        self._check_columns()
        self._check_values()
        self._check_units()

    def _check_columns(self) -> None:
        for field in (*self.columns, *self.values, *self.patterns):
            if field not in FIELDS:
                self._refuse(f"unknown field {field!r}; known are {', '.join(FIELDS)}.")
        if ("start" in self.columns) == ("day" in self.columns):
            self._refuse("give either 'start' or 'day' a column.")
        if self.direction == "sums" and "flows" not in self.columns:
            self._refuse("sums need a column for 'flows'.")
        if self.direction == "unidirectional" and any(
            f.endswith(("_reverse", "_total")) for f in self.columns
        ):
            self._refuse("a unidirectional row has no reverse side.")
        if not {"source_member", *ADDRESS_FIELDS} & set(self.columns):
            self._refuse("neither an address nor a member is mapped.")

    def _check_values(self) -> None:
        if not all(n >= 1 for n in (self.sampling, self.frame_overhead) if n is not None):
            self._refuse("'sampling' and 'frame_overhead' are 1 at least.")
        if not all(len(d.encode()) == 1 for d in self.delimiters):
            self._refuse("'delimiter' is one character.")
        for field, pattern in self.patterns.items():
            if not _has_one_group(pattern):
                self._refuse(f"the pattern of {field} is no regular expression with one group.")

    def _check_units(self) -> None:
        for field, unit in self.units.items():
            known = FACTORS if field in TIME_FIELDS else MULTIPLES
            if unit not in known:
                self._refuse(f"unit {unit!r} of {field} is none of {', '.join(known)}.")
        for kind in group(self.time):
            if kind.startswith("epoch-") and kind.removeprefix("epoch-") not in FACTORS:
                self._refuse(
                    f"time {kind!r} is none of {', '.join(f'epoch-{u}' for u in FACTORS)}."
                )
        try:
            ZoneInfo(self.zone or "UTC")
        except (KeyError, ValueError, OSError):
            self._refuse(f"zone {self.zone!r} is not known.")

    def _refuse(self, why: str) -> None:
        raise MappingError(f"mapping {self.name}: {why}")

    @property
    def delimiters(self) -> tuple[str, ...]:
        """The delimiters that a table may have."""
        return group(self.delimiter)

    @property
    def wanted(self) -> dict[str, tuple[str, ...]]:
        """Candidate columns by what they are read for: a field, or ``skip:`` and the column."""
        found = {field: group(names) for field, names in self.columns.items() if names != ()}
        return found | {f"skip:{column}": (column,) for column in self.skip}

    @property
    def required(self) -> tuple[tuple[str, ...], ...]:
        """Groups of columns; a table must have one of each."""
        return tuple(group(names) for names in self.requires or self.columns.values())


def _has_one_group(pattern: str) -> bool:
    try:
        return re.compile(pattern).groups == 1
    except re.error:
        return False


def group(names: Names) -> tuple[str, ...]:
    """One name or several, as several."""
    return (names,) if isinstance(names, str) else names


def parse_mapping(text: str, where: str = "the mapping") -> Mapping:
    """A mapping from its TOML text; ``preset = "NAME"`` in it takes the rest from a preset.

    Raises:
        MappingError: it is not TOML, not a mapping, or contradicts itself.
    """
    try:
        mapping = msgspec.convert(_with_preset(tomllib.loads(text), where), Mapping)
    except (ValueError, RecursionError) as error:
        # tomllib has no error of its own for absurd numbers and nesting.
        raise MappingError(f"{where}: {error}") from None
    mapping.check()
    return mapping


def _with_preset(own: dict[str, Any], where: str) -> dict[str, Any]:
    """A mapping's keys over those of the preset that it names; of tables, key by key."""
    name, texts = own.get("preset"), _preset_texts()
    if name is None:
        return own
    if not isinstance(name, str) or name not in texts:
        raise MappingError(f"{where}: preset {name!r} is none of {', '.join(sorted(texts))}.")
    base = _with_preset(tomllib.loads(texts[name]), name)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        base[key] = base[key] | value if both else value
    return base


@cache
def _preset_texts() -> dict[str, str]:
    """The presets' files by name; a file is called as the preset in it."""
    folder = files("folkways.read.tabular") / "presets"
    entries = sorted(folder.iterdir(), key=lambda e: e.name)
    return {
        e.name.removesuffix(".toml"): e.read_text(encoding="utf-8")
        for e in entries
        if e.name.endswith(".toml")
    }


@cache
def presets() -> tuple[Mapping, ...]:
    """The mappings that come with Folkways, by name."""
    return tuple(parse_mapping(text, name) for name, text in _preset_texts().items())


def load_mapping(name: str) -> Mapping:
    """A preset by name, or a mapping file by path.

    Raises:
        MappingError: there is neither.
    """
    texts = _preset_texts()
    if name in texts:
        return parse_mapping(texts[name], name)
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError):
        raise MappingError(
            f"{name} is neither a mapping file that can be read nor a preset "
            f"({', '.join(sorted(texts))})."
        ) from None
    return parse_mapping(text, name)
