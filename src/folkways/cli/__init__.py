"""Verbs, options, messages; no logic. ``main`` is what the command ``folkways`` calls."""

import sys
from collections.abc import Sequence

import typer

from folkways.cli.app import app
from folkways.cli.failures import EXPECTED, explain
from folkways.cli.interrupts import Interrupts
from folkways.cli.printable import forgive

__all__ = ["main"]

STOPPED = "stopped; what was committed stays. Run the same command again to go on."


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and end with its exit code.

    0: done; 3: some of the sources could not be read, the rest went in; 2: the user can mend it;
    1: the machine or Folkways failed; 130: stopped by Ctrl-C.
    Every error that is no bug of Folkways is one line on standard error.

    Raises:
        SystemExit: always, with the exit code.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        forgive(stream)
    with Interrupts() as interrupts:
        code, told = _run(list(arguments) or ["--help"], interrupts)
    if told:
        print(f"folkways: {told}", file=sys.stderr)  # noqa: T201  # the command line's own voice
    sys.exit(code)


def _run(arguments: list[str], interrupts: Interrupts) -> tuple[int, str]:
    """The exit code, and the line to say if something went wrong."""
    try:
        # Not app(): it would print its own errors, on several lines.
        command = typer.main.get_command(app)
        with command.make_context("folkways", arguments) as context:
            command.invoke(context)
            sys.stdout.flush()
    except typer.Exit as end:
        return end.exit_code, ""
    except BrokenPipeError:
        # The reader of our output went away (folkways ... | head); that is no error of ours.
        sys.stderr.close()
        return 0, ""
    except (KeyboardInterrupt, Exception) as error:
        if interrupts.seen or isinstance(error, KeyboardInterrupt):
            return 130, STOPPED
        if isinstance(error, EXPECTED):
            return explain(error)
        raise
    return 0, ""
