"""Which name DNS gives to a connection, each outcome worked out by hand."""

from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.connect.binding import (
    MAX_CANDIDATES,
    MIN_LIFE_S,
    TOLERANCE_S,
    UNKNOWN_LIFE_S,
    bind_names,
)
from folkways.model.addresses import address_from_text
from folkways.model.columns import CONNECTED, STORED_ANSWERS, Table

DAY, MIDNIGHT = "2020-01-02", 1_577_923_200_000
NOON = MIDNIGHT + 12 * 3_600_000
ANNA, BOB = b"A" * 16, b"B" * 16
SITE, OTHER = "203.0.113.5", "203.0.113.6"
Row = dict[str, Any]


def answer(name: str, at_s: float = 0, **more: Any) -> Row:
    """An answer to ANNA at NOON + ``at_s``, alive for 600 s."""
    row = {"query": name, "canonical": name, "client": ANNA, "address": SITE, "ttl_s": 600}
    return {**row, "source": "s", **more, "start_ms": NOON + round(at_s * 1000)}


def flow(at_s: float = 0, **more: Any) -> Row:
    """A connection of ANNA to SITE at NOON + ``at_s``."""
    row = {"member": ANNA, "remote": SITE, "protocol": 6, "member_port": 5000, "remote_port": 443}
    row |= {"opens": 1, "noise": "use", "source": "s", "opened_by": "member", **more}
    return {**row, "start_ms": NOON + round(at_s * 1000), "end_ms": NOON + 90_000_000}


def table(rows: list[Row], kind: Table, address: str) -> pa.Table:
    full = [{"day": DAY, **row, address: address_from_text(row[address])} for row in rows]
    columns = [pa.array([r.get(c.name) for r in full], c.type) for c in kind.columns]
    return pa.Table.from_arrays(columns, schema=kind.schema)


def bound(flows: list[Row], answers: list[Row]) -> list[tuple[Any, ...]]:
    """(name, name_source, candidates) of each flow in order of time and port."""
    with duckdb.connect() as con:
        con.register("connected", table(flows, CONNECTED, "remote"))
        con.register("answers", table(answers, STORED_ANSWERS, "address"))
        view = bind_names(con, "connected", "answers", DAY)
        found = con.sql(f"FROM {view} ORDER BY start_ms, member_port, member").to_arrow_table()
    assert found.schema.names == list(CONNECTED.names)
    assert found.num_rows == len(flows)
    return [
        (r["name"], r["name_source"], r["name_candidates"])
        for r in found.select(["name", "name_source", "name_candidates"]).to_pylist()
    ]


NONE = (None, None, None)


def dns(name: str, candidates: str | None = None) -> tuple[Any, ...]:
    return (name, "dns", candidates)


@pytest.mark.parametrize(
    ("ttl", "life"),
    [(600, 600), (0, MIN_LIFE_S), (None, UNKNOWN_LIFE_S), (10**6, 86_400 - TOLERANCE_S)],
)
def test_a_name_holds_for_the_life_of_its_answer_and_not_longer(ttl: int | None, life: int) -> None:
    last = life + TOLERANCE_S
    found = bound(
        [flow(-0.001 - 40_000), flow(-40_000), flow(last - 40_000), flow(last + 0.001 - 40_000)],
        [answer("a.example", -40_000, ttl_s=ttl)],
    )
    assert found == [NONE, dns("a.example"), dns("a.example"), NONE]


def test_answers_of_the_day_before_count() -> None:
    late = answer("a.example", -43_200 - 10)  # ten seconds before midnight
    assert bound([flow(-43_200)], [late]) == [dns("a.example")]


def test_the_name_asked_for_and_not_the_owner_at_the_end_of_the_chain() -> None:
    row = answer("WWW.Shop.example.", canonical="e7.cdn.example", chain="www.shop,e7.cdn.example")
    assert bound([flow(1)], [row]) == [dns("www.shop.example")]


def test_own_answers_go_before_anyones_and_anyones_before_none() -> None:
    bobs = answer("bob.example", 5, client=BOB)
    unknown = answer("resolver.example", 3, client=None)
    assert bound([flow(10)], [answer("anna.example"), bobs]) == [dns("anna.example")]
    assert bound([flow(10)], [bobs]) == [dns("bob.example")]
    assert bound([flow(10)], [unknown]) == [dns("resolver.example")]
    both = "bob.example,resolver.example"
    assert bound([flow(10)], [bobs, unknown]) == [dns("bob.example", both)]


def test_an_own_answer_that_expired_leaves_it_to_anyones() -> None:
    old = answer("old.example", -5000, ttl_s=60)
    assert bound([flow()], [old, answer("b.example", -9, client=BOB)]) == [dns("b.example")]


