from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from folkways.model.columns import TABLES, describe_schema

PORTABLE = {pa.int16(), pa.int32(), pa.int64(), pa.string(), pa.bool_(), pa.binary(16)}


def test_golden_schema(golden: Callable[[Path, str], None]) -> None:
    golden(Path(__file__).with_name("schema.golden.txt"), describe_schema())


def test_only_portable_types() -> None:
    for table in TABLES:
        assert {c.type for c in table.columns} <= PORTABLE, table.name


def test_names_are_unique_within_a_table() -> None:
    for table in TABLES:
        assert len(set(table.names)) == len(table.names)
