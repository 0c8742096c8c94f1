"""Records of firewalls and NAT boxes: which of them tell of traffic, and what became of it.

Cisco, ASA NetFlow Implementation Guide: a connection is told when it is created (1), denied (3),
updated (5) and deleted (2); updates carry the octets since the last one, the deletion those of the
whole connection (nfdump 116 shows both on the wire). Whoever forwards packets may say of any record
what became of them (forwardingStatus, RFC 7270).
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from folkways.formats.ipfix import forwarding
from folkways.model.batches import Tally
from folkways.read.netflow.counters import Counters
from folkways.read.netflow.fields import Bools, Fields

CREATED, DELETED, DENIED, UPDATED = 1, 2, 3, 5
_MOST_STATUS = 0xFF
_STATUS_BITS = 6
_FORWARDED, _DROPPED = forwarding()


class Fate(NamedTuple):
    """Which packets were discarded, and which let through; None: nothing is said of any."""

    denied: Bools | None = None
    allowed: Bools | None = None

    def column(self) -> pa.Array | None:
        """Whether the packets were discarded; null where it is not said."""
        if self.denied is None or self.allowed is None:
            return None
        said = self.denied | self.allowed
        return pa.array(self.denied, mask=~said) if said.any() else None


class Events(NamedTuple):
    """Which records are flows, what became of them, and which told of a connection's end."""

    keep: Bools
    fate: Fate
    ended: Bools | None = None


def events(fields: Fields, addressed: Bools, counts: Counters, tally: Tally) -> Events:
    """Records with an address that are not only the news of a firewall or NAT; others are counted.

    A connection that was denied is kept: it was tried.
    """
    if not addressed.all():
        tally.skip("no address", int((~addressed).sum()))
    event = fields.unsigned("firewallEvent")
    keep = addressed
    ended = None
    if event is not None:
        news = addressed & counts.silent & (event == CREATED)
        tally.skip("firewall event without traffic", int(news.sum()))
        keep = addressed & ~news
        ended = keep & (event == DELETED)
    if fields.has("natEvent"):
        octets = counts.values.get("bytes_forward")
        mapping = keep if octets is None else keep & (octets < 0)
        tally.skip("NAT event without traffic", int(mapping.sum()))
        keep = keep & ~mapping
    return Events(keep, disposed(fields), ended)


def disposed(fields: Fields) -> Fate:
    """What became of packets, by a firewall and by a router; a denial is the stronger word."""
    event, status = fields.unsigned("firewallEvent"), fields.unsigned("forwardingStatus")
    if event is None and status is None:
        return Fate()
    denied, allowed = np.zeros((2, fields.rows), np.bool_)
    if event is not None:
        denied |= event == DENIED
        allowed |= np.isin(event, (CREATED, DELETED, UPDATED))
    if status is not None:
        # The status stands in one octet; how longer ones are to be read, exporters do not agree.
        word = np.where((status >= 0) & (status <= _MOST_STATUS), status, 0) >> _STATUS_BITS
        denied |= word == _DROPPED
        allowed |= word == _FORWARDED
    return Fate(denied, allowed & ~denied)
