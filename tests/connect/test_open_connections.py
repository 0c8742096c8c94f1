"""Connections over silences and midnights: what is known of one stays known."""

import datetime as dt
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from folkways.connect.connections import JOIN_TIMEOUT_MS, connections_of_day
from folkways.connect.open_connections import open_after
from folkways.model.columns import OBSERVED, OPEN_CONNECTIONS, STORED_NAMES

FIRST = dt.date(2020, 1, 1)
DAY_START = 1_577_836_800_000
DAY_MS, HOUR_MS, MINUTE_MS = 86_400_000, 3_600_000, 60_000

Row = dict[str, Any]


def piece(start: int, end: int | None = None, **more: Any) -> Row:
    start_ms = DAY_START + start
    return {
        "day": str(FIRST + dt.timedelta(days=start // DAY_MS)),
        "start_ms": start_ms,
        "end_ms": DAY_START + (start if end is None else end),
        "member": b"m" * 16,
        "member_port": 40_000,
        "remote": b"r" * 16,
        "remote_port": 443,
        "protocol": 6,
        "internal": False,
        "source": "s",
        "bytes_out": 100,
        "packets_out": 5,
        "bytes_in": 100,
        "packets_in": 5,
        "tcp_flags_out": 24,
        "tcp_flags_in": 24,
        **more,
    }


def opening(start: int, **more: Any) -> Row:
    flags = {"tcp_flags_out": 26, "tcp_flags_in": 26, "begins": True, "opened_by": "member"}
    return piece(start, start + 1000, **(flags | more))


def settled(rows: list[Row], days: int) -> list[list[Row]]:
    """The connections of each day, one after the other, each with what the one before left open."""
    con = duckdb.connect()
    con.register("logged", pa.Table.from_pylist([], STORED_NAMES.schema))
    con.register("open_before", pa.Table.from_pylist([], OPEN_CONNECTIONS.schema))
    found = []
    for number in range(days):
        around = [str(FIRST + dt.timedelta(days=number + by)) for by in (-1, 0, 1)]
        seen = [row for row in rows if row["day"] in around]
        con.register("observed", pa.Table.from_pylist(seen, OBSERVED.schema))
        connected = connections_of_day(
            con, "observed", "logged", around[1], open_before="open_before"
        )
        con.execute(f"CREATE OR REPLACE TEMP TABLE connected AS {connected.query}").fetchall()
        found.append(
            con.sql("FROM connected ORDER BY start_ms, end_ms").to_arrow_table().to_pylist()
        )
        left = con.sql(
            open_after(
                "observed",
                None if connected.cheap else "connected",
                around[1],
                open_before="open_before",
            )
        ).to_arrow_table()
        con.register("open_before", left)
    return found


NAMED: Row = {"name": "x.example", "name_source": "tls", "sensor_label": "TLS"}


@pytest.mark.parametrize("silence", [MINUTE_MS, 10 * MINUTE_MS, 11 * HOUR_MS])
def test_tcp_keeps_name_label_and_opener_over_silences_and_midnights(silence: int) -> None:
    times = range(20 * HOUR_MS, 4 * DAY_MS, silence)
    rows = [opening(times[0], **NAMED), *(piece(t) for t in times[1:])]
    found = [row for day in settled(rows, 4) for row in day]
    assert len(found) == len(rows)
    assert sum(row["opens"] for row in found) == 1
    told = {(r["name"], r["name_source"], r["sensor_label"], r["opened_by"]) for r in found}
    assert told == {("x.example", "tls", "TLS", "member")}
    assert {r["answered"] for r in found} == {True}


def test_a_piece_after_the_end_or_with_a_syn_or_of_udp_opens_by_the_old_rules() -> None:
    later = 20 * MINUTE_MS
    (found,) = settled([opening(0), opening(later, tcp_flags_out=2, tcp_flags_in=18)], 1)
    assert [r["opens"] for r in found] == [1, 1]
    udp: Row = {"protocol": 17, "tcp_flags_out": None, "tcp_flags_in": None}
    (found,) = settled([piece(0, **udp), piece(later, **udp)], 1)
    assert [r["opens"] for r in found] == [1, 1]
    unknown: Row = {"tcp_flags_out": None, "tcp_flags_in": None}
    (found,) = settled([piece(0, **unknown), piece(later, **unknown)], 1)
    assert [r["opens"] for r in found] == [1, 1]
    (found,) = settled([piece(0, sampling=100), piece(later, sampling=100)], 1)
    assert [r["opens"] for r in found] == [1, 1]


def test_what_begins_before_the_data_is_counted_once() -> None:
    found = settled([piece(t) for t in range(0, 2 * DAY_MS, HOUR_MS)], 2)
    assert [sum(r["opens"] for r in day) for day in found] == [1, 0]


def test_a_connection_that_ended_is_not_carried_on() -> None:
    rows = [opening(0, tcp_flags_out=27, **NAMED), piece(DAY_MS + HOUR_MS)]
    found = settled(rows, 2)
    assert [(r["name"], r["opens"]) for day in found for r in day] == [("x.example", 1), (None, 1)]


def test_udp_goes_on_over_midnight_with_its_name() -> None:
    rows = [
        piece(DAY_MS + t, DAY_MS + t + MINUTE_MS, protocol=17, **(NAMED if t < 0 else {}))
        for t in range(-10 * MINUTE_MS, 10 * MINUTE_MS, MINUTE_MS)
    ]
    assert JOIN_TIMEOUT_MS > MINUTE_MS
    found = settled([r | {"tcp_flags_out": None, "tcp_flags_in": None} for r in rows], 2)
    assert [sum(r["opens"] for r in day) for day in found] == [1, 0]
    assert {r["name"] for day in found for r in day} == {"x.example"}


def test_a_row_of_days_is_known_on_each_of_them() -> None:
    """A sensor's connection of four days beside an exporter that cuts it every half hour."""
    cuts = range(0, 4 * DAY_MS, 30 * MINUTE_MS)
    volume = {"bytes_out": 10, "packets_out": 5, "bytes_in": 10, "packets_in": 5}
    whole: Row = {name: n * len(cuts) for name, n in volume.items()}
    rows = [
        piece(0, 4 * DAY_MS - 1, begins=True, uid=1, opened_by="member", **whole),
        *(piece(t, t + 30 * MINUTE_MS - 1, exporter="router", **volume) for t in cuts),
    ]
    found = settled(rows, 4)
    use = [r for day in found for r in day if r["noise"] == "use"]
    assert [r["bytes_out"] for r in use] == [10 * len(cuts)]
    assert {r["noise"] for r in found[3]} == {"duplicate"}
    assert sum(r["opens"] for day in found for r in day) == 1
