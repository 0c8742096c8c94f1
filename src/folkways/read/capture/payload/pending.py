"""Flows of which more must be seen before their name or answer is known, within bounds."""

from collections.abc import Iterable
from typing import Generic, TypeVar

from folkways.read.capture.payload.pieces import Pieces

MAX_AGE_NS = 30 * 1_000_000_000
"""A hello is not waited for longer than this, by capture time."""

State = TypeVar("State")


class Segments:
    """The start of one direction of a TCP connection, from the first byte that mattered."""

    __slots__ = ("_base", "forward", "pieces")

    def __init__(self, sequence: int, *, forward: bool) -> None:
        self._base = sequence
        self.forward = forward
        self.pieces = Pieces()

    def offset(self, sequence: int) -> int:
        """Where a segment stands; negative before the start. Sequence numbers wrap at 2^32."""
        distance = (sequence - self._base) & 0xFFFF_FFFF
        return distance - (1 << 32) if distance >> 31 else distance

    def add(self, sequence: int, data: bytes) -> bool:
        """Add a segment; True if more is known without a gap."""
        return self.pieces.add(self.offset(sequence), data)

    def drop(self, count: int) -> None:
        """Forget ``count`` bytes of the start."""
        self._base = (self._base + count) & 0xFFFF_FFFF
        self.pieces.drop(count)


class Pending(Generic[State]):
    """A state a flow: bounded in number and age, the oldest goes first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._states: dict[int, tuple[int, State]] = {}
        self.lost: list[State] = []
        """States that were given up, until ``take_lost`` is called."""

    def __len__(self) -> int:
        """The number of flows."""
        return len(self._states)

    def __contains__(self, flow: int) -> bool:
        """Whether a flow has a state."""
        return flow in self._states

    def flows(self) -> Iterable[int]:
        """The ids of the flows."""
        return self._states.keys()

    def get(self, flow: int) -> State | None:
        """The state of a flow."""
        entry = self._states.get(flow)
        return entry[1] if entry else None

    def put(self, flow: int, state: State, time_ns: int) -> None:
        """Keep the state of a flow; the oldest is given up if there are too many."""
        self._states[flow] = (time_ns, state)
        if len(self._states) > self._limit:
            self.lost.append(self._states.pop(next(iter(self._states)))[1])

    def pop(self, flow: int) -> None:
        """Forget a flow that is settled."""
        self._states.pop(flow, None)

    def expire(self, now_ns: int) -> None:
        """Give up what has waited too long, as of a capture time."""
        old = [flow for flow, (since, _) in self._states.items() if now_ns - since > MAX_AGE_NS]
        self.lost.extend(self._states.pop(flow)[1] for flow in old)

    def clear(self) -> None:
        """Give up everything: the capture ended."""
        self.lost.extend(state for _, state in self._states.values())
        self._states.clear()

    def take_lost(self) -> list[State]:
        """The states given up since the last call."""
        lost, self.lost = self.lost, []
        return lost
