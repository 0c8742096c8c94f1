"""Bytes and packets of conn.log's rows, each side of each row by the best counter that it has.

IP bytes are counted packet by packet. Payload bytes (``orig_bytes``) come from TCP's sequence
numbers, so that they include what the sensor missed (``missed_bytes``, of both sides together):
that was not seen, and is no volume. Which side it was missed of is told by the letter G or g of
``history`` (a content gap), or by the other side having sent nothing at all.

Source: Zeek's documentation of base/protocols/conn/main.zeek (Conn::Info).
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.validity import nullable
from folkways.read.numbers import Mask, integers, mask_of
from folkways.read.rejects import Rejects
from folkways.read.zeek.rows import Rows

MISSED, PAYLOAD = "missed-bytes", "payload-bytes"
SIDES = {"forward": "orig", "reverse": "resp"}

_TURNED = r".\^"  # the direction was turned round in the middle: letters before it may be either's
_FORWARD_GAP, _REVERSE_GAP = "G", "g"


def volumes(rows: Rows, rejects: Rejects) -> dict[str, pa.Array]:
    """Bytes, packets and ``flaws``; a side's payload bytes only where its IP bytes are unknown."""
    missed = number(rows.text("missed_bytes"), rejects)
    has_missed = mask_of(pc.greater(missed, 0))
    columns: dict[str, pa.Array] = {}
    used = {}
    for way, side in SIDES.items():
        columns[f"bytes_{way}"], used[way] = _bytes(rows, side, rejects)
        columns[f"packets_{way}"] = number(rows.text(f"{side}_pkts"), rejects)
    payload = used["forward"] | used["reverse"]
    if (payload & has_missed).any():
        _without_missed(columns, used, missed, _gaps(rows, columns, used))
        known = (used[way] & mask_of(columns[f"bytes_{way}"].is_valid()) for way in SIDES)
        payload = np.logical_or(*known)
    columns["flaws"] = _flaws(has_missed, payload)
    return columns


def number(text: pa.Array, rejects: Rejects, most: int = 2**63 - 1) -> pa.Array:
    """Whole numbers; rows with a bad one are rejected."""
    column, bad = integers(text, most)
    rejects.reject(bad, "bad number")
    return column


def _bytes(rows: Rows, side: str, rejects: Rejects) -> tuple[pa.Array, Mask]:
    """Bytes of a side, and where they are those of the payload."""
    on_ip = number(rows.text(f"{side}_ip_bytes"), rejects)
    if not (on_ip.null_count and rows.has(f"{side}_bytes")):
        return on_ip, np.zeros(rows.count, np.bool_)
    # What is not needed is not judged.
    payload = number(pc.if_else(on_ip.is_null(), rows.text(f"{side}_bytes"), None), rejects)
    return pc.coalesce(on_ip, payload), mask_of(payload.is_valid())


def _gaps(rows: Rows, columns: dict[str, pa.Array], used: dict[str, Mask]) -> dict[str, Mask]:
    """By way, the rows all of whose missed bytes were certainly missed on it."""
    history = rows.text("history")
    plain = ~mask_of(pc.match_substring_regex(history, _TURNED))
    forward, reverse = (
        plain & mask_of(pc.match_substring(history, letter))
        for letter in (_FORWARD_GAP, _REVERSE_GAP)
    )
    silent = {way: used[way] & mask_of(pc.equal(columns[f"bytes_{way}"], 0)) for way in SIDES}
    untold = forward == reverse
    return {
        "forward": forward & ~reverse | untold & silent["reverse"] & ~silent["forward"],
        "reverse": reverse & ~forward | untold & silent["forward"] & ~silent["reverse"],
    }


def _without_missed(
    columns: dict[str, pa.Array], used: dict[str, Mask], missed: pa.Array, gaps: dict[str, Mask]
) -> None:
    """Take the missed bytes off the payload bytes, in place; null where that cannot be told."""
    lost = np.asarray(missed.fill_null(0))
    for way, other in (("forward", "reverse"), ("reverse", "forward")):
        found = columns[f"bytes_{way}"]
        value, known = np.asarray(found.fill_null(0)), mask_of(found.is_valid())
        touched = used[way] & (lost > 0) & ~gaps[other]
        rest = value - np.where(touched, lost, 0)
        known &= ~touched | gaps[way] & (rest >= 0)
        columns[f"bytes_{way}"] = nullable(np.where(known, rest, 0), known)


def _flaws(missed: Mask, payload: Mask) -> pa.Array:
    words = pa.array([None, MISSED, PAYLOAD, f"{MISSED},{PAYLOAD}"], pa.string())
    return words.take(pa.array(missed * 1 + payload * 2))
