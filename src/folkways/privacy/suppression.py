"""Small cells are not published, and not computable from what is.

A cell of a published table that stands for few people tells about those people. Its figures are
taken out (primary suppression). Where the total of a group of cells is published too, what was
taken out is the total less the cells that are left, so that others have to go as well (secondary
suppression): A. Hundepool et al., Statistical Disclosure Control (Wiley, 2012), chapter 4.

What this does not cover: figures that a reader knows from elsewhere, and totals over other groups
than those named. A table whose cells enter several published totals names each in ``margins``.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

MEASURED = "measured"
SUPPRESSED = "suppressed"
VALUES = ("connections", "answered", "bytes_out", "bytes_in")

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


def suppress(
    table: pa.Table,
    k: int,
    *,
    members: str = "members",
    values: Sequence[str] | None = None,
    groups: Sequence[str] | None = (),
    margins: Sequence[Sequence[str]] = (),
) -> pa.Table:
    """Take out the figures of cells of 1 to k - 1 members, and of those that would betray them.

    1. A cell with 0 < members < k is suppressed. A cell of no members is published: that nobody
       did something is not about somebody. Where members is null, k of them cannot be shown, so
       that the cell is suppressed.
    2. What is published of a group (its total, and the cells left) gives the sum of its suppressed
       cells. So in each group that has any, the next smallest cell is suppressed as well, until
       two are, and until the suppressed cells count k members together. Cells of no members are
       taken last. Where the group has no other cell, its total is the cell, has as few members,
       and is suppressed in its own table.
    3. With several margins this is repeated until none asks for more. Name them all in one call:
       what was suppressed before has no members any more, so that a second call takes more.

    One person can stand in several cells, so that k members together may be fewer persons: what a
    reader can compute is a sum over two cells or more, never one cell.

    Args:
        table: one row a cell, members an integer column. A column ``state`` is taken into account:
            what is suppressed in it stays so, other states are kept.
        k: the fewest members that a published cell may have; 1 suppresses nothing.
        members: the column of distinct members.
        values: the columns that are set to null besides; None: those of ``VALUES`` that are there.
        groups: the columns within whose combinations totals are published; none: the whole table
            is one group; None: no totals are published, so that step 2 is left out.
        margins: further lists of such columns, for a table that enters several totals.

    Returns:
        The table with ``state`` ("measured" or "suppressed") and nulls, rows in the same order.

    Raises:
        ValueError: k is less than 1, or a column is not there.
    """
    if k < 1:
        raise ValueError(f"k is at least 1, not {k}")
    groupings = [] if groups is None else [groups, *margins]
    values = [v for v in VALUES if v in table.column_names] if values is None else values
    named = {members, *values, *(name for grouping in groupings for name in grouping)}
    if missing := named - set(table.column_names):
        raise ValueError(f"the table has no column {', '.join(sorted(missing))}")
    counts = _numbers(table[members])
    hidden = np.asarray(pc.is_null(table[members]).to_numpy(), np.bool_) & (k > 1)
    hidden |= (counts > 0) & (counts < k)
    if "state" in table.column_names:
        before = pc.fill_null(table["state"], MEASURED)
        hidden |= np.asarray(pc.equal(before, SUPPRESSED).to_numpy(), np.bool_)
    lines = [_group_numbers(table, grouping) for grouping in groupings]
    while any(_protect(hidden, counts, line, k) for line in lines):
        pass
    return _without(table, hidden, [members, *values])


def _protect(hidden: Mask, counts: Numbers, group: Numbers, k: int) -> bool:
    """Suppress one more cell in each group that needs it (in place); whether any was."""
    size = int(group.max()) + 1 if len(group) else 0
    number = np.bincount(group[hidden], minlength=size)
    together = np.bincount(group[hidden], weights=counts[hidden], minlength=size)
    open_people = np.bincount(group[~hidden & (counts > 0)], minlength=size) > 0
    # A cell of nobody adds no members: it serves only where one cell would stand alone.
    needs = (number > 0) & ((number < 2) | ((together < k) & open_people))
    candidates = np.flatnonzero(~hidden & needs[group])
    if not len(candidates):
        return False
    nobody = counts[candidates] == 0
    order = np.lexsort((candidates, counts[candidates], nobody, group[candidates]))
    ranked = candidates[order]
    first = np.ones(len(ranked), np.bool_)
    first[1:] = group[ranked][1:] != group[ranked][:-1]
    hidden[ranked[first]] = True
    return True


def _group_numbers(table: pa.Table, grouping: Sequence[str]) -> Numbers:
    """A number for each row, the same where all columns of the grouping are; null is a value."""
    numbers = np.zeros(table.num_rows, np.int64)
    for name in grouping:
        column = pc.dictionary_encode(table[name].combine_chunks(), null_encoding="encode")
        codes = np.asarray(column.indices.to_numpy(), np.int64)
        combined = numbers * (int(codes.max(initial=0)) + 1) + codes
        numbers = np.unique(combined, return_inverse=True)[1].astype(np.int64)
    return numbers


def _numbers(column: pa.ChunkedArray) -> Numbers:
    return np.asarray(pc.fill_null(column.cast(pa.int64()), 0).to_numpy(), np.int64)


def _without(table: pa.Table, hidden: Mask, names: Sequence[str]) -> pa.Table:
    mask = pa.array(hidden)
    for name in dict.fromkeys(names):
        kind = table.schema.field(name).type
        found = pc.if_else(mask, pa.scalar(None, kind), table[name])
        table = table.set_column(table.column_names.index(name), pa.field(name, kind), found)
    there = "state" in table.column_names
    before = table["state"] if there else pa.nulls(table.num_rows, pa.string())
    state = pc.if_else(mask, SUPPRESSED, pc.fill_null(before, MEASURED))
    field = pa.field("state", pa.string(), nullable=False)
    if there:
        return table.set_column(table.column_names.index("state"), field, state)
    return table.append_column(field, state)
