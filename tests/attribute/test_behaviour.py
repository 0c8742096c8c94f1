"""Each condition of the rules for behaviour, with days worked out by hand."""

import random
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.attribute.behaviour_days import DAY, START_MS, Row, address, connection, connections
from tests.attribute.behaviour_lookups import BASE32, answers, coded
from tests.attribute.conftest import connected_table

from folkways.attribute.behaviour import mark_behaviour
from folkways.attribute.catalogue import Catalogue
from folkways.attribute.ladder import attribute_day
from folkways.attribute.snapshot import Snapshot
from folkways.model.addresses import address_from_text
from folkways.model.columns import CONNECTIONS

MEMBER, OTHER = address(10 << 24), address((10 << 24) + 1)
HOST, RESOLVER, SECOND = address(203 << 24), address(8 << 24), address(9 << 24)
MB = 1_000_000


def marked(
    rows: list[Row], said: list[Row] | None = None, catalogue: Catalogue | None = None
) -> list[str | None]:
    """``hidden`` of the rows, in order."""
    numbered = [{**row, "source": f"{n:04}"} for n, row in enumerate(rows)]
    with duckdb.connect() as con:
        con.register("c", connections(numbered))
        con.register("a", answers(said or []))
        view = mark_behaviour(con, "c", None if said is None else "a", DAY, catalogue=catalogue)
        found = con.sql(f"FROM {view} ORDER BY source").to_arrow_table()
    assert found.schema.names == list(CONNECTIONS.names)
    result: list[str | None] = found["hidden"].to_pylist()
    return result


def tunnel(**said: Any) -> Row:
    """A tunnel as plain as can be: 100 MB in four hours from 08:00, a tenth of it sent."""
    usual = {"hours": 4, "remote_port": 8443, "remote_kind": "hosting", "hidden": "possible-vps"}
    sizes = {"bytes_out": 10 * MB, "bytes_in": 90 * MB, "packets_out": 80_000, "packets_in": 90_000}
    at, remote = said.pop("at", 8), said.pop("remote", HOST)
    return connection(MEMBER, remote, at, **{**usual, **sizes, **said})


def beside(number: int, at: float = 9, **said: Any) -> Row:
    return connection(
        MEMBER, address((93 << 24) + number), at, bytes_in=MB, bytes_out=9_000, **said
    )


def test_a_tunnel_is_suspected_and_stays_a_possible_vps() -> None:
    assert marked([tunnel(), beside(1)]) == ["possible-vps,tunnel-like", None]


def test_a_name_that_matches_nothing_is_as_good_as_none() -> None:
    rows = [tunnel(name="www.made-up.example", name_source="tls", hidden=None)]
    assert marked(rows) == ["tunnel-like"]


def test_what_is_only_possible_does_not_clear_it() -> None:
    row = tunnel(hidden="possible-tor,possible-vps", remote_port=9001)
    assert marked([row]) == ["possible-tor,possible-vps,tunnel-like"]


def test_many_short_connections_are_as_good_as_a_long_one() -> None:
    tenth = {"bytes_out": MB, "bytes_in": 9 * MB, "packets_in": 9_000, "hours": 0.1}
    rows = [tunnel(at=8 + n / 2, **tenth) for n in range(10)]
    assert marked(rows) == ["possible-vps,tunnel-like"] * 10


@pytest.mark.parametrize(
    "said",
    [
        {"remote_kind": None},
        {"remote_kind": "cdn", "hidden": None},
        {"rule": "shop/domain/amazon.com", "service": "shop"},
        {"rule": "meta/asn/32934", "operator": "meta"},
        {"hidden": "possible-vps,vpn"},
        {"opened_by": "remote"},
        {"noise": "scan"},
        {"sampling": 100},
        {"protocol": 50},
        {"protocol": None},
        {"hours": 1.5},
        {"bytes_in": 30 * MB, "packets_in": 30_000},
        {"bytes_out": 3 * MB},
        {"bytes_out": None},
        {"bytes_in": None},
        {"packets_in": None},
        {"packets_in": 300_000},
        {"bytes_in": 60 * MB, "bytes_out": 40 * MB},
        {"bytes_in": 5 * MB, "bytes_out": 95 * MB},
    ],
    ids=str,
)
def test_each_condition_is_needed(said: Row) -> None:
    row = tunnel(**said)
    assert marked([row]) == [row["hidden"]]


def test_one_row_with_a_service_or_another_port_clears_the_remote() -> None:
    named = tunnel(rule="shop/domain/amazon.com", service="shop", hidden=None)
    assert marked([tunnel(), named]) == ["possible-vps", None]
    assert marked([tunnel(), tunnel(remote_port=22)]) == ["possible-vps"] * 2


