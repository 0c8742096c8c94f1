"""Progress bars on a terminal, nothing in a pipe."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from folkways.cli.printable import printable


class Bars:
    """Phases as bars on standard error if it is a terminal; sentences go there in any case."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task: TaskID | None = None
        self._phase = ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def phase(self, name: str, total: int | None) -> None:
        """A new bar."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._phase = name
        self._task = self._progress.add_task(name, total=total)

    def step(self, count: int = 1) -> None:
        """Further along the bar."""
        if self._task is not None:
            self._progress.advance(self._task, count)

    def detail(self, text: str) -> None:
        """What is being worked on, beside the bar's name."""
        if self._task is not None:
            self._progress.update(
                self._task, description=escape(printable(f"{self._phase}: {text}"))
            )

    def say(self, sentence: str) -> None:
        """A line above the bar."""
        self._console.print(printable(sentence), markup=False, highlight=False)
