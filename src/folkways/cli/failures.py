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
    OSError,
)
"""Errors that are no bugs; any other keeps its traceback, which is what a bug report needs."""

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
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            code = 2 if error.errno in USER_ERRNOS else 1
            told = f"{where}{error.strerror or error}."
        case _:
            code, told = 1, str(error)
    # Libraries put line breaks into their messages.
    return code, printable(" ".join(told.splitlines()))
