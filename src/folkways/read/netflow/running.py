"""Counters that run on: totals of a flow differenced, so that each octet is counted once.

An exporter that sends totals repeats those of a long flow: the first sighting counts as it stands,
each later one its difference to the last. A firewall (Cisco, ASA NetFlow Implementation Guide,
"Templates for Flow Update Events") sends what passed since its last update while a connection
lives and the total of the connection when it ends: what the updates told is taken off the total.

Flows are known by a 64-bit hash of what names them. The table of them is bounded; where the oldest
are forgotten, what follows of them would be counted as new.
"""

import numpy as np

from folkways.model.hashing import Hashes
from folkways.read.netflow.fields import Bools, Ints

MAX_FLOWS = 1_000_000


class Running:
    """The last counters of flows, (flows, counters), by hash; oldest forgotten first."""

    def __init__(self, width: int) -> None:
        self._most = MAX_FLOWS
        self._keys = np.zeros(0, np.uint64)
        self._last = np.zeros((0, width), np.int64)
        self._end = np.zeros(0, np.int64)
        self._age = np.zeros(0, np.int64)
        self._batch = 0
        self.forgotten = 0
        """Flows that are no longer known."""
        self.horizon_ms: int | None = None
        """The latest end of a forgotten flow: what began before it may have been counted."""

    def differences(
        self, keys: Hashes, counts: Ints, end_ms: Ints, step: Bools | None = None
    ) -> tuple[Ints, Ints]:
        """What each sighting adds, and where the one before ended (-1: it is the first).

        Args:
            keys: (n,) what names each flow.
            counts: (n, width) totals so far, in order of arrival; -1: not known.
            end_ms: (n,) when each sighting ended.
            step: where ``counts`` are no totals but what came since the last sighting.
        """
        names_return = step is None
        step = np.zeros(len(keys), np.bool_) if step is None else step
        # Steps stand before the total of the same flow, even if they came after it.
        order = np.lexsort((~step, keys)) if step.any() else np.argsort(keys, kind="stable")
        keys, counts, end_ms, step = keys[order], counts[order], end_ms[order], step[order]
        first = np.ones(len(keys), np.bool_)
        first[1:] = keys[1:] != keys[:-1]
        at, known = self._look_up(keys)
        base = np.where(known[:, None], self._last[at], 0) if known.any() else np.zeros_like(counts)
        base_end = self._end[at] if known.any() else np.zeros_like(end_ms)
        total = np.where(step[:, None], 0, np.maximum(counts, 0))
        if step.any():
            summed = np.cumsum(np.where(step[:, None], np.maximum(counts, 0), 0), axis=0)
            begun = np.maximum.accumulate(np.where(first, np.arange(len(keys)), 0))
            before = np.where(begun[:, None] > 0, summed[begun - 1], 0)
            total = np.where(step[:, None], summed - before + np.maximum(base, 0), total)
        previous = np.where(first[:, None], base, np.roll(total, 1, axis=0))
        seen = known | ~first
        # A total below the last one is of a new flow with the same name; where steps are told,
        # names do not come again, and the exporter has told too much before.
        anew = ((counts >= 0) & (total < previous)).any(axis=1) & names_return
        follows = seen & ~anew
        added = np.where(follows[:, None] & ~step[:, None], total - previous, counts)
        added = np.where(counts < 0, -1, np.maximum(added, 0))
        since = np.where(first, base_end, np.roll(end_ms, 1))
        self._keep(keys, total, end_ms, at[known])
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return added[back], np.where(follows, since, -1)[back]

    def _look_up(self, keys: Hashes) -> tuple[Ints, Bools]:
        """Where each flow stands in the table, and whether it does."""
        if not len(self._keys):
            return np.zeros(len(keys), np.int64), np.zeros(len(keys), np.bool_)
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return at, self._keys[at] == keys

    def _keep(self, keys: Hashes, total: Ints, end_ms: Ints, replaced: Ints) -> None:
        """Take the last of each flow; ``replaced`` says where those stand that are known."""
        self._batch += 1
        final = np.ones(len(keys), np.bool_)
        final[:-1] = keys[1:] != keys[:-1]
        new = keys[final]
        old = np.ones(len(self._keys), np.bool_)
        old[replaced] = False
        merged = np.concatenate((self._keys[old], new))
        order = np.argsort(merged, kind="stable")
        self._keys = merged[order]
        self._last = np.concatenate((self._last[old], total[final]))[order]
        self._end = np.concatenate((self._end[old], end_ms[final]))[order]
        age = np.full(len(new), self._batch, np.int64)
        self._age = np.concatenate((self._age[old], age))[order]
        if len(self._keys) > self._most:
            self._forget()

    def _forget(self) -> None:
        kept = np.sort(np.argsort(self._age, kind="stable")[-(self._most * 3 // 4) :])
        gone = np.ones(len(self._keys), np.bool_)
        gone[kept] = False
        self.forgotten += int(gone.sum())
        latest = int(self._end[gone].max())
        self.horizon_ms = latest if self.horizon_ms is None else max(latest, self.horizon_ms)
        self._keys, self._last = self._keys[kept], self._last[kept]
        self._end, self._age = self._end[kept], self._age[kept]
