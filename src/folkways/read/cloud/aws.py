"""AWS VPC and transit gateway flow logs: text in any field order, and Parquet.

What AWS says, and what follows from it:

- A row is one direction of a flow during an interval of at most ten minutes; nothing is sampled.
- ``srcaddr`` and ``dstaddr`` are the interface's own on its side, even where it only passes traffic
  on (a NAT gateway, say); ``pkt-srcaddr`` and ``pkt-dstaddr``, where logged, are those of the
  packet itself, and are preferred.
- ``tcp-flags`` tells SYN (2) from SYN-ACK (18): an ACK is only reported with its SYN. So a row with
  SYN and without ACK comes from the side that opened, a row with both from the other side. The
  column of flags holds what AWS reports: a lone SYN there does not mean that nothing followed.
- NODATA rows say that nothing passed. SKIPDATA rows say that records were lost: a gap.
- Rejected traffic was tried and not let through; it is kept, with the flaw ``rejected``, and
  ``denied``.

Source: Amazon VPC User Guide, "Flow log records".
"""

import itertools
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from folkways.model.batches import Batch, Gap, Tally
from folkways.model.errors import FormatError
from folkways.read.cloud import aws_parquet
from folkways.read.cloud.aws_layout import (
    NEEDED,
    Layout,
    default_layout,
    headers,
    is_default_row,
    layout_of,
)
from folkways.read.cloud.values import (
    MAX_SECONDS,
    Keep,
    counted,
    filtered,
    flags,
    judged,
    meaning,
    numbers,
    records,
    sides,
)
from folkways.read.lines import lines
from folkways.read.reader import FORWARD, KEY, ReadOptions
from folkways.read.source import Source

_LINES_SNIFFED = 5
_EXPORTERS = ("interface-id", "tgw-attachment-id", "tgw-id", "resource-id")
_COUNTED = {
    "source_port": "srcport",
    "destination_port": "dstport",
    "protocol": "protocol",
    "packets_forward": "packets",
    "bytes_forward": "bytes",
    "tcp_flags_forward": "tcp-flags",
}
_SYN, _SYN_ACK = 2, 18
_ACTIONS = {"ACCEPT": False, "REJECT": True}


class AwsReader:
    """Reads flow logs of AWS."""

    name = "aws"
    gives = (
        KEY
        | FORWARD
        | {"initiator", "sampling", "exporter", "observation_point", "denied", "flaws"}
    )

    def sniff(self, source: Source, options: ReadOptions) -> float:  # noqa: ARG002  # the protocol's signature
        """0.9 for a header of documented names, a row of the default layout, or such Parquet."""
        if aws_parquet.is_parquet(source):
            return 0.9 if aws_parquet.is_mine(source) else 0.0
        text = source.head.decode("utf-8-sig", "replace")
        first = itertools.islice(filter(None, map(str.strip, text.splitlines())), _LINES_SNIFFED)
        return 0.9 if any(layout_of(line) or is_default_row(line) for line in first) else 0.0

    def read(self, source: Source, options: ReadOptions, tally: Tally) -> Iterator[Batch]:  # noqa: ARG002  # likewise
        """Yield the rows in the order of the file.

        ``tally.skipped`` names what gave no row: ``NODATA: no traffic``, ``SKIPDATA: records were
        skipped by the collector``, ``no time``, ``no address``, ``address does not parse: ...``,
        ``wrong number of fields``, ``line too long``, ``cut line``, ``Parquet file broken``.

        Raises:
            FormatError: the source is empty, has neither a header nor rows of the default layout,
                or is a Parquet file without the columns of flow logs.
        """
        conversion = _Conversion(tally)
        if aws_parquet.is_parquet(source):
            for rows, text in aws_parquet.columns(source, tally):
                yield from conversion.rows(text, rows)
        else:
            yield from _text(source, tally, conversion)


def _text(source: Source, tally: Tally, conversion: "_Conversion") -> Iterator[Batch]:
    layout: Layout | None = None
    if not source.head:
        raise FormatError(f"{source.name} is empty; nothing to read.")
    with source.open() as stream:
        for block in lines(stream, tally):
            cuts = headers(block)
            if layout is None:
                layout = _first_layout(block, cuts, source)
            begin = 0
            for place, following in [*cuts, (len(block), layout)]:
                rows, text = _columns(block[begin:place], layout, tally)
                yield from conversion.rows(text, rows)
                begin = place + 1
                if place < len(block):
                    layout = following