def test_who_does_much_else_meanwhile_has_no_tunnel_for_all() -> None:
    few = [beside(n) for n in range(20)]  # 5 an hour over its four hours, and the fifth it touches
    many = [beside(n) for n in range(40)]
    assert marked([tunnel(), *few])[0] == "possible-vps,tunnel-like"
    assert marked([tunnel(), *many])[0] == "possible-vps"
    # Before and after, and lookups or clocks meanwhile, do not count.
    later = [beside(n, at=20) for n in range(40)]
    clocks = [beside(n, remote_port=(53, 123)[n % 2]) for n in range(40)]
    assert marked([tunnel(), *later])[0] == "possible-vps,tunnel-like"
    assert marked([tunnel(), *clocks])[0] == "possible-vps,tunnel-like"


def test_it_must_be_most_of_the_members_day() -> None:
    film = beside(1, at=20)
    assert marked([tunnel(), {**film, "bytes_in": 60 * MB}])[0] == "possible-vps,tunnel-like"
    assert marked([tunnel(), {**film, "bytes_in": 70 * MB}])[0] == "possible-vps"
    assert marked([tunnel(), {**film, "bytes_in": 70 * MB, "member": OTHER}])[0] is not None


def test_a_connection_over_midnight_counts_its_hours_of_this_day_only() -> None:
    assert marked([tunnel(at=22, hours=9)]) == ["possible-vps"]
    assert marked([tunnel(at=21, hours=9)]) == ["possible-vps,tunnel-like"]


def test_gre_beside_pptp_of_the_same_pair_is_a_vpn() -> None:
    control = connection(MEMBER, HOST, 1, remote_port=1723, hidden="vpn")
    gre = connection(MEMBER, HOST, 1, protocol=47, remote_port=None, opened_by=None)
    elsewhere = {**gre, "remote": SECOND}
    of_another = {**gre, "member": OTHER}
    assert marked([control, gre, elsewhere, of_another]) == ["vpn", "vpn", None, None]
    assert marked([gre]) == [None]
    assert marked([{**control, "answered": False}, gre]) == ["vpn", None]
    assert marked([{**control, "opened_by": "remote", "hidden": None}, gre]) == [None, None]
    assert marked([{**control, "protocol": 17}, gre])[1] is None


def lookups(names: list[str], member: bytes = MEMBER) -> list[Row]:
    """An answer every two seconds."""
    return [
        {"client": member, "query": n, "start_ms": START_MS + 2_000 * at}
        for at, n in enumerate(names)
    ]


def dns(remote: bytes, kilobytes: int, **said: Any) -> Row:
    sizes = {"bytes_out": kilobytes * 1000, "bytes_in": kilobytes * 2000}
    packets = {"packets_out": kilobytes * 10, "packets_in": kilobytes * 10}
    return connection(
        MEMBER, remote, 1, **{"protocol": 17, "remote_port": 53, **sizes, **packets, **said}
    )


def data_names(count: int, domain: str = "t.evil.example", alphabet: str = BASE32) -> list[str]:
    chance = random.Random(5)  # noqa: S311  # the same names every time
    name = coded(alphabet, (60, 100), domain)
    return [name(chance) for _ in range(count)]


def test_data_in_names_marks_the_resolver_that_carried_them() -> None:
    rows = [dns(RESOLVER, 60), dns(SECOND, 1), dns(RESOLVER, 1, remote_port=443)]
    assert marked(rows, lookups(data_names(300))) == ["dns-tunnel", None, None]
    assert marked(rows, None) == [None] * 3
    assert marked(rows, lookups(data_names(300), OTHER)) == [None] * 3
    # Encrypted lookups keep what they are.
    encrypted = dns(RESOLVER, 60, protocol=6, remote_port=853, hidden="encrypted-dns")
    assert marked([encrypted], lookups(data_names(300))) == ["dns-tunnel,encrypted-dns"]


@pytest.mark.parametrize("domain", ["evil.example", "a.evil.co.uk", "EVIL.com.CN."])
def test_the_registered_domain_is_what_counts(domain: str) -> None:
    assert marked([dns(RESOLVER, 60)], lookups(data_names(300, domain))) == ["dns-tunnel"]


def test_many_domains_of_one_suffix_are_not_one_domain() -> None:
    names = [data_names(1, f"shop{n}.co.uk")[0] for n in range(300)]
    assert marked([dns(RESOLVER, 60)], lookups(names)) == [None]


@pytest.mark.parametrize(
    "names",
    [
        data_names(80),
        data_names(300, "v1.avqs.mcafee.com"),
        data_names(300, "x.sophosxl.net"),
        data_names(300, "printer.local"),
        [f"{n % 250}.{n // 250}.0.10.in-addr.arpa" for n in range(1000)],
        [f"a{n}.host-of-someone.example" for n in range(1000)],
        [f"a-rather-long-name-of-words-number-{n}.example.com" for n in range(1000)],
        data_names(60) * 10,
        ["", ".", "..", "example", "co.uk", "x.co.uk", "a" * 300] * 300,
    ],
    ids=["few", "files", "reputation", "local", "reversed", "short", "words", "repeated", "odd"],
)
def test_names_that_are_no_tunnel(names: list[str]) -> None:
    assert marked([dns(RESOLVER, 500)], lookups(names)) == [None]


