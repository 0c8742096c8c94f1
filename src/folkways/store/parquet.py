"""Parquet files as the store writes them, and what a commit has to say about each.

DuckDB writes them: zstd (level 1: a tenth faster than 3, one per cent larger), format version 2,
row groups of 122,880 rows. The partition column ``day`` stands in the path (``day=2017-04-01``),
not in the file, as in every Delta or Hive table.
"""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from folkways.model.columns import ADDRESS, Table
from folkways.store.engine import quote, quote_name

ROW_GROUP_ROWS = 122_880
PARTITION = "day"
SQL_TYPES = {
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.string(): "VARCHAR",
    pa.bool_(): "BOOLEAN",
    ADDRESS: "BLOB",
}
_OPTIONS = (
    "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARQUET_VERSION V2, "
    f"ROW_GROUP_SIZE {ROW_GROUP_ROWS}, RETURN_STATS"
)
# Of texts only the source has bounds in the log: those of names would say what was visited, and
# outlive a source that is taken out. Engines must not differ on how texts are compared.
_BOUNDED_TEXT = "source"
_PLAIN_TEXT = re.compile(r"[ -\[\]-~]{0,64}")


@dataclass(frozen=True)
class File:
    """A data file of a table: where it is to stand, and where it lies until it is committed.

    ``path`` is relative to the table's folder, ``staged`` to the store's; ``stats`` is the JSON
    text of the Delta protocol's per-file statistics; ``day`` is None where the table has none.
    """

    path: str
    staged: str
    day: str | None
    rows: int
    size: int
    stats: str

    @property
    def first_ms(self) -> int | None:
        """The smallest start_ms in it; None if there is none."""
        found = json.loads(self.stats)["minValues"].get("start_ms")
        return None if found is None else int(found)

    @property
    def last_ms(self) -> int | None:
        """The largest start_ms in it; None if there is none."""
        found = json.loads(self.stats)["maxValues"].get("start_ms")
        return None if found is None else int(found)


def day_of(days: int) -> str:
    """Days since 1970-01-01 as the partition is named."""
    return str(np.datetime64(days, "D"))


def select_list(table: Table) -> str:
    """The table's columns in order, each cast to its type, without the partition column."""
    return ", ".join(
        f"CAST({quote_name(c.name)} AS {SQL_TYPES[c.type]}) AS {quote_name(c.name)}"
        for c in table.columns
        if c.name != PARTITION
    )


def write_file(
    con: duckdb.DuckDBPyConnection,
    select: str,
    table: Table,
    *,
    root: Path,
    staged: Path,
    name: str,
) -> File:
    """Write the rows of an SQL SELECT, in the order that it gives them, and describe the file.

    Args:
        con: where the SELECT can be run; it yields the table's columns without ``day``.
        select: the statement.
        table: what the columns are.
        root: the store's folder.
        staged: the folder that stands for the table's folder until the commit.
        name: the path that the file will have below the table's folder.

    Raises:
        ValueError: a null in a column that allows none.
    """
    target = staged / name
    target.parent.mkdir(parents=True, exist_ok=True)
    row = con.execute(f"COPY ({select}) TO {quote(str(target))} ({_OPTIONS})").fetchone()
    if row is None:
        raise RuntimeError(f"DuckDB wrote {target} without statistics")
    _flush_to_disk(target)
    rows = int(row[1])
    # DuckDB writes every name in the statistics as a quoted identifier.
    columns = {name[1:-1].replace('""', '"'): values for name, values in row[4].items()}
    day = name.partition("/")[0].removeprefix(f"{PARTITION}=") if "/" in name else None
    return File(
        path=name,
        staged=str(target.relative_to(root)),
        day=day,
        rows=rows,
        size=target.stat().st_size,
        stats=json.dumps(_stats(table, rows, columns)),
    )


def _flush_to_disk(path: Path) -> None:
    # A commit must not outlive the data that it names, were the power to fail.
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _stats(table: Table, rows: int, columns: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Counts, and smallest and largest values of numbers and of the source.

    Delta protocol, "Per-file Statistics": bounds of texts must not be cut short, so that those
    which DuckDB does not call exact are left out.
    """
    smallest: dict[str, int | str] = {}
    largest: dict[str, int | str] = {}
    nulls: dict[str, int] = {}
    for c in table.columns:
        if c.name == PARTITION:
            continue
        found = columns.get(c.name, {})
        if "null_count" in found:
            nulls[c.name] = int(found["null_count"])
        if nulls.get(c.name) and not c.nullable:
            raise ValueError(f"{table.name}.{c.name} must not be null, but {nulls[c.name]} are")
        if "min" not in found or "max" not in found:
            continue
        if pa.types.is_integer(c.type):
            smallest[c.name], largest[c.name] = int(found["min"]), int(found["max"])
        elif c.name == _BOUNDED_TEXT and _usable(found):
            smallest[c.name], largest[c.name] = found["min"], found["max"]
    return {
        "numRecords": rows,
        "minValues": smallest,
        "maxValues": largest,
        "nullCount": nulls,
    }


def _usable(found: dict[str, str]) -> bool:
    return all(
        found.get(f"{end}_is_exact") == "true" and _PLAIN_TEXT.fullmatch(found[end])
        for end in ("min", "max")
    )
