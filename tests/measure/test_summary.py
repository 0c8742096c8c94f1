from collections.abc import Callable
from typing import Any

import narwhals as nw
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from folkways.measure import GROUPS, evidence_mix, hidden_share, noise, rhythm, summary
from folkways.model.errors import UserError
from folkways.model.period import Period

Make = Callable[..., nw.LazyFrame[Any]]
JUNE = Period.parse("2017-06-01..2017-06-30", "Asia/Pyongyang")  # UTC+8:30
INT64 = pa.int64()

ROWS: list[dict[str, Any]] = [
    # 2017-06-01 and 2017-06-02 local; one local day starts at 15:30 UTC of the day before.
    {"start_ms": "2017-05-31 15:30", "member": 1, "service": "facebook", "operator": "meta"},
    {"start_ms": "2017-06-01 15:29:59.999", "member": 1, "service": "facebook", "answered": False},
    {"start_ms": "2017-06-01 02:00", "member": 2, "service": "facebook", "hidden": "tor,vpn"},
    {"start_ms": "2017-06-01 15:30", "member": 2, "service": "baidu", "opens": 7, "bytes_in": None},
    {"start_ms": "2017-06-01 15:31", "member": 2, "service": "baidu", "opens": 0, "answered": None},
    {"start_ms": "2017-06-02 03:00", "member": 3, "hidden": "possible-vps", "encrypted": "tls"},
    # Not use, or outside.
    {"start_ms": "2017-06-02 03:00", "member": 4, "noise": "scan", "answered": False},
    {"start_ms": "2017-06-02 03:00", "member": 4, "noise": "internal", "service": "facebook"},
    {"start_ms": "2017-05-31 15:29:59.999", "member": 5, "service": "facebook"},
    {"start_ms": "2017-06-30 15:30", "member": 5, "service": "facebook"},
]


def test_day_by_service(make_frame: Make) -> None:
    found = summary(make_frame(ROWS), JUNE, ["day", "service"])
    assert found.schema.names == [
        "day", "service", "connections", "answered", "bytes_out", "bytes_in", "members",
    ]  # fmt: skip
    assert all(found.schema.field(name).type == INT64 for name in found.schema.names[2:])
    assert [tuple(row.values()) for row in found.to_pylist()] == [
        ("2017-06-01", "facebook", 3, 2, 300, 3000, 2),
        ("2017-06-02", "baidu", 7, 7, 200, 1000, 1),
        ("2017-06-02", None, 1, 1, 100, 1000, 1),
    ]


def test_without_groups_there_is_one_row(make_frame: Make) -> None:
    assert summary(make_frame(ROWS), JUNE).to_pylist() == [
        {"connections": 11, "answered": 10, "bytes_out": 600, "bytes_in": 5000, "members": 3}
    ]
    empty = summary(make_frame([]), JUNE).to_pylist()
    assert empty[0]["connections"] == 0
    assert empty[0]["members"] == 0
    assert summary(make_frame([]), JUNE, ["day", "service"]).num_rows == 0


def test_a_row_counts_under_each_of_its_hidden_ways(make_frame: Make) -> None:
    found = summary(make_frame(ROWS), JUNE, ["hidden"])
    assert [(r["hidden"], r["connections"]) for r in found.to_pylist()] == [
        ("possible-vps", 1),
        ("tor", 1),
        ("vpn", 1),
        (None, 9),
    ]


@pytest.mark.parametrize(
    ("filters", "connections"),
    [
        ({"service": "facebook"}, 3),
        ({"service": ""}, 1),
        ({"service": "unknown"}, 1),
        ({"hidden": "tor"}, 1),
        ({"hidden": "vpn"}, 1),
        ({"hidden": "possible-vps"}, 1),
        ({"hidden": "pn"}, 0),
        ({"hidden": "unknown"}, 9),
        ({"day": "2017-06-02"}, 8),
        ({"day": "2017-06-02", "service": "baidu"}, 7),
        ({"hour": "0"}, 8),
        ({"weekday": "3"}, 3),
        ({"operator": "meta"}, 1),
        ({"service": "o'neill\"; drop table"}, 0),
    ],
)
def test_filters(make_frame: Make, filters: dict[str, str], connections: int) -> None:
    assert summary(make_frame(ROWS), JUNE, (), filters)["connections"].to_pylist() == [connections]


