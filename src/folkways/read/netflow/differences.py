"""Counters of a batch without what earlier sightings of its flows have counted."""

from typing import NamedTuple

import numpy as np

from folkways.model.batches import Tally
from folkways.model.hashing import Hashes, hashes
from folkways.read.netflow.counters import WAYS, Counters
from folkways.read.netflow.events import Events
from folkways.read.netflow.fields import Bools, Fields, Ints, Octets
from folkways.read.netflow.flaws import Flaws
from folkways.read.netflow.running import Running


class Sightings(NamedTuple):
    """The records of a batch as sightings of flows, whose counters run on."""

    name: Hashes
    start_ms: Ints
    end_ms: Ints
    unnamed: Bools
    """Where no time is known, so that the name tells nothing."""


def flow_names(
    fields: Fields, place: int, sides: dict[str, Octets], numbers: list[Ints | None]
) -> Hashes:
    """What names a flow: ``place`` (who exported it), addresses, numbers, its id, its direction."""
    others = [fields.unsigned(name) for name in ("flowId", "flowDirection")]
    known = [part for part in (*numbers, *others) if part is not None]
    return hashes(np.full(fields.rows, place), *sides.values(), *known)


def differenced(
    counts: Counters, event: Events, seen: Sightings, running: Running, tally: Tally
) -> tuple[Ints, Bools, Counters, Bools]:
    """Starts, rows to keep and counters of what is new; where it cannot be told what is.

    A row begins where the sighting before it ended.
    """
    use = event.keep & ~seen.unnamed
    if event.rejected is not None:
        use &= ~event.rejected
    ways = counts.running(firewall=event.update is not None)
    table = np.full((len(use), len(WAYS)), -1, np.int64)
    for way in ways:
        table[:, WAYS.index(way)] = counts.values[way]
    forgotten, horizon = running.forgotten, running.horizon_ms
    step = None if event.update is None else event.update[use]
    before = np.full(len(use), -1, np.int64)
    table[use], before[use] = running.differences(
        seen.name[use], table[use], seen.end_ms[use], step
    )
    tally.flag("totals of a flow forgotten", running.forgotten - forgotten)
    unsure = seen.unnamed
    if horizon is not None:
        # It may be one of those that were forgotten.
        unsure = unsure | ((before < 0) & (seen.start_ms <= horizon))
    follows = before >= 0
    idle = event.keep & follows & (table <= 0).all(axis=1)
    tally.skip("report of a flow without new traffic", int(idle.sum()))
    values = counts.values | {way: table[:, WAYS.index(way)] for way in ways}
    start = np.where(follows, np.minimum(before, seen.end_ms), seen.start_ms)
    return start, event.keep & ~idle, counts._replace(values=values), unsure


def flag_unsure(flaws: Flaws, unsure: Bools, keep: Bools, tally: Tally) -> None:
    """Mark rows whose totals may have been counted before."""
    flaws.add("total-counters", unsure & keep)
    tally.flag("total-counters", int((unsure & keep).sum()))
