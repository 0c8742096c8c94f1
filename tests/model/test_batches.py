"""Batches: columns that are not given are null, whatever their type."""

import pyarrow as pa
import pytest

from folkways.model.batches import READ_TABLES, Kind, make_batch


@pytest.mark.parametrize("kind", READ_TABLES)
@pytest.mark.parametrize("rows", [0, 1, 7, 8, 1000])
def test_columns_that_are_not_given_are_null(kind: Kind, rows: int) -> None:
    start = pa.array(range(rows), pa.int64())
    found = make_batch(kind, {"start_ms": start}, rows).rows
    found.validate(full=True)
    for field in found.schema:
        wanted = start if field.name == "start_ms" else pa.nulls(rows, field.type)
        assert found[field.name].equals(wanted)
        assert found[field.name].null_count == (0 if field.name == "start_ms" else rows)
    part = found.slice(rows // 2)
    assert pa.concat_batches([part, found]).num_rows == rows - rows // 2 + rows


def test_a_column_that_the_table_does_not_have() -> None:
    with pytest.raises(KeyError, match="records has no column colour"):
        make_batch("records", {"colour": pa.nulls(1)}, 1)