@pytest.mark.parametrize(
    ("by", "filters", "words"),
    [
        (["servcie"], {}, "'servcie' is not a group; there are day, service, function"),
        ([], {"color": "red"}, "'color' is not a group"),
        ([], {"day": "yesterday"}, "write it as 2017-04-01"),
        ([], {"hour": "24"}, "from 0 to 23"),
        ([], {"weekday": "monday"}, "0 is Monday"),
    ],
)
def test_unknown_names_are_said(
    make_frame: Make, by: list[str], filters: dict[str, str], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        summary(make_frame(ROWS), JUNE, by, filters)


def test_bytes_are_estimated_under_sampling_and_counts_are_not(make_frame: Make) -> None:
    rows = [
        {"start_ms": "2017-06-01 02:00", "member": 1, "sampling": 1000},
        {"start_ms": "2017-06-01 02:00", "member": 1, "sampling": None},
    ]
    found = summary(make_frame(rows), JUNE).to_pylist()[0]
    assert (found["connections"], found["bytes_out"], found["bytes_in"]) == (2, 100_100, 1_001_000)


def test_what_no_row_knows_is_null(make_frame: Make) -> None:
    row = {"start_ms": "2017-06-01 02:00", "bytes_in": None, "answered": None}
    found = summary(make_frame([row, row]), JUNE, ["day"]).to_pylist()[0]
    assert (found["answered"], found["bytes_in"], found["bytes_out"]) == (None, None, 200)
    assert found["members"] == 0


def test_noise_by_day(make_frame: Make) -> None:
    found = noise(make_frame(ROWS), JUNE).to_pylist()
    assert [(r["day"], r["noise"], r["connections"], r["members"]) for r in found] == [
        ("2017-06-01", "use", 3, 2),
        ("2017-06-02", "internal", 1, 1),
        ("2017-06-02", "scan", 1, 1),
        ("2017-06-02", "use", 8, 2),
    ]


def test_evidence_mix_adds_up(make_frame: Make) -> None:
    rows = [
        {"start_ms": "2017-06-01 02:00", "evidence": e, "opens": n}
        for e, n in (("name", 6), ("address", 3), (None, 1))
    ]
    found = evidence_mix(make_frame(rows), JUNE).to_pylist()
    assert [tuple(r.values()) for r in found] == [
        ("address", 3, 0.3),
        ("name", 6, 0.6),
        (None, 1, 0.1),
    ]
    assert evidence_mix(make_frame([]), JUNE).num_rows == 0


def test_rhythm_is_dense_and_counts_given_days(make_frame: Make) -> None:
    days = [d for d in JUNE.days if d.day != 2]
    found = rhythm(make_frame(ROWS), JUNE, days).to_pylist()
    assert [(r["weekday"], r["hour"]) for r in found] == [
        (w, h) for w in range(7) for h in range(24)
    ]
    seen = {(r["weekday"], r["hour"]): r["connections"] for r in found if r["connections"]}
    assert seen == {(3, 0): 1, (3, 10): 1, (3, 23): 1}  # 1 June 2017 was a Thursday
    # June 2017 has five Thursdays and, without the second, four Fridays.
    assert {r["weekday"]: r["days"] for r in found} == {0: 4, 1: 4, 2: 4, 3: 5, 4: 4, 5: 4, 6: 4}
    everything = rhythm(make_frame(ROWS), JUNE)
    assert sum(everything["connections"].to_pylist()) == 11


def test_rhythm_does_not_shift_when_the_clock_changes(make_frame: Make) -> None:
    # 12:15 by the local clock on every day, through the change of 5 May 2018.
    period = Period.parse("2018-05-01..2018-05-08", "Asia/Pyongyang")
    noons = [f"2018-05-0{d} {'03:45' if d < 5 else '03:15'}" for d in range(1, 9)]
    found = rhythm(make_frame([{"start_ms": noon} for noon in noons]), period).to_pylist()
    assert {r["hour"] for r in found if r["connections"]} == {12}


def test_hidden_share_tells_ways_and_composites(make_frame: Make) -> None:
    at = {"start_ms": "2017-06-01 02:00"}
    rows = [
        {**at, "member": 1, "hidden": "tor,vpn"},
        {**at, "member": 1, "hidden": "possible-vps"},
        {**at, "member": 2, "hidden": "encrypted-dns", "service": "x"},
        {**at, "member": 2, "encrypted": "tls"},
        {**at, "member": 3, "encrypted": "tls", "service": "x"},
        {**at, "member": 3, "encrypted": "quic", "opens": 2},
        {**at, "member": 4, "opens": 3, "bytes_in": None},
        {"start_ms": "2017-06-02 02:00", "member": 4, "opens": 0},
    ]
    found = hidden_share(make_frame(rows), JUNE).to_pylist()
    first = {r["way"]: (r["connections"], r["members"]) for r in found if r["day"] == "2017-06-01"}
    assert first == {
        "all": (10, 4),
        "encrypted-dns": (1, 1),
        "possible-vps": (1, 1),
        "tor": (1, 1),
        "vpn": (1, 1),
        "any": (2, 2),
        "as-published": (5, 3),
    }
    assert {r["total"] for r in found if r["day"] == "2017-06-01"} == {10}
    shares = {r["way"]: r["share"] for r in found if r["day"] == "2017-06-01"}
    assert shares["any"] == pytest.approx(0.2)
    assert shares["as-published"] == pytest.approx(0.5)
    assert {r["share"] for r in found if r["day"] == "2017-06-02"} == {None}
    assert next(r["bytes"] for r in found if r["way"] == "all") == 6 * 1100 + 100
    assert hidden_share(make_frame([]), JUNE).num_rows == 0


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "start_ms": st.integers(JUNE.start_ms, JUNE.end_ms - 1),
                "member": st.integers(1, 4),
                "service": st.sampled_from(["a", "b", None]),
                "encrypted": st.sampled_from(["tls", "none", None]),
                "opens": st.integers(0, 3),
                "answered": st.sampled_from([True, False, None]),
                "bytes_in": st.none() | st.integers(0, 2**40),
                "noise": st.sampled_from(["use", "scan"]),
            }
        ),
        max_size=30,
    )
)
def test_columns_add_up_to_the_whole(make_frame: Make, rows: list[dict[str, Any]]) -> None:
    frame = make_frame(rows)
    whole = summary(frame, JUNE).to_pylist()[0]
    assert whole["connections"] == sum(r["opens"] for r in rows if r["noise"] == "use")
    assert whole["members"] == len({r["member"] for r in rows if r["noise"] == "use"})
    for name in set(GROUPS) - {"hidden"}:
        parts = summary(frame, JUNE, [name])
        for value in ("connections", "answered", "bytes_out", "bytes_in"):
            total = sum(v or 0 for v in parts[value].to_pylist())
            assert total == (whole[value] or 0), (name, value)
