"""A study, as Python programs and the command line use it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO

from folkways.attribute.explain import explain
from folkways.attribute.importing import import_list
from folkways.model.errors import UserError
from folkways.model.period import EPOCH, Period, instant_text
from folkways.model.population import Population
from folkways.privacy.keys import destroy_key
from folkways.read.reader import ReadOptions
from folkways.simulate import scenarios
from folkways.study import ask, catalogue, page, reference, rounds
from folkways.study.dry_run import dry_run
from folkways.study.folder import StudyFolder, write_atomically
from folkways.study.ingest import Ingested, ingest_sources
from folkways.study.inspect import gap_json
from folkways.study.progress import Progress, Silent
from folkways.study.set_aside import set_aside
from folkways.study.settle import settle


class Study:
    """A study folder: sources go in, days are settled, questions are answered.

    Errors are of ``folkways.model.errors``: UserError where the caller can mend it, StorageError
    where the disk refuses.
    """

    def __init__(self, folder: StudyFolder) -> None:
        self.folder = folder

    @classmethod
    def create(cls, root: Path | str, population: Path | str) -> "Study":
        """Make a new study in an empty or new folder, from a population file."""
        return cls(StudyFolder.create(Path(root), Path(population)))

    @classmethod
    def open(cls, root: Path | str) -> "Study":
        """Open a study."""
        return cls(StudyFolder.open(Path(root)))

    @property
    def population(self) -> Population:
        """Whose traffic it is about."""
        return self.folder.population

    def ingest(
        self,
        *sources: str,
        wanted: str | None = None,
        options: ReadOptions | None = None,
        jobs: int = 1,
        progress: Progress | None = None,
        stdin: BinaryIO | None = None,
    ) -> Ingested:
        """Read sources, each content once, and settle the days that they touch."""
        progress = progress or Silent()
        with (
            self.folder.store.lock(lambda: progress.say("Another command writes; waiting.")),
            ThreadPoolExecutor(1, "catalogue") as beside,
        ):
            # Settling will need it; what is wrong with it is said there.
            beside.submit(getattr, self.folder, "catalogue")
            done = ingest_sources(
                self.folder,
                sources,
                self._counting(options),
                wanted=wanted,
                jobs=jobs,
                progress=progress,
                stdin=stdin,
            )
            days = settle(self.folder, progress=progress)
            done.set_aside = set_aside(self.folder, days)
        return done

    def _counting(self, options: ReadOptions | None) -> ReadOptions:
        return replace(options or ReadOptions(), timezone=self.population.timezone)

    def dry_run(
        self,
        *sources: str,
        wanted: str | None = None,
        options: ReadOptions | None = None,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """What an ingest would do; the answer of ``folkways ingest --dry-run --json``."""
        return dry_run(
            self.folder, sources, self._counting(options), wanted=wanted, progress=progress
        )

    def settle(self, days: str | None = None, progress: Progress | None = None) -> list[str]:
        """Derive stale days again; ``days`` is a period of local days, None for all."""
        progress = progress or Silent()
        wanted = None if days is None else self.period(days).utc_days
        with self.folder.store.lock(lambda: progress.say("Another command writes; waiting.")):
            return settle(self.folder, wanted, progress)

    def sources(self) -> list[dict[str, Any]]:
        """What went in: a row a source, in the order of ingest."""
        return [
            {
                "id": entry.id,
                "name": entry.name,
                "format": entry.format,
                "digest": entry.digest,
                "ingested": instant_text(entry.ingested_ms),
                "records": entry.records,
                "rows": entry.rows,
                "first": instant_text(entry.first_ms),
                "last": instant_text(entry.last_ms),
                "skipped": dict(entry.skipped),
                "flagged": dict(entry.flagged),
                "notes": list(entry.notes),
                "versions": dict(entry.versions),
                "gaps": [gap_json(gap) for gap in entry.gaps],
            }
            for entry in self.folder.store.sources()
        ]

    def remove_source(self, source: str, progress: Progress | None = None) -> list[str]:
        """Take a source out and settle the days that it touched; they are returned."""
        progress = progress or Silent()
        with self.folder.store.lock(lambda: progress.say("Another command writes; waiting.")):
            self.folder.store.remove_source(source)
            days = settle(self.folder, progress=progress)
            # What was taken out is to be gone now, not after the hour that files are kept.
            self.folder.store.clean(0)
            return days

    def period(self, text: str) -> Period:
        """A period written ``A..B``, or that of a round."""
        return rounds.find_period(self.folder, text)

    def summary(
        self, period: str, by: Sequence[str] = ("service",), filters: Sequence[str] = ()
    ) -> dict[str, Any]:
        """The answer of ``folkways summary --json``."""
        return ask.summary(self.folder, self.period(period), by, parse_filters(filters))

    def compare(self, before: str, after: str, by: Sequence[str] = ("service",)) -> dict[str, Any]:
        """The answer of ``folkways compare --json``."""
        return ask.compare(self.folder, self.period(before), self.period(after), by)

    def freeze_round(self, name: str, period: str) -> Path:
        """Freeze a period under a name; the path of its file."""
        return rounds.freeze(self.folder, name, period)

    def report(
        self,
        rounds_or_periods: Sequence[str],
        output: Path | str,
        *,
        title: str | None = None,
        progress: Progress | None = None,
    ) -> Path:
        """Write the page that compares rounds or periods."""
        path = Path(output)
        if path.suffix != ".html":
            raise UserError(f"{path}: the report is written as .html; name the file so.")
        if path.is_dir() or not path.absolute().parent.is_dir():
            raise UserError(f"{path} cannot be written; give a file in a folder that exists.")
        html = page.write_page(self.folder, rounds_or_periods, title, progress or Silent())
        write_atomically(path, html)
        return path

    def explain(self, thing: str, day: str | None = None) -> list[dict[str, Any]]:
        """Every rule that speaks for a host, address or port, and which one wins."""
        date = _date(day) if day is not None else self._last_day()
        spoken = explain(thing, self.folder.catalogue, self.folder.snapshot, date)
        return [asdict(one) | {"dates": one.dates and str(one.dates)} for one in spoken]

    def _last_day(self) -> dt.date:
        days = self.folder.store.days("observed")
        return dt.date.fromisoformat(days[-1]) if days else dt.datetime.now(dt.UTC).date()

    def import_list(
        self,
        file: Path,
        kind: str | None = None,
        *,
        source: str,
        first: dt.date | None = None,
        last: dt.date | None = None,
        licence: str = "unknown",
        form: str | None = None,
        value: str | None = None,
    ) -> str:
        """Import a reference list into the study; what was imported, in words."""
        done = import_list(
            file,
            self.folder.root / reference.FOLDER,
            kind=kind,
            source=source,
            first=first,
            last=last,
            licence=licence,
            form=form,
            value=value,
        )
        self._reopen()
        return reference.words_of(done)

    def fetch_lists(
        self, *wanted: str, settings: Path | None = None, progress: Progress | None = None
    ) -> tuple[list[str], list[str]]:
        """Fetch reference lists by id and import them: what came, in words, and what failed."""
        told = reference.fetch_lists(self.folder, wanted, settings, progress or Silent())
        self._reopen()
        return told

    def import_names(
        self,
        path: Path,
        *,
        source: str,
        licence: str = "unknown",
        version: str | None = None,
        service: str | None = None,
        function: str | None = None,
    ) -> list[str]:
        """Import domain lists below the catalogue; what came of it, a sentence each."""
        told = catalogue.import_names(
            self.folder,
            path,
            source=source,
            licence=licence,
            version=version,
            service=service,
            function=function,
        )
        self._reopen()
        return told

    def _reopen(self) -> None:
        """Open the folder again, so that what follows is judged by new lists."""
        self.folder = StudyFolder.open(self.folder.root)

    def lists(self) -> list[dict[str, Any]]:
        """The reference lists of the study with their dates and ages."""
        return [*reference.list_rows(self.folder), *catalogue.imported_rows(self.folder)]

    def list_details(self, identity: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """All that is known of the list whose id begins so, and its most frequent values."""
        return reference.show_list(self.folder, identity)

    def destroy_key(self) -> None:
        """Destroy the key of the pseudonyms for good."""
        destroy_key(self.folder.id, self.folder.settings.config)

    @staticmethod
    def scenarios() -> list[dict[str, Any]]:
        """What can be simulated."""
        return [{"scenario": name, "about": about} for name, about in scenarios()]


def parse_filters(texts: Sequence[str]) -> Mapping[str, str]:
    """``service=facebook`` and the like.

    Raises:
        UserError: a text without ``=``, or two filters on one column.
    """
    found: dict[str, str] = {}
    for text in texts:
        column, equals, value = text.partition("=")
        if not equals or column in found:
            raise UserError(f"--filter {text!r}: write column=value, each column once.")
        found[column] = value
    return found


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UserError(f"{text!r} is not a day; write it as {EPOCH}.") from None
