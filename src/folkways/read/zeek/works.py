"""A log as pieces of work that do not depend on each other, done side by side, taken in order.

The header is followed in one pass over the stream; what a stretch of rows under it means can then
be found by any thread. Results are taken in the order of the file, so that two threads give the
same rows as one.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import duckdb
import pyarrow as pa

from folkways.model.batches import Batch, Tally
from folkways.read.reader import BATCH_ROWS
from folkways.read.zeek import jsonlines, tsv
from folkways.read.zeek.answers import answers
from folkways.read.zeek.conn import records
from folkways.read.zeek.layout import Layout, Stretch, is_header, obey, stretches
from folkways.read.zeek.lines import Block
from folkways.read.zeek.names import names
from folkways.read.zeek.rows import Rows

WORKERS = 2
"""Threads: decompressing and the caller keep the interpreter busy enough for more."""

MEANINGS: dict[str, Callable[[Rows, Tally], Batch]] = {
    "conn": records,
    "dns": answers,
    "ssl": names,
    "http": names,
    "quic": names,
}

Result = tuple[Tally, list[Batch]]
Work = Callable[[], Result]


def text_works(blocks: Iterable[Block], tally: Tally) -> Iterator[Work]:
    """A piece of work for each stretch of a text log; a last line without its end is cut."""
    layout = Layout()
    for block in blocks:
        if not block.ended:
            if is_header(block.data):
                layout = obey(layout, block.data)
            else:
                _count_cut(tally)
            continue
        for stretch in stretches(block.data, layout):
            layout = stretch.layout
            if stretch.data:
                yield partial(_text, stretch)


def json_works(
    blocks: Iterable[Block], engine: duckdb.DuckDBPyConnection, tally: Tally
) -> Iterator[Work]:
    """A piece of work for each block of JSON lines; a last line that is no whole value is cut."""
    for block in blocks:
        if not block.ended and not _is_whole(block.data):
            _count_cut(tally)
            continue
        yield partial(_json, block.data, engine)


def _is_whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return not line.strip()
    return True


def _count_cut(tally: Tally) -> None:
    tally.records += 1
    tally.skip("cut line")


def _text(stretch: Stretch) -> Result:
    tally = Tally()
    rows = tsv.rows_of(stretch, tally)
    return tally, [] if rows is None else [MEANINGS[rows.log](rows, tally)]


def _json(data: bytes, engine: duckdb.DuckDBPyConnection) -> Result:
    tally = Tally()
    return tally, [MEANINGS[r.log](r, tally) for r in jsonlines.rows_of(data, engine, tally)]


def in_order(works: Iterable[Work], tally: Tally) -> Iterator[Batch]:
    """Do the works in ``WORKERS`` threads, a few ahead of the one whose result is taken."""
    with ThreadPoolExecutor(WORKERS) as pool:
        under_way: deque[Future[Result]] = deque()
        try:
            for work in works:
                under_way.append(pool.submit(work))
                if len(under_way) > WORKERS:
                    yield from _take(under_way.popleft(), tally)
            while under_way:
                yield from _take(under_way.popleft(), tally)
        finally:
            for future in under_way:
                future.cancel()


def _take(future: Future[Result], tally: Tally) -> list[Batch]:
    part, batches = future.result()
    tally.add(part)
    return batches


def gathered(batches: Iterable[Batch], most: int = BATCH_ROWS // 2) -> Iterator[Batch]:
    """Neighbours of one kind put together to at most ``most`` rows; empty ones left out."""
    waiting: list[Batch] = []
    rows = 0
    for batch in batches:
        for part in _parts(batch, most):
            if waiting and (part.kind != waiting[0].kind or rows + part.rows.num_rows > most):
                yield _joined(waiting)
                waiting, rows = [], 0
            waiting.append(part)
            rows += part.rows.num_rows
    if waiting:
        yield _joined(waiting)


def _parts(batch: Batch, most: int) -> Iterator[Batch]:
    for start in range(0, batch.rows.num_rows, most):
        yield Batch(batch.kind, batch.rows.slice(start, most))


def _joined(batches: list[Batch]) -> Batch:
    return Batch(batches[0].kind, pa.concat_batches([b.rows for b in batches]))
