"""When an exporter's uptime began: after a restart, records of before have their own beginning."""

import numpy as np

from folkways.read.netflow.fields import Ints

MOST = 16
"""Restarts of one place that are kept; the oldest is forgotten."""
_SAME_MS = 5_000
"""Who computes its beginning anew for each report finds one that moves by so much at most."""


def with_start(known: tuple[int, ...], start: int) -> tuple[int, ...]:
    """The beginnings of a place, in order, with one that it reports."""
    others = [one for one in known if abs(one - start) > _SAME_MS]
    return tuple(sorted([*others, start])[-MOST:])


def start_before(starts: tuple[int, ...], export_ms: Ints, unknown: int) -> Ints:
    """The last beginning before each export, (n,); the first one where none is before it."""
    if not starts:
        return np.full(len(export_ms), unknown, np.int64)
    ordered = np.array(starts, np.int64)
    at = np.searchsorted(ordered, export_ms + _SAME_MS, side="right") - 1
    return ordered[np.maximum(at, 0)]
