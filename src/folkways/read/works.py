"""Pieces of work that do not depend on each other, done side by side, taken in order.

Results are taken in the order of the file, so that two threads give the same rows as one.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pyarrow as pa

from folkways.model.batches import Batch, Tally
from folkways.read.reader import BATCH_ROWS

WORKERS = 2
"""Threads: decompressing and the caller keep the interpreter busy enough for more."""

_ENOUGH = 1 << 15
"""Rows of a batch that is handed on as it is, since putting rows together copies them."""

Result = tuple[Tally, list[Batch]]
Work = Callable[[], Result]


def is_whole(line: memoryview) -> bool:
    """Whether a line is one JSON value, or blank."""
    text = bytes(line)
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return not text.strip()
    return True


def count_cut(tally: Tally) -> None:
    """Count a last line that breaks off."""
    tally.records += 1
    tally.skip("cut line")


def in_order(works: Iterable[Work], tally: Tally, workers: int = WORKERS) -> Iterator[Batch]:
    """Do the works in some threads, a few ahead of the one whose result is taken."""
    with ThreadPoolExecutor(workers) as pool:
        under_way: deque[Future[Result]] = deque()
        try:
            for work in works:
                under_way.append(pool.submit(work))
                if len(under_way) > workers:
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
    """Neighbours of one kind put together, to at most ``most`` rows, if they are small.

    Empty ones are left out.
    """
    waiting: list[Batch] = []
    rows = 0
    for batch in batches:
        for part in _parts(batch, most):
            full = max(rows, part.rows.num_rows) >= _ENOUGH or rows + part.rows.num_rows > most
            if waiting and (full or part.kind != waiting[0].kind):
                yield _joined(waiting)
                waiting, rows = [], 0
            waiting.append(part)
            rows += part.rows.num_rows
    if waiting:
        yield _joined(waiting)


def _parts(batch: Batch, most: int) -> Iterator[Batch]:
    for start in range(0, batch.rows.num_rows, most):
        ends = None if batch.ends is None else batch.ends.slice(start, most)
        yield Batch(batch.kind, batch.rows.slice(start, most), ends)


def _joined(batches: list[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    ends = [b.ends for b in batches if b.ends is not None]
    together = pa.concat_batches(ends) if len(ends) == len(batches) else None
    return Batch(batches[0].kind, pa.concat_batches([b.rows for b in batches]), together)
