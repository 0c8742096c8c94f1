"""Names that a sensor logs apart from its flows, whatever the log, and what is refused."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from folkways.model.batches import Batch, Tally, make_batch
from folkways.read.addresses import addresses
from folkways.read.hosts import hosts
from folkways.read.numbers import mask_of
from folkways.read.rejects import Rejects

Times = tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]
ENDS = ["source_address", "destination_address"]
HAS_PORT: Mapping[str, bool] = {"tls": False, "quic": False, "http": True}
"""By source of names: only HTTP's Host field carries a port."""


def names_batch(
    times: Times,
    uid: pa.Array,
    texts: pa.Array,
    name_source: str,
    *,
    ends: tuple[pa.Array, pa.Array],
    tally: Tally,
) -> Batch:
    """The rows that say a name, a time and a connection; the others are counted by cause.

    Args:
        times: (n,) ms since 1970 UTC, and (n,) false where there is none.
        uid: (n,) the number of the sensor's own id of the connection.
        texts: (n,) names as logged.
        name_source: tls, quic or http.
        ends: (n,) addresses of the connection as text, source and destination; what is no address
            is unknown.
        tally: where refused rows are counted.
    """
    start, known = times
    rejects = Rejects(len(start))
    rejects.reject(~known, "no time")
    rejects.reject(~mask_of(uid.is_valid()), "no uid")
    found = hosts(texts, port=HAS_PORT[name_source])
    for cause, mask in found.causes.items():
        rejects.reject(mask, cause)
    rejects.report(tally)
    wanted = pa.array(rejects.keep)
    kept = int(rejects.keep.sum())
    columns = {
        "start_ms": pa.array(start).filter(wanted),
        "uid": uid.filter(wanted),
        "name": found.names.filter(wanted),
        "name_source": pa.repeat(name_source, kept),
    }
    told = [addresses(end.filter(wanted)) for end in ends]
    return replace(make_batch("names", columns, kept), ends=pa.record_batch(told, names=ENDS))
