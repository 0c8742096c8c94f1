"""Sources into a study, each exactly once.

Sources are read in groups. A group's rows are staged as Parquet files that no commit names yet;
then one commit takes them all in. A kill before it leaves files that the next ingest sweeps away;
a kill after it leaves nothing to do. What could not be known of an exporter when a source was read,
and was told by another one, is made good at the end: such sources are read once more.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from typing import BinaryIO

from folkways.model.errors import UserError
from folkways.model.told import Heard, Told
from folkways.read.reader import ReadOptions
from folkways.read.source import Source, find_sources
from folkways.store import NOTHING, Staged, needs_of
from folkways.study.folder import StudyFolder
from folkways.study.ingested import Ingested
from folkways.study.progress import Progress, Silent
from folkways.study.taking import Taker, Task

__all__ = ["Ingested", "ingest_sources"]

GROUP_BYTES = 256 << 20
GROUP_SOURCES = 500
MOST_ROUNDS = 4
"""How often sources are read again for what others told: what is read then can tell more."""


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
    running = _Running(study, sources, jobs, progress)
    running.take_all(Task(study.root, options, wanted), sources)
    running.take_again(Task(study.root, options, wanted))
    result = running.result
    if result.refused and not result.entries and not result.known:
        _, cause = result.refused[0]
        more = len(result.refused) - 1
        raise UserError(cause + (f" ({more} more could not be read either)" if more else ""))
    return result


@dataclass
class _Running:
    """One ingest: what is given, how it is read, and what it has done."""

    study: StudyFolder
    sources: list[Source]
    jobs: int
    progress: Progress
    result: Ingested = field(default_factory=Ingested)

    def take_all(self, task: Task, sources: list[Source]) -> None:
        self.progress.phase("Reading", sum(source.size or 0 for source in sources) or None)
        groups = list(_groups(sources))
        for group, staged, done in _read_groups(self.study, task, groups, self.jobs, self.progress):
            _commit(self.study, staged, done)
            self.result.add(done)
            if not task.again:
                self.result.renewed |= done.renewed
            self.progress.step(sum(source.size or 0 for source in group))

    def take_again(self, task: Task) -> None:
        """Read those again whose exporters said in other sources what was not known then."""
        files = {source.name: source for source in self.sources if source.path is not None}
        before: set[Told] | None = None
        for _ in range(MOST_ROUNDS):
            asked = [e for e in self.result.entries if e.needs != NOTHING and e.name in files]
            told = set(self.study.store.told()) if asked else set()
            heard = Heard()
            heard.add(told)
            doubtful = [e for e in asked if not all(heard.holds(need) for need in needs_of(e))]
            # What was read with all that is known cannot become better.
            if not doubtful or told == before:
                return
            before = told
            again = replace(task, again=frozenset(e.digest for e in doubtful))
            self.take_all(again, [files[e.name] for e in doubtful])


def _commit(study: StudyFolder, staged: Staged, done: Ingested) -> None:
    """Commit a group. What turns out to be known already (a copy, standard input) is left out."""
    added = study.store.commit([staged], done.entries, renewed=done.renewed, without=done.dropped)
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
        taker = Taker(task, study, progress)
        for group in groups:
            yield group, *_take_group(taker, group, study)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(read_group, task, group) for group in groups]
        for group, future in zip(groups, futures, strict=True):
            yield group, *future.result()


def read_group(task: Task, group: list[Source]) -> tuple[Staged, Ingested]:
    """Read some sources into one stage, in a process of its own."""
    study = StudyFolder.open(task.root)
    return _take_group(Taker(task, study, Silent()), group, study)


def _take_group(taker: Taker, group: list[Source], study: StudyFolder) -> tuple[Staged, Ingested]:
    result = Ingested()
    with study.store.stage(study.settings.threads) as stage:
        for source in group:
            taker.take(source, stage, result)
        return stage.finish(), result
