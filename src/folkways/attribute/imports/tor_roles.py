"""Roles of Tor relays by day: who was what from when to when, from any heap of sightings."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from folkways.attribute.imports.rows import RangeRows
from folkways.attribute.intervals import Ints
from folkways.model.addresses import addresses_to_numpy
from folkways.model.columns import ADDRESS

GUARD, EXIT, AUTHORITY, FALLBACK = 1, 2, 4, 8
ROLES = ("directory-authority", "exit,guard", "guard", "exit", "fallback-directory", "relay")
"""All values of a list of Tor relays; the first that is true of a relay on a day is its role."""

ORDINAL_OF_1970 = 719_163
_PRESENT = 4  # the column of the bit that says: seen at all


def role_of(bits: int) -> str:
    """The role that some bits (GUARD, EXIT, ...) mean."""
    if bits & AUTHORITY:
        return "directory-authority"
    if bits & (GUARD | EXIT):
        return ",".join(n for b, n in ((EXIT, "exit"), (GUARD, "guard")) if bits & b)
    return "fallback-directory" if bits & FALLBACK else "relay"


@dataclass
class Endpoints:
    """Numbers for distinct endpoints: address (16 bytes), ports and name of a relay."""

    numbers: dict[tuple[bytes, str | None, str | None], int] = field(default_factory=dict)

    def number(self, address: bytes, ports: str | None = None, name: str | None = None) -> int:
        """The number of an endpoint."""
        return self.numbers.setdefault((address, ports, name), len(self.numbers))


def ports_text(*ports: int) -> str | None:
    """Ports in order, comma between; 0 is no port."""
    return ",".join(map(str, sorted({port for port in ports if port}))) or None


def dated_rows(
    endpoints: Endpoints,
    endpoint: Ints,
    days: tuple[Ints, Ints],
    bits: Ints,
    counts: tuple[int, Counter[str]],
) -> RangeRows:
    """Sightings joined to one row for each unbroken span of days in one role.

    Args:
        endpoints: what the numbers stand for.
        endpoint: (n,) their numbers.
        days: (n,) first and (n,) last day (ordinals) on which each was seen, without a gap.
        bits: (n,) what it was.
        counts: rows of the source, and those skipped by cause.
    """
    number, since, until, state = _spans(endpoint, *days, bits)
    keys = list(endpoints.numbers)
    octets, _ = addresses_to_numpy(pa.array([key[0] for key in keys], ADDRESS))
    ports, names = (pa.array([key[n] for key in keys], pa.string()) for n in (1, 2))
    at = pa.array(number)
    roles = pa.array([role_of(b) for b in range(16)])
    return RangeRows(
        octets[number],
        octets[number],
        roles.take(pa.array(state)),
        names.take(at),
        counts[0],
        +counts[1],
        since=_dates(since),
        until=_dates(until),
        ports=ports.take(at),
        dates=(dt.date.fromordinal(int(since.min())), dt.date.fromordinal(int(until.max()))),
    )


def _spans(key: Ints, first: Ints, last: Ints, bits: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Key, first and last day, and role bits of maximal spans in which a key's role is the same.

    Each sighting opens on its first day and closes after its last; the running sums over the
    sorted events say what is open. Bits are first reduced to one number a role.
    """
    opens = np.stack([(bits >> n) & 1 for n in range(4)] + [np.ones_like(bits)], axis=1)
    keys, days = np.concatenate([key, key]), np.concatenate([first, last + 1])
    order = np.lexsort((days, keys))
    keys, days = keys[order], days[order]
    running = np.cumsum(np.concatenate([opens, -opens])[order], axis=0)
    final = np.append((keys[1:] != keys[:-1]) | (days[1:] != days[:-1]), True)
    keys, days, running = keys[final], days[final], running[final] > 0
    state = running[:, :_PRESENT] @ (1 << np.arange(_PRESENT))
    canon = np.array([_canonical(b) for b in range(16)])
    state = np.where(running[:, _PRESENT], canon[state], -1)
    # A span goes on while neither key nor role changes; each key's last event closes it.
    begins = np.append(True, (keys[1:] != keys[:-1]) | (state[1:] != state[:-1]))
    starts = np.flatnonzero(begins)
    ends = np.append(days[starts[1:]], 0) - 1
    here = np.flatnonzero(state[starts] >= 0)
    at = starts[here]
    return keys[at], days[at], ends[here], state[at]


def _canonical(bits: int) -> int:
    """The least bits of the same role."""
    return next(b for b in range(16) if role_of(b) == role_of(bits))


def _dates(ordinals: Ints) -> pa.Array:
    return pa.array((ordinals - ORDINAL_OF_1970).astype(np.int32)).cast(pa.date32())
