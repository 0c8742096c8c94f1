"""Rows of sampled packets: sampled headers are dissected together, as those of a capture are."""

import numpy as np
import pyarrow as pa

from folkways.formats import sflow
from folkways.model.addresses import addresses_from_numpy
from folkways.model.batches import Batch, Tally, make_batch
from folkways.read.capture.frames import Octets, gather
from folkways.read.capture.packets import Cause
from folkways.read.sampled import known_values, packet_columns
from folkways.read.sampling import without_implausible
from folkways.read.sflow.datagram import Datagrams
from folkways.read.sflow.numbering import Drops
from folkways.read.sflow.packets import Sampled, sampled_packets
from folkways.read.sflow.places import places
from folkways.read.sflow.records import as_numbers, first_of, read_addresses
from folkways.read.sflow.samples import Samples, flow_samples
from folkways.read.sflow.walk import Parts, walk

_Columns = dict[str, pa.Array]
_FLAWS = pa.array([None, "cut", "rejected", "cut,rejected"])


def make_rows(waiting: Datagrams, drops: Drops, sampling: int | None, tally: Tally) -> Batch | None:
    """A row for each sample or notice with an IP packet; None: there is none. All else is counted.

    Args:
        waiting: the datagrams.
        drops: what sources said of dropped samples so far.
        sampling: what a person says of all of them, 1 in N.
        tally: where causes are counted.
    """
    data, at, end, claimed = waiting.joined()
    walked = walk(data, at, end, claimed)
    cut = int(walked.cut.sum())
    tally.records += len(walked.parts.owner) + cut
    tally.skip("cut sample", cut)
    tally.flag("octets after the last sample", int((~walked.cut & (walked.reached < end)).sum()))
    samples = flow_samples(data, walked.parts, tally)
    if not len(samples):
        return None
    inside = walk(data, samples.at, samples.end, samples.records)
    tally.flag("cut flow record", int(inside.cut.sum()))
    time_ms = np.array(waiting.times_ms, np.int64)[samples.datagram]
    columns = {"start_ms": pa.array(time_ms), "end_ms": pa.array(time_ms)}
    columns |= places(samples, waiting, time_ms, drops)
    columns["sampling"] = _sampling(samples, sampling, tally)
    columns["denied"] = known_values(samples.discarded, samples.discarded | samples.forwarded)
    sampled = sampled_packets(data, inside.parts, time_ms, tally)
    columns |= packet_columns(sampled.packets, sampled.stated)
    columns["flaws"] = _FLAWS.take(pa.array(sampled.packets.cut + 2 * samples.discarded))
    columns |= _routing(data, inside.parts, sampled)
    columns |= _translated(data, inside.parts, sampled)
    batch = make_batch("records", columns, len(samples))
    used = sampled.packets.cause == Cause.NONE
    if used.all():
        return batch
    return Batch("records", batch.rows.filter(pa.array(used))) if used.any() else None


def _sampling(samples: Samples, stated: int | None, tally: Tally) -> pa.Array:
    if stated is not None:
        # What a person says of samples is not said of notices.
        return pa.array(np.where(samples.notice, 1, stated))
    rate = without_implausible(samples.rate, tally)
    return known_values(rate, rate > 0)


def _routing(data: Octets, records: Parts, sampled: Sampled) -> _Columns:
    n = len(sampled.packets)
    gateway = first_of(records, sflow.Record.GATEWAY, sflow.GATEWAY.itemsize, n)
    if not len(gateway.row):
        return {}
    columns = {}
    for side, number in zip(("source", "destination"), as_numbers(data, gateway), strict=True):
        column = np.zeros(n, np.int64)
        column[gateway.row] = number
        columns[f"{side}_asn"] = known_values(column, (column > 0) & ~sampled.tunnelled)
    return columns


def _translated(data: Octets, records: Parts, sampled: Sampled) -> _Columns:
    """What a NAT box made of addresses and ports; null where it left them as they were."""
    packets, plain = sampled.packets, ~sampled.tunnelled
    n = len(packets)
    columns: _Columns = {}
    nat = first_of(records, sflow.Record.NAT, 8, n)
    at = nat.at
    for side in ("source", "destination") if len(at) else ():
        address, known, at = read_addresses(data, at, nat.end)
        octets, other = np.zeros((n, 16), np.uint8), np.zeros(n, np.bool_)
        octets[nat.row] = address
        other[nat.row] = known & (address != getattr(packets, side)[nat.row]).any(axis=1)
        columns[f"translated_{side}_address"] = addresses_from_numpy(octets, other & plain)
    ports = first_of(records, sflow.Record.NAT_PORTS, sflow.NAT_PORTS.itemsize, n)
    head = gather(data, ports.at, sflow.NAT_PORTS)
    for side in ("source", "destination") if len(head) else ():
        port = np.zeros(n, np.int64)
        port[ports.row] = head[side]
        own = getattr(packets, f"{side}_port")
        other = (port > 0) & (port < 1 << 16) & (own >= 0) & (port != own)
        columns[f"translated_{side}_port"] = known_values(port, other & plain)
    return columns
