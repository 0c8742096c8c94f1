"""How much was reported twice: by two exporters, at ingress and egress, or in two files.

Looked at before anything is ingested, in bounded memory: flows are sampled by their key, so that
all reports of a sampled flow are there.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.addresses import addresses_to_numpy
from folkways.model.hashing import Hashes, hashes

MOST_ROWS = 400_000
TOLERANCE_MS = 2_000
"""Clocks of two exporters may differ by so much."""

_KEY = ("source_port", "destination_port", "protocol")


@dataclass
class Sightings:
    """Reports of sampled flows: hash of the key, who saw it where, from when to when."""

    rows: int = 0
    _every: int = 1
    _kept: list[npt.NDArray[np.int64]] = field(default_factory=list)
    _count: int = 0
    _places: dict[tuple[str | None, str | None], int] = field(default_factory=dict)

    def add(self, rows: pa.RecordBatch, source: int = 0) -> None:
        """Look at a batch of ``records`` of a source, given by its number."""
        self.rows += rows.num_rows
        keys = _hashes(rows)
        chosen = np.flatnonzero(keys % np.uint64(self._every) == 0)
        if not len(chosen):
            return
        picked = rows.take(pa.array(chosen))
        table = np.empty((len(chosen), 5), np.int64)
        table[:, 0] = keys[chosen].view(np.int64)
        table[:, 1] = self._place(picked)
        table[:, 2] = picked["start_ms"].to_numpy()
        table[:, 3] = picked["end_ms"].to_numpy()
        table[:, 4] = source
        self._kept.append(table)
        self._count += len(chosen)
        while self._count > MOST_ROWS:
            self._thin()

    @property
    def places(self) -> int:
        """How many exporters and places at them reported."""
        return len(self._places)

    def twice(self) -> float | None:
        """Share of rows that overlap with a report of the same flow from elsewhere.

        Of two reports one is counted. None: nothing was reported.
        """
        if not self._count:
            return None
        table = np.concatenate(self._kept)
        key, place, start, end, _ = table[np.lexsort((table[:, 2], table[:, 0]))].T
        same = (key[1:] == key[:-1]) & (place[1:] != place[:-1])
        again = same & (start[1:] <= end[:-1] + TOLERANCE_MS)
        return float(again.sum() / len(table))

    def repeated(self) -> float | None:
        """Share of rows that stand in another file as well: same flow, place, start and end."""
        if not self._count:
            return None
        table = np.concatenate(self._kept)
        # Sorted by source last, so that the same row of other files is next to it.
        table = table[np.lexsort((table[:, 4], *table[:, :4].T))]
        same = (table[1:, :4] == table[:-1, :4]).all(axis=1) & (table[1:, 4] != table[:-1, 4])
        return float(same.sum() / len(table))

    def _place(self, rows: pa.RecordBatch) -> npt.NDArray[np.int64]:
        exporters = rows["exporter"].dictionary_encode(null_encoding="encode")
        points = rows["observation_point"].dictionary_encode(null_encoding="encode")
        wide = len(points.dictionary)
        codes = exporters.indices.to_numpy().astype(np.int64) * wide + points.indices.to_numpy()
        distinct, at = np.unique(codes, return_inverse=True)
        names = exporters.dictionary.to_pylist(), points.dictionary.to_pylist()
        pairs = [(names[0][code // wide], names[1][code % wide]) for code in distinct.tolist()]
        numbers = [self._places.setdefault(pair, len(self._places)) for pair in pairs]
        return np.array(numbers, np.int64)[at.reshape(-1)]

    def _thin(self) -> None:
        self._every *= 2
        table = np.concatenate(self._kept)
        table = table[table[:, 0].view(np.uint64) % np.uint64(self._every) == 0]
        self._kept, self._count = [table], len(table)


def _hashes(rows: pa.RecordBatch) -> Hashes:
    """(n,) a hash of the 5-tuple, in its direction."""
    ends = (addresses_to_numpy(rows[f"{side}_address"])[0] for side in ("source", "destination"))
    numbers = (pc.cast(rows[name].fill_null(-1), pa.int64()).to_numpy() for name in _KEY)
    return hashes(*map(np.ascontiguousarray, ends), *numbers)
