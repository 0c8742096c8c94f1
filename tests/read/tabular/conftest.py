"""Tables written to a folder and read back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from folkways.model.batches import Tally
from folkways.read.reader import ReadOptions
from folkways.read.source import Source
from folkways.read.tabular import TabularReader

Read = Callable[..., tuple[list[dict[str, Any]], Tally]]


@pytest.fixture
def read() -> Read:
    """Read a file, by a mapping's name or path or by what recognises it: rows and tally."""

    def do(path: Path, mapping: str | Path | None = None) -> tuple[list[dict[str, Any]], Tally]:
        tally = Tally()
        options = ReadOptions(mapping=None if mapping is None else str(mapping))
        batches = TabularReader().read(Source(path.name, path), options, tally)
        return [row for batch in batches for row in batch.rows.to_pylist()], tally

    return do


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write text or bytes to a file of the test's folder."""

    def do(text: str | bytes, name: str = "table") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return do
