"""Captures of sFlow version 5, found by content on any UDP port."""

from collections.abc import Iterator

from folkways.model.batches import Batch, Tally
from folkways.model.errors import FormatError
from folkways.read.capture.capture_file import is_capture
from folkways.read.capture.datagrams import Datagram, datagrams, head_datagrams
from folkways.read.netflow.messages import plausible
from folkways.read.reader import FORWARD, KEY, ReadOptions
from folkways.read.sflow.datagram import Datagrams, dumped, octets_of_datagrams, parse_header
from folkways.read.sflow.numbering import Arrival, Drops, Numbering
from folkways.read.sflow.rows import make_rows
from folkways.read.source import Source

BATCH_OCTETS = 4 << 20
_EARLIEST_MS = 631_152_000_000
"""1990: no capture is older, but clocks that were never set start in 1970."""
_GIVES = (KEY | FORWARD) | {
    *("begins", "sampling", "exporter", "observation_point", "flaws"),
    *("source_asn", "destination_asn", "denied"),
    *("translated_source_address", "translated_destination_address"),
    *("translated_source_port", "translated_destination_port"),
}


class SflowReader:
    """sFlow version 5 in captures; the package's docstring says what counts."""

    name = "sflow"
    gives = _GIVES

    def sniff(self, source: Source, options: ReadOptions) -> float:  # noqa: ARG002  # a reader's shape
        """0.96 for a capture most of whose carried octets are whole sFlow datagrams.

        0.9 for datagrams back to back without a capture around them, which ``read`` refuses.
        """
        if not is_capture(source.head):
            return 0.9 if dumped(source.head) else 0.0
        carried = head_datagrams(source.head)
        mine = octets_of_datagrams([(d.payload, d.cut) for d in carried if d.stream is None])
        return 0.96 if mine * 2 > sum(len(d.payload) for d in carried) else 0.0

    def read(self, source: Source, options: ReadOptions, tally: Tally) -> Iterator[Batch]:
        """A row per flow sample with an IP packet.

        Raises:
            FormatError: the source is no capture, or holds no sFlow datagram.
        """
        if not is_capture(source.head):
            raise FormatError(
                f"{source.name} is no capture, and sFlow datagrams do not say when they were sent. "
                "Capture them with tcpdump, or let a collector (goflow2, sfcapd) write flows."
            )
        framing = Tally()
        reading = _Reading(tally, options.sampling)
        for datagram in datagrams(source, framing):
            if reading.take(datagram) and (batch := reading.rows()):
                yield batch
        if batch := reading.rows():
            yield batch
        reading.finish()
        # What was no datagram at all is a record as well, so that what is skipped is a part of all.
        framing.records = max(framing.records, framing.skipped.total())
        tally.add(framing)
        if not reading.found:
            raise FormatError(f"{source.name} holds no sFlow version 5 datagram.")


class _Reading:
    """One pass through a capture."""

    def __init__(self, tally: Tally, sampling: int | None) -> None:
        self.found = self._exports = 0
        self._tally = tally
        self._sampling = sampling
        self._waiting = Datagrams()
        self._numbering = Numbering(tally)
        self._drops = Drops(tally)

    def take(self, datagram: Datagram) -> bool:
        """Take what a packet carries; whether enough waits for a batch."""
        header = parse_header(datagram.payload) if datagram.stream is None else None
        if header is None:
            self._tally.records += 1
            self._tally.skip("not sFlow")
            self._exports += plausible(datagram.payload)
            return False
        self.found += 1
        self._tally.versions["sFlow v5"] += 1
        self._tally.flag("datagram cut by the capture", int(datagram.cut))
        self._tally.flag("clock: time before 1990", int(datagram.time_ms < _EARLIEST_MS))
        arrival = self._numbering.take(header, datagram.payload, datagram.time_ms)
        if arrival is not Arrival.AGAIN:
            late = arrival is Arrival.LATE
            self._waiting.add(datagram.payload, header, datagram.time_ms, late=late)
        return self._waiting.octets >= BATCH_OCTETS

    def rows(self) -> Batch | None:
        """What waits, as rows."""
        waiting, self._waiting = self._waiting, Datagrams()
        if not waiting.payloads:
            return None
        return make_rows(waiting, self._drops, self._sampling, self._tally)

    def finish(self) -> None:
        """Tell what is known to be missing at the end."""
        self._numbering.finish()
        if self._exports:
            self._tally.note(
                f"Packets that look like NetFlow or IPFIX exports: {self._exports}; "
                "--format netflow reads the flows in them."
            )
