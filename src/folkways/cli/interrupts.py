"""Ctrl-C, known as such whatever becomes of it on its way up.

Engines through which a KeyboardInterrupt passes make errors of their own of it ("Query
interrupted"), so that what ends a command does not tell that the user stopped it.
"""

import signal
from types import FrameType, TracebackType
from typing import Self


class Interrupts:
    """Remembers, inside a ``with`` statement, whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.seen = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.seen = True
        raise KeyboardInterrupt
