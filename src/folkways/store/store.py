"""The store: Delta tables of Parquet files that take each source exactly once.

Below its folder lie the tables (``observed``, ``names``, ``answers``: what was seen, by source;
``connections``: what was made of it, by day; ``sources``: what went in), ``tmp`` for all that is
not committed, ``lock``, and ``store.json``. Writers take the lock; readers never do: they see the
last commit, whose files stay for a while after they were replaced.
"""

import hashlib
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb

from folkways.model.told import Told
from folkways.store.failures import storage_failures
from folkways.store.folder import TABLES, create_folder
from folkways.store.holdings import Holdings
from folkways.store.ingest import add_sources, take_out_source
from folkways.store.locking import Scratch, clean_scratch, exclusive
from folkways.store.settle import read_open_digest, read_stamps, replace_day
from folkways.store.sources import SourceEntry, told_of
from folkways.store.stage import INPUTS, Stage, Staged
from folkways.store.views import create_view

# How long files that were replaced stay for readers who began before.
GRACE_S = 3600.0


class Store:
    """The tables of one study. A Store can be pickled, and is used by one thread at a time.

    Args:
        root: the folder of an existing store.

    Raises:
        StudyError: it is none, or belongs to another version of Folkways.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self._holdings = Holdings(self.root)
        self._depth = 0

    def __reduce__(self) -> tuple[type["Store"], tuple[Path]]:
        return Store, (self.root,)

    @staticmethod
    def create(root: Path) -> "Store":
        """Make an empty store; missing folders are made.

        Raises:
            StudyError: there is one already, or the path is one that engines cannot read from.
            StorageError: the disk is full or refuses.
        """
        with storage_failures(root):
            create_folder(root.absolute())
        return Store(root)

    @contextmanager
    def lock(self, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
        """Be the only writer, across processes; ``on_wait`` is called once if another one is.

        What a killed writer began and did not finish is finished first. The lock goes with the
        process, however it ends; processes forked while it is held share it, so worker processes
        must be spawned. Methods that write take it themselves where it is not held.

        Raises:
            StorageError: what was begun cannot be finished, since the disk is full or refuses.
        """
        if self._depth:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            return
        with ExitStack() as stack:
            with storage_failures(self.root):
                stack.enter_context(exclusive(self.root / "lock", on_wait))
            self._depth = 1
            try:
                self._holdings.journal.finish(self._holdings.tables)
                yield
            finally:
                self._depth = 0

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder inside the study for an engine's temporary files, removed at the end."""
        with storage_failures(self.root):
            folder = Scratch(self._holdings.tmp, "scratch")
        try:
            yield folder.path
        finally:
            folder.remove()

    def sources(self) -> list[SourceEntry]:
        """What is in, in the order in which it went in."""
        return list(self._holdings.sources())

    def digests(self) -> set[str]:
        """The digests of all that is in: one look for many files."""
        return {entry.digest for entry in self._holdings.sources()}

    def ingested(self, digest: str) -> bool:
        """Whether a source with this content is in."""
        return digest in self.digests()

    def stage(self, threads: int = 1) -> Stage:
        """Where rows are written to before they are committed; needs no lock."""
        return Stage(self.root, threads)

    def told(self) -> Iterator[Told]:
        """What exporters said of their records in all that is in."""
        return told_of(entry.told for entry in self._holdings.sources())

    def commit(
        self,
        staged: Sequence[Staged],
        sources: Sequence[SourceEntry],
        *,
        renewed: Collection[str] = (),
        without: Collection[str] = (),
    ) -> list[SourceEntry]:
        """Add what was staged, wholly or not at all, and say which sources went in by it.

        A source whose content went in meanwhile, by another process, is left out with its rows.
        A source without rows gets its entry all the same. What was staged is used up, also by
        an error.

        Args:
            staged: the rows.
            sources: whose they are.
            renewed: digests of sources that are in and were read anew: what came of them before
                is taken out by the same step.
            without: ids of sources whose staged rows are not to go in.

        Raises:
            ValueError: a digest stands twice among the sources.
            StudyError: two sources of different content have one id.
            StorageError: the disk is full or refuses; either nothing was added, or it will be
                finished by the next writer: the message says which.
        """
        with self.lock():
            return add_sources(self._holdings, staged, sources, renewed=renewed, without=without)

    def remove_source(self, source: str) -> set[str]:
        """Take a source out by its id; it can go in again afterwards.

        The files that hold its rows are written again without them. The old ones are deleted by
        ``clean``.

        Returns:
            The UTC days that it touched, to be settled again.

        Raises:
            StudyError: no source has this id.
            StorageError: the disk is full or refuses.
        """
        with self.lock():
            return take_out_source(self._holdings, source)

    def replace_day(
        self,
        day: str,
        con: duckdb.DuckDBPyConnection,
        query: str,
        stamp: str,
        *,
        open_query: str | None = None,
    ) -> int:
        """Replace a UTC day of ``connections`` by a query's rows, wholly or not at all.

        Args:
            day: the UTC day, YYYY-MM-DD.
            con: a connection that can run the query; its temporary folder must be the study's.
            query: an SQL query that gives at least the columns of ``CONNECTIONS``; its order is
                kept, so let it be that of time, which lets engines pass over what they don't need.
            stamp: what the rows were made from; 1 to 128 letters, digits, ``-`` and ``_``.
            open_query: likewise for the day's ``open_connections``; None: nothing is open.

        Returns:
            The number of rows. A day without rows is kept as an empty file with its stamp.

        Raises:
            ValueError: a row starts on another day, a column that must not be null is, or the
                stamp cannot stand in a file name.
            StorageError: the disk is full or refuses; the day stays as it was.
        """
        with self.lock():
            return replace_day(self._holdings, day, con, query, stamp, open_query=open_query)

    def stamps(self) -> dict[str, str]:
        """UTC day to stamp, of all settled days."""
        return read_stamps(self._holdings)

    def open_digest(self, day: str) -> str:
        """What names the content of ``open_connections`` of a UTC day."""
        return read_open_digest(self._holdings, day)

    def days(self, table: str) -> list[str]:
        """The UTC days that a table has files of, in order."""
        return sorted({day for _, day in self._holdings.tables[table].files() if day})

    def files(self, table: str, days: Collection[str] | None = None) -> list[Path]:
        """The committed files of a table, of all UTC days or of some, in order of day."""
        return self._holdings.files(table, days)

    def view(
        self,
        con: duckdb.DuckDBPyConnection,
        name: str,
        table: str,
        days: Collection[str] | None = None,
    ) -> None:
        """Make or replace a temporary view over exactly the committed files, columns in order."""
        create_view(con, name, TABLES[table], self._holdings.files(table, days))

    def input_stamp(self, days: Collection[str], tables: Collection[str] = tuple(INPUTS)) -> str:
        """A digest of the committed files of these UTC days that connections are made from.

        It changes when a source that has rows of these tables on one of the days goes in or is
        taken out.
        """
        found = hashlib.sha256()
        for table in sorted(tables):
            for path in self._holdings.files(table, days):
                found.update(f"{table}/{path.parent.name}/{path.name}\n".encode())
        return found.hexdigest()[:32]

    def clean(self, grace_s: float = GRACE_S) -> int:
        """Remove the files that no commit names, and say how many.

        All that lies in ``tmp`` goes unless a living process uses it, so no finished stage may be
        waiting for its commit. Files that were replaced go ``grace_s`` seconds after that.
        """
        with self.lock(), storage_failures(self.root):
            count = clean_scratch(self._holdings.tmp)
            older_than = time.time() - grace_s
            return count + sum(t.clean(older_than) for t in self._holdings.tables.values())
