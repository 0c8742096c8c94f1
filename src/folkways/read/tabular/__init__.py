"""Tables (CSV, NDJSON, Parquet) read by a mapping file or a preset."""

from collections.abc import Iterator

from folkways.model.batches import Batch, Tally
from folkways.model.errors import FormatError
from folkways.read.reader import ReadOptions
from folkways.read.source import Source
from folkways.read.tabular.convert import Converter
from folkways.read.tabular.mapping import Mapping, load_mapping, presets
from folkways.read.tabular.rows import csv_header, raw_rows

__all__ = ["Mapping", "TabularReader", "load_mapping", "presets"]


class TabularReader:
    """Reads what a mapping describes; without a mapping, what a preset recognises by its header."""

    name = "table"

    def sniff(self, source: Source, options: ReadOptions) -> float:
        """Sure with a mapping whose format the content has; else if a preset knows the header."""
        if options.mapping is not None:
            return 0.95 if _fits(load_mapping(options.mapping), source) else 0.0
        return 0.8 if self._preset(source) else 0.0

    def read(self, source: Source, options: ReadOptions, tally: Tally) -> Iterator[Batch]:
        """One batch of records for each batch of rows."""
        if options.mapping is not None:
            mapping: Mapping | None = load_mapping(options.mapping)
        else:
            mapping = self._preset(source)
        if mapping is None:
            raise FormatError(
                f"{source.name} is a table that no preset knows; say with --mapping which column "
                "is which."
            )
        tally.note(f"read by mapping {mapping.name}")
        converter = Converter(mapping, tally)
        for raw in raw_rows(source, mapping, tally):
            if raw.num_rows:
                yield converter.convert(raw)

    @staticmethod
    def _preset(source: Source) -> Mapping | None:
        return next((m for m in presets() if not m.header and _fits(m, source)), None)


def _fits(mapping: Mapping, source: Source) -> bool:
    head = source.head
    if mapping.format == "parquet":
        return head.startswith(b"PAR1")
    if mapping.format == "ndjson":
        return head.lstrip().startswith(b"{")
    if mapping.header:
        return b"\0" not in head and mapping.delimiter.encode() in head
    return set(mapping.columns.values()) <= set(csv_header(head, mapping.delimiter))
