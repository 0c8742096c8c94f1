"""From a reader's batch to rows that may be stored: oriented, no member's address left in them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.connect.membership import OUTSIDE
from folkways.connect.orient import LATEST_MS, NEITHER, Orienter, day_names
from folkways.connect.sides import Flags
from folkways.model.batches import Batch, Gap, Kind
from folkways.model.columns import OBSERVED, STORED_ANSWERS, STORED_NAMES, Table
from folkways.model.population import Population
from folkways.privacy.pseudonyms import Pseudonyms
from folkways.read.reader import ReadOptions
from folkways.store.stage import InputTable

SCALED = "scaled-counters"
ANSWERED_ENDS = ("client_address", "address")
STORED: dict[Kind, tuple[InputTable, Table]] = {
    "records": ("observed", OBSERVED),
    "names": ("names", STORED_NAMES),
    "answers": ("answers", STORED_ANSWERS),
}


@dataclass
class Written:
    """What became of a source's rows."""

    rows: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    dropped: Counter[str] = field(default_factory=Counter)
    flagged: Counter[str] = field(default_factory=Counter)


class RowMaker:
    """Makes stored rows of a reader's batches, for one population and one key.

    Of the options, what the user says of sampling stands above what a source says, and what the
    user says of the exporter below it.
    """

    def __init__(
        self, population: Population, pseudonyms: Pseudonyms, options: ReadOptions | None = None
    ) -> None:
        self._orienter = Orienter(population, pseudonyms.text)
        self._pseudonyms = pseudonyms
        self._options = options or ReadOptions()

    def make(
        self, batch: Batch, source: str, written: Written
    ) -> tuple[InputTable, pa.RecordBatch]:
        """The table to write to, and rows of its schema, with ``source`` in each.

        ``written`` is brought up to date.
        """
        name, table = STORED[batch.kind]
        if batch.kind == "records":
            columns, rows = self._observed(batch.rows, written)
        elif batch.kind == "names":
            columns, rows = self._names(batch, written)
        else:
            columns, rows = self._answers(batch.rows, written)
        columns["source"] = pa.repeat(pa.scalar(source), rows)
        arrays = [columns[c.name].cast(c.type) for c in table.columns]
        return name, pa.RecordBatch.from_arrays(arrays, schema=table.schema)

    def stored_name(self, name: str) -> str:
        """What may be stored of a name: another one, if it is a member's address."""
        return str(self._orienter.clean_names(pa.array([name], pa.string()))[0])

    def _observed(self, rows: pa.RecordBatch, written: Written) -> tuple[dict[str, pa.Array], int]:
        oriented = self._orienter.orient(rows)
        columns = oriented.columns
        hidden = self._pseudonyms.addresses(columns["member"])
        if oriented.member_id.null_count < oriented.rows:
            hidden = pc.coalesce(self._pseudonyms.identifiers(oriented.member_id), hidden)
        columns["member"] = hidden
        columns["remote"] = self._hide(columns["remote"], columns["internal"])
        if columns["translated_member"].null_count < oriented.rows:
            columns["translated_member"] = self._pseudonyms.addresses(columns["translated_member"])
        if columns["translated_remote"].null_count < oriented.rows:
            columns["translated_remote"] = self._hide_members(columns["translated_remote"])
        exporter = columns["exporter"]
        if self._options.exporter is not None:
            exporter = exporter.fill_null(self._options.exporter)
        columns["exporter"] = self._orienter.clean_names(exporter)
        if self._options.sampling is not None:
            said = pa.scalar(self._options.sampling, pa.int64())
            # Their counters were multiplied before; the rate once more would count them twice.
            scaled = pc.match_substring(columns["flaws"], SCALED).fill_null(fill_value=False)
            columns["sampling"] = pc.if_else(scaled, columns["sampling"], said)
        written.dropped.update(oriented.dropped)
        written.flagged.update(oriented.flagged)
        written.rows += oriented.rows
        if oriented.rows:
            span = pc.min_max(columns["start_ms"]).as_py()
            last = pc.max(columns["end_ms"]).as_py()
            written.first_ms = min(x for x in (written.first_ms, span["min"]) if x is not None)
            written.last_ms = max(x for x in (written.last_ms, last) if x is not None)
        return columns, oriented.rows

    def _names(self, batch: Batch, written: Written) -> tuple[dict[str, pa.Array], int]:
        """Names that belong to flows of the population, as far as their addresses tell."""
        names, rows = batch.rows.schema.names, batch.rows
        if batch.ends is not None:
            columns = {**dict(_columns(rows)), **dict(_columns(batch.ends))}
            rows = pa.record_batch(columns)
        rows = _in_time(rows, written)
        if batch.ends is not None:
            ends = batch.ends.schema.names
            rows = self._wanted(rows, ends, written)
            rows = _kept(rows, ~self._orienter.strange(rows, ends), NEITHER, written)
        columns = {name: rows[name] for name in names}
        columns["day"] = day_names(rows["start_ms"].to_numpy())
        columns["name"] = self._orienter.clean_names(rows["name"])
        return columns, rows.num_rows

    def _answers(self, rows: pa.RecordBatch, written: Written) -> tuple[dict[str, pa.Array], int]:
        """Answers to members under their pseudonym; to others without saying to whom.

        What anybody was told of a name tells it of members' connections too.
        """
        rows = self._wanted(_in_time(rows, written), ANSWERED_ENDS, written)
        columns = {name: rows[name] for name in rows.schema.names}
        columns["day"] = day_names(rows["start_ms"].to_numpy())
        members = self._orienter.only_members(columns.pop("client_address"), rows["start_ms"])
        columns["client"] = self._pseudonyms.addresses(members)
        columns["address"] = self._hide_members(rows["address"])
        for name in ("query", "canonical", "chain"):
            columns[name] = self._orienter.clean_names(rows[name])
        return columns, rows.num_rows

    def _wanted(
        self, rows: pa.RecordBatch, ends: Sequence[str], written: Written
    ) -> pa.RecordBatch:
        """Those of which no address is excluded; the others are counted by reason."""
        excluded = self._orienter.excluded(rows, rows["start_ms"].to_numpy(), ends)
        keep = excluded == OUTSIDE
        if keep.all():
            return rows
        written.dropped.update(self._orienter.count_excluded(excluded, np.ones_like(keep)))
        return rows.filter(pa.array(keep))

    def clean_gaps(self, gaps: Sequence[Gap]) -> list[Gap]:
        """Gaps whose exporter, if it is a member's address, stands under its pseudonym."""
        names = pa.array([gap.exporter for gap in gaps], pa.string())
        cleaned = self._orienter.clean_names(names).to_pylist()
        return [gap._replace(exporter=name) for gap, name in zip(gaps, cleaned, strict=True)]

    def _hide_members(self, addresses: pa.Array) -> pa.Array:
        return self._hide(addresses, pa.array(self._orienter.holds(addresses)))

    def _hide(self, addresses: pa.Array, where: pa.Array) -> pa.Array:
        if not pc.any(where).as_py():
            return addresses
        return pc.if_else(where, self._pseudonyms.addresses(addresses), addresses)


def _columns(rows: pa.RecordBatch) -> Iterator[tuple[str, pa.Array]]:
    yield from zip(rows.schema.names, rows.columns, strict=True)


def with_source(rows: pa.RecordBatch, source: str) -> pa.RecordBatch:
    """The same rows, as those of another source."""
    place = rows.schema.get_field_index("source")
    column = pa.repeat(pa.scalar(source), rows.num_rows)
    return rows.set_column(place, rows.schema.field(place), column)


def _in_time(rows: pa.RecordBatch, written: Written) -> pa.RecordBatch:
    start = rows["start_ms"].to_numpy()
    return _kept(rows, (start >= 0) & (start < LATEST_MS), "time out of range", written)


def _kept(rows: pa.RecordBatch, keep: Flags, cause: str, written: Written) -> pa.RecordBatch:
    if keep.all():
        return rows
    written.dropped[cause] += int(np.count_nonzero(~keep))
    return rows.filter(pa.array(keep))
