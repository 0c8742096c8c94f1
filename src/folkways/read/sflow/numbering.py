"""What the numbers of datagrams, and the drops that sources count, say is missing."""

from dataclasses import dataclass
from enum import Enum
from zlib import crc32

import numpy as np
import numpy.typing as npt

from folkways.model.batches import Gap, Tally
from folkways.read.capture.frames import Integers
from folkways.read.serial import MODULUS, signed
from folkways.read.sflow.datagram import Header, agent_of

MAX_FOLLOWED = 65_536
"""Agents, and sources, whose numbers are kept."""
_JUMP = 1 << 24
"""No loss is so long."""
_LATE = 1000
_LATE_MS = 5_000
"""How far behind a datagram may be; one that is further behind is of a new start."""

DataSource = tuple[bytes, int, int]
"""Agent and sub-agent, class, index: what takes samples and counts its drops."""


class Arrival(Enum):
    """How a datagram came: as the next one, after a later one, or once more."""

    NEXT, LATE, AGAIN = range(3)


@dataclass
class _Stream:
    expected: int
    uptime_ms: int
    time_ms: int
    checksum: int = 0
    """Of the last datagram."""
    gap: Gap | None = None
    """What is missing since ``gap_at``, which late datagrams may still fill."""
    gap_at: int = 0


class Numbering:
    """The sequence numbers of all agents, by sub-agent."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._streams: dict[bytes, _Stream] = {}

    def take(self, header: Header, payload: bytes, time_ms: int) -> Arrival:
        """Take the number of a datagram."""
        stream = self._streams.get(header.stream)
        if stream is None:
            if len(self._streams) >= MAX_FOLLOWED:
                _note_too_many(self._tally)
                return Arrival.NEXT
            stream = _Stream(header.sequence, header.uptime_ms, time_ms)
            self._streams[header.stream] = stream
        checksum = crc32(payload)
        if header.sequence != stream.expected:
            if checksum == stream.checksum and header.uptime_ms == stream.uptime_ms:
                self._tally.flag("export packet that came twice")
                return Arrival.AGAIN
            step = signed(header.sequence - stream.expected)
            older_ms = signed(stream.uptime_ms - header.uptime_ms)
            if -_LATE <= step < 0 and 0 <= older_ms <= _LATE_MS:
                self._fill(stream, header.sequence)
                return Arrival.LATE
            restarted = step < 0 or older_ms > _LATE_MS
            self._jump(stream, header, time_ms, restarted=restarted)
        stream.expected = (header.sequence + 1) % MODULUS
        stream.uptime_ms, stream.time_ms, stream.checksum = header.uptime_ms, time_ms, checksum
        return Arrival.NEXT

    def finish(self) -> None:
        """Report the gaps that nothing filled."""
        for stream in self._streams.values():
            self._close(stream)

    def _jump(self, stream: _Stream, header: Header, time_ms: int, *, restarted: bool) -> None:
        self._close(stream)
        lost = signed(header.sequence - stream.expected)
        if restarted:
            self._tally.flag("exporter restarted")
        elif lost > _JUMP:
            self._tally.flag("sequence jumped")
        else:
            first, last = sorted((stream.time_ms, time_ms))
            stream.gap = Gap(first, last, "sequence gap", agent_of(header.stream), lost)
            stream.gap_at = stream.expected

    def _fill(self, stream: _Stream, sequence: int) -> None:
        self._tally.flag("export packet out of order")
        gap = stream.gap
        if gap and gap.lost and signed(sequence - stream.gap_at) >= 0:
            stream.gap = gap._replace(lost=gap.lost - 1)

    def _close(self, stream: _Stream) -> None:
        if stream.gap and stream.gap.lost:
            self._tally.add_gap(stream.gap)
        stream.gap = None


class Drops:
    """The counts of drops of all sources. One that falls is that of a new start."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._last: dict[DataSource, tuple[int, int]] = {}

    def take(
        self,
        sources: list[DataSource],
        agents: list[str],
        code: npt.NDArray[np.integer],
        drops: Integers,
        time_ms: Integers,
    ) -> None:
        """Take samples, (n,), that came in order; ``code`` says which of the sources took them.

        Args:
            sources: the distinct ones.
            agents: the agent of each, as text.
            code: (n,) places in both.
            drops: (n,) what the source has counted so far.
            time_ms: (n,) when that came.
        """
        if not len(code):
            return
        order = np.argsort(code, kind="stable")
        code, drops, time_ms = code[order], drops[order], time_ms[order]
        # Both samples at each change of source or count; all others say nothing new.
        changes = (code[1:] != code[:-1]) | (drops[1:] != drops[:-1])
        looked_at = np.append(True, changes) | np.append(changes, True)
        columns = (column[looked_at].tolist() for column in (code, drops, time_ms))
        for which, count, now in zip(*columns, strict=True):
            source = sources[which]
            before = self._last.get(source)
            if before is None and len(self._last) >= MAX_FOLLOWED:
                _note_too_many(self._tally)
                continue
            if before is not None and 0 < (lost := count - before[0]) < _JUMP:
                first, last = sorted((before[1], now))
                gap = Gap(first, last, "samples dropped by the agent", agents[which], lost)
                self._tally.add_gap(gap)
            self._last[source] = count, now


def _note_too_many(tally: Tally) -> None:
    """Tell that no more numbers are kept."""
    many = f"More than {MAX_FOLLOWED} agents or sources send sFlow"
    tally.note(f"{many}: what more of them lost is not told.")
