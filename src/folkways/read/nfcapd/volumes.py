"""Bytes, packets and flows of records, each way, and what is wrong with them.

Outgoing counters are the other direction where a firewall wrote the record (its initiator and
responder), where the exporter calls it a biflow (RFC 5103), and where nfdump joined two flows to
one. Elsewhere they may be the same traffic as it leaves the router, so that they are not used.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from folkways.model.batches import Tally
from folkways.model.validity import nullable
from folkways.read.nfcapd.facts import Facts
from folkways.read.nfcapd.fields import Fields, Ints, Mask
from folkways.read.nfcapd.sampling import undo_sampling

_NAMES = ("bytes", "packets", "out_bytes", "out_packets")
_DENIED = 3
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
    fields: Fields, counters: Counters, facts: Facts, keep: Mask, tally: Tally
) -> dict[str, pa.Array]:
    """Columns of bytes, packets, flows, sampling and flaws."""
    values = counters.values
    event, reverse = fields.get("firewall_event"), _reverse(fields, values)
    out = np.zeros(len(keep), np.bool_)
    for name in ("out_bytes", "out_packets"):
        if name in values:
            out |= values[name] > 0
    unused = int((out & ~reverse & keep).sum())
    tally.flag("outgoing counters of unknown meaning, not used", unused)
    sampled = undo_sampling(fields, values, facts)
    wild = sampled.drop_implausible()
    tally.flag("implausible sampling", int((wild & keep).sum()))
    scaled = sampled.scaled & keep
    tally.flag("counters multiplied by an unknown sampling rate", int(scaled.sum()))
    columns = {
        "bytes_forward": pa.array(values["bytes"]),
        "packets_forward": pa.array(values["packets"]),
    }
    flaws = scaled.astype(np.int64) << 2
    if event is not None:
        told = event > 0
        flaws |= (told & (values["bytes"] > 0)) | (event == _DENIED).astype(np.int64) << 1
        uncounted = told & (values["packets"] == 0) & (values["bytes"] > 0)
        columns["packets_forward"] = nullable(values["packets"], ~uncounted)
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


def _reverse(fields: Fields, values: dict[str, Ints]) -> Mask:
    """Rows whose outgoing counters are the other direction."""
    found = np.zeros(len(fields.rows), np.bool_)
    if "out_bytes" not in values:
        return found
    for name in ("firewall_event", "biflow"):
        told = fields.get(name)
        if told is not None:
            found |= told > 0
    if fields.appended and "out_packets" in values:
        found |= values["out_packets"] > 0
    return found


def _backwards(values: dict[str, Ints], reverse: Mask) -> dict[str, pa.Array]:
    octets = values["out_bytes"]
    packets = values.get("out_packets", np.zeros_like(octets))
    counted = reverse & ~((packets == 0) & (octets > 0))
    return {
        "bytes_reverse": nullable(octets, reverse),
        "packets_reverse": nullable(packets, counted),
    }
