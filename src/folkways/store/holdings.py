"""What is committed, and the frame in which every change to it is made."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from folkways.model.errors import StudyError
from folkways.store.damage import data_damage
from folkways.store.engine import connect
from folkways.store.failures import storage_failures
from folkways.store.folder import open_tables
from folkways.store.journal import Journal
from folkways.store.locking import Scratch
from folkways.store.sources import SourceEntry, entries_from_table
from folkways.store.stage import INPUTS

# The name of the application transaction that counts the changes of a table's sources.
CHANGES = "folkways"
_ENGINE_MB = 512


class Holdings:
    """The tables below a store's folder as of their last commits.

    Raises:
        StudyError: the folder is no store, or belongs to another version of Folkways.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tmp = root / "tmp"
        self.tables = open_tables(root)
        self.journal = Journal(root)
        self._sources: tuple[list[Path], list[SourceEntry]] = ([], [])

    def files(self, table: str, days: Collection[str] | None = None) -> list[Path]:
        """The committed files of a table, of all UTC days or of some, in order of day."""
        wanted = None if days is None else set(days)
        return [
            self.tables[table].path / path
            for path, day in self.tables[table].files()
            if wanted is None or day in wanted
        ]

    def sources(self) -> list[SourceEntry]:
        """What is in, in the order in which it went in."""
        paths = self.files("sources")
        if paths != self._sources[0]:
            entries = [entry for path in paths for entry in self._entries(path)]
            entries.sort(key=lambda entry: (entry.ingested_ms, entry.name))
            self._sources = (paths, entries)
        return self._sources[1]

    def _entries(self, path: Path) -> list[SourceEntry]:
        with data_damage(self.root):
            try:
                return entries_from_table(pq.ParquetFile(path).read())
            except pa.ArrowException as error:
                # Its messages do not all say which file.
                raise pa.ArrowInvalid(f"{path.absolute()}: {error}") from error

    def changes(self) -> int:
        """How many times a source went in or was taken out; ``CHANGES`` says so in each table.

        Raises:
            StudyError: a table is ahead of ``sources``, though nothing is left to be finished: the
                list of what was begun was removed, or the study copied while it was written to.
        """
        count = self.tables["sources"].mark(CHANGES)
        for name in INPUTS:
            if self.tables[name].mark(CHANGES) > count:
                raise StudyError(
                    f"The table {name} in {self.root} holds an ingest that sources does not know "
                    "of (was it copied while being written to?): copy the study again, or make "
                    "a new one and ingest its sources."
                )
        return count

    @contextmanager
    def change(self) -> Iterator[Path]:
        """A folder for the files of one change, removed with it, whether it was made or not.

        It is kept only where the change was begun and not finished, to be finished later.
        """
        with storage_failures(self.root):
            folder = Scratch(self.tmp, "change")
        try:
            with storage_failures(self.root):
                yield folder.path
        finally:
            if self.journal.pending:
                folder.release()
            else:
                folder.remove()

    @contextmanager
    def engine(self, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
        """A DuckDB connection that spills to the folder of a change."""
        con = connect(_ENGINE_MB, folder / "spill", 1)
        try:
            yield con
        finally:
            con.close()
