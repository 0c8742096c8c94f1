"""The same packets seen again: by two exporters, at ingress and egress, at a NAT."""

import random
from typing import Any, Literal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.connect.connections import JOIN_TIMEOUT_MS, connections_of_day
from folkways.connect.same_meter import TOLERANCE_MS
from folkways.model.columns import OBSERVED, STORED_NAMES

DAY = "2020-01-02"
DAY_START = 1_577_923_200_000
DAY_MS = 86_400_000
DAYS = ("2020-01-01", DAY, "2020-01-03")
MEMBER, GATEWAY, REMOTE = b"m" * 16, b"g" * 16, b"r" * 16
WAYS = {
    "out": {"bytes_out": 100, "packets_out": 10, "sent_first": "member"},
    "in": {"bytes_in": 200, "packets_in": 10, "sent_first": "remote"},
    "both": {
        "bytes_out": 100,
        "packets_out": 10,
        "bytes_in": 200,
        "packets_in": 10,
        "sent_first": "member",
    },
}

Row = dict[str, Any]


def piece(way: str, start: int, end: int, exporter: str | None = None, **more: Any) -> Row:
    start_ms = DAY_START + start
    return {
        "day": DAYS[(start_ms - DAY_START) // DAY_MS + 1],
        "start_ms": start_ms,
        "end_ms": DAY_START + end,
        "member": MEMBER,
        "member_port": 1000,
        "remote": REMOTE,
        "remote_port": 443,
        "protocol": 6,
        "internal": False,
        "source": "s",
        "exporter": exporter,
        **WAYS[way],
        **more,
    }


def connect(rows: list[Row], duplicates: Literal["once", "all"] = "once", day: str = DAY) -> Any:
    con = duckdb.connect()
    con.register("observed", pa.Table.from_pylist(rows, OBSERVED.schema))
    con.register("logged", pa.Table.from_pylist([], STORED_NAMES.schema))
    found = connections_of_day(con, "observed", "logged", day, duplicates=duplicates)
    order = "start_ms, end_ms, exporter, bytes_out, bytes_in"
    return con.sql(f"SELECT * FROM ({found.query}) ORDER BY {order}").to_arrow_table().to_pylist()


def use(rows: list[Row]) -> tuple[int, int, int]:
    """Connections, bytes out, bytes in of what is use."""
    kept = [r for r in rows if r["noise"] == "use"]
    sums = [sum(r[name] or 0 for r in kept) for name in ("opens", "bytes_out", "bytes_in")]
    return sums[0], sums[1], sums[2]


@pytest.mark.parametrize("where", ["exporter", "observation_point"])
@pytest.mark.parametrize("late", [0, 7, -7, TOLERANCE_MS])
@pytest.mark.parametrize("more", [{}, {"begins": True}, {"begins": True, "uid": 7}])
def test_two_sightings_are_one_connection_and_its_bytes_once(
    where: str, late: int, more: Row
) -> None:
    ways = ("both",) if "uid" in more else ("out", "in")
    rows = [
        piece(way, 10_000 + by, 20_000 + by, **({where: name} | (more if way != "in" else {})))
        for name, by in (("a", 0), ("b", late))
        for way in ways
    ]
    found = connect(rows)
    assert use(found) == (1, 100, 200)
    assert all(r["answered"] for r in found)
    spare = [r for r in found if r["noise"] == "duplicate"]
    assert len(spare) == len(rows) / 2
    assert sum(r["opens"] for r in spare) == 0


def test_all_keeps_both_and_says_so() -> None:
    rows = [piece("out", 0, 9, "a"), piece("out", 0, 9, "b", flaws="cut")]
    found = connect(rows, "all")
    assert use(found) == (1, 200, 0)
    assert [r["flaws"] for r in found] == [None, "cut,seen-twice"]


def test_the_sighting_of_most_packets_is_kept_a_tie_goes_by_name() -> None:
    rows = [piece("out", 0, 9, "a"), piece("out", 0, 9, "b", packets_out=11, bytes_out=110)]
    assert use(connect(rows))[1] == 110
    rows = [piece("out", 0, 9, "b"), piece("out", 0, 9, "a", bytes_out=90)]
    assert use(connect(rows))[1] == 90


def test_each_direction_at_an_exporter_of_its_own_is_no_duplicate() -> None:
    found = connect([piece("out", 0, 9, "a"), piece("in", 3, 9, "b")])
    assert use(found) == (1, 100, 200)
    assert {r["opened_by"] for r in found} == {"member"}


def test_pieces_that_follow_each_other_at_two_exporters_are_a_path_that_changed() -> None:
    rows = [piece("out", 0, 9_000, "a"), piece("out", 15_000, 20_000, "b")]
    assert use(connect(rows)) == (1, 200, 0)


def test_a_third_sighting_of_what_the_best_did_not_see_counts_once() -> None:
    rows = [
        piece("out", 0, 9_000, "a", packets_out=20),
        piece("out", 15_000, 20_000, "b"),
        piece("out", 15_001, 20_001, "c"),
    ]
    assert use(connect(rows)) == (1, 200, 0)


def test_other_cuts_of_the_active_timeout_are_the_same_packets() -> None:
    rows = [piece("out", t, t + 60_000, "a", packets_out=9) for t in range(0, 300_000, 60_000)]
    rows.append(piece("out", 0, 300_000, "b", packets_out=45, bytes_out=500))
    assert use(connect(rows)) == (1, 500, 0)


def test_a_row_of_both_directions_is_kept_before_rows_of_one() -> None:
    rows = [
        piece("both", 0, 900, "sensor"),
        piece("out", 0, 900, "router", packets_out=12),
        piece("in", 0, 900, "router", packets_in=12),
    ]
    assert use(connect(rows)) == (1, 100, 200)


def test_a_name_that_only_the_other_sighting_knows_is_bound() -> None:
    rows = [
        piece("out", 5, 900, "a", packets_out=99),
        piece("out", 0, 900, "b", name="x.example", name_source="tls"),
    ]
    assert {(r["name"], r["name_source"]) for r in connect(rows)} == {("x.example", "tls")}


def test_samples_are_not_the_same_packets() -> None:
    rows = [piece("out", 0, 9, name, sampling=100) for name in ("a", "b")]
    found = connect(rows)
    assert use(found) == (1, 200, 0)
    assert [r["flaws"] for r in found] == [None, "seen-twice"]


def test_what_cannot_be_the_same_packets_stays() -> None:
    for more in ({"member_port": None}, {"flows": 3}):
        rows = [piece("out", 0, 9, name, **more) for name in ("a", "b")]
        assert use(connect(rows))[1] == 200
    rows = [piece("out", 0, 9, "a"), piece("out", 0, 9, "b", member_port=1001)]
    assert use(connect(rows)) == (2, 200, 0)


def test_an_unknown_sighting_is_one_and_differs_from_a_known_one() -> None:
    assert use(connect([piece("out", 0, 9), piece("out", 0, 9, bytes_out=90)]))[1] == 190
    assert use(connect([piece("out", 0, 9), piece("out", 0, 9, "a")]))[1] == 100


NAT: Row = {"translated_member": GATEWAY, "translated_member_port": 6000}
OUTSIDE: Row = {"member": GATEWAY, "member_port": 6000}


@pytest.mark.parametrize("duplicates", ["once", "all"])
def test_a_nat_box_reports_one_transfer_of_one_member(duplicates: Literal["once", "all"]) -> None:
    rows = [
        piece("out", 0, 900, "n", **NAT),
        piece("in", 5, 900, "n"),
        piece("out", 1, 900, "n", **OUTSIDE, packets_out=50),
        piece("in", 4, 900, "n", **OUTSIDE, packets_in=50),
    ]
    found = connect(rows, duplicates)
    assert use(found) == (1, 100, 200)
    assert {r["member"] for r in found} == {MEMBER}


def test_a_nat_box_that_reports_the_incoming_side_outside_only() -> None:
    back: Row = {"translated_member": MEMBER, "translated_member_port": 1000}
    found = connect([piece("out", 0, 900, "n", **NAT), piece("in", 5, 900, "n", **OUTSIDE, **back)])
    assert use(found) == (1, 100, 200)
    assert {(r["member"], r["member_port"], r["opened_by"]) for r in found} == {
        (MEMBER, 1000, "member")
    }


def test_a_port_used_again_outside_belongs_to_who_had_it_at_the_time() -> None:
    other = b"o" * 16
    rows = [
        piece("out", 0, 900, "n", **NAT),
        piece("in", 5, 900, "n", **OUTSIDE),
        piece("out", 500_000, 500_900, "n", **NAT, member=other),
        piece("in", 500_005, 500_900, "n", **OUTSIDE),
        piece("in", 900_000, 900_900, "n", **OUTSIDE),
    ]
    found = connect(rows)
    assert [r["member"] for r in found] == [MEMBER, MEMBER, other, other, GATEWAY]


def test_a_translated_remote_is_one_transfer_too_and_ports_alone_tell_nothing() -> None:
    inner = b"i" * 16
    rows = [
        piece("out", 0, 900, "n", translated_remote=inner, translated_remote_port=8443),
        piece("out", 0, 900, "n", remote=inner, remote_port=8443),
    ]
    assert use(connect(rows)) == (1, 100, 0)
    rows = [
        piece("out", 0, 900, "n", translated_member_port=6000),
        piece("out", 0, 900, "n", member_port=6000),
    ]
    assert use(connect(rows)) == (2, 200, 0)


def test_over_midnight_a_duplicate_stays_one() -> None:
    rows = [
        piece(way, DAY_MS - 500 + by, DAY_MS + 500 + by, name)
        for name, by in (("a", 0), ("b", 600))
        for way in ("out", "in")
    ]
    days = [connect(rows, day=day) for day in (DAY, DAYS[2])]
    assert use(days[0]) == (1, 100, 200)
    assert use(days[1]) == (0, 0, 0)
    assert {r["noise"] for r in days[1]} == {"duplicate"}


PIECES = st.lists(
    st.tuples(
        st.sampled_from(["out", "in", "both"]),
        st.integers(0, 20).map(lambda n: n * 15_000),
        st.integers(0, 6).map(lambda n: n * 10_000),
        st.sampled_from([None, "a", "b", "c"]),
        st.sampled_from([{}, NAT, OUTSIDE, {"begins": True}, {"sampling": 10}, {"protocol": 17}]),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=40, deadline=None)
@given(PIECES, st.randoms(use_true_random=False), st.sampled_from(["once", "all"]))
def test_order_is_nothing_and_no_row_is_lost(
    pieces: list[Any], shuffle: random.Random, duplicates: Literal["once", "all"]
) -> None:
    rows = [piece(way, at, at + length, who, **more) for way, at, length, who, more in pieces]
    first = connect(rows, duplicates)
    assert len(first) == len(rows)
    shuffle.shuffle(rows)

    def told(found: list[Row]) -> list[str]:
        return sorted(repr(sorted(r.items())) for r in found)

    assert told(connect(rows, duplicates)) == told(first)
    if any(r["noise"] == "duplicate" for r in first):
        assert any(r["noise"] != "duplicate" for r in first)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["out", "in"]),
            st.integers(0, 40).map(lambda n: n * 40_000),
            st.integers(0, 30_000),
            st.integers(1, 2),
        ),
        min_size=1,
        max_size=12,
        unique_by=lambda p: (p[0], p[1], p[3]),
    ),
    st.integers(0, 900),
)
def test_a_second_exporter_changes_nothing(pieces: list[Any], late: int) -> None:
    """Whatever one exporter tells, the same told by another a little later gives the same use."""
    once = [piece(w, at, at + n, "a", member_port=port) for w, at, n, port in pieces]
    again = [piece(w, at + late, at + n + late, "b", member_port=port) for w, at, n, port in pieces]
    alone = connect(once)
    both = [r for r in connect(once + again) if r["noise"] != "duplicate"]

    def told(found: list[Row]) -> list[Any]:
        names = ("start_ms", "bytes_out", "bytes_in", "opens", "opened_by", "answered", "noise")
        return sorted(repr([r[name] for name in names]) for r in found)

    assert told(both) == told(alone)
    assert JOIN_TIMEOUT_MS > TOLERANCE_MS
