"""The reference lists of a study: import, fetch, list and show, with their ages."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from folkways.attribute.fetching.entries import Entry, known_entries
from folkways.attribute.fetching.fetched import Fetched
from folkways.attribute.fetching.run import fetch
from folkways.attribute.importing import Imported, import_list
from folkways.attribute.lists import OPTIONAL, ReferenceList
from folkways.model.errors import UserError
from folkways.report.material import Rows
from folkways.study.folder import StudyFolder
from folkways.study.progress import Progress

FOLDER, DOWNLOADS = "reference", "downloads"
_SHOWN = 10


def words_of(done: Imported) -> str:
    """What an import gave, in words."""
    causes = [f"{count:,} skipped: {cause}" for cause, count in done.skipped.items()]
    causes += [f"{count:,} used although {cause}" for cause, count in done.flagged.items()]
    said = f" ({', '.join(causes)})" if causes else ""
    return f"{done.rows:,} row{'s' * (done.rows != 1)} became {done.list.id}{said}"


def list_rows(study: StudyFolder) -> Rows:
    """The reference lists with their dates, as shown to people.

    ``days_away``: how far the days of the study are from those of the list, at most; 0 if all lie
    within, null while the study has none.
    """
    days = _days(study)
    return [
        {
            "id": one.id,
            "kind": one.kind,
            "dates": str(one.dates),
            "days_away": max((one.dates.age(day) for day in days), default=None),
            "ranges": one.ipv4_ranges + one.ipv6_ranges,
            "source": one.source,
            "licence": one.licence,
            "digest": one.digest,
        }
        for one in study.snapshot.lists
    ]


def show_list(study: StudyFolder, identity: str) -> tuple[dict[str, Any], Rows]:
    """All that is known of one list, and its most frequent values with their ranges.

    Raises:
        UserError: no list of the study, or several, has an id that begins so.
        CatalogueError: the list is damaged.
    """
    one = _one(study, identity)
    facts = next(row for row in list_rows(study) if row["id"] == one.id)
    rows = one.read()
    facts |= {
        "ipv4_ranges": one.ipv4_ranges,
        "ipv6_ranges": one.ipv6_ranges,
        "values": pc.count_distinct(rows["value"]).as_py(),
        "rows_have": ", ".join(n for n in OPTIONAL.names if n in rows.column_names) or None,
        "imported": str(one.imported),
    }
    counts = rows.group_by(["value"]).aggregate([([], "count_all"), ("name", "max")])
    most = counts.sort_by([("count_all", "descending"), ("value", "ascending")]).slice(0, _SHOWN)
    values = [
        {"value": row["value"], "name": row["name_max"], "ranges": row["count_all"]}
        for row in most.to_pylist()
    ]
    return facts, values


def fetchable(settings: Path | None) -> Rows:
    """What can be fetched, as shown to people."""
    return [
        {"id": e.id, "kind": e.kind, "licence": e.licence, "source": e.source, "note": e.note}
        for e in known_entries(settings)
    ]


def fetch_lists(
    study: StudyFolder,
    wanted: Sequence[str],
    settings: Path | None,
    progress: Progress,
) -> tuple[list[str], list[str]]:
    """Fetch lists by id and import them: what came, in words, and what failed.

    Raises:
        UserError: an id that nobody knows.
        StorageError: the disk is full or refuses.
    """
    known = {entry.id: entry for entry in known_entries(settings)}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise UserError(f"{unknown[0]!r} is no list to fetch; known are {', '.join(known)}.")
    entries: list[Entry] = [known[name] for name in wanted]
    progress.phase("fetching", None)

    def watch(name: str, so_far: int, whole: int | None) -> None:
        of = f" of {whole / 1e6:,.1f}" if whole else ""
        progress.detail(f"{name}, {so_far / 1e6:,.1f}{of} MB")

    came, failed = fetch(entries, study.root / FOLDER / DOWNLOADS, watch)
    return [_imported(study, one) for one in came], [str(error) for error in failed]


def _imported(study: StudyFolder, one: Fetched) -> str:
    entry = one.entry
    done = import_list(
        one.path,
        study.root / FOLDER,
        kind=one.kind,
        source=one.source,
        first=entry.dates.first,
        last=entry.dates.last,
        licence=one.licence,
        form=entry.format,
        value=entry.value,
        published=one.published,
    )
    return words_of(done)


def _one(study: StudyFolder, identity: str) -> ReferenceList:
    found = [one for one in study.snapshot.lists if one.id.startswith(identity)]
    exact = [one for one in found if one.id == identity]
    if len(exact or found) != 1:
        what = "several lists begin" if found else "no list begins"
        raise UserError(f"{identity!r}: {what} so; folkways reference list says which there are.")
    return (exact or found)[0]


def _days(study: StudyFolder) -> list[dt.date]:
    """The first and the last day that the study holds."""
    days = study.store.days("observed")
    return [dt.date.fromisoformat(day) for day in {days[0], days[-1]}] if days else []
