"""Counters as the exporter observed them: nfcapd multiplies those of sampled flows.

nfcapd knows a sampler's rate, multiplies bytes and packets of its flows by it (``stored =
floor(observed * whole / taken)``), and marks the flow. Elsewhere counters are as observed and the
rate stands beside them, so the product is undone. What is no product of the known rate, or marked
without a rate being known, keeps its counters, has no sampling, and the flaw ``scaled-counters``.
Found by sending sampled NetFlow v5, and by ``nfcapd -s``, with nfdump 1.7.1.
"""

from dataclasses import dataclass

import numpy as np

from folkways.read.nfcapd.facts import Facts, Rate
from folkways.read.nfcapd.fields import Fields, Ints, Mask

_IMPLAUSIBLE = 2**31
"""A rate from here on is a negative one, which nfcapd 1.7.1 makes of ``-s -N``."""


@dataclass(frozen=True)
class Sampled:
    """Rates 1 in N (0: unknown), and which rows' counters are products of an unknown rate."""

    rate: Ints
    scaled: Mask

    def drop_implausible(self) -> Mask:
        """Rates that cannot be become unknown; which they were."""
        wild = self.rate >= _IMPLAUSIBLE
        self.rate[wild] = 0
        return wild


def undo_sampling(fields: Fields, counters: dict[str, Ints], facts: Facts) -> Sampled:
    """Replace counters of marked rows by what was observed, in place.

    Args:
        fields: the records.
        counters: bytes and packets by name, each (rows,), 0 or more.
        facts: what the file has said of samplers so far.
    """
    rates = np.zeros(len(fields.rows), np.int64)
    scaled = fields.marked.copy()
    if not facts.rates:
        return Sampled(rates, scaled)
    keys = fields.rows["exporter"].astype(np.int64)
    sampler = fields.get("sampler")
    if sampler is not None:
        keys |= np.clip(sampler, 0, 2**31) << 16
    for key in np.unique(keys).tolist():
        rate = facts.rate(key & 0xFFFF, key >> 16)
        if rate is None:
            continue
        mine = np.flatnonzero(keys == key)
        if rate.skipped == 0:
            rates[mine] = 1
            scaled[mine] = False
            continue
        mine = mine[fields.marked[mine]]
        undone = {name: _undo(values[mine], rate) for name, values in counters.items()}
        exact = np.logical_and.reduce([good for _, good in undone.values()])
        for name, (values, _) in undone.items():
            counters[name][mine[exact]] = values[exact]
        rates[mine[exact]] = rate.one_in
        scaled[mine[exact]] = False
    return Sampled(rates, scaled)


def _undo(stored: Ints, rate: Rate) -> tuple[Ints, Mask]:
    """What was observed, and where the stored value is a product of the rate at all."""
    times, rest = np.divmod(stored, rate.whole)
    if rate.taken == 1:
        return times, rest == 0
    # Python's numbers, since a product of two of 32 bits can leave 63.
    distinct, places = np.unique(rest, return_inverse=True)
    part = [-(-left * rate.taken // rate.whole) for left in distinct.tolist()]
    again = [observed * rate.whole // rate.taken for observed in part]
    good = np.array(again, np.int64) == distinct
    return times * rate.taken + np.array(part, np.int64)[places], good[places]
