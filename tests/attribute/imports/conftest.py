"""Rows of a list as people write them, and files of given content."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from folkways.attribute.imports.rows import RangeRows
from folkways.attribute.intervals import is_ipv4
from folkways.model.addresses import address_to_text, sortable

Shown = Callable[[RangeRows], list[tuple[Any, ...]]]
Filed = Callable[[bytes | str], Path]


@pytest.fixture(scope="session")
def shown() -> Shown:
    """(first, last, value, name) of each row; what rows must always be is checked on the way."""

    def show(rows: RangeRows) -> list[tuple[Any, ...]]:
        count = len(rows.values)
        assert rows.first.shape == rows.last.shape == (count, 16)
        assert len(rows.names) == count <= rows.rows + count
        for column in (rows.since, rows.until, rows.ports):
            assert column is None or len(column) == count
        assert (sortable(rows.first) <= sortable(rows.last)).all()
        assert (is_ipv4(rows.first) == is_ipv4(rows.last)).all()
        assert all(n > 0 for n in (*rows.skipped.values(), *rows.flagged.values()))
        ends = ([address_to_text(a.tobytes()) for a in e] for e in (rows.first, rows.last))
        return list(zip(*ends, rows.values.to_pylist(), rows.names.to_pylist(), strict=True))

    return show


@pytest.fixture
def filed(tmp_path: Path) -> Filed:
    """A file of some content; the name says nothing of it."""

    def file(content: bytes | str) -> Path:
        path = tmp_path / "list"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return file
