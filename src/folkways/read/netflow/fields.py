"""Records of one template as columns: big-endian numbers of any length, without a loop over rows.

The octets of all records stand in one buffer; numpy sees each field in it by offset and stride.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt

from folkways.formats.ipfix import REVERSE_PEN, aliases, elements, enterprise_elements
from folkways.read.netflow.templates import Template

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Octets = npt.NDArray[np.uint8]
Key = tuple[int, int]
"""Number and enterprise of an element."""
Section = tuple[Octets, Ints, Ints]
ROOM = 64
"""Octets behind the last section, so that any header can be read where it is cut."""
_PARTS = (8, 4, 2, 1)
LONGEST = 8
"""Octets of a number that is read as it stands; of longer ones, what stands before must be 0."""
_ALIASES = aliases()


@cache
def element_keys() -> dict[str, Key]:
    """Number and enterprise of all elements that are used, by name."""
    return {name: (number, 0) for name, number in elements().items()} | enterprise_elements()


class Fields:
    """Columns of records by the names of information elements."""

    def __init__(self, template: Template, content: bytes | Octets, rows: int) -> None:
        self.rows = rows
        self._content = content
        self._stride = template.octets
        self._places: dict[Key, tuple[int, int]] = {}
        self._added: dict[Key, Ints] = {}
        self._sections: dict[int, Section] = {}
        at = 0
        for field in template.fields:
            # Where an element comes twice the first one stands for the packet as observed.
            if field.length:
                key = field.number, field.enterprise
                if not field.enterprise:
                    key = _ALIASES.get(field.number, field.number), 0
                self._places.setdefault(key, (at, field.length))
            at += field.length

    def add(self, columns: dict[Key, Ints]) -> None:
        """Add elements that do not stand in the records themselves, -1 where not known."""
        self._added |= columns

    def has(self, name: str, *, reverse: bool = False) -> bool:
        """Whether the records carry the element."""
        return _key(name, reverse=reverse) in self._places

    def unsigned(self, name: str, *, reverse: bool = False) -> Ints | None:
        """The element as numbers; None: not carried. Those of 2^63 or more become negative."""
        key = _key(name, reverse=reverse)
        place = self._places.get(key)
        if place is None:
            return self._added.get(key)
        at, left = place
        numbers: Ints | None = None
        if left > LONGEST:
            return self._long(at, left)
        # Odd lengths are read as the powers of two that they consist of.
        for part in _PARTS:
            if left & part:
                piece = self._view(f">u{part}", at).astype(np.int64)
                numbers = piece if numbers is None else numbers << (8 * part) | piece
                at += part
        return numbers

    def octets(self, name: str, *, reverse: bool = False) -> Octets | None:
        """The element as it stands, (rows, length); None: not carried."""
        place = self._places.get(_key(name, reverse=reverse))
        if place is None:
            return None
        values = np.ascontiguousarray(self._view(f"V{place[1]}", place[0]))
        return values.view(np.uint8).reshape(self.rows, place[1])

    def length(self, name: str, *, reverse: bool = False) -> int:
        """Octets of the element in each record; 0: not carried."""
        return self._places.get(_key(name, reverse=reverse), (0, 0))[1]

    def hold(self, sections: dict[int, Section]) -> None:
        """Add octets of variable length, by element, that stand elsewhere than the records."""
        self._sections |= {_ALIASES.get(number, number): part for number, part in sections.items()}

    def section(self, name: str) -> Section | None:
        """Octets of any length: all octets with room behind, where each begins, how long it is."""
        key = element_keys()[name]
        if key[0] in self._sections:
            return self._sections[key[0]]
        place = self._places.get(key)
        if place is None:
            return None
        content = self._content if isinstance(self._content, bytes) else self._content.tobytes()
        data = np.frombuffer(content + bytes(ROOM), np.uint8)
        at = np.arange(self.rows, dtype=np.int64) * self._stride + place[0]
        return data, at, np.full(self.rows, place[1], np.int64)

    def carries(self, chosen: Callable[[Key], bool]) -> bool:
        """Whether any element of the records is one of those."""
        return any(map(chosen, self._places))

    def _long(self, at: int, octets: int) -> Ints:
        """Numbers of more than eight octets: the last eight, -1 where those before are not 0."""
        before = np.ascontiguousarray(self._view(f"V{octets - LONGEST}", at)).view(np.uint8)
        fits = ~before.reshape(self.rows, -1).any(axis=1)
        numbers = self._view(f">u{LONGEST}", at + octets - LONGEST).astype(np.int64)
        return np.where(fits, numbers, -1)

    def _view(self, kind: str, at: int) -> npt.NDArray[np.generic]:
        strides = (self._stride,)
        return np.ndarray((self.rows,), np.dtype(kind), self._content, at, strides)


def _key(name: str, *, reverse: bool) -> Key:
    key = element_keys()[name]
    return (key[0], REVERSE_PEN) if reverse and not key[1] else key
