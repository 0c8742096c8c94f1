"""Which remote addresses are no use of the internet: private, link-local, multicast and the like.

The ranges are data (``special_purpose.toml``). Where addresses were anonymised before they came
here they say nothing, and nobody should ask.
"""

import ipaddress
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from folkways.connect.membership import OUTSIDE, Membership
from folkways.model.addresses import MAPPED_PREFIX
from folkways.model.population import Range

Numbers = tuple[int, int]
Ends = tuple[bytes, bytes]
_MAPPED = (MAPPED_PREFIX + b"\0" * 4, MAPPED_PREFIX + b"\xff" * 4)


@cache
def local_ranges() -> tuple[Ends, ...]:
    """First and last 16-byte address of each range, in order, neighbours joined."""
    text = files("folkways.connect").joinpath("special_purpose.toml").read_text("utf-8")
    parts: list[Numbers] = []
    for entry in tomllib.loads(text)["local"]:
        parts += _without(_ends(entry["prefix"]), sorted(map(_ends, entry.get("but", ()))))
    return tuple((first.to_bytes(16), last.to_bytes(16)) for first, last in _joined(sorted(parts)))


def local_remote(column: str) -> str:
    """A condition in SQL: the 16-byte address in ``column`` is local; false where it is null."""
    return f"coalesce({_inside_one(column, local_ranges())}, false)"


def _inside_one(column: str, ranges: Sequence[Ends]) -> str:
    """Halves the ranges until one is left: a few comparisons an address instead of all."""
    if len(ranges) == 1:
        return _between(column, ranges[0])
    half = len(ranges) // 2
    return (
        f"CASE WHEN {column} < {_blob(ranges[half][0])} THEN {_inside_one(column, ranges[:half])} "
        f"ELSE {_inside_one(column, ranges[half:])} END"
    )


def is_local(octets: npt.NDArray[np.uint8], known: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """(n,) the same for (n, 16) addresses; false where the address is not known."""
    inside: npt.NDArray[np.bool_] = _membership().find(octets, known) != OUTSIDE
    return inside


@cache
def _membership() -> Membership:
    return Membership(tuple(Range("", *ends, 0, 0, "") for ends in local_ranges()))


def _ends(prefix: str) -> Numbers:
    network = ipaddress.ip_network(prefix)
    start = MAPPED_PREFIX if network.version == 4 else b""
    first, last = network.network_address.packed, network.broadcast_address.packed
    return int.from_bytes(start + first), int.from_bytes(start + last)


def _without(part: Numbers, holes: Iterable[Numbers]) -> Iterator[Numbers]:
    first, last = part
    for hole in holes:
        if first < hole[0]:
            yield first, hole[0] - 1
        first = hole[1] + 1
    if first <= last:
        yield first, last


def _joined(parts: Iterable[Numbers]) -> list[Numbers]:
    found: list[Numbers] = []
    for first, last in parts:
        if found and found[-1][1] + 1 >= first:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def _between(column: str, ends: Ends) -> str:
    return f"{column} BETWEEN {_blob(ends[0])} AND {_blob(ends[1])}"


def _blob(address: bytes) -> str:
    return "'" + "".join(f"\\x{octet:02X}" for octet in address) + "'::BLOB"
