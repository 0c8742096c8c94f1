"""Sources into a study, each exactly once.

Sources are read in groups. A group's rows are staged as Parquet files that no commit names yet;
then one commit takes them all in. A kill before it leaves files that the next ingest sweeps away;
a kill after it leaves nothing to do.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO

from folkways.model.batches import Tally
from folkways.model.errors import FormatError, UserError
from folkways.read.reader import ReadOptions
from folkways.read.readers import find_reader
from folkways.read.source import Source, find_sources
from folkways.store import SourceEntry, Stage, Staged
from folkways.store import source_id as source_id_of
from folkways.study.folder import StudyFolder
from folkways.study.progress import Progress, Silent
from folkways.study.rows import RowMaker, Written

SCHEMA = "folkways.ingest/1"
GROUP_BYTES = 256 << 20
GROUP_SOURCES = 500


@dataclass
class Ingested:
    """What an ingest did: sources taken in, known already, and not readable (name and cause)."""

    entries: list[SourceEntry] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)

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
            "refused": [{"name": name, "cause": cause} for name, cause in self.refused],
            "skipped": dict(self.skipped.most_common()),
        }

    def add(self, other: "Ingested") -> None:
        """Add what another group did."""
        self.entries += other.entries
        self.known += other.known
        self.refused += other.refused


@dataclass(frozen=True)
class Task:
    """How to read a group; can be sent to another process."""

    root: Path
    options: ReadOptions
    wanted: str | None


def ingest_sources(
    study: StudyFolder,
    names: Iterable[str],
    options: ReadOptions,
    *,
    wanted: str | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
    stdin: BinaryIO | None = None,
) -> Ingested:
    """Read sources and commit their rows; the caller holds the store's lock.

    Raises:
        UserError: a path does not exist, or none of the sources could be read.
        StorageError: the disk is full; groups committed before stay.
    """
    progress = progress or Silent()
    sources = list(find_sources(names, stdin))
    if jobs > 1 and any(source.path is None for source in sources):
        raise UserError("standard input cannot be read with --jobs above 1.")
    study.store.clean()
    result = Ingested()
    new = _new_sources(study, sources, result, progress)
    progress.phase("Reading", sum(s.size or 0 for s in new) or None)
    task = Task(study.root, options, wanted)
    for group, staged, done in _read_groups(study, task, list(_groups(new)), jobs, progress):
        _commit(study, staged, done)
        result.add(done)
        progress.step(sum(source.size or 0 for source in group))
    if result.refused and not result.entries and not result.known:
        _, cause = result.refused[0]
        more = len(result.refused) - 1
        raise UserError(cause + (f" ({more} more could not be read either)" if more else ""))
    return result


def _new_sources(
    study: StudyFolder, sources: list[Source], result: Ingested, progress: Progress
) -> list[Source]:
    """Those whose content is neither in the study nor given twice; told from their digests."""
    progress.phase("Looking for what is new", len(sources))
    seen = study.store.digests()
    new = []
    for source in sources:
        if source.path is None:
            new.append(source)
        elif source.digest in seen:
            result.known.append(source.name)
        else:
            seen.add(source.digest)
            new.append(source)
        progress.step()
    return new


def _commit(study: StudyFolder, staged: Staged, done: Ingested) -> None:
    """Commit a group. What turns out to be known already (standard input) is left out there."""
    added = study.store.commit([staged], done.entries)
    done.known += [entry.name for entry in done.entries if entry not in added]
    done.entries = added


def _groups(sources: list[Source]) -> Iterator[list[Source]]:
    """Sources that are committed together; standard input is a group of its own."""
    group: list[Source] = []
    size = 0
    for source in sources:
        alone = source.path is None or (group and group[-1].path is None)
        if group and (size >= GROUP_BYTES or len(group) >= GROUP_SOURCES or alone):
            yield group
            group, size = [], 0
        group.append(source)
        size += source.size or 0
    if group:
        yield group


def _read_groups(
    study: StudyFolder, task: Task, groups: list[list[Source]], jobs: int, progress: Progress
) -> Iterator[tuple[list[Source], Staged, Ingested]]:
    if jobs <= 1 or len(groups) <= 1:
        for group in groups:
            yield group, *read_group(task, group, study, progress)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(read_group, task, group) for group in groups]
        for group, future in zip(groups, futures, strict=True):
            yield group, *future.result()


def read_group(
    task: Task,
    group: list[Source],
    study: StudyFolder | None = None,
    progress: Progress | None = None,
) -> tuple[Staged, Ingested]:
    """Read some sources into one stage; runs in a process of its own with ``jobs`` above 1."""
    study, progress = study or StudyFolder.open(task.root), progress or Silent()
    maker = RowMaker(study.population, study.pseudonyms, task.options)
    result = Ingested()
    with study.store.stage(study.settings.threads) as stage:
        for source in group:
            try:
                result.entries.append(_read_source(task, source, stage, maker, progress))
            except FormatError as error:
                result.refused.append((source.name, str(error)))
        return stage.finish(), result


def _read_source(
    task: Task, source: Source, stage: Stage, maker: RowMaker, progress: Progress
) -> SourceEntry:
    reader = find_reader(source, task.options, task.wanted)
    # Standard input is known only once it has been read, so that its id is drawn by lot.
    source_id = token_hex(8) if source.path is None else source_id_of(source.digest)
    tally, written = Tally(), Written()
    begun = False
    try:
        for batch in reader.read(source, task.options, tally):
            begun = True
            progress.detail(f"{Path(source.name).name}, {tally.records:,} records")
            stage.write(*maker.make(batch, source_id, written))
    except FormatError as error:
        if not begun:
            raise
        # What came before is used; that the rest is not is said.
        tally.skip("unreadable from here on")
        tally.note(str(error))
    tally.gaps = maker.clean_gaps(tally.gaps)
    return _entry(source_id, source, reader.name, tally, written)


def _entry(
    source_id: str, source: Source, reader: str, tally: Tally, written: Written
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
        gaps=tally.gaps,
    )
