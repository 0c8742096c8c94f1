"""What inspect says, judged by sources whose truth is known."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.model.batches import Gap, make_batch
from folkways.read.reader import ReadOptions
from folkways.simulate import Simulated
from folkways.study.inspect import Inspected, Inspection, inspect_sources
from folkways.study.sightings import MOST_ROWS, Sightings, latest_elsewhere

AWS = "2 123456789010 eni-1 172.31.16.139 172.31.16.21 20641 22 6 20 4249 {0} {1} ACCEPT OK"
SKIPPED = "2 123456789010 eni-1 - - - - - - - {0} {1} - SKIPDATA"


def records(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    columns = {name: pa.array([row.get(name) for row in rows]) for name in rows[0]}
    return make_batch("records", columns, len(rows)).rows


def flow(start: int, port: int, exporter: str | None, point: str | None = None) -> dict[str, Any]:
    return {
        "start_ms": start,
        "end_ms": start + 1000,
        "source_address": bytes(15) + b"\1",
        "destination_address": bytes(15) + b"\2",
        "source_port": port,
        "destination_port": 443,
        "protocol": 6,
        "exporter": exporter,
        "observation_point": point,
    }


def test_the_worst_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "flows.log"
    lines = [AWS.format(1431280876, 1431280934), SKIPPED.format(1431280900, 1431281000), "x"]
    path.write_text("\n".join(lines) + "\n")
    (one,) = inspect_sources([str(path)], ReadOptions()).sources
    told = one.to_json()
    assert told["format"] == "aws"
    assert told["versions"] == {"AWS flow log, version 2": 2}
    assert (told["records"], told["flows"], told["named_share"]) == (3, 1, 0.0)
    assert told["exporters"] == [
        {"exporter": "eni-1", "flows": 1, "sampling": [1], "sampling_unknown": 0}
    ]
    assert told["gaps"] == [
        {
            "first": "2015-05-10T18:01:40.000Z",
            "last": "2015-05-10T18:03:20.000Z",
            "cause": "SKIPDATA",
            "exporter": None,
            "lost": None,
        }
    ]
    assert told["problems"][0].startswith("records are missing (SKIPDATA): 1 gaps between 2015")
    assert "1 skipped: wrong number of fields" in told["problems"]


def test_problems_are_ordered_by_what_they_cost() -> None:
    one = Inspected("x", error="it broke")
    one.tally.note("by the way")
    one.tally.flag("missed-bytes", 900)
    one.tally.flag("clock: end before start", 2)
    one.tally.skip("bad address", 3)
    one.tally.skip("no time", 5)
    one.tally.unseen_template("192.0.2.1 template 256", 4)
    one.tally.add_gap(Gap(0, 1000, "sequence gap", "192.0.2.1", 30))
    assert one.to_json()["problems"] == [
        "it broke",
        (
            "records are missing (sequence gap): 1 gaps between 1970-01-01T00:00:00.000Z and "
            "1970-01-01T00:00:01.000Z, 30 known to be lost"
        ),
        "the template never came: 192.0.2.1 template 256 (4 sets cannot be read)",
        "5 skipped: no time",
        "3 skipped: bad address",
        "2 flagged: clock: end before start",
        "900 flagged: missed-bytes",
        "by the way",
    ]


def test_a_user_says_who_measured_and_how(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    path.write_text(
        '{"ts":1,"uid":"a","id.orig_h":"10.0.0.1","id.orig_p":1,"id.resp_h":"10.0.0.2",'
        '"id.resp_p":2,"proto":"udp","orig_ip_bytes":9,"conn_state":"SF"}\n'
    )
    (one,) = inspect_sources([str(path)], ReadOptions(sampling=100, exporter="tap 3")).sources
    assert one.to_json()["exporters"] == [
        {"exporter": "tap 3", "flows": 1, "sampling": [100], "sampling_unknown": 0}
    ]


def test_reports_of_the_same_packets_are_seen() -> None:
    seen = Sightings()
    seen.add(records([flow(0, port, "r1") for port in range(100)]))
    assert seen.twice() == 0
    # A second router saw a quarter of them, with a clock that is a second off.
    seen.add(records([flow(1000, port, "r2") for port in range(25)]))
    assert seen.twice() == pytest.approx(25 / 125)
    # The same ports an hour later are other flows; the way back is not the way there.
    seen.add(records([flow(3_600_000, port, "r2") for port in range(100)]))
    back = [
        {**flow(0, 443, "r2"), "destination_port": port, "source_port": 443} for port in range(9)
    ]
    seen.add(records(back))
    assert seen.twice() == pytest.approx(25 / 234)
    assert seen.places == 2


def test_ingress_and_egress_of_one_exporter_are_two_sightings() -> None:
    seen = Sightings()
    seen.add(records([flow(0, port, None, "ingress") for port in range(10)]))
    seen.add(records([flow(0, port, None, "egress") for port in range(10)]))
    assert seen.twice() == 0.5


def test_memory_stays_bounded_and_the_share_right() -> None:
    seen = Sightings()
    ports = range(60_000)
    for hour in range(20):
        at = hour * 3_600_000
        seen.add(records([flow(at, port, "r1") for port in ports]))
        seen.add(records([flow(at, port, "r2") for port in ports if port % 3 == 0]))
    assert sum(map(len, seen._kept)) <= MOST_ROWS
    share = seen.twice()
    assert share is not None
    assert share == pytest.approx(0.25, abs=0.01)


def test_inspect_of_the_simulated_logs(simulated: Simulated) -> None:
    day = min(simulated.rounds[0].folder.iterdir())
    found = inspect_sources([str(day)], ReadOptions())
    told = found.to_json()
    conn = next(s for s in told["sources"] if "conn" in s["path"])
    with gzip.open(conn["path"], "rt") as lines:
        rows = sum(not line.startswith("#") for line in lines)
    assert conn["flows"] == rows
    assert conn["versions"] == {"Zeek log, text": 1}
    assert told["seen_twice"] == {
        "share": 0.0,
        "places": 1,
        "sentence": None,
        "sampled_share": 0.0,
        "sampled_sentence": None,
        "repeated_share": 0.0,
        "repeated_sentence": None,
    }


def test_the_same_flows_in_two_files_are_seen() -> None:
    seen = Sightings()
    seen.add(records([flow(0, port, "r1") for port in range(100)]), 0)
    seen.add(records([flow(0, port, "r1") for port in range(25)]), 1)
    seen.add(records([flow(7, port, "r1") for port in range(75)]), 1)
    assert seen.twice() == 0
    assert seen.repeated() == pytest.approx(25 / 200)


def test_of_three_reports_two_are_repeats() -> None:
    seen = Sightings()
    for exporter in ("r1", "r2", "r3"):
        seen.add(records([flow(0, port, exporter) for port in range(30)]))
    assert seen.twice() == pytest.approx(2 / 3)
    for source in range(3):
        files = Sightings()
        for number in range(source + 1):
            files.add(records([flow(0, port, "r1") for port in range(30)]), number)
        assert files.repeated() == pytest.approx(source / (source + 1))


def test_rows_that_stand_several_times_in_a_file_repeat_the_first_file() -> None:
    seen = Sightings()
    seen.add(records([flow(0, 1, "r1"), flow(0, 1, "r1")]), 0)
    assert seen.repeated() == 0
    seen.add(records([flow(0, 1, "r1"), flow(0, 1, "r1"), flow(9, 1, "r1")]), 1)
    assert seen.repeated() == pytest.approx(2 / 5)


def test_a_short_report_between_does_not_hide_a_long_one() -> None:
    long = {**flow(0, 1, "r1"), "end_ms": 600_000}
    seen = Sightings()
    seen.add(records([long, flow(100_000, 1, "r1"), flow(300_000, 1, "r2")]))
    assert seen.twice() == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("other", "twice", "sampled"),
    [
        ({}, 0.5, 0.0),
        ({"sampling": 1}, 0.5, 0.0),
        ({"sampling": 100}, 0.0, 0.5),
        ({"flows": 3}, 0.0, 0.0),
        ({"source_port": None}, 0.0, 0.0),
        ({"source_port": None, "protocol": 1}, 0.5, 0.0),
    ],
)
def test_only_what_settling_sets_off_is_called_so(
    other: dict[str, Any], twice: float, sampled: float
) -> None:
    seen = Sightings()
    blank = {"sampling": None, "flows": None}
    rows = [{**flow(0, 1, name), **blank, **other} for name in ("r1", "r2")]
    seen.add(records(rows))
    assert (seen.twice(), seen.sampled()) == (twice, sampled)


def test_a_rate_that_a_person_states_makes_samples() -> None:
    seen = Sightings(sampling=512)
    seen.add(records([flow(0, 1, "r1"), flow(0, 1, "r2")]))
    assert (seen.twice(), seen.sampled()) == (0.0, 0.5)
    found = Inspection(sightings=seen)
    assert found.twice_sentence() is None
    sentence = found.sampled_sentence()
    assert sentence is not None
    assert sentence.startswith("50.0% of the rows are samples")


_ROW = st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 50), st.integers(0, 30))


@settings(deadline=None)
@given(st.lists(_ROW, max_size=40))
def test_the_latest_end_elsewhere_is_that_of_a_plain_search(
    rows: list[tuple[int, int, int, int]],
) -> None:
    rows.sort(key=lambda row: (row[0], row[2]))
    key, place, start, length = (
        (np.array(c, np.int64) for c in zip(*rows, strict=True))
        if rows
        else [np.zeros(0, np.int64)] * 4
    )
    end = start + length
    found = latest_elsewhere(key, place, end).tolist()
    for i, one in enumerate(found):
        others = [int(end[j]) for j in range(i) if key[j] == key[i] and place[j] != place[i]]
        assert (one == max(others)) if others else (one < 0)
