"""Rows that state the same packets count once, whoever states them and in whatever file."""

import random
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.connect.connections import connections_of_day
from folkways.model.columns import OBSERVED, STORED_NAMES

DAY = "2020-01-02"
DAY_START = 1_577_923_200_000
SECOND = 1000

Row = dict[str, Any]


def row(start: int, end: int, out: int = 10, back: int = 10, **more: Any) -> Row:
    """A row of both directions; times in seconds, counters in packets of 100 octets."""
    return {
        "day": DAY,
        "start_ms": DAY_START + start * SECOND,
        "end_ms": DAY_START + end * SECOND,
        "member": b"m" * 16,
        "member_port": 40_000,
        "remote": b"r" * 16,
        "remote_port": 443,
        "protocol": 6,
        "internal": False,
        "source": "s",
        "bytes_out": 100 * out,
        "packets_out": out,
        "bytes_in": 100 * back,
        "packets_in": back,
        **more,
    }


def whole(start: int, end: int, out: int = 10, back: int = 10, *, uid: int, **more: Any) -> Row:
    return row(start, end, out, back, uid=uid, begins=True, opened_by="member", **more)


def captured(start: int, end: int, out: int = 10, back: int = 10, **more: Any) -> Row:
    return row(start, end, out, back, exclusive=True, **more)


def one_way(way: str, start: int, end: int, count: int = 10, **more: Any) -> Row:
    other = {"in": "out", "out": "in"}[way]
    base = row(start, end, count, count, sent_first="member" if way == "out" else "remote")
    return base | {f"bytes_{other}": None, f"packets_{other}": None} | more


def connect(rows: list[Row], **options: Any) -> list[Row]:
    con = duckdb.connect()
    con.register("observed", pa.Table.from_pylist(rows, OBSERVED.schema))
    con.register("logged", pa.Table.from_pylist([], STORED_NAMES.schema))
    found = connections_of_day(con, "observed", "logged", DAY, **options)
    return con.sql(f"FROM ({found.query}) ORDER BY start_ms, end_ms").to_arrow_table().to_pylist()


def use(rows: list[Row], **options: Any) -> tuple[int, int, int]:
    """Connections, packets out and in, of what is use."""
    kept = [r for r in connect(rows, **options) if r["noise"] == "use"]
    sums = [sum(r[name] or 0 for r in kept) for name in ("opens", "packets_out", "packets_in")]
    return sums[0], sums[1], sums[2]


# The same row again.


@pytest.mark.parametrize("copies", [2, 3, 7])
def test_a_row_in_several_files_counts_once(copies: int) -> None:
    for make in (row, captured, lambda a, b: whole(a, b, uid=1)):
        assert use([make(0, 9) | {"source": f"s{n}"} for n in range(copies)]) == (1, 10, 10)


def test_rows_that_may_well_be_two_count_as_often_as_one_file_holds_them() -> None:
    for more in ({"flows": 3}, {"sampling": 100}, {"member_port": None}):
        rows = [row(0, 0, **more) | {"source": name} for name in ("a", "a", "b")]
        assert use(rows)[1] == 20


def test_a_form_with_whole_seconds_is_the_same_row() -> None:
    exact = row(0, 9) | {"start_ms": DAY_START + 234, "end_ms": DAY_START + 9_876}
    assert use([exact, row(0, 9, source="text")]) == (1, 10, 10)
    assert use([exact, row(0, 9, 11, source="text")])[1] == 21


# States of one connection.


def test_the_last_state_of_a_sensors_connection_counts() -> None:
    states = [whole(0, 10 * n, n, 2 * n, uid=1) for n in range(1, 6)]
    found = connect(states)
    assert [r["noise"] for r in found] == ["interim"] * 4 + ["use"]
    assert use(states) == (1, 5, 10)


