"""Lines of JSON, one object each: as a column of text, and the engine that takes values out."""

import duckdb
import numpy as np
import pyarrow as pa


def connect() -> duckdb.DuckDBPyConnection:
    """A private engine in memory that may write nothing to disk: lines hold raw addresses."""
    # One thread each, since blocks are read side by side; nothing is fetched from the network.
    return duckdb.connect(
        ":memory:",
        config={"threads": 1, "temp_directory": "", "autoinstall_known_extensions": False},
    )


def lines_of(data: bytes) -> pa.Array:
    """A block's lines as a column of text, blank ones left out; broken UTF-8 becomes U+FFFD."""
    if not data.isascii():
        data = data.decode("utf-8", "replace").encode()
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 0x0A) + 1
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    bounds = np.concatenate(([0], ends)).astype(np.int32)
    array = pa.StringArray.from_buffers(
        len(bounds) - 1, pa.py_buffer(bounds.tobytes()), pa.py_buffer(data)
    )
    blank = np.diff(bounds) <= 2
    return array.filter(pa.array(~blank)) if blank.any() else array
