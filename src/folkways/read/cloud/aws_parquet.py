"""AWS flow logs written as Parquet: the same names with underscores, as columns with types."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.cloud.aws_layout import NEEDED, known_fields
from folkways.read.parquet import BROKEN, reason
from folkways.read.reader import BATCH_ROWS
from folkways.read.source import Source

_MAGIC = b"PAR1"


def is_parquet(source: Source) -> bool:
    """By the magic bytes."""
    return source.head.startswith(_MAGIC)


def is_mine(source: Source) -> bool:
    """Whether it has a start and an address by the names of AWS; names stand at a file's end."""
    try:
        names = _names(source)
    except FormatError:
        return False
    return len(set(names) & known_fields()) >= 3 and {"start", "srcaddr"} <= set(names)


def columns(source: Source, tally: Tally) -> Iterator[tuple[int, dict[str, pa.Array]]]:
    """Row count and the needed columns as text, by the names of the text form.

    Raises:
        FormatError: it is no whole plain Parquet file, or lacks the columns of flow logs.
    """
    names = _names(source)
    wanted = {name: column for name, column in names.items() if name in NEEDED}
    if "start" not in wanted:
        raise FormatError(f"{source.name} is a Parquet file without the columns of AWS flow logs.")
    try:
        with pq.ParquetFile(source.open_anywhere()) as file:
            for batch in file.iter_batches(BATCH_ROWS, columns=list(wanted.values())):
                # Garbled pages can hold text that is none, which Parquet does not check.
                batch.validate(full=True)
                found = {name: _text(batch[column]) for name, column in wanted.items()}
                yield batch.num_rows, found
    except BROKEN:
        tally.records += 1
        tally.skip("Parquet file broken")
        tally.note("The Parquet file cannot be read to its end; what came before was used.")


def _names(source: Source) -> dict[str, str]:
    if source.path is None or source.compression is not None:
        raise FormatError(
            f"{source.name}: Parquet needs a plain file, since it is read from its end."
        )
    try:
        names = pq.read_schema(source.open_anywhere()).names
    except BROKEN as error:
        raise FormatError(f"{source.name} is not a whole Parquet file: {reason(error)}.") from None
    return {name.replace("_", "-"): name for name in names}


def _text(column: pa.Array) -> pa.Array:
    """Values as the text that the text form has for them."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("s", column.type.tz), safe=False).cast(pa.int64())
    return column.cast(pa.string())
