"""Blocks of lines cut so that dns events of version 1 that make one message stay together.

Version 1 has an event for each resource record of an answer, one after the other and of one time.
"""

import re
from collections.abc import Iterable, Iterator

from folkways.model.batches import Tally
from folkways.read.lines import Block
from folkways.read.works import count_cut, is_whole

MAX_HELD_BYTES = 1 << 20
"""More than this is not held back, so that memory stays bounded: no message is as long."""

_STAMP = re.compile(rb'"timestamp"\s*:\s*"[^"]*"')


def whole_lines(found: Iterable[Block[memoryview]], tally: Tally) -> Iterator[memoryview]:
    """The blocks' bytes; a last line that is no whole value is counted as cut."""
    for block in found:
        if block.ended or is_whole(block.data):
            yield block.data
        else:
            count_cut(tally)


def whole_messages(found: Iterable[memoryview]) -> Iterator[memoryview]:
    """Lines of one time at a block's end wait for the next block, if the last may be a part."""
    held = b""
    for block in found:
        data = memoryview(b"".join((held, block))) if held else block
        tail = bytes(data[-MAX_HELD_BYTES:])
        cut = _cut(tail)
        # One message that fills all of it is none.
        held = tail[cut:] if cut or len(tail) == len(data) else b""
        if len(held) < len(data):
            yield data[: len(data) - len(held)]
    if held:
        yield memoryview(held)


def _cut(tail: bytes) -> int:
    """How many bytes of a block's end are not held back."""
    start = _line_start(tail, len(tail))
    line = tail[start:]
    stamp = _STAMP.search(line)
    if stamp is None or b'"dns"' not in line or b'"version"' in line:
        return len(tail)
    while start:
        before = _line_start(tail, start)
        if tail.find(stamp[0], before, start) < 0:
            return start
        start = before
    return 0


def _line_start(data: bytes, end: int) -> int:
    """Where the line that ends at ``end`` starts."""
    return data.rfind(b"\n", 0, end - 1) + 1
