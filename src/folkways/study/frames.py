"""A period of a study as a frame to measure, after making sure that it can be trusted."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import narwhals as nw

from folkways.measure.coverage import Coverage, coverage
from folkways.model.errors import StudyError, UserError
from folkways.model.period import Period
from folkways.study.folder import StudyFolder
from folkways.study.settle import stale_days

Frame = nw.LazyFrame[Any]


@contextmanager
def frame_of(study: StudyFolder, period: Period) -> Iterator[Frame]:
    """The connections that start in the UTC days which the period touches.

    Raises:
        UserError: the study holds nothing of the period.
        StudyError: a day of it is stale, so that its attribution is not that of the others.
    """
    check_period(study, period)
    with study.engine() as con:
        study.store.view(con, "connections", "connections", period.utc_days)
        yield nw.from_native(con.table("connections")).lazy()


def observation(study: StudyFolder, frame: Frame, period: Period) -> Coverage:
    """How the period was observed: by its rows, and by what the sources say is missing."""
    gaps = [gap for entry in study.store.sources() for gap in entry.gaps]
    return coverage(frame, period, gaps)


def check_period(study: StudyFolder, period: Period) -> None:
    """Refuse a period that cannot be measured, with what to do."""
    held = study.store.days("connections")
    wanted = set(period.utc_days)
    if not held:
        raise UserError(
            f"The study holds no data yet; ingest sources first: folkways ingest {study.root} ..."
        )
    if not wanted & set(held):
        raise UserError(
            f"The study holds nothing of {period}; "
            f"it holds the UTC days from {held[0]} to {held[-1]}."
        )
    stale = stale_days(study, wanted)
    if stale:
        day, why = stale[0]
        raise StudyError(
            f"{len(stale)} days of {period} are stale ({day}: {why}); "
            f"derive them again: folkways settle {study.root}"
        )
