"""A sensor's connection ids as numbers, so that names logged apart can be joined to connections.

The number of a text is the first eight bytes of the MD5 of the text, big endian, shifted right by one. MD5 is
used as a well-spread hash, not for secrecy. A log has a new id in every row, and a call of hashlib
for each would cost more than all the rest of the reading, so it is computed for many texts at once.
"""

import hashlib

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.read.numbers import integers, mask_of
from folkways.read.text import Octets, octets_of, windows

Words = npt.NDArray[np.uint32]

_TOGETHER = 32_768  # rows at once: their words stay in the processor's cache
_ONE_BLOCK = 55  # longer texts do not fit MD5's first block with its padding

# RFC 1321, 3.4: the sines, the rotations and the order of words of the four rounds.
_SINES = np.floor(np.abs(np.sin(np.arange(1, 65))) * 2**32).astype(np.uint32)
_TURNS = ((7, 12, 17, 22), (5, 9, 14, 20), (4, 11, 16, 23), (6, 10, 15, 21))
_ORDER = ((1, 0), (5, 1), (3, 5), (7, 0))  # step k takes word factor * k + shift
_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)


def uid_number(text: str) -> int:
    """The number of one id."""
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def uid_numbers(column: pa.Array) -> pa.Array:
    """The numbers of a column of ids (int64); null stays null."""
    texts = octets_of(column)
    numbers = np.empty(len(column), np.int64)
    for start in range(0, len(column), _TOGETHER):
        part = slice(start, start + _TOGETHER)
        rows = Octets(texts.data, texts.starts[part], texts.ends[part])
        numbers[part] = _first_eight(_padded(rows)).view(np.int64)
    for row in np.flatnonzero(texts.lengths > _ONE_BLOCK):
        numbers[row] = uid_number(column[int(row)].as_py())
    return pa.array(numbers, mask=~mask_of(column.is_valid()))


def flow_numbers(column: pa.Array) -> pa.Array:
    """The same for ids that are whole numbers and stand for themselves; what is none is hashed."""
    numbers, others = integers(column)
    return numbers if others is None else pc.coalesce(numbers, uid_numbers(column))


def _padded(texts: Octets) -> dict[int, Words]:
    """MD5's sixteen words of each text (little endian): text, a bit, zeros, its length in bits.

    Words that are zero in all texts are left out.
    """
    lengths = np.where(texts.lengths > _ONE_BLOCK, 0, texts.lengths)
    width = (int(lengths.max()) + 4) // 4 * 4
    block = windows(texts.data, texts.starts, width)
    block *= np.arange(width) < lengths[:, None]
    block[np.arange(len(lengths)), lengths] = 0x80
    words = dict(enumerate(np.ascontiguousarray(block.view("<u4").T)))
    length = (lengths * 8).astype(np.uint32)
    words[14] = words[14] | length if 14 in words else length
    return words


def _first_eight(words: dict[int, Words]) -> npt.NDArray[np.uint64]:
    """The first eight bytes of the digest as a number shifted right by one."""
    rows = len(words[0])
    a, b, c, d = (np.full(rows, word, np.uint32) for word in _START)
    mixed, turned = np.empty(rows, np.uint32), np.empty(rows, np.uint32)
    for step in range(64):
        turn, position = divmod(step, 16)
        _mix(turn, b, c, d, mixed)
        factor, shift = _ORDER[turn]
        word = words.get((factor * position + shift) % 16)
        mixed += a
        mixed += _SINES[step]
        if word is not None:
            mixed += word
        by = _TURNS[turn][position % 4]
        np.left_shift(mixed, np.uint32(by), out=turned)
        mixed >>= np.uint32(32 - by)
        mixed |= turned
        mixed += b
        # The old a is of no further use: its memory takes the next mix.
        a, d, c, b, mixed = d, c, b, mixed, a
    first, second = a + np.uint32(_START[0]), b + np.uint32(_START[1])
    upper = first.byteswap().astype(np.uint64) << np.uint64(32)
    return (upper | second.byteswap()) >> np.uint64(1)


def _mix(turn: int, b: Words, c: Words, d: Words, out: Words) -> None:
    """RFC 1321's F, G, H and I, without new memory."""
    if turn == 0:
        np.bitwise_xor(c, d, out=out)
        out &= b
        out ^= d
    elif turn == 1:
        np.bitwise_xor(b, c, out=out)
        out &= d
        out ^= c
    elif turn == 2:
        np.bitwise_xor(b, c, out=out)
        out ^= d
    else:
        np.invert(d, out=out)
        out |= b
        out ^= c
