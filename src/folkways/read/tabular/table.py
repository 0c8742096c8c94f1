"""What all kinds of tables share: parts that are read on their own, and columns of one field."""

from collections.abc import Callable, Iterable

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.source import Source
from folkways.read.tabular.mapping import Mapping

BLOCK_BYTES = 8 << 20  # a block costs some fifty calls, so it is made worth them
ROWS = 65_536
"""No more at a time, since a line may be as short as {}."""

Piece = Callable[[Tally, duckdb.DuckDBPyConnection], Iterable[pa.RecordBatch]]
"""A part of a table; made into batches on its own, with an engine and a tally of its own."""
Candidates = dict[str, list[str]]
"""Names of columns by what they are read for."""


def present(mapping: Mapping, there: Iterable[str], source: Source) -> Candidates:
    """The columns that the table has.

    Raises:
        FormatError: a required one is missing, or there twice.
    """
    names = list(there)
    missing = [group for group in mapping.required if not set(group) & set(names)]
    if missing:
        raise FormatError(
            f"{source.name} has no column {', '.join(' or '.join(g) for g in missing)}, which "
            f"mapping {mapping.name} names; it has {', '.join(names[:20])}."
        )
    found = {key: [n for n in group if n in names] for key, group in mapping.wanted.items()}
    if twice := [name for name in columns_of(found) if names.count(name) > 1]:
        raise FormatError(f"{source.name} has two columns called {twice[0]}.")
    return {key: group for key, group in found.items() if group}


def columns_of(candidates: Candidates) -> list[str]:
    """All names, each once."""
    return sorted({name for group in candidates.values() for name in group})


def batch_of(columns: dict[str, list[pa.Array]], mapping: Mapping) -> pa.RecordBatch:
    """Of the candidates of each column, value by value the first that says something."""
    nulls = pa.array(list(mapping.null), pa.string())

    def spoken(column: pa.Array) -> pa.Array:
        if column.type != pa.string():
            return column
        silent = pc.is_in(pc.utf8_trim_whitespace(column), value_set=nulls)
        return pc.if_else(silent, pa.scalar(None, column.type), column)

    return pa.RecordBatch.from_pydict(
        {
            key: group[0] if len(group) == 1 else pc.coalesce(*(spoken(c) for c in group))
            for key, group in columns.items()
        }
    )