def _first_layout(block: pa.Array, cuts: list[tuple[int, Layout]], source: Source) -> Layout:
    """The default, unless nothing speaks for it: then all that follows would be a guess."""
    until = cuts[0][0] if cuts else len(block)
    if not cuts and not any(is_default_row(line) for line in block[:1000].to_pylist()):
        raise FormatError(
            f"{source.name} has neither a header line nor rows of the AWS default layout; "
            "put a line with the names of its fields first."
        )
    return cuts[0][1] if until == 0 else default_layout()


def _columns(block: pa.Array, layout: Layout, tally: Tally) -> tuple[int, dict[str, pa.Array]]:
    lists = pc.ascii_split_whitespace(block)
    good = pc.equal(pc.list_value_length(lists), len(layout))
    wrong = len(block) - int(flags(good).sum())
    tally.records += wrong
    tally.skip("wrong number of fields", wrong)
    flat = pc.list_flatten(lists.filter(good) if wrong else lists)
    rows = len(block) - wrong
    return rows, {
        name: flat.take(pa.array(np.arange(i, rows * len(layout), len(layout))))
        for i, name in enumerate(layout)
        if name in NEEDED
    }


class _Conversion:
    """Columns of text to records."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def rows(self, given: dict[str, pa.Array], rows: int) -> Iterator[Batch]:
        """A batch, unless no row is left."""
        self._tally.records += rows
        if rows and "start" not in given:
            self._tally.note("The layout has no field start, so that its rows have no time.")
        nothing = pa.nulls(rows, pa.string())
        dash = pa.scalar("-")
        text = {
            name: pc.if_else(pc.equal(given[name], dash), nothing, given[name])
            if name in given
            else nothing
            for name in NEEDED
        }
        for entry in pc.value_counts(text["version"].drop_null()).to_pylist():
            self._tally.versions[f"AWS flow log, version {entry['values']}"] += entry["counts"]
        keep = Keep(rows, self._tally)
        start = pc.multiply(numbers(text["start"], "start", limit=MAX_SECONDS), 1000)
        end = pc.multiply(numbers(text["end"], "end", limit=MAX_SECONDS), 1000)
        keep.drop(pc.equal(text["log-status"], "NODATA"), "NODATA: no traffic")
        gap = pc.equal(text["log-status"], "SKIPDATA")
        self._keep_gaps(gap, start, end)
        keep.drop(gap, "SKIPDATA: records were skipped by the collector")
        keep.drop(pc.is_null(start), "no time")
        addresses = sides(
            {
                "source": [text["pkt-srcaddr"], text["srcaddr"]],
                "destination": [text["pkt-dstaddr"], text["dstaddr"]],
            },
            keep,
            self._tally,
        )
        # A row without an end is an instant: nothing is known of its length.
        times = {"start_ms": start, "end_ms": pc.coalesce(end, start)}
        if keep.mask.any():
            kept = filtered(times | addresses, keep)
            yield self._records(kept, filtered(text, keep), int(keep.mask.sum()))

    def _records(self, columns: dict[str, pa.Array], text: dict[str, pa.Array], rows: int) -> Batch:
        columns |= counted({f: text[name] for f, name in _COUNTED.items()}, self._tally)
        columns["initiator"] = _initiator(columns["tcp_flags_forward"])
        columns["exporter"] = pc.coalesce(*(text[name] for name in _EXPORTERS))
        columns["observation_point"] = text["flow-direction"]
        columns["sampling"] = pa.repeat(pa.scalar(1, pa.int64()), rows)
        judged(columns, meaning(text["action"], _ACTIONS))
        return records(columns, rows)

    def _keep_gaps(self, gap: pa.Array, start: pa.Array, end: pa.Array) -> None:
        """Interfaces of one account skip the same minutes: each stretch is kept once."""
        where = pc.and_(gap.fill_null(fill_value=False), pc.is_valid(start))
        spans = pa.table([start, pc.coalesce(end, start)], ["first", "last"]).filter(where)
        for row in spans.group_by(["first", "last"]).aggregate([]).sort_by("first").to_pylist():
            self._tally.add_gap(Gap(row["first"], row["last"], "SKIPDATA"))


def _initiator(tcp_flags: pa.Array) -> pa.Array:
    seen = pc.bit_wise_and(tcp_flags, _SYN_ACK)
    other = pc.if_else(
        pc.equal(seen, _SYN_ACK), pa.scalar("destination"), pa.scalar(None, pa.string())
    )
    return pc.if_else(
        pc.equal(seen, _SYN).fill_null(fill_value=False),
        pa.scalar("source"),
        pc.if_else(pc.is_null(seen), pa.scalar(None, pa.string()), other),
    )
