"""What is known of each packet of a chunk after its headers were read, by column."""

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from folkways.model.addresses import MAPPED_PREFIX
from folkways.read.capture.frames import Frames, Integers, Octets

Rows = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]


class Cause:
    """Why a packet gives no flow; the places of the words in ``CAUSES``."""

    NONE, NOT_IP, ARP, LINK, CUT_LINK, CUT_IP, BAD_VERSION, BAD_IP, TWICE = range(9)


CAUSES = (
    "",
    "not IP",
    "ARP",
    "link type not supported",
    "cut before the IP header",
    "cut IP header",
    "bad IP version",
    "bad IP header",
    "seen twice in the capture",
)

FIRST_FRAGMENT, LATER_FRAGMENT = 1, 2


@dataclass(frozen=True)
class Cursor:
    """Where the next header of some packets stands; all arrays are (m,)."""

    row: Rows
    """Which packets of the chunk."""
    at: Integers
    """Offset of the header in the chunk."""
    end: Integers
    """Offset after the last captured byte that belongs to it."""
    wire_end: Integers
    """The same as if nothing had been cut off by the capture."""

    def __len__(self) -> int:
        """The number of packets."""
        return len(self.row)

    def take(self, chosen: Rows | Flags | slice, forward: int | Integers = 0) -> "Cursor":
        """Some of them, moved forward by so many bytes (one number, or one for each taken)."""
        return Cursor(
            self.row[chosen], self.at[chosen] + forward, self.end[chosen], self.wire_end[chosen]
        )

    def has(self, size: int) -> Flags:
        """Where so many bytes are there."""
        return self.at + size <= self.end


def join(cursors: list[Cursor]) -> Cursor:
    """All of them in one; the order within a chunk does not matter, for each knows its row."""
    if len(cursors) == 1:
        return cursors[0]
    if not cursors:
        none = np.zeros(0, np.int64)
        return Cursor(none.astype(np.intp), none, none, none)
    return Cursor(
        np.concatenate([c.row for c in cursors]),
        np.concatenate([c.at for c in cursors]),
        np.concatenate([c.end for c in cursors]),
        np.concatenate([c.wire_end for c in cursors]),
    )


@dataclass
class Packets:
    """Columns of ``n`` packets in capture order; see ``PacketColumns`` for most of them."""

    time_ns: Integers
    cause: npt.NDArray[np.uint8]
    """``Cause`` why it is not used; NONE: it is."""
    protocol: npt.NDArray[np.uint8]
    source: Octets
    destination: Octets
    source_port: npt.NDArray[np.int32]
    destination_port: npt.NDArray[np.int32]
    ip_at: Integers
    """Offset in the chunk of the IP header that counts."""
    ip_bytes: Integers
    tcp_flags: npt.NDArray[np.uint8]
    tcp_seq: npt.NDArray[np.uint32]
    payload_start: Integers
    payload_length: Integers
    payload_cut: Flags
    cut: Flags
    """The capture cut its ports or TCP flags away."""
    fragment: npt.NDArray[np.uint8]
    """0, FIRST_FRAGMENT or LATER_FRAGMENT."""
    fragment_id: npt.NDArray[np.uint32]
    unopened: npt.NDArray[np.uint8]
    """Which tunnel it is that was not opened, a place in ``tunnels.NAMES``; 0: none."""
    too_long: Flags
    """Its IP length is above what was on the wire."""
    tunnelled: list[tuple[int, bytes]] = field(default_factory=list)
    """Outer fragment keys of first fragments that hold an inner packet, with their rows."""

    def __len__(self) -> int:
        """The number of packets."""
        return len(self.time_ns)

    def take(self, chosen: Rows | Flags) -> "Packets":
        """Some of them, in the order given."""
        return Packets(*(getattr(self, name)[chosen] for name in _COLUMNS))

    def fragment_keys(self, rows: Rows) -> list[bytes]:
        """What the fragments of one packet share: addresses, id, and in IPv4 the protocol."""
        source = self.source[rows]
        mapped = (source[:, :12] == np.frombuffer(MAPPED_PREFIX, np.uint8)).all(axis=1)
        protocol = np.where(mapped, self.protocol[rows], 0).astype(np.uint8)
        ids = self.fragment_id[rows].view(np.uint8).reshape(-1, 4)
        parts = (source, self.destination[rows], ids, protocol.reshape(-1, 1))
        keys: list[bytes] = np.concatenate(parts, axis=1).view("V37").reshape(-1).tolist()
        return keys


_COLUMNS = [f.name for f in fields(Packets)][:-1]
"""All but ``tunnelled``, in the order of the fields."""


def unread_packets(frames: Frames) -> Packets:
    """Columns for these frames, of which nothing but the time is known yet."""
    n = len(frames)
    return Packets(
        time_ns=frames.time_ns,
        cause=np.full(n, Cause.NOT_IP, np.uint8),
        protocol=np.zeros(n, np.uint8),
        source=np.zeros((n, 16), np.uint8),
        destination=np.zeros((n, 16), np.uint8),
        source_port=np.full(n, -1, np.int32),
        destination_port=np.full(n, -1, np.int32),
        ip_at=np.zeros(n, np.int64),
        ip_bytes=np.zeros(n, np.int64),
        tcp_flags=np.zeros(n, np.uint8),
        tcp_seq=np.zeros(n, np.uint32),
        payload_start=np.zeros(n, np.int64),
        payload_length=np.zeros(n, np.int64),
        payload_cut=np.zeros(n, np.bool_),
        cut=np.zeros(n, np.bool_),
        fragment=np.zeros(n, np.uint8),
        fragment_id=np.zeros(n, np.uint32),
        unopened=np.zeros(n, np.uint8),
        too_long=np.zeros(n, np.bool_),
    )


def join_packets(parts: list[Packets]) -> Packets:
    """One after the other."""
    columns: list[Any] = [np.concatenate([getattr(p, name) for p in parts]) for name in _COLUMNS]
    return Packets(*columns)
