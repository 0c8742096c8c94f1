"""Finds packets that a capture holds more than once, so that each counts once.

Three ways lead to it: a router's interfaces (or Linux's "any") are captured together, so that a
packet is seen before and after it; a switch mirrors both directions of its ports into one place;
a packet is seen with and without the tunnel that carries it. What is sent twice stays: it has
another IP id, or another time.

- Seen at several **places** (see ``sightings``): of packets that are alike, the first at one place
  is the first at the other, and the second the second. So two acknowledgements that are alike and
  pass both places stay two.
- Seen twice at **one** place: only on links with MAC addresses, within a shorter time, and never
  TCP without content or IP id, which is said again on purpose. Of many that are alike every second
  one is a copy, since a mirror makes two.
"""

import numpy as np

from folkways.read.capture.frames import Frames, Integers
from folkways.read.capture.packets import Cause, Flags, Packets, Rows
from folkways.read.capture.sightings import SIGHTING, Sightings, Words, identities, sightings

MAX_BETWEEN = 4096
"""Packets between two sightings of one."""
MAX_HOPS = 8
_MS_NS = 1_000_000
# By kind: BARE, TOLD, SEGMENT, NUMBERED. In real captures a router's copies come within 20 ms, a
# mirror's within 2 ms; programs say the same again (mDNS, SSDP) after 0.2 ms at the earliest.
_ELSEWHERE_NS = np.array([5 * _MS_NS, 100 * _MS_NS, 100 * _MS_NS, 100 * _MS_NS])
_HERE_NS = np.array([0, _MS_NS // 10, _MS_NS, _MS_NS])
_FALLS_BACK_NS = 1000 * _MS_NS
_BUCKETS, _BUCKET_SHIFT = 1 << 16, np.uint64(48)


class Twice:
    """Marks packets that were seen before; what it says does not depend on chunks."""

    def __init__(self) -> None:
        self._recent: Sightings = np.zeros(0, SIGHTING)
        self._count = 0
        self._first = 0
        self._latest: int | None = None
        self.marked = 0

    def mark(self, frames: Frames, packets: Packets) -> None:
        """Give packets that were seen before, here or in an earlier chunk, their cause."""
        rows = np.flatnonzero(packets.cause == Cause.NONE)
        n = len(rows)
        if not n:
            return
        identity = identities(frames, packets, rows)
        self._start_anew(packets.time_ns[rows], identity)
        known = len(self._recent)
        alike = _alike(np.concatenate([self._recent["identity"], identity]))
        # All that is asked about: those alike, and those that the next chunk may repeat.
        wanted = np.zeros(n, np.bool_)
        wanted[alike[alike >= known] - known] = True
        wanted[max(n - MAX_BETWEEN, 0) :] = True
        chosen = np.flatnonzero(wanted)
        now = sightings(frames, packets, rows[chosen])
        now["identity"] = identity[chosen]
        now["number"] = self._count + chosen
        # Groups that have no packet of this chunk are as they were.
        if len(alike) and alike[-1] >= known:
            place = np.cumsum(wanted) - 1 + known
            group_at = np.where(alike < known, alike, place[np.maximum(alike - known, 0)])
            self._recent = np.concatenate([self._recent, now])
            group = self._recent[group_at]
            again = _judge(group, group["number"] < self._count) & (alike >= known)
            self._recent[group_at] = group
            packets.cause[rows[alike[again] - known]] = Cause.TWICE
            self.marked += int(again.sum())
        else:
            self._recent = np.concatenate([self._recent, now])
        self._count += n
        self._recent = self._recent[self._recent["number"] >= self._count - MAX_BETWEEN]

    def _start_anew(self, time_ns: Integers, identity: Words) -> None:
        """Where time falls back, another capture was appended: what it repeats is no copy."""
        before = time_ns[:1] if self._latest is None else np.array([self._latest])
        falls = np.diff(time_ns, prepend=before) < -_FALLS_BACK_NS
        self._latest = int(time_ns[-1])
        if falls.any():
            identity += (self._first + np.cumsum(falls)).astype(np.uint64)
            self._first += int(falls.sum())
        elif self._first:
            identity += np.uint64(self._first)


def _alike(identity: Words) -> Rows:
    """The places of those that share their identity with another, in ascending order."""
    bucket = (identity >> _BUCKET_SHIFT).astype(np.intp)
    # Nearly all stand alone in their bucket, so that few have to be sorted.
    shared = np.flatnonzero(np.bincount(bucket, minlength=_BUCKETS)[bucket] > 1)
    if not len(shared):
        return shared
    order = shared[np.argsort(identity[shared], kind="stable")]
    same = identity[order[1:]] == identity[order[:-1]]
    return np.sort(order[np.append(same, False) | np.append(False, same)])


def _judge(group: Sightings, known: Flags) -> Flags:
    """Which are copies of an earlier one; ``rank`` and ``copy`` are written.

    Args:
        group: sightings in capture order, each alike another.
        known: those that were judged before; their ``rank`` and ``copy`` stand.
    """
    order = np.lexsort((group["place"], group["identity"]))
    here, index = group[order], np.arange(len(group))
    old = known[order]
    chained = np.append(False, here["place"][1:] == here["place"][:-1])
    near = chained & _near(here, _ELSEWHERE_NS)
    mirrored = chained & here["mirrored"] & _near(here, _HERE_NS)

    first = np.maximum.accumulate(np.where(mirrored, 0, index))
    here["copy"] = index - first + np.where(old[first], here["copy"][first], 0)
    copied = here["copy"] % 2 == 1
    first = np.maximum.accumulate(np.where(near, 0, index))
    passed = np.cumsum(~copied)
    here["rank"] = passed - passed[first] + np.where(old[first], here["rank"][first], 0)
    group[order] = here

    again = np.empty(len(group), np.bool_)
    again[order] = copied
    order = np.lexsort((group["rank"], group["identity"]))
    order = order[~again[order]]
    again[order] = _elsewhere(group[order])
    return again


def _elsewhere(there: Sightings) -> Flags:
    """Which are the one before them, at another place."""
    again = _near(there, _ELSEWHERE_NS)
    one, other = there[:-1], there[1:]
    again[1:] &= (one["place"] != other["place"]) & (one["rank"] == other["rank"])
    again[1:] &= np.abs(one["life"] - other["life"]) <= MAX_HOPS
    # At one interface a tag or tunnel takes time to be put on.
    tagged = (one["interface"] == other["interface"]) & (one["depth"] != other["depth"])
    again[1:] &= ~(tagged & (one["time_ns"] == other["time_ns"]))
    return again


def _near(ordered: Sightings, within_ns: Integers) -> Flags:
    """Whether each is alike the one before it, and not far from it."""
    near: Flags = np.zeros(len(ordered), np.bool_)
    one, other = ordered[:-1], ordered[1:]
    near[1:] = one["identity"] == other["identity"]
    near[1:] &= np.abs(other["time_ns"] - one["time_ns"]) < within_ns[other["kind"]]
    near[1:] &= other["number"] - one["number"] <= MAX_BETWEEN
    return near
