"""Steps through samples or records of many owners at once: a round takes the next part of each.

Where a part begins is known from the one before it; between owners there is no such order. So the
rounds are as many as the most parts of one owner, and each is a few operations on columns.
"""

from typing import NamedTuple

import numpy as np

from folkways.formats.sflow import PAIR
from folkways.read.capture.frames import Integers, Octets, gather
from folkways.read.capture.packets import Flags, Rows


class Parts(NamedTuple):
    """Samples or records, (p,) each; of one owner in their order."""

    owner: Rows
    kind: Integers
    start: Integers
    """Offset of what follows type and size."""
    size: Integers

    def take(self, chosen: Rows | Flags) -> "Parts":
        """Some of them."""
        return Parts(*(column[chosen] for column in self))


class Walked(NamedTuple):
    """The whole parts of all owners, and by owner, (n,), how far they went."""

    parts: Parts
    reached: Integers
    """Offset after the last whole part."""
    cut: Flags
    """A part that was promised is not there, or not all of it; nothing after it is read."""
    parts_of: Integers
    """Number of whole parts."""


def walk(data: Octets, at: Integers, end: Integers, count: Integers) -> Walked:
    """Find ``count`` parts of each owner from ``at``, none beyond ``end``; all three are (n,).

    ``end`` must be ``PADDING`` or more below the length of ``data``.
    """
    reached, cut = at.copy(), np.zeros(len(at), np.bool_)
    parts_of = np.zeros(len(at), np.int64)
    owner = np.flatnonzero(count > 0)
    here, stop, left = at[owner], end[owner], count[owner]
    found = [Parts(owner[:0], here[:0], here[:0], here[:0])]
    while len(owner):
        # A header beyond the end lies in the next owner or the padding: it is read, not believed.
        head = gather(data, np.minimum(here, stop), PAIR)
        start, size = here + PAIR.itemsize, head["size"].astype(np.int64)
        after = start + size
        whole = after <= stop
        part = Parts(owner, head["kind"].astype(np.int64), start, size)
        if not whole.all():
            cut[owner[~whole]] = True
            part = part.take(whole)
            after, stop, left = after[whole], stop[whole], left[whole]
        found.append(part)
        reached[part.owner] = after
        parts_of[part.owner] += 1
        more = left > 1
        owner, here, stop, left = part.owner[more], after[more], stop[more], left[more] - 1
    return Walked(Parts(*map(np.concatenate, zip(*found, strict=True))), reached, cut, parts_of)
