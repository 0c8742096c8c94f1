"""Sampling of records: by the record itself, else the packet's header, else options data."""

import numpy as np
import pyarrow as pa

from folkways.model.batches import Tally
from folkways.model.validity import nullable
from folkways.read.netflow.fields import Fields, Ints
from folkways.read.netflow.origin import Origin
from folkways.read.sampling import without_implausible

_BIGGEST_RATE = (1 << 32) - 1


def sampling(fields: Fields, header_rate: Ints | None, origin: Origin, tally: Tally) -> pa.Array:
    """A column of 1 in N; null where nobody says it. What a person states of all exporters wins.

    ``header_rate`` is an element a record, 0 where the header says none; None: it never does.
    """
    facts = origin.facts
    if facts.stated_rate is not None:
        return pa.repeat(pa.scalar(facts.stated_rate, pa.int64()), fields.rows)
    own = _stated(fields)
    if own is not None:
        own = without_implausible(own, tally)
    sampler = fields.unsigned("samplerId")
    if sampler is None:
        sampler = fields.unsigned("selectorId")
    if sampler is own is header_rate is None and not facts.edges(origin.exporter):
        return pa.repeat(pa.scalar(_told(origin, None) or None, pa.int64()), fields.rows)
    rate = np.zeros(fields.rows, np.int64)
    for part in facts.parts(origin.exporter):
        rate[part] = _told(origin, sampler if sampler is None else sampler[part])
    if header_rate is not None:
        rate = np.where(header_rate > 0, header_rate, rate)
    if own is not None:
        rate = np.where((own > 0) & (own <= _BIGGEST_RATE), own, rate)
    return nullable(rate, rate > 0)


def _told(origin: Origin, sampler: Ints | None) -> Ints | int:
    """What options data tell, 0 where they do not: by sampler, or one rate for all."""
    if sampler is None:
        return origin.facts.rates(origin.exporter, origin.domain, [None])[0] or 0
    distinct, places = np.unique(sampler, return_inverse=True)
    rates = origin.facts.rates(origin.exporter, origin.domain, distinct.tolist())
    return np.array([known or 0 for known in rates], np.int64)[places]


def _stated(fields: Fields) -> Ints | None:
    for name in ("samplingInterval", "samplerRandomInterval"):
        rate = fields.unsigned(name)
        if rate is not None:
            return rate
    interval = fields.unsigned("samplingPacketInterval")
    space = fields.unsigned("samplingPacketSpace")
    if interval is None or space is None:
        return None
    taken = np.clip(interval, 1, 1 << 40)
    whole = taken + np.clip(space, 0, 1 << 40)
    return np.where(interval > 0, (whole + taken // 2) // taken, 0)
