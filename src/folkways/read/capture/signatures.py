"""Signatures of handshakes, from ``signatures.toml``, whose head says what its words mean."""

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from folkways.formats.headers import Protocol
from folkways.read.capture.frames import Octets

SEEN = 256
"""Octets of a message that are looked at."""
TURNS = ("one", "other", "one_next", "other_next")
"""First and second messages of the two sides, in the words of ``signatures.toml``."""
WORD = 8
"""Octets of a message that are compared at once."""
_FIRST_OCTET = np.uint64(0xFF << 56)
_TRANSPORTS = {"tcp": Protocol.TCP, "udp": Protocol.UDP}


@dataclass(frozen=True)
class Pattern:
    """Octets that stand at an offset, where the mask is set."""

    at: int
    value: Octets
    mask: Octets

    @property
    def end(self) -> int:
        """The offset after it."""
        return self.at + len(self.value)

    def first_word(self) -> tuple[int, int]:
        """Mask and value of the message's first eight octets, as big-endian numbers."""
        words = []
        for octets in (self.mask, self.value):
            whole = (bytes(self.at) + octets.tobytes())[:WORD]
            words.append(int.from_bytes(whole.ljust(WORD, b"\0"), "big"))
        return words[0], words[1]


@dataclass(frozen=True)
class Size:
    """A number in the message that, with ``plus`` added, is the message's length."""

    at: int
    octets: int
    plus: int
    little: bool


@dataclass(frozen=True)
class Turn:
    """What one message must be."""

    every: tuple[Pattern, ...]
    either: tuple[Pattern, ...]
    has: tuple[bytes, ...]
    has_either: tuple[bytes, ...]
    length: tuple[int, int]
    multiple: int
    size: Size | None

    @property
    def bounded(self) -> bool:
        """Whether it can only be judged where the message is whole."""
        return self.length != (0, 1 << 30) or self.multiple > 1 or self.size is not None

    @functools.cached_property
    def reach(self) -> int:
        """Octets that must be known."""
        return max((pattern.end for pattern in self.every), default=1)

    @functools.cached_property
    def first_words(self) -> list[tuple[np.uint64, np.uint64]]:
        """(mask, value) pairs, of which one must fit the message's first eight octets."""
        mask = value = 0
        for pattern in self.every:
            more = pattern.first_word()
            mask, value = mask | more[0], value | more[1]
        found = [pattern.first_word() for pattern in self.either] or [(0, 0)]
        return sorted({(np.uint64(mask | more[0]), np.uint64(value | more[1])) for more in found})

    @functools.cached_property
    def first_octets(self) -> list[tuple[int, int]]:
        """The octets that the message can begin with, as ranges (first, after the last)."""
        every = np.arange(256, dtype=np.uint64) << np.uint64(56)
        fits = np.zeros(256, np.bool_)
        for mask, value in self.first_words:
            fits |= (every & mask) == (value & _FIRST_OCTET)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], fits, [0]]).astype(np.int8)))
        return [(low, high) for low, high in edges.reshape(-1, 2).tolist()]


@dataclass(frozen=True)
class Echo:
    """Octets of one message that another one repeats: turn and offset of each, and how many."""

    first: tuple[str, int]
    second: tuple[str, int]
    octets: int


@dataclass(frozen=True)
class Signature:
    """A handshake that is telling enough to name its protocol."""

    id: str
    label: str
    protocol: int
    begun: bool
    """Speaks only of connections whose SYN was seen."""
    turns: dict[str, Turn]
    echoes: tuple[Echo, ...]
    ports: dict[str, tuple[int, ...]]
    """Ports that the side ``one`` or ``other`` must have, or ``any`` of them."""


@functools.cache
def signatures() -> tuple[Signature, ...]:
    """All signatures; of several that fit, the first in the file speaks."""
    text = resources.files(__package__).joinpath("signatures.toml").read_text(encoding="utf-8")
    return tuple(_signature(entry) for entry in tomllib.loads(text)["signature"])


def _signature(entry: dict[str, Any]) -> Signature:
    return Signature(
        id=entry["id"],
        label=entry["label"],
        protocol=_TRANSPORTS[entry["transport"]],
        begun=entry["transport"] == "tcp" and not entry.get("anywhere", False),
        turns={turn: _turn(entry[turn]) for turn in TURNS if turn in entry},
        echoes=tuple(
            Echo((first, at), (second, there), octets)
            for first, at, second, there, octets in entry.get("same", [])
        ),
        ports={side: tuple(found) for side, found in entry.get("ports", {}).items()},
    )


def _turn(entry: dict[str, Any]) -> Turn:
    size = entry.get("size")
    low, high = entry.get("length", (0, 1 << 30))
    return Turn(
        every=tuple(
            _pattern(at, bytes.fromhex(value), bytes.fromhex(*mask) if mask else None)
            for at, value, *mask in entry.get("octets", [])
        ),
        either=tuple(_text(text) for text in entry.get("text", [])),
        has=tuple(text.encode("latin-1") for text in entry.get("has", [])),
        has_either=tuple(text.encode("latin-1") for text in entry.get("has_either", [])),
        length=(low, high),
        multiple=entry.get("multiple", 1),
        size=Size(size["at"], size["octets"], size["plus"], size.get("little", False))
        if size
        else None,
    )


def _pattern(at: int, value: bytes, mask: bytes | None) -> Pattern:
    octets = np.frombuffer(value, np.uint8)
    masked = np.full(len(value), 0xFF, np.uint8) if mask is None else np.frombuffer(mask, np.uint8)
    return Pattern(at, octets & masked, masked)


def _text(text: str) -> Pattern:
    """The start of a message; ASCII letters in either case, which differ in one bit."""
    value = text.encode("latin-1")
    mask = bytes(0xDF if chr(c).isascii() and chr(c).isalpha() else 0xFF for c in value)
    return _pattern(0, value, mask)
