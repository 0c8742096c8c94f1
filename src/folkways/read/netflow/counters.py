"""Bytes and packets of flows: deltas, else totals, else what a firewall or a switch counts.

Post-counters (23, 24) count the same packets behind the exporter; they are not used. Elements 231,
232, 298 and 299 count what each side of a connection sent; by IANA's registry they are octets of
payload since the last report. Element 352 counts octets of frames.
"""

from typing import NamedTuple

import numpy as np

from folkways.model.batches import Tally
from folkways.read.netflow.fields import Fields, Ints

WAYS = ("bytes_forward", "bytes_reverse", "packets_forward", "packets_reverse")
_DELTA = {"bytes": "octetDeltaCount", "packets": "packetDeltaCount"}
_TOTAL = {"bytes": "octetTotalCount", "packets": "packetTotalCount"}
_SESSION = {
    "bytes_forward": "initiatorOctets",
    "bytes_reverse": "responderOctets",
    "packets_forward": "initiatorPackets",
    "packets_reverse": "responderPackets",
}


class Counters(NamedTuple):
    """Counters by column, -1 where they are not known, and which of them are of another kind."""

    values: dict[str, Ints]
    totals: frozenset[str]
    sessions: frozenset[str]
    frames: bool

    def running(self, *, firewall: bool) -> frozenset[str]:
        """Counters that run on from one sighting of a flow to the next."""
        return self.totals | self.sessions if firewall else self.totals


def counters(fields: Fields, tally: Tally) -> Counters:
    """The counters of records, each from the first element that carries it."""
    values: dict[str, Ints] = {}
    totals, sessions = set(), set()
    frames = False
    for name in WAYS:
        kind, way = name.split("_")
        reverse = way == "reverse"
        used = fields.unsigned(_DELTA[kind], reverse=reverse)
        if used is None:
            used = fields.unsigned(_TOTAL[kind], reverse=reverse)
            if used is not None:
                totals.add(name)
        if used is None:
            used = fields.unsigned(_SESSION[name])
            if used is not None:
                sessions.add(name)
        if used is None and name == "bytes_forward":
            used = fields.unsigned("layer2OctetDeltaCount")
            frames = used is not None
        if used is None:
            continue
        if (absurd := int((used < 0).sum())) > 0:
            tally.flag("impossible counter", absurd)
            used = np.where(used < 0, -1, used)
        values[name] = used
    return Counters(values, frozenset(totals), frozenset(sessions), frames)
