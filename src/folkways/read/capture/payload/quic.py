"""Client hellos in QUIC Initial packets (RFC 9000 section 17.2, 19.6; RFC 9001; RFC 9369)."""

from collections.abc import Iterator
from typing import NamedTuple

from folkways.read.capture.payload.gquic import CHLO, read_chlo
from folkways.read.capture.payload.outcome import Need, Outcome
from folkways.read.capture.payload.pieces import Pieces
from folkways.read.capture.payload.quic_keys import ClientKeys
from folkways.read.capture.payload.quic_versions import Version, known_versions
from folkways.read.capture.payload.tls import read_hello

MAX_CONNECTION_ID = 20
MAX_PACKETS = 12
"""Initial packets of one flow that are tried to be opened before it is given up."""
MAX_KEYS = 4
RETRY = 3


class Initial(NamedTuple):
    """An Initial packet as it stands in a datagram, still protected."""

    version: Version
    connection: bytes
    """Destination connection id."""
    packet: bytes
    number_at: int
    """Offset of the packet number in ``packet``."""


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """A variable-length integer (RFC 9000 section 16) and the offset after it.

    Where the data end, the offset returned lies beyond them.
    """
    if position >= len(data):
        return 0, len(data) + 1
    size = 1 << (data[position] >> 6)
    value = int.from_bytes(data[position : position + size], "big")
    return value & ((1 << (8 * size - 2)) - 1), position + size


def _connection_ids(datagram: bytes, at: int, version: Version) -> tuple[bytes, int]:
    """The destination connection id, and the offset after both ids."""
    if version.nibbles:
        # Before draft 22: 4 bits each, 0 is none and n is n + 3 bytes.
        lengths = datagram[at]
        to, back = (n + 3 if n else 0 for n in (lengths >> 4, lengths & 15))
        return datagram[at + 1 : at + 1 + to], at + 1 + to + back
    to = datagram[at]
    source_at = at + 1 + to
    if to > MAX_CONNECTION_ID or source_at >= len(datagram):
        return b"", len(datagram)
    return datagram[at + 1 : source_at], source_at + 1 + datagram[source_at]


def initials(datagram: bytes) -> Iterator[Initial]:
    """The Initial packets of a datagram; other packets with a long header are stepped over."""
    start = 0
    while start + 7 < len(datagram) and datagram[start] & 0x80:
        version = known_versions().get(int.from_bytes(datagram[start + 1 : start + 5], "big"))
        if version is None or version.plain:
            return
        kind = (datagram[start] >> 4) & 3
        connection, at = _connection_ids(datagram, start + 5, version)
        if (kind - version.initial) % 4 == RETRY:
            return
        if kind == version.initial:
            token, at = read_varint(datagram, at)
            at += token
        length, at = read_varint(datagram, at)
        end = at + length
        if end > len(datagram) or not length:
            return
        if kind == version.initial:
            yield Initial(version, connection, datagram[start:end], at - start)
        start = end


def crypto_frames(frames: bytes) -> list[tuple[int, bytes]]:
    """Offset and bytes of every CRYPTO frame among the frames of an Initial packet."""
    found: list[tuple[int, bytes]] = []
    position = 0
    while position < len(frames):
        kind = frames[position]
        position += 1
        if kind == 0x00:  # PADDING, mostly a thousand of them
            position = len(frames) - len(frames[position:].lstrip(b"\x00"))
        elif kind in {0x02, 0x03}:  # ACK
            position = _after_ack(frames, position, counts=kind == 0x03)
        elif kind in {0x06, 0x08}:  # CRYPTO; Google's T050 and Q050 number it 8
            offset, position = read_varint(frames, position)
            length, position = read_varint(frames, position)
            if position + length > len(frames):
                break
            found.append((offset, frames[position : position + length]))
            position += length
        elif kind != 0x01:  # neither PING: nothing else may stand before a hello is complete
            break
    return found


def _after_ack(frames: bytes, position: int, *, counts: bool) -> int:
    _, position = read_varint(frames, position)  # largest acknowledged
    _, position = read_varint(frames, position)  # delay
    ranges, position = read_varint(frames, position)
    left = 1 + 2 * ranges + (3 if counts else 0)
    while left and position < len(frames):
        _, position = read_varint(frames, position)
        left -= 1
    return position


class QuicHello:
    """The client's hello of one flow, from however many Initial packets it takes."""

    def __init__(self) -> None:
        self._keys: dict[tuple[bytes, bytes], ClientKeys] = {}
        self._pieces = Pieces()
        self._packets = 0

    @property
    def opened(self) -> bool:
        """Whether a part of a hello was seen."""
        return bool(self._pieces.prefix) or self._pieces.gap

    def add(self, datagram: bytes) -> Outcome:
        """The name, if this datagram completes it; None once the flow is not worth more looks."""
        grown = False
        for initial in initials(datagram):
            self._packets += 1
            frames = self._open(initial)
            if frames is None:
                continue
            for offset, piece in crypto_frames(frames):
                grown |= self._pieces.add(offset, piece)
        if grown:
            hello = bytes(self._pieces.prefix)
            outcome = read_chlo(hello) if hello.startswith(CHLO) else read_hello(hello)
            if outcome is not Need.MORE:
                return outcome
        return Need.MORE if self._packets < MAX_PACKETS else None

    def _open(self, initial: Initial) -> bytes | None:
        """With the keys of the packet's own connection id, else with those of an earlier one.

        After the server has answered, the client writes the server's connection id into its
        packets but goes on with its first keys; after a Retry it derives new ones.
        """
        own = (initial.version.salt, initial.connection)
        earlier = [keys for known, keys in self._keys.items() if known != own]
        keys = self._keys.get(own) or ClientKeys(initial.version, initial.connection)
        for candidate in (keys, *earlier):
            frames = candidate.open(initial.packet, initial.number_at)
            if frames is not None:
                if len(self._keys) < MAX_KEYS:
                    self._keys.setdefault(own, candidate)
                return frames
        return None
