"""Committed files as a DuckDB view with exactly the table's columns, also where there are none."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from folkways.model.columns import Table
from folkways.store.engine import quote_name
from folkways.store.parquet import PARTITION, SQL_TYPES
from folkways.store.rewrite import path_list


def create_view(
    con: duckdb.DuckDBPyConnection, name: str, table: Table, files: Sequence[Path]
) -> None:
    """Make or replace the view ``name`` over the files; typed and empty if there are none."""
    if files:
        columns = ", ".join(quote_name(c.name) for c in table.columns)
        partitioned = (
            f"hive_partitioning = true, hive_types = {{'{PARTITION}': VARCHAR}}"
            if PARTITION in table.names
            else "hive_partitioning = false"
        )
        query = (
            f"SELECT {columns} FROM read_parquet({path_list(files)}, union_by_name = false, "
            f"{partitioned})"
        )
    else:
        columns = ", ".join(
            f"CAST(NULL AS {SQL_TYPES[c.type]}) AS {quote_name(c.name)}" for c in table.columns
        )
        query = f"SELECT {columns} WHERE false"
    con.execute(f"CREATE OR REPLACE TEMP VIEW {quote_name(name)} AS {query}")
