"""How Parquet files fail that are cut or garbled: pyarrow has no one error for it."""

import pyarrow as pa

BROKEN = (pa.ArrowException, OSError, ValueError, KeyError)
"""What reading such a file can raise; ValueError: names or text that are not UTF-8."""


def reason(error: Exception) -> str:
    """What pyarrow says, in one line."""
    return str(error).splitlines()[0] if str(error) else "it is cut or garbled"
