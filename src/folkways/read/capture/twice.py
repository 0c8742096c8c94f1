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
from folkways.read.capture.sightings import SIGHTING, Sightings, Words, hints, sightings

MAX_BETWEEN = 4096
"""Packets between two sightings of one."""
MAX_HOPS = 8
_MS_NS = 1_000_000
# By kind: BARE, TOLD, SEGMENT, NUMBERED. In real captures a router's copies come within 20 ms, a
# mirror's within 2 ms; programs say the same again (mDNS, SSDP) after 0.2 ms at the earliest.
_ELSEWHERE_NS = np.array([5 * _MS_NS, 100 * _MS_NS, 100 * _MS_NS, 100 * _MS_NS])
_HERE_NS = np.array([0, _MS_NS // 10, _MS_NS, _MS_NS])
_FALLS_BACK_NS = 1000 * _MS_NS
_OCTETS = f"V{SIGHTING.itemsize}"
_BUCKETS, _BUCKET_SHIFT = 1 << 16, np.uint64(48)


class Twice:
    """Marks packets that were seen before; what it says does not depend on chunks."""

    def __init__(self) -> None:
        self._recent: Sightings = np.zeros(0, SIGHTING)
        self._count = 0
        self._latest: int | None = None
        self._begun = 0
        self.marked = 0

    def mark(self, frames: Frames, packets: Packets) -> None:
        """Give packets that were seen before, here or in an earlier chunk, their cause."""
        rows = np.flatnonzero(packets.cause == Cause.NONE)
        n, known = len(rows), len(self._recent)
        if not n:
            return
        hint = hints(frames, packets)[rows]
        begun = self._count_beginnings(packets.time_ns[rows])
        alike = _alike(np.concatenate([self._recent["hint"], hint]))
        older = np.searchsorted(alike, known)
        fresh = alike[older:] - known
        # More is asked of those that look alike, and of those that the next chunk may repeat.
        wanted = np.zeros(n, np.bool_)
        wanted[fresh] = True
        wanted[max(n - MAX_BETWEEN, 0) :] = True
        chosen = np.flatnonzero(wanted)
        now = sightings(frames, packets, rows[chosen])
        now["hint"] = hint[chosen]
        now["identity"] += begun[chosen]
        now["number"] = self._count + chosen
        self._recent = _join(self._recent, now)
        # Those that no packet of this chunk is like are as they were.
        if len(fresh):
            places = np.append(alike[:older], np.searchsorted(chosen, fresh) + known)
            again = self._judge(places)[older:]
            packets.cause[rows[fresh[again]]] = Cause.TWICE
            self.marked += int(again.sum())
        self._count += n
        oldest = np.searchsorted(self._recent["number"], self._count - MAX_BETWEEN)
        self._recent = self._recent[oldest:].view(_OCTETS).copy().view(SIGHTING)

    def _judge(self, places: Rows) -> Flags:
        """Which of some sightings, in capture order, are copies; writes their rank and copy."""
        group = _take(self._recent, places)
        order = np.lexsort((group["place"], group["identity"]))
        here, index = _take(group, order), np.arange(len(group))
        # What was said of those in earlier chunks stands.
        old = here["number"] < self._count
        chained = np.append(False, here["place"][1:] == here["place"][:-1])
        near = chained & _near(here, _ELSEWHERE_NS)
        mirrored = chained & here["mirrored"] & _near(here, _HERE_NS)

        first = np.maximum.accumulate(np.where(mirrored, 0, index))
        copy = index - first + np.where(old[first], here["copy"][first], 0)
        copied = copy % 2 == 1
        first = np.maximum.accumulate(np.where(near, 0, index))
        passed = np.cumsum(~copied)
        rank = passed - passed[first] + np.where(old[first], here["rank"][first], 0)
        self._recent["copy"][places[order]] = copy
        self._recent["rank"][places[order]] = rank
        group["rank"][order] = rank

        again = np.empty(len(group), np.bool_)
        again[order] = copied
        order = np.lexsort((group["rank"], group["identity"]))
        order = order[~again[order]]
        again[order] = _elsewhere(_take(group, order))
        return again

    def _count_beginnings(self, time_ns: Integers) -> Words:
        """How often, up to each, time fell back: another capture was appended, which repeats none.

        What one capture holds more than once comes in the order of time.
        """
        begun = np.full(len(time_ns), self._begun, np.uint64)
        first = int(time_ns[0])
        before = first if self._latest is None else self._latest
        self._latest = int(time_ns[-1])
        step = time_ns[1:] - time_ns[:-1]
        if min(first - before, step.min(initial=0)) < -_FALLS_BACK_NS:
            begun += np.cumsum(np.append(first - before, step) < -_FALLS_BACK_NS, dtype=np.uint64)
            self._begun = int(begun[-1])
        return begun


def _join(one: Sightings, other: Sightings) -> Sightings:
    # As octets, which takes a tenth of the time that fields take.
    return np.concatenate([one.view(_OCTETS), other.view(_OCTETS)]).view(SIGHTING)


def _take(found: Sightings, places: Rows) -> Sightings:
    return found.view(_OCTETS)[places].view(SIGHTING)


def _alike(hint: Words) -> Rows:
    """The places of those that share their hint with another, in ascending order."""
    bucket = (hint >> _BUCKET_SHIFT).astype(np.intp)
    # Nearly all stand alone in their bucket, so that few have to be sorted.
    shared = np.flatnonzero(np.bincount(bucket, minlength=_BUCKETS)[bucket] > 1)
    if not len(shared):
        return shared
    order = shared[np.argsort(hint[shared])]
    same = hint[order[1:]] == hint[order[:-1]]
    return np.sort(order[np.append(same, False) | np.append(False, same)])


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
