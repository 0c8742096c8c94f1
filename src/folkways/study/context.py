"""What a report says beside its numbers: names for people, sources, lists and their ages."""

import datetime as dt
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from folkways.measure.summary import aged_share
from folkways.model.period import Period, instant_text
from folkways.report.material import Rows
from folkways.study.folder import StudyFolder
from folkways.study.frames import frame_of

_FAR_DAYS = 365


def labels(study: StudyFolder, day: dt.date) -> dict[str, dict[str, str]]:
    """The name for people of each id, by group; networks as the lists of the day call them."""
    catalogue = study.catalogue
    countries = country_names()
    return {
        "service": {s.id: s.name for s in catalogue.services.values()},
        "operator": {o.id: o.name for o in catalogue.operators.values()},
        "asn": study.snapshot.names("asn", day),
        "function": dict(catalogue.protocols.functions),
        "jurisdiction": countries,
        "country": countries,
    }


def country_names() -> dict[str, str]:
    """ISO 3166-1 codes to English names, from the table that comes with the time zones."""
    text = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return {row[0]: row[1] for row in rows if len(row) > 1}


def list_ages(study: StudyFolder, periods: Sequence[Period]) -> list[str]:
    """How far the lists and facts that spoke lie from the days that they spoke of."""
    said: list[str] = []
    for one in study.snapshot.lists:
        far = max(one.dates.age(p.first) for p in periods)
        if far > 31:
            said.append(
                f"The list of kind {one.kind} from {one.source} holds for {one.dates}, up to "
                f"{far / 365.25:.1f} years away from the days of these rounds: what it says "
                "(also by which name it calls an AS number) may have been otherwise then."
            )
    # The parts of one list, such as IPv4 and IPv6, say the same.
    found = list(dict.fromkeys(said))
    for period in periods:
        with frame_of(study, period) as frame:
            aged, whole = aged_share(frame, period, _FAR_DAYS)
        if aged:
            found.append(
                f"{period}: {aged / whole:.0%} of the connections that were attributed by address "
                f"rest on a fact or list dated more than a year away from them."
            )
    return found


def range_row(prefix: str, text: str, from_ms: int, to_ms: int) -> dict[str, Any]:
    """A range of the population as shown to people; open ends are null."""
    return {
        "prefix": prefix,
        "text": text,
        "from": instant_text(from_ms),
        "to": instant_text(to_ms),
    }


def source_rows(study: StudyFolder) -> Rows:
    """What went in, as shown to people."""
    return [
        {
            "id": entry.id,
            "name": entry.name,
            "format": entry.format,
            "records": entry.records,
            "rows": entry.rows,
            "digest": entry.digest,
            "skipped": dict(entry.skipped),
            "flagged": dict(entry.flagged),
        }
        for entry in study.store.sources()
    ]
