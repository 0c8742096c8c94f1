"""Events of tls, quic and http to names, to be joined to flows by flow_id."""

from folkways.model.batches import Batch, Tally
from folkways.read.names import names_batch
from folkways.read.suricata.events import Events
from folkways.read.uids import flow_numbers

FIELD = {"tls": "tls.sni", "quic": "quic.sni", "http": "http.hostname"}
"""Where the name stands, by type of event."""

_MILLISECOND = 1_000


def names(kind: str, events: Events, tally: Tally) -> Batch:
    """The events of one kind (a key of FIELD) that say a name, a time and a flow."""
    start, known = events.times("timestamp")
    times = start // _MILLISECOND, known
    ends = events.column("src_ip"), events.column("dest_ip")
    uid, texts = flow_numbers(events.column("flow_id")), events.column(FIELD[kind])
    return names_batch(times, uid, texts, kind, ends=ends, tally=tally)
