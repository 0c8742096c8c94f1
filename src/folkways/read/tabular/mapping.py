"""A mapping file: which column of a table is which field, in which unit and zone."""

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from folkways.model.errors import MappingError

TIME_FIELDS = ("start", "end", "duration", "day")
ADDRESS_FIELDS = ("source_address", "destination_address")
TEXT_FIELDS = (
    "source_member",
    "source_country",
    "destination_country",
    "name",
    "sensor_label",
    "exporter",
)
NUMBER_FIELDS = (
    "source_port",
    "destination_port",
    "bytes_forward",
    "bytes_reverse",
    "packets_forward",
    "packets_reverse",
    "tcp_flags_forward",
    "tcp_flags_reverse",
    "flows",
    "source_asn",
    "destination_asn",
    "sampling",
)
FIELDS = (*TIME_FIELDS, *ADDRESS_FIELDS, "protocol", *TEXT_FIELDS, *NUMBER_FIELDS)

FACTORS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3, "min": 6e4}
"""Milliseconds in a unit of time."""
MULTIPLES = {"bytes": 1, "kB": 1000, "KiB": 1024, "MB": 1_000_000, "MiB": 1_048_576}
"""Bytes in a unit of volume."""


class Mapping(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A mapping as written in TOML; see docs/how-to/tables.md for each key.

    ``direction`` says what a row is: ``bidirectional`` (both directions of a flow),
    ``unidirectional`` (one direction, to be paired) or ``sums`` (``flows`` flows a row).
    ``sampling`` is 1 in N for all rows, where no column says it.
    """

    name: str
    columns: dict[str, str]
    direction: Literal["bidirectional", "unidirectional", "sums"]
    format: Literal["csv", "ndjson", "parquet"] = "csv"
    delimiter: str = ","
    header: tuple[str, ...] = ()
    time: str = "iso"
    zone: str = "UTC"
    units: dict[str, str] = {}
    null: tuple[str, ...] = ("", "-", "null", "NULL", "\\N")
    sampling: int | None = None
    source_opens: bool = False
    meaning: str = ""

    def check(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            MappingError: with what is wrong and what to do.
        """
        for field in self.columns:
            if field not in FIELDS:
                raise MappingError(
                    f"mapping {self.name}: unknown field {field!r}; known are {', '.join(FIELDS)}."
                )
        if ("start" in self.columns) == ("day" in self.columns):
            raise MappingError(f"mapping {self.name}: give either 'start' or 'day' a column.")
        if self.direction == "sums" and "flows" not in self.columns:
            raise MappingError(f"mapping {self.name}: sums need a column for 'flows'.")
        if self.direction == "unidirectional" and any("reverse" in f for f in self.columns):
            raise MappingError(f"mapping {self.name}: a unidirectional row has no reverse side.")
        if not {"source_member", *ADDRESS_FIELDS} & set(self.columns):
            raise MappingError(f"mapping {self.name}: neither an address nor a member is mapped.")
        for field, unit in self.units.items():
            known = FACTORS if field in TIME_FIELDS else MULTIPLES
            if unit not in known:
                raise MappingError(
                    f"mapping {self.name}: unit {unit!r} of {field} is none of {', '.join(known)}."
                )
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError):
            raise MappingError(f"mapping {self.name}: zone {self.zone!r} is not known.") from None


def parse_mapping(text: str, where: str = "the mapping") -> Mapping:
    """A mapping from its TOML text.

    Raises:
        MappingError: it is not TOML, not a mapping, or contradicts itself.
    """
    try:
        mapping = msgspec.convert(tomllib.loads(text), Mapping)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise MappingError(f"{where}: {error}") from None
    mapping.check()
    return mapping


def presets() -> Iterator[Mapping]:
    """The mappings that come with Folkways, by file name."""
    folder = files("folkways.read.tabular") / "presets"
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".toml"):
            yield parse_mapping(entry.read_text(encoding="utf-8"), entry.name)


def load_mapping(name: str) -> Mapping:
    """A preset by name, or a mapping file by path.

    Raises:
        MappingError: there is neither.
    """
    known = {preset.name: preset for preset in presets()}
    if name in known:
        return known[name]
    path = Path(name)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise MappingError(
            f"{name} is neither a mapping file that can be read nor a preset "
            f"({', '.join(sorted(known))})."
        ) from None
    return parse_mapping(text, name)
