"""A day of ``connections`` replaced in one commit, with the stamp of what it was made from."""

import re
import uuid

import duckdb

from folkways.model.columns import CONNECTIONS
from folkways.model.errors import StudyError
from folkways.model.period import DAY_MS
from folkways.store.holdings import Holdings
from folkways.store.parquet import PARTITION, day_of, select_list, write_file
from folkways.store.tables import Step

_STAMP = re.compile(r"[A-Za-z0-9_-]{1,128}")


def replace_day(
    holdings: Holdings, day: str, con: duckdb.DuckDBPyConnection, query: str, stamp: str
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
        old = tuple(path for path, there in holdings.tables[name].files() if there == day)
        holdings.journal.run([Step(name, (file,), old)], holdings.tables)
    return file.rows


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
