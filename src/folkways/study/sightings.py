"""How much was reported twice: by two exporters, at ingress and egress, or in two files.

Looked at before anything is ingested, in bounded memory: flows are chosen by their key, so that
all reports of a chosen flow are there.
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
_WITH_PORTS = (6, 17, 132)
_WHOLE, _SAMPLE, _OTHER = range(3)
_SPAN = 1 << 43
"""More than the times of one study lie apart, in ms."""
_NEVER = np.iinfo(np.int64).min // 2


@dataclass
class Sightings:
    """Reports of chosen flows: hash of the key, who saw it where, from when to when.

    ``sampling`` is what a person states of all sources, 1 in N.
    """

    sampling: int | None = None

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
        table = np.empty((len(chosen), 6), np.int64)
        table[:, 0] = keys[chosen].view(np.int64)
        table[:, 1] = self._place(picked)
        table[:, 2] = picked["start_ms"].to_numpy()
        table[:, 3] = picked["end_ms"].to_numpy()
        table[:, 4] = source
        table[:, 5] = self._nature(picked)
        self._kept.append(table)
        self._count += len(chosen)
        while self._count > MOST_ROWS:
            self._thin()

    @property
    def places(self) -> int:
        """How many exporters and places at them reported."""
        return len(self._places)

    def twice(self) -> float | None:
        """Share of rows that repeat a report of the same flow from elsewhere: of three, two do.

        Only of rows that settling sets off against each other: no samples, no sums, and nothing
        whose ports are not known. None: nothing was reported.
        """
        return self._again(_WHOLE)

    def sampled(self) -> float | None:
        """Likewise of samples, which are never set off: they are not of the same packets."""
        return self._again(_SAMPLE)

    def _again(self, nature: int) -> float | None:
        if not self._count:
            return None
        table = np.concatenate(self._kept)
        mine = table[table[:, 5] == nature]
        key, place, start, end, *_ = mine[np.lexsort((mine[:, 1], mine[:, 2], mine[:, 0]))].T
        last = latest_elsewhere(key, place, end)
        return float((start <= last + TOLERANCE_MS).sum() / len(table))

    def repeated(self) -> float | None:
        """Share of rows that stand in a file before as well: same flow, place, start and end."""
        if not self._count:
            return None
        table = np.concatenate(self._kept)
        # Sorted by source last, so that each run of equal rows begins with the first file's.
        table = table[np.lexsort((table[:, 4], *table[:, :4].T))]
        first = np.append(True, (table[1:, :4] != table[:-1, :4]).any(axis=1))
        begun = np.maximum.accumulate(np.where(first, np.arange(len(table)), 0))
        return float((table[:, 4] != table[begun, 4]).sum() / len(table))

    def _nature(self, rows: pa.RecordBatch) -> npt.NDArray[np.int64]:
        """What a report is: of all packets, a sample of them, or what cannot be compared."""
        rate = pc.fill_null(rows["sampling"], 1).to_numpy() if self.sampling is None else None
        one_in = np.full(rows.num_rows, self.sampling) if rate is None else rate
        whole = np.where(one_in > 1, _SAMPLE, _WHOLE)
        ported = pc.is_in(rows["protocol"], pa.array(_WITH_PORTS, rows["protocol"].type))
        unknown = pc.or_(rows["source_port"].is_null(), rows["destination_port"].is_null())
        other = pc.or_(rows["flows"].is_valid(), pc.and_(ported, unknown))
        return np.where(other.to_numpy(zero_copy_only=False), _OTHER, whole)

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


def latest_elsewhere(
    key: npt.NDArray[np.int64], place: npt.NDArray[np.int64], end: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """The latest end among the rows of a key before each one that are of other places, (n,).

    Rows of a key stand together, in their order. Where there is none it is long ago. Two maxima
    run along: the latest end so far with its place, and the latest of all other places.
    """
    n = len(key)
    if not n:
        return end
    begins = np.append(True, key[1:] != key[:-1])
    level = np.cumsum(begins) * _SPAN  # later keys lie above all earlier ones
    height = np.clip(end - end.min(), 0, _SPAN - 2) + 1 + level
    best = np.maximum.accumulate(height)
    rises = np.append(True, best[1:] > best[:-1])
    at = np.maximum.accumulate(np.where(rises, np.arange(n), 0))
    before = np.append(0, at[:-1])  # where the best of all rows before stands
    has = ~begins
    other = has & (place[before] != place)
    # Whoever is not the best is a second, and so is a best that another place overtakes.
    second = np.where(other, np.where(rises, height[before], height), level)
    seconds = np.append(0, np.maximum.accumulate(second)[:-1])
    found = np.where(other, height[before], seconds)
    known = has & (found > level)
    return np.where(known, found - level - 1 + end.min(), _NEVER)
