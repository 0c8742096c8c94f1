"""Text addresses to 16 bytes at the speed of whole logs: dotted IPv4 in numpy, the rest by value.

``addresses_from_text`` of the model calls a function for each distinct address; a log of many
remotes has nearly as many as it has rows.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.addresses import (
    addresses_from_numpy,
    addresses_from_text,
    addresses_to_numpy,
    mapped_from_ipv4,
)
from folkways.read.numbers import Mask, mask_of
from folkways.read.text import Octets, octets_of, words_at

_DOT, _SLASH, _COLON = 0x2E, 0x2F, 0x3A
_SAMPLE = 4096
_TOGETHER = 4096  # rows at once: what is in between stays in the processor's cache
_MAPPED = r"^(?i)::ffff:([0-9]{1,3}\.[0-9.]{5,11})$"
_BAD = 256


def _part_values() -> npt.NDArray[np.uint32]:
    """The number that a part of a dotted address stands for, by length and digits; 256: none.

    The index holds the digits' low four bits, first digit lowest, and the length above them. As
    inet_pton has it: one to three digits, 255 at most, no leading zero.
    """
    values = np.full(5 << 12, _BAD, np.uint32)
    for number in range(256):
        digits = [int(d) for d in str(number)]
        index = sum(d << (4 * place) for place, d in enumerate(digits))
        values[index | len(digits) << 12] = number
    return values


_VALUES = _part_values()
_DIGITS = np.array([0, 0xF, 0xF0F, 0xF0F0F, 0], np.uint32)
"""By a part's length, the bits of four bytes from its start on that hold its digits."""


def addresses(column: pa.Array) -> pa.Array:
    """A column of 16-byte addresses; null where the text is none."""
    if _repeats(column):
        encoded = column.dictionary_encode()
        return _addresses(encoded.dictionary).take(encoded.indices)
    return _addresses(column)


def _repeats(column: pa.Array) -> bool:
    """Whether a column has few distinct values, as its beginning has it."""
    return len(column) > 2 * _SAMPLE and len(column.slice(0, _SAMPLE).unique()) < _SAMPLE // 2


def _addresses(column: pa.Array) -> pa.Array:
    texts = octets_of(column)
    dots = _dots(texts)
    if dots is not None:
        return addresses_from_numpy(*_dotted(texts, dots))
    colons = mask_of(pc.match_substring(column, ":"))
    if colons.any():
        # IPv4-mapped addresses in their dotted form are common in logs of dual-stack sockets.
        column = pc.replace_substring_regex(column, _MAPPED, r"\1")
        colons = mask_of(pc.match_substring(column, ":"))
    dotted = mask_of(pc.equal(pc.count_substring(column, "."), 3)) & ~colons
    octets = np.zeros((len(column), 16), np.uint8)
    known = np.zeros(len(column), np.bool_)
    texts = octets_of(column.filter(pa.array(dotted)))
    octets[dotted], known[dotted] = _dotted(texts, np.flatnonzero(texts.data == _DOT))
    # Only what has a colon can be IPv6; names and markers are not worth a call each.
    found = addresses_from_text(column.filter(pa.array(colons)))
    octets[colons], known[colons] = addresses_to_numpy(found)
    return addresses_from_numpy(octets, known)


def _dots(texts: Octets) -> npt.NDArray[np.int64] | None:
    """Where the dots are, if all texts have three of them and none has a colon; else None."""
    dots = np.flatnonzero(texts.data == _DOT)
    if len(dots) != 3 * len(texts.starts) or (texts.data == _COLON).any():
        return None
    alike = (dots[::3] >= texts.starts) & (dots[2::3] < texts.ends)
    return dots if alike.all() else None


def _dotted(texts: Octets, dots: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.uint8], Mask]:
    """Texts with three dots each as IPv4-mapped octets, and a mask of those that are addresses."""
    octets = np.empty((len(texts.starts), 16), np.uint8)
    known = ~_foreign(texts)
    for start in range(0, len(octets), _TOGETHER):
        rows = slice(start, start + _TOGETHER)
        part, first = texts.part(rows)
        values = _values(part, dots[3 * start : 3 * rows.stop].reshape(-1, 3).T - first)
        known[rows] &= (values != _BAD).all(axis=0)
        first, second, third, fourth = values
        octets[rows] = mapped_from_ipv4(first << 24 | second << 16 | third << 8 | fourth)
    return octets, known


def _values(texts: Octets, dots: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    """(4, n): the numbers that the parts of the texts stand for, _BAD where they are none."""
    # A part of all addresses after the other, which numpy handles far faster than (n, 4).
    starts = np.empty((4, len(texts.starts)), np.int64)
    starts[0], starts[1:] = texts.starts, dots + 1
    lengths = np.empty(starts.shape, np.uint32)
    lengths[:3], lengths[3] = dots - starts[:3], texts.ends - starts[3]
    lengths = np.minimum(lengths, 4)
    digits = words_at(texts.data, starts) & _DIGITS[lengths]
    return _VALUES[digits & 0xF | digits >> 4 & 0xF0 | digits >> 8 & 0xF00 | lengths << 12]


def _foreign(texts: Octets) -> Mask:
    """Which texts hold anything but digits and dots."""
    odd = (texts.data - np.uint8(_DOT) > 11) | (texts.data == _SLASH)
    found = np.zeros(len(texts.starts), np.bool_)
    if odd.any():
        found[np.searchsorted(texts.ends, np.flatnonzero(odd), side="right")] = True
    return found
