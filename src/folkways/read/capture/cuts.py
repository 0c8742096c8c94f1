"""Where one piece of a flow ends and the next begins: new connections and timeouts.

All rules look at the packets of one flow in capture order, so that the outcome does not depend on
how the capture was cut into chunks:

- a SYN without ACK begins a connection if one was closed before (FIN or RST since the last such
  SYN), or if its initial sequence number differs from that of the side's last SYN. The same number
  again is a retransmission and begins nothing.
- a gap longer than the idle timeout, in whichever direction time jumps, begins a piece, and what
  was known of SYN, FIN and RST is forgotten.
- so does a packet that comes the active timeout or more after the piece's first.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from folkways.formats.headers import TcpFlag
from folkways.read.capture.frames import Integers
from folkways.read.capture.packets import Flags, Rows

_OPENING = TcpFlag.SYN | TcpFlag.ACK | TcpFlag.RST | TcpFlag.FIN
_CLOSING = TcpFlag.FIN | TcpFlag.RST


@dataclass(frozen=True)
class Ordered:
    """Packets of a chunk by flow, and in capture order within a flow; all but the last are (n,)."""

    time_ns: Integers
    side: npt.NDArray[np.uint8]
    """Which side of the key sent it, 0 or 1."""
    tcp_flags: npt.NDArray[np.uint8]
    tcp_seq: npt.NDArray[np.uint32]
    group: Rows
    """Which flow, 0 to g - 1."""
    first: Rows
    """(g,) where each flow begins."""

    @property
    def last(self) -> Rows:
        """(g,) the last packet of each flow."""
        return np.append(self.first[1:], len(self.time_ns)) - 1


@dataclass(frozen=True)
class Timeouts:
    """Both in nanoseconds."""

    active_ns: int
    idle_ns: int


def find_cuts(packets: Ordered, state: npt.NDArray[np.void], new: Flags, limits: Timeouts) -> Flags:
    """(n,) where a piece begins; ``state`` (g,) of the flows is brought up to the last packet.

    ``new`` (g,) are flows that were not open. Of the state, ``last``, ``clock``, ``clock_start``,
    ``closed``, ``isn`` and ``isn_known`` are read and written.
    """
    previous = np.empty_like(packets.time_ns)
    previous[1:] = packets.time_ns[:-1]
    previous[packets.first] = state["last"]
    cut = np.abs(packets.time_ns - previous) > limits.idle_ns
    cut[packets.first[new]] = True
    _cut_at_syn(packets, state, cut)
    _cut_at_active_timeout(packets, state, cut, limits.active_ns)
    state["last"] = packets.time_ns[packets.last]
    return cut


def _cut_at_syn(packets: Ordered, state: npt.NDArray[np.void], cut: Flags) -> None:
    """Runs between idle gaps know nothing of each other; only a flow's first may go on."""
    flags = packets.tcp_flags
    syn = (flags & _OPENING) == TcpFlag.SYN
    closing = (flags & _CLOSING) != 0
    starts = _starts(packets, cut)
    first, run = np.flatnonzero(starts), np.cumsum(starts) - 1
    group = packets.group[first]
    goes_on = ~cut[first]
    closed = state["closed"][group] & goes_on
    numbers = Numbers(state["isn"][group], state["isn_known"][group] & goes_on[:, np.newaxis])

    places = np.arange(len(flags))
    last_close = np.maximum.accumulate(np.where(closing, places, -1))
    last_syn = np.maximum.accumulate(np.where(syn, places, -1))
    opening = np.flatnonzero(syn)
    if len(opening):
        # Before the packet itself: what the one in front of it had seen.
        mine = run[opening]
        before = np.append(-1, last_close)[opening], np.append(-1, last_syn)[opening]
        closed_before = _closed(*before, first[mine], closed[mine])
        again, other = _compare_numbers(packets, opening, mine, numbers)
        cut[opening] |= other | (closed_before & ~again)

    end = packets.last
    last = run[end]
    state["closed"] = _closed(last_close[end], last_syn[end], first[last], closed[last])
    state["isn"], state["isn_known"] = numbers.value[last], numbers.known[last]


@dataclass(frozen=True)
class Numbers:
    """Initial sequence numbers of the last SYN by run and side, (r, 2), and where there is one."""

    value: npt.NDArray[np.uint32]
    known: Flags


def _starts(packets: Ordered, cut: Flags) -> Flags:
    starts = cut.copy()
    starts[packets.first] = True
    return starts


def _closed(last_close: Rows, last_syn: Rows, first: Rows, before: Flags) -> Flags:
    seen = np.maximum(last_close, last_syn) >= first
    return np.where(seen, last_close > last_syn, before)


def _compare_numbers(
    packets: Ordered, opening: Rows, run: Rows, numbers: Numbers
) -> tuple[Flags, Flags]:
    """Of SYNs: whether the number is that of the side's last SYN, or another; keeps the last."""
    end = run * 2 + packets.side[opening]
    order = np.argsort(end, kind="stable")
    end, number = end[order], packets.tcp_seq[opening][order]
    changes = end[1:] != end[:-1]
    begins, ends = np.append([True], changes), np.append(changes, [True])
    place = end // 2, end % 2
    known = ~begins | numbers.known[place]
    before = np.where(begins, numbers.value[place], np.append(number[:1], number[:-1]))
    again, other = np.empty((2, len(opening)), np.bool_)
    again[order] = known & (number == before)
    other[order] = known & (number != before)
    kept = place[0][ends], place[1][ends]
    numbers.value[kept] = number[ends]
    numbers.known[kept] = True
    return again, other


def _cut_at_active_timeout(
    packets: Ordered, state: npt.NDArray[np.void], cut: Flags, active_ns: int
) -> None:
    starts = _starts(packets, cut)
    goes_on = np.zeros(len(cut), np.bool_)
    goes_on[packets.first] = ~cut[packets.first]
    clock = packets.time_ns.copy()
    carried = np.flatnonzero(goes_on)
    clock[carried] = np.maximum(clock[carried], state["clock"][packets.group[carried]])
    _raise_clock(clock, starts)
    first = np.flatnonzero(starts)
    ends = np.append(first[1:], len(clock))
    begun = np.where(goes_on[first], state["clock_start"][packets.group[first]], clock[first])
    for which in np.flatnonzero(clock[ends - 1] - begun >= active_ns).tolist():
        begin, at, end = int(begun[which]), int(first[which]), int(ends[which])
        at += 0 if goes_on[at] else 1
        while (at := at + int(np.searchsorted(clock[at:end], begin + active_ns))) < end:
            cut[at] = True
            begin = int(clock[at])
            at += 1
    last = packets.last
    latest = np.maximum.accumulate(np.where(cut, np.arange(len(cut)), -1))[last]
    state["clock_start"] = np.where(
        latest >= packets.first, clock[np.maximum(latest, 0)], state["clock_start"]
    )
    state["clock"] = clock[last]


def _raise_clock(clock: Integers, starts: Flags) -> None:
    """Make the clock of each run of packets never fall: its running maximum, in place."""
    falls = np.append(False, clock[1:] < clock[:-1]) & ~starts
    if not falls.any():
        return
    run = np.cumsum(starts) - 1
    chosen = np.flatnonzero(np.isin(run, np.unique(run[falls])))
    value, run = clock[chosen], run[chosen]
    longest = int(np.bincount(run).max())
    step = 1
    # Each pass doubles how far back the maximum reaches.
    while step < longest:
        same = run[step:] == run[:-step]
        value[step:] = np.where(same, np.maximum(value[step:], value[:-step]), value[step:])
        step *= 2
    clock[chosen] = value
