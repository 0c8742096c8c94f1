"""The walk from a question along its CNAMEs to the addresses, for all messages of a block at once.

Names are numbers here. A hop is a search in the sorted aliases, so that there are as many steps as
the longest chain has names, whatever the number of messages.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from folkways.read.numbers import Mask

Numbers = npt.NDArray[np.int64]

MAX_HOPS = 16
"""CNAMEs that are followed; resolvers give up at about as many."""

UNKNOWN = -1
"""For a name: none. For a time to live: not known, which stays so along the chain."""

_ENDLESS = 2**32


@dataclass(frozen=True)
class Links:
    """Records in their order: the message (its number), and names by number; ``ttl`` in seconds.

    The target of an address is UNKNOWN.
    """

    message: Numbers
    owner: Numbers
    target: Numbers
    ttl: Numbers

    def only(self, mask: Mask) -> "Links":
        """The records where the mask is true."""
        return Links(self.message[mask], self.owner[mask], self.target[mask], self.ttl[mask])


@dataclass(frozen=True)
class Walked:
    """For each address: whether the question leads to it, the names on the way, the smallest ttl.

    ``chain`` is null where the question's own name owns the address.
    """

    reached: Mask
    chain: pa.Array
    ttl: Numbers


def walk(query: Numbers, links: Links, is_address: Mask, names: pa.Array) -> Walked:
    """Walk from ``query`` (by message) along the links, whatever their order.

    Where an owner has several aliases, the first counts; no name is passed twice.
    """
    is_alias = (links.target != UNKNOWN) & (links.owner != UNKNOWN)
    ends, aliases = links.only(is_address), _Aliases(links.only(is_alias), len(names))
    hop = np.full(len(ends.message), UNKNOWN)
    shortest = np.full(len(query), _ENDLESS)
    ttl = ends.ttl.copy()
    passed = [query]
    for step in range(MAX_HOPS + 1):
        here = (ends.owner == passed[-1][ends.message]) & (ends.owner != UNKNOWN)
        hop[here] = step
        ttl[here] = np.minimum(ttl[here], shortest[ends.message[here]])
        following, limits = aliases.after(passed)
        if step == MAX_HOPS or (following == UNKNOWN).all():
            break
        shortest = np.minimum(shortest, limits)
        passed.append(following)
    return Walked(hop != UNKNOWN, _chains(hop, ends.message, passed, names), ttl)


class _Aliases:
    """CNAMEs to be searched by message and owner."""

    def __init__(self, links: Links, names: int) -> None:
        self._names = names
        self._keys, first = np.unique(links.message * names + links.owner, return_index=True)
        self._target, self._ttl = links.target[first], links.ttl[first]

    def after(self, passed: list[Numbers]) -> tuple[Numbers, Numbers]:
        """By message, the name that follows the last one passed, and its time to live."""
        following = np.full(len(passed[0]), UNKNOWN)
        limits = np.full(len(passed[0]), _ENDLESS)
        if len(self._keys):
            message = np.flatnonzero(passed[-1] != UNKNOWN)
            wanted = message * self._names + passed[-1][message]
            place = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
            found = self._keys[place] == wanted
            message, place = message[found], place[found]
            target = self._target[place]
            fresh = ~np.any([earlier[message] == target for earlier in passed], axis=0)
            following[message[fresh]] = target[fresh]
            limits[message[fresh]] = self._ttl[place[fresh]]
        return following, limits


def _chains(hop: Numbers, message: Numbers, passed: list[Numbers], names: pa.Array) -> pa.Array:
    """All names up to the one at each hop, comma between; null for hop 0 and for none."""
    order = np.argsort(hop, kind="stable")
    parts = [pa.nulls(int((hop < 1).sum()), pa.string())]
    for last in range(1, len(passed)):
        chosen = message[order[hop[order] == last]]
        words = (names.take(pa.array(step[chosen])) for step in passed[: last + 1])
        parts.append(pc.binary_join_element_wise(*words, ","))
    return pa.concat_arrays(parts).take(pa.array(np.argsort(order, kind="stable")))
