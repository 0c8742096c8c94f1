"""From packets to pieces of flows: both directions in one, counted by side of the key."""

from dataclasses import dataclass

import numpy as np

from folkways.formats.headers import TcpFlag
from folkways.read.capture.cuts import Ordered, Timeouts, find_cuts
from folkways.read.capture.frames import Integers
from folkways.read.capture.keys import flow_keys, group
from folkways.read.capture.open_flows import PIECE, OpenFlows, Pieces
from folkways.read.capture.packets import Flags, Packets, Rows

_FIRST_FLAGS = TcpFlag.SYN | TcpFlag.ACK | TcpFlag.RST | TcpFlag.FIN
_SYN_ACK = TcpFlag.SYN | TcpFlag.ACK
_REFUSED = TcpFlag.RST | TcpFlag.ACK


@dataclass(frozen=True)
class Metered:
    """To which piece packets belong, (n,), and whether its source sent them, (n,)."""

    flow: Integers
    forward: Flags


class Meter:
    """Meters packets; pieces are numbered in the order of their first packets."""

    def __init__(self, limits: Timeouts, max_open: int) -> None:
        self._limits = limits
        self._max_open = max_open
        self._open = OpenFlows()
        self._ended: list[Pieces] = []
        self._next_id = 0

    def add(self, packets: Packets) -> Metered:
        """Meter packets that come after all that were added before."""
        n = len(packets)
        if n == 0:
            return Metered(np.zeros(0, np.int64), np.zeros(0, np.bool_))
        keys, second = flow_keys(packets)
        groups = group(keys)
        order = groups.order
        sizes = np.diff(np.append(groups.first, n))
        ordered = Ordered(
            time_ns=packets.time_ns[order],
            side=second[order].astype(np.uint8),
            tcp_flags=packets.tcp_flags[order],
            tcp_seq=packets.tcp_seq[order],
            group=np.repeat(np.arange(len(sizes)), sizes),
            first=groups.first,
        )
        slots, new = self._open.find(groups.keys)
        state = self._open.state[slots]
        cut = find_cuts(ordered, state, new, self._limits)
        self._open.state[slots] = state

        begins = cut.copy()
        begins[groups.first] = True
        start = np.flatnonzero(begins)
        pieces = _sum(ordered, packets.ip_bytes[order], packets.cut[order], start)
        pieces["key"] = keys[order[start]]
        goes_on = ~cut[start]
        which = slots[ordered.group[start]]
        pieces[goes_on] = _add(self._open.pieces[which[goes_on]], pieces[goes_on])
        pieces["id"][~goes_on] = self._number(order[start[~goes_on]])
        self._keep(pieces, slots, ordered, replaced=cut[groups.first] & ~new, start=start)

        length = np.diff(np.append(start, n))
        flow, forward = np.empty(n, np.int64), np.empty(n, np.bool_)
        flow[order] = np.repeat(pieces["id"], length)
        forward[order] = ordered.side == np.repeat(pieces["source_side"], length)
        return Metered(flow, forward)

    def _number(self, rows: Rows) -> Integers:
        """New ids for pieces whose first packets stand in these rows, in capture order."""
        ids = np.empty(len(rows), np.int64)
        ids[np.argsort(rows)] = np.arange(self._next_id, self._next_id + len(rows))
        self._next_id += len(rows)
        return ids

    def _keep(
        self, pieces: Pieces, slots: Rows, ordered: Ordered, *, replaced: Flags, start: Rows
    ) -> None:
        """The last piece of each flow stays open; the others, and those replaced, have ended."""
        group_of = ordered.group[start]
        last = np.append(group_of[1:] != group_of[:-1], True)
        self._ended += [self._open.pieces[slots[replaced]], pieces[~last]]
        self._open.pieces[slots] = pieces[last]

    def sweep(self, earliest_ns: int, latest_ns: int) -> tuple[Pieces, int]:
        """The pieces that have ended, by id, and how many of them had to be ended early.

        Flows end that are further than the idle timeout from the span of the latest packets, and
        if still too many are open, those silent for longest.
        """
        idle = self._limits.idle_ns
        silent = self._open.silent(earliest_ns - idle, latest_ns + idle)
        self._ended.append(self._open.close(silent))
        early = max(len(self._open) - self._max_open, 0)
        if early:
            self._ended.append(self._open.close(self._open.longest_silent(early)))
        return self._take_ended(), early

    def close(self) -> Pieces:
        """All pieces that are left, by id."""
        self._ended.append(self._open.close(self._open.all()))
        return self._take_ended()

    def _take_ended(self) -> Pieces:
        ended = np.concatenate([np.zeros(0, PIECE), *self._ended])
        self._ended = []
        return ended[np.argsort(ended["id"])]


def _sum(ordered: Ordered, ip_bytes: Integers, cut: Flags, start: Rows) -> Pieces:
    """The pieces that begin at ``start``, as far as these packets go."""
    pieces = np.zeros(len(start), PIECE)
    second, flags = ordered.side == 1, ordered.tcp_flags
    for side, mine in ((0, ~second), (1, second)):
        pieces["bytes"][:, side] = np.add.reduceat(np.where(mine, ip_bytes, 0), start)
        pieces["packets"][:, side] = np.add.reduceat(mine, start, dtype=np.int64)
        seen = np.where(mine, flags, np.uint8(0))
        pieces["tcp_flags"][:, side] = np.bitwise_or.reduceat(seen, start)
    pieces["start"] = np.minimum.reduceat(ordered.time_ns, start)
    pieces["end"] = np.maximum.reduceat(ordered.time_ns, start)
    pieces["cut"] = np.logical_or.reduceat(cut, start)
    first = flags[start] & _FIRST_FLAGS
    # A reset with sequence number 0 refuses a SYN (RFC 9293 3.5.2), whoever's it was.
    refusal = (first == _REFUSED) & (ordered.tcp_seq[start] == 0)
    answer = (first == _SYN_ACK) | refusal
    pieces["begins"] = first == TcpFlag.SYN
    pieces["opened"] = answer | pieces["begins"]
    # Who answers a SYN did not send it: the other side opened.
    pieces["source_side"] = ordered.side[start] ^ answer
    return pieces


def _add(before: Pieces, more: Pieces) -> Pieces:
    """Pieces that go on: what is known from before, with more packets added."""
    for column in ("bytes", "packets"):
        before[column] += more[column]
    for column in ("tcp_flags", "cut"):
        before[column] |= more[column]
    before["start"] = np.minimum(before["start"], more["start"])
    before["end"] = np.maximum(before["end"], more["end"])
    return before
