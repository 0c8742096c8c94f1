"""Sources go in and are taken out, each wholly or not at all. The caller holds the lock."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from folkways.model.errors import StudyError
from folkways.store.holdings import CHANGES, Holdings
from folkways.store.locking import discard
from folkways.store.parquet import File, select_list, write_file
from folkways.store.rewrite import files_with, write_without
from folkways.store.sources import SOURCES, SourceEntry, entries_to_table
from folkways.store.stage import INPUTS, InputTable, Staged
from folkways.store.tables import Step

# The table of sources is small: beyond this many files it is written anew as one.
MOST_SOURCE_FILES = 32


def add_sources(
    holdings: Holdings,
    staged: Sequence[Staged],
    entries: Sequence[SourceEntry],
    *,
    renewed: Collection[str] = (),
    without: Collection[str] = (),
) -> list[SourceEntry]:
    """Commit what was staged and say which sources went in by it; see ``Store.commit``."""
    if len({entry.digest for entry in entries}) < len(entries):
        raise ValueError("a source stands twice in one commit")
    try:
        there = holdings.sources()
        stay = [entry for entry in there if entry.digest not in renewed]
        digests = {entry.digest for entry in stay}
        new = [entry for entry in entries if entry.digest not in digests]
        _check_ids([*stay, *new])
        if not new:
            return []
        late = {entry.id for entry in entries} - {entry.id for entry in new} | set(without)
        told = {entry.digest for entry in new}
        old = [e.id for e in there if e.digest in renewed and e.digest in told]
        with holdings.change() as folder:
            files = _files_without(holdings, folder, staged, late)
            marks = _marks(holdings, new, odd=True)
            steps = []
            for name in INPUTS:
                held, rest = _without_sources(holdings, folder, name, old)
                adds = (*files.get(name, ()), *rest)
                if adds or held:
                    steps.append(Step(name, adds, _below(holdings, name, held), marks))
            # Last, since a source is in if and only if it stands there.
            steps.append(_sources_step(holdings, folder, new, marks, without=old))
            holdings.journal.run(steps, holdings.tables)
        return new
    finally:
        if not holdings.journal.pending:
            for found in staged:
                discard(holdings.tmp / found.folder)


def take_out_source(holdings: Holdings, source: str) -> set[str]:
    """Take a source out and say which UTC days it touched; see ``Store.remove_source``."""
    entries = [entry for entry in holdings.sources() if entry.id == source]
    if not entries:
        raise StudyError(
            f"No source {source} is in this study; folkways sources lists what is there."
        )
    marks = _marks(holdings, entries, odd=False)
    days: set[str] = set()
    steps: list[Step] = []
    with holdings.change() as folder:
        for name in INPUTS:
            held, rest = _without_sources(holdings, folder, name, [source])
            if held:
                steps.append(Step(name, rest, _below(holdings, name, held), marks))
            days |= {path.parent.name.partition("=")[2] for path in held}
        steps.append(_sources_step(holdings, folder, (), marks, without=[source]))
        holdings.journal.run(steps, holdings.tables)
    return days


def _without_sources(
    holdings: Holdings, folder: Path, name: InputTable, sources: Collection[str]
) -> tuple[list[Path], tuple[File, ...]]:
    """The committed files that hold rows of sources, and new ones with what else they hold."""
    if not sources:
        return [], ()
    with holdings.engine(folder) as con:
        held = files_with(con, holdings.files(name), sources)
        rest = [
            write_without(
                con, path, sources, INPUTS[name], root=holdings.root, staged=folder / name
            )
            for path in held
        ]
    return held, tuple(file for file in rest if file is not None)


def _below(holdings: Holdings, name: str, files: Sequence[Path]) -> tuple[str, ...]:
    base = holdings.tables[name].path
    return tuple(path.relative_to(base).as_posix() for path in files)


def _marks(holdings: Holdings, entries: Sequence[SourceEntry], *, odd: bool) -> dict[str, int]:
    change = holdings.changes() + 1
    version = 2 * change - odd
    return {CHANGES: change, **{entry.digest: version for entry in entries}}


def _check_ids(entries: Sequence[SourceEntry]) -> None:
    seen: dict[str, SourceEntry] = {}
    for entry in entries:
        other = seen.setdefault(entry.id, entry)
        if other.digest != entry.digest:
            raise StudyError(
                f"{entry.name} and {other.name} have different content and the same id "
                f"{entry.id}; they cannot be in one study."
            )


def _files_without(
    holdings: Holdings, folder: Path, staged: Sequence[Staged], late: Collection[str]
) -> dict[str, list[File]]:
    """The staged files by table, without the rows of sources that went in meanwhile."""
    files: dict[str, list[File]] = {}
    for name, table in INPUTS.items():
        found = [file for part in staged for file in part.files.get(name, ())]
        if late and found:
            with holdings.engine(folder) as con:
                paths = [holdings.root / file.staged for file in found]
                held = set(files_with(con, paths, late))
                rest = [
                    write_without(con, path, late, table, root=holdings.root, staged=folder / name)
                    for path in paths
                    if path in held
                ]
            found = [f for f in found if holdings.root / f.staged not in held]
            found += [file for file in rest if file is not None]
        if found:
            files[name] = found
    return files


def _sources_step(
    holdings: Holdings,
    folder: Path,
    new: Sequence[SourceEntry],
    marks: Mapping[str, int],
    *,
    without: Collection[str] = (),
) -> Step:
    old = [path for path, _ in holdings.tables["sources"].files()]
    if not without and len(old) < MOST_SOURCE_FILES:
        old, rows = [], list(new)
    else:
        rows = [entry for entry in holdings.sources() if entry.id not in without]
        rows += new
    with holdings.engine(folder) as con:
        con.register("entries", entries_to_table(rows))
        file = write_file(
            con,
            f"SELECT {select_list(SOURCES)} FROM entries",
            SOURCES,
            root=holdings.root,
            staged=folder / SOURCES.name,
            name=f"{uuid.uuid4().hex}.parquet",
        )
    return Step(SOURCES.name, (file,), tuple(old), marks)
