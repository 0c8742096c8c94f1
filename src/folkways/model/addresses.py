"""Addresses as 16 bytes (IPv4 as IPv4-mapped IPv6, RFC 4291 2.5.5.2), text to bytes and back."""

import ipaddress
import socket

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.columns import ADDRESS
from folkways.model.validity import validity

MAPPED_PREFIX = b"\x00" * 10 + b"\xff\xff"


def address_from_text(text: str) -> bytes | None:
    """The 16 bytes of an IPv4 or IPv6 address in any usual spelling; None if it is none.

    Upper case, v4-mapped forms and a zone (``fe80::1%eth0``) are understood.
    """
    text = text.strip().partition("%")[0]
    try:
        if ":" in text:
            return socket.inet_pton(socket.AF_INET6, text)
        return MAPPED_PREFIX + socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError, UnicodeEncodeError):
        return None


def address_to_text(address: bytes) -> str:
    """The usual spelling: dotted for IPv4 (mapped), RFC 5952 for IPv6."""
    if address[:12] == MAPPED_PREFIX:
        return socket.inet_ntop(socket.AF_INET, address[12:])
    return ipaddress.IPv6Address(address).compressed


def addresses_from_text(texts: pa.Array) -> pa.Array:
    """Text addresses to 16-byte ones; null where there is none or it does not parse.

    Works on the distinct values, so that a column with few distinct addresses costs little.
    """
    encoded = pc.dictionary_encode(texts)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    distinct = pa.array(
        [None if t is None else address_from_text(t) for t in encoded.dictionary.to_pylist()],
        ADDRESS,
    )
    return distinct.take(encoded.indices)


def addresses_to_numpy(addresses: pa.Array) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """A column of 16-byte addresses as (n, 16) bytes and an (n,) mask that is true where known.

    Bytes of unknown addresses are zero.
    """
    if isinstance(addresses, pa.ChunkedArray):
        addresses = addresses.combine_chunks()
    known = np.asarray(addresses.is_valid().to_numpy(zero_copy_only=False), dtype=np.bool_)
    if addresses.type != ADDRESS:
        addresses = addresses.cast(ADDRESS)
    if addresses.null_count:
        addresses = addresses.fill_null(b"\x00" * 16)
    buffer = addresses.buffers()[1]
    flat = np.frombuffer(buffer, dtype=np.uint8) if buffer else np.zeros(0, np.uint8)
    start = addresses.offset * 16
    return flat[start : start + len(addresses) * 16].reshape(-1, 16), known


def addresses_from_numpy(
    octets: npt.NDArray[np.uint8], known: npt.NDArray[np.bool_] | None = None
) -> pa.Array:
    """The other way: (n, 16) bytes and an optional mask to a column of addresses."""
    data = pa.py_buffer(np.ascontiguousarray(octets, dtype=np.uint8))
    valid = None if known is None else validity(known)
    return pa.Array.from_buffers(ADDRESS, len(octets), [valid, data])


def sortable(octets: npt.NDArray[np.uint8]) -> npt.NDArray[np.bytes_]:
    """(n, 16) bytes as an (n,) array of 16-byte strings that compare in address order."""
    return np.ascontiguousarray(octets).view("S16").reshape(-1)


def mapped_from_ipv4(addresses: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    """IPv4 addresses as numbers (n,) to (n, 16) IPv4-mapped bytes."""
    words = np.zeros((len(addresses), 4), ">u4")
    words[:, 2] = 0xFFFF
    words[:, 3] = addresses
    return words.view(np.uint8)
