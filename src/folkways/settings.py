"""Where a user's own files lie, and how much of the machine may be used: one frozen value.

Read from the environment when asked for, never at import.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from folkways.model.errors import UserError


@dataclass(frozen=True)
class Settings:
    """What holds for one run.

    ``memory_mb`` bounds the engine's memory, ``threads`` its threads.
    """

    config: Path
    memory_mb: int
    threads: int


def load_settings() -> Settings:
    """Settings of this run, from ``FOLKWAYS_CONFIG_DIR``, ``FOLKWAYS_MEMORY_MB``, ``_THREADS``.

    Raises:
        UserError: a number that is none.
    """
    return Settings(
        config=_config_folder(),
        memory_mb=_number("FOLKWAYS_MEMORY_MB", 700),
        threads=_number("FOLKWAYS_THREADS", os.cpu_count() or 1),
    )


def _config_folder() -> Path:
    own = os.environ.get("FOLKWAYS_CONFIG_DIR")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "folkways"


def _number(name: str, default: int) -> int:
    text = os.environ.get(name)
    if text is None:
        return default
    if not text.isdigit() or int(text) == 0:
        raise UserError(f"{name}={text!r} must be a whole number above 0.")
    return int(text)
