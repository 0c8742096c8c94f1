"""Rows as arrays: what each states of one key, for the decision which of them state the same.

A statement is what a row says of the packets of its key (member, remote, protocol, ports): from
when to when, in which direction, how many, by whose measurement. Everything here has one entry a
row, (n,), or one a row and direction, (n, 2) with out first.
"""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

UNKNOWN = -1
SECOND_MS = 1_000
SPAN_BITS = 40
"""Times of a day's rows, in ms after the earliest, need fewer bits; the latest ends are cut."""
_SPAN = (1 << SPAN_BITS) - 1


@dataclass(frozen=True)
class Statements:
    """Rows of contested keys.

    ``key`` and ``identity`` are hashes: of the key, and of all that the row says but its source.
    ``meter`` numbers exporter and observation point in the order of their names, ``source`` the
    source. ``start`` and ``end`` are ms after the second of the
    earliest start. ``packets`` and ``octets`` are
    UNKNOWN where not counted.
    """

    row: Ints
    key: Hashes
    identity: Hashes
    meter: Ints
    source: Ints
    uid: Ints
    start: Ints
    end: Ints
    packets: Ints
    octets: Ints
    comparable: Flags
    exclusive: Flags
    whole: Flags
    cumulative: Flags
    sampled: Flags
    outside: Flags
    flawed: Flags

    def __len__(self) -> int:
        return len(self.row)

    def take(self, chosen: Flags | Ints) -> "Statements":
        """Some of the rows."""
        return Statements(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @cached_property
    def counts(self) -> Ints:
        """(n, 2) packets where they are known, else octets, else UNKNOWN."""
        return np.where(self.packets >= 0, self.packets, self.octets)

    @cached_property
    def states(self) -> Flags:
        """(n, 2) whether something is counted in a direction."""
        return self.counts > 0

    @cached_property
    def length(self) -> Ints:
        """How long each lasts, ms."""
        return self.end - self.start

    @cached_property
    def kind(self) -> Ints:
        """What sort of meter: 2 gives its connections ids, 1 has one flow a key, 0 others."""
        return np.where(self.uid != UNKNOWN, 2, self.exclusive.astype(np.int64))

    @cached_property
    def track(self) -> Ints:
        """Numbers whose rows belong together: one meter's, of one sort."""
        return self.meter * 8 + self.kind * 2 + self.outside

    @cached_property
    def on_seconds(self) -> Flags:
        """Rows of a form that gives times in whole seconds, as far as can be seen."""
        found: Flags = (self.start % SECOND_MS == 0) & (self.end % SECOND_MS == 0)
        return found

    @cached_property
    def rank(self) -> Ints:
        """The higher, the better a row is to be kept: by counts, times; then by content.

        Whole seconds go last, since they do not tell who sent first.
        """
        total = np.maximum(self.counts, 0).sum(axis=1)
        times = (-self.start, self.length, ~self.on_seconds)
        order = np.lexsort((self.source, self.identity, *times, total))
        found = np.empty(len(self), np.int64)
        found[order] = np.arange(len(self))
        return found


def statements(table: pa.Table) -> Statements:
    """From a table with a column for each field, directions apart; see ``duplicates``."""

    def ints(name: str, unknown: int = UNKNOWN) -> Ints:
        return pc.fill_null(table[name].cast(pa.int64()), unknown).to_numpy()

    def flags(name: str) -> Flags:
        return pc.fill_null(table[name], False).to_numpy()  # noqa: FBT003  # a value

    start = ints("start_ms")
    base = int(start.min()) // SECOND_MS * SECOND_MS if len(start) else 0
    end = np.maximum(np.minimum(ints("end_ms") - base, _SPAN), start - base)
    return Statements(
        row=ints("row"),
        key=table["key"].to_numpy(),
        identity=table["identity"].to_numpy(),
        meter=ints("meter"),
        source=ints("source_number"),
        uid=ints("uid"),
        start=start - base,
        end=end,
        packets=np.stack([ints("packets_out"), ints("packets_in")], axis=1),
        octets=np.stack([ints("bytes_out"), ints("bytes_in")], axis=1),
        comparable=flags("comparable"),
        exclusive=flags("exclusive"),
        whole=flags("whole"),
        cumulative=flags("cumulative"),
        sampled=flags("sampled"),
        outside=flags("outside"),
        flawed=flags("flawed"),
    )


def groups(*columns: npt.NDArray[np.generic]) -> Ints:
    """(n,) the number of the group of rows that are equal in all columns."""
    order = np.lexsort(columns)
    new = np.zeros(len(order), np.bool_)
    for column in columns:
        ordered = column[order]
        new[1:] |= ordered[1:] != ordered[:-1]
    found = np.empty(len(order), np.int64)
    found[order] = np.cumsum(new)
    return found


def reached_before(group: Ints, end: Ints) -> Ints:
    """The latest end among the rows before each in its group; UNKNOWN for the first.

    Args:
        group: ascending; fewer than 2^22 groups.
        end: UNKNOWN where a row is not to count.
    """
    if not len(group):
        return end
    latest = np.maximum.accumulate((group << SPAN_BITS) + end)
    before = np.concatenate(([UNKNOWN], latest[:-1]))
    return np.where(before >> SPAN_BITS == group, before & _SPAN, UNKNOWN)
