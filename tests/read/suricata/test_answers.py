"""Hand-made dns events of all versions, and any order of the records in them."""

import io
import json
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.model.addresses import address_from_text, address_to_text
from folkways.model.batches import Tally
from folkways.read.reader import ReadOptions
from folkways.read.source import Source
from folkways.read.suricata import SuricataReader, reader
from folkways.read.suricata.resources import MAX_RECORDS

CLIENT, SERVER = "192.0.2.1", "192.0.2.53"
MS = 1_709_251_200_123


def event(dns: Any, *, answered: bool = False, **values: Any) -> dict[str, Any]:
    """From client to server as version 2 has it, or from server to client (``answered``)."""
    sides = {"src_ip": CLIENT, "src_port": 40000, "dest_ip": SERVER, "dest_port": 53}
    if answered:
        sides = {"src_ip": SERVER, "src_port": 53, "dest_ip": CLIENT, "dest_port": 40000}
    head = {"timestamp": "2024-03-01T00:00:00.123456+0000", "flow_id": 9, "event_type": "dns"}
    return {**head, **sides, "proto": "UDP", "dns": dns, **values}


def record(owner: str, kind: str, data: str, ttl: Any = 300) -> dict[str, Any]:
    return {"rrname": owner, "rrtype": kind, "ttl": ttl, "rdata": data}


def read(*events: dict[str, Any]) -> tuple[list[dict[str, Any]], Tally]:
    data = "".join(f"{json.dumps(e)}\n" for e in events).encode()
    stream = cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", io.BytesIO(data)), 65_536))
    tally = Tally()
    batches = SuricataReader().read(Source("a file", None, stream), ReadOptions(), tally)
    return [row for b in batches for row in b.rows.to_pylist()], tally


def short(row: dict[str, Any]) -> tuple[Any, ...]:
    names = (row["query"], row["canonical"], row["chain"])
    return (*names, address_to_text(row["address"]), row["ttl_s"])


CHAIN = [
    record("www.example.org", "CNAME", "edge.example.net", 493),
    record("edge.example.net", "CNAME", "a.cdn.example", 60),
    record("a.cdn.example", "A", "198.51.100.7", 200),
    record("a.cdn.example", "AAAA", "2001:db8::7", 20),
    record("a.cdn.example", "TXT", "198.51.100.8", 20),
]
NAMES = ("www.example.org", "a.cdn.example", "www.example.org,edge.example.net,a.cdn.example")
WANTED = [(*NAMES, "198.51.100.7", 60), (*NAMES, "2001:db8::7", 20)]


def test_version_1_has_an_event_for_each_record() -> None:
    head = {"type": "answer", "id": 5, "rcode": "NOERROR"}
    other = event({**head, "id": 6, **record("b.example", "A", "198.51.100.9")}, answered=True)
    parts = [event({**head, **r}, answered=True) for r in CHAIN]
    query = event({"type": "query", "id": 5, "rrname": "www.example.org", "rrtype": "A"})
    rows, tally = read(query, parts[0], other, *parts[1:])
    assert [short(r) for r in rows] == [
        ("b.example", "b.example", None, "198.51.100.9", 300),
        *WANTED,
    ]
    assert {r["client_address"] for r in rows} == {address_from_text(CLIENT)}
    assert {r["start_ms"] for r in rows} == {MS}
    assert tally.records == 7
    assert tally.skipped == {"dns request": 1, "no address in the answer": 3}


def test_version_1_without_a_flow_stands_alone() -> None:
    head = {"type": "answer", "id": 5}
    parts = [event({**head, **r}, answered=True, flow_id=None) for r in CHAIN[1:3]]
    rows, _ = read(*parts)
    assert [short(r) for r in rows] == [
        ("a.cdn.example", "a.cdn.example", None, "198.51.100.7", 200)
    ]


@pytest.mark.parametrize("size", [1, 300, 700, 1500])
def test_version_1_is_put_together_across_blocks(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "BLOCK_BYTES", size)
    parts = [event({"type": "answer", "id": 5, **r}, answered=True) for r in CHAIN]
    rows, tally = read(*parts)
    assert [short(r) for r in rows] == WANTED
    assert tally.records == 5


def test_version_2_detailed() -> None:
    dns = {"version": 2, "type": "answer", "id": 5, "rrname": "WWW.example.org", "answers": CHAIN}
    rows, tally = read(event({**dns, "grouped": {"A": ["198.51.100.7"]}}))
    assert [short(r) for r in rows] == WANTED
    assert {r["client_address"] for r in rows} == {address_from_text(CLIENT)}
    assert (tally.records, tally.skipped) == (1, {})


def test_version_2_grouped_has_no_times_to_live() -> None:
    grouped = {
        "A": ["198.51.100.7", "not one"],
        "CNAME": ["edge.example.net", "a.cdn.example"],
        "AAAA": ["2001:db8::7"],
        "MX": ["mail.example"],
    }
    dns = {"version": 2, "type": "answer", "id": 5, "rrname": "www.example.org"}
    rows, _ = read(event({**dns, "grouped": grouped}))
    assert [short(r) for r in rows] == [(*w[:4], None) for w in WANTED]
    rows, _ = read(event({**dns, "grouped": {"AAAA": ["2001:db8::7"]}}))
    assert [short(r) for r in rows] == [
        ("www.example.org", "www.example.org", None, "2001:db8::7", None)
    ]


