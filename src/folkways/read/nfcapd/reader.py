"""The reader of nfcapd files: flow records of some blocks at a time become batches."""

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from folkways.formats import nfcapd
from folkways.formats.nfcapd import layout1 as format1
from folkways.model.batches import Batch, Tally
from folkways.read.nfcapd import layout1, layout2
from folkways.read.nfcapd.blocks import FileHeader, read_blocks, read_header
from folkways.read.nfcapd.facts import Learner
from folkways.read.nfcapd.pieces import Pieces
from folkways.read.nfcapd.walk import Positions, Walk, walk
from folkways.read.reader import FORWARD, KEY, REVERSE, ReadOptions
from folkways.read.source import Source
from folkways.read.works import Work, in_order


class NfcapdReader:
    """Flow files of nfcapd and nfdump 1.6 (layout 1) and 1.7 (layout 2)."""

    name = "nfcapd"
    gives = (
        KEY
        | FORWARD
        | REVERSE
        | {"initiator", "flows", "sensor_label", "source_asn", "destination_asn", "sampling"}
        | {"exporter", "observation_point", "flaws", "cumulative", "denied"}
        | {f"translated_{s}_{p}" for s in ("source", "destination") for p in ("address", "port")}
    )

    def sniff(self, source: Source, options: ReadOptions) -> float:  # noqa: ARG002  # protocol
        """Sure if magic and a known layout are there."""
        magic = nfcapd.MAGIC.to_bytes(2, "little")
        known = {magic + layout.to_bytes(2, "little") for layout in nfcapd.LAYOUTS}
        return 1.0 if source.head[:4] in known else 0.0

    def read(self, source: Source, options: ReadOptions, tally: Tally) -> Iterator[Batch]:  # noqa: ARG002  # protocol
        """Yield batches, each of records of one shape; see ``Reader.read``."""
        with source.open() as stream:
            header = read_header(source, stream, tally)
            works = _works(stream, header, tally)
            if header.compression:
                # Walking and decompressing, which the caller does, fill the other core.
                yield from in_order(works, tally, workers=1)
                return
            # Without decompression to do beside it, a second thread costs more than it gives.
            for work in works:
                part, batches = work()
                tally.add(part)
                yield from batches


def _works(stream: BinaryIO, header: FileHeader, tally: Tally) -> Iterator[Work]:
    learner, pieces = Learner(tally), Pieces(header.layout)
    head = layout1.HEAD if header.layout == 1 else layout2.HEAD
    for claimed, block in read_blocks(stream, header, pieces.room, tally):
        data = block
        found = walk(data, claimed, head)
        _count(found, header.layout, tally)
        flows, sizes = _flows(found, header.layout)
        start = 0
        for kind, at, size in found.others:
            if not learner.wants(kind):
                continue
            facts = learner.parse(kind, data[at : at + size].tobytes())
            if learner.contradicts(facts):
                stop = int(flows.searchsorted(at))
                pieces.add(flows[start:stop], sizes[start:stop])
                start, rest = stop, data.copy()
                yield pieces.work(learner.snapshot())
                data = pieces.room(len(rest))
                data[:] = rest
            learner.learn(facts)
        pieces.add(flows[start:], sizes[start:])
        if pieces.enough:
            yield pieces.work(learner.snapshot())
    yield pieces.work(learner.snapshot())


def _flows(found: Walk, layout: int) -> tuple[Positions, Positions]:
    """Positions and sizes of the flow records, with those of the oldest type of layout 1."""
    old = [(at, size) for kind, at, size in found.others if kind == format1.OLD_FLOW_RECORD]
    if layout != 1 or not old:
        return found.at, found.sizes
    both = np.concatenate([np.stack([found.at, found.sizes], axis=1), np.array(old, np.int64)])
    both = both[both[:, 0].argsort()]
    return both[:, 0], both[:, 1]


def _count(found: Walk, layout: int, tally: Tally) -> None:
    tally.records += found.count
    kinds = Counter(kind for kind, _, _ in found.others)
    # Whatever has a flow record's type and is no flow here was too short, or otherwise odd.
    odd = kinds[(layout1 if layout == 1 else layout2).HEAD.type]
    old = kinds[format1.OLD_FLOW_RECORD] if layout == 1 else 0
    tally.skip(layout2.DAMAGED, odd)
    tally.skip("record that is no flow (exporter, sampler, other)", kinds.total() - odd - old)
    if found.damaged:
        tally.skip("block with a damaged record; the rest of the block is not read")
