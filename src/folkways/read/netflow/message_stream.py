"""IPFIX messages over TCP: cut by their own lengths (RFC 7011 10.4), and found again behind a hole.

Where it is not known that a message begins, the next place is taken where one begins whose sets
add up to its length. A stream that begins with anything else is of no interest from then on.
"""

from heapq import heappop, heappush

from folkways.formats.ipfix import (
    IPFIX,
    IPFIX_HEADER,
    MAX_DATAGRAM,
    SET_HEADER,
)
from folkways.model.batches import Tally
from folkways.read.netflow.messages import plausible
from folkways.read.netflow.sets import set_begins, sets_add_up

CUT_MESSAGE = "IPFIX message over TCP without all its octets"
NO_EXPORT = "no export packet"
_MARK = IPFIX.to_bytes(2, "big")
_SURE = IPFIX_HEADER.size + SET_HEADER.size
"""Octets that tell whether a message may begin."""
_MAX_SEARCH = 2 * MAX_DATAGRAM
"""Octets in which a message must begin, or there is none."""
_MAX_SETS = 200
"""Sets of a message that is looked for, so that a search costs a bounded time."""


class MessageStream:
    """One direction of a TCP connection."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._data = bytearray()
        self._messages = 0
        self._other = False
        self._searching = False
        self._scanned = 0
        self._candidates: list[tuple[int, int]] = []
        """Where a message may end and begin, as a heap: the first to end is judged first."""

    @property
    def waiting(self) -> int:
        """Octets that wait for the rest of their message."""
        return len(self._data)

    def take(self, payload: bytes, *, lost: bool) -> list[bytes]:
        """The messages that end in the next octets; ``lost``: others are missing before these."""
        if self._other:
            self._tally.skip(NO_EXPORT)
            return []
        if lost:
            self.end()
            self._search(0)
        self._data += payload
        found: list[bytes] = []
        while not self._searching or self._find():
            end = self._message_end()
            if end is None:
                break  # more octets are needed
            if end:
                found.append(bytes(self._data[:end]))
                self._messages += 1
                del self._data[:end]
            elif self._messages:
                self._tally.skip(CUT_MESSAGE)
                self._search(1)
            else:
                self._refuse()
                break
        return found

    def end(self) -> int:
        """Count what will not become a message; returns its octets if it began like one."""
        octets = len(self._data)
        begun = not self._searching and (self._messages > 0 or plausible(bytes(self._data)))
        self._tally.skip(CUT_MESSAGE if begun else NO_EXPORT, int(octets > 0))
        self._data.clear()
        return octets if begun else 0

    def _refuse(self) -> None:
        self._other = True
        self._tally.skip(NO_EXPORT)
        self._data.clear()

    def _search(self, start: int) -> None:
        self._searching, self._scanned, self._candidates = True, start, []

    def _find(self) -> bool:
        """Go to the first message whose end is there; all that begin like one are watched."""
        data = self._data
        while True:
            at = data.find(_MARK, self._scanned)
            if at < 0 or len(data) - at < _SURE:
                # The last octet may be the first half of the mark.
                self._scanned = at if at >= 0 else max(self._scanned, len(data) - 1)
                break
            self._scanned = at + 1
            if set_begins(data, at + IPFIX_HEADER.size, IPFIX):
                heappush(self._candidates, (at + self._length(at), at))
        while self._candidates and self._candidates[0][0] <= len(data):
            end, at = heappop(self._candidates)
            if sets_add_up(data, at + IPFIX_HEADER.size, end, IPFIX, _MAX_SETS):
                del data[:at]
                self._searching = False
                return True
        if len(data) > _MAX_SEARCH:
            self._refuse()
        return False

    def _message_end(self) -> int | None:
        """Where the message ends that begins here; 0: none does; None: more octets are needed."""
        data = self._data
        known = data[: len(_MARK)]
        if known != _MARK[: len(known)]:
            return 0
        if len(data) < _SURE:
            return None
        first, length = IPFIX_HEADER.size, self._length(0)
        if not set_begins(data, first, IPFIX):
            return 0
        if len(data) < length:
            return None
        return length if sets_add_up(data, first, length, IPFIX) else 0

    def _length(self, at: int) -> int:
        return int.from_bytes(self._data[at + 2 : at + 4], "big")
