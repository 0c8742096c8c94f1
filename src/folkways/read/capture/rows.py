"""Pieces of flows as rows of ``records``."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from folkways.formats.headers import Protocol
from folkways.model.addresses import addresses_from_numpy
from folkways.model.batches import Batch, make_batch
from folkways.read.capture.keys import unpack
from folkways.read.capture.open_flows import Pieces
from folkways.read.capture.signatures_finder import Labels

_MS_NS = 1_000_000

Names = dict[int, tuple[str, str]]
"""By id of a piece: the first name seen in it, and where it stood."""


def batches_of(pieces: Pieces, names: Names, labels: Labels, size: int) -> Iterator[Batch]:
    """Batches of at most ``size`` rows; names and labels that were used are taken out."""
    for begin in range(0, len(pieces), size):
        yield _batch(pieces[begin : begin + size], names, labels)


def _batch(pieces: Pieces, names: Names, labels: Labels) -> Batch:
    n = len(pieces)
    key = unpack(np.ascontiguousarray(pieces["key"]))
    source = pieces["source_side"].astype(np.intp)
    row = np.arange(n)
    ahead, back = (row, source), (row, 1 - source)
    address = np.stack([key.first, key.second], axis=1)
    found = [names.pop(i, (None, None)) for i in pieces["id"].tolist()] if names else []
    columns = {
        # Times are floored to milliseconds, also before 1970.
        "start_ms": pa.array(pieces["start"] // _MS_NS),
        "end_ms": pa.array(pieces["end"] // _MS_NS),
        "source_address": addresses_from_numpy(address[ahead]),
        "destination_address": addresses_from_numpy(address[back]),
        "source_port": _known(key.ports[ahead], key.ports[ahead] >= 0),
        "destination_port": _known(key.ports[back], key.ports[back] >= 0),
        "protocol": pa.array(key.protocol.astype(np.int16)),
        "bytes_forward": pa.array(pieces["bytes"][ahead]),
        "bytes_reverse": pa.array(pieces["bytes"][back]),
        "packets_forward": pa.array(pieces["packets"][ahead]),
        "packets_reverse": pa.array(pieces["packets"][back]),
        "initiator": _where(pieces["opened"], "source"),
        "begins": _known(pieces["begins"], pieces["begins"]),
        "exclusive": pa.repeat(pa.scalar(value=True), n),
        "sampling": pa.array(np.ones(n, np.int64)),
        "flaws": _where(pieces["cut"], "cut"),
    }
    is_tcp = key.protocol == Protocol.TCP
    for name, side in (("tcp_flags_forward", ahead), ("tcp_flags_reverse", back)):
        columns[name] = _known(pieces["tcp_flags"][side].astype(np.int16), is_tcp)
    if found:
        columns["name"] = pa.array([name for name, _ in found], pa.string())
        columns["name_source"] = pa.array([where for _, where in found], pa.string())
    if labels:
        columns["sensor_label"] = pa.array(
            [labels.pop(i, None) for i in pieces["id"].tolist()], pa.string()
        )
    return make_batch("records", columns, n)


def _known(values: npt.NDArray[np.generic], known: npt.NDArray[np.bool_]) -> pa.Array:
    """Null where it is not known."""
    return pa.array(values, mask=~known)


def _where(chosen: npt.NDArray[np.bool_], word: str) -> pa.Array:
    """The word where it holds, else null."""
    codes = pa.array(np.zeros(len(chosen), np.int8), mask=~chosen)
    return pa.DictionaryArray.from_arrays(codes, pa.array([word])).cast(pa.string())
