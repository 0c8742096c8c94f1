"""DuckDB connections with every limit set, so that no caller forgets one."""

from pathlib import Path

import duckdb


def connect(memory_mb: int, temp: Path, threads: int) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that spills to ``temp`` and never loads anything from a network.

    Args:
        memory_mb: the most memory that it uses, in MiB.
        temp: the folder to spill to; it must belong to the study, since what is spilt is data.
        threads: how many threads it may use.
    """
    con = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": f"{memory_mb} MiB",
            "threads": threads,
            "temp_directory": str(temp),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            # Files must stay sorted by time as they are written.
            "preserve_insertion_order": True,
        },
    )
    con.execute("SET enable_progress_bar = false")
    return con


def quote(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
