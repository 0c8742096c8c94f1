"""Files of NetFlow v5, v9 and IPFIX."""

from collections.abc import Iterator

from folkways.model.batches import Batch, Tally
from folkways.model.errors import FormatError
from folkways.read.capture.capture_file import is_capture
from folkways.read.netflow.captured import export_packets, export_share
from folkways.read.netflow.decoder import Decoder
from folkways.read.netflow.dump import packets
from folkways.read.netflow.memory import Memory
from folkways.read.netflow.messages import packet_end, parse_header, plausible
from folkways.read.netflow.rows import GIVES
from folkways.read.reader import ReadOptions
from folkways.read.source import HEAD_BYTES, Source


class NetFlowReader:
    """Export packets in dumps (back to back), in IPFIX files (RFC 5655), and in captures."""

    name = "netflow"
    gives = GIVES

    def sniff(self, source: Source, options: ReadOptions) -> float:  # noqa: ARG002  # a reader's shape
        """0.9 if a plausible export packet stands first, and another follows if anything does.

        0.95 for a capture most of whose octets are export packets, so that it is not metered.
        """
        head = source.head
        if is_capture(head):
            return 0.95 if export_share(head) > 0.5 else 0.0
        end = packet_end(head, 0)
        if end is None or not plausible(head):
            return 0.0
        rest = head[end:]
        if len(head) >= HEAD_BYTES and len(rest) < 64:
            return 0.9
        return 0.9 if not any(rest) or parse_header(rest) is not None else 0.0

    def read(self, source: Source, options: ReadOptions, tally: Tally) -> Iterator[Batch]:
        """Flows in batches by template; what cannot be read is counted by cause.

        Raises:
            FormatError: the source holds no export packet.
        """
        patient = source.path is None or not options.heard.again
        memory = Memory(tally, options.heard, options.exporter, patient=patient)
        decoder = Decoder(tally, sampling=options.sampling, memory=memory)
        if is_capture(source.head):
            yield from _captured(source, decoder, tally)
        else:
            yield from _dumped(source, decoder, tally)
        yield from decoder.finish()
        if not tally.versions:
            raise FormatError(f"{source.name} holds no NetFlow or IPFIX packet.")


def _captured(source: Source, decoder: Decoder, tally: Tally) -> Iterator[Batch]:
    for packet, exporter, received_ms in export_packets(source, tally):
        yield from decoder.feed(packet, exporter, received_ms)
    yield from decoder.late()
    if decoder.missed and source.path is not None:
        for packet, exporter, _ in export_packets(source, Tally()):
            yield from decoder.feed_again(packet, exporter)


def _dumped(source: Source, decoder: Decoder, tally: Tally) -> Iterator[Batch]:
    with source.open() as stream:
        yield from decoder.feed_all(packets(stream, tally))
    yield from decoder.late()
    if decoder.missed and source.path is not None:
        with source.open() as stream:
            for packet in packets(stream, Tally()):
                yield from decoder.feed_again(packet)
