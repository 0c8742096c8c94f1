"""Ids in an object of their own, as pipelines write them, and tunnels that carried a row."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from tests.read.zeek.written import CONN, Row, as_json, as_text, read, row

from folkways.read.uids import uid_number

IDS = ("orig_h", "orig_p", "resp_h", "resp_p")
DNS: Row = {
    "ts": 1709287199.5,
    "uid": "C9",
    "id.orig_h": "192.0.2.1",
    "id.orig_p": 5353,
    "id.resp_h": "192.0.2.53",
    "id.resp_p": 53,
    "proto": "udp",
    "query": "a.example",
    "qtype": 1,
    "answers": ["198.51.100.2"],
    "TTLs": [60.0],
}


def nested(flat: Row, **values: Any) -> Row:
    """The same row, its ids in an object."""
    kept = {k: v for k, v in flat.items() if not k.startswith("id.")}
    return {"id": {key: flat[f"id.{key}"] for key in IDS} | values} | kept


@pytest.mark.parametrize("count", [1, 40])
def test_nested_ids_are_read_like_flat_ones(count: int) -> None:
    assert read(as_json([nested(CONN)] * count)) == read(as_json([CONN] * count))


@pytest.mark.parametrize("place", [0, 7, 39])
@pytest.mark.parametrize("usual", [CONN, nested(CONN)])
def test_nested_and_flat_ids_in_one_block(usual: Row, place: int) -> None:
    rows = [usual] * 40
    rows[place] = nested(CONN) if usual is CONN else CONN
    assert read(as_json(rows)) == read(as_json([CONN] * 40))


def test_another_scope_character_beside_nested_ids() -> None:
    scoped = {k.replace(".", "_"): v for k, v in CONN.items()}
    assert read(as_json([scoped, nested(CONN)])) == read(as_json([CONN, CONN]))


def test_logs_mixed_in_one_block() -> None:
    flat, tally = read(as_json([CONN, DNS]))
    assert read(as_json([nested(CONN), nested(DNS)])) == (flat, tally)
    assert flat[1]["client_address"] == flat[0]["source_address"]


@pytest.mark.parametrize("odd", [None, "here", [1], {}, {"orig_h": "192.0.2.1"}])
def test_ids_that_are_none(odd: object) -> None:
    broken = {k: v for k, v in nested(CONN).items() if k != "id"} | {"id": odd}
    rows, tally = read(as_json([nested(CONN), broken, CONN]))
    assert len(rows) == 2
    assert tally.skipped == {"bad address": 1}
    rows, tally = read(as_json([CONN] * 20 + [broken] + [CONN] * 20))
    assert len(rows) == 40
    assert tally.skipped == {"bad address": 1}


def test_a_bad_nested_port() -> None:
    rows, tally = read(as_json([nested(CONN, resp_p=70_000), nested(CONN, resp_p="-")]))
    assert [r["destination_port"] for r in rows] == [None]
    assert tally.skipped == {"bad number": 1}


@pytest.mark.parametrize("write", [as_json, as_text])
@pytest.mark.parametrize("count", [1, 40])
@pytest.mark.parametrize(
    ("parents", "parent"),
    [(["CHhAvVGS1DHFjwGM9"], "CHhAvVGS1DHFjwGM9"), (["C1a", "C2b"], "C2b"), ([], None)],
)
def test_the_tunnel_that_carried_a_row(
    write: Callable[[Iterable[Row]], bytes], count: int, parents: list[str], parent: str | None
) -> None:
    rows, tally = read(write([*[CONN] * count, row(tunnel_parents=parents), CONN]))
    wanted = None if parent is None else uid_number(parent)
    assert [r["parent_uid"] for r in rows] == [None] * count + [wanted, None]
    several = {"several tunnels carried a row: the last is kept": 1} if len(parents) > 1 else {}
    assert tally.flagged == several
