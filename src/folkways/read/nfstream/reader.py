"""The nfstream reader: never the best guess for a capture, only a user's wish."""

import contextlib
import itertools
import os
import sys
from collections.abc import Generator, Iterator
from typing import Any

from folkways.model.batches import Batch, Tally
from folkways.model.errors import FormatError, UserError
from folkways.read.capture.capture_file import is_capture
from folkways.read.nfstream.rows import GIVES, make_rows, usable
from folkways.read.reader import ReadOptions
from folkways.read.source import Source

BATCH_FLOWS = 16_384
"""Flows are Python objects of about a kilobyte, so fewer are held than rows elsewhere."""


class NfstreamReader:
    """Reads files of pcap and pcapng; the package's docstring says what counts."""

    name = "nfstream"
    gives = GIVES

    def sniff(self, source: Source, options: ReadOptions) -> float:  # noqa: ARG002  # a reader's shape
        """0: whether nfstream is wanted does not show in the content."""
        return 0.0

    def read(self, source: Source, options: ReadOptions, tally: Tally) -> Iterator[Batch]:
        """Yield records in the order in which nfstream ends flows; ``tally.records`` counts flows.

        ``tally.skipped`` names what gave no row: ``time out of range``.

        nfstream gives one Python object a flow, so there is a loop over flows here and nowhere
        else: its speed is nfstream's.

        Raises:
            UserError: nfstream is not installed, or the source is no plain file.
            FormatError: it is no capture, or nfstream refuses it.
        """
        streamer = _streamer(source, options)
        flows = _flows(streamer, source.name)
        kept = usable(flows, tally)
        try:
            while batch := list(itertools.islice(kept, BATCH_FLOWS)):
                yield make_rows(batch, tally)
        finally:
            flows.close()


def _streamer(source: Source, options: ReadOptions) -> Any:
    try:
        from nfstream import NFStreamer
    except ImportError:
        raise UserError(
            "--format nfstream needs the package nfstream; install folkways[ndpi]."
        ) from None
    if source.path is None or source.compression is not None:
        raise UserError(
            f"{source.name}: nfstream reads plain files only; unpack it, or leave --format out."
        )
    if not is_capture(source.head):
        raise FormatError(f"{source.name} is no capture (pcap or pcapng); nfstream reads no other.")
    # What nfstream says to people goes where messages go: standard output may hold an answer.
    with contextlib.redirect_stdout(sys.stderr):
        return NFStreamer(
            source=source.path_for_others(),
            accounting_mode=1,
            statistical_analysis=True,
            idle_timeout=max(1, round(options.idle_timeout_s)),
            active_timeout=max(1, round(options.active_timeout_s)),
            n_meters=1,  # several would give the flows in another order each time
        )


def _flows(streamer: Any, name: str) -> Generator[Any, None, None]:
    """Its flows; when nobody wants more of them, its process is ended."""
    processors = os.sched_getaffinity(0) if sys.platform == "linux" else None
    found = iter(streamer)
    try:
        for flow in found:
            if sys.platform == "linux" and processors is not None:
                # nfstream binds the calling process, too, to two processors.
                os.sched_setaffinity(0, processors)
            yield flow
    except ValueError as error:
        raise FormatError(f"{name}: nfstream refuses it: {error}.") from None
    except GeneratorExit:
        with contextlib.suppress(StopIteration):
            found.throw(KeyboardInterrupt())
        raise
