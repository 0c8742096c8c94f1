"""All that a meter's rows of a chain state together, beside what the kept rows of others state.

A row may be covered by another meter's longer row though both saw packets of their own, each a part
of the path. Over the whole of a run the counts then differ.
"""

from dataclasses import dataclass

import numpy as np

from folkways.connect.same_meter import ALIKE, LOSS, TOLERANCE_MS
from folkways.connect.statements import SPAN_BITS, UNKNOWN, Flags, Ints, Statements


@dataclass(frozen=True)
class Runs:
    """For each row when its meter's first row of the chain starts and its last ends, ms.

    ``agree`` says that the meter counted no less in that time than the kept rows did.
    """

    start: Ints
    end: Ints
    agree: Flags


def runs(rows: Statements, chain: Ints, kept: Statements, kept_chain: Ints, way: int) -> Runs:
    """Runs of rows, of one meter in each chain, in one direction.

    Args:
        rows: the rows asked about.
        chain: of each its chain.
        kept: rows of other meters that state something in this direction.
        kept_chain: of each its chain, one of those asked about.
        way: 0 for out, 1 for in.
    """
    every, number = np.unique(chain, return_inverse=True)
    at = np.searchsorted(every, kept_chain)
    part = rows.states[:, way] | ~rows.states.any(axis=1)
    start, end = _extent(rows.take(part), number[part], len(every))
    first, last = _extent(kept, at, len(every))
    overlap = np.minimum(kept.end, end[at]) - np.maximum(kept.start, start[at])
    inside = (kept.start >= start[at] - TOLERANCE_MS) & (kept.end <= end[at] + TOLERANCE_MS)
    # Of a row that reaches beyond the run nobody knows when its packets were.
    share = np.where(inside, 1, np.maximum(overlap, 0) / np.maximum(kept.length, 1) / ALIKE)
    common = part & (rows.start <= last[number] + TOLERANCE_MS)
    common &= rows.end >= first[number] - TOLERANCE_MS
    agree = np.ones(len(every), np.bool_)
    # Octets are counted with other headers by other meters.
    for mine, theirs, loss in (
        (rows.octets[:, way], kept.octets[:, way], 2 * LOSS),
        (rows.packets[:, way], kept.packets[:, way], LOSS),
    ):
        unknown = np.bincount(number, part & (mine < 0), len(every)) > 0
        unknown |= np.bincount(at, theirs < 0, len(every)) > 0
        counted = np.bincount(number, np.where(common, np.maximum(mine, 0), 0), len(every))
        least = np.bincount(at, np.maximum(theirs, 0) * share, len(every)) * (1 - loss) - 1
        agree = np.where(unknown, agree, counted >= least)
    return Runs(start[number], end[number], agree[number])


def _extent(rows: Statements, number: Ints, count: int) -> tuple[Ints, Ints]:
    start, end = np.full(count, (1 << SPAN_BITS) - 1), np.full(count, UNKNOWN)
    np.minimum.at(start, number, rows.start)
    np.maximum.at(end, number, rows.end)
    return start, end
