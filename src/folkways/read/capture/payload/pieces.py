"""Pieces of a byte stream in any order, put together within a bound.

TCP segments, QUIC CRYPTO frames and DTLS fragments are the same thing here: bytes with an offset.
"""

LIMIT = 16 * 1024
"""Bytes kept in order, and as many again that came early, for one stream."""


class Pieces:
    """The start of a stream as far as it is known without a gap (``prefix``)."""

    __slots__ = ("_early", "_early_bytes", "prefix")

    def __init__(self) -> None:
        self.prefix = bytearray()
        self._early: dict[int, bytes] = {}
        self._early_bytes = 0

    @property
    def gap(self) -> bool:
        """Whether bytes wait behind a gap."""
        return bool(self._early)

    def add(self, offset: int, data: bytes) -> bool:
        """Add bytes that stand at ``offset`` (it may be negative); True if the prefix grew.

        What lies beyond the limit is dropped. What overlaps is believed as it came first.
        """
        if offset < 0:
            offset, data = 0, data[-offset:]
        data = data[: max(0, LIMIT - offset)]
        known = len(self.prefix)
        if offset > known:
            self._keep(offset, data)
            return False
        if offset + len(data) <= known:
            return False
        self.prefix += data[known - offset :]
        self._join()
        return True

    def drop(self, count: int) -> None:
        """Take ``count`` bytes off the start; offsets count from there afterwards."""
        del self.prefix[:count]
        self._early = {offset - count: data for offset, data in self._early.items()}

    def _keep(self, offset: int, data: bytes) -> None:
        old = len(self._early.get(offset, b""))
        if len(data) > old and self._early_bytes + len(data) - old <= LIMIT:
            self._early[offset] = data
            self._early_bytes += len(data) - old

    def _join(self) -> None:
        while self._early:
            offset = min(self._early)
            if offset > len(self.prefix):
                return
            data = self._early.pop(offset)
            self._early_bytes -= len(data)
            self.prefix += data[len(self.prefix) - offset :]
