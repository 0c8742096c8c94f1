from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkways.read.capture.payload.outcome import Need, Sight
from folkways.read.capture.payload.tls import read_fragments, read_hello, read_records

Build = Callable[..., bytes]


def test_name_in_one_record(client_hello: Build, records: Build) -> None:
    assert read_records(records(client_hello(b"www.example.com"))) == Sight(b"www.example.com")


@pytest.mark.parametrize("size", [1, 2, 5, 50, 100])
def test_name_over_several_records(client_hello: Build, records: Build, size: int) -> None:
    stream = records(client_hello(b"www.example.com"), size)
    assert read_records(stream) == Sight(b"www.example.com")


def test_every_prefix_needs_more_until_the_name_is_seen(
    client_hello: Build, records: Build
) -> None:
    stream = records(client_hello(b"www.example.com"))
    seen = stream.index(b"www.example.com") + len(b"www.example.com")
    for end in range(len(stream)):
        expected = Need.MORE if end < seen else Sight(b"www.example.com")
        assert read_records(stream[:end]) == expected, end


def test_a_hello_without_a_name(client_hello: Build, records: Build) -> None:
    assert read_records(records(client_hello(None))) == Sight(b"")
    bare = client_hello(None, before=(), after=())[:-2]  # TLS 1.0 without any extension
    bare = b"\x01" + (len(bare) - 4).to_bytes(3, "big") + bare[4:]
    assert read_records(records(bare)) == Sight(b"")


@pytest.mark.parametrize("kind", [0xFE0D, 0xFFCE])
def test_an_encrypted_hello_is_told(client_hello: Build, kind: int) -> None:
    hello = client_hello(b"outer.example", after=((kind, b"secret"),))
    assert read_hello(hello) == Sight(b"outer.example", encrypted=True)


@pytest.mark.parametrize(
    "data",
    [
        b"\x17\x03\x03\x00\x20" + bytes(32),  # application data
        b"\x16\x03\x03\x00\x04\x02\x00\x00\x46",  # server hello
        b"\x80\x2e\x01\x03\x01" + bytes(44),  # hello of SSL 2: it has no server name
        b"\x16\x03\x01\xff\xff\x01",  # longer than a record may be
        b"\x16\x03\x01\x00\x00\x01",
        b"\x16\x03\x01\x00\x30\x01\x00\x00\x01" + bytes(44),  # shorter than a hello can be
        b"SSH-2.0-OpenSSH",
    ],
)
def test_what_is_no_client_hello(data: bytes) -> None:
    assert read_records(data) is None


def test_lengths_that_lie(client_hello: Build) -> None:
    hello = bytearray(client_hello(b"www.example.com"))
    at = hello.index(b"www.example.com")
    hello[at - 1] = 200  # the name reaches beyond its extension
    assert read_hello(bytes(hello)) == Sight(b"")
    hello[38] = 255  # the session id reaches beyond the message
    assert read_hello(bytes(hello)) is None


def test_fragments_of_a_datagram_hello(client_hello: Build) -> None:
    hello = client_hello(b"dtls.example", cookie=b"cookie")
    body, total = hello[4:], hello[1:4]
    handshake = b"\x01" + total + b"\x00\x01" + b"\x00\x00\x0a" + b"\x00\x00\x14" + body[10:30]
    record = b"\x16\xfe\xfd\x00\x00" + bytes(6) + len(handshake).to_bytes(2, "big") + handshake
    assert read_fragments(record) == [(len(body), 10, body[10:30])]
    assert read_fragments(record[:-1]) == []
    assert read_hello(hello, cookie=True) == Sight(b"dtls.example")


@given(st.binary(max_size=300))
def test_any_bytes_do_no_harm(data: bytes) -> None:
    read_records(data)
    read_records(b"\x16\x03\x01" + data)
    read_hello(b"\x01" + data)
    read_hello(b"\x01" + data, cookie=True)
    read_fragments(b"\x16\xfe\xfd\x00\x00" + data)


@given(st.data())
def test_damaged_hellos_do_no_harm(
    client_hello: Build, records: Build, data: st.DataObject
) -> None:
    stream = bytearray(records(client_hello(b"www.example.com"), 40))
    for _ in range(data.draw(st.integers(1, 4))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    read_records(bytes(stream[: data.draw(st.integers(0, len(stream)))]))