def test_a_domain_of_a_service_is_no_tunnel(small: Catalogue) -> None:
    rows, said = [dns(RESOLVER, 60)], lookups(data_names(300, "x.facebook.com"))
    assert marked(rows, said) == ["dns-tunnel"]
    assert marked(rows, said, small) == [None]


def test_volume_that_no_answer_explains() -> None:
    ordinary = lookups([f"www.news{n}.example" for n in range(100)])
    large = dns(RESOLVER, 8000, packets_out=40_000, packets_in=40_000)
    assert marked([large], ordinary) == ["dns-tunnel"]
    # Nothing is said without answers of this member, of small messages, of little, of TCP.
    assert marked([large], []) == [None]
    assert marked([large], None) == [None]
    assert marked([dns(RESOLVER, 8000)], ordinary) == [None]
    assert marked([dns(RESOLVER, 1000, packets_out=4_000)], ordinary) == [None]
    assert marked([{**large, "protocol": 6}], ordinary) == [None]
    explained = lookups([f"www{n}.news.example" for n in range(30_000)])
    assert marked([large], explained) == [None]


def resolver(text: str) -> bytes:
    found = address_from_text(text)
    assert found is not None
    return found


def test_port_443_of_a_resolver_is_encrypted_dns() -> None:
    quad9, cloudflare_families = resolver("9.9.9.9"), resolver("1.1.1.2")
    row = connection(MEMBER, quad9, 1)
    later = {**row, "remote": cloudflare_families}  # from 2020 on
    others: list[dict[str, Any]] = [
        {"remote_port": 80},
        {"opened_by": "remote"},
        {"answered": False},
    ]
    rows = [row, later, *({**row, **other} for other in others)]
    assert marked(rows) == ["encrypted-dns", None, None, None, None]
    assert marked([{**row, "hidden": "encrypted-dns", "protocol": 17}]) == ["encrypted-dns"]
    # However much of it there is, it stays that; and in anonymised data addresses say nothing.
    assert marked([tunnel(remote=quad9, remote_port=443)]) == ["encrypted-dns,possible-vps"]
    with duckdb.connect() as con:
        con.register("c", connections([row]))
        assert mark_behaviour(con, "c", None, DAY, anonymised=True) == "c"


def test_answers_of_the_day_before_do_not_count() -> None:
    early = [{**row, "start_ms": row["start_ms"] - 86_400_000} for row in lookups(data_names(300))]
    assert marked([dns(RESOLVER, 60)], early) == [None]


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_order_does_not_matter(chance: random.Random) -> None:
    rows = [tunnel(), *(beside(n) for n in range(5)), dns(RESOLVER, 60)]
    rows.append(connection(MEMBER, HOST, 1, protocol=47, remote_port=None))
    said = lookups(data_names(150))
    before = dict(zip(map(repr, rows), marked(rows, said), strict=True))
    chance.shuffle(rows)
    chance.shuffle(said)
    assert dict(zip(map(repr, rows), marked(rows, said), strict=True)) == before


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=8))
def test_no_name_breaks_it(names: list[str]) -> None:
    assert marked([dns(RESOLVER, 60)], lookups(names * 120)) in ([None], ["dns-tunnel"])


def test_nothing_marked_gives_the_view_itself_and_empty_days_work() -> None:
    with duckdb.connect() as con:
        con.register("c", connections([]))
        assert mark_behaviour(con, "c", None, DAY) == "c"
        con.register("d", connections([tunnel()]))
        assert mark_behaviour(con, "d", None, DAY) == "behaviour_marked"
        assert mark_behaviour(con, "c", None, DAY) == "c"


def test_after_the_ladder(small: Catalogue, lists: Snapshot) -> None:
    row = {**tunnel(), "remote": "198.51.100.130"}
    kept = {k: v for k, v in row.items() if k not in {"remote_kind", "hidden"}}
    names = {**kept, "remote": "198.51.100.131", "name": "www.facebook.com", "name_source": "tls"}
    with duckdb.connect() as con:
        con.register("connected", connected_table([kept, {**names, "member": OTHER}], DAY))
        view = attribute_day(con, "connected", DAY, small, lists)
        found = con.sql(f"FROM {mark_behaviour(con, view, None, DAY)} ORDER BY remote")
        table: pa.Table = found.to_arrow_table()
    assert table["hidden"].to_pylist() == ["possible-vps,tunnel-like", None]
