"""What a reader is. Each format has one in a file (or folder) of its own, listed in ``formats``."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from folkways.model.batches import Batch, Tally
from folkways.model.told import Heard
from folkways.read.source import Source

BATCH_ROWS = 262_144

KEY = frozenset(
    {"start_ms", "end_ms", "protocol"}
    | {f"{side}_{part}" for side in ("source", "destination") for part in ("address", "port")}
)
FORWARD = frozenset({"bytes_forward", "packets_forward", "tcp_flags_forward"})
REVERSE = frozenset({"bytes_reverse", "packets_reverse", "tcp_flags_reverse"})
"""Columns that most readers can fill; see ``Reader.gives``."""


@dataclass(frozen=True)
class ReadOptions:
    """What a user can say about how sources are read.

    ``active_timeout_s`` and ``idle_timeout_s`` cut flows metered from captures; ``mapping`` is a
    mapping file for tabular sources, or the name of a preset. ``sampling`` says for all
    sources that packets were sampled 1 in N before they were measured; None: as the source says.
    ``exporter`` names who measured, where a source does not say it. ``timezone`` is the zone whose
    days are counted in, for what is a sum of a day; None where nothing is counted. ``heard`` is
    what exporters said in other sources; who reads a study's sources says it.
    """

    active_timeout_s: float = 1800.0
    idle_timeout_s: float = 120.0
    mapping: str | None = None
    sampling: int | None = None
    exporter: str | None = None
    timezone: str | None = None
    heard: Heard = field(default_factory=Heard, compare=False)


class Reader(Protocol):
    """Reads one format."""

    name: str
    """The format as users write it after --format."""

    gives: frozenset[str]
    """Columns of ``records`` that it can fill, and ``names`` or ``answers`` for such rows."""

    def sniff(self, source: Source, options: ReadOptions) -> float:
        """How sure it is, 0 (not mine) to 1, from ``source.head`` alone; best sniff wins."""

    def read(self, source: Source, options: ReadOptions, tally: Tally) -> Iterator[Batch]:
        """Yield batches of at most ``BATCH_ROWS`` rows or so, counting all that gives no row.

        The same content gives the same rows in the same order every time. Memory does not grow
        with the size of the source. A cut or garbled end is counted, and what came before is used.

        Raises:
            FormatError: nothing of the source can be read as this format.
        """
