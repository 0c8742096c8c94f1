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
    if not _is_utf8(data):
        data = data.decode("utf-8", "replace").encode()
    octets = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(octets == 0x0A) + 1
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    bounds = np.concatenate(([0], ends)).astype(np.int32)
    array = pa.StringArray.from_buffers(
        len(bounds) - 1, pa.py_buffer(bounds.tobytes()), pa.py_buffer(data)
    )
    # Nothing but a line end, of one or two characters.
    blank = (np.diff(bounds) <= 2) & np.isin(octets[bounds[:-1]], (0x0A, 0x0D))
    return array.filter(pa.array(~blank)) if blank.any() else array


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
