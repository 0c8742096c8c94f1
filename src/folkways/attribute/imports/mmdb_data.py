"""The data section of MaxMind DB files: one value at a place (specification, version 2.0)."""

from typing import Any

_DEEPEST = 64
_POINTER, _STRING, _DOUBLE, _BYTES, _UINT16, _UINT32, _MAP = range(1, 8)
_INT32, _UINT64, _UINT128, _ARRAY, _CONTAINER, _END, _BOOLEAN, _FLOAT = range(8, 16)
_NUMBERS = {_UINT16: 2, _UINT32: 4, _UINT64: 8, _UINT128: 16, _INT32: 4}
_POINTER_BASE = (0, 2048, 526_336, 0)


class MmdbError(ValueError):
    """The file contradicts the specification."""


class Decoder:
    """Decodes values of a data section.

    It counts their parts: records share what pointers lead to, so that a small damaged file could
    cost endless time.
    """

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._parts = 4 * len(data) + 1000

    def decode(self, place: int) -> Any:
        """The value that begins at a place. Floating numbers and bytes are passed over as None.

        Raises:
            MmdbError: it is cut, nested too deeply, repeated too often, or of an unknown type.
        """
        return self._value(place, 0)[0]

    def _value(self, place: int, depth: int) -> tuple[Any, int]:
        """The value at a place and the place after it."""
        self._parts -= 1
        if depth > _DEEPEST or self._parts < 0:
            raise MmdbError("its records are nested or repeated without end")
        control = self._bytes(place, 1)[0]
        kind, place = control >> 5, place + 1
        if kind == _POINTER:
            size = (control >> 3 & 3) + 1
            number = int.from_bytes(self._bytes(place, size), "big")
            if size < 4:
                number += (control & 7) << 8 * size
            return self._value(number + _POINTER_BASE[size - 1], depth + 1)[0], place + size
        if kind == 0:
            kind, place = self._bytes(place, 1)[0] + 7, place + 1
        size, place = self._size(control & 0x1F, place)
        if kind == _MAP:
            return self._map(size, place, depth + 1)
        if kind == _ARRAY:
            items = []
            for _ in range(size):
                item, place = self._value(place, depth + 1)
                items.append(item)
            return items, place
        return self._scalar(kind, size, place)

    def _size(self, size: int, place: int) -> tuple[int, int]:
        if size < 29:
            return size, place
        more = size - 28
        base = (29, 285, 65_821)[more - 1]
        return base + int.from_bytes(self._bytes(place, more), "big"), place + more

    def _map(self, size: int, place: int, depth: int) -> tuple[dict[str, Any], int]:
        found = {}
        for _ in range(size):
            key, place = self._value(place, depth)
            if not isinstance(key, str):
                raise MmdbError("a key is no text")
            found[key], place = self._value(place, depth)
        return found, place

    def _scalar(self, kind: int, size: int, place: int) -> tuple[Any, int]:
        if kind == _BOOLEAN:
            return bool(size), place
        octets, after = self._bytes(place, size), place + size
        if kind == _STRING:
            return bytes(octets).decode("utf-8", "replace"), after
        if kind in {_DOUBLE, _FLOAT, _BYTES}:
            return None, after
        if size > _NUMBERS.get(kind, -1):
            raise MmdbError(f"a record is of the unknown type {kind} or length {size}")
        signed = kind == _INT32 and size == 4
        return int.from_bytes(octets, "big", signed=signed), after

    def _bytes(self, place: int, size: int) -> memoryview:
        if place < 0 or place + size > len(self._data):
            raise MmdbError("a record is cut")
        return self._data[place : place + size]
