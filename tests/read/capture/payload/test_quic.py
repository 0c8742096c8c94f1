from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from hypothesis import given
from hypothesis import strategies as st

from folkways.model.batches import Tally
from folkways.read.capture.payload import NameFinder
from folkways.read.capture.payload.candidates import select
from folkways.read.capture.payload.gquic import read_chlo
from folkways.read.capture.payload.outcome import Need, Sight
from folkways.read.capture.payload.quic import QuicHello, crypto_frames, initials, read_varint
from folkways.read.capture.payload.quic_keys import ClientKeys
from folkways.read.capture.payload.quic_versions import known_versions

Build = Callable[..., bytes]
CONNECTION = bytes.fromhex("8394c8f03e515708")
# The CRYPTO frame of RFC 9001 A.2, which RFC 9369 A.2 uses as well.
FRAME = bytes.fromhex(
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c"
    "00000413011302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006"
    "001d0017001800100007000504616c706e000500050100000000003300260024001d00209370b2c9caa4"
    "7fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e040305"
    "0306030203080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ff"
    "ff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff"
)
V1, V2 = 0x00000001, 0x6B3343CF


def varint(value: int, size: int = 2) -> bytes:
    return (value | {1: 0, 2: 1, 4: 2, 8: 3}[size] << (8 * size - 2)).to_bytes(size, "big")


def seal(
    frames: bytes,
    number: int = V1,
    connection: bytes = CONNECTION,
    *,
    keys_of: bytes | None = None,
    packet_number: int = 2,
    token: bytes = b"",
    source: bytes = b"",
) -> bytes:
    """An Initial packet, protected as RFC 9001 section 5 says (4-byte packet number)."""
    version = known_versions()[number]
    keys = ClientKeys(version, connection if keys_of is None else keys_of)
    if version.nibbles:
        lengths = [max(0, len(c) - 3) for c in (connection, source)]
        ids = bytes([lengths[0] << 4 | lengths[1]]) + connection + source
    else:
        ids = bytes([len(connection)]) + connection + bytes([len(source)]) + source
    header = (
        bytes([0xC3 | version.initial << 4])
        + number.to_bytes(4, "big")
        + ids
        + varint(len(token), 1)
        + token
        + varint(4 + len(frames) + 16)
        + packet_number.to_bytes(4, "big")
    )
    nonce = (int.from_bytes(keys.iv, "big") ^ packet_number).to_bytes(12, "big")
    sealed = AESGCM(keys.key).encrypt(nonce, frames, header)
    mask = Cipher(AES(keys.header), ECB()).encryptor().update(sealed[:16])  # noqa: S305  # RFC 9001
    masked = bytes(a ^ b for a, b in zip(header[-4:], mask[1:5], strict=True))
    return bytes([header[0] ^ mask[0] & 0x0F]) + header[1:-4] + masked + sealed


def crypto(offset: int, data: bytes, kind: int = 6) -> bytes:
    return bytes([kind]) + varint(offset) + varint(len(data)) + data


@pytest.mark.parametrize(
    ("number", "key", "iv", "header"),
    [
        (  # RFC 9001 A.1
            V1,
            "1f369613dd76d5467730efcbe3b1a22d",
            "fa044b2f42a3fd3b46fb255c",
            "9f50449e04a0e810283a1e9933adedd2",
        ),
        (  # RFC 9369 A.1
            V2,
            "8b1a0bc121284290a29e0971b5cd045d",
            "91f73e2351d8fa91660e909f",
            "45b95e15235d6f45a6b19cbcb0294ba9",
        ),
    ],
)
def test_keys_of_the_rfcs(number: int, key: str, iv: str, header: str) -> None:
    keys = ClientKeys(known_versions()[number], CONNECTION)
    assert (keys.key.hex(), keys.iv.hex(), keys.header.hex()) == (key, iv, header)


