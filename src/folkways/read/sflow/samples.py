"""Flow samples, compact and expanded, as columns; what is no flow sample is counted."""

from dataclasses import dataclass

import numpy as np

from folkways.formats import sflow
from folkways.model.batches import Tally
from folkways.read.capture.frames import Integers, Octets, gather
from folkways.read.capture.packets import Rows
from folkways.read.sflow.walk import Parts

_CAUSES = {
    sflow.Sample.COUNTERS: "counter sample",
    sflow.Sample.EXPANDED_COUNTERS: "counter sample",
    sflow.Sample.DISCARDED: "notice of a discarded packet",
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
    at: Integers
    """Where its records begin, and where it ends."""
    end: Integers
    records: Integers
    """How many it claims to hold."""

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.datagram)


def flow_samples(data: Octets, parts: Parts, tally: Tally) -> Samples:
    """Those among the samples of datagrams that are flow samples."""
    compact, expanded = sflow.Sample.FLOW, sflow.Sample.EXPANDED_FLOW
    others = parts.kind[(parts.kind != compact) & (parts.kind != expanded)]
    for kind, count in zip(*np.unique(others, return_counts=True), strict=True):
        tally.skip(_CAUSES.get(int(kind), _OTHER), int(count))
    bodies, words = [], []
    for kind, layout in ((compact, sflow.FLOW), (expanded, sflow.EXPANDED_FLOW)):
        mine = parts.take(parts.kind == kind)
        whole = mine.size >= layout.itemsize
        tally.skip("cut sample", int((~whole).sum()))
        mine = mine.take(whole)
        word = gather(data, mine.start, layout)["words"].astype(np.int64)
        words.append(_expand(word) if kind == compact else word)
        at = mine.start + layout.itemsize
        bodies.append(np.stack([mine.owner, at, mine.start + mine.size], axis=1))
    body, facts = np.concatenate(bodies), np.concatenate(words)
    order = np.argsort(body[:, 1], kind="stable")
    datagram, at, end = body[order].T
    _, group, index, rate, _, drops, into_format, into, out_format, out, records = facts[order].T
    return Samples(
        datagram=datagram,
        kind=group,
        index=index,
        rate=rate,
        drops=drops,
        input=np.where((into_format == 0) & (into > 0), into, -1),
        output=np.where((out_format == 0) & (out > 0), out, -1),
        at=at,
        end=end,
        records=records,
    )


def _expand(word: Integers) -> Integers:
    """(n, 8) words of compact samples as the (n, 11) of expanded ones."""
    sequence, source, rate, pool, drops, into, out, records = word.T
    interfaces = (into >> 30, into & 0x3FFFFFFF, out >> 30, out & 0x3FFFFFFF)
    return np.stack(
        [sequence, source >> 24, source & 0xFFFFFF, rate, pool, drops, *interfaces, records], axis=1
    )
