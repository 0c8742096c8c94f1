"""The flows that are open: where each is kept, what is known of it, which have fallen silent."""

import numpy as np
import numpy.typing as npt

from folkways.read.capture.keys import KEY_WORDS
from folkways.read.capture.packets import Flags, Rows

PIECE = np.dtype(
    [
        ("id", np.int64),
        ("key", np.uint64, KEY_WORDS),
        ("start", np.int64),
        ("end", np.int64),
        ("bytes", np.int64, 2),
        ("packets", np.int64, 2),
        ("tcp_flags", np.uint8, 2),
        ("source_side", np.uint8),
        ("opened", np.bool_),
        ("begins", np.bool_),
        ("cut", np.bool_),
    ]
)
"""A piece of a flow; pairs are by side of the key, times in nanoseconds, id -1 is none."""
STATE = np.dtype(
    [
        ("last", np.int64),
        ("clock", np.int64),
        ("clock_start", np.int64),
        ("closed", np.bool_),
        ("isn", np.uint32, 2),
        ("isn_known", np.bool_, 2),
    ]
)
"""What ``cuts`` has to know of an open flow: the time of its last packet, its running maximum, what
that was where the piece began, FIN or RST since the last SYN, and the sides' last SYN numbers."""

Pieces = npt.NDArray[np.void]
State = npt.NDArray[np.void]

_FIRST_SIZE = 4096


class OpenFlows:
    """Rows of pieces and state by slot; a key has a slot while its flow is open."""

    def __init__(self) -> None:
        self._slot_of: dict[bytes, int] = {}
        self._free: list[int] = []
        self.pieces: Pieces = np.zeros(0, PIECE)
        self.state: State = np.zeros(0, STATE)

    def __len__(self) -> int:
        """The number of open flows."""
        return len(self._slot_of)

    def find(self, keys: list[bytes]) -> tuple[Rows, Flags]:
        """The slots of flows, (g,), and which of them were not open; these are open from now on."""
        slot_of = self._slot_of
        found = [slot_of.get(key, -1) for key in keys]
        new = np.array(found, np.intp) < 0
        missing = np.flatnonzero(new).tolist()
        if len(self._free) < len(missing):
            self._grow(len(missing))
        for which in missing:
            found[which] = slot_of[keys[which]] = self._free.pop()
        slots = np.array(found, np.intp)
        self.state[slots[new]] = np.zeros((), STATE)
        return slots, new

    def _grow(self, missing: int) -> None:
        before = len(self.pieces)
        size = before + max(missing, before // 2, _FIRST_SIZE)
        pieces, state = np.zeros(size, PIECE), np.zeros(size, STATE)
        pieces["id"] = -1
        pieces[:before], state[:before] = self.pieces, self.state
        self.pieces, self.state = pieces, state
        self._free = [*range(size - 1, before - 1, -1), *self._free]

    def close(self, slots: Rows) -> Pieces:
        """Take flows out; returns their pieces."""
        closed = self.pieces[slots]
        for key in closed["key"].copy().view(f"V{8 * KEY_WORDS}").reshape(-1).tolist():
            del self._slot_of[key]
        self.pieces["id"][slots] = -1
        self._free += slots.tolist()
        return closed

    def all(self) -> Rows:
        """The slots of all open flows."""
        return np.flatnonzero(self.pieces["id"] >= 0)

    def silent(self, earliest: int, latest: int) -> Rows:
        """Slots of flows whose last packet came before ``earliest`` or after ``latest`` (ns)."""
        last = self.state["last"]
        outside = (last < earliest) | (last > latest)
        return np.flatnonzero(outside & (self.pieces["id"] >= 0))

    def longest_silent(self, count: int) -> Rows:
        """The slots of so many flows, those silent for longest; of equals the oldest."""
        slots = self.all()
        order = np.lexsort((self.pieces["id"][slots], self.state["last"][slots]))
        return slots[order[:count]]
