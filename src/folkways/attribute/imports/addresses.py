"""Columns of addresses and prefixes from text, parsed at once; only IPv6 costs a call each.

Prefixes are RFC 4632 (IPv4) and RFC 4291 2.3 (IPv6); prefixes of IPv4-mapped IPv6 are IPv4.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.attribute.imports.text import mask_of, matches, slices
from folkways.attribute.intervals import Flags, Ints, Octets, is_ipv4
from folkways.model.addresses import (
    addresses_from_text,
    addresses_to_numpy,
    mapped_from_ipv4,
)

_DOTTED = r"^(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}$"
_NUMBER = r"^[0-9]{1,10}$"
_PREFIX = r"^(?P<address>[0-9A-Fa-f.:]+)(?:/(?P<length>0|[1-9][0-9]{0,2}))?$"
_MASKS = np.packbits(np.tri(129, 128, -1, dtype=np.uint8), axis=1)
"""(129, 16) the network bits by prefix length."""


@dataclass(frozen=True)
class Prefixes:
    """(n, 16) first and last addresses, and (n,) flags.

    ``known`` is false where the text is no prefix. ``mixed`` marks prefixes shorter than 96 bits
    that end or begin in the IPv4-mapped addresses and so belong to no one family. ``host_bits``
    marks those written with bits beyond their length, whose network is meant.
    """

    first: Octets
    last: Octets
    known: Flags
    mixed: Flags
    host_bits: Flags


def addresses(text: pa.Array) -> tuple[Octets, Flags]:
    """(n, 16) addresses of text or IPv4 numbers, and (n,) where the text is one."""
    octets = np.zeros((len(text), 16), np.uint8)
    known = np.zeros(len(text), np.bool_)
    for piece in slices(len(text)):
        _fill(text[piece], octets[piece], known[piece])
    return octets, known


def _fill(text: pa.Array, octets: Octets, known: Flags) -> None:
    dotted = np.flatnonzero(matches(text, _DOTTED))
    parts = pc.list_flatten(pc.split_pattern(text.take(pa.array(dotted)), "."))
    four = parts.cast(pa.int32()).to_numpy(zero_copy_only=False).reshape(-1, 4)
    known[dotted] = (four <= 255).all(axis=1)
    octets[dotted, 10:12] = 0xFF
    octets[dotted, 12:] = four.astype(np.uint8)
    plain = np.flatnonzero(matches(text, _NUMBER))
    numbers = text.take(pa.array(plain)).cast(pa.int64()).to_numpy(zero_copy_only=False)
    known[plain] = numbers < 2**32
    octets[plain] = mapped_from_ipv4(numbers.astype(np.uint32))
    ipv6 = np.flatnonzero(mask_of(pc.match_substring(text, ":")))
    found, valid = addresses_to_numpy(addresses_from_text(text.take(pa.array(ipv6))))
    octets[ipv6], known[ipv6] = found, valid
    octets[~known] = 0


def prefixes(text: pa.Array) -> Prefixes:
    """Prefixes ``address/length``, or addresses, which are prefixes of full length."""
    found = _nothing(len(text))
    for piece in slices(len(text)):
        octets, bits, known = _parts(text[piece])
        _fill_networks(found, piece, octets, bits, known)
    return found


def _parts(text: pa.Array) -> tuple[Octets, Ints, Flags]:
    """Addresses, lengths among 128 bits, and where a text is a prefix."""
    parts = pc.extract_regex(text, _PREFIX)
    address, length = (pc.struct_field(parts, name) for name in ("address", "length"))
    octets, known = addresses(address)
    # A number is no prefix, although it can be an address in a range list.
    known &= matches(address, "[.:]")
    whole = pc.fill_null(pc.equal(length, ""), fill_value=True)
    bits = pc.if_else(whole, "128", length).cast(pa.int64()).to_numpy(zero_copy_only=False).copy()
    dotted = ~mask_of(pc.match_substring(address, ":"))
    bits[dotted & ~mask_of(whole)] += 96
    return octets, bits, known & (bits <= 128)


def networks(octets: Octets, bits: Ints, known: Flags) -> Prefixes:
    """Prefixes of (n, 16) addresses and (n,) lengths among 128 bits (IPv4: 96 more)."""
    found = _nothing(len(octets))
    for piece in slices(len(octets)):
        _fill_networks(found, piece, octets[piece], bits[piece], known[piece])
    return found


def _nothing(rows: int) -> Prefixes:
    first, last = (np.zeros((rows, 16), np.uint8) for _ in range(2))
    return Prefixes(first, last, *(np.zeros(rows, np.bool_) for _ in range(3)))


def _fill_networks(found: Prefixes, piece: slice, octets: Octets, bits: Ints, known: Flags) -> None:
    mask = _MASKS[np.where(known, bits, 128)]
    first, last = octets & mask, octets | ~mask
    found.first[piece], found.last[piece], found.known[piece] = first, last, known
    found.mixed[piece] = known & (is_ipv4(first) != is_ipv4(last))
    found.host_bits[piece] = known & (first != octets).any(axis=1)
