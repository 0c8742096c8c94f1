"""Rows that a NAT box reports, turned to the view in which the population is seen.

A row states its two ends before translation, and what it knows of them after. Where the population
is the LAN, what comes in is a member's only after translation; where it is the outside address,
what goes out is. The whole row is then taken as it is after translation: addresses and ports.

The remote side is taken from the same view, unless it is a local or a member's address there and
one of the internet in the other view. The true ends of a packet (the source before, the destination
after translation) tell who is behind a member's address that only stands for another.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.connect.local import is_local
from folkways.connect.membership import Membership
from folkways.connect.sides import Flags
from folkways.model.addresses import addresses_from_numpy, addresses_to_numpy

SIDES = ("source", "destination")
TRANSLATED = "translated"
"""Added to the observation point of rows that are told after translation: the same box may report
the same packets on the other side too, and that is another sighting."""


@dataclass(frozen=True)
class _View:
    """One end of rows in one view: which know it, are a member's, are of the internet."""

    known: Flags
    member: Flags
    local: Flags
    remote: Flags


def has_translations(rows: pa.RecordBatch) -> bool:
    """Whether any row of a batch of ``records`` carries an address after translation."""
    return any(rows[f"translated_{side}_address"].null_count < rows.num_rows for side in SIDES)


def as_the_population_sees(
    rows: pa.RecordBatch,
    start: npt.NDArray[np.int64],
    members: Membership,
    *,
    anonymised: bool = False,
) -> pa.RecordBatch:
    """The same rows; those of another view have ends after translation, which then are null.

    What remains in ``translated_*`` is the other view of ends that were left as they are; of remote
    sides only where it is an address of the internet.

    Args:
        rows: a batch of ``records``.
        start: (n,) ``start_ms``.
        members: the population.
        anonymised: addresses were replaced, so that none can be told to be local.
    """
    translated = pc.or_(*(rows[f"translated_{side}_address"].is_valid() for side in SIDES))
    picked = np.flatnonzero(translated.to_numpy(zero_copy_only=False))
    addresses = [name for name in rows.schema.names if name.endswith("_address")]
    some, at = rows.select(addresses).take(pa.array(picked)), start[picked]

    def view(column: str) -> _View:
        octets, known = addresses_to_numpy(some[column])
        member = members.holds(octets, known, at)
        local = np.zeros_like(known) if anonymised else is_local(octets, known)
        return _View(known, member, local, known & ~member & ~local)

    before = {side: view(f"{side}_address") for side in SIDES}
    after = {side: view(f"translated_{side}_address") for side in SIDES}
    moved, chosen = _choose(before, after)
    for side in SIDES:
        rows = _rewritten(rows, side, _all(picked, chosen[side], len(start)))
        no_use = ~before[side].member & after[side].known & ~after[side].remote
        rows = _forgotten(rows, side, _all(picked, no_use, len(start)))
    return _elsewhere(rows, _all(picked, moved, len(start)))


def _choose(before: dict[str, _View], after: dict[str, _View]) -> tuple[Flags, dict[str, Flags]]:
    """Rows whose member is one after translation only; by side, where the end after it is taken."""
    (source, destination) = (before[side] for side in SIDES)
    (source_after, destination_after) = (after[side] for side in SIDES)
    own = source.member | destination.member
    moved = ~own & (source_after.member | destination_after.member)
    use_source, use_destination = moved.copy(), moved.copy()
    # A member may stand behind the other end too: an inside host that calls the outside address of
    # another, or a private one that is a member by its outside address.
    use_destination |= source.member & ~destination.member & destination_after.member
    use_source |= destination.member & ~source.member & source.local & source_after.member
    inside_source = np.where(use_source, source_after.member, source.member)
    inside_destination = np.where(use_destination, destination_after.member, destination.member)
    # The source as the remote side. Only before translation it is who sent; so a member's address
    # that a stranger was given stands for the stranger, and not the other way round.
    taken = use_source & source_after.known
    bad = taken & (source_after.member | source_after.local) & source.remote
    good = ~taken & ~source.member & source.local & source_after.remote
    use_source ^= inside_destination & (bad | good)
    # The destination likewise, after translation.
    taken = use_destination & destination_after.known
    bad = taken & ~destination_after.member & destination_after.local & destination.remote
    good = ~taken & (destination.member | destination.local) & destination_after.remote
    use_destination ^= inside_source & (bad | good)
    return moved, {"source": use_source, "destination": use_destination}


def _all(picked: npt.NDArray[np.int64], some: Flags, count: int) -> Flags:
    found = np.zeros(count, np.bool_)
    found[picked] = some
    return found


def _rewritten(rows: pa.RecordBatch, side: str, where: Flags) -> pa.RecordBatch:
    """The end of a side after translation, as far as it is known, instead of the one before."""
    if not where.any():
        return rows
    octets, known = addresses_to_numpy(rows[f"{side}_address"])
    others, changed = addresses_to_numpy(rows[f"translated_{side}_address"])
    taken = where & changed
    chosen = np.where(taken[:, None], others, octets)
    rows = _with(rows, f"{side}_address", addresses_from_numpy(chosen, known | taken))
    ports = rows[f"translated_{side}_port"], rows[f"{side}_port"]
    rows = _with(rows, f"{side}_port", pc.if_else(pa.array(where), pc.coalesce(*ports), ports[1]))
    return _forgotten(rows, side, where)


def _forgotten(rows: pa.RecordBatch, side: str, where: Flags) -> pa.RecordBatch:
    if where.any():
        for part in ("address", "port"):
            column = rows[f"translated_{side}_{part}"]
            none = pa.scalar(None, column.type)
            rows = _with(
                rows, f"translated_{side}_{part}", pc.if_else(pa.array(where), none, column)
            )
    return rows


def _elsewhere(rows: pa.RecordBatch, where: Flags) -> pa.RecordBatch:
    if not where.any():
        return rows
    point = rows["observation_point"]
    told = pc.coalesce(pc.binary_join_element_wise(point, TRANSLATED, ", "), TRANSLATED)
    return _with(rows, "observation_point", pc.if_else(pa.array(where), told, point))


def _with(rows: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    return rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), column)
