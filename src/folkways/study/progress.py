"""What long work tells of itself: the command line shows it, a program may ignore it."""

from typing import Protocol


class Progress(Protocol):
    """Told what goes on; every method may be called often."""

    def phase(self, name: str, total: int | None) -> None:
        """A new phase begins, with ``total`` steps (bytes, days) if that is known."""

    def step(self, count: int = 1) -> None:
        """So many steps further."""

    def detail(self, text: str) -> None:
        """What is being worked on within a step that may be long."""

    def say(self, sentence: str) -> None:
        """Something that a person should know now."""


class Silent:
    """Shows nothing."""

    def phase(self, name: str, total: int | None) -> None:
        """Nothing."""

    def step(self, count: int = 1) -> None:
        """Nothing."""

    def detail(self, text: str) -> None:
        """Nothing."""

    def say(self, sentence: str) -> None:
        """Nothing."""