def test_a_total_holds_what_its_meter_said_before() -> None:
    steps = [row(0, 30 * n, 4, 4, exporter="asa") for n in range(1, 4)]
    total = row(0, 100, 16, 16, exporter="asa", cumulative=True)
    assert use([*steps, total]) == (1, 16, 16)
    assert use(steps) == (1, 12, 12)
    running = [row(0, 30 * n, 4 * n, 4 * n, exporter="x", cumulative=True) for n in (1, 2, 3)]
    assert use(running) == (1, 12, 12)


def test_a_total_of_one_direction_holds_nothing_of_the_other() -> None:
    rows = [
        one_way("out", 0, 60, 50, exporter="x", cumulative=True),
        one_way("in", 5, 50, 30, exporter="x", cumulative=True),
    ]
    assert use(rows) == (1, 50, 30)


def test_a_total_of_the_next_connection_holds_nothing_of_the_last() -> None:
    rows = [row(10 * n, 10 * n + 9, exporter="x", cumulative=True) for n in range(4)]
    assert use(rows)[1] == 40


# Two flows of one meter at a time.


def test_two_sensors_or_workers_that_see_all_are_one() -> None:
    assert use([whole(0, 20, uid=1), whole(0, 20, 9, 10, uid=2)]) == (1, 10, 10)
    shifted = whole(0, 0, 1, 1, uid=2) | {"start_ms": DAY_START + 50, "end_ms": DAY_START + 70}
    first = whole(0, 0, 1, 1, uid=1) | {"end_ms": DAY_START + 20}
    assert use([first, shifted]) == (1, 1, 1)


def test_connections_that_follow_each_other_stay() -> None:
    rows = [whole(10 * n, 10 * n + 9, 5 + n, uid=n) for n in range(5)]
    assert use(rows) == (5, 35, 50)


def test_workers_that_see_a_direction_each_add_up() -> None:
    rows = [whole(0, 20, 10, 0, uid=1), whole(0, 20, 0, 10, uid=2)]
    assert use(rows)[1:] == (10, 10)


def test_a_capture_inside_another_is_told_already() -> None:
    assert use([captured(0, 100, 100, 100), captured(30, 60, 30, 30)]) == (1, 100, 100)


def test_captures_that_overlap_add_what_each_has_alone() -> None:
    rows = [captured(0, 60, 60, 60), captured(40, 100, 60, 60)]
    found = connect(rows)
    assert use(rows) == (1, 100, 100)
    assert [r["flaws"] for r in found] == [None, "partly-repeated"]


def test_rows_of_an_exporter_that_tells_classes_of_service_apart_stay() -> None:
    rows = [row(0, 60, 100, 90, exporter="r"), row(1, 59, 7, 5, exporter="r")]
    assert use(rows) == (1, 107, 95)


# Other meters.


def test_flow_and_netflow_events_of_one_sensor_are_one() -> None:
    rows = [
        whole(0, 60, 10, 90, uid=7),
        one_way("out", 0, 60, 10, uid=7),
        one_way("in", 0, 60, 90, uid=7),
    ]
    assert use(rows) == (1, 10, 90)


def test_a_log_and_the_capture_it_was_made_from_are_one() -> None:
    log = whole(0, 100, 50, 60, uid=1)
    assert use([log, captured(0, 100, 50, 60)]) == (1, 50, 60)
    pieces = [captured(0, 40, 20, 30), captured(41, 100, 30, 30)]
    assert use([log, *pieces]) == (1, 50, 60)
    assert use([log, captured(50, 100, 30, 30)]) == (1, 50, 60)


def test_what_only_one_meter_saw_stays() -> None:
    router = [row(0, 59, 60, 60, exporter="a"), row(60, 119, 50, 50, exporter="b")]
    assert use(router)[1] == 110
    long = [row(0, 60, 100, 100, exporter="a"), row(59, 3000, 99, 99, exporter="b")]
    assert use(long)[1] == 199
    part = [row(0, 59, 60, 60, exporter="a"), row(0, 179, 180, 180, exporter="b")]
    assert use(part)[1] == 180
    gap = [
        row(0, 55, 60, 60, exporter="a"),
        row(120, 179, 60, 60, exporter="a"),
        row(60, 115, 50, 50, exporter="b"),
    ]
    assert use(gap)[1] == 170


