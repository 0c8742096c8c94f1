"""What a source is, before it goes anywhere: format, span, names, problems. Needs no study."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.batches import Batch, Tally
from folkways.model.errors import FolkwaysError, UserError
from folkways.model.period import instant_text
from folkways.read.reader import ReadOptions
from folkways.read.readers import find_reader
from folkways.read.source import Source, find_sources
from folkways.study.progress import Progress, Silent

SCHEMA = "folkways.inspect/1"


@dataclass
class Inspected:
    """What one source holds; ``error`` is set where it could not be read at all."""

    path: str
    format: str | None = None
    compression: str | None = None
    flows: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    rows: Counter[str] = field(default_factory=Counter)
    name_sources: Counter[str] = field(default_factory=Counter)
    exporters: set[str] = field(default_factory=set)
    sampling: set[int] = field(default_factory=set)
    sampling_unknown: bool = False
    tally: Tally = field(default_factory=Tally)
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The shape documented in docs/reference/json.md."""
        return {
            "path": self.path,
            "format": self.format,
            "compression": self.compression,
            "records": self.tally.records,
            "flows": self.flows,
            "rows": dict(self.rows),
            "first": instant_text(self.first_ms),
            "last": instant_text(self.last_ms),
            "names": dict(sorted(self.name_sources.items())),
            "exporters": sorted(self.exporters),
            "sampling": {"one_in": sorted(self.sampling), "unknown": self.sampling_unknown},
            "skipped": dict(self.tally.skipped.most_common()),
            "flagged": dict(self.tally.flagged.most_common()),
            "problems": self.problems,
        }

    @property
    def problems(self) -> list[str]:
        """Sentences, worst first."""
        found = [self.error] if self.error else []
        skipped = self.tally.skipped.most_common()
        found += [f"{count} skipped: {cause}" for cause, count in skipped]
        found += [f"{count} flagged: {cause}" for cause, count in self.tally.flagged.most_common()]
        return found + self.tally.notes


def inspect_sources(
    names: Iterable[str],
    options: ReadOptions,
    wanted: str | None = None,
    progress: Progress | None = None,
    stdin: BinaryIO | None = None,
) -> list[Inspected]:
    """Read every source to its end and say what it is.

    Raises:
        UserError: a path does not exist, or nothing at all could be read.
    """
    progress = progress or Silent()
    sources = list(find_sources(names, stdin))
    progress.phase("Reading", len(sources))
    found: list[Inspected] = []
    for source in sources:
        found.append(_inspect(source, options, wanted))
        progress.step()
    errors = [f.error for f in found if f.error]
    if errors and len(errors) == len(found):
        raise UserError(
            errors[0] if len(errors) == 1 else f"{errors[0]} (and {len(errors) - 1} more)"
        )
    return found


def _inspect(source: Source, options: ReadOptions, wanted: str | None) -> Inspected:
    found = Inspected(source.name)
    try:
        found.compression = source.compression
        reader = find_reader(source, options, wanted)
        found.format = reader.name
        for batch in reader.read(source, options, found.tally):
            _look(found, batch)
    except FolkwaysError as error:
        found.error = str(error)
    except OSError as error:
        found.error = f"{source.name} cannot be read: {error.strerror or error}."
    return found


def _look(found: Inspected, batch: Batch) -> None:
    rows = batch.rows
    if not rows.num_rows:
        return
    found.rows[batch.kind] += rows.num_rows
    span = pc.min_max(rows["start_ms"]).as_py()
    last = pc.max(rows["end_ms"]).as_py() if batch.kind == "records" else span["max"]
    found.first_ms = span["min"] if found.first_ms is None else min(found.first_ms, span["min"])
    found.last_ms = last if found.last_ms is None else max(found.last_ms, last)
    if batch.kind == "answers":
        return
    for entry in pc.value_counts(rows["name_source"].drop_null()).to_pylist():
        found.name_sources[entry["values"]] += entry["counts"]
    if batch.kind == "records":
        found.flows += _flows(rows)
        found.exporters.update(rows["exporter"].drop_null().unique().to_pylist())
        found.sampling.update(rows["sampling"].drop_null().unique().to_pylist())
        found.sampling_unknown |= rows["sampling"].null_count > 0


def _flows(rows: pa.RecordBatch) -> int:
    return int(pc.sum(rows["flows"].fill_null(1)).as_py())
