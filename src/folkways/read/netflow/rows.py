"""Records of one template to rows of the records table."""

from zlib import crc32

import numpy as np
import pyarrow as pa

from folkways.model.addresses import addresses_from_numpy
from folkways.model.batches import Batch, Tally, make_batch
from folkways.model.columns import RECORDS
from folkways.model.validity import nullable
from folkways.read.netflow.counters import Counters, counters
from folkways.read.netflow.differences import Sightings, differenced, flag_unsure, flow_names
from folkways.read.netflow.endpoints import (
    addresses,
    ports,
    translated,
    transport,
)
from folkways.read.netflow.events import Events, events
from folkways.read.netflow.fields import Bools, Fields, Ints, Octets
from folkways.read.netflow.flaws import Flaws
from folkways.read.netflow.labels import labels, observation_point
from folkways.read.netflow.origin import Origin
from folkways.read.netflow.sampling import sampling
from folkways.read.netflow.times import Context, flow_times

_DAY_MS = 86_400_000
GIVES = frozenset(RECORDS.names) - {
    "begins",
    "uid",
    "name",
    "name_source",
    "source_member",
    "source_country",
    "destination_country",
}
"""Columns that export packets can fill."""
_BIFLOW = {1: "source", 2: "destination"}


def make_rows(
    fields: Fields, context: Context, header_rate: Ints | None, origin: Origin, tally: Tally
) -> Batch | None:
    """A batch of ``records``; None if no record is of a flow. What is left out is counted.

    Args:
        fields: the records.
        context: times of their packets' headers.
        header_rate: sampling by the packets' headers, 0 where they say none; None: they never do.
        origin: whose they are.
        tally: where causes are counted.
    """
    sides, addressed = _sides(fields)
    counts = counters(fields, tally)
    event = events(fields, addressed, counts, tally)
    if not event.keep.any():
        return None
    protocol = fields.unsigned("protocolIdentifier")
    port = ports(fields, protocol)
    columns = {f"{side}_address": addresses_from_numpy(octets) for side, octets in sides.items()}
    columns |= transport(fields, protocol, port)
    columns |= translated(fields, sides, port)
    columns["sampling"] = sampling(fields, header_rate, origin, tally)
    start, end, guessed = _times(fields, context, event.keep, tally)
    flaws = Flaws(fields.rows)
    keep = event.keep
    if counts.running(firewall=event.update is not None):
        place = crc32(repr((origin.exporter, origin.version, origin.domain)).encode())
        # A firewall's connection has an id; its start is not told by every event.
        begun = None if event.update is not None and fields.has("flowId") else start
        name = flow_names(fields, place, sides, [*port.values(), protocol, begun])
        unnamed = np.zeros(fields.rows, np.bool_) if guessed is None else guessed
        seen = Sightings(name, start, end, unnamed)
        start, keep, counts, unsure = differenced(counts, event, seen, origin.running, tally)
        if counts.totals:
            flag_unsure(flaws, unsure, keep, tally)
    _flaws_of_counters(counts, event, flaws)
    columns |= {
        "start_ms": pa.array(start),
        "end_ms": pa.array(end),
        "flaws": flaws.column(),
        "sensor_label": labels(fields, origin.exporter, origin.facts),
        "observation_point": observation_point(fields, origin.version, origin.domain),
        "initiator": _initiator(fields),
    }
    columns |= {name: nullable(n, n >= 0) for name, n in counts.values.items()}
    flows = fields.unsigned("deltaFlowCount")
    if flows is not None:
        columns["flows"] = nullable(flows, flows > 1)
    if origin.exporter is not None:
        columns["exporter"] = pa.repeat(origin.exporter[0], fields.rows)
    known = {name: column for name, column in columns.items() if column is not None}
    batch = make_batch("records", known, fields.rows)
    if keep.all():
        return batch
    return Batch("records", batch.rows.filter(pa.array(keep))) if keep.any() else None


def _sides(fields: Fields) -> tuple[dict[str, Octets], Bools]:
    """Addresses by side, and the records that have any."""
    sides = {}
    for side in ("source", "destination"):
        octets = addresses(fields, side)
        if octets is not None:
            sides[side] = octets
    return sides, np.full(fields.rows, bool(sides))


def _times(
    fields: Fields, context: Context, keep: Bools, tally: Tally
) -> tuple[Ints, Ints, Bools | None]:
    start, end, guessed = flow_times(fields, context)
    if guessed is not None:
        tally.flag("clock: time of export used", int((guessed & keep).sum()))
    wrong = end < start
    if wrong.any():
        tally.flag("clock: end before start", int((wrong & keep).sum()))
        end = np.where(wrong, start, end)
    far = np.abs(end - context.export_ms) > _DAY_MS
    if far.any():
        tally.flag("clock: flow a day from its export", int((far & keep).sum()))
    return start, end, guessed


def _flaws_of_counters(counts: Counters, event: Events, flaws: Flaws) -> None:
    if event.rejected is not None:
        flaws.add("rejected", event.rejected)
    if any(way.startswith("bytes") for way in counts.sessions):
        flaws.add("payload-bytes")
    if counts.frames:
        flaws.add("frame-bytes")


def _initiator(fields: Fields) -> pa.Array | None:
    """Who opened: a firewall's source did; RFC 5103 says it in biflowDirection (239)."""
    direction = fields.unsigned("biflowDirection")
    if direction is not None:
        distinct, places = np.unique(direction, return_inverse=True)
        words = [_BIFLOW.get(value) for value in distinct.tolist()]
        return pa.array(words, pa.string()).take(pa.array(places))
    if fields.has("firewallEvent") or fields.has("initiatorOctets"):
        return pa.repeat("source", fields.rows)
    return None
