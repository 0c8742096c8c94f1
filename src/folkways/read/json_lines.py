"""Lines of JSON, one object each: as a column of text, and the engine that takes values out."""

import duckdb
import numpy as np
import pyarrow as pa

BLOCK_BYTES = 24 << 20
"""A block costs a query and some hundred calls, so it is made worth them. From 32 MiB on, the C
library would get memory from the system anew for each, and all of it would be cleared."""

_PIECE = 1 << 18
_NEWLINE, _RETURN = 0x0A, 0x0D


def connect() -> duckdb.DuckDBPyConnection:
    """A private engine in memory that may write nothing to disk: lines hold raw addresses."""
    # One thread each, since blocks are read side by side; nothing is fetched from the network.
    return duckdb.connect(
        ":memory:",
        config={"threads": 1, "temp_directory": "", "autoinstall_known_extensions": False},
    )


def lines_of(data: bytes | memoryview) -> pa.Array:
    """The lines of a block of UTF-8 as a column of text, blank ones left out."""
    octets = np.frombuffer(data, np.uint8)
    # A piece at a time, so that what is in between stays in the processor's cache.
    ends = [
        np.flatnonzero(octets[start : start + _PIECE] == _NEWLINE) + (start + 1)
        for start in range(0, len(data), _PIECE)
    ]
    if data[-1] != _NEWLINE:
        ends.append(np.array([len(data)]))
    bounds = np.concatenate((np.zeros(1, np.int64), *ends)).astype(np.int32)
    array = pa.StringArray.from_buffers(len(bounds) - 1, pa.py_buffer(bounds), pa.py_buffer(data))
    # Nothing but a line end, of one or two characters.
    blank = (np.diff(bounds) <= 2) & np.isin(octets[bounds[:-1]], (_NEWLINE, _RETURN))
    return array.filter(pa.array(~blank)) if blank.any() else array


def answer(cursor: duckdb.DuckDBPyConnection, query: str) -> pa.Array:
    """The only column of an answer."""
    column = cursor.sql(query).to_arrow_table().column(0)
    # Nearly always there is one chunk, and putting chunks together copies.
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
