"""What firewalls, NAT boxes and routers say of a record beside its traffic.

A firewall tells a connection when it is created, updated, denied and deleted; updates carry what
came since the last one, the deletion all of it (as nfdump 116 shows them on the wire). A router may
say of any flow whether it was forwarded (RFC 7270; nfcapd keeps the octet).
"""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from folkways.formats.ipfix import forwarding
from folkways.model.batches import Tally
from folkways.read.nfcapd.fields import Fields, Mask

_CREATED, _DELETED, _DENIED, _UPDATED = 1, 2, 3, 5
_STATUS_BITS = 6
_FORWARDED, _DROPPED = forwarding()


class Events(NamedTuple):
    """Which records are flows, which were denied (None: nothing is said), which tell of an end."""

    keep: Mask
    denied: Mask | None = None
    allowed: Mask | None = None
    ended: Mask | None = None

    def columns(self) -> dict[str, pa.Array]:
        """Whether packets were discarded, and where counters are those of the whole connection."""
        columns: dict[str, pa.Array] = {}
        if self.denied is not None and self.allowed is not None:
            columns["denied"] = pa.array(self.denied, mask=~(self.denied | self.allowed))
        if self.ended is not None and self.ended.any():
            columns["cumulative"] = pa.array(self.ended, mask=~self.ended)
        return columns


def events(fields: Fields, impossible: Mask, silent: Mask, tally: Tally) -> Events:
    """Records that are not only the news of a firewall or NAT box; others are counted.

    A connection that was denied is kept: it was tried.

    Args:
        fields: the records.
        impossible: which have a counter that cannot be.
        silent: which count nothing.
        tally: where causes are counted.
    """
    keep = ~impossible
    tally.skip("record with a counter beyond 63 bits", int((~keep).sum()))
    event, mapping = fields.get("firewall_event"), fields.get("nat_event")
    ended = None
    if event is not None:
        news = keep & silent & (event == _CREATED)
        tally.skip("firewall event without traffic", int(news.sum()))
        keep = keep & ~news
        ended = event == _DELETED
    if mapping is not None:
        told = keep & silent & (mapping > 0)
        tally.skip("NAT event without traffic", int(told.sum()))
        keep = keep & ~told
    status = fields.rows["forwarding"] >> _STATUS_BITS
    denied, allowed = status == _DROPPED, status == _FORWARDED
    if event is not None:
        denied |= event == _DENIED
        allowed |= np.isin(event, (_CREATED, _DELETED, _UPDATED))
    elif not status.any():
        return Events(keep, ended=ended)
    return Events(keep, denied, allowed & ~denied, ended)
