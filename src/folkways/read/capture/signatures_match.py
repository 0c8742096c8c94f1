"""Which signature the first messages of many flows fit: a loop over signatures, not over flows."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from folkways.formats.headers import Protocol
from folkways.read.capture.frames import Integers, Octets
from folkways.read.capture.packets import Flags, Rows
from folkways.read.capture.signatures import (
    SEEN,
    WORD,
    Echo,
    Pattern,
    Signature,
    Size,
    Turn,
)

MESSAGES = 2
"""Messages of each side that are looked at."""


_KNOWN = np.array([(1 << 64) - (1 << 8 * (WORD - n)) for n in range(WORD + 1)], np.uint64)
"""By the number of octets that are known: where they stand in a word."""


@dataclass(frozen=True)
class Evidence:
    """The first messages of ``f`` flows; side 0 is the flow's source."""

    protocol: npt.NDArray[np.uint8]
    """(f,) IANA protocol number."""
    begun: Flags
    """(f,) a SYN was seen."""
    ports: npt.NDArray[np.int32]
    """(f, 2) by side."""
    octets: Octets
    """(f, 2, MESSAGES, SEEN) by side and place; what stands beyond ``seen`` means nothing."""
    seen: Integers
    """(f, 2, MESSAGES) octets that are known; 0: no such message."""
    length: Integers
    """(f, 2, MESSAGES) length of the message; -1: unknown, since the capture cut it."""

    def __len__(self) -> int:
        """The number of flows."""
        return len(self.protocol)


