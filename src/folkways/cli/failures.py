"""What went wrong, as one line and an exit code: 2 if the user can mend it, else 1."""

import errno

import duckdb
import typer
from typer.exceptions import TyperException

from folkways.cli.printable import printable
from folkways.model.errors import FolkwaysError

EXPECTED = (
    FolkwaysError,
    TyperException,
    typer.Abort,
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.OutOfRangeException,
    OSError,
    UnicodeEncodeError,
)
"""Errors that are no bugs; any other keeps its traceback, which is what a bug report needs."""

NO_TEXT = (
    "an argument or the name of a file is no text in this locale; set LC_ALL=C.UTF-8, or give the "
    "file another name."
)
TOO_LARGE = (
    "the study holds counters that are too large to be added up; some source, or the sampling that "
    "was said of it, is wrong. Find it with folkways sources STUDY, and take it out."
)
USER_ERRNOS = frozenset(
    {errno.ENOENT, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.EEXIST}
)
"""What the operating system refuses because of the path that was given."""


def explain(error: BaseException) -> tuple[int, str]:
    """The exit code and the line for one of the expected errors."""
    match error:
        case FolkwaysError():
            code, told = error.exit_code, str(error)
        case TyperException():
            where = getattr(error, "ctx", None)
            hint = f" (see {where.command_path} --help)" if where else ""
            code, told = error.exit_code, error.format_message().rstrip(".") + hint
        case typer.Abort():
            code, told = 2, "stopped; nothing was done."
        case duckdb.OutOfMemoryException():
            code, told = 1, f"{error}".split("\n", 1)[0] + "; raise FOLKWAYS_MEMORY_MB."
        case duckdb.OutOfRangeException():
            code, told = 2, TOO_LARGE
        case UnicodeEncodeError():
            code, told = 2, NO_TEXT
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            code = 2 if error.errno in USER_ERRNOS else 1
            told = f"{where}{error.strerror or error}."
        case _:
            code, told = 1, str(error)
    # Libraries put line breaks into their messages.
    return code, printable(" ".join(told.splitlines()))
