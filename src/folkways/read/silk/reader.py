"""The reader of SiLK's flow files: some blocks of records become a batch."""

from collections.abc import Iterator

from folkways.formats import silk
from folkways.model.batches import Batch, Tally
from folkways.read.reader import FORWARD, KEY, ReadOptions
from folkways.read.silk.blocks import read_records
from folkways.read.silk.header import read_header
from folkways.read.silk.octets import Octets
from folkways.read.silk.rows import make_rows
from folkways.read.source import Source


class SilkReader:
    """Flow files of SiLK (rwfilter, rwflowpack, flowcap): all their record formats."""

    name = "silk"
    gives = KEY | FORWARD | {"initiator", "begins", "sensor_label", "exporter", "observation_point"}

    def sniff(self, source: Source, options: ReadOptions) -> float:  # noqa: ARG002  # protocol
        """Sure of SiLK's magic, also of its files without flows, to say what they are."""
        head = source.head[: silk.START.itemsize]
        return 1.0 if len(head) == silk.START.itemsize and head.startswith(silk.MAGIC) else 0.0

    def read(self, source: Source, options: ReadOptions, tally: Tally) -> Iterator[Batch]:  # noqa: ARG002  # protocol
        """Yield batches of some ten thousand rows; see ``Reader.read``."""
        with source.open() as stream:
            octets = Octets(source.name, stream)
            header = read_header(octets)
            for records in read_records(octets, header, tally):
                tally.versions[header.title] += len(records)
                batch = make_rows(records, header, tally)
                if batch is not None:
                    yield batch
            tally.skip("broken compressed stream", octets.broken)
