"""How often a name bound by DNS is right, on real captures and by simulation, and what it costs.

Run: python benchmarks/binding.py [--captures FOLDER ...] [--rows 5000000]
Captures: names seen in TLS, QUIC and HTTP are hidden, bound again from the answers in the same
capture, and compared with what was seen. ``anyone``: nobody knows who asked. Simulation: services
of many names, on addresses of their own or on a CDN's; members behind a log of lookups that lacks
some (encrypted DNS, older caches); applications that keep addresses for longer than they live.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from scipy.stats import binomtest

from folkways.attribute.catalogue import Catalogue
from folkways.connect.binding import bind_names
from folkways.model.batches import Tally
from folkways.model.columns import CONNECTED, STORED_ANSWERS, Table
from folkways.model.errors import UserError
from folkways.read.capture import CaptureReader
from folkways.read.reader import ReadOptions
from folkways.read.source import Source

DAY, START_MS = "2020-01-02", 1_577_923_200_000
LIVES = ((0, 0), (0, 60), (60, 60), (60, 300), (60, 900), (60, 3600), (300, 86_400))
Of = Callable[[str], str | None]
Pairs = Counter[tuple[str, str | None, str | None]]
"""(truth, name, candidates) to connections."""


def wilson(right: int, n: int) -> float:
    """Lower bound of a share at 95 % (Wilson 1927)."""
    return float(binomtest(right, n).proportion_ci(method="wilson").low) if n else 0.0


def registrable(name: str) -> str:
    """Roughly the registrable domain: two labels, three below a short second level (co.uk)."""
    labels = name.split(".")
    short = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3 if short else -2 :])


def judge(pairs: Pairs, of: Of, truth_of: Of) -> tuple[int, int, int]:
    """(right, decided, all whose truth is known): what all candidates agree on."""
    right = decided = known = 0
    for (truth, name, candidates), n in pairs.items():
        expected = truth_of(truth)
        if expected is None:
            continue
        known += n
        if name is None:
            continue
        found = {of(c) for c in (candidates or name).split(",")}
        if len(found) == 1 and None not in found:
            decided += n
            right += n * (expected in found)
    return right, decided, known


def line(label: str, pairs: Pairs, of: Of, truth_of: Of | None = None) -> str:
    """One line of the report."""
    right, decided, known = judge(pairs, of, truth_of or of)
    share = right / decided if decided else 0
    return (
        f"{label:44} {share:8.2%} at least {wilson(right, decided):7.2%}  n {decided:7}"
        f"  of {known:7} ({decided / max(known, 1):.0%})"
    )


def typed(columns: dict[str, Any], table: Table, rows: int) -> pa.Table:
    """A table with nulls where nothing is stated."""
    full = [pa.array(columns[c.name], c.type) if c.name in columns else pa.nulls(rows, c.type)
            for c in table.columns]  # fmt: skip
    return pa.Table.from_arrays(full, names=list(table.names))


def bound(flows: pa.Table, answers: pa.Table, life: tuple[int, int]) -> Pairs:
    """Bind, and count truth (kept in ``sensor_label``) with what was bound."""
    with duckdb.connect() as con:
        con.register("flows", flows)
        con.register("answers", answers)
        view = bind_names(con, "flows", "answers", DAY, min_life_s=life[0], tolerance_s=life[1])
        query = f"SELECT sensor_label, name, name_candidates, count(*) FROM {view} GROUP BY ALL"
        return Counter({(t, n, c): k for t, n, c, k in con.sql(query).fetchall()})


def captured(folder: Path) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Connections (name as sensor_label) and answers of each capture that has both."""
    for path in sorted(p for p in folder.rglob("*.pcap*") if p.is_file()):
        found: dict[str, list[pa.RecordBatch]] = {"records": [], "answers": []}
        try:
            for batch in CaptureReader().read(Source(path.name, path), ReadOptions(), Tally()):
                found.setdefault(batch.kind, []).append(batch.rows)
        except UserError:
            continue
        if not found["answers"] or not found["records"]:
            continue
        records, answers = (pa.Table.from_batches(found[k]) for k in ("records", "answers"))
        records = records.filter(records["name"].is_valid())
        if not records.num_rows:
            continue
        times = [t["start_ms"].to_numpy() for t in (records, answers)]
        shift = START_MS + 3_600_000 - min(t.min() for t in times)
        yield _flows(records, times[0] + shift), _answers(answers, times[1] + shift)


