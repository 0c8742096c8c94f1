"""Bytes, packets and flows of records, each way, and what is wrong with them.

Outgoing counters are the other direction where a firewall wrote the record (its initiator and
responder), where the exporter calls it a biflow (RFC 5103), and where nfdump joined two flows to
one. Elsewhere the records of an exporter show what they are: see ``read.outgoing``.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from folkways.model.batches import Tally
from folkways.model.validity import nullable
from folkways.read.nfcapd.events import Events
from folkways.read.nfcapd.facts import Facts
from folkways.read.nfcapd.fields import Fields, Ints, Mask
from folkways.read.nfcapd.outgoing import outgoing
from folkways.read.nfcapd.sampling import undo_sampling

_NAMES = ("bytes", "packets", "out_bytes", "out_packets")
_FLAWS = ("payload-bytes", "rejected", "scaled-counters")
_WORDS = pa.array(
    [",".join(f for b, f in enumerate(_FLAWS) if n >> b & 1) or None for n in range(8)]
)


@dataclass(frozen=True)
class Counters:
    """Counters by name as they stand in the records; outgoing ones only where carried."""

    values: dict[str, Ints]

    @classmethod
    def of(cls, fields: Fields) -> "Counters":
        """The counters that records carry."""
        return cls({name: found for name in _NAMES if (found := fields.get(name)) is not None})

    @property
    def impossible(self) -> Mask:
        """Rows with a counter of 2^63 or more."""
        found: Mask = np.logical_or.reduce([values < 0 for values in self.values.values()])
        return found

    @property
    def silent(self) -> Mask:
        """Rows whose counters are all 0."""
        found: Mask = np.logical_and.reduce([values == 0 for values in self.values.values()])
        return found


def volumes(
    fields: Fields, counters: Counters, facts: Facts, told_by: Events, tally: Tally
) -> dict[str, pa.Array]:
    """Columns of bytes, packets, flows, sampling and flaws."""
    values, keep = counters.values, told_by.keep
    event = fields.get("firewall_event")
    reverse, untold = outgoing(fields, values, keep, tally)
    sampled = undo_sampling(fields, values, facts)
    wild = sampled.drop_implausible()
    tally.flag("implausible sampling", int((wild & keep).sum()))
    scaled = sampled.scaled & keep
    tally.flag("counters multiplied by an unknown sampling rate", int(scaled.sum()))
    columns = {
        "bytes_forward": nullable(values["bytes"], ~untold),
        "packets_forward": nullable(values["packets"], ~untold),
    }
    flaws = scaled.astype(np.int64) << 2
    if event is not None:
        told = event > 0
        flaws |= (told & (values["bytes"] > 0)).astype(np.int64)
        uncounted = told & (values["packets"] == 0) & (values["bytes"] > 0)
        columns["packets_forward"] = nullable(values["packets"], ~uncounted & ~untold)
    if told_by.denied is not None:
        flaws |= told_by.denied.astype(np.int64) << 1
    if reverse.any():
        columns |= _backwards(values, reverse)
    flows = fields.get("flows")
    if flows is not None:
        # The two halves of a biflow are no two flows.
        columns["flows"] = nullable(flows, (flows > 1) & ~reverse)
    if sampled.rate.any():
        columns["sampling"] = nullable(sampled.rate, sampled.rate != 0)
    if flaws.any():
        columns["flaws"] = _WORDS.take(pa.array(flaws))
    return columns


def _backwards(values: dict[str, Ints], reverse: Mask) -> dict[str, pa.Array]:
    octets = values["out_bytes"]
    packets = values.get("out_packets", np.zeros_like(octets))
    counted = reverse & ~((packets == 0) & (octets > 0))
    return {
        "bytes_reverse": nullable(octets, reverse),
        "packets_reverse": nullable(packets, counted),
    }
