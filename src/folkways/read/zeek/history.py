"""TCP flags from the letters of ``history``, only as far as the letters prove them."""

from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.formats.zeek import HISTORY_FLAGS
from folkways.read.numbers import Mask


@lru_cache(maxsize=4096)
def flags_of(history: str) -> tuple[int | None, int | None]:
    """OR of the flags of originator and responder; 0 where a side sent nothing that is noted.

    None where a side's letters prove no flag, and for both sides where Zeek turned the direction
    round in the middle: letters before that stand in the old direction or the new, unsaid.
    """
    letters = history.removeprefix("^")
    if "^" in letters:
        return None, None
    upper = [c for c in letters if c.isupper()]
    lower = [c.upper() for c in letters if c.islower()]
    return _side(upper), _side(lower)


def _side(letters: list[str]) -> int | None:
    if not letters:
        return 0
    proved = [HISTORY_FLAGS[c] for c in letters if c in HISTORY_FLAGS]
    return int(np.bitwise_or.reduce(proved)) if proved else None


def tcp_flags(history: pa.Array, is_tcp: Mask) -> tuple[pa.Array, pa.Array]:
    """Columns of flags (int16), forward and reverse; null for other protocols and no history."""
    encoded = history.dictionary_encode()
    found = [flags_of(text) for text in encoded.dictionary.to_pylist()]
    wanted = pa.array(is_tcp)
    forward, reverse = (
        pa.array([pair[side] for pair in found], pa.int16()).take(encoded.indices)
        for side in (0, 1)
    )
    nothing = pa.nulls(len(history), pa.int16())
    return (
        pc.if_else(wanted, forward, nothing),
        pc.if_else(wanted, reverse, nothing),
    )