def match(known: tuple[Signature, ...], evidence: Evidence) -> npt.NDArray[np.int16]:
    """(f,) the place of the first signature that each flow fits, -1 where there is none."""
    found = np.full(len(evidence), -1, np.int16)
    sides = _Sides(evidence)
    for place in reversed(range(len(known))):
        found[sides.fitting(known[place]) // 2] = place
    return found


class _Message(NamedTuple):
    """The first or the second message of each side."""

    octets: Octets
    word: npt.NDArray[np.uint64]
    """Its first eight octets as a big-endian number; zero where it is shorter."""
    seen: Integers
    length: Integers


class _Sides:
    """Both sides of flows, (2f,), each of which may be ``one``; the other is its neighbour."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._ports = evidence.ports.reshape(-1)
        octets = evidence.octets.reshape(-1, MESSAGES, SEEN)
        seen, length = evidence.seen.reshape(-1, MESSAGES), evidence.length.reshape(-1, MESSAGES)
        words = octets[..., :WORD].copy().view(">u8")[..., 0].astype(np.uint64)
        words &= _KNOWN[np.minimum(seen, WORD)]
        self._messages = [
            _Message(octets[:, k], words[:, k], seen[:, k], length[:, k]) for k in range(MESSAGES)
        ]
        # By transport and the first octet that is said: few signatures can begin with the same.
        group = np.repeat(np.where(evidence.protocol == Protocol.UDP, 256, 0), 2) + octets[:, 0, 0]
        group[seen[:, 0] == 0] = 512
        self._order = np.argsort(group, kind="stable")
        self._bounds = np.searchsorted(group[self._order], np.arange(513)).tolist()

    def fitting(self, signature: Signature) -> Rows:
        """The sides that fit as ``one``."""
        rows = self._candidates(signature)
        if signature.begun:
            rows = rows[self._evidence.begun[rows // 2]]
        for side, ports in signature.ports.items():
            if len(rows):
                rows = rows[self._has_port(rows, side, ports)]
        for look in (_alike, _fits):
            for name, turn in signature.turns.items():
                if len(rows):
                    message, mine = self._said(name, rows)
                    rows = rows[look(message, mine, turn)]
        for echo in signature.echoes:
            if len(rows):
                rows = rows[self._echoed(rows, echo)]
        return rows

    def _candidates(self, signature: Signature) -> Rows:
        """Those that begin with an octet that can fit, of the transport."""
        base = 256 if signature.protocol == Protocol.UDP else 0
        parts = [
            self._order[self._bounds[base + low] : self._bounds[base + high]]
            for low, high in signature.turns["one"].first_octets
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _said(self, turn: str, rows: Rows) -> tuple[_Message, Rows]:
        """The messages of a turn, and which of them."""
        side, later, _ = turn.partition("_next")
        return self._messages[1 if later else 0], rows if side == "one" else rows ^ 1

    def _has_port(self, rows: Rows, side: str, ports: tuple[int, ...]) -> Flags:
        found: Flags = np.zeros(len(rows), np.bool_)
        if side in ("one", "any"):
            found |= np.isin(self._ports[rows], ports)
        if side in ("other", "any"):
            found |= np.isin(self._ports[rows ^ 1], ports)
        return found

    def _echoed(self, rows: Rows, echo: Echo) -> Flags:
        known: Flags = np.ones(len(rows), np.bool_)
        parts = []
        for turn, at in (echo.first, echo.second):
            message, mine = self._said(turn, rows)
            parts.append(message.octets[mine, at : at + echo.octets])
            known &= message.seen[mine] >= at + echo.octets
        # Zeros repeat zeros everywhere.
        return known & (parts[0] == parts[1]).all(axis=1) & (parts[0] != 0).any(axis=1)


def _alike(message: _Message, rows: Rows, turn: Turn) -> Rows:
    """The places in ``rows`` of those that may fit, by a cheap look at the first octets."""
    word = message.word[rows]
    found: Flags = np.zeros(len(rows), np.bool_)
    for mask, value in turn.first_words:
        found |= (word & mask) == value
    return np.flatnonzero(found & (message.seen[rows] > 0))


def _fits(message: _Message, rows: Rows, turn: Turn) -> Rows:
    """The places in ``rows`` of those that fit; each look is at what is left by the one before."""
    left = np.flatnonzero(message.seen[rows] >= turn.reach)
    for pattern in turn.every:
        if pattern.end > WORD:  # the others were compared already, with the first word
            left = left[_stands(message, rows[left], pattern)]
    if any(pattern.end > WORD for pattern in turn.either):
        left = left[np.any([_stands(message, rows[left], p) for p in turn.either], axis=0)]
    if turn.bounded:
        low, high = turn.length
        length = message.length[rows[left]]
        left = left[(length >= max(low, 0)) & (length <= high) & (length % turn.multiple == 0)]
    if turn.size is not None:
        left = left[_sized(message, rows[left], turn.size)]
    if (turn.has or turn.has_either) and len(left):
        left = left[_holds(message, rows[left], turn)]
    return left


def _stands(message: _Message, rows: Rows, pattern: Pattern) -> Flags:
    part = message.octets[rows, pattern.at : pattern.end] & pattern.mask
    found: Flags = (part == pattern.value).all(axis=1) & (message.seen[rows] >= pattern.end)
    return found


def _sized(message: _Message, rows: Rows, size: Size) -> Flags:
    number = np.zeros(len(rows), np.int64)
    columns = range(size.at, size.at + size.octets)
    for column in reversed(columns) if size.little else columns:
        number = (number << 8) | message.octets[rows, column]
    said: Flags = number + size.plus == message.length[rows]
    return said & (message.seen[rows] >= size.at + size.octets)


def _holds(message: _Message, rows: Rows, turn: Turn) -> Flags:
    """Where all of the one texts and any of the others stand within what is known."""
    known = message.octets[rows]
    known[np.arange(SEEN) >= message.seen[rows][:, np.newaxis]] = 0
    lines = known.view(f"S{SEEN}")[:, 0]
    fits: Flags = np.ones(len(rows), np.bool_)
    for text in turn.has:
        fits &= np.strings.find(lines, text) >= 0
    if turn.has_either:
        fits &= np.any([np.strings.find(lines, text) >= 0 for text in turn.has_either], axis=0)
    return fits