def test_counters_that_do_not_agree_are_of_other_packets() -> None:
    few = [row(0, 59, 90, 90, exporter="a"), row(0, 59, 10, 10, exporter="b")]
    assert use(few)[1] == 100
    lost = [row(0, 59, 90, 90, exporter="a"), row(0, 59, 80, 88, exporter="b")]
    assert use(lost)[1] == 90


# What else is set aside.


def test_the_inner_row_counts_and_its_envelope_does_not() -> None:
    tunnel = whole(0, 100, 50, 50, uid=1, protocol=47, member_port=None, remote_port=None)
    inner = whole(5, 90, 40, 40, uid=2, parent_uid=1)
    assert use([tunnel, inner]) == (1, 40, 40)
    assert {r["noise"] for r in connect([tunnel, inner])} == {"envelope", "use"}
    assert use([tunnel]) == (1, 50, 50)


def test_what_was_denied_is_no_use_whoever_asked() -> None:
    def alone(**more: Any) -> tuple[Any, Any]:
        (only,) = connect([row(0, 1, denied=True) | more])
        return only["noise"], only["answered"]

    assert alone(opened_by="remote") == ("denied", False)
    assert alone(sent_first="remote", protocol=17) == ("denied", False)
    assert alone(opened_by="member") == ("denied", False)
    (only,) = connect([row(0, 1, denied=False, opened_by="remote")])
    assert (only["noise"], only["answered"]) == ("use", True)


@pytest.mark.parametrize(("flags", "noise"), [(18, "use"), (20, "scan")])
@pytest.mark.parametrize("said", [None, "member"])
@pytest.mark.parametrize("uid", [None, 5])
def test_a_lone_reply_of_a_member_was_called_for(
    flags: int, noise: str, said: str | None, uid: int | None
) -> None:
    reply = row(0, 0, 1, 0, tcp_flags_out=flags, opened_by=said, sent_first="member", uid=uid)
    (only,) = connect([reply | {"begins": None if uid is None else True}])
    assert (only["opened_by"], only["noise"]) == ("remote", noise)


# The set of rows decides, nothing else.

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["row", "whole", "captured", "out", "in", "total"]),
        st.integers(0, 12).map(lambda n: n * 20),
        st.integers(0, 8).map(lambda n: n * 15),
        st.integers(1, 40),
        st.sampled_from([None, "a", "b"]),
    ),
    min_size=1,
    max_size=12,
)


def made(kind: str, start: int, length: int, count: int, exporter: str | None) -> Row:
    end = start + length
    more: Row = {"exporter": exporter}
    match kind:
        case "whole":
            return whole(start, end, count, uid=count, **more)
        case "captured":
            return captured(start, end, count, **more)
        case "out" | "in":
            return one_way(kind, start, end, count, **more)
        case "total":
            return row(start, end, count, cumulative=True, **more)
        case _:
            return row(start, end, count, **more)


@settings(max_examples=60, deadline=None)
@given(ROWS, st.randoms(use_true_random=False), st.integers(1, 4))
def test_files_order_and_copies_change_nothing(
    parts: list[Any], shuffle: random.Random, files: int
) -> None:
    rows = [made(*part) for part in parts]

    def told(found: list[Row]) -> list[str]:
        names = ("noise", "opens", "answered", "opened_by", "start_ms", "bytes_out", "bytes_in")
        return sorted(repr([r[name] for name in names]) for r in found if r["noise"] == "use")

    once = told(connect([r | {"source": "one"} for r in rows]))
    again = [r | {"source": f"f{shuffle.randrange(files)}"} for r in rows]
    again += [r | {"source": "copy"} for r in shuffle.sample(rows, shuffle.randrange(len(rows)))]
    shuffle.shuffle(again)
    assert told(connect(again)) == once
