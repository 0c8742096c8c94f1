import hashlib
import hmac
import pickle

import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from folkways.model.addresses import address_from_text
from folkways.model.columns import ADDRESS
from folkways.privacy import Pseudonyms

KEY = bytes(range(32))


def test_a_block_is_that_of_the_published_standard() -> None:
    # FIPS 197, appendix C.3: what the column-wise call does with a key, checked block by block.
    pseudonyms = Pseudonyms(KEY)
    pseudonyms._address_key = KEY
    plain = bytes.fromhex("00112233445566778899aabbccddeeff")
    expected = bytes.fromhex("8ea2b7ca516745bfeafc49904b496089")
    assert pseudonyms.addresses(pa.array([plain, plain], ADDRESS)).to_pylist() == [expected] * 2


@given(st.lists(st.none() | st.binary(min_size=16, max_size=16), max_size=50))
def test_a_keyed_permutation_that_keeps_nulls(addresses: list[bytes | None]) -> None:
    pseudonyms = Pseudonyms(KEY)
    found = pseudonyms.addresses(pa.array(addresses, ADDRESS)).to_pylist()
    assert [f is None for f in found] == [a is None for a in addresses]
    assert len(set(found)) == len(set(addresses))
    cipher = Cipher(algorithms.AES(pseudonyms._address_key), modes.ECB())  # noqa: S305  # the mode that is tested
    decryptor = cipher.decryptor()
    back = [None if f is None else decryptor.update(f) for f in found]
    assert back == addresses


def test_slices_and_chunks_are_read_right() -> None:
    pseudonyms = Pseudonyms(KEY)
    addresses = [address_from_text(f"198.18.0.{i}") for i in range(20)]
    whole = pseudonyms.addresses(pa.array(addresses, ADDRESS)).to_pylist()
    assert pseudonyms.addresses(pa.array(addresses, ADDRESS)[5:9]).to_pylist() == whole[5:9]
    chunked = pa.chunked_array([addresses[:3], addresses[3:]], ADDRESS)
    assert pseudonyms.addresses(chunked).to_pylist() == whole
    assert pseudonyms.addresses(pa.array([], ADDRESS)).to_pylist() == []


def test_neighbours_are_not_recognisable() -> None:
    pseudonyms = Pseudonyms(KEY)
    addresses = [address_from_text(f"198.18.{i // 256}.{i % 256}") for i in range(1024)]
    found = pseudonyms.addresses(pa.array(addresses, ADDRESS)).to_pylist()
    # 1,024 random values of 16 bits are about 1,016 distinct ones; kept prefixes would be one.
    assert len({f[:2] for f in found}) > 990
    assert not set(found) & set(addresses)


def test_another_key_gives_other_pseudonyms() -> None:
    one, other = Pseudonyms(KEY), Pseudonyms(bytes(32))
    column = pa.array([address_from_text("2001:db8::1")], ADDRESS)
    ids = pa.array(["alice"])
    assert one.addresses(column) != other.addresses(column)
    assert one.identifiers(ids) != other.identifiers(ids)
    assert one.fingerprint != other.fingerprint
    assert KEY.hex()[:16] != one.fingerprint


def test_identifiers_by_hmac() -> None:
    pseudonyms = Pseudonyms(KEY)
    derived = hmac.new(KEY, b"folkways identifiers\x01", hashlib.sha256).digest()
    alice = hmac.new(derived, b"alice", hashlib.sha256).digest()[:16]
    column = pa.array(["alice", None, "bob", "alice", ""])
    found = pseudonyms.identifiers(column)
    assert found.type == ADDRESS
    assert found.to_pylist()[0] == alice == found.to_pylist()[3]
    assert found.null_count == 1
    assert len(set(found.to_pylist())) == 4
    chunked = pa.chunked_array([["alice"], [None, "bob", "alice", ""]])
    assert pseudonyms.identifiers(chunked).to_pylist() == found.to_pylist()
    assert pseudonyms.identifiers(pa.array([], pa.string())).to_pylist() == []


def test_text_for_use_inside_names() -> None:
    pseudonyms = Pseudonyms(KEY)
    address = address_from_text("198.18.0.7")
    assert address is not None
    pseudonym = pseudonyms.addresses(pa.array([address], ADDRESS))[0].as_py()
    assert pseudonyms.text(address) == "member-" + pseudonym.hex()[:16]


def test_the_same_in_another_process() -> None:
    address = address_from_text("198.18.0.7")
    assert address is not None
    copy = pickle.loads(pickle.dumps(Pseudonyms(KEY)))  # noqa: S301  # made one line above
    assert copy.text(address) == Pseudonyms(KEY).text(address)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Pseudonyms(bytes(length))
