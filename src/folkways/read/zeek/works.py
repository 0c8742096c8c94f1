"""A log as pieces of work that do not depend on each other, done side by side, taken in order.

The header is followed in one pass over the stream; what a stretch of rows under it means can then
be found by any thread. Results are taken in the order of the file, so that two threads give the
same rows as one.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import duckdb

from folkways.model.batches import Batch, Tally
from folkways.read.lines import Block
from folkways.read.works import Result, Work, count_cut, is_whole
from folkways.read.zeek import jsonlines, tsv
from folkways.read.zeek.answers import answers
from folkways.read.zeek.conn import records
from folkways.read.zeek.layout import Layout, Stretch, is_header, obey, stretches
from folkways.read.zeek.names import names
from folkways.read.zeek.rows import Rows

MEANINGS: dict[str, Callable[[Rows, Tally], Batch]] = {
    "conn": records,
    "dns": answers,
    "ssl": names,
    "http": names,
    "quic": names,
}


def text_works(blocks: Iterable[Block[bytes]], tally: Tally) -> Iterator[Work]:
    """A piece of work for each stretch of a text log; a last line without its end is cut."""
    layout = Layout()
    for block in blocks:
        if not block.ended:
            if is_header(block.data):
                layout = obey(layout, block.data)
            else:
                count_cut(tally)
            continue
        for stretch in stretches(block.data, layout):
            layout = stretch.layout
            if stretch.data:
                yield partial(_text, stretch)


def json_works(
    blocks: Iterable[Block[memoryview]], engine: duckdb.DuckDBPyConnection, tally: Tally
) -> Iterator[Work]:
    """A piece of work for each block of JSON lines; a last line that is no whole value is cut."""
    for block in blocks:
        if not block.ended and not is_whole(block.data):
            count_cut(tally)
            continue
        yield partial(_json, block.data, engine)


def _text(stretch: Stretch) -> Result:
    tally = Tally()
    rows = tsv.rows_of(stretch, tally)
    return tally, [] if rows is None else [MEANINGS[rows.log](rows, tally)]


def _json(data: memoryview, engine: duckdb.DuckDBPyConnection) -> Result:
    tally = Tally()
    return tally, [MEANINGS[r.log](r, tally) for r in jsonlines.rows_of(data, engine, tally)]
