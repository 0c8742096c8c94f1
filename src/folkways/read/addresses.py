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

_DOT, _SLASH = 0x2E, 0x2F
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
    colons = mask_of(pc.match_substring(column, ":"))
    if colons.any():
        # IPv4-mapped addresses in their dotted form are common in logs of dual-stack sockets.
        column = pc.replace_substring_regex(column, _MAPPED, r"\1")
        colons = mask_of(pc.match_substring(column, ":"))
    dotted = mask_of(pc.equal(pc.count_substring(column, "."), 3)) & ~colons
    if dotted.all():
        numbers, known = _dotted(octets_of(column))
        return addresses_from_numpy(mapped_from_ipv4(numbers), known)
    octets = np.zeros((len(column), 16), np.uint8)
    known = np.zeros(len(column), np.bool_)
    numbers, known[dotted] = _dotted(octets_of(column.filter(pa.array(dotted))))
    octets[dotted] = mapped_from_ipv4(numbers)
    # Only what has a colon can be IPv6; names and markers are not worth a call each.
    found = addresses_from_text(column.filter(pa.array(colons)))
    octets[colons], known[colons] = addresses_to_numpy(found)
    return addresses_from_numpy(octets, known)


def _dotted(texts: Octets) -> tuple[npt.NDArray[np.uint32], Mask]:
    """Texts with three dots each as IPv4 numbers, and a mask of those that are addresses."""
    dots = np.flatnonzero(texts.data == _DOT).reshape(-1, 3).T
    # (4, n): a part of all addresses after the other, which numpy handles far faster than (n, 4).
    starts = np.empty((4, len(texts.starts)), np.int64)
    starts[0], starts[1:] = texts.starts, dots + 1
    lengths = np.empty(starts.shape, np.uint32)
    lengths[:3], lengths[3] = dots - starts[:3], texts.ends - starts[3]
    lengths = np.minimum(lengths, 4)
    digits = words_at(texts.data, starts) & _DIGITS[lengths]
    index = digits & 0xF | digits >> 4 & 0xF0 | digits >> 8 & 0xF00 | lengths << 12
    values = _VALUES[index]
    known: Mask = (values != _BAD).all(axis=0) & ~_foreign(texts)
    first, second, third, fourth = values
    return first << 24 | second << 16 | third << 8 | fourth, known


def _foreign(texts: Octets) -> Mask:
    """Which texts hold anything but digits and dots."""
    odd = (texts.data - np.uint8(_DOT) > 11) | (texts.data == _SLASH)
    found = np.zeros(len(texts.starts), np.bool_)
    if odd.any():
        found[np.searchsorted(texts.ends, np.flatnonzero(odd), side="right")] = True
    return found
