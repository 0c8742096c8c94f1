"""Elements of flow records as rows of ``records``.

Flows are of one direction, so the reverse columns are null. Outgoing counters of nfdump may be
the other direction (its biflows) or the same traffic as it leaves the router: since the file does
not say which, they are not used, and counted.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from folkways.formats import nfcapd
from folkways.model.batches import Batch, Tally, make_batch
from folkways.model.columns import ADDRESS
from folkways.read.nfcapd.elements import Positions, take

_IPV4, _IPV6, _COUNTERS, _AS = 2, 3, 6, 8
_TCP = 6
_WITH_PORTS = (6, 17, 33, 132, 136)
_MOST = np.uint64(2**63 - 1)
Mask = npt.NDArray[np.bool_]


def make_rows(  # one value for each thing that a row is made of
    data: npt.NDArray[np.uint8],
    at: Positions,
    found: Mapping[int, Positions],
    exporters: Mapping[int, str],
    tally: Tally,
) -> Batch | None:
    """A batch of the usable records at positions ``at``; None if there is none."""
    use = _usable(data, found, tally)
    rows = int(use.sum())
    if not rows:
        return None
    at, found = at[use], {kind: positions[use] for kind, positions in found.items()}
    generic = take(data, found[nfcapd.GENERIC], nfcapd.ELEMENTS[nfcapd.GENERIC])
    backwards = generic["last_ms"] < generic["first_ms"]
    tally.flag("flow that ends before it starts, taken as of no duration", int(backwards.sum()))
    protocol = generic["protocol"]
    portless = ~np.isin(protocol, _WITH_PORTS)
    header = take(data, at, nfcapd.RECORD_HEADER)
    if (header["flags"] & nfcapd.FLAG_SAMPLED).any():
        tally.note("nfcapd marks flows as sampled but not at what rate; sampling is unknown there.")
    columns = {
        "start_ms": pa.array(generic["first_ms"].astype(np.int64)),
        "end_ms": pa.array(np.maximum(generic["last_ms"], generic["first_ms"]).astype(np.int64)),
        "source_address": _addresses(data, found, "source"),
        "destination_address": _addresses(data, found, "destination"),
        "source_port": pa.array(generic["source_port"].astype(np.int32), mask=portless),
        "destination_port": pa.array(generic["destination_port"].astype(np.int32), mask=portless),
        "protocol": pa.array(protocol.astype(np.int16)),
        "bytes_forward": pa.array(generic["bytes"].astype(np.int64)),
        "packets_forward": pa.array(generic["packets"].astype(np.int64)),
        "tcp_flags_forward": pa.array(generic["tcp_flags"].astype(np.int16), mask=protocol != _TCP),
        "flows": _flows(data, found[_COUNTERS], tally),
        "exporter": _exporters(header["exporter"], exporters),
    }
    for name in ("source_asn", "destination_asn"):
        number = _field(data, found[_AS], _AS, name)
        columns[name] = pa.array(number, mask=number == 0)
    return make_batch("records", columns, rows)


def _usable(data: npt.NDArray[np.uint8], found: Mapping[int, Positions], tally: Tally) -> Mask:
    use = found[nfcapd.GENERIC] >= 0
    tally.skip("record without times and counters", int((~use).sum()))
    addressed = (found[_IPV4] >= 0) | (found[_IPV6] >= 0)
    tally.skip("record without addresses", int((use & ~addressed).sum()))
    use &= addressed
    generic = take(data, found[nfcapd.GENERIC][use], nfcapd.ELEMENTS[nfcapd.GENERIC])
    fits = np.ones(len(generic), np.bool_)
    for name in ("first_ms", "last_ms", "packets", "bytes"):
        fits &= generic[name] <= _MOST
    tally.skip("record with a time or counter beyond 63 bits", int((~fits).sum()))
    use[use] = fits
    return use


def _field(
    data: npt.NDArray[np.uint8], at: Positions, kind: int, name: str
) -> npt.NDArray[np.int64]:
    """A field of an element, 0 where the element is absent or the value beyond 63 bits."""
    values = np.zeros(len(at), np.int64)
    there = at >= 0
    given = take(data, at[there], nfcapd.ELEMENTS[kind])[name].astype(np.uint64)
    values[there] = np.where(given <= _MOST, given, 0).astype(np.int64)
    return values


def _flows(data: npt.NDArray[np.uint8], at: Positions, tally: Tally) -> pa.Array:
    out = _field(data, at, _COUNTERS, "out_bytes")
    tally.flag("outgoing counters of unknown meaning, not used", int((out > 0).sum()))
    flows = _field(data, at, _COUNTERS, "flows")
    return pa.array(flows, mask=flows <= 1)


def _addresses(data: npt.NDArray[np.uint8], found: Mapping[int, Positions], side: str) -> pa.Array:
    rows = np.zeros((len(found[_IPV4]), 16), np.uint8)
    four = found[_IPV4] >= 0
    given = take(data, found[_IPV4][four], nfcapd.ELEMENTS[_IPV4])[side]
    rows[four, 10:12] = 0xFF
    rows[four, 12:] = given.astype(">u4").view(np.uint8).reshape(-1, 4)
    six = ~four
    given = take(data, found[_IPV6][six], nfcapd.ELEMENTS[_IPV6])[side]
    rows[six] = given.astype(">u8").view(np.uint8).reshape(-1, 16)
    return pa.Array.from_buffers(ADDRESS, len(rows), [None, pa.py_buffer(rows)])


def _exporters(ids: npt.NDArray[np.uint16], exporters: Mapping[int, str]) -> pa.Array:
    distinct, which = np.unique(ids, return_inverse=True)
    names = pa.array([exporters.get(int(i)) for i in distinct], pa.string())
    return names.take(pa.array(which))
