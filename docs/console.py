# noqa: INP001  # a script's helper, not a package
"""Runs the commands that pages show, so that what a page says is what happens."""

import io
import os
import re
import shlex
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from folkways.cli import main

_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@contextmanager
def empty_folder() -> Iterator[Path]:
    """A folder to run commands in, with keys of its own, that is gone afterwards."""
    before = os.environ.get("FOLKWAYS_CONFIG_DIR")
    with TemporaryDirectory() as name:
        os.environ["FOLKWAYS_CONFIG_DIR"] = str(Path(name) / "config")
        folder = Path(name) / "work"
        folder.mkdir()
        try:
            with chdir(folder):
                yield folder
        finally:
            os.environ.pop("FOLKWAYS_CONFIG_DIR")
            if before is not None:
                os.environ["FOLKWAYS_CONFIG_DIR"] = before


def run(arguments: list[str]) -> str:
    """What a command prints; 3 is no failure, but says that a source could not be read.

    Raises:
        RuntimeError: it fails, or complains.
    """
    out, err = io.StringIO(), io.StringIO()
    code: object = None
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as end:
            code = end.code
    if code not in {0, 3} or err.getvalue():
        raise RuntimeError(f"folkways {shlex.join(arguments)} ended with {code}: {err.getvalue()}")
    return out.getvalue()


def run_line(line: str) -> str:
    """What a line of a page prints: ``folkways ...``, or the same with ``| head -N`` behind it."""
    command, _, behind = line.partition(" | ")
    words = shlex.split(command)
    cut = re.fullmatch(r"head -(\d+)", behind) if behind else None
    if words[0] != "folkways" or bool(behind) != bool(cut):
        raise RuntimeError(f"a page shows a command that is not run: {line}")
    lines = run(words[1:]).splitlines(keepends=True)
    return "".join(lines[: int(cut[1])] if cut else lines)


def refresh(text: str) -> str:
    """A page with the output of each command in its console blocks as it is now.

    Blocks with a file's name behind their language are written to that file first. Everything
    happens in an empty folder, in the page's order.
    """
    with empty_folder():
        return _BLOCK.sub(_refreshed, text)


def _refreshed(block: re.Match[str]) -> str:
    language, name, body = block.groups()
    if name:
        Path(name).write_text(body, encoding="utf-8")
    if language != "console":
        return block[0]
    lines = body.replace("\\\n", "\\\0").splitlines()
    commands = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    shown = []
    for command in commands:
        whole = " ".join(part.strip() for part in command.split("\\\0"))
        shown.append("$ " + command.replace("\\\0", "\\\n") + "\n" + run_line(whole))
    return f"```console\n{''.join(shown)}```"
