"""Reads captures (pcap and pcapng): flows, and names, DNS answers and protocols found in them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from folkways.model.batches import Batch, Tally, make_batch
from folkways.read.capture.capture_file import CHUNK_BYTES, is_capture, read_frames
from folkways.read.capture.columns import PacketColumns
from folkways.read.capture.cuts import Timeouts
from folkways.read.capture.dissect import dissect
from folkways.read.capture.exports import count_exports, count_sflow
from folkways.read.capture.fragments import Fragments
from folkways.read.capture.frames import Frames
from folkways.read.capture.meter import Meter, Metered
from folkways.read.capture.open_flows import Pieces
from folkways.read.capture.packets import CAUSES, LATER_FRAGMENT, Cause, Packets
from folkways.read.capture.payload import NameFinder
from folkways.read.capture.rows import Names, batches_of
from folkways.read.capture.signatures_finder import Labels, SignatureFinder
from folkways.read.capture.stream import ChunkStream
from folkways.read.capture.twice import Twice
from folkways.read.reader import BATCH_ROWS, FORWARD, KEY, REVERSE, ReadOptions
from folkways.read.sflow_hint import NOTE
from folkways.read.source import Source

SWEEP_PACKETS = 65_536
MAX_OPEN = 262_144
_FIRST_BYTES = 64
_PLAUSIBLE_NS = 631_152_000 * 10**9
"""1990: no capture is older, but clocks that were never set start in 1970."""

_GIVES = (KEY | FORWARD | REVERSE) | {
    *("initiator", "begins", "exclusive", "sampling", "flaws"),
    *("name", "name_source", "sensor_label", "answers"),
}


@dataclass
class CaptureReader:
    """Reads pcap and pcapng; the package's docstring says what of a packet counts.

    Args:
        chunk_bytes: how much of a capture is held at once; rows do not depend on it.
        sweep_packets: after how many packets of the capture flows that fell silent are looked for,
            wherever chunks end, so that the rows do not depend on chunks.
        max_open: flows open after a sweep; more are ended early, which is flagged.
        names: whether payloads are looked at for names, DNS answers and handshakes.
    """

    chunk_bytes: int = CHUNK_BYTES
    sweep_packets: int = SWEEP_PACKETS
    max_open: int = MAX_OPEN
    names: bool = True
    name: str = field(default="pcap", init=False)
    gives: frozenset[str] = field(default=_GIVES, init=False)

    def sniff(self, source: Source, options: ReadOptions) -> float:
        """0.9 by the magic numbers of pcap and pcapng: what a capture carries may be the point."""
        del options
        return 0.9 if is_capture(source.head) else 0.0

    def read(self, source: Source, options: ReadOptions, tally: Tally) -> Iterator[Batch]:
        """Yield records by the ids of their pieces, and answers as they come.

        Raises:
            FormatError: it is no capture, or ends within its file header.
        """
        with source.open() as stream:
            chunks = ChunkStream(stream, tally, max(self.chunk_bytes, _FIRST_BYTES))
            yield from _Reading(self, options, tally).run(read_frames(chunks, source.name))


class _Reading:
    """One pass through a capture."""

    def __init__(self, reader: CaptureReader, options: ReadOptions, tally: Tally) -> None:
        limits = Timeouts(
            active_ns=round(options.active_timeout_s * 10**9),
            idle_ns=round(options.idle_timeout_s * 10**9),
        )
        self._tally = tally
        self._meter = Meter(limits, reader.max_open)
        self._twice = Twice()
        self._fragments = Fragments(tally)
        self._finder = NameFinder(tally) if reader.names else None
        self._signatures = SignatureFinder() if reader.names else None
        self._names: Names = {}
        self._labels: Labels = {}
        self._ended: list[Pieces] = []
        self._sweep_packets = reader.sweep_packets
        self._since_sweep = 0
        self._span: tuple[int, int] | None = None
        self._latest: int | None = None
        self._exports = self._sflow = 0

    def run(self, frames: Iterator[Frames]) -> Iterator[Batch]:
        """All batches of a capture."""
        for chunk in frames:
            self._tally.records += len(chunk)
            self._look_at_times(chunk)
            for part in self._parts(chunk):
                yield from self._read(part)
                if self._since_sweep == self._sweep_packets:
                    yield from self._sweep()
        self._meter_waiting()
        self._ended.append(self._meter.close())
        if self._signatures:
            self._labels |= self._signatures.finish()
        yield from self._emit(0)
        if self._finder:
            self._finder.finish()
        if self._twice.marked:
            self._tally.note(
                f"Packets that the capture holds more than once (several interfaces, or a mirror "
                f"of both directions): {self._twice.marked}; each counts once."
            )
        if self._exports:
            self._tally.note(
                f"Packets that look like NetFlow or IPFIX exports: {self._exports}; "
                "--format netflow reads the flows in them."
            )
        if self._sflow:
            self._tally.note(NOTE.format(count=self._sflow))

    def _parts(self, chunk: Frames) -> Iterator[Frames]:
        """The chunk, cut where sweeps are due."""
        size = self._sweep_packets
        places = [0, *range(size - self._since_sweep, len(chunk), size), len(chunk)]
        for first, last in pairwise(places):
            if last > first:
                self._since_sweep += last - first
                yield chunk.slice(first, last)

    def _look_at_times(self, chunk: Frames) -> None:
        if not len(chunk):
            return
        times = chunk.time_ns
        before = times[0] if self._latest is None else self._latest
        self._latest = int(times[-1])
        self._tally.flag("time goes backwards", int((times < np.append(before, times[:-1])).sum()))
        self._tally.flag("time before 1990", int((times < _PLAUSIBLE_NS).sum()))

    def _read(self, frames: Frames) -> Iterator[Batch]:
        packets = dissect(frames, self._tally)
        self._twice.mark(frames, packets)
        self._exports += count_exports(frames.data, packets)
        self._sflow += count_sflow(frames.data, packets)
        used = self._fragments.resolve(packets)
        counts = np.bincount(packets.cause, minlength=len(CAUSES))
        for cause, count in zip(CAUSES[1:], counts[1:].tolist(), strict=True):
            self._tally.skip(cause, count)
        for link in np.unique(frames.link[packets.cause == Cause.LINK]).tolist():
            self._tally.note(f"Frames of link type {link} are not supported.")
        metered = self._meter_packets(used)
        if self._finder and len(used):
            columns = _columns(frames, used, metered)
            if self._signatures:
                self._signatures.feed(columns)
            found = self._finder.feed(columns)
            for flow, name, where in found.names:
                self._names.setdefault(flow, (name, where))
            if found.answer_count:
                yield make_batch("answers", found.answers, found.answer_count)

    def _meter_packets(self, packets: Packets) -> Metered:
        if len(packets):
            first, last = int(packets.time_ns.min()), int(packets.time_ns.max())
            earliest, latest = self._span or (first, last)
            self._span = min(first, earliest), max(last, latest)
        return self._meter.add(packets)

    def _meter_waiting(self) -> None:
        waiting = self._fragments.forget()
        if waiting is not None:
            self._meter_packets(waiting)
            self._tally.flag("later fragment without its first", len(waiting))

    def _sweep(self) -> Iterator[Batch]:
        self._meter_waiting()
        if self._span is not None:
            ended, early = self._meter.sweep(*self._span)
            self._ended.append(ended)
            if self._signatures:
                self._labels |= self._signatures.sweep(ended["id"])
            self._tally.flag("flow ended early: too many open", early)
        self._span = None
        self._since_sweep = 0
        yield from self._emit(BATCH_ROWS // 8)

    def _emit(self, at_least: int) -> Iterator[Batch]:
        """Rows of the pieces that ended, if there are enough of them."""
        if sum(map(len, self._ended)) >= at_least:
            ended, self._ended = np.concatenate(self._ended), []
            yield from batches_of(
                ended[np.argsort(ended["id"])], self._names, self._labels, BATCH_ROWS
            )


def _columns(frames: Frames, packets: Packets, metered: Metered) -> PacketColumns:
    return PacketColumns(
        data=frames.data,
        time_ns=packets.time_ns,
        flow=metered.flow,
        forward=metered.forward,
        protocol=packets.protocol,
        source=packets.source,
        destination=packets.destination,
        source_port=packets.source_port,
        destination_port=packets.destination_port,
        tcp_flags=packets.tcp_flags,
        tcp_seq=packets.tcp_seq,
        payload_start=packets.payload_start,
        payload_length=packets.payload_length,
        payload_cut=packets.payload_cut,
        fragment=packets.fragment == LATER_FRAGMENT,
    )
