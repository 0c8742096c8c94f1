"""Lists inside records (RFC 6313): what YAF tells of TCP in a subTemplateMultiList.

A list is a semantic octet and then entries: template, octets of the entry with this header, and
records of that template. The first record of an entry is read, at this one depth; what else stands
in lists is passed over by its length.
"""

from collections.abc import Callable

import numpy as np

from folkways.read.netflow.fields import Ints, Key, Octets, element_keys
from folkways.read.netflow.templates import Template

MAX_ENTRIES = 32
"""Entries of a list that are looked at."""
_HEADER = 4
_WANTED = (
    "initialTCPFlags",
    "unionTCPFlags",
    "reverseInitialTCPFlags",
    "reverseUnionTCPFlags",
)


def listed(
    octets: Octets, place: Ints, length: Ints, find: Callable[[int], Template | None]
) -> dict[Key, Ints]:
    """TCP flags in lists by element, -1 where a list does not tell them.

    Args:
        octets: what the lists stand in.
        place: (n,) where each begins.
        length: (n,) its octets.
        find: the template of a number, if it is known.
    """
    keys = [element_keys()[name] for name in _WANTED]
    found: dict[Key, Ints] = {}
    at, end = place + 1, place + length
    alive = np.arange(len(place))
    for _ in range(MAX_ENTRIES):
        alive = alive[at[alive] + _HEADER <= end[alive]]
        here = at[alive]
        number, size = _u16(octets, here), _u16(octets, here + 2)
        whole = (size >= _HEADER) & (here + size <= end[alive])
        alive, here, number, size = alive[whole], here[whole], number[whole], size[whole]
        if not len(alive):
            break
        for one in np.unique(number).tolist():
            template = find(one)
            if template is None or template.variable:
                continue
            rows = (number == one) & (size >= _HEADER + template.octets)
            for key, offset in _offsets(template, keys).items():
                column = found.setdefault(key, np.full(len(place), -1, np.int64))
                column[alive[rows]] = octets[here[rows] + _HEADER + offset]
        at[alive] = here + size
    return found


def _offsets(template: Template, keys: list[Key]) -> dict[Key, int]:
    """Where elements of one octet stand in a record."""
    found = {}
    at = 0
    for field in template.fields:
        key = field.number, field.enterprise
        if key in keys and field.length == 1:
            found[key] = at
        at += field.length
    return found


def _u16(octets: Octets, at: Ints) -> Ints:
    return octets[at].astype(np.int64) << 8 | octets[at + 1]
