"""Whether a payload looks like sFlow, for readers of other formats that come upon it."""

from folkways.formats import sflow

NOTE = "Packets that look like sFlow: {count}; --format sflow reads the samples in them."
_SHORTEST = sflow.HEAD.size + min(sflow.AGENT_OCTETS.values()) + sflow.AFTER_AGENT.size


def looks_like_sflow(payload: bytes) -> bool:
    """Whether version, agent and the head of the first sample are those of a datagram."""
    if len(payload) < _SHORTEST + sflow.PAIR.itemsize:
        return False
    version, kind = sflow.HEAD.unpack_from(payload)
    octets = sflow.AGENT_OCTETS.get(kind)
    if version != sflow.VERSION or octets is None:
        return False
    at = sflow.HEAD.size + octets
    first = at + sflow.AFTER_AGENT.size
    if (
        len(payload) < first + sflow.PAIR.itemsize
        or not sflow.AFTER_AGENT.unpack_from(payload, at)[3]
    ):
        return False
    sample, size = sflow.HEAD.unpack_from(payload, first)
    return sample in sflow.SAMPLES and first + sflow.PAIR.itemsize + size <= len(payload)
