"""Records of firewalls and NAT boxes: which of them tell of traffic, so that it is counted once.

Cisco, ASA NetFlow Implementation Guide: a connection is told when it is created (1), denied (3),
updated (5) and deleted (2); updates carry the octets since the last one, the deletion those of the
whole connection (nfdump 116 shows both on the wire).
"""

from typing import NamedTuple

import numpy as np

from folkways.model.batches import Tally
from folkways.read.netflow.counters import Counters
from folkways.read.netflow.fields import Bools, Fields

_CREATED, _DENIED, _UPDATED = 1, 3, 5


class Events(NamedTuple):
    """Which records are flows, and which of them a firewall rejected or told while they lived."""

    keep: Bools
    rejected: Bools | None = None
    update: Bools | None = None


def events(fields: Fields, addressed: Bools, counts: Counters, tally: Tally) -> Events:
    """Records with an address that are not only the news of a firewall or NAT; others are counted.

    A connection that was denied is kept: it was tried.
    """
    if not addressed.all():
        tally.skip("no address", int((~addressed).sum()))
    octets = counts.values.get("bytes_forward")
    event = fields.unsigned("firewallEvent")
    keep = addressed
    rejected = update = None
    if event is not None:
        silent = np.ones(fields.rows, np.bool_) if octets is None else octets <= 0
        news = addressed & silent & (event == _CREATED)
        tally.skip("firewall event without traffic", int(news.sum()))
        keep = addressed & ~news
        rejected, update = keep & (event == _DENIED), event == _UPDATED
    if fields.has("natEvent"):
        mapping = keep if octets is None else keep & (octets < 0)
        tally.skip("NAT event without traffic", int(mapping.sum()))
        keep = keep & ~mapping
    return Events(keep, rejected, update)
