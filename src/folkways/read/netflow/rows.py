"""Records of one template to rows of the records table."""

import numpy as np
import pyarrow as pa

from folkways.model.addresses import addresses_from_numpy
from folkways.model.batches import Batch, Tally, make_batch
from folkways.model.columns import RECORDS
from folkways.model.validity import nullable
from folkways.read.netflow.counters import Counters, counters
from folkways.read.netflow.endpoints import (
    addresses,
    ports,
    translated,
    transport,
)
from folkways.read.netflow.events import DENIED, Events, events
from folkways.read.netflow.fields import Bools, Fields, Ints, Octets
from folkways.read.netflow.flaws import Flaws
from folkways.read.netflow.labels import labels, observation_point
from folkways.read.netflow.origin import Origin
from folkways.read.netflow.outgoing import with_outgoing
from folkways.read.netflow.sampling import sampling
from folkways.read.netflow.sections import has_section, make_packet_rows
from folkways.read.netflow.times import Context, Times, flow_times
from folkways.read.spans import DAY_MS, mend

GIVES = frozenset(RECORDS.names) - {
    "exclusive",
    "uid",
    "parent_uid",
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
    if not sides and has_section(fields):
        when = _times(
            fields, context, np.ones_like(addressed), Flaws(fields.rows), tally,
            clock_off=origin.clock_off,
        )  # fmt: skip
        return make_packet_rows(fields, when, header_rate, origin, tally)
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
    keep = event.keep
    counts = with_outgoing(counts, fields, sides, keep, tally)
    flaws = Flaws(fields.rows)
    when = _times(fields, context, keep, flaws, tally, clock_off=origin.clock_off)
    _flaws_of_counters(counts, event, flaws)
    cumulative = _cumulative(counts, event, when, flaws, tally)
    columns |= {
        "start_ms": pa.array(when.start),
        "end_ms": pa.array(when.end),
        "cumulative": cumulative,
        "denied": event.fate.column(),
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
    fields: Fields, context: Context, keep: Bools, flaws: Flaws, tally: Tally, *, clock_off: bool
) -> Times:
    """When flows began and ended; what cannot be is mended and counted."""
    start, end, guessed, unstarted = flow_times(fields, context)
    if guessed is not None:
        tally.flag("clock: time of export used", int((guessed & keep).sum()))
    start, end, mended = mend(start, end, context.export_ms, keep, tally)
    if mended is not None:
        unstarted = mended if unstarted is None else unstarted | mended
    if mended is not None or clock_off:
        flaws.add("clock", None if clock_off else mended)
    far = np.abs(end - context.export_ms) > DAY_MS
    if far.any():
        tally.flag("clock: flow a day from its export", int((far & keep).sum()))
    return Times(start, end, guessed, unstarted)


def _cumulative(
    counts: Counters, event: Events, when: Times, flaws: Flaws, tally: Tally
) -> pa.Array | None:
    """Where counters are totals since the start: elements that say so, a firewall's last word.

    Without a known start nothing tells what a total repeats, which is a flaw.
    """
    totals = np.ones(len(when.start), np.bool_) if counts.totals else None
    if not counts.totals and counts.sessions:
        totals = event.ended
    if totals is None or not totals.any():
        return None
    if when.unstarted is not None:
        unsure = when.unstarted & totals
        flaws.add("total-counters", unsure)
        tally.flag("total-counters", int((unsure & event.keep).sum()))
    return pa.array(totals, mask=~totals)


def _flaws_of_counters(counts: Counters, event: Events, flaws: Flaws) -> None:
    if event.fate.denied is not None:
        flaws.add("rejected", event.fate.denied)
    if any(way.startswith("bytes") for way in counts.sessions):
        flaws.add("payload-bytes")
    if counts.frames:
        flaws.add("frame-bytes")


def _initiator(fields: Fields) -> pa.Array | None:
    """Who opened: RFC 5103 says it in biflowDirection (239); a firewall's source did.

    Firewalls that count steps report each direction by itself, so that their source is who sent;
    of what they denied it asked.
    """
    direction = fields.unsigned("biflowDirection")
    if direction is not None:
        distinct, places = np.unique(direction, return_inverse=True)
        words = [_BIFLOW.get(value) for value in distinct.tolist()]
        return pa.array(words, pa.string()).take(pa.array(places))
    event = fields.unsigned("firewallEvent")
    one_way = fields.has("octetDeltaCount") and not fields.has("initiatorOctets")
    if fields.has("initiatorOctets") or (event is not None and not one_way):
        return pa.repeat("source", fields.rows)
    if event is None:
        return None
    return pa.array(["source"]).take(pa.array(np.zeros_like(event), mask=event != DENIED))
