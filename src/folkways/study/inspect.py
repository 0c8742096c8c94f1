"""What a source is, before it goes anywhere: format, span, names, problems. Needs no study."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.batches import Batch, Gap, Tally
from folkways.model.errors import FolkwaysError, UserError
from folkways.model.period import instant_text
from folkways.read.reader import ReadOptions
from folkways.read.readers import find_reader
from folkways.read.source import Source, find_sources
from folkways.study.progress import Progress, Silent
from folkways.study.sightings import Sightings

SCHEMA = "folkways.inspect/2"
CLOCK = "clock: "
"""How the causes begin that speak of a clock."""
WORTH_SAYING = 0.001
"""A smaller share of reports seen twice is chance: ports are used again."""

Rates = Counter[int | None]


@dataclass
class Inspected:
    """What one source holds; ``error`` is set where it could not be read at all.

    ``exporters``: by who measured (null: not said) the flows by sampling (null: not said).
    """

    path: str
    format: str | None = None
    compression: str | None = None
    flows: int = 0
    named: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    rows: Counter[str] = field(default_factory=Counter)
    name_sources: Counter[str] = field(default_factory=Counter)
    exporters: dict[str | None, Rates] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The shape documented in docs/reference/json.md."""
        tally = self.tally
        return {
            "path": self.path,
            "format": self.format,
            "versions": dict(tally.versions.most_common()),
            "compression": self.compression,
            "records": tally.records,
            "flows": self.flows,
            "rows": dict(self.rows),
            "first": instant_text(self.first_ms),
            "last": instant_text(self.last_ms),
            "names": dict(sorted(self.name_sources.items())),
            "named_share": self.named / self.flows if self.flows else None,
            "exporters": [_exporter(*item) for item in sorted(self.exporters.items(), key=str)],
            "gaps": [gap_json(gap) for gap in tally.gaps],
            "unseen_templates": dict(tally.unseen_templates.most_common()),
            "skipped": dict(tally.skipped.most_common()),
            "flagged": dict(tally.flagged.most_common()),
            "problems": list(self._problems()),
        }

    def _problems(self) -> Iterator[str]:
        """Sentences, worst first: what is not there, what cannot be used, what is in doubt."""
        tally = self.tally
        if self.error:
            yield self.error
        if tally.gaps:
            yield _gaps_sentence(tally.gaps)
        for template, sets in tally.unseen_templates.most_common():
            yield f"the template never came: {template} ({sets:,} sets cannot be read)"
        for cause, count in tally.skipped.most_common():
            yield f"{count:,} skipped: {cause}"
        flagged = sorted(tally.flagged.items(), key=lambda f: (not f[0].startswith(CLOCK), -f[1]))
        for cause, count in flagged:
            yield f"{count:,} flagged: {cause}"
        yield from tally.notes


@dataclass
class Inspection:
    """What several sources hold, and how much of it was reported twice."""

    sources: list[Inspected] = field(default_factory=list)
    sightings: Sightings = field(default_factory=Sightings)

    def to_json(self) -> dict[str, Any]:
        """The shape documented in docs/reference/json.md."""
        return {
            "schema": SCHEMA,
            "sources": [one.to_json() for one in self.sources],
            "seen_twice": {
                "share": self.sightings.twice(),
                "places": self.sightings.places,
                "sentence": self.twice_sentence(),
                "sampled_share": self.sightings.sampled(),
                "sampled_sentence": self.sampled_sentence(),
                "repeated_share": self.sightings.repeated(),
                "repeated_sentence": self.repeated_sentence(),
            },
        }

    def twice_sentence(self) -> str | None:
        """The risk of double counting, for a person; None: there is none to speak of."""
        share = self.sightings.twice()
        if not share or share < WORTH_SAYING:
            return None
        return (
            f"{share:.1%} of the rows repeat what another exporter reported, or another place of "
            "the same; in a study they are set aside (unless its population file says "
            'duplicates = "all").'
        )

    def sampled_sentence(self) -> str | None:
        """The same risk of samples, which nothing can set off; None: there is none."""
        share = self.sightings.sampled()
        if not share or share < WORTH_SAYING:
            return None
        return (
            f"{share:.1%} of the rows are samples of flows that another exporter sampled too, or "
            "another place of the same; they are not the same packets, so that in a study all of "
            "them count, and the flows' bytes as often as they were sampled."
        )

    def repeated_sentence(self) -> str | None:
        """Whether files hold the same flows, for a person; None: they do not."""
        share = self.sightings.repeated()
        if not share or share < WORTH_SAYING:
            return None
        return (
            f"{share:.1%} of the rows stand in a file before as well, as the same exporter "
            "reported them: give each flow once."
        )


