"""Verbs, options, messages; no logic. ``main`` is what the command ``folkways`` calls."""

import sys

from folkways.cli.app import app
from folkways.model.errors import FolkwaysError

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; errors on purpose become one line and their exit code."""
    try:
        app()
    except FolkwaysError as error:
        print(f"folkways: {error}", file=sys.stderr)  # noqa: T201  # the command line's own voice
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("folkways: stopped; what was committed stays.", file=sys.stderr)  # noqa: T201
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output went away (folkways ... | head); that is no error of ours.
        sys.stderr.close()
        sys.exit(0)
