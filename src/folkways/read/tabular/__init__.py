"""Tables (CSV, JSON, Parquet) read by a mapping file or a preset."""

from collections.abc import Iterator
from functools import partial

import duckdb

from folkways.model.batches import Batch, Tally
from folkways.model.columns import RECORDS
from folkways.model.errors import FormatError
from folkways.read.json_lines import connect
from folkways.read.reader import ReadOptions
from folkways.read.source import Source
from folkways.read.tabular.convert import Converter
from folkways.read.tabular.engine import Engine
from folkways.read.tabular.mapping import Mapping, load_mapping, presets
from folkways.read.tabular.recognise import fits, recognised
from folkways.read.tabular.rows import pieces
from folkways.read.tabular.table import Piece
from folkways.read.tabular.times import Times
from folkways.read.works import Result, gathered, in_order

__all__ = ["Mapping", "TabularReader", "load_mapping", "presets"]


class TabularReader:
    """Reads what a mapping describes; without a mapping, what a preset recognises by its header."""

    name = "table"

    gives = frozenset(RECORDS.names) - {"uid"}

    def sniff(self, source: Source, options: ReadOptions) -> float:
        """Sure with a mapping whose format the content has; else if a preset knows the header."""
        if options.mapping is not None:
            return 0.95 if fits(load_mapping(options.mapping), source) else 0.0
        return 0.8 if recognised(source) else 0.0

    def read(self, source: Source, options: ReadOptions, tally: Tally) -> Iterator[Batch]:
        """One batch of records for each batch of rows.

        ``tally.skipped`` names what gave no row: ``no time``, ``no address``, ``address does not
        parse: ...``, ``left out: ...``, ``row has N fields instead of M``, ``row has a quote that
        does not close``, ``line is not a JSON object``, ``object without an end``, ``object too
        long``, ``cut object``, ``cut line``, ``line too long`` and ``Parquet file broken``.

        Raises:
            FormatError: no preset knows the table, it is not what the mapping says, or its sums are
                of days that are not the study's.
            MappingError: the mapping contradicts itself, or its times need a zone.
        """
        if options.mapping is not None:
            mapping: Mapping | None = load_mapping(options.mapping)
        else:
            mapping = recognised(source)
        if mapping is None:
            raise FormatError(
                f"{source.name} is a table that no preset knows; say with --mapping which column "
                "is which."
            )
        with connect() as engine:
            Times(mapping, Engine(engine)).check()
            works = (
                partial(_work, piece, mapping, engine, options.timezone)
                for piece in pieces(source, mapping, tally)
            )
            yield from gathered(in_order(works, tally))


def _work(
    piece: Piece, mapping: Mapping, engine: duckdb.DuckDBPyConnection, timezone: str | None
) -> Result:
    tally = Tally()
    with engine.cursor() as cursor:
        converter = Converter(mapping, tally, cursor, timezone)
        return tally, [converter.convert(raw) for raw in piece(tally, cursor) if raw.num_rows]
