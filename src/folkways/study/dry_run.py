"""What an ingest would do, told from the start of each source: flows, days, disk, time.

Each new source is read for a moment and its rows are made as an ingest would make them, but written
to memory only; the rest of the source is taken to be like its start.
"""

import io
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from folkways.model.batches import Tally
from folkways.model.errors import FormatError, UserError
from folkways.model.period import instant_text
from folkways.read.reader import ReadOptions
from folkways.read.readers import find_reader
from folkways.read.source import Source, find_sources
from folkways.study.folder import StudyFolder
from folkways.study.progress import Progress, Silent
from folkways.study.rows import RowMaker, Written

SCHEMA = "folkways.dry-run/1"
SECONDS_EACH, SECONDS_ALL = 2.0, 60.0
LEAST_ROWS = 300_000
"""Fewer rows say little, so that a source is read on until there are so many; not, though, once
all sources together have taken their time."""
CONNECTIONS_BYTES = 1.1
"""Stored connections take so many times the bytes of what was observed, as measured on the inputs
of the benchmarks."""
SETTLING_TIME = 0.6
"""Settling takes so many times the seconds of reading, likewise."""


@dataclass
class Estimate:
    """One source; numbers are of the whole source, exact if ``whole``. ``seconds`` of reading."""

    path: str
    format: str | None = None
    known: bool = False
    whole: bool = False
    records: int = 0
    flows: int = 0
    disk_bytes: int = 0
    seconds: float = 0.0
    first_ms: int | None = None
    last_ms: int | None = None
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The shape documented in docs/reference/json.md."""
        return {
            "path": self.path,
            "format": self.format,
            "known": self.known,
            "whole": self.whole,
            "records": self.records,
            "flows": self.flows,
            "disk_bytes": self.disk_bytes,
            "seconds": round(self.seconds, 1),
            "first": instant_text(self.first_ms),
            "last_seen": instant_text(self.last_ms),
            "error": self.error,
        }


def dry_run(
    study: StudyFolder,
    names: Iterable[str],
    options: ReadOptions,
    *,
    wanted: str | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The answer of ``folkways ingest --dry-run --json``; nothing is written.

    Raises:
        UserError: a path does not exist, or standard input is given, which can be read only once.
    """
    progress = progress or Silent()
    sources = list(find_sources(names))
    if any(source.path is None for source in sources):
        raise UserError("standard input can be read only once; --dry-run needs files.")
    progress.phase("Looking", len(sources))
    known = study.store.digests()
    ends = time.monotonic() + SECONDS_ALL
    found = []
    for source in sources:
        again = source.digest in known
        known.add(source.digest)
        found.append(
            Estimate(source.name, known=True)
            if again
            else _estimate(study, source, options, wanted, ends)
        )
        progress.step()
    new = [one for one in found if not one.known and one.error is None]
    disk = sum(one.disk_bytes for one in new)
    free = shutil.disk_usage(study.root).free
    return {
        "schema": SCHEMA,
        "sources": [one.to_json() for one in found],
        "flows": sum(one.flows for one in new),
        "disk_bytes": disk,
        "disk_free_bytes": free,
        "fits": disk < free,
        "seconds": round(sum(one.seconds for one in new) * (1 + SETTLING_TIME), 1),
    }


def _estimate(
    study: StudyFolder, source: Source, options: ReadOptions, wanted: str | None, ends: float
) -> Estimate:
    found = Estimate(source.name)
    followed = _Followed(source.name, source.path)
    tally, written, rows = Tally(), Written(), _Sample(source.size or 0)
    begun = time.monotonic()
    try:
        reader = find_reader(followed, options, wanted)
        found.format = reader.name
        maker = RowMaker(study.population, study.pseudonyms, options)
        followed.close()  # finding the reader may have opened it as well
        for batch in reader.read(followed, options, tally):
            rows.add(*maker.make(batch, "dry run", written))
            rows.place(followed.position)
            now = time.monotonic()
            late = now > ends or (now > begun + SECONDS_EACH and rows.count >= LEAST_ROWS)
            if late and followed.opened:
                break
        else:
            found.whole = True
    except FormatError as error:
        found.error = str(error)
        return found
    finally:
        followed.close()
    factor = 1.0 if found.whole else rows.factor()
    found.seconds = (time.monotonic() - begun) * factor
    found.records, found.flows = round(tally.records * factor), round(written.rows * factor)
    found.disk_bytes = round(rows.bytes() * (1 + CONNECTIONS_BYTES) * factor)
    found.first_ms, found.last_ms = written.first_ms, written.last_ms
    return found


@dataclass
class _Followed(Source):
    """A source that tells how far it has been read; Parquet, read by its path, does not tell."""

    opened: list[BinaryIO] = field(default_factory=list)

    def open(self) -> BinaryIO:
        # Closed when the source is: its position is asked for while others read it.
        file = Path(self.name).open("rb", buffering=1 << 16)  # noqa: SIM115  # see above
        self.opened.append(file)
        return Source(self.name, None, file).open()

    @property
    def position(self) -> int:
        """Octets of the file as it lies there; 0 if it was not opened."""
        return self.opened[0].tell() if self.opened else 0

    def close(self) -> None:
        while self.opened:
            self.opened.pop().close()


class _Sample:
    """Rows of the start of a source, and how many bytes they take when they are stored."""

    def __init__(self, size: int) -> None:
        self.count = 0
        self._size = size
        self._places: list[tuple[int, int]] = []
        self._tables: dict[str, list[pa.RecordBatch]] = {}

    def add(self, table: str, rows: pa.RecordBatch) -> None:
        self.count += rows.num_rows
        self._tables.setdefault(table, []).append(rows)

    def place(self, octets: int) -> None:
        """Remember how far the source has been read for the rows so far."""
        self._places.append((octets, self.count))

    def factor(self) -> float:
        """How many times the rows so far the whole source has.

        Readers read ahead by a constant: only what was read between two batches tells how many
        octets a row takes.
        """
        (start, before), (end, after) = self._places[0], self._places[-1]
        if end == start:
            start, before = 0, 0
        return max((after - before) / (end - start) * self._size / self.count, 1.0)

    def bytes(self) -> int:
        return sum(self._written())

    def _written(self) -> Iterator[int]:
        for batches in self._tables.values():
            table = pa.Table.from_batches(batches).sort_by("start_ms")
            sink = io.BytesIO()
            pq.write_table(table, sink, compression="zstd")
            yield sink.tell()