def test_the_latest_of_several_and_all_are_kept() -> None:
    rows = [answer("b.example"), answer("a.example", 5), answer("b.example", 7)]
    assert bound([flow(6), flow(8)], rows) == [
        dns("a.example", "a.example,b.example"),
        dns("b.example", "a.example,b.example"),
    ]
    same = [answer("b.example"), answer("a.example")]
    assert bound([flow(6)], same) == [dns("a.example", "a.example,b.example")]


def test_a_long_life_is_not_cut_by_a_shorter_answer_after_it() -> None:
    rows = [answer("a.example", ttl_s=3600), answer("a.example", 60, ttl_s=1)]
    assert bound([flow(3000)], rows) == [dns("a.example")]
    others = [{**row, "client": BOB} for row in rows]
    assert bound([flow(3000)], others) == [dns("a.example")]


def test_more_candidates_than_are_kept() -> None:
    names = [f"{n:02}.example" for n in range(MAX_CANDIDATES + 1)]
    kept = ",".join(names[:MAX_CANDIDATES])
    assert bound([flow(1)], [answer(n) for n in names]) == [dns(names[0], f"{kept},...")]
    assert bound([flow(1)], [answer(n) for n in names[:-1]]) == [dns(names[0], kept)]


@pytest.mark.parametrize(
    "name", ["203.0.113.5", "2001:db8::5", "5.113.0.203.in-addr.arpa", "5.ip6.arpa.", "router", "."]
)
def test_addresses_pointers_and_single_labels_name_nobody(name: str) -> None:
    assert bound([flow(1)], [answer(name)]) == [NONE]


@pytest.mark.parametrize(
    "more",
    [
        {"remote_port": 53, "protocol": 17},
        {"remote_port": 853},
        {"opened_by": "remote"},
        {"noise": "internal"},
        {"opens": 7},
        {"remote": OTHER},
    ],
)
def test_lookups_visitors_internal_traffic_sums_and_other_addresses_take_none(more: Row) -> None:
    assert bound([flow(1, **more), flow(2)], [answer("a.example")]) == [NONE, dns("a.example")]


def test_a_name_that_was_seen_stays() -> None:
    seen = flow(1, name="seen.example", name_source="tls")
    assert bound([seen, flow(1)], [answer("a.example")]).count(dns("a.example")) == 1
    assert ("seen.example", "tls", None) in bound([seen, flow(1)], [answer("a.example")])


def test_pieces_take_the_name_of_the_start_of_their_connection() -> None:
    pieces = [flow(1), flow(5000, opens=0), flow(9000, opens=1)]
    found = bound(pieces, [answer("a.example")])
    assert found == [dns("a.example"), dns("a.example"), NONE]


def test_ports_and_protocol_may_be_unknown_and_addresses_new() -> None:
    bare = flow(1, protocol=None, member_port=None, remote_port=None, opened_by=None)
    assert bound([bare], [answer("a.example")]) == [dns("a.example")]
    six = "2001:db8::1"
    found = bound([flow(1, remote=six)], [answer("a.example"), answer("b.example", address=six)])
    assert found == [dns("b.example")]


def test_nothing_to_bind() -> None:
    assert bound([flow(1)], []) == [NONE]
    assert bound([], [answer("a.example")]) == []


_ANSWERS = st.builds(
    answer,
    st.sampled_from(["a.example", "b.example", "c.example"]),
    st.integers(-900, 900),
    client=st.sampled_from([ANNA, BOB, None]),
    address=st.sampled_from([SITE, OTHER]),
    ttl_s=st.sampled_from([None, 0, 60, 400]),
)


def _by_hand(one: Row, answers: list[Row]) -> tuple[Any, ...]:
    """The rules once more, a row at a time."""

    def alive(row: Row) -> bool:
        ttl = UNKNOWN_LIFE_S if row["ttl_s"] is None else row["ttl_s"]
        life = 1000 * (max(ttl, MIN_LIFE_S) + TOLERANCE_S)
        return row["address"] == one["remote"] and 0 <= one["start_ms"] - row["start_ms"] <= life

    living = [a for a in answers if alive(a)]
    own = [a for a in living if a["client"] == one["member"]]
    names = sorted({a["query"] for a in own or living})
    return (
        (*names,) if not own else (min(own, key=lambda a: (-a["start_ms"], a["query"]))["query"],)
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(_ANSWERS, max_size=12), st.integers(0, 5500), st.randoms())
def test_the_rules_hold_in_any_order(answers: list[Row], at_s: int, random: Any) -> None:
    flows = [flow(at_s, member=m, member_port=p) for p, m in enumerate((ANNA, BOB))]
    found = bound(flows, answers)
    shuffled = list(answers)
    random.shuffle(shuffled)
    assert bound(flows, shuffled) == found
    for one, (name, source, candidates) in zip(flows, found, strict=True):
        expected = _by_hand(one, answers)
        assert (source == "dns") == bool(expected)
        if len(expected) == 1:
            assert name == expected[0]
        elif expected:
            assert name in expected
            assert candidates == ",".join(expected)
