"""Frames of a pcapng file: several sections and interfaces, each with its clock and link type."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import Struct

import numpy as np
import numpy.typing as npt

from folkways.formats.pcap import (
    BYTE_ORDER_MAGIC,
    MAX_BLOCK,
    MIN_BLOCK,
    PACKET_FIXED,
    Block,
    Order,
    packet_block_dtype,
)
from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.capture.frames import Frames, Integers, gather
from folkways.read.capture.interfaces import Interface, read_interface, times_of
from folkways.read.capture.stream import DAMAGED_RECORD, ChunkStream, count_bad

MAX_INTERFACES = 65_536
MAX_SECTIONS = 32_768
"""After so many their numbers begin again."""
_PACKETS = frozenset((Block.PACKET, Block.SIMPLE_PACKET, Block.ENHANCED_PACKET))
_HELD = _PACKETS | {Block.SECTION, Block.INTERFACE}


@dataclass
class _Run:
    """Packet blocks between which neither the section nor its interfaces change."""

    order: Order
    base: int
    """Place of the section's first interface in the list of all."""
    interfaces: int
    section: int
    starts: list[int] = field(default_factory=list)


@dataclass
class _Walk:
    """Where the walk through the blocks stands."""

    tally: Tally
    order: Order = "<"
    interfaces: list[Interface] = field(default_factory=list)
    base: int = 0
    section: int = 0
    runs: list[_Run] = field(default_factory=list)
    damaged: bool = False

    def start_chunk(self) -> None:
        """Forget the sections that ended; go on with the current one."""
        del self.interfaces[: self.base]
        self.base = 0
        self.runs = []
        self._start_run()

    def _start_run(self) -> None:
        known = len(self.interfaces) - self.base
        self.runs.append(_Run(self.order, self.base, known, self.section))

    def start_section(self, order: Order) -> None:
        self.order = order
        self.base = len(self.interfaces)
        self.section = (self.section + 1) % MAX_SECTIONS
        self._start_run()

    def add_interface(self, block: bytes) -> None:
        if len(self.interfaces) - self.base < MAX_INTERFACES:
            self.interfaces.append(read_interface(block, self.order))
            self._start_run()

    def walk(self, content: bytes) -> int:
        """Collect the packet blocks of a chunk; returns the bytes used, maybe beyond its end."""
        at, end = 0, len(content)
        head = Struct(f"{self.order}II").unpack_from
        add = self.runs[-1].starts.append
        while end - at >= MIN_BLOCK:
            kind, length = head(content, at)
            if kind == Block.SECTION:
                order = BYTE_ORDER_MAGIC.get(content[at + 8 : at + 12])
                head = Struct(f"{order or self.order}II").unpack_from
                length = head(content, at)[1] if order else 0
            if length < MIN_BLOCK or (length > MAX_BLOCK and kind in _HELD):
                self.damaged = True
                return at
            length += -length % 4
            if at + length > end:
                return at if kind in _HELD else at + length
            if kind in _PACKETS:
                add(at)
            elif kind == Block.SECTION:
                self.start_section(BYTE_ORDER_MAGIC[content[at + 8 : at + 12]])
                add = self.runs[-1].starts.append
            elif kind == Block.INTERFACE:
                self.add_interface(content[at : at + length])
                add = self.runs[-1].starts.append
            at += length
        return at


def read_pcapng(chunks: ChunkStream) -> Iterator[Frames]:
    """Yield the frames of each chunk; counts what has no frame, stops at a damaged block length.

    Simple packet blocks carry no time, and none is invented: they are counted and left out.

    Raises:
        FormatError: the file ends within its section header.
    """
    if len(chunks.content) < MIN_BLOCK + 16:
        raise FormatError("The capture ends within its section header; there is nothing to read.")
    walk = _Walk(chunks.tally)
    while True:
        walk.start_chunk()
        used = walk.walk(chunks.content)
        if any(run.starts for run in walk.runs):
            yield _frames(chunks, walk)
        if walk.damaged:
            count_bad(chunks.tally, DAMAGED_RECORD)
            chunks.tally.note(
                "A block header of the capture is damaged; what follows it was not read."
            )
            return
        if chunks.ended:
            chunks.count_end(cut=used != len(chunks.content))
            return
        chunks.read_more(used)


def _frames(chunks: ChunkStream, walk: _Walk) -> Frames:
    data = chunks.octets()
    runs = [run for run in walk.runs if run.starts]
    at = np.array([start for run in runs for start in run.starts], np.int64)
    sizes = [len(run.starts) for run in runs]
    base = np.repeat([run.base for run in runs], sizes)
    known = np.repeat([run.interfaces for run in runs], sizes)
    big = np.repeat([run.order == ">" for run in runs], sizes)
    head = _heads(data, at, big)
    kind, interface = head["type"], head["interface"].astype(np.int64)
    obsolete = kind == Block.PACKET
    # The obsolete block has 16 bits of interface, then 16 of drops.
    interface[obsolete & big] >>= 16
    interface[obsolete & ~big] &= 0xFFFF
    ticks = (head["time_high"].astype(np.uint64) << np.uint64(32)) | head["time_low"]
    captured = head["captured"].astype(np.int64)
    no_time = kind == Block.SIMPLE_PACKET
    too_long = ~no_time & (captured > head["length"].astype(np.int64) - PACKET_FIXED - 4)
    no_interface = ~no_time & ~too_long & (interface >= known)
    good = np.flatnonzero(~(no_time | too_long | no_interface))
    used = base[good] + interface[good]
    time_ns, in_range = times_of(ticks[good], walk.interfaces, used)
    count_bad(chunks.tally, "packet block without a time", int(no_time.sum()))
    count_bad(chunks.tally, "packet longer than its block", int(too_long.sum()))
    count_bad(chunks.tally, "packet block of an undescribed interface", int(no_interface.sum()))
    count_bad(chunks.tally, "time out of range", int(len(good) - in_range.sum()))
    good, used, time_ns = good[in_range], used[in_range], time_ns[in_range]
    # Numbers that are the same whatever the chunks are.
    section = np.repeat([run.section for run in runs], sizes)[good]
    where = (section * MAX_INTERFACES + interface[good]).astype(np.int32)
    links = np.array([i.link for i in walk.interfaces] or [0], np.int32)
    wire = head["wire"][good].astype(np.int64)
    start = at[good] + PACKET_FIXED
    return Frames(data, start, captured[good], wire, time_ns, links[used], where)


def _heads(
    data: npt.NDArray[np.uint8], at: Integers, big: npt.NDArray[np.bool_]
) -> npt.NDArray[np.void]:
    """The fixed parts of packet blocks in native byte order, whatever their section's is."""
    native = gather(data, at, packet_block_dtype("<"))
    if big.any():
        native = native.copy()
        native[big] = gather(data, at[big], packet_block_dtype(">")).astype(native.dtype)
    return native
