"""Connections of pieces, against a slow and plain re-telling of the rule in Python."""

import random
from typing import Any

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.connect.connections import JOIN_TIMEOUT_MS, connections_of_day
from folkways.model.columns import CONNECTED, OBSERVED, STORED_NAMES

DAY = "2020-01-02"
DAY_START = 1_577_923_200_000
ADDRESS = {"a": b"a" * 16, "b": b"b" * 16}


def row(start: int, end: int | None = None, **more: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "start_ms": DAY_START + start,
        "end_ms": DAY_START + (start if end is None else end),
        "member": ADDRESS["a"],
        "remote": ADDRESS["b"],
        "member_port": 1000,
        "remote_port": 443,
        "protocol": 6,
        "internal": False,
        "source": "s",
    }
    base |= more
    days = ["2020-01-01", DAY, "2020-01-03"]
    base["day"] = days[(base["start_ms"] - DAY_START) // 86_400_000 + 1]
    return base


def connect(rows: list[dict[str, Any]], names: list[dict[str, Any]] | None = None) -> list[Any]:
    con = duckdb.connect()
    observed = pa.Table.from_pylist(rows, OBSERVED.schema)
    logged = pa.Table.from_pylist(names or [], STORED_NAMES.schema)
    con.register("observed", observed)
    con.register("logged", logged)
    connected = connections_of_day(con, "observed", "logged", DAY)
    table = con.sql(connected.query).to_arrow_table()
    assert table.schema.names == list(CONNECTED.names)
    return table.sort_by([("start_ms", "ascending"), ("end_ms", "ascending")]).to_pylist()


def out(start: int, end: int | None = None, **more: Any) -> dict[str, Any]:
    return row(start, end, bytes_out=100, packets_out=1, sent_first="member", **more)


def back(start: int, end: int | None = None, **more: Any) -> dict[str, Any]:
    return row(start, end, bytes_in=200, packets_in=1, sent_first="remote", **more)


def test_two_directions_are_one_connection() -> None:
    a, b = connect([out(0, 500), back(20, 490, name="x.example", name_source="tls")])
    assert (a["opens"], b["opens"]) == (1, 0)
    assert a["opened_by"] == b["opened_by"] == "member"
    assert a["answered"] is b["answered"] is True
    assert a["name"] == b["name"] == "x.example"
    assert a["noise"] == b["noise"] == "use"
    assert (a["bytes_out"], a["bytes_in"]) == (100, None)


def test_pieces_within_the_timeout_are_one_a_longer_gap_makes_two() -> None:
    rows = connect([out(0, 10), out(10 + JOIN_TIMEOUT_MS), out(11 + 2 * JOIN_TIMEOUT_MS)])
    assert [r["opens"] for r in rows] == [1, 0, 1]


def test_the_timeout_counts_from_the_furthest_end_not_the_last_start() -> None:
    rows = connect([out(0, 10 * JOIN_TIMEOUT_MS), out(5, 6), out(10 * JOIN_TIMEOUT_MS + 5)])
    assert [r["opens"] for r in rows] == [1, 0, 0]


def test_a_connection_counts_on_the_day_it_opens() -> None:
    yesterday, today = out(-1000, -10), out(5, 20)
    assert [r["opens"] for r in connect([yesterday, today])] == [0]


def test_an_answer_after_midnight_is_an_answer() -> None:
    (first,) = connect([out(86_399_990), back(86_400_005)])
    assert first["answered"] is True


def test_whole_connections_of_a_sensor_open_each() -> None:
    whole: dict[str, Any] = {"begins": True, "opened_by": "member"}
    rows = connect([out(0, uid=1, **whole), out(5_000, uid=2, **whole)])
    assert [r["opens"] for r in rows] == [1, 1]
    assert [r["answered"] for r in rows] == [False, False]


def test_a_repeated_syn_is_the_same_attempt_a_syn_after_an_end_is_a_new_one() -> None:
    syn: dict[str, Any] = {"begins": True, "opened_by": "member"}
    rows = connect(
        [
            out(0, tcp_flags_out=2, **syn),
            out(3000, tcp_flags_out=2, **syn),
            row(9000, 9500, bytes_out=1, bytes_in=1, tcp_flags_out=19, tcp_flags_in=19, **syn),
            row(9600, 9700, bytes_out=1, bytes_in=1, tcp_flags_out=2, tcp_flags_in=18, **syn),
        ]
    )
    assert [r["opens"] for r in rows] == [1, 0, 0, 1]


def test_sums_count_their_flows_and_answers_are_unknown() -> None:
    (only,) = connect([row(0, flows=7, remote=None, protocol=None)])
    assert only["opens"] == 7
    assert only["answered"] is None
    assert only["opened_by"] is None


def test_without_counters_nobody_knows_whether_it_was_answered() -> None:
    (only,) = connect([row(0, begins=True, opened_by="remote")])
    assert (only["answered"], only["noise"]) == (None, "use")


def test_noise() -> None:
    ports = iter(range(1, 99))

    def alone(make: Any, **more: Any) -> str:
        (only,) = connect([make(0, member_port=next(ports), **more)])
        return str(only["noise"])

    assert alone(back, tcp_flags_in=2) == "scan"
    assert alone(back, tcp_flags_in=18) == "backscatter"
    assert alone(back, tcp_flags_in=4) == "backscatter"
    assert alone(back, protocol=17) == "scan"
    assert alone(out, tcp_flags_out=2) == "use"
    assert alone(out, internal=True) == "internal"
    served = connect([back(0, tcp_flags_in=2), out(1, tcp_flags_out=18)])
    assert [(r["noise"], r["opened_by"], r["answered"]) for r in served] == [
        ("use", "remote", True)
    ] * 2


def test_names_are_bound_by_uid_and_the_handshake_is_trusted_more_than_a_header() -> None:
    def logged(uid: int, name: str, source: str, at: int) -> dict[str, Any]:
        return {
            "day": DAY,
            "start_ms": DAY_START + at,
            "uid": uid,
            "name": name,
            "name_source": source,
            "source": "s",
        }

    names = [
        logged(1, "late.example", "http", 9),
        logged(1, "early.example", "http", 3),
        logged(2, "header.example", "http", 1),
        logged(2, "hello.example", "tls", 5),
    ]
    rows = [out(uid, member_port=uid, uid=uid, begins=True) for uid in (1, 2, 3)]
    assert [(r["name"], r["name_source"]) for r in connect(rows, names)] == [
        ("early.example", "http"),
        ("hello.example", "tls"),
        (None, None),
    ]


PIECES = st.lists(
    st.tuples(
        st.integers(-300_000, 86_700_000).map(lambda x: x // 50_000 * 50_000),
        st.integers(0, 200_000),
        st.booleans(),
        st.integers(1, 2),
    ),
    min_size=1,
    max_size=25,
)


def expected_opens(rows: list[dict[str, Any]]) -> int:
    """The rule in words: a piece opens unless one of its key reached into the timeout before."""
    count = 0
    for key in {r["member_port"] for r in rows}:
        reached: int | None = None
        for r in sorted(
            (r for r in rows if r["member_port"] == key), key=lambda r: (r["start_ms"], r["end_ms"])
        ):
            opens = reached is None or r["start_ms"] - reached > JOIN_TIMEOUT_MS
            count += opens and r["day"] == DAY
            reached = r["end_ms"] if reached is None else max(reached, r["end_ms"])
    return count


@settings(max_examples=60, deadline=None)
@given(PIECES, st.randoms(use_true_random=False))
def test_any_order_gives_the_same_and_the_rule_is_obeyed(
    pieces: list[tuple[int, int, bool, int]], shuffle: random.Random
) -> None:
    rows = [
        (out if outward else back)(start, start + length, member_port=port)
        for start, length, outward, port in pieces
    ]
    window = [
        r
        for r in rows
        if r["end_ms"] >= DAY_START - JOIN_TIMEOUT_MS
        and r["start_ms"] < DAY_START + 86_400_000 + JOIN_TIMEOUT_MS
    ]
    first = connect(rows)
    shuffle.shuffle(rows)

    def told(found: list[dict[str, Any]]) -> list[str]:
        return sorted(repr(sorted(r.items())) for r in found)

    assert told(connect(rows)) == told(first)
    assert sum(r["opens"] for r in first) == expected_opens(window)


def known_of(rows: list[dict[str, Any]]) -> tuple[Any, Any, Any]:
    """What is known of the only connection: opener, answered, noise."""
    (found,) = {(r["opened_by"], r["answered"], r["noise"]) for r in connect(rows)}
    return found


def test_the_opener_by_flags_is_surer_than_by_time() -> None:
    assert known_of([back(0, tcp_flags_in=18), out(5, tcp_flags_out=2)]) == ("member", True, "use")
    answered = [back(0, tcp_flags_in=18), out(5, tcp_flags_out=26) | {"packets_out": 9}]
    assert known_of(answered) == ("member", True, "use")
    assert known_of([out(0, tcp_flags_out=18), back(9, tcp_flags_in=2)]) == ("remote", True, "use")


def test_flags_of_whole_pieces_tell_nothing_and_equal_times_neither() -> None:
    flags = {"tcp_flags_out": 27}, {"tcp_flags_in": 27}
    rows = [out(0, 900, **flags[0]), back(0, 900, **flags[1])]
    assert known_of([rows[0] | {"packets_out": 5}, rows[1] | {"packets_in": 5}]) == (
        None,
        True,
        "use",
    )
    assert known_of([out(0, 900, protocol=17), back(0, 900, protocol=17)]) == (None, True, "use")


def test_one_direction_of_a_path_is_neither_scan_nor_backscatter() -> None:
    for flags in (27, 26, 24, 16):
        assert known_of([back(0, 900, tcp_flags_in=flags)]) == (None, True, "use")
        assert known_of([out(0, 900, tcp_flags_out=flags)]) == (None, True, "use")
    assert known_of([back(0, tcp_flags_in=20)])[2] == "backscatter"
    assert known_of([back(0, tcp_flags_in=41)])[2] == "scan"  # FIN, PSH and URG: a probe


def test_what_was_not_sampled_may_have_been_there() -> None:
    assert known_of([out(0, protocol=17, sampling=100)]) == (None, None, "use")
    assert known_of([back(0, protocol=17, sampling=100)]) == (None, None, "use")
    assert known_of([back(0, tcp_flags_in=18, sampling=100)]) == (None, None, "use")
    assert known_of([back(0, tcp_flags_in=2, sampling=100)]) == ("remote", None, "scan")
    rows = [back(0, protocol=17, sampling=100), out(5, protocol=17, sampling=100)]
    assert known_of(rows) == (None, True, "use")


def test_a_flow_a_little_longer_than_the_active_timeout_keeps_times_and_bytes() -> None:
    rows = connect([out(0, 1_800_000), out(1_800_040, 1_800_900)])
    assert [r["opens"] for r in rows] == [1, 0]
    assert [(r["start_ms"] - DAY_START, r["bytes_out"]) for r in rows] == [
        (0, 100),
        (1_800_040, 100),
    ]


def test_a_flow_of_one_instant_is_one_connection() -> None:
    (only,) = connect([row(0, 0, bytes_out=6_000_000, packets_out=4000, sampling=1)])
    assert (only["opens"], only["bytes_out"]) == (1, 6_000_000)