def inspect_sources(
    names: Iterable[str],
    options: ReadOptions,
    wanted: str | None = None,
    progress: Progress | None = None,
    stdin: BinaryIO | None = None,
) -> Inspection:
    """Read every source to its end and say what it is.

    Raises:
        UserError: a path does not exist, or nothing at all could be read.
    """
    progress = progress or Silent()
    sources = list(find_sources(names, stdin))
    progress.phase("Reading", len(sources))
    found = Inspection(sightings=Sightings(options.sampling))
    for source in sources:
        found.sources.append(_inspect(source, options, wanted, found, progress))
        progress.step()
    errors = [one.error for one in found.sources if one.error]
    if errors and len(errors) == len(found.sources):
        raise UserError(
            errors[0] if len(errors) == 1 else f"{errors[0]} (and {len(errors) - 1} more)"
        )
    return found


def _inspect(
    source: Source,
    options: ReadOptions,
    wanted: str | None,
    before: Inspection,
    progress: Progress,
) -> Inspected:
    found = Inspected(source.name)
    try:
        found.compression = source.compression
        reader = find_reader(source, options, wanted)
        found.format = reader.name
        for batch in reader.read(source, options, found.tally):
            progress.detail(f"{found.tally.records:,} records")
            _look(found, batch, options)
            if batch.kind == "records":
                before.sightings.add(batch.rows, len(before.sources))
    except FolkwaysError as error:
        found.error = str(error)
    except OSError as error:
        found.error = f"{source.name} cannot be read: {error.strerror or error}."
    finally:
        source.close()
    return found


def _look(found: Inspected, batch: Batch, options: ReadOptions) -> None:
    rows = batch.rows
    if not rows.num_rows:
        return
    found.rows[batch.kind] += rows.num_rows
    span = pc.min_max(rows["start_ms"]).as_py()
    last = pc.max(rows["end_ms"]).as_py() if batch.kind == "records" else span["max"]
    found.first_ms = span["min"] if found.first_ms is None else min(found.first_ms, span["min"])
    found.last_ms = last if found.last_ms is None else max(found.last_ms, last)
    if batch.kind == "answers":
        return
    for entry in pc.value_counts(rows["name_source"].drop_null()).to_pylist():
        found.name_sources[entry["values"]] += entry["counts"]
    if batch.kind == "records":
        flows = rows["flows"].fill_null(1)
        found.flows += int(pc.sum(flows).as_py())
        found.named += int(pc.sum(flows.filter(rows["name"].is_valid())).as_py() or 0)
        _look_at_exporters(found, rows, flows, options)


def _look_at_exporters(
    found: Inspected, rows: pa.RecordBatch, flows: pa.Array, options: ReadOptions
) -> None:
    table = pa.table([rows["exporter"], rows["sampling"], flows], ["exporter", "sampling", "flows"])
    counted = table.group_by(["exporter", "sampling"]).aggregate([("flows", "sum")])
    for row in counted.to_pylist():
        rates = found.exporters.setdefault(row["exporter"] or options.exporter, Counter())
        rates[options.sampling or row["sampling"]] += row["flows_sum"]


def _exporter(exporter: str | None, rates: Rates) -> dict[str, Any]:
    return {
        "exporter": exporter,
        "flows": rates.total(),
        "sampling": sorted(rate for rate in rates if rate is not None),
        "sampling_unknown": rates[None],
    }


def gap_json(gap: Gap) -> dict[str, Any]:
    """A gap as JSON says it."""
    return {
        "first": instant_text(gap.first_ms),
        "last": instant_text(gap.last_ms),
        "cause": gap.cause,
        "exporter": gap.exporter,
        "lost": gap.lost,
    }


def _gaps_sentence(gaps: list[Gap]) -> str:
    lost = sum(gap.lost or 0 for gap in gaps)
    first, last = min(gap.first_ms for gap in gaps), max(gap.last_ms for gap in gaps)
    causes = ", ".join(sorted({gap.cause for gap in gaps}))
    counted = f", {lost:,} known to be lost" if lost else ""
    return (
        f"records are missing ({causes}): {len(gaps):,} gaps between {instant_text(first)} and "
        f"{instant_text(last)}{counted}"
    )
