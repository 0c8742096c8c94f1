"""Fields of records as columns of numbers, whatever word and bits they are packed in."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from folkways.model.addresses import MAPPED_PREFIX
from folkways.read.silk.header import Header

Numbers = npt.NDArray[np.int64]
_PREFIX = np.frombuffer(MAPPED_PREFIX, np.uint8)


@dataclass(frozen=True)
class Fields:
    """Records of one layout. All columns are (n,), numbers of 64 bits; absent fields are zero."""

    records: npt.NDArray[np.void]
    header: Header

    def __contains__(self, name: str) -> bool:
        return name in self.header.layout.fields

    def __getitem__(self, name: str) -> Numbers:
        """A field; 64-bit counters beyond 63 bits become negative."""
        bits = self.header.layout.fields.get(name)
        if bits is None:
            return np.zeros(len(self.records), np.int64)
        word = self.records[bits.word]
        if word.ndim > 1:
            word = _triple(word, big=bits.big or self.header.big_endian)
        numbers = word.astype(np.int64)
        if bits.width == numbers.itemsize * 8:
            return numbers
        return numbers >> bits.shift & ((1 << bits.width) - 1)

    def limit(self, name: str) -> int:
        """The greatest number that a field can hold."""
        return (1 << self.header.layout.fields[name].width) - 1

    def flag(self, name: str, mask: int = 1) -> npt.NDArray[np.bool_]:
        """Whether any bit of the mask is set."""
        return (self[name] & mask) != 0

    def address(self, name: str, ipv6: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
        """(n, 16) octets; of a record that is not IPv6 the last four are the address."""
        word = self.records[self.header.layout.fields[name].word]
        octets = np.empty((len(word), 16), np.uint8)
        if word.ndim > 1:
            octets[:] = word
            octets[~ipv6, :12] = _PREFIX
        else:
            octets[:, :12] = _PREFIX
            octets[:, 12:] = word.astype(">u4").view(np.uint8).reshape(-1, 4)
        return octets


def _triple(octets: npt.NDArray[np.uint8], *, big: bool) -> Numbers:
    """Three octets as a number."""
    high, middle, low = (octets if big else octets[:, ::-1]).astype(np.int64).T
    return high << 16 | middle << 8 | low
