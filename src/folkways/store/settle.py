"""A day of ``connections`` replaced in one commit, with the stamp of what it was made from."""

import hashlib
import re
import uuid
from pathlib import Path

import duckdb

from folkways.model.columns import CONNECTIONS, OPEN_CONNECTIONS
from folkways.model.errors import StudyError
from folkways.model.period import DAY_MS
from folkways.store.holdings import Holdings
from folkways.store.parquet import PARTITION, File, day_of, select_list, write_file
from folkways.store.tables import Step

_STAMP = re.compile(r"[A-Za-z0-9_-]{1,128}")


def replace_day(
    holdings: Holdings,
    day: str,
    con: duckdb.DuckDBPyConnection,
    query: str,
    stamp: str,
    *,
    open_query: str | None = None,
) -> int:
    """Replace the day's file by the query's rows; see ``Store.replace_day``."""
    if not _STAMP.fullmatch(stamp):
        raise ValueError(f"a stamp is 1 to 128 letters, digits, - or _; {stamp!r} is not")
    name = CONNECTIONS.name
    with holdings.change() as folder:
        # The stamp stands in the file's name, so that data and stamp cannot disagree.
        file = write_file(
            con,
            f"SELECT {select_list(CONNECTIONS)} FROM ({query})",
            CONNECTIONS,
            root=holdings.root,
            staged=folder / name,
            name=f"{PARTITION}={day}/{stamp}.{uuid.uuid4().hex[:12]}.parquet",
        )
        for start_ms in (file.first_ms, file.last_ms):
            if start_ms is not None and day_of(start_ms // DAY_MS) != day:
                raise ValueError(f"a row that is to replace {day} starts on another day")
        steps = [_open_step(holdings, folder, day, con, open_query)]
        # Last, since a day is settled if and only if its stamp stands there.
        steps.append(Step(name, (file,), _files_of(holdings, name, day)))
        holdings.journal.run([step for step in steps if step.adds or step.removes], holdings.tables)
    return file.rows


def read_open_digest(holdings: Holdings, day: str) -> str:
    """What names the content of ``open_connections`` of a day: "none" where nothing is open."""
    paths = _files_of(holdings, OPEN_CONNECTIONS.name, day)
    return ",".join(path.rpartition("/")[2].partition(".")[0] for path in paths) or "none"


def _files_of(holdings: Holdings, table: str, day: str) -> tuple[str, ...]:
    return tuple(path for path, there in holdings.tables[table].files() if there == day)


def _open_step(
    holdings: Holdings,
    folder: Path,
    day: str,
    con: duckdb.DuckDBPyConnection,
    query: str | None,
) -> Step:
    """The day's open connections; the digest of their content is the name of their file."""
    table = OPEN_CONNECTIONS
    old = _files_of(holdings, table.name, day)
    if query is None:
        return Step(table.name, (), old)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE open_rows AS SELECT {select_list(table)} FROM ({query})"
    ).fetchall()
    columns = ", ".join(name for name in table.names if name != PARTITION)
    count, mixed, added = con.sql(
        f"SELECT count(*), bit_xor(h), sum(h % 2147483647) FROM (SELECT hash({columns}) AS h "
        "FROM open_rows)"
    ).fetchall()[0]
    adds: tuple[File, ...] = ()
    if count:
        digest = hashlib.sha256(f"{count} {mixed} {added}".encode()).hexdigest()[:16]
        file = write_file(
            con,
            f"SELECT {select_list(table)} FROM open_rows ORDER BY start_ms, end_ms",
            table,
            root=holdings.root,
            staged=folder / table.name,
            name=f"{PARTITION}={day}/{digest}.{uuid.uuid4().hex[:12]}.parquet",
        )
        adds = (file,)
    con.execute("DROP TABLE open_rows")
    return Step(table.name, adds, old)


def read_stamps(holdings: Holdings) -> dict[str, str]:
    """The stamp of every day of ``connections``.

    Raises:
        StudyError: a day has more than one file, which no version of Folkways writes.
    """
    stamps: dict[str, str] = {}
    for path in holdings.files(CONNECTIONS.name):
        day = path.parent.name.partition("=")[2]
        if day in stamps:
            raise StudyError(f"The day {day} of connections has two files; settle it again.")
        stamps[day] = path.name.partition(".")[0]
    return stamps
