"""A data file of a study that is gone or damaged, said in one way, whichever library met it."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from folkways.model.errors import StudyError


@contextmanager
def data_damage(root: Path) -> Iterator[None]:
    """Turn a failure to read a committed data file below ``root`` into a StudyError that names it.

    All else passes, and so does what fails below ``tmp``, where nothing is committed.
    """
    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        path = _named(str(error), root)
        if path is None:
            raise
        raise StudyError(
            f"{path} {_state(path)}. Put it back from a copy of the study; without one, make a new "
            "study and ingest the sources again."
        ) from error


def _named(text: str, root: Path) -> Path | None:
    """The data file that an error names."""
    for place in (root.resolve(), root.absolute(), root):
        for found in re.findall(rf"{re.escape(str(place))}/([^'\"\n]*?\.parquet)", text):
            if not found.startswith("tmp/"):
                return root / found
    return None


def _state(path: Path) -> str:
    if not path.is_file():
        return "is gone"
    return "is damaged" if os.access(path, os.R_OK) else "cannot be read (permission denied)"
