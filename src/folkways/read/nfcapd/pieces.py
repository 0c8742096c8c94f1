"""Pieces of work: flow records of some blocks that are decoded together, away from the reading.

The blocks of a piece lie one after the other in one buffer, and buffers are used again: to get
fresh memory of this size from the system costs more time than to read the records in it.
"""

from functools import partial

import numpy as np

from folkways.model.batches import Tally
from folkways.read.nfcapd import layout1, layout2
from folkways.read.nfcapd.decompress import MOST
from folkways.read.nfcapd.facts import Facts
from folkways.read.nfcapd.rows import make_rows
from folkways.read.nfcapd.walk import Octets, Positions
from folkways.read.works import Result, Work

_ROWS = 32_768
_OCTETS = 8 * 2**20
_ALIGNMENT = 8
_CAPACITY = _OCTETS + _ALIGNMENT + MOST


class Pieces:
    """Gathers flow records until there are enough for a piece of work."""

    def __init__(self, layout: int) -> None:
        self._layout = layout
        self._free: list[Octets] = []
        self._begin()

    def _begin(self) -> None:
        self._buffer = self._free.pop() if self._free else np.empty(_CAPACITY, np.uint8)
        self._at: list[Positions] = []
        self._sizes: list[Positions] = []
        self._block = slice(0, 0)
        self._end = self._rows = 0

    def room(self, size: int) -> Octets:
        """Where to put the next block; one there already is lost if none of its records is kept."""
        start = -(-self._end // _ALIGNMENT) * _ALIGNMENT
        self._block = slice(start, start + size)
        return self._buffer[self._block]

    def add(self, at: Positions, sizes: Positions) -> None:
        """Keep flow records of the block that was put last."""
        if len(at):
            self._at.append(at + self._block.start)
            self._sizes.append(sizes)
            self._rows += len(at)
            self._end = self._block.stop

    @property
    def enough(self) -> bool:
        """Whether to do what is gathered, before another block is put."""
        return self._rows >= _ROWS or self._end >= _OCTETS

    def work(self, facts: Facts) -> Work:
        """The piece as it is, to be read by these facts; the next one begins."""
        work = partial(self._decode, self._buffer, self._at, self._sizes, facts)
        self._begin()
        return work

    def _decode(
        self, data: Octets, at: list[Positions], sizes: list[Positions], facts: Facts
    ) -> Result:
        tally = Tally()
        batches = []
        if at:
            records = data, np.concatenate(at), np.concatenate(sizes)
            if self._layout == 1:
                found = layout1.tables(*records, facts.maps, tally)
            else:
                found = layout2.tables(*records, tally)
            made = (make_rows(fields, facts, tally) for fields in found if len(fields.rows))
            batches = [batch for batch in made if batch is not None]
        self._free.append(data)
        return tally, batches
