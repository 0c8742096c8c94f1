"""ssl.log, quic.log and http.log to names, to be joined to connections by uid."""

from folkways.model.batches import Batch, Tally
from folkways.read.names import names_batch
from folkways.read.numbers import times
from folkways.read.uids import uid_numbers
from folkways.read.zeek.rows import Rows

_NAMES = {"ssl": ("server_name", "tls"), "quic": ("server_name", "quic"), "http": ("host", "http")}
_MILLISECOND = 1_000_000


def names(rows: Rows, tally: Tally) -> Batch:
    """The rows that say a name, a time and a connection."""
    field, name_source = _NAMES[rows.log]
    start, known = times(rows.text("ts"))
    instants = start // _MILLISECOND, known
    ends = rows.text("id.orig_h"), rows.text("id.resp_h")
    uid, texts = uid_numbers(rows.text("uid")), rows.text(field)
    return names_batch(instants, uid, texts, name_source, ends=ends, tally=tally)
