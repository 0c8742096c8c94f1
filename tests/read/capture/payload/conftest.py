"""Hand-built hellos, DNS messages and packet columns, for all tests of payloads."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from folkways.model.addresses import MAPPED_PREFIX
from folkways.read.capture.columns import PacketColumns


@dataclass(frozen=True)
class Segment:
    payload: bytes
    flow: int = 0
    sequence: int = 0
    forward: bool = True
    protocol: int = 6
    source_port: int = 40000
    destination_port: int = 443
    flags: int = 0x18
    time_ns: int = 1_500_000_000_000_000_000
    cut: bool = False


def _columns(segments: Sequence[Segment]) -> PacketColumns:
    lengths = [len(s.payload) for s in segments]
    starts = [7 + n for n in itertools.accumulate(lengths, initial=0)][:-1]
    data = bytes(7) + b"".join(s.payload for s in segments)
    sides = [MAPPED_PREFIX + bytes([192, 0, 2, side]) for side in (1, 2)]

    def addresses(*, source: bool) -> bytes:
        return b"".join(sides[s.forward != source] for s in segments)

    n = len(segments)
    return PacketColumns(
        data=np.frombuffer(data, np.uint8),
        time_ns=np.array([s.time_ns for s in segments], np.int64),
        flow=np.array([s.flow for s in segments], np.int64),
        forward=np.array([s.forward for s in segments], np.bool_),
        protocol=np.array([s.protocol for s in segments], np.uint8),
        source=np.frombuffer(addresses(source=True), np.uint8).reshape(n, 16),
        destination=np.frombuffer(addresses(source=False), np.uint8).reshape(n, 16),
        source_port=np.array([s.source_port for s in segments], np.int32),
        destination_port=np.array([s.destination_port for s in segments], np.int32),
        tcp_flags=np.array([s.flags for s in segments], np.uint8),
        tcp_seq=np.array([s.sequence & 0xFFFF_FFFF for s in segments], np.uint32),
        payload_start=np.array(starts, np.int64),
        payload_length=np.array(lengths, np.int64),
        payload_cut=np.array([s.cut for s in segments], np.bool_),
        fragment=np.zeros(n, np.bool_),
    )


def _sized(data: bytes, size: int) -> bytes:
    return len(data).to_bytes(size, "big") + data


def _extension(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2, "big") + _sized(data, 2)


def _client_hello(
    name: bytes | None,
    *,
    before: Sequence[tuple[int, bytes]] = ((0x0A0A, b""),),
    after: Sequence[tuple[int, bytes]] = ((0x002B, b"\x02\x03\x04"),),
    cookie: bytes | None = None,
) -> bytes:
    """A handshake message (RFC 8446 4.1.2); with a cookie, as DTLS has it."""
    server = [] if name is None else [_extension(0, _sized(b"\x00" + _sized(name, 2), 2))]
    extensions = b"".join(
        [*(_extension(*e) for e in before), *server, *(_extension(*e) for e in after)]
    )
    body = (
        (b"\x03\x03" if cookie is None else b"\xfe\xfd")
        + bytes(range(32))
        + _sized(b"session!", 1)
        + (b"" if cookie is None else _sized(cookie, 1))
        + _sized(b"\x13\x01\xc0\x2f", 2)
        + _sized(b"\x00", 1)
        + _sized(extensions, 2)
    )
    return b"\x01" + _sized(body, 3)


def _records(hello: bytes, size: int = 16384) -> bytes:
    """The message in TLS records of at most ``size`` bytes."""
    parts = [hello[i : i + size] for i in range(0, len(hello), size)]
    return b"".join(b"\x16\x03\x01" + _sized(part, 2) for part in parts)


@pytest.fixture(scope="session")
def segment() -> type[Segment]:
    return Segment


@pytest.fixture(scope="session")
def columns() -> Callable[[Sequence[Segment]], PacketColumns]:
    return _columns


@pytest.fixture(scope="session")
def client_hello() -> Callable[..., bytes]:
    return _client_hello


@pytest.fixture(scope="session")
def records() -> Callable[..., bytes]:
    return _records
