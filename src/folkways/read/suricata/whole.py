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


def whole_lines(found: Iterable[Block], tally: Tally) -> Iterator[bytes]:
    """The blocks' bytes; a last line that is no whole value is counted as cut."""
    for block in found:
        if block.ended or is_whole(block.data):
            yield block.data
        else:
            count_cut(tally)


def whole_messages(found: Iterable[bytes]) -> Iterator[bytes]:
    """Lines of one time at a block's end wait for the next block, if the last may be a part."""
    held = b""
    for block in found:
        data = held + block
        cut = _cut(data)
        held = data[cut:]
        if cut:
            yield data[:cut]
    if held:
        yield held


def _cut(data: bytes) -> int:
    """How many bytes are not held back."""
    start = _line_start(data, len(data))
    line = data[start:]
    stamp = _STAMP.search(line)
    if stamp is None or b'"dns"' not in line or b'"version"' in line:
        return len(data)
    while start and len(data) - start <= MAX_HELD_BYTES:
        before = _line_start(data, start)
        if data.find(stamp[0], before, start) < 0:
            return start
        start = before
    return start if len(data) - start <= MAX_HELD_BYTES else len(data)


def _line_start(data: bytes, end: int) -> int:
    """Where the line that ends at ``end`` starts."""
    return data.rfind(b"\n", 0, end - 1) + 1
