"""Synthetic sources, ingested and settled; as a script, in processes that die at chosen moments.

The script reads lines of JSON: the store's folder; what to do (``ingest``, ``settle``, ``both``,
``remove`` or ``renew``);
the number of the event at which to die (0: never), where events are the calls that change what is
on the disk; and the seconds after which to be killed (null: never). Each line is done by a process
forked for it, so that the libraries are loaded only once, and answered by its exit code.
"""

import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable

from folkways.model.columns import ADDRESS, CONNECTIONS, OBSERVED, Table
from folkways.model.period import DAY_MS
from folkways.store import SourceEntry, Store, connect, source_id
from folkways.store.stage import INPUTS, InputTable

FIRST_DAY = 17_257  # 2017-04-01
KILLED = 77
RENEWED_ROWS = 7


def digest_of(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def rows_of(
    name: InputTable,
    source: str,
    rows: int,
    *,
    days: int = 3,
    seed: int = 0,
    first: int = FIRST_DAY,
) -> pa.RecordBatch:
    """Rows of a stored table in random order of time; whatever must not be null is there."""
    table = INPUTS[name]
    draw = np.random.default_rng(seed)
    start = first * DAY_MS + draw.integers(0, days * DAY_MS, rows)
    given = {
        "day": pa.array((start // DAY_MS).astype("datetime64[D]").astype(str)),
        "start_ms": pa.array(start),
        "source": pa.array([source] * rows, pa.string()),
    }
    return pa.RecordBatch.from_arrays(
        [given.get(c.name, _column(c.name, c.type, rows, draw)) for c in table.columns],
        schema=table.schema,
    )


def _column(name: str, kind: pa.DataType, rows: int, draw: np.random.Generator) -> pa.Array:
    if name in {"flows", "sampling", "exporter"}:
        return pa.nulls(rows, kind)
    if kind == ADDRESS:
        return pa.array([draw.bytes(16) for _ in range(min(rows, 16))] * (rows // 16 + 1), kind)[
            :rows
        ]
    if kind == pa.string():
        return pa.array([f"{name} {i}" for i in draw.integers(0, 9, rows)], kind)
    return pa.array(
        draw.integers(0, 2, rows) if kind == pa.bool_() else draw.integers(0, 99, rows)
    ).cast(kind)


def entry_of(name: str, rows: int = 0, at: int = 0) -> SourceEntry:
    digest = digest_of(name)
    return SourceEntry(
        source_id(digest), digest, name, "zeek", at, rows, rows, None, None, {"cut": 1}, {}, ["ok"]
    )


SOURCES: dict[str, dict[InputTable, int]] = {
    "one": {"observed": 900, "names": 80, "answers": 70},
    "two": {"observed": 700},
    "three": {"answers": 50},
    "four": {},
    "five": {"observed": 600, "names": 60},
}


def ingest(root: Path, batches: int = 2) -> None:
    """As a study would do it: what is not in yet, several sources to a commit."""
    store = Store(root)
    with store.lock():
        known = store.digests()
        names = [name for name in SOURCES if digest_of(name) not in known]
        cut = max(1, -(-len(names) // batches))
        for low in range(0, len(names), cut):
            entries = []
            with store.stage() as stage:
                for name in names[low : low + cut]:
                    seed = list(SOURCES).index(name)
                    entries.append(entry_of(name, sum(SOURCES[name].values()), seed))
                    for table, rows in SOURCES[name].items():
                        stage.write(table, rows_of(table, entries[-1].id, rows, days=2, seed=seed))
                staged = stage.finish()
            store.commit([staged], entries)


def connections_query(view: str, noise: str = "use") -> str:
    """A view of observed rows with the columns of CONNECTIONS."""
    given = {"opens": "1", "noise": f"'{noise}'"}
    columns = (
        f"{given.get(c.name) or (c.name if c.name in OBSERVED.names else 'NULL')} AS {c.name}"
        for c in CONNECTIONS.columns
    )
    return f"SELECT {', '.join(columns)} FROM {view}"


def settle(root: Path, stamp: str = "v1") -> None:
    """Replace every day whose stamp is another one."""
    store = Store(root)
    with store.lock(), store.scratch() as temp:
        con = connect(256, temp, 1)
        for day in store.days("observed"):
            if store.stamps().get(day) == stamp:
                continue
            store.view(con, "input", "observed", [day])
            store.replace_day(day, con, connections_query("input", stamp), stamp)
        con.close()


def remove(root: Path, name: str = "one") -> None:
    """Take a source out, if it is in."""
    store = Store(root)
    with store.lock():
        if store.ingested(digest_of(name)):
            store.remove_source(source_id(digest_of(name)))


def renew(root: Path, name: str = "one") -> None:
    """Replace a source's rows by others, if that was not done."""
    store = Store(root)
    with store.lock():
        (there,) = (e for e in store.sources() if e.digest == digest_of(name))
        if there.rows == RENEWED_ROWS:
            return
        with store.stage() as stage:
            rows = rows_of("observed", there.id, RENEWED_ROWS, days=2, seed=77)
            stage.write("observed", rows)
            staged = stage.finish()
        entry = replace(there, rows=RENEWED_ROWS)
        store.commit([staged], [entry], renewed=[there.digest])


def totals(root: Path, table: Table) -> list[tuple[Any, ...]]:
    """Rows and sums by day and, where there is one, by source."""
    store = Store(root)
    with store.scratch() as temp:
        con = connect(256, temp, 1)
        store.view(con, "input", table.name)
        sums = ", ".join(
            f"sum({c.name})::HUGEINT" for c in table.columns if pa.types.is_integer(c.type)
        )
        found = con.execute(
            f"SELECT day, source, count(*), {sums} FROM input GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        con.close()
    return found


def die_at(number: int) -> Callable[[], int]:
    """Make this process end without any clean-up at the n-th event; count events if 0."""
    seen = 0

    def event() -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            os._exit(KILLED)

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **named: Any) -> Any:
            # Before a call is after the one before it: on the disk these are one state.
            event()
            return function(*args, **named)

        return wrapped

    for name in ("fsync", "replace", "utime", "unlink"):
        setattr(os, name, wrap(getattr(os, name)))
    commit = "create_write_transaction"
    setattr(DeltaTable, commit, wrap(getattr(DeltaTable, commit)))
    return lambda: seen


def main(root: str, action: str, number: int) -> None:
    die_at(number)
    if action == "remove":
        remove(Path(root))
    if action == "renew":
        renew(Path(root))
    if action in {"ingest", "both"}:
        ingest(Path(root))
    if action in {"settle", "both"}:
        settle(Path(root), "v1" if action == "both" else "v2")


def serve() -> None:
    for line in sys.stdin:
        root, action, number, kill_after = json.loads(line)
        process = os.fork()
        if not process:
            main(root, action, number)
            os._exit(0)
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(process, signal.SIGKILL)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
