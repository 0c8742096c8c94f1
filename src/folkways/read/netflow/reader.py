"""Files of NetFlow v5, v9 and IPFIX."""

from collections.abc import Iterator

from folkways.model.batches import Batch, Tally
from folkways.model.errors import FormatError
from folkways.read.netflow.decoder import Decoder
from folkways.read.netflow.dump import packets
from folkways.read.netflow.messages import packet_end, parse_header, plausible
from folkways.read.reader import ReadOptions
from folkways.read.source import HEAD_BYTES, Source

_NAMES = {5: "NetFlow v5", 9: "NetFlow v9", 10: "IPFIX"}


class NetFlowReader:
    """Dumps of export packets' payloads back to back, and IPFIX files (RFC 5655)."""

    name = "netflow"

    def sniff(self, source: Source, options: ReadOptions) -> float:  # noqa: ARG002  # a reader's shape
        """0.9 if a plausible export packet stands first, and another follows if anything does."""
        head = source.head
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
        decoder = Decoder(tally, sampling=options.sampling)
        seen: set[int] = set()
        with source.open() as stream:
            for packet in packets(stream, tally):
                seen.add(packet[1])
                yield from decoder.feed(packet)
        if not seen:
            raise FormatError(f"{source.name} holds no NetFlow or IPFIX packet.")
        yield from decoder.finish()
        tally.note(f"Export packets of {', '.join(_NAMES[v] for v in sorted(seen))}.")
