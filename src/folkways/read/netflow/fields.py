"""Records of one template as columns: big-endian numbers of any length, without a loop over rows.

The octets of all records stand in one buffer; numpy sees each field in it by offset and stride.
"""

import numpy as np
import numpy.typing as npt

from folkways.formats.ipfix import REVERSE_PEN, elements
from folkways.read.netflow.templates import Template

Ints = npt.NDArray[np.int64]
Octets = npt.NDArray[np.uint8]
_WHOLE = (1, 2, 4, 8)


class Fields:
    """Columns of records by the names of information elements."""

    def __init__(self, template: Template, content: bytes, rows: int) -> None:
        self.rows = rows
        self._table = np.frombuffer(content, np.uint8).reshape(rows, template.octets)
        self._places: dict[tuple[int, int], tuple[int, int]] = {}
        at = 0
        for field in template.fields:
            # Where an element comes twice the first one stands for the packet as observed.
            if field.length:
                self._places.setdefault((field.number, field.enterprise), (at, field.length))
            at += field.length
        self._numbers = elements()

    def has(self, name: str, *, reverse: bool = False) -> bool:
        """Whether the records carry the element."""
        return self._key(name, reverse=reverse) in self._places

    def unsigned(self, name: str, *, reverse: bool = False) -> Ints | None:
        """The element as numbers; None: not carried. Those of 2^63 or more become -1."""
        octets = self.octets(name, reverse=reverse)
        if octets is None or octets.shape[1] > 8:
            return None
        length = octets.shape[1]
        if length not in _WHOLE:
            whole = np.zeros((self.rows, 4 if length < 4 else 8), np.uint8)
            whole[:, -length:] = octets
            octets, length = whole, whole.shape[1]
        numbers = np.ascontiguousarray(octets).view(f">u{length}").reshape(-1)
        if length < 8:
            return numbers.astype(np.int64)
        return np.where(numbers >> np.uint64(63), -1, numbers.astype(np.int64))

    def octets(self, name: str, *, reverse: bool = False) -> Octets | None:
        """The element as it stands, (rows, length); None: not carried."""
        place = self._places.get(self._key(name, reverse=reverse))
        return None if place is None else self._table[:, place[0] : place[0] + place[1]]

    def _key(self, name: str, *, reverse: bool) -> tuple[int, int]:
        return self._numbers[name], REVERSE_PEN if reverse else 0
