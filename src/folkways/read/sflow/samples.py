"""Flow samples, compact and expanded, and notices of discarded packets, as columns.

A sample tells of a discard by the format of its output interface. What is neither is counted.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from folkways.formats import sflow
from folkways.model.batches import Tally
from folkways.read.capture.frames import Integers, Octets, gather
from folkways.read.capture.packets import Flags, Rows
from folkways.read.sflow.walk import Parts

_CAUSES = {
    sflow.Sample.COUNTERS: "counter sample",
    sflow.Sample.EXPANDED_COUNTERS: "counter sample",
}
_OTHER = "unknown kind of sample"


@dataclass(frozen=True)
class Samples:
    """Flow samples in the order of the datagrams; all are (n,)."""

    datagram: Rows
    """Which datagram it came in."""
    kind: Integers
    """Class of the source that sampled: an interface (0), a VLAN (1), a physical entity (2)."""
    index: Integers
    """Which of that class."""
    rate: Integers
    """1 in N; 0: not known."""
    drops: Integers
    """Samples that the source had to drop since it began to count."""
    input: Integers
    """Interface where the packet came in; -1: not one that is known."""
    output: Integers
    notice: Flags
    """Of one packet that was discarded, whatever is sampled."""
    discarded: Flags
    forwarded: Flags
    """Neither: it is not known what became of the packet."""
    at: Integers
    """Where its records begin, and where it ends."""
    end: Integers
    records: Integers
    """How many it claims to hold."""

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.datagram)


def flow_samples(data: Octets, parts: Parts, tally: Tally) -> Samples:
    """Those among the samples of datagrams that tell of packets."""
    others = parts.kind[~np.isin(parts.kind, list(_LAYOUTS))]
    for kind, count in zip(*np.unique(others, return_counts=True), strict=True):
        tally.skip(_CAUSES.get(int(kind), _OTHER), int(count))
    bodies, words = [], []
    for kind, (layout, widen) in _LAYOUTS.items():
        mine = parts.take(parts.kind == kind)
        whole = mine.size >= layout.itemsize
        tally.skip("cut sample", int((~whole).sum()))
        mine = mine.take(whole)
        word = gather(data, mine.start, layout)["words"].astype(np.int64)
        words.append(widen(word))
        at = mine.start + layout.itemsize
        notice = np.full_like(at, kind == sflow.Sample.DISCARDED)
        bodies.append(np.stack([mine.owner, at, mine.start + mine.size, notice], axis=1))
    body, facts = np.concatenate(bodies), np.concatenate(words)
    order = np.argsort(body[:, 1], kind="stable")
    datagram, at, end, noticed = body[order].T
    notice = noticed > 0
    _, group, index, rate, _, drops, into_format, into, out_format, out, records = facts[order].T
    return Samples(
        datagram=datagram,
        kind=group,
        index=index,
        rate=rate,
        drops=drops,
        input=np.where((into_format == 0) & (into > 0), into, -1),
        output=np.where((out_format == 0) & (out > 0), out, -1),
        notice=notice,
        discarded=notice | (out_format == sflow.OUTPUT_DISCARDED),
        forwarded=~notice & _forwarded(out_format, out),
        at=at,
        end=end,
        records=records,
    )


def _forwarded(out_format: Integers, out: Integers) -> Flags:
    """Whether a packet left by an interface that is known, or by several."""
    by_one = (out_format == 0) & (out > 0) & (out != sflow.NO_INTERFACE)
    return by_one | (out_format == sflow.OUTPUT_MULTIPLE)


def _same(word: Integers) -> Integers:
    """(n, 11) words of expanded samples."""
    return word


def _of_notices(word: Integers) -> Integers:
    """(n, 8) words of notices as those of expanded samples: each packet is told, 1 in 1."""
    sequence, group, index, drops, into, out, _, records = word.T
    one, nothing = np.ones_like(index), np.zeros_like(index)
    return np.stack(
        [sequence, group, index, one, nothing, drops, nothing, into, nothing, out, records], axis=1
    )


def _expand(word: Integers) -> Integers:
    """(n, 8) words of compact samples as the (n, 11) of expanded ones."""
    sequence, source, rate, pool, drops, into, out, records = word.T
    interfaces = (into >> 30, into & 0x3FFFFFFF, out >> 30, out & 0x3FFFFFFF)
    return np.stack(
        [sequence, source >> 24, source & 0xFFFFFF, rate, pool, drops, *interfaces, records], axis=1
    )


_LAYOUTS: dict[int, tuple[np.dtype[np.void], Callable[[Integers], Integers]]] = {
    sflow.Sample.FLOW: (sflow.FLOW, _expand),
    sflow.Sample.EXPANDED_FLOW: (sflow.EXPANDED_FLOW, _same),
    sflow.Sample.DISCARDED: (sflow.DISCARDED, _of_notices),
}
"""Samples that tell of packets: their layout, and how to get the words of expanded ones."""
