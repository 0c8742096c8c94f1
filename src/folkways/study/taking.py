"""One source after another into a stage: known or read, and what came of it."""

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from folkways.model.batches import Tally
from folkways.model.errors import ChangedError, FormatError
from folkways.model.told import Heard
from folkways.read.reader import ReadOptions
from folkways.read.readers import find_reader
from folkways.read.source import Source
from folkways.store import SourceEntry, Stage, as_json, needs_of
from folkways.store import source_id as source_id_of
from folkways.store.stage import InputTable
from folkways.study.folder import StudyFolder
from folkways.study.ingested import Ingested
from folkways.study.progress import Progress
from folkways.study.rows import RowMaker, Written, with_source

MOST_HELD = 100_000
"""Rows of a source that wait until its digest is known; those of a longer one go before."""


@dataclass(frozen=True)
class Task:
    """How to read a group; can be sent to another process.

    ``again`` are digests of sources that are in and are to be read anew, and no others.
    """

    root: Path
    options: ReadOptions
    wanted: str | None
    again: frozenset[str] = frozenset()


class Taker:
    """Takes sources of a study; knows what is in, and what exporters said."""

    def __init__(self, task: Task, study: StudyFolder, progress: Progress) -> None:
        self._task, self._progress = task, progress
        self._maker = RowMaker(study.population, study.pseudonyms, task.options)
        self._heard = Heard(study.store.told, self._maker.stored_name, again=True)
        self._options = replace(task.options, heard=self._heard)
        self._known: dict[str, SourceEntry] = {}
        self._beginnings: set[str] = set()
        self._know(study.store.sources())

    def take(self, source: Source, stage: Stage, result: Ingested) -> None:
        """Read a source unless it is known; the caller commits the stage."""
        try:
            self._take(source, stage, result)
        except FormatError as error:
            result.refused.append((source.name, str(error)))
        finally:
            source.close()

    def _take(self, source: Source, stage: Stage, result: Ingested) -> None:
        source.hashed, digest = True, None
        # Only a content that begins like a known one can be known; all others are read once.
        if source.path is not None and source.beginning in self._beginnings:
            digest = source.digest
            known = self._known.get(digest)
            again = digest in self._task.again
            if self._task.again and not again:
                return  # Another content lies there now; what came of the one before stays.
            if known is not None and not again and self._stands(known):
                result.known.append(source.name)
                return
            if known is not None:
                result.renewed.add(digest)
        entry = self._read(source, digest, stage, result)
        self._know([entry])
        result.entries.append(entry)

    def _stands(self, entry: SourceEntry) -> bool:
        """Whether it would be read now as it was then, although more is known."""
        return all(self._heard.holds(need) for need in needs_of(entry))

    def _know(self, entries: Iterable[SourceEntry]) -> None:
        for entry in entries:
            self._known[entry.digest] = entry
            self._beginnings.add(entry.beginning)

    def _read(
        self, source: Source, digest: str | None, stage: Stage, result: Ingested
    ) -> SourceEntry:
        reader = find_reader(source, self._options, self._task.wanted)
        tally, written = Tally(), Written()
        rows = _Rows(stage, source, digest)
        begun = False
        try:
            for batch in reader.read(source, self._options, tally):
                begun = True
                self._progress.detail(f"{Path(source.name).name}, {tally.records:,} records")
                rows.add(*self._maker.make(batch, rows.id or "", written))
        except ChangedError:
            result.dropped |= rows.gone
            raise
        except FormatError as error:
            if not begun:
                raise
            # What came before is used; that the rest is not is said.
            tally.skip("unreadable from here on")
            tally.note(str(error))
        try:
            source.check()
        except ChangedError:
            result.dropped |= rows.gone
            raise
        self._heard.add(tally.told)
        for gap in tally.kept_back:
            tally.add_gap(gap)
        return self._entry(rows.finish(), source, reader.name, tally, written)

    def _entry(
        self, source_id: str, source: Source, reader: str, tally: Tally, written: Written
    ) -> SourceEntry:
        return SourceEntry(
            id=source_id,
            digest=source.digest,
            name=source.name,
            format=reader,
            ingested_ms=time.time_ns() // 1_000_000,
            records=tally.records,
            rows=written.rows,
            first_ms=written.first_ms,
            last_ms=written.last_ms,
            skipped=dict(tally.skipped + written.dropped),
            flagged=dict(tally.flagged + written.flagged),
            notes=tally.notes,
            versions=dict(tally.versions),
            gaps=self._maker.clean_gaps(tally.gaps),
            beginning=source.beginning,
            told=as_json(tally.told),
            needs=as_json(tally.needs),
        )


class _Rows:
    """Rows of one source on their way to the stage; its id is the start of its digest.

    Rows of a short source wait until all of it was read and hashed. Those of a long one cannot:
    its id is then made from where it lies, how long it is, and how it begins.
    """

    def __init__(self, stage: Stage, source: Source, digest: str | None) -> None:
        self._stage, self._source = stage, source
        self.id = None if digest is None else source_id_of(digest)
        self._held: list[tuple[InputTable, pa.RecordBatch]] = []
        self._count = 0
        self.gone: set[str] = set()
        """The id, if rows of it are in the stage."""

    def add(self, table: InputTable, rows: pa.RecordBatch) -> None:
        if self.id is not None:
            self.gone = {self.id}
            self._stage.write(table, rows)
            return
        self._held.append((table, rows))
        self._count += rows.num_rows
        if self._count > MOST_HELD:
            source = self._source
            told = f"{source.path}\0{source.size}\0".encode() + source.head
            self._release(source_id_of(hashlib.sha256(told).hexdigest()))

    def finish(self) -> str:
        """Let go of what waits; the id."""
        return self.id or self._release(source_id_of(self._source.digest))

    def _release(self, found: str) -> str:
        self.id, held = found, self._held
        self._held = []
        for table, rows in held:
            self.add(table, with_source(rows, found))
        return found