def _flows(records: pa.Table, start: Any) -> pa.Table:
    n = records.num_rows
    kept = {
        "member": "source_address",
        "remote": "destination_address",
        "member_port": "source_port",
        "remote_port": "destination_port",
        "protocol": "protocol",
        "sensor_label": "name",
    }
    columns = {k: records[v].combine_chunks() for k, v in kept.items()}
    fixed = {"day": [DAY] * n, "source": ["s"] * n, "noise": ["use"] * n, "opens": [1] * n}
    return typed({**columns, **fixed, "start_ms": start, "end_ms": start}, CONNECTED, n)


def _answers(answers: pa.Table, start: Any) -> pa.Table:
    columns = {k: answers[k].combine_chunks() for k in ("query", "address", "ttl_s")}
    columns["client"] = answers["client_address"].combine_chunks()
    return typed({**columns, "start_ms": start}, STORED_ANSWERS, answers.num_rows)


def octets(kind: int, numbers: Any) -> list[bytes]:
    """Addresses made of numbers."""
    return [bytes([kind]) * 12 + int(n).to_bytes(4, "big") for n in numbers]


def known_client(answers: pa.Table) -> pa.Table:
    """The answers as they are."""
    return answers


def unknown_client(answers: pa.Table) -> pa.Table:
    """The same answers when nobody knows who asked."""
    place = answers.schema.get_field_index("client")
    return answers.set_column(place, "client", pa.nulls(answers.num_rows, pa.binary(16)))


def simulated(seed: int, missing: float) -> tuple[pa.Table, pa.Table]:
    """A day of 2000 members; ``missing``: the share of lookups that the log lacks."""
    draw = np.random.default_rng(seed)
    names, members, visits = 1200, 2000, 300_000
    service = draw.integers(0, 400, names)
    on_cdn = draw.random(names) < 0.5
    ttl = np.where(on_cdn, draw.choice([5, 20, 60, 300], names), draw.choice([300, 3600], names))
    weight = 1 / np.arange(1, names + 1)
    name = draw.choice(names, visits, p=weight / weight.sum())
    member = draw.integers(0, members, visits)
    at = draw.integers(60_000, 80_000_000, visits)
    # A CDN gives any of the 40 addresses of one of its 10 pools; others have two of their own.
    address = np.where(
        on_cdn[name],
        name % 10 * 40 + draw.integers(0, 40, visits),
        10_000 + name * 2 + draw.integers(0, 2, visits),
    )
    logged = draw.random(visits) >= missing
    again = np.repeat(np.arange(visits), draw.integers(1, 4, visits))
    held = np.where(draw.random(len(again)) < 0.2, draw.exponential(120, len(again)), 0)
    later = draw.random(len(again)) * (ttl[name[again]] + held) * 1000
    later = np.where(draw.random(len(again)) < 0.5, draw.exponential(300, len(again)), later)
    texts = np.array([f"n{i}.service{s}.example" for i, s in enumerate(service)])
    start, n = START_MS + at[again] + later.astype(np.int64), len(again)
    flows = {
        "day": [DAY] * n, "source": ["s"] * n, "noise": ["use"] * n, "opens": [1] * n,
        "start_ms": start, "end_ms": start, "sensor_label": texts[name[again]],
        "member": octets(1, member[again]), "remote": octets(2, address[again]),
        "member_port": draw.integers(1024, 65_536, n), "remote_port": [443] * n,
        "protocol": [6] * n,
    }  # fmt: skip
    answers = {
        "start_ms": START_MS + at[logged], "query": texts[name[logged]],
        "client": octets(1, member[logged]), "address": octets(2, address[logged]),
        "ttl_s": ttl[name[logged]],
    }  # fmt: skip
    return typed(flows, CONNECTED, n), typed(answers, STORED_ANSWERS, int(logged.sum()))