def test_version_3_names_the_question_in_queries() -> None:
    queries = [{"rrname": "www.example.org", "rrtype": "A"}]
    answer = {"version": 3, "type": "response", "id": 5, "queries": queries, "answers": CHAIN}
    request = {"version": 3, "type": "request", "id": 5, "queries": queries}
    rows, tally = read(event(request), event(answer, answered=True))
    assert [short(r) for r in rows] == WANTED
    assert {r["client_address"] for r in rows} == {address_from_text(CLIENT)}
    assert (tally.records, tally.skipped) == (2, {"dns request": 1})


@pytest.mark.parametrize(
    ("version", "ports", "client"),
    [
        (2, (53, 40000), SERVER),  # by the port, whatever the version states
        (2, (40000, 5300), CLIENT),
        (2, (53, 53), CLIENT),
        (3, (5300, 40000), SERVER),
        (3, (40000, 53), CLIENT),
        (1, (40000, 5300), None),
    ],
)
def test_who_asked(version: int, ports: tuple[int, int], client: str | None) -> None:
    answer = record("a.example", "A", "198.51.100.7")
    dns: dict[str, Any] = {"type": "answer", "rrname": "a.example"}
    dns |= answer if version == 1 else {"version": version, "answers": [answer]}
    rows, _ = read(event(dns, src_port=ports[0], dest_port=ports[1]))
    # Here the source is called CLIENT; with port 53 there, the one who asked is the other side.
    assert rows[0]["client_address"] == (address_from_text(client) if client else None)


@pytest.mark.parametrize(
    ("records", "wanted"),
    [
        ([record("a.example", "A", "192.0.2.7", None)], [("a.example", None, None)]),
        ([record("a.example", "A", "192.0.2.7", -1)], [("a.example", None, None)]),
        ([record("a.example", "A", "192.0.2.7", 0)], [("a.example", None, 0)]),
        ([record("b.example", "A", "192.0.2.7")], []),  # the question does not lead there
        ([record("a.example", "CNAME", "b.example")], []),
        (
            [
                record("a.example", "CNAME", "b.example", None),
                record("b.example", "A", "192.0.2.7", 5),
            ],
            [("b.example", "a.example,b.example", None)],
        ),
        (  # a circle
            [
                record("a.example", "CNAME", "b.example"),
                record("b.example", "CNAME", "a.example"),
                record("b.example", "A", "192.0.2.7", 5),
            ],
            [("b.example", "a.example,b.example", 5)],
        ),
        ([record("a.example", "A", "a.example")], []),
        ([record("a.example", "NS", "192.0.2.7")], []),
        ([], []),
    ],
)
def test_records(records: list[Any], wanted: list[Any]) -> None:
    rows, tally = read(
        event({"version": 2, "type": "answer", "rrname": "a.example", "answers": records})
    )
    assert [(r["canonical"], r["chain"], r["ttl_s"]) for r in rows] == wanted
    assert tally.skipped == ({} if wanted else {"no address in the answer": 1})


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"timestamp": "never"}, "no time"),
        ({"src_ip": "here"}, "bad address"),
        ({"dns": "text"}, "no dns type"),
        ({"dns": None}, "no dns type"),
        ({"dns": {"type": "query", "rrname": "www.example.org"}}, "dns request"),
        ({"dns": {"type": "answer", "answers": CHAIN}}, "no name"),
        ({"dns": {"type": "answer", "rrname": "a b", "answers": CHAIN}}, "name not usable"),
        ({"dns": {"type": "answer", "rrname": "a.b", "answers": 7}}, "no address in the answer"),
        ({"dns": {"type": "answer", "rrname": "a.b", "grouped": []}}, "no address in the answer"),
    ],
)
def test_what_gives_no_answer(values: dict[str, Any], cause: str) -> None:
    dns = {"version": 2, "type": "answer", "rrname": "www.example.org", "answers": CHAIN}
    rows, tally = read({**event(dns), **values}, event(dns))
    assert len(rows) == 2
    assert (tally.records, tally.skipped) == (2, {cause: 1})


def test_more_records_than_a_message_can_hold() -> None:
    record_ = record("a.example", "A", "192.0.2.7")
    dns = {"version": 2, "type": "answer", "rrname": "a.example"}
    rows, _ = read(event({**dns, "answers": [record_] * MAX_RECORDS}))
    assert len(rows) == MAX_RECORDS
    rows, tally = read(event({**dns, "answers": [record_] * (MAX_RECORDS + 1)}))
    assert (rows, tally.skipped) == ([], {"no address in the answer": 1})


@settings(max_examples=40, deadline=None)
@given(st.permutations(CHAIN), st.sampled_from([2, 3]))
def test_the_order_of_the_records_does_not_matter(records: list[Any], version: int) -> None:
    dns: dict[str, Any] = {"version": version, "type": "response", "answers": records}
    dns |= {"rrname": NAMES[0]} if version == 2 else {"queries": [{"rrname": NAMES[0]}]}
    rows, _ = read(event(dns))
    assert sorted(short(r) for r in rows) == sorted(WANTED)
