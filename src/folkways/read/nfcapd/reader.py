"""The reader of nfcapd files: a block of flow records becomes a batch."""

import ipaddress
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from folkways.formats import nfcapd
from folkways.model.batches import Batch, Tally
from folkways.read.nfcapd.blocks import read_blocks
from folkways.read.nfcapd.elements import Positions, find_elements, take, walk
from folkways.read.nfcapd.rows import make_rows
from folkways.read.reader import ReadOptions
from folkways.read.source import Source

_IPV4_FAMILY = 2


class NfcapdReader:
    """Flow files of nfdump 1.7 (layout 2)."""

    name = "nfcapd"

    def sniff(self, source: Source, options: ReadOptions) -> float:  # noqa: ARG002  # protocol
        """Sure if magic and a known layout are there; layout 1 is known, to say how to convert."""
        head = source.head[:4]
        known = {nfcapd.MAGIC.to_bytes(2, "little") + bytes((v, 0)) for v in (1, nfcapd.LAYOUT)}
        return 1.0 if head in known else 0.0

    def read(self, source: Source, options: ReadOptions, tally: Tally) -> Iterator[Batch]:  # noqa: ARG002  # protocol
        """Yield a batch a block; see ``Reader.read``."""
        exporters: dict[int, str] = {}
        for claimed, content in read_blocks(source, tally):
            at, kinds, sizes = walk(content, claimed, tally)
            tally.records += len(at)
            data = np.frombuffer(content, np.uint8)
            long = sizes >= nfcapd.EXPORTER.itemsize
            _learn(data, at[(kinds == nfcapd.EXPORTER_RECORD) & long], exporters)
            flow = kinds == nfcapd.FLOW_RECORD
            tally.skip("record that is no flow (exporter, sampler, other)", int((~flow).sum()))
            flow &= _long_enough(flow, sizes, tally)
            found, whole = find_elements(data, at[flow], sizes[flow])
            tally.skip("record with a damaged element", int((~whole).sum()))
            kept = {kind: positions[whole] for kind, positions in found.items()}
            batch = make_rows(data, at[flow][whole], kept, exporters, tally)
            if batch is not None:
                yield batch


def _long_enough(
    flow: npt.NDArray[np.bool_], sizes: Positions, tally: Tally
) -> npt.NDArray[np.bool_]:
    long = sizes >= nfcapd.RECORD_HEADER.itemsize
    tally.skip("record with a damaged element", int((flow & ~long).sum()))
    return long


def _learn(data: npt.NDArray[np.uint8], at: Positions, exporters: dict[int, str]) -> None:
    for record in take(data, at, nfcapd.EXPORTER):
        high, low = (int(part) for part in record["address"])
        address: ipaddress.IPv4Address | ipaddress.IPv6Address
        if record["family"] == _IPV4_FAMILY:
            address = ipaddress.IPv4Address(low & 0xFFFFFFFF)
        else:
            address = ipaddress.IPv6Address(high << 64 | low)
        exporters[int(record["exporter"])] = str(address)
