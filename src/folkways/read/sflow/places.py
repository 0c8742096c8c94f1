"""Who sampled, and where: agents, and the interfaces and other sources at them."""

from itertools import product

import numpy as np
import pyarrow as pa

from folkways.formats import sflow
from folkways.read.capture.frames import Integers
from folkways.read.sflow.datagram import Datagrams, agent_of, sub_agent_of
from folkways.read.sflow.numbering import DataSource, Drops
from folkways.read.sflow.samples import Samples

_NOTICES = 1 << 32
"""Added to the class of a source where it counts notices of discarded packets."""
_WAYS = ("", " ingress", " egress")


def places(
    samples: Samples, waiting: Datagrams, time_ms: Integers, drops: Drops
) -> dict[str, pa.Array]:
    """Exporter and observation point; what sources dropped is told on the way."""
    streams: dict[bytes, int] = {}
    numbers = [streams.setdefault(header.stream, len(streams)) for header in waiting.headers]
    stream = np.array(numbers, np.int64)[samples.datagram]
    keys = np.stack([stream, samples.kind, samples.index, samples.notice], axis=1)
    codes, distinct = _distinct(keys)
    known = list(streams)
    texts = [agent_of(stream) for stream in known]
    # Notices that were not sent are counted apart from samples that were not.
    sources: list[DataSource] = [
        (known[s], kind + _NOTICES * notice, index) for s, kind, index, notice in distinct
    ]
    agents = [texts[s] for s, *_ in distinct]
    in_order = ~np.array(waiting.late, np.bool_)[samples.datagram]
    drops.take(sources, agents, *(c[in_order] for c in (codes, samples.drops, time_ms)))
    mine = samples.kind == 0
    into, out = (mine & (samples.index == way) for way in (samples.input, samples.output))
    way = np.where(into & ~out, 1, np.where(out & ~into, 2, 0))
    points = [_point(source) + word for source, word in product(sources, _WAYS)]
    return {
        "exporter": pa.array(agents, pa.string()).take(pa.array(codes)),
        "observation_point": pa.array(points, pa.string()).take(pa.array(codes * len(_WAYS) + way)),
    }


def _distinct(keys: Integers) -> tuple[Integers, list[list[int]]]:
    """(n, k) numbers as (n,) places in a list of the distinct ones."""
    width = keys.shape[1]
    flat = pa.py_buffer(np.ascontiguousarray(keys))
    octets = pa.FixedSizeBinaryArray.from_buffers(pa.binary(8 * width), len(keys), [None, flat])
    encoded = octets.dictionary_encode()
    distinct = np.frombuffer(b"".join(encoded.dictionary.to_pylist()), np.int64)
    return encoded.indices.to_numpy().astype(np.int64), distinct.reshape(-1, width).tolist()


def _point(source: DataSource) -> str:
    """``interface 7``, behind ``sub-agent 1`` where an agent has such."""
    stream, kind, index = source
    kind %= _NOTICES
    sub_agent = sub_agent_of(stream)
    what = sflow.SOURCES[kind] if kind < len(sflow.SOURCES) else f"class {kind} source"
    return f"sub-agent {sub_agent} {what} {index}" if sub_agent else f"{what} {index}"