def cost(rows: int) -> str:
    """Seconds to bind as many connections as answers, with a few very popular addresses."""
    blob = "unhex(printf('%032x', {}))"
    member, name = (
        "(hash(i, 1) % 20000)::BIGINT",
        "(200000 * pow(hash(i, 2) / 1.8446744073709552e19, 3))::BIGINT",
    )
    address = blob.format(f"100000 + {name} // 4")
    when = f"{START_MS} + (hash(i, 3) % 86000000)::BIGINT"
    with duckdb.connect() as con:
        con.execute("SET threads = 2; SET memory_limit = '3GB'")
        given = {"day": f"'{DAY}'", "start_ms": f"{when} + 500", "end_ms": f"{when} + 900",
                 "member": blob.format(member), "remote": address, "protocol": "6", "opens": "1",
                 "member_port": "i % 60000", "remote_port": "443", "noise": "'use'",
                 "source": "'s'"}  # fmt: skip
        asked = {"day": f"'{DAY}'", "start_ms": when, "client": blob.format(member),
                 "query": f"'n' || {name} || '.example.com'", "address": address,
                 "ttl_s": "60", "source": "'s'"}  # fmt: skip
        for table, kind, said in (("flows", CONNECTED, given), ("answers", STORED_ANSWERS, asked)):
            types = {"string": "VARCHAR", "fixed_size_binary[16]": "BLOB", "int16": "SMALLINT",
                     "int32": "INTEGER", "int64": "BIGINT", "bool": "BOOLEAN"}  # fmt: skip
            columns = ", ".join(
                f"CAST({said.get(c.name, 'NULL')} AS {types[str(c.type)]}) AS {c.name}"
                for c in kind.columns
            )
            con.execute(f"CREATE TABLE {table} AS SELECT {columns} FROM range({rows}) t(i)")
        began = time.perf_counter()
        view = bind_names(con, "flows", "answers", DAY)
        made = time.perf_counter() - began
        found = con.sql(f"SELECT count(*), count(name), count(name_candidates) FROM {view}")
        count = found.fetchall()[0]
        whole = time.perf_counter() - began
    seconds = f"bound in {made:.1f} s, read in {whole - made:.1f} s"
    return f"{rows} connections and answers: {seconds}: {count}"


def print_captures(folder: Path, service: Of, decides: Of) -> None:
    """The tables of a folder of captures, and each contradiction."""
    parts = list(captured(folder))
    print(f"{folder.name}: {len(parts)} captures with names and answers")
    for life in LIVES:
        for who, change in (("asker known", known_client), ("anyone", unknown_client)):
            pairs: Pairs = Counter()
            for flows, answers in parts:
                pairs.update(bound(flows, change(answers), life))
            label = f"life >= {life[0]} s + {life[1]} s, {who}"
            print(line(f"{label}, service", pairs, decides, service))
            print(line(f"{label}, domain", pairs, registrable))
    for (truth, name, more), n in sorted(pairs.items(), key=str):
        if name and registrable(truth) != registrable(name):
            print(f"    {n} x {truth} ({service(truth)}) bound as {more or name}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captures", type=Path, nargs="*", default=[])
    parser.add_argument("--rows", type=int, default=0)
    args = parser.parse_args()
    catalogue = Catalogue.load()

    def service(name: str) -> str | None:
        rule = catalogue.match_name(name)
        return rule.service if rule else None

    def decides(name: str) -> str | None:
        """As the ladder has it: names of a cloud or a CDN decide nothing."""
        found = service(name)
        return None if found and catalogue.rented_out(catalogue.services[found]) else found

    for folder in args.captures:
        print_captures(folder, service, decides)
    for missing in (0.0, 0.1, 0.3):
        flows, answers = simulated(7, missing)
        for life in LIVES:
            for who, asked in (("asker known", answers), ("anyone", unknown_client(answers))):
                label = f"simulated, {missing:.0%} missing, {life[0]}+{life[1]} s, {who}"
                print(line(label, bound(flows, asked, life), lambda n: n.partition(".")[2]))
    if args.rows:
        print(cost(args.rows))


if __name__ == "__main__":
    main()
