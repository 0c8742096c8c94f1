"""How Parquet files fail that are cut or garbled: pyarrow has no one error for it."""

import pyarrow as pa
import pyarrow.parquet as pq

from folkways.read.source import Source

MAGIC = b"PAR1"
BROKEN = (pa.ArrowException, OSError, ValueError, KeyError)
"""What reading such a file can raise; ValueError: names or text that are not UTF-8."""


def reason(error: Exception) -> str:
    """What pyarrow says, in one line."""
    if isinstance(error, OSError) and error.errno is not None and error.strerror:
        return error.strerror
    return str(error).splitlines()[0].rstrip(".") if str(error) else "it is cut or garbled"


def fault(source: Source) -> str | None:
    """Why a file that begins as Parquet cannot be read; None where it can, or is none."""
    if not source.head.startswith(MAGIC) or source.path is None:
        return None
    try:
        pq.read_schema(source.path)
    except BROKEN as error:
        return reason(error)
    return None
