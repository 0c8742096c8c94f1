"""One Delta table: what it holds now, and one atomic step from that to what it holds next."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.transaction import AddAction, RemoveAction

from folkways.model.columns import ADDRESS, Table
from folkways.model.errors import StorageError, StudyError
from folkways.store.parquet import PARTITION, File


@dataclass(frozen=True)
class Step:
    """One commit to one table: files in, files out, and the changes that it is part of.

    ``marks`` are Delta's application transactions, names with versions that only grow; they
    survive checkpoints and the clean-up of the log. The digest of a source's content has an odd
    version where the source is in the table, an even one where it was taken out.
    """

    table: str
    adds: tuple[File, ...] = ()
    removes: tuple[str, ...] = ()
    marks: Mapping[str, int] = field(default_factory=dict)


class CommittedTable:
    """A Delta table below the store's folder, seen as of its last commit."""

    def __init__(self, root: Path, table: Table) -> None:
        self.table = table
        self.path = root / table.name
        self._root = root
        self._partitions = [PARTITION] if PARTITION in table.names else []
        self._files: tuple[int, list[tuple[str, str | None]]] = (-1, [])
        self._delta = DeltaTable(str(self.path))

    @classmethod
    def create(cls, root: Path, table: Table) -> "CommittedTable":
        """Make an empty table; one that is there already stays as it is."""
        DeltaTable.create(
            str(root / table.name),
            stored_schema(table),
            mode="ignore",
            partition_by=[PARTITION] if PARTITION in table.names else [],
            name=table.name,
            description=table.meaning,
        )
        return cls(root, table)

    def check_schema(self, written_by: str, this: str) -> None:
        """Compare the stored columns with those of this version.

        Raises:
            StudyError: they differ; the message says which, and which version wrote them.
        """
        there = self._delta.schema().to_json()
        if there == Schema.from_arrow(stored_schema(self.table)).to_json():
            return
        stored = {f.name for f in self._delta.schema().fields}
        ours = set(self.table.names)
        parts = [
            f"{label} {', '.join(sorted(names))}"
            for label, names in (("missing", ours - stored), ("unknown", stored - ours))
            if names
        ]
        raise StudyError(
            f"The table {self.table.name} in {self._root} was made by Folkways {written_by} and "
            f"has other columns than in {this} ({'; '.join(parts) or 'types or order differ'}): "
            f"use Folkways {written_by}, or make a new study and ingest its sources again."
        )

    def files(self) -> list[tuple[str, str | None]]:
        """(path below the table's folder, UTC day) of every committed file, in order."""
        self._delta.update_incremental()
        version = self._delta.version()
        if self._files[0] != version:
            actions = pa.table(self._delta.get_add_actions())
            paths = actions["path"].to_pylist()
            days = (
                [found[PARTITION] for found in actions["partition"].to_pylist()]
                if self._partitions
                else [None] * len(paths)
            )
            self._files = (version, sorted(zip(paths, days, strict=True)))
        return self._files[1]

    def mark(self, name: str) -> int:
        """The version that an application transaction has in this table; 0 if it has none."""
        self._delta.update_incremental()
        return self._delta.transaction_version(name) or 0

    def take(self, step: Step) -> None:
        """Take the step, or do nothing if it was taken before.

        Raises:
            StorageError: a file that the step names is neither staged nor in place.
        """
        if self._taken(step):
            return
        for file in step.adds:
            _put_in_place(self._root / file.staged, self.path / file.path)
        days = dict(self.files())
        now = time.time_ns() // 1_000_000
        self._delta.create_write_transaction(
            [
                *(_add_action(file, now) for file in step.adds),
                *(_remove_action(path, days[path], now) for path in step.removes),
            ],
            mode="append",
            schema=stored_schema(self.table),
            partition_by=self._partitions,
            commit_properties=CommitProperties(
                app_transactions=[Transaction(name, v) for name, v in step.marks.items()]
            ),
        )
        for path in step.removes:
            # From now on counts how long readers who began before may still need it.
            with suppress(FileNotFoundError):
                os.utime(self.path / path)

    def _taken(self, step: Step) -> bool:
        here = {path for path, _ in self.files()}
        return all(file.path in here for file in step.adds) and here.isdisjoint(step.removes)

    def clean(self, older_than: float) -> int:
        """Remove the data files that the last commit does not name and that are older.

        Args:
            older_than: seconds since the epoch; a file's age counts from when it was taken out.
        """
        named = {path for path, _ in self.files()}
        count = 0
        for path in sorted(self.path.rglob("*.parquet")):
            below = path.relative_to(self.path)
            if below.parts[0] == "_delta_log" or below.as_posix() in named:
                continue
            if path.stat().st_mtime < older_than:
                path.unlink()
                count += 1
        return count


def stored_schema(table: Table) -> pa.Schema:
    """The Arrow schema as stored: addresses are binary of any length, which all engines know."""
    return pa.schema(
        [
            pa.field(c.name, pa.binary() if c.type == ADDRESS else c.type, nullable=c.nullable)
            for c in table.columns
        ]
    )


def _put_in_place(staged: Path, target: Path) -> None:
    if not staged.exists():
        if target.exists():
            return
        raise StorageError(
            f"The staged file {staged} is gone, so that nothing was added from it; "
            "run the same command again."
        )
    target.parent.mkdir(exist_ok=True)
    staged.replace(target)


def _add_action(file: File, now: int) -> AddAction:
    return AddAction(
        path=file.path,
        size=file.size,
        partition_values={} if file.day is None else {PARTITION: file.day},
        modification_time=now,
        data_change=True,
        stats=file.stats,
    )


def _remove_action(path: str, day: str | None, now: int) -> RemoveAction:
    return RemoveAction(
        path,
        data_change=True,
        deletion_timestamp=now,
        partition_values={} if day is None else {PARTITION: day},
    )
