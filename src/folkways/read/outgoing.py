"""What OUT_BYTES and OUT_PKTS beside other counters mean: one name is used for three things.

Routers count the same packets as they leave (RFC 3954, post-counters of IPFIX), or count records of
egress there alone; probes and firewalls put the other direction of the flow into them. No record
says which. What decides, in this order: where the exporter is known for it (``biflow``), they are
the other direction; a record of egress that counts nothing else counts its own traffic there;
otherwise the records of one layout decide together. Packets that only pass a router keep their
octets, or gain a few by its headers. So where outgoing octets that grew by more than that are in as
many records as equal ones, or more, all of them are the other direction. Where neither is seen,
equal counters are the same packets, and others stay unknown, which is counted and said.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from folkways.model.batches import Tally

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
OVERHEAD = 100
"""Octets that tunnels, tags and fragmenting on the way out may add to a packet."""


class Counted(NamedTuple):
    """Counters of records, -1 where they are not known; ``out`` ones are what left the exporter."""

    octets: Ints
    packets: Ints
    out_octets: Ints
    out_packets: Ints


class Meaning(NamedTuple):
    """Where outgoing counters are what; none of them where they are the same packets again."""

    own: Bools
    """The record's own traffic, which nothing else counts."""
    reverse: Bools
    """The other direction."""
    unknown: Bools


def outgoing_meaning(
    counted: Counted, *, egress: Bools | None, multicast: Bools, biflow: bool
) -> Meaning:
    """What the outgoing counters of records of one exporter and layout mean.

    Args:
        counted: their counters.
        egress: which are of direction 1; None: no direction is told.
        multicast: which go to a group: a router sends more copies of those than it got.
        biflow: whether the exporter is known to put the other direction there.
    """
    octets, packets, out_octets, out_packets = counted
    present = (out_octets > 0) | (out_packets > 0)
    silent = (octets <= 0) & (packets <= 0)
    own = present & silent & (np.zeros_like(present) if egress is None else egress)
    both = present & ~silent
    same = both & _equal(octets, out_octets) & _equal(packets, out_packets)
    room = np.maximum(np.maximum(packets, out_packets), 1) * OVERHEAD
    grown = both & (octets >= 0) & (out_octets > octets + room) & ~multicast
    if biflow or grown.sum() >= max(same.sum(), 1):
        known = (out_octets >= 0) | (out_packets >= 0)
        return Meaning(own, known & ~own, np.zeros_like(own))
    return Meaning(own, np.zeros_like(own), present & ~own & ~same)


def _equal(one: Ints, other: Ints) -> Bools:
    """Where two counters are equal, or one of them is not known."""
    return np.asarray((one == other) | (one < 0) | (other < 0))


def say_unknown(tally: Tally, unknown: int) -> None:
    """Count records whose outgoing counters are not used, and say what they may be."""
    if unknown:
        tally.flag("outgoing counters of unknown meaning, not used", unknown)
        tally.note(
            "Records count OUT_BYTES or OUT_PKTS beside their own traffic, and nothing tells "
            "whether these are the other direction or the same packets as they leave: they are "
            "not used, and what came back is unknown."
        )
