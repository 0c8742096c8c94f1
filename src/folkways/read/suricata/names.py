"""Events of tls, quic and http to names, to be joined to flows by flow_id."""

import pyarrow as pa

from folkways.model.batches import Batch, Tally, make_batch
from folkways.read.hosts import hosts
from folkways.read.numbers import mask_of
from folkways.read.rejects import Rejects
from folkways.read.suricata.events import Events
from folkways.read.uids import uid_numbers

FIELD = {"tls": "tls.sni", "quic": "quic.sni", "http": "http.hostname"}
"""Where the name stands, by type of event."""

_MILLISECOND = 1_000


def names(kind: str, events: Events, tally: Tally) -> Batch:
    """The events of one kind (a key of FIELD) that say a name, a time and a flow."""
    rejects = Rejects(events.count)
    start, known = events.times("start")
    rejects.reject(~known, "no time")
    uid = events.text("flow_id")
    rejects.reject(~mask_of(uid.is_valid()), "no uid")
    # Only HTTP's Host field carries a port.
    found = hosts(events.text(FIELD[kind]), port=kind == "http")
    for cause, mask in found.causes.items():
        rejects.reject(mask, cause)
    rejects.report(tally)
    wanted = pa.array(rejects.keep)
    kept = int(rejects.keep.sum())
    columns = {
        "start_ms": pa.array(start // _MILLISECOND).filter(wanted),
        "uid": uid_numbers(uid.filter(wanted)),
        "name": found.names.filter(wanted),
        "name_source": pa.repeat(kind, kept),
    }
    return make_batch("names", columns, kept)
