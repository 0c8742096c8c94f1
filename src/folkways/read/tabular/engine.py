"""Text to numbers by expressions of DuckDB, for what Arrow's casts cannot read."""

import duckdb
import pyarrow as pa


class Engine:
    """Evaluates expressions over a column of text."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con

    def integers(self, column: pa.Array, value: str, most: int) -> pa.Array:
        """``value``, an expression over the text ``v`` that gives a number, rounded down.

        Null where it is none, or lies outside 0 to ``most``.
        """
        self._con.register("texts", pa.table({"v": column}))
        found = self._con.sql(
            f"SELECT CASE WHEN x BETWEEN 0 AND {most} THEN CAST(floor(x) AS BIGINT) END AS x "
            f"FROM (SELECT {value} AS x FROM texts)"
        ).to_arrow_table()
        self._con.unregister("texts")
        return found["x"].combine_chunks()
