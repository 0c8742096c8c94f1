"""Fragments of an IP packet belong to the flow of the first one, the only one that has ports."""

import numpy as np

from folkways.model.batches import Tally
from folkways.read.capture.frames import Integers
from folkways.read.capture.packets import FIRST_FRAGMENT, Cause, Flags, Packets, join_packets

TUNNELLED_FRAGMENT = "later fragment of a tunnelled packet"

Facts = tuple[int, int, int]
"""Both ports and the protocol, which only the first fragment is sure to show."""


class Fragments:
    """Which ports the fragments on their way have; call ``forget`` from time to time.

    A first fragment is known from its arrival until the second ``forget`` after it. A later one
    that arrives before it waits for it, up to the next ``forget``, and then goes on without ports.
    So what comes out depends on the packets and on where ``forget`` is called, not on chunks.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._known: dict[bytes, Facts | None] = {}
        """None: it holds a tunnelled packet, which was counted with its whole length."""
        self._older: dict[bytes, Facts | None] = {}
        self._held: Packets | None = None
        self._waiting: dict[bytes, list[int]] = {}
        """By key, places in ``_held``."""

    def resolve(self, packets: Packets) -> Packets:
        """The packets to be metered now: later fragments with their ports, where they are known.

        Those that waited stand right behind the first fragment that they waited for. Later
        fragments of a tunnelled packet are counted as skipped and left out.
        """
        use = packets.cause == Cause.NONE
        concerned = use & (packets.fragment > 0)
        outer = dict(packets.tunnelled)
        concerned[list(outer)] = True
        if not concerned.any():
            return packets if use.all() else packets.take(use)
        held = 0
        if self._held is not None:
            held = len(self._held)
            packets = join_packets([self._held, packets])
            use = np.concatenate([np.zeros(held, np.bool_), use])
        # Places between packets are left for those that waited.
        place = np.arange(len(packets)) * 2
        rows = np.flatnonzero(concerned) + held
        for row, key in zip(rows.tolist(), packets.fragment_keys(rows), strict=True):
            tunnel = outer.get(row - held)
            if tunnel is not None:
                self._known[tunnel] = None
                waited = len(self._waiting.pop(tunnel, []))
                self._tally.skip(TUNNELLED_FRAGMENT, waited)
            if packets.cause[row] != Cause.NONE:
                continue
            if packets.fragment[row] == FIRST_FRAGMENT:
                self._learn(packets, row, key, use, place)
            elif packets.fragment[row]:
                self._apply(packets, row, key, use)
        self._hold(packets)
        chosen = np.flatnonzero(use)
        return packets.take(chosen[np.argsort(place[chosen], kind="stable")])

    def _learn(self, packets: Packets, row: int, key: bytes, use: Flags, place: Integers) -> None:
        """A first fragment: it is known from now on, and releases those that wait for it."""
        facts = (
            int(packets.source_port[row]),
            int(packets.destination_port[row]),
            int(packets.protocol[row]),
        )
        self._known[key] = facts
        for waiting in self._waiting.pop(key, []):
            _give(packets, waiting, facts)
            use[waiting] = True
            place[waiting] = row * 2 + 1

    def _apply(self, packets: Packets, row: int, key: bytes, use: Flags) -> None:
        """A later fragment: it gets its ports, waits for them, or is left out."""
        if key not in self._known and key not in self._older:
            self._waiting.setdefault(key, []).append(row)
            use[row] = False
            return
        facts = self._known.get(key, self._older.get(key))
        if facts is None:
            self._tally.skip(TUNNELLED_FRAGMENT)
            use[row] = False
        else:
            _give(packets, row, facts)

    def _hold(self, packets: Packets) -> None:
        """Keep those that still wait, and nothing else of the packets."""
        rows = [row for waiting in self._waiting.values() for row in waiting]
        self._held = packets.take(np.array(rows, np.intp)) if rows else None
        place = {row: number for number, row in enumerate(rows)}
        self._waiting = {key: [place[r] for r in w] for key, w in self._waiting.items()}

    def forget(self) -> Packets | None:
        """Age what is known; returns those that waited in vain, to be metered without ports."""
        self._older, self._known = self._known, {}
        waiting, self._held, self._waiting = self._held, None, {}
        return waiting


def _give(packets: Packets, row: int, facts: Facts) -> None:
    packets.source_port[row], packets.destination_port[row], packets.protocol[row] = facts
