"""The two ends of rows, turned from source and destination into member and remote."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.addresses import addresses_from_numpy, addresses_to_numpy

Flags = npt.NDArray[np.bool_]
Ranges = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Sides:
    """Range of each row's source and destination, OUTSIDE if none, and whether it is a host there.

    An address of the population that names a subnet or all of its hosts is inside, but no member.
    """

    source: Ranges
    destination: Ranges
    source_host: Flags
    destination_host: Flags

    def take(self, keep: Flags) -> "Sides":
        """Some of the rows."""
        return Sides(*(getattr(self, field.name)[keep] for field in fields(self)))


def valid(column: pa.Array) -> Flags:
    """(n,) where a column is known."""
    return column.is_valid().to_numpy(zero_copy_only=False)


def by_side(
    source: pa.Array, destination: pa.Array, from_member: Flags
) -> tuple[pa.Array, pa.Array]:
    """The member's address and the remote one.

    They are chosen as halves of 8 bytes: Arrow takes twice as long to choose between 16.
    """
    ends = [addresses_to_numpy(side) for side in (source, destination)]
    halves = [np.ascontiguousarray(octets).view(np.uint64).reshape(-1, 2) for octets, _ in ends]
    chosen = []
    for one, other in ((0, 1), (1, 0)):
        octets = np.where(from_member[:, None], halves[one], halves[other]).view(np.uint8)
        known = np.where(from_member, ends[one][1], ends[other][1])
        chosen.append(addresses_from_numpy(octets.reshape(-1, 16), known))
    return chosen[0], chosen[1]


def _side_names(member: Flags, known: Flags) -> pa.Array:
    """Text: member where true, remote where false, null where not known."""
    return pa.array(["remote", "member"], pa.string()).take(
        pa.array(member.astype(np.int8), mask=~known)
    )


def opener(initiator: pa.Array, from_member: Flags) -> pa.Array:
    """Which side opened, where the source says it."""
    by_source = pc.equal(initiator, "source").fill_null(fill_value=False)
    by_member = by_source.to_numpy(zero_copy_only=False) == from_member
    return _side_names(by_member, valid(initiator))


def first_sender(rows: pa.RecordBatch, from_member: Flags) -> pa.Array:
    """The source sent the row's first packet, unless the row is a sum or nothing went forward."""
    sent = pc.greater(pc.coalesce(rows["packets_forward"], rows["bytes_forward"]), 0)
    known = sent.fill_null(fill_value=False).to_numpy(zero_copy_only=False)
    return _side_names(from_member, known & ~valid(rows["flows"]))
