"""ssl.log, quic.log and http.log to names, to be joined to connections by uid."""

import pyarrow as pa

from folkways.model.batches import Batch, Tally, make_batch
from folkways.read.hosts import hosts
from folkways.read.numbers import mask_of, times
from folkways.read.rejects import Rejects
from folkways.read.uids import uid_numbers
from folkways.read.zeek.rows import Rows

_NAMES = {"ssl": ("server_name", "tls"), "quic": ("server_name", "quic"), "http": ("host", "http")}
_MILLISECOND = 1_000_000


def names(rows: Rows, tally: Tally) -> Batch:
    """The rows that say a name, a time and a connection."""
    field, name_source = _NAMES[rows.log]
    rejects = Rejects(rows.count)
    start, known = times(rows.text("ts"))
    rejects.reject(~known, "no time")
    uid = rows.text("uid")
    rejects.reject(~mask_of(uid.is_valid()), "no uid")
    # Only HTTP's Host field carries a port.
    found = hosts(rows.text(field), port=rows.log == "http")
    for cause, mask in found.causes.items():
        rejects.reject(mask, cause)
    rejects.report(tally)
    wanted = pa.array(rejects.keep)
    kept = int(rejects.keep.sum())
    columns = {
        "start_ms": pa.array(start // _MILLISECOND).filter(wanted),
        "uid": uid_numbers(uid.filter(wanted)),
        "name": found.names.filter(wanted),
        "name_source": pa.repeat(name_source, kept),
    }
    return make_batch("names", columns, kept)
