"""What passes from a reader to the rest: batches of a table, and a tally of what was not used."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import pyarrow as pa

from folkways.model.columns import ANSWERS, NAMES, RECORDS, Table
from folkways.model.told import Need, Told

Kind = Literal["records", "names", "answers"]
READ_TABLES: dict[Kind, Table] = {"records": RECORDS, "names": NAMES, "answers": ANSWERS}


@dataclass(frozen=True)
class Batch:
    """Rows of one of the three tables that a reader can yield; the schema is that table's.

    ``ends`` are the addresses of the connections that rows of ``names`` belong to, as columns
    source_address and destination_address: by them names of strangers are left out. They are not
    stored; None: the source does not say them.
    """

    kind: Kind
    rows: pa.RecordBatch
    ends: pa.RecordBatch | None = None


MAX_GAPS = 1000
MAX_TEMPLATES = 1000


class Gap(NamedTuple):
    """A stretch of time, both ends in ms since 1970 UTC, from which records are missing.

    ``lost`` says how many, where the source's own numbering tells it.
    """

    first_ms: int
    last_ms: int
    cause: str
    exporter: str | None = None
    lost: int | None = None


@dataclass
class Tally:
    """What a reader saw: nothing is dropped without being counted here by cause.

    ``records`` counts the source's own units (packets, rows, export records), used or not;
    ``skipped`` those that gave no row, by cause; ``flagged`` those that were used although
    something is wrong with them; ``notes`` are sentences for a person, each said once;
    ``versions`` counts units (packets, files, rows) by what they say of their format and version;
    ``gaps`` are stretches with lost records; ``unseen_templates`` counts sets by the template that
    never came; ``kept_back`` are stretches with records that could not be read for want of
    what other sources may tell; ``told`` is what exporters said of their records, ``needs`` what
    of that had to be asked of other sources.
    """

    records: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    flagged: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    versions: Counter[str] = field(default_factory=Counter)
    gaps: list[Gap] = field(default_factory=list)
    unseen_templates: Counter[str] = field(default_factory=Counter)
    kept_back: list[Gap] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)

    def skip(self, cause: str, count: int = 1) -> None:
        """Count units that give no row."""
        if count:
            self.skipped[cause] += int(count)

    def flag(self, cause: str, count: int = 1) -> None:
        """Count units that are used although something is wrong with them."""
        if count:
            self.flagged[cause] += int(count)

    def note(self, sentence: str) -> None:
        """Keep a sentence for the person who inspects or ingests."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def add_gap(self, gap: Gap) -> None:
        """Keep a gap; the same one again, or one that goes on where the last ended, makes one.

        Beyond ``MAX_GAPS`` they are only counted, so that memory stays bounded.
        """
        last = self.gaps[-1] if self.gaps else None
        if last and last[2:4] == gap[2:4] and last.first_ms <= gap.first_ms <= last.last_ms + 1000:
            counts = [n for n in (last.lost, gap.lost) if n is not None]
            lost = sum(counts) if counts else None
            self.gaps[-1] = last._replace(last_ms=max(last.last_ms, gap.last_ms), lost=lost)
        elif len(self.gaps) < MAX_GAPS:
            self.gaps.append(gap)
        else:
            self.flag(f"gap not kept: {gap.cause}")

    def keep_back(self, gap: Gap) -> None:
        """Keep a stretch whose records are there and could not be read."""
        if gap not in self.kept_back and len(self.kept_back) < MAX_GAPS:
            self.kept_back.append(gap)

    def unseen_template(self, template: str, sets: int) -> None:
        """Count data sets whose template never came; beyond ``MAX_TEMPLATES`` under one word."""
        known = template in self.unseen_templates or len(self.unseen_templates) < MAX_TEMPLATES
        self.unseen_templates[template if known else "others"] += sets

    def add(self, other: "Tally") -> None:
        """Add another tally to this one."""
        self.records += other.records
        self.skipped.update(other.skipped)
        self.flagged.update(other.flagged)
        self.versions.update(other.versions)
        for template, sets in other.unseen_templates.items():
            self.unseen_template(template, sets)
        for gap in other.gaps:
            self.add_gap(gap)
        for sentence in other.notes:
            self.note(sentence)
        for gap in other.kept_back:
            self.keep_back(gap)
        self.told += other.told
        self.needs += other.needs


def make_batch(kind: Kind, columns: dict[str, pa.Array], rows: int) -> Batch:
    """A batch from the columns that a reader knows; all others become null.

    Args:
        kind: which table.
        columns: arrays of length ``rows``; each is cast to the column's type if it is another.
        rows: the number of rows.

    Raises:
        KeyError: a column that the table does not have.
        pyarrow.ArrowInvalid: a value that does not fit the column's type.
    """
    table = READ_TABLES[kind]
    unknown = set(columns) - set(table.names)
    if unknown:
        raise KeyError(f"{table.name} has no column {', '.join(sorted(unknown))}")
    zeros = pa.py_buffer(bytes(16 * rows + 16))
    arrays = [_column(columns.get(c.name), c.type, rows, zeros) for c in table.columns]
    return Batch(kind, pa.RecordBatch.from_arrays(arrays, schema=table.schema))


def _column(array: pa.Array | None, kind: pa.DataType, rows: int, zeros: pa.Buffer) -> pa.Array:
    if array is None:
        # Most columns of most sources are null, and can share their zeros: no value is wider.
        buffers = [zeros, zeros] + [zeros] * pa.types.is_string(kind)
        return pa.Array.from_buffers(kind, rows, buffers, rows)
    return array if array.type == kind else array.cast(kind)
