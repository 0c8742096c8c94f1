"""What an ingest did."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from folkways.store import SourceEntry

SCHEMA = "folkways.ingest/1"


@dataclass
class Ingested:
    """What an ingest did: sources taken in, known already, and not readable (name and cause).

    ``renewed`` are the digests of those that were in already and were read anew, since something is
    known now that they lacked; they are among the entries. ``dropped`` are ids of sources whose
    rows were staged and are not to go in. ``set_aside`` says what is not counted as use, or only in
    part, on the days that were settled.
    """

    entries: list[SourceEntry] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    renewed: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    set_aside: list[dict[str, Any]] = field(default_factory=list)

    @property
    def skipped(self) -> Counter[str]:
        """What gave no row, over all sources, by cause."""
        total: Counter[str] = Counter()
        for entry in self.entries:
            total.update(entry.skipped)
        return total

    def to_json(self) -> dict[str, Any]:
        """The shape documented in docs/reference/json.md."""
        return {
            "schema": SCHEMA,
            "in": [
                {"id": e.id, "name": e.name, "format": e.format, "flows": e.rows}
                for e in self.entries
            ],
            "known": self.known,
            "renewed": [e.name for e in self.entries if e.digest in self.renewed],
            "refused": [{"name": name, "cause": cause} for name, cause in self.refused],
            "skipped": dict(self.skipped.most_common()),
            "set_aside": self.set_aside,
        }

    def add(self, other: "Ingested") -> None:
        """Add what another group did."""
        again = {entry.digest for entry in other.entries}
        self.entries = [entry for entry in self.entries if entry.digest not in again]
        self.entries += other.entries
        self.known += other.known
        self.refused += other.refused
