"""Files without the rows of some sources: to take a source out, or not to take it in twice."""

from collections.abc import Collection, Sequence
from pathlib import Path

import duckdb

from folkways.model.columns import Table
from folkways.store.engine import quote
from folkways.store.parquet import File, select_list, write_file


def files_with(
    con: duckdb.DuckDBPyConnection, paths: Sequence[Path], sources: Collection[str]
) -> list[Path]:
    """Those of the files that hold rows of any of the sources (ids); statistics spare most."""
    if not paths or not sources:
        return []
    rows = con.execute(
        f"SELECT DISTINCT filename FROM read_parquet({path_list(paths)}, filename = true, "
        f"hive_partitioning = false) WHERE source IN {_listed(sources)}"
    ).fetchall()
    found = {str(name) for (name,) in rows}
    return [path for path in paths if str(path) in found]


def write_without(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    sources: Collection[str],
    table: Table,
    *,
    root: Path,
    staged: Path,
) -> File | None:
    """Write the file's other rows, in their order, as a new file; None if there are none."""
    select = (
        f"SELECT {select_list(table)} FROM read_parquet({path_list([path])}, "
        f"hive_partitioning = false) WHERE source NOT IN {_listed(sources)}"
    )
    # Every data file lies in its day's folder, before and after the commit.
    number = sum(1 for _ in staged.rglob("*.parquet"))
    name = f"{path.parent.name}/{staged.parent.name}-{number:05d}.parquet"
    file = write_file(con, select, table, root=root, staged=staged, name=name)
    if file.rows:
        return file
    (root / file.staged).unlink()
    return None


def path_list(paths: Sequence[Path]) -> str:
    """Paths as an SQL list of texts."""
    return "[" + ", ".join(quote(str(path)) for path in paths) + "]"


def _listed(texts: Collection[str]) -> str:
    return "(" + ", ".join(quote(text) for text in sorted(texts)) + ")"
