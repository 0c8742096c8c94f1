"""DNS logs that come late, and across midnight, from files to connections."""

from itertools import permutations
from pathlib import Path
from typing import Any

import duckdb

from folkways.study import Study

MIDNIGHT = 1_577_923_200  # 2020-01-02
CONN = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes"
CONN += " conn_state history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes"
DNS = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto query qtype_name answers TTLs"


def log(path: Path, kind: str, fields: str, rows: list[str]) -> Path:
    head = ["#separator \\x09", "#set_separator\t,", "#unset_field\t-", f"#path\t{kind}"]
    head.append("#fields\t" + fields.replace(" ", "\t"))
    path.write_text("\n".join([*head, *(r.replace(" ", "\t") for r in rows), ""]))
    return path


def connection(at: int, uid: str, port: int) -> str:
    ends = f"198.51.100.7 {port} 203.0.113.5 443 tcp"
    return f"{MIDNIGHT + at}.0 {uid} {ends} - 1.0 100 200 SF ShAdDaFf 5 400 5 500"


def lookup(at: int, uid: str, name: str, ttl: int = 60) -> str:
    ends = "198.51.100.7 4000 192.0.2.53 53 udp"
    return f"{MIDNIGHT + at}.0 {uid} {ends} {name} A 203.0.113.5 {ttl}.0"


def study_of(folder: Path) -> Study:
    folder.mkdir()
    population = folder / "population.toml"
    population.write_text('[[range]]\nprefix = "198.51.100.0/24"\n')
    return Study.create(folder / "study", population)


def found(study: Study) -> list[tuple[Any, ...]]:
    with duckdb.connect() as con:
        study.folder.store.view(con, "c", "connections")
        query = "SELECT name, name_source, service, evidence FROM c ORDER BY start_ms"
        return con.sql(query).fetchall()


def test_late_logs_count_in_any_order(tmp_path: Path) -> None:
    rows = [connection(-20, "C1", 5001), connection(20, "C2", 5002), connection(40_000, "C3", 5003)]
    files = [
        log(tmp_path / "conn.log", "conn", CONN, rows),
        log(tmp_path / "dns.log", "dns", DNS, [lookup(-30, "D1", "www.facebook.com")]),
    ]
    named = ("www.facebook.com", "dns", "facebook", "dns")
    for i, order in enumerate(permutations(files)):
        study = study_of(tmp_path / str(i))
        for path in order:
            study.ingest(str(path))
        after = found(study)
        assert after[:2] == [named, named]  # the second starts on the day after the answer
        assert after[2][:2] == (None, None)


def test_a_late_log_touches_its_day_and_the_next_only(tmp_path: Path) -> None:
    study = study_of(tmp_path / "one")
    rows = [connection(d * 86_400, f"C{d}", 5001 + d) for d in range(-2, 3)]
    study.ingest(str(log(tmp_path / "conn.log", "conn", CONN, rows)))
    before = study.folder.store.stamps()
    study.ingest(str(log(tmp_path / "dns.log", "dns", DNS, [lookup(-5, "D", "a.example")])))
    after = study.folder.store.stamps()
    changed = {day for day in after if after[day] != before.get(day)}
    assert changed == {"2020-01-01", "2020-01-02"}
