"""The resource records inside dns events, whichever of its forms an event has."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.read.numbers import Mask, mask_of
from folkways.read.suricata.events import UNLISTED, Events

Rows = npt.NDArray[np.int64]

MAX_RECORDS = 4096
"""Resource records of a message: 65,535 bytes, at 16 at least for one with an address."""

_JOINT = "\x1f"
_GROUPS = ("CNAME", "A", "AAAA")


@dataclass(frozen=True)
class Unlisted:
    """The events without a list of records, with what only they may have; ``which`` they are."""

    events: Events
    which: Mask

    def column(self, path: str, chosen: Mask) -> pa.Array:
        """What is at a path, of the ``chosen`` of all events, all of which are unlisted."""
        return self.events.only(chosen[self.which]).column(path)


@dataclass(frozen=True)
class Messages:
    """For each event, all being responses, what it says beside its resource records.

    ``first`` is the first event of its message (itself, but in version 1), ``name`` the name asked
    for as the log has it. ``detailed`` events have records in ``answers``, ``grouped`` ones in
    ``grouped``; the others are a record themselves, or none. All but the detailed are ``unlisted``.
    """

    first: Rows
    version: pa.Array
    name: pa.Array
    detailed: Mask
    grouped: Mask
    unlisted: Unlisted


@dataclass(frozen=True)
class Records:
    """Resource records in the order of the file; ``event`` is where each stands, the rest text."""

    event: Rows
    owner: pa.Array
    type: pa.Array
    ttl: pa.Array
    data: pa.Array

    def only(self, mask: Mask) -> "Records":
        """The records where the mask is true."""
        wanted = pa.array(mask)
        columns = (self.owner, self.type, self.ttl, self.data)
        return Records(self.event[mask], *(column.filter(wanted) for column in columns))


def messages(events: Events, stamps: Rows) -> Messages:
    """What the events say; ``stamps`` are their times in microseconds."""
    answers = pc.list_value_length(events.column("dns.answers"))
    detailed = mask_of(pc.less_equal(answers, MAX_RECORDS))
    unlisted = Unlisted(events.only(~detailed).asked(UNLISTED), ~detailed)
    grouped = np.zeros(events.count, np.bool_)
    grouped[~detailed] = _is_grouped(unlisted.events)
    alone = ~(detailed | grouped)
    name = pc.coalesce(_asked(events.column("dns.queries")), events.column("dns.rrname"))
    version = pc.coalesce(
        events.column("dns.version"), pc.if_else(pa.array(alone), "1", pa.scalar("2"))
    )
    first = np.arange(events.count)
    alone &= mask_of(pc.equal(events.column("dns.type"), "answer"))
    if alone.any():
        words = (events.only(alone).column("flow_id"), unlisted.column("dns.id", alone))
        stamp = pa.array(stamps[alone]).cast(pa.string())
        # Without a flow or an id the joint key is null, and the event stands alone.
        joint = pc.binary_join_element_wise(*words, stamp, _JOINT)
        place, joined = first[alone], mask_of(joint.is_valid())
        codes = joint.filter(joint.is_valid()).dictionary_encode().indices.to_numpy()
        _, firsts = np.unique(codes, return_index=True)
        place, members = place[joined], place[joined]
        first[members] = place[firsts][codes]
        name = name.take(pa.array(first))
    return Messages(first, version, name, detailed, grouped, unlisted)


def _is_grouped(events: Events) -> Mask:
    several = sum(_lengths(events.column(f"dns.grouped.{group}")) for group in _GROUPS)
    return mask_of(events.column("dns.grouped").is_valid()) & (several <= MAX_RECORDS)


def _lengths(lists: pa.Array) -> Rows:
    return np.asarray(pc.list_value_length(lists).fill_null(0).to_numpy(), np.int64)


def _asked(queries: pa.Array) -> pa.Array:
    """The name in the first of the queries, null where there is none."""
    lengths = _lengths(queries)
    first = pa.array(np.cumsum(lengths) - lengths, mask=lengths == 0)
    return pc.struct_field(queries.flatten(), "rrname").take(first)


def records(events: Events, found: Messages, wanted: Mask) -> Records:
    """The resource records of the wanted events."""
    parts = []
    if (detailed := found.detailed & wanted).any():
        event, flat = _flat(events.only(detailed).column("dns.answers"), detailed)
        parts.append(Records(event, *flat.flatten()))
    if (single := wanted & ~found.detailed & ~found.grouped).any():
        owner = events.only(single).column("dns.rrname")
        columns = (found.unlisted.column(f"dns.{n}", single) for n in ("rrtype", "ttl", "rdata"))
        parts.append(Records(np.flatnonzero(single), owner, *columns))
    if (grouped := wanted & found.grouped).any():
        parts += _grouped(found.unlisted, found.name, grouped)
    if len(parts) == 1:
        return parts[0]
    event = np.concatenate([np.zeros(0, np.int64), *(p.event for p in parts)])
    order = np.argsort(event, kind="stable")
    columns = (
        pa.chunked_array([getattr(p, name) for p in parts], pa.string())
        .combine_chunks()
        .take(pa.array(order))
        for name in ("owner", "type", "ttl", "data")
    )
    return Records(event[order], *columns)


def _flat(lists: pa.Array, chosen: Mask) -> tuple[Rows, pa.Array]:
    """All values of the chosen events' lists one after the other, and the event of each."""
    parents = np.asarray(pc.list_parent_indices(lists).to_numpy(), np.int64)
    return np.flatnonzero(chosen)[parents], lists.flatten()


def _grouped(unlisted: Unlisted, asked: pa.Array, chosen: Mask) -> list[Records]:
    """Names in order from the question on, each owning the next; the last owns the addresses."""
    event, names = _flat(unlisted.column("dns.grouped.CNAME", chosen), chosen)
    asked_first = np.append(-1, event)[:-1] != event
    before = names.take(pa.array(np.maximum(np.arange(len(names)) - 1, 0)))
    owner = pc.if_else(pa.array(asked_first), asked.take(pa.array(event)), before)
    parts = [_without_ttl(event, owner, "CNAME", names)]
    # The place of each event's last name, behind them all where it has none.
    last = np.full(len(chosen), len(names))
    last[event] = np.arange(len(names))
    lasts = pa.concat_arrays([names, pa.nulls(1, pa.string())]).take(pa.array(last))
    owners = pc.coalesce(lasts, asked)
    for kind in _GROUPS[1:]:
        event, texts = _flat(unlisted.column(f"dns.grouped.{kind}", chosen), chosen)
        parts.append(_without_ttl(event, owners.take(pa.array(event)), kind, texts))
    return parts


def _without_ttl(event: Rows, owner: pa.Array, kind: str, data: pa.Array) -> Records:
    count = len(event)
    kinds = pa.repeat(pa.scalar(kind), count)
    return Records(event, owner, kinds, pa.nulls(count, pa.string()), data)