@pytest.mark.parametrize(
    ("number", "start"),
    [
        (  # RFC 9001 A.2: protected header and first block
            V1,
            (
                "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b"
                "d8bab936b47d92ec356c0bab7df5976d27cd449f63300099f3991c260ec4c60d17b31f8429157bb3"
            ),
        ),
        (  # RFC 9369 A.2
            V2,
            (
                "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071"
                "bf03dceebfa162e75d6c96058bdbfb127cdfcbf903388e99ad049f9a3dd4425ae4d0992cfff18ecf"
            ),
        ),
    ],
)
def test_packets_of_the_rfcs(number: int, start: str) -> None:
    packet = seal(FRAME + bytes(1162 - len(FRAME)), number)
    assert len(packet) == 1200
    # The builder of these tests makes the RFC's packet, so what it makes is worth opening.
    assert packet.hex().startswith(start)
    if number == V1:
        assert packet.hex().endswith("e221af44860018ab0856972e194cd934")
    assert QuicHello().add(packet) == Sight(b"example.com")


@pytest.mark.parametrize(
    "number", [n for n, version in known_versions().items() if not version.plain]
)
def test_every_version(client_hello: Build, number: int) -> None:
    frames = crypto(0, client_hello(b"quic.example")) + bytes(800)
    packet = seal(frames, number, b"connect!", source=b"source", token=b"token")
    assert QuicHello().add(packet) == Sight(b"quic.example")


def test_crypto_frames_in_any_order_between_others(client_hello: Build) -> None:
    hello = client_hello(b"quic.example")
    cuts = [0, 7, 60, 61, 90, len(hello)]
    frames = [crypto(a, hello[a:b]) for a, b in pairwise(cuts)]
    ack = b"\x02" + varint(9, 1) + varint(300) + varint(1, 1) + varint(0, 1) * 3
    counted = b"\x03" + varint(9, 1) + varint(3, 1) + varint(0, 1) * 2 + varint(1, 1) * 3
    mixed = [
        frames[3],
        ack,
        frames[0],
        b"\x01",
        frames[4],
        bytes(40),
        counted,
        frames[2],
        frames[1],
    ]
    assert QuicHello().add(seal(b"".join(mixed))) == Sight(b"quic.example")


@given(st.data())
def test_any_permutation_of_frames_over_any_packets(
    client_hello: Build, data: st.DataObject
) -> None:
    hello = client_hello(b"quic.example")
    cuts = data.draw(st.lists(st.integers(0, len(hello)), max_size=5))
    edges = sorted({0, *cuts, len(hello)})
    frames = [crypto(a, hello[a:b]) for a, b in pairwise(edges)]
    shuffled: Sequence[bytes] = data.draw(st.permutations(frames))
    flow = QuicHello()
    outcomes = [
        flow.add(seal(frame + bytes(30), packet_number=n)) for n, frame in enumerate(shuffled)
    ]
    assert Sight(b"quic.example") in outcomes


def test_packets_in_one_datagram(client_hello: Build) -> None:
    hello = client_hello(b"quic.example")
    first, second = seal(crypto(100, hello[100:])), seal(crypto(0, hello[:100]), packet_number=3)
    early_data = b"\xd0\x00\x00\x00\x01\x08" + CONNECTION + b"\x00" + varint(30) + bytes(30)
    assert QuicHello().add(first + early_data + second + b"\x40" + bytes(20)) == Sight(
        b"quic.example"
    )


LONG = {"0-RTT": 1, "handshake": 2}


def other_packet(number: int, kind: str, size: int, connection: bytes = CONNECTION) -> bytes:
    """A packet of another kind, which nobody on the way can open."""
    first = 0xC0 | (known_versions()[number].initial + LONG[kind]) % 4 << 4
    ids = bytes([len(connection)]) + connection + b"\x03abc"
    width = 1 if size < 64 else 2 if size < 16384 else 4
    head = bytes([first]) + number.to_bytes(4, "big") + ids
    return head + varint(size, width) + bytes([0x99]) * size


@pytest.mark.parametrize("number", [V1, V2, 0xFF00001D])
@pytest.mark.parametrize(
    "before",
    [
        [("0-RTT", 30)],
        [("0-RTT", 500)],
        [("handshake", 70)],
        [("0-RTT", 20), ("0-RTT", 300), ("handshake", 63)],
    ],
)
def test_an_initial_behind_other_packets_is_found(
    columns: Callable[..., Any],
    segment: Callable[..., Any],
    client_hello: Build,
    number: int,
    before: list[tuple[str, int]],
) -> None:
    first = b"".join(other_packet(number, kind, size) for kind, size in before)
    datagram = first + seal(crypto(0, client_hello(b"quic.example")), number)
    for payload in (datagram, datagram + bytes(40), datagram + b"\x40" + bytes(20)):
        packets = [segment(payload, protocol=17)]
        assert [n[1] for n in NameFinder(Tally()).feed(columns(packets)).names] == ["quic.example"]


