"""What an exporter calls the traffic: application names, and where in it the packets passed."""

import numpy as np
import pyarrow as pa

from folkways.formats.ipfix import V5
from folkways.read.netflow.fields import Fields
from folkways.read.netflow.messages import Exporter
from folkways.read.netflow.options import Facts, text

_NAMES = (
    "applicationName",
    "ixiaL7AppName",
    "proceraService",
    "barracudaServiceName",
    "nprobeL7ProtocolName",
    "nprobeL7ProtocolNameV9",
    "paloAltoAppId",
)
_DIRECTIONS = ("ingress", "egress")
_OTHER = len(_DIRECTIONS)


def labels(fields: Fields, exporter: Exporter, facts: Facts) -> pa.Array | None:
    """Application names by the record itself, else by the exporter's own table, else YAF's number.

    YAF names an application by the port that is usual for it; the label is ``applabel:443``.
    """
    for name in _NAMES:
        octets = fields.octets(name)
        if octets is not None:
            raw = pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(octets.shape[1]), fields.rows, [None, pa.py_buffer(octets.reshape(-1))]
            ).dictionary_encode()
            words = [text(value) or None for value in raw.dictionary.to_pylist()]
            return pa.array(words, pa.string()).take(raw.indices)
    ids = fields.unsigned("applicationId")
    yaf = fields.unsigned("silkAppLabel") if ids is None else None
    numbers = yaf if ids is None else ids
    if numbers is None:
        return None
    distinct, places = np.unique(numbers, return_inverse=True)
    if ids is None:
        words = [f"applabel:{number}" if number else None for number in distinct.tolist()]
    else:
        words = [facts.application(exporter, number) for number in distinct.tolist()]
    return pa.array(words, pa.string()).take(pa.array(places))


def observation_point(fields: Fields, version: int, domain: int) -> pa.Array | None:
    """``domain 7 egress``: the observation domain if it is not 0, the direction if it is told.

    v5 has an engine (type and number in one) instead of a domain.
    """
    word = "engine" if version == V5 else "domain"
    place = f"{word} {domain}" if domain else ""
    direction = fields.unsigned("flowDirection")
    if direction is None:
        return pa.repeat(place, fields.rows) if place else None
    known = np.where(direction >> 1 == 0, direction, _OTHER)
    words = [f"{place} {way}".strip() for way in _DIRECTIONS] + [place or None]
    same = int(known[0])
    if (known == same).all():
        return pa.repeat(pa.scalar(words[same], pa.string()), fields.rows)
    return pa.array(words, pa.string()).take(pa.array(known))
