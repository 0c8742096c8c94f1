"""What is not the population's leaves nothing behind, and no member's address is stored."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from folkways.model.addresses import address_from_text, address_to_text
from folkways.model.batches import Gap
from folkways.study import Study
from folkways.study.rows import RowMaker

MEMBER, OTHER, SOLD = "198.51.100.7", "198.51.100.8", "198.51.100.53"
LAN, REMOTE, STRANGER = "192.168.7.5", "203.0.113.9", "192.0.2.1"
NOON = 1_577_966_400
POPULATION = """
[[range]]
prefix = "198.51.100.0/24"
[[range]]
prefix = "192.168.7.0/24"
[[exclude]]
prefix = "198.51.100.53/32"
reason = "resold"
"""
PAIRS = {  # the uid of a connection, and its two ends
    "Cmember": (MEMBER, REMOTE),
    "Cserved": (REMOTE, MEMBER),
    "Csold": (SOLD, REMOTE),
    "Csoldserver": (REMOTE, SOLD),
    "Cboth": (MEMBER, SOLD),
    "Cstranger": (STRANGER, REMOTE),
}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    population = tmp_path / "population.toml"
    population.write_text(POPULATION)
    return Study.create(tmp_path / "study", population)


def stored(study: Study, table: Any) -> list[dict[str, Any]]:
    with duckdb.connect() as con:
        study.folder.store.view(con, "t", table)
        return con.sql("SELECT * FROM t ORDER BY ALL").to_arrow_table().to_pylist()


def zeek(folder: Path) -> Path:
    """All five logs as JSON lines; each connection has its name in one of three of them."""
    kinds = {"ssl": {}, "http": {"method": "GET"}, "quic": {"client_initial_dcid": "0a"}}
    folder.mkdir()
    conn, dns = [], []
    named: dict[str, list[dict[str, Any]]] = {"ssl": [], "http": [], "quic": []}
    for number, (uid, (source, destination)) in enumerate(PAIRS.items()):
        ends = {"ts": NOON + number, "uid": uid, "id.orig_h": source, "id.resp_h": destination}
        ends |= {"id.orig_p": 50_000, "id.resp_p": 443}
        conn.append(ends | {"proto": "tcp", "duration": 1.0, "orig_ip_bytes": 10, "orig_pkts": 1})
        log, field = list({"ssl": "server_name", "http": "host", "quic": "server_name"}.items())[
            number % 3
        ]
        named[log].append(ends | kinds[log] | {field: f"{uid.lower()}.example"})
    for client in (MEMBER, SOLD, STRANGER):
        for answer in (REMOTE, SOLD, OTHER):
            asked = {
                "ts": NOON,
                "uid": "Cdns",
                "id.orig_h": client,
                "query": f"of-{client}.example",
            }
            dns.append(asked | {"qtype": 1, "answers": [answer], "TTLs": [300.0]})
    dns.append(dns[0] | {"query": OTHER, "answers": ["a.example", REMOTE], "TTLs": [9.0, 9.0]})
    for log, rows in {"conn": conn, "dns": dns, **named}.items():
        (folder / f"{log}.log").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def eve(folder: Path) -> Path:
    folder.mkdir()
    lines: list[dict[str, Any]] = []
    for number, (source, destination) in enumerate(PAIRS.values()):
        kind, field = [("tls", "sni"), ("http", "hostname"), ("quic", "sni")][number % 3]
        name = {"event_type": kind, kind: {field: f"{list(PAIRS)[number].lower()}.example"}}
        time = f"2020-01-02T12:00:0{number}.000000+0000"
        counts = {"bytes_toserver": 9, "bytes_toclient": 9, "pkts_toserver": 1, "pkts_toclient": 1}
        flow = {"event_type": "flow", "flow": {"start": time, "end": time, **counts}}
        both = {"timestamp": time, "flow_id": number + 1, "src_ip": source, "src_port": 50_000}
        both |= {"dest_ip": destination, "dest_port": 443, "proto": "TCP"}
        lines += [both | name, both | flow]
    (folder / "eve.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


@pytest.mark.parametrize("make", [zeek, eve])
def test_names_of_who_is_excluded_or_a_stranger_are_not_stored(
    study: Study, tmp_path: Path, make: Any
) -> None:
    done = study.ingest(str(make(tmp_path / "logs")))
    names = {row["name"] for row in stored(study, "names")}
    assert names == {"cmember.example", "cserved.example"}
    assert len(stored(study, "observed")) == 2
    # A name and a flow of each.
    neither = 2
    assert done.skipped["neither side in the population"] == neither
    answers = {zeek: 5, eve: 0}[make]
    assert done.skipped["excluded: resold"] == 2 * 3 + answers


def test_answers_name_no_client_but_members_and_nothing_of_who_is_excluded(
    study: Study, tmp_path: Path
) -> None:
    study.ingest(str(zeek(tmp_path / "logs")))
    rows = stored(study, "answers")
    pseudonym = study.folder.pseudonyms.addresses(
        pa.array([address_from_text(a) for a in (MEMBER, OTHER)], pa.binary(16))
    ).to_pylist()
    asked = {(row["client"], row["address"]) for row in rows}
    remote = address_from_text(REMOTE)
    assert asked == {
        (pseudonym[0], remote),
        (pseudonym[0], pseudonym[1]),
        (None, remote),
        (None, pseudonym[1]),
    }
    assert not any(SOLD in row["query"] for row in rows)


def test_a_log_that_does_not_say_the_ends_of_a_name_keeps_it(study: Study, tmp_path: Path) -> None:
    log = tmp_path / "ssl.log"
    log.write_text(
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tssl\n"
        "#fields\tts\tuid\tserver_name\n#types\ttime\tstring\tstring\n"
        f"{NOON}.0\tCx\twww.example\n"
    )
    study.ingest(str(log))
    assert [row["name"] for row in stored(study, "names")] == ["www.example"]


def test_a_name_counts_by_the_dates_of_its_range(tmp_path: Path) -> None:
    population = tmp_path / "population.toml"
    population.write_text('[[range]]\nprefix = "198.51.100.0/24"\nfrom = 2020-01-03\n')
    study = Study.create(tmp_path / "study", population)
    study.ingest(str(zeek(tmp_path / "logs")))
    assert stored(study, "names") == []
    assert {row["client"] for row in stored(study, "answers")} == {None}


def test_an_exporter_inside_the_population_is_hidden_in_gaps_too(study: Study) -> None:
    maker = RowMaker(study.folder.population, study.folder.pseudonyms)
    gaps = [Gap(0, 1, "sequence gap", name, 3) for name in (MEMBER, REMOTE, "router", None)]
    cleaned = [gap.exporter for gap in maker.clean_gaps(gaps)]
    told = address_from_text(MEMBER)
    assert told is not None
    assert cleaned == [study.folder.pseudonyms.text(told), REMOTE, "router", None]
    assert maker.clean_gaps([]) == []


NAT = (
    "TimeReceived,SamplingRate,ExporterAddress,SrcAddr,DstAddr,EType,Proto,SrcPort,DstPort,Bytes,"
    "Packets,SrcAddrNAT,DstAddrNAT,SrcPortNAT,DstPortNAT\n"
    f"{NOON},1,{OTHER},{LAN},{REMOTE},2048,6,5000,443,100,1,{MEMBER},{REMOTE},6000,443\n"
    f"{NOON},1,{OTHER},{REMOTE},{MEMBER},2048,6,443,6000,200,1,{REMOTE},{LAN},443,5000\n"
    f"{NOON},1,{OTHER},{STRANGER},{REMOTE},2048,6,5001,443,100,1,{MEMBER},{OTHER},6000,443\n"
    f"{NOON},1,{OTHER},{LAN},{REMOTE},2048,6,5001,443,100,1,{SOLD},{REMOTE},6000,443\n"
)


def test_no_members_address_is_in_any_file(study: Study, tmp_path: Path) -> None:
    table = tmp_path / "nat.csv"
    table.write_text(NAT)
    done = study.ingest(str(zeek(tmp_path / "logs")), str(table))
    assert len(done.entries) == 6
    assert any(row["translated_member"] for row in stored(study, "observed"))
    raw = {address_from_text(a) for a in (MEMBER, OTHER, SOLD, LAN)}
    texts = (MEMBER, OTHER, SOLD, LAN)
    files = 0
    for path, values in _values(study.folder.root):
        files += 1
        for value in values:
            assert value not in raw, (path, address_to_text(value))
            if isinstance(value, str):
                # The names that tell of a client are of this test's making.
                assert not any(a in value for a in texts if f"of-{a}." not in value), (path, value)
    assert files > 4


def _values(root: Path) -> Iterator[tuple[Path, set[Any]]]:
    for path in sorted(root.rglob("*.parquet")):
        found: set[Any] = set()
        for column in pq.read_table(path).columns:
            if column.type in {pa.binary(), pa.binary(16), pa.string()}:
                found |= set(column.unique().to_pylist())
        if found:
            yield path, found
