"""The objects of a JSON document one by one, found by brackets alone: memory holds one at a time.

A JSON parser would need the whole document, which for an hour of a busy network is hundreds of
megabytes. Brackets are looked for in numpy, outside of strings only (RFC 8259), so that neither
size nor layout matters, and so that all whole objects before a cut are found.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from folkways.model.batches import Tally

MAX_OBJECT_BYTES = 64 << 20
"""Longer objects are left out and counted; a record (one minute of flows) has a few megabytes."""

_QUOTE, _BACKSLASH, _OPEN, _CLOSE = 0x22, 0x5C, 0x7B, 0x7D
_STEP = np.zeros(256, np.int8)
_STEP[[_OPEN, 0x5B]] = 1
_STEP[[_CLOSE, 0x5D]] = -1
_MARK = _STEP != 0
_MARK[_QUOTE] = True

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]


class _Scanner:
    """Keeps, from chunk to chunk, the depth and whether a string or an escape is open."""

    def __init__(self, level: int) -> None:
        self._level = level
        self.depth = 0
        self.in_string = False
        self._escaped = False

    def bounds(self, chunk: bytes) -> tuple[Positions, Positions]:
        """Where objects of the level begin, and one past where they end."""
        data = np.frombuffer(chunk, np.uint8)
        marks = np.flatnonzero(_MARK[data])
        marks = marks[~self._escapes(data)[marks]] if self._has_escapes(data) else marks
        quotes = data[marks] == _QUOTE
        before = self.in_string + np.cumsum(quotes) - quotes
        self.in_string = bool((self.in_string + int(quotes.sum())) & 1)
        brackets = marks[~quotes & (before % 2 == 0)]
        kinds = data[brackets]
        steps = _STEP[kinds].astype(np.int64)
        after = self.depth + np.cumsum(steps)
        starts = brackets[(kinds == _OPEN) & (after - steps == self._level)]
        ends = brackets[(kinds == _CLOSE) & (after == self._level)] + 1
        if len(after):
            self.depth = int(after[-1])
        return starts, ends

    def _has_escapes(self, data: Bytes) -> bool:
        return self._escaped or bool((data == _BACKSLASH).any())

    def _escapes(self, data: Bytes) -> npt.NDArray[np.bool_]:
        """Which bytes are escaped: those after a run of backslashes of odd length."""
        slashes = np.flatnonzero(data == _BACKSLASH)
        if self._escaped:
            slashes = np.concatenate(([-1], slashes))
        escaped = np.zeros(len(data) + 1, np.bool_)
        breaks = np.flatnonzero(np.diff(slashes) != 1) + 1
        firsts = slashes[np.concatenate(([0], breaks))]
        lasts = slashes[np.concatenate((breaks - 1, [len(slashes) - 1]))]
        odd = (lasts - firsts) % 2 == 0
        escaped[lasts[odd] + 1] = True
        self._escaped = bool(escaped[-1])
        return escaped[:-1]


def objects(chunks: Iterable[bytes], level: int, tally: Tally) -> Iterator[list[bytes]]:
    """The objects at a depth of a document (0: a row of objects; 1: in an array), some at a time.

    What is too long, and an object that the end cuts, are counted and left out.
    """
    scanner = _Scanner(level)
    rest = b""  # the bytes of an object that has begun and not ended
    open_ = False
    for chunk in chunks:
        starts, ends = scanner.bounds(chunk)
        chunk = rest + chunk  # noqa: PLW2901  # positions below are shifted by the rest
        starts, ends = starts + len(rest), ends + len(rest)
        if open_:
            starts = np.concatenate(([0], starts))
        pairs, last = _pairs(starts, ends, tally)
        if pairs:
            yield [chunk[a:b] for a, b in pairs]
        open_ = last is not None
        rest = b"" if last is None else chunk[last:]
        if len(rest) > MAX_OBJECT_BYTES:
            _skip(tally, "object too long")
            rest, open_ = b"", False
    if open_:
        _skip(tally, "cut object")
    if scanner.depth or scanner.in_string:
        tally.note("The JSON text is cut or garbled: its brackets do not close.")


def _pairs(
    starts: Positions, ends: Positions, tally: Tally
) -> tuple[list[tuple[int, int]], int | None]:
    """Each start with the end that follows it, and the start that has none yet."""
    places = np.concatenate((starts, ends))
    is_end = np.concatenate((np.zeros(len(starts), np.bool_), np.ones(len(ends), np.bool_)))
    # An end is one past its bracket, where the next object may begin: ends first.
    order = np.lexsort((~is_end, places))
    places, is_end = places[order], is_end[order]
    whole = np.flatnonzero(~is_end[:-1] & is_end[1:])
    pairs = [(int(places[i]), int(places[i + 1])) for i in whole]
    last = int(places[-1]) if len(places) and not is_end[-1] else None
    if lost := len(starts) - len(pairs) - (last is not None):
        _skip(tally, "object without an end", lost)
    return pairs, last


def _skip(tally: Tally, cause: str, count: int = 1) -> None:
    tally.records += count
    tally.skip(cause, count)
