"""Octets of a SiLK file, taken one part after the other, up to where it is cut or breaks."""

import io
from dataclasses import dataclass
from typing import BinaryIO, cast

import numpy as np

from folkways.model.errors import FormatError
from folkways.read.source import BROKEN_STREAM

_MOST = 1 << 22  # octets of a header; real ones have some hundred


@dataclass
class Octets:
    """What is left of a stream. ``broken``: its compression (gzip, ...) broke off."""

    name: str
    stream: BinaryIO
    taken: int = 0
    broken: bool = False

    def take(self, size: int) -> bytes:
        """So many octets, or those that are left."""
        pieces: list[bytes] = []
        left = size
        # read() would lose what it has when a compressed stream breaks; read1() does not.
        stream = cast("io.BufferedReader", self.stream)
        try:
            while left and (piece := stream.read1(left)):
                pieces.append(piece)
                left -= len(piece)
        except BROKEN_STREAM:
            self.broken = True
        self.taken += size - left
        return b"".join(pieces)

    def header(self, size: int) -> bytes:
        """So many octets of the header.

        Raises:
            FormatError: there are not so many, or the header would be absurdly long.
        """
        found = self.take(size) if self.taken + size <= _MOST else b""
        if len(found) < size:
            raise FormatError(f"{self.name} has a cut or damaged SiLK header; nothing can be read.")
        return found

    def number(self, size: int, *, big: bool) -> int:
        """A number of the header, of so many octets."""
        return int.from_bytes(self.header(size), "big" if big else "little")

    def structure(self, dtype: np.dtype[np.void]) -> np.void:
        """A structure of the header."""
        found: np.void = np.frombuffer(self.header(dtype.itemsize), dtype)[0]
        return found
