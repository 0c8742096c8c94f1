"""What a sample's records say of its packet beside the header: AS numbers and translations."""

from typing import NamedTuple

import numpy as np

from folkways.formats import sflow
from folkways.formats.headers import WORD
from folkways.model.addresses import MAPPED_PREFIX
from folkways.read.capture.frames import Integers, Octets, gather
from folkways.read.capture.packets import Flags, Rows
from folkways.read.sflow.walk import Parts

_ADDRESS = np.dtype([("kind", ">u4"), ("octets", "u1", 16)])
_WORD = WORD.itemsize


class Found(NamedTuple):
    """The first record of one type of each sample that has it, (m,) by sample."""

    row: Rows
    """Which sample."""
    at: Integers
    end: Integers


def first_of(parts: Parts, kind: int, least: int, samples: int) -> Found:
    """The records of one type that have so many octets or more."""
    mine = parts.take((parts.kind == kind) & (parts.size >= least))
    at, size = np.full((2, samples), -1, np.int64)
    # Of several records the first stands last in this order, and stays.
    at[mine.owner[::-1]], size[mine.owner[::-1]] = mine.start[::-1], mine.size[::-1]
    row = np.flatnonzero(at >= 0)
    return Found(row, at[row], at[row] + size[row])


def read_addresses(data: Octets, at: Integers, end: Integers) -> tuple[Octets, Flags, Integers]:
    """Addresses with their types: (m, 16) octets, where they are known, and the offsets after them.

    Where the type is none that has a size, or the record ends before, the offset is ``end``.
    """
    head = gather(data, np.minimum(at, end), _ADDRESS)
    kind, found = head["kind"], head["octets"].copy()
    four = kind == 1
    found[four, 12:] = found[four, :4]
    found[four, :12] = np.frombuffer(MAPPED_PREFIX, np.uint8)
    size = np.select([kind == 0, four, kind == 2], [0, 4, 16], 1 << 20)
    after = at + _WORD + size
    there = after <= end
    return found, there & (kind > 0) & found[:, 12:].any(axis=1), np.where(there, after, end)


def as_numbers(data: Octets, gateway: Found) -> tuple[Integers, Integers]:
    """AS numbers of source and destination, (m,) each; 0: not known.

    The destination's is the last of the path. A set has no last one, unless it has one only.
    """
    at = read_addresses(data, gateway.at, gateway.end)[2]
    there = at + sflow.GATEWAY.itemsize <= gateway.end
    head = gather(data, np.minimum(at, gateway.end), sflow.GATEWAY)
    source = np.where(there, head["source"], 0).astype(np.int64)
    destination = np.zeros(len(at), np.int64)
    left = head["segments"].astype(np.int64)
    row = np.flatnonzero(there & (left > 0))
    at, end, left = at[row] + sflow.GATEWAY.itemsize, gateway.end[row], left[row]
    while len(row):
        segment = gather(data, np.minimum(at, end), sflow.PAIR)
        length = segment["size"].astype(np.int64)
        after = at + sflow.PAIR.itemsize + length * _WORD
        whole = after <= end
        # What the path ends with is unknown where it is cut.
        destination[row[~whole]] = 0
        last = gather(data, np.minimum(after, end) - _WORD, WORD)["value"]
        known = (segment["kind"] == sflow.AS_SEQUENCE) | (length == 1)
        named = whole & (length > 0)
        destination[row[named]] = np.where(known, last, 0)[named]
        more = whole & (left > 1)
        row, at, end, left = row[more], after[more], end[more], left[more] - 1
    return source, destination
