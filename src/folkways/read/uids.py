"""A sensor's connection ids as numbers, so that names logged apart can be joined to connections.

The number of a text is its MurmurHash64A (seed 0) shifted right by one. A log has a new id in every
row, so that the hash is computed for many texts at once; it spreads well, and is not for secrecy.

Source: A. Appleby's SMHasher, which states the hash and a number to verify it by.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.validity import nullable
from folkways.read.numbers import integers, mask_of
from folkways.read.text import Octets, octets_of, windows

Words = npt.NDArray[np.uint64]

_TOGETHER = 4096  # rows at once: their words stay in the processor's cache
_LONG = 64  # longer texts are no ids of any sensor, and hashed one by one
_BITS = 2**64 - 1
_FACTOR = 0xC6A4A7935BD1E995
_SHIFT = 47


def murmur64a(octets: bytes, seed: int = 0) -> int:
    """The hash of some octets."""
    found = seed ^ (len(octets) * _FACTOR & _BITS)
    for start in range(0, len(octets), 8):
        word = int.from_bytes(octets[start : start + 8], "little")
        if start + 8 <= len(octets):
            word = word * _FACTOR & _BITS
            word = (word ^ word >> _SHIFT) * _FACTOR & _BITS
        found = (found ^ word) * _FACTOR & _BITS
    found = (found ^ found >> _SHIFT) * _FACTOR & _BITS
    return found ^ found >> _SHIFT


def uid_number(text: str) -> int:
    """The number of one id."""
    return murmur64a(text.encode()) >> 1


def uid_numbers(column: pa.Array) -> pa.Array:
    """The numbers of a column of ids (int64); null stays null."""
    texts = octets_of(column)
    numbers = np.empty(len(column), np.int64)
    for start in range(0, len(column), _TOGETHER):
        rows = slice(start, start + _TOGETHER)
        numbers[rows] = (_hashes(texts.part(rows)[0]) >> np.uint64(1)).view(np.int64)
    for row in np.flatnonzero(texts.lengths > _LONG):
        numbers[row] = uid_number(column[int(row)].as_py())
    return nullable(numbers, mask_of(column.is_valid()))


def flow_numbers(column: pa.Array) -> pa.Array:
    """The same for ids that are whole numbers and stand for themselves; what is none is hashed."""
    numbers, others = integers(column)
    return numbers if others is None else pc.coalesce(numbers, uid_numbers(column))


def _hashes(texts: Octets) -> Words:
    """The hash of each text that is not long."""
    lengths = np.minimum(texts.lengths, _LONG).astype(np.uint64)
    factor, shift = np.uint64(_FACTOR), np.uint64(_SHIFT)
    found = lengths * factor
    for place, word in enumerate(_words(texts, int(lengths.max()))):
        mixed = word * factor
        mixed ^= mixed >> shift
        mixed *= factor
        # The last octets, fewer than eight, go in as they are.
        mixed = np.where(lengths >= 8 * (place + 1), mixed, word)
        mixed ^= found
        mixed *= factor
        found = np.where(lengths > 8 * place, mixed, found)
    found = (found ^ found >> shift) * factor
    return found ^ found >> shift


def _words(texts: Octets, length: int) -> Words:
    """The texts as words of eight octets, zeros after their ends, all first words first."""
    width = -(-length // 8) * 8
    block = windows(texts.data, texts.starts, width)
    if (texts.lengths != width).any():
        block *= np.arange(width) < texts.lengths[:, None]
    return np.ascontiguousarray(block.view("<u8").T)