def test_early_data_alone_is_not_looked_at(
    columns: Callable[..., Any], segment: Callable[..., Any]
) -> None:
    damaged = other_packet(V1, "0-RTT", 30)[:20]
    several = other_packet(V1, "0-RTT", 30) + other_packet(V1, "handshake", 30)
    endless = other_packet(V1, "0-RTT", 16)[:-18] + b"\xff" * 8
    for payload in (several, damaged, endless, several + b"\xc0"):
        packets = [segment(payload, protocol=17)]
        rows, _ = select(columns(packets))
        assert not len(rows)


def test_new_keys_after_retry_and_old_keys_after_the_server_answered(client_hello: Build) -> None:
    hello = client_hello(b"quic.example")
    retried = QuicHello()
    assert retried.add(seal(crypto(0, hello[:50]) + bytes(30))) is Need.MORE
    assert retried.add(seal(crypto(50, hello[50:]), connection=b"retried!")) == Sight(
        b"quic.example"
    )
    answered = QuicHello()
    assert answered.add(seal(crypto(0, hello[:50]) + bytes(30))) is Need.MORE
    assert answered.add(
        seal(crypto(50, hello[50:]), connection=b"server", keys_of=CONNECTION)
    ) == Sight(b"quic.example")


def test_what_cannot_be_opened_is_given_up() -> None:
    flow = QuicHello()
    packet = bytearray(seal(FRAME))
    packet[-1] ^= 1
    outcomes = [flow.add(bytes(packet)) for _ in range(12)]
    assert outcomes == [Need.MORE] * 11 + [None]
    assert not flow.opened


def test_google_hello_in_a_protected_packet() -> None:
    chlo = b"CHLO\x02\x00\x00\x00PAD\x00\x05\x00\x00\x00SNI\x00\x11\x00\x00\x00-----q050.example"
    packet = seal(crypto(0, chlo, kind=8) + bytes(30), 0x51303530)
    assert QuicHello().add(packet) == Sight(b"q050.example")


def test_google_hello_in_clear() -> None:
    chlo = b"CHLO\x02\x00\x00\x00PAD\x00\x05\x00\x00\x00SNI\x00\x11\x00\x00\x00-----q043.example"
    assert read_chlo(b"frames" + chlo) == Sight(b"q043.example")
    assert read_chlo(chlo[:-1]) is Need.MORE
    assert read_chlo(chlo[:20]) is Need.MORE
    assert read_chlo(b"CHLO\x01\x00\x00\x00PAD\x00\x05\x00\x00\x00-----") == Sight(b"")
    assert read_chlo(b"REJ\x00" + chlo[4:]) is None
    assert read_chlo(b"CHLO\xff\xff" + chlo[6:]) is None


def test_varint_of_the_rfc() -> None:  # RFC 9000 A.1
    assert read_varint(bytes.fromhex("c2197c5eff14e88c"), 0) == (151288809941952652, 8)
    assert read_varint(bytes.fromhex("9d7f3e7d"), 0) == (494878333, 4)
    assert read_varint(bytes.fromhex("7bbd"), 0) == (15293, 2)
    assert read_varint(b"\x25", 0) == (37, 1)
    assert read_varint(b"", 0)[1] > 0
    assert read_varint(b"\x7b", 0)[1] > 1


@given(st.binary(max_size=200), st.sampled_from(sorted(known_versions())))
def test_any_bytes_do_no_harm(data: bytes, number: int) -> None:
    datagram = b"\xc0" + number.to_bytes(4, "big") + data
    list(initials(datagram))
    QuicHello().add(datagram)
    crypto_frames(data)
    read_chlo(data)
    read_chlo(b"CHLO" + data)


@given(st.integers(0, 1199), st.integers(1, 255), st.integers(0, 1200))
def test_damaged_packets_do_no_harm(at: int, flip: int, end: int) -> None:
    packet = bytearray(seal(FRAME + bytes(1162 - len(FRAME))))
    packet[at] ^= flip
    assert QuicHello().add(bytes(packet[:end])) is Need.MORE
