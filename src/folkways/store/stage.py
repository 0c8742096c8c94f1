"""Rows on their way into the store: buffered, sorted, written, and not yet committed."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import duckdb
import pyarrow as pa

from folkways.model.columns import OBSERVED, STORED_ANSWERS, STORED_NAMES, Table
from folkways.store.buffer import Buffer
from folkways.store.engine import connect
from folkways.store.failures import storage_failures
from folkways.store.locking import Scratch
from folkways.store.parquet import PARTITION, File, select_list, write_file

InputTable = Literal["answers", "names", "observed"]
INPUTS: dict[InputTable, Table] = {
    "answers": STORED_ANSWERS,
    "names": STORED_NAMES,
    "observed": OBSERVED,
}
BUFFER_ROWS = 500_000
BUFFER_BYTES = 128 * 2**20
_ENGINE_MB = 512


@dataclass(frozen=True)
class Staged:
    """Files that are written and not yet committed, by table; can be pickled."""

    folder: str
    files: Mapping[str, tuple[File, ...]]

    @property
    def days(self) -> set[str]:
        """The UTC days that it would touch."""
        return {file.day for files in self.files.values() for file in files if file.day}


class Stage:
    """Takes rows of any number of sources and writes them by UTC day, sorted by time.

    It needs no lock and can work in another process than the one that commits. Rows are buffered,
    at most about half a million a table, so that many small sources give few files; a full buffer
    is written by a thread of its own while the next one fills. Used in a ``with`` statement, it
    leaves nothing behind if an error ends it before ``finish``.

    Args:
        root: the store's folder.
        threads: how many threads DuckDB may use to write.
    """

    def __init__(self, root: Path, threads: int = 1) -> None:
        self._root = root
        self._threads = threads
        self._buffers = {name: Buffer(table) for name, table in INPUTS.items()}
        self._files: dict[InputTable, list[File]] = {name: [] for name in INPUTS}
        self._con: duckdb.DuckDBPyConnection | None = None
        self._writer = ThreadPoolExecutor(1, "stage")
        self._writing: Future[None] | None = None
        with storage_failures(root):
            self._scratch = Scratch(root / "tmp", "stage")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.abandon()

    def write(self, table: InputTable, rows: pa.RecordBatch) -> None:
        """Take rows of a table; ``day`` must be the UTC day of ``start_ms``.

        Raises:
            ValueError: the schema is not the table's, or a day is wrong (said when it is written:
                by a later ``write`` or ``finish``).
            StorageError: the disk is full or refuses; the stage can only be abandoned then.
        """
        if not rows.schema.equals(INPUTS[table].schema):
            raise ValueError(f"rows for {table} have another schema: {rows.schema}")
        buffer = self._buffers[table]
        buffer.add(rows)
        if buffer.rows >= BUFFER_ROWS or buffer.bytes >= BUFFER_BYTES:
            self._flush(table)

    def finish(self) -> Staged:
        """Write what is buffered and say what there is to commit."""
        for table in INPUTS:
            self._flush(table)
        self._wait()
        self._close()
        self._scratch.release()
        files: dict[str, tuple[File, ...]] = {
            name: tuple(found) for name, found in self._files.items() if found
        }
        return Staged(self._scratch.path.name, files)

    def abandon(self) -> None:
        """Remove everything that was written."""
        with suppress(Exception):
            # Whatever it came to, it is removed here.
            self._wait()
        self._close()
        self._buffers = {name: Buffer(table) for name, table in INPUTS.items()}
        self._scratch.remove()

    def _close(self) -> None:
        self._writer.shutdown()
        if self._con is not None:
            self._con.close()
            self._con = None

    def _wait(self) -> None:
        if self._writing is not None:
            writing, self._writing = self._writing, None
            writing.result()

    def _flush(self, name: InputTable) -> None:
        buffer, self._buffers[name] = self._buffers[name], Buffer(INPUTS[name])
        self._wait()
        self._writing = self._writer.submit(self._write_out, name, buffer)

    def _write_out(self, name: InputTable, buffer: Buffer) -> None:
        table, files = INPUTS[name], self._files[name]
        if self._con is None:
            self._con = connect(_ENGINE_MB, self._scratch.path / "spill", self._threads)
        stem = self._scratch.path.name
        with storage_failures(self._root):
            for day, reader in buffer.drain():
                self._con.register("buffered", reader)
                path = f"{PARTITION}={day}/{stem}-{len(files):05d}.parquet"
                select = f"SELECT {select_list(table)} FROM buffered"
                folder = self._scratch.path / name
                files.append(
                    write_file(self._con, select, table, root=self._root, staged=folder, name=path)
                )
                self._con.unregister("buffered")
