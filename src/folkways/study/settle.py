"""Derive each day's connections again from what was observed, wherever an input has changed.

A day's stamp names all its inputs: the observed files around it, the DNS answers of it and of the
day before, what the day before left open, the population, the catalogue, the reference lists, the
limits of behaviour and the rules. It is stored in one commit with the day, so a day is stale
exactly if its stamp is not what it would be now; a kill between ingest and settle heals by itself.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable

import duckdb

from folkways.attribute.behaviour import mark_behaviour
from folkways.attribute.behaviour_limits import load_limits
from folkways.attribute.ladder import attribute_day
from folkways.connect.binding import bind_names
from folkways.connect.connections import JOIN_TIMEOUT_MS, connections_of_day
from folkways.connect.open_connections import open_after
from folkways.study.folder import StudyFolder
from folkways.study.progress import Progress, Silent

RULES = "settle/5"
"""Version of the rules in connect and attribute: a change of what they give changes this."""


def settle(
    study: StudyFolder, days: Iterable[str] | None = None, progress: Progress | None = None
) -> list[str]:
    """Settle the stale days, in order; the caller holds the store's lock.

    Args:
        study: the study.
        days: UTC days to look at; None for all.
        progress: told of each day.

    Returns:
        The UTC days that were derived again.
    """
    progress = progress or Silent()
    stale = [day for day, _ in stale_days(study, days)]
    progress.phase("Settling", len(stale))
    done = []
    with study.engine() as con:
        for day in stale:
            # The day before may have left open what it left open the last time.
            if study.store.stamps().get(day) != stamp(study, day):
                _settle_day(study, con, day)
                done.append(day)
            progress.step()
    return done


def stale_days(study: StudyFolder, days: Iterable[str] | None = None) -> list[tuple[str, str]]:
    """UTC days whose stored connections are not what the inputs would give now, and why."""
    stamps = study.store.stamps()
    observed = set(study.store.days("observed"))
    every = observed | set(stamps)
    wanted = every if days is None else set(days) & every
    found: dict[str, str] = {}
    for day in sorted(_with_days_before(wanted, every)):
        if day not in stamps:
            found[day] = "never settled"
        elif stamps[day] != stamp(study, day):
            found[day] = "its sources, lists, catalogue or rules have changed"
        elif _before(day) in found:
            found[day] = "the day before is to be settled again, and its connections may go on"
    return [(day, why) for day, why in found.items() if day in wanted]


def _with_days_before(wanted: set[str], every: set[str]) -> set[str]:
    """The days, and those that lead up to them without a day between that has no data."""
    found = set(wanted)
    for day in wanted:
        before = _before(day)
        while before in every and before not in found:
            found.add(before)
            before = _before(before)
    return found


def stamp(study: StudyFolder, day: str) -> str:
    """What names all the inputs of a day."""
    parts = (
        RULES,
        str(JOIN_TIMEOUT_MS),
        study.population.digest,
        study.catalogue.digest,
        study.snapshot.digest,
        load_limits().digest,
        study.store.input_stamp(_around(day), ("names", "observed")),
        study.store.input_stamp(_around(day)[:2], ("answers",)),
        study.store.open_digest(_before(day)),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _before(day: str) -> str:
    return _around(day)[0]


def _around(day: str) -> list[str]:
    """The day with its neighbours, whose pieces may belong to the same connections."""
    middle = dt.date.fromisoformat(day)
    return [(middle + dt.timedelta(days=d)).isoformat() for d in (-1, 0, 1)]


def _settle_day(study: StudyFolder, con: duckdb.DuckDBPyConnection, day: str) -> None:
    around = _around(day)
    study.store.view(con, "observed", "observed", around)
    study.store.view(con, "names", "names", around[1:])
    study.store.view(con, "answers", "answers", around[:2])
    study.store.view(con, "open_before", "open_connections", around[:1])
    found = connections_of_day(
        con,
        *("observed", "names", day),
        open_before="open_before",
        duplicates=study.population.duplicates,
        anonymised=study.population.anonymised,
    )
    con.execute("DROP VIEW IF EXISTS connected_again; DROP TABLE IF EXISTS connected_once")
    if found.cheap:
        connected = "connected_again"
        con.execute(f"CREATE TEMP VIEW {connected} AS {found.query}")
    else:
        connected = "connected_once"
        con.execute(f"CREATE TEMP TABLE {connected} AS {found.query}").fetchall()
    bound = bind_names(con, connected, "answers", day)
    attributed = attribute_day(
        con,
        bound,
        day,
        study.catalogue,
        study.snapshot,
        anonymised=study.population.anonymised,
    )
    some = con.sql("SELECT 1 FROM answers LIMIT 1").fetchall()
    marked = mark_behaviour(
        con,
        attributed,
        "answers" if some else None,
        day,
        catalogue=study.catalogue,
        anonymised=study.population.anonymised,
    )
    left_open = open_after(
        "observed", None if found.cheap else bound, day, open_before="open_before"
    )
    study.store.replace_day(
        day, con, f"SELECT * FROM {marked}", stamp(study, day), open_query=left_open
    )
