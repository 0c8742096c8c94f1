"""Addresses and ids of members become pseudonyms before anything is written.

An address is encrypted as one block with AES-256 under the study's key: a keyed permutation of all
16-byte addresses. Two members never share a pseudonym (a truncated hash only makes that unlikely),
the same address always has the same one, whatever file or process it comes from, and without the
key nothing leads back.

It keeps no prefixes, on purpose. A prefix-preserving scheme (Crypto-PAn) keeps who is whose
neighbour; in a population of a few networks of known size, whoever knows a handful of addresses,
or sends probes that will be seen, undoes much of the rest from the tree alone. What that costs:
members cannot be grouped by subnet afterwards. The label of the member's range is therefore
stored with each row, and any finer grouping has to be in the population file before ingest.
"""

import hashlib
import hmac
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from folkways.model.addresses import addresses_from_numpy, addresses_to_numpy
from folkways.model.columns import ADDRESS

KEY_BYTES = 32
_BLOCK = 16


class Pseudonyms:
    """The pseudonyms of one study.

    Args:
        key: 32 secret random bytes. Each use has a key of its own, derived from it.

    Raises:
        ValueError: the key has another length.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes, this one {len(key)}")
        self._address_key = _derive(key, b"addresses")
        self._identifier_key = _derive(key, b"identifiers")
        self._fingerprint_key = _derive(key, b"fingerprint")

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that tell two keys apart and say nothing about either.

        Kept in a study, it shows that the key at hand is the one that the study was made with.
        """
        return self._fingerprint_key.hex()[:16]

    def addresses(self, column: pa.Array) -> pa.Array:
        """Pseudonyms of a column of 16-byte addresses; null stays null.

        Electronic code book is the right mode here: equal addresses must give equal pseudonyms.
        """
        octets, known = addresses_to_numpy(column)
        cipher = Cipher(algorithms.AES(self._address_key), modes.ECB())  # noqa: S305  # see above
        encryptor = cipher.encryptor()
        # The interface asks for room for one block more than it fills.
        found = bytearray(octets.size + _BLOCK - 1)
        encryptor.update_into(octets.tobytes(), found)
        encryptor.finalize()
        blocks = np.frombuffer(found, np.uint8, count=octets.size).reshape(-1, _BLOCK)
        return addresses_from_numpy(blocks, known)

    def identifiers(self, column: pa.Array) -> pa.Array:
        """16-byte pseudonyms of a column of member ids (text); null stays null.

        HMAC-SHA256 (RFC 2104) cut to 16 bytes: among a million ids, two fall together with a
        chance of about 1e-27.
        """
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        encoded = pc.dictionary_encode(column)
        distinct = [self._identifier(text) for text in encoded.dictionary.to_pylist()]
        return pa.array(distinct, ADDRESS).take(encoded.indices)

    def text(self, address: bytes) -> str:
        """What stands for a member's 16-byte address inside a name, such as a host name.

        ``member-`` and the first 16 hexadecimal digits of the pseudonym, so that one who holds
        the key, or the stored pseudonym, can tell which member it is.
        """
        pseudonym = self.addresses(pa.array([address], ADDRESS))[0].as_py()
        return f"member-{pseudonym.hex()[:16]}"

    def _identifier(self, text: str) -> bytes:
        return hmac.digest(self._identifier_key, text.encode(), hashlib.sha256)[:_BLOCK]


def _derive(key: bytes, use: bytes) -> bytes:
    # The expansion step of HKDF (RFC 5869 2.3) for one block; the key is uniformly random already.
    return hmac.digest(key, b"folkways " + use + b"\x01", hashlib.sha256)
