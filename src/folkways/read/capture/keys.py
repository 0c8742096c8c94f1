"""Both directions of a flow have one key; packets are grouped by it, exactly and without a loop."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from folkways.read.capture.frames import Octets
from folkways.read.capture.packets import Flags, Packets, Rows

Words = npt.NDArray[np.uint64]
KEY_WORDS = 5

_MIX = np.array(
    [
        0x9E3779B97F4A7C15,
        0xC2B2AE3D27D4EB4F,
        0x165667B19E3779F9,
        0xD6E8FEB86659FD93,
        0xA0761D6478BD642F,
    ],
    np.uint64,
)
"""Odd constants; any will do, since equal hashes are told apart by their keys."""


@dataclass(frozen=True)
class Groups:
    """Packets of one chunk in the order of their flows, and in capture order within a flow."""

    order: Rows
    """(n,) rows of the packets."""
    first: Rows
    """(g,) where each group begins in ``order``."""
    keys: list[bytes]
    """(g,) the keys of the groups."""


def flow_keys(packets: Packets) -> tuple[Words, Flags]:
    """The key of each packet, (n, 5) words, and whether its sender is the key's second side.

    The side with the smaller address (or the smaller port of the same address) is the first.
    """
    source = packets.source.view(">u8").astype(np.uint64)
    destination = packets.destination.view(">u8").astype(np.uint64)
    ports = packets.source_port, packets.destination_port
    second = (source[:, 0] > destination[:, 0]) | (
        (source[:, 0] == destination[:, 0])
        & (
            (source[:, 1] > destination[:, 1])
            | ((source[:, 1] == destination[:, 1]) & (ports[0] > ports[1]))
        )
    )
    keys = np.empty((len(packets), KEY_WORDS), np.uint64)
    for word in (0, 1):
        keys[:, word] = np.where(second, destination[:, word], source[:, word])
        keys[:, word + 2] = np.where(second, source[:, word], destination[:, word])
    low = np.where(second, ports[1], ports[0]).astype(np.int64) + 1
    high = np.where(second, ports[0], ports[1]).astype(np.int64) + 1
    keys[:, 4] = (low << 40) | (high << 16) | packets.protocol
    return keys, second


def group(keys: Words) -> Groups:
    """Group packets by key: by a hash of it, and exactly where two keys share a hash."""
    hashed = np.zeros(len(keys), np.uint64)
    for word in range(KEY_WORDS):
        hashed = (hashed ^ keys[:, word]) * _MIX[word]
        hashed ^= hashed >> np.uint64(29)
    order = np.argsort(hashed, kind="stable")
    changes = _changes(keys[order])
    if changes.sum() != (hashed[order][1:] != hashed[order][:-1]).sum():
        order = np.lexsort(keys.T)
        changes = _changes(keys[order])
    first = np.concatenate([[0], np.flatnonzero(changes) + 1]) if len(keys) else order
    whole = keys[order[first]].view(f"V{8 * KEY_WORDS}").reshape(-1)
    return Groups(order, first, whole.tolist())


def _changes(keys: Words) -> Flags:
    """(n - 1,) where a row differs from the one before."""
    changed: Flags = (keys[1:] != keys[:-1]).any(axis=1)
    return changed


@dataclass(frozen=True)
class Unpacked:
    """What keys say."""

    first: Octets
    """(n, 16) address of the first side."""
    second: Octets
    """(n, 16) address of the second side."""
    ports: npt.NDArray[np.int32]
    """(n, 2) by side; -1: unknown or none."""
    protocol: npt.NDArray[np.uint8]
    """(n,)"""


def unpack(keys: Words) -> Unpacked:
    """The other way: from (n, 5) words to what they were made of."""
    octets = keys[:, :4].astype(">u8").view(np.uint8).reshape(-1, 32)
    packed = keys[:, 4].astype(np.int64)
    ports = np.stack([packed >> 40, (packed >> 16) & 0xFFFFFF], axis=1).astype(np.int32) - 1
    return Unpacked(octets[:, :16], octets[:, 16:], ports, (packed & 0xFF).astype(np.uint8))
