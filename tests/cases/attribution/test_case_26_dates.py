"""A list older or newer than the flow: it speaks with its distance, or not at all."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

META = "157.240.0.0,157.240.255.255,32934,Meta\n"
EXAMPLE = "157.240.0.0,157.240.255.255,64500,Example\n"
APRIL = (dt.date(2024, 4, 1), dt.date(2024, 4, 30))
JUNE = (dt.date(2024, 6, 1), dt.date(2024, 6, 30))


@pytest.mark.slow
def test_the_distance_of_the_list_stands_in_the_row(empty: Any, flow: Callable[..., Any]) -> None:
    empty.give("asn", META, *APRIL)
    days = {"2024-03-22": 10, "2024-04-01": 0, "2024-04-30": 0, "2024-05-01": 1, "2025-04-30": 365}
    for text, age in days.items():
        (row,) = empty.ingest(flow("157.240.1.60"), day=dt.date.fromisoformat(text))
        assert (row["operator"], row["evidence"], row["list_age"]) == ("meta", "address", age)


@pytest.mark.slow
def test_of_two_lists_the_one_of_the_day_speaks(empty: Any, flow: Callable[..., Any]) -> None:
    empty.give("asn", META, *APRIL)
    empty.give("asn", EXAMPLE, *JUNE)
    days = {
        # day: operator, age; an AS that the catalogue does not know names nobody.
        "2024-04-15": ("meta", 0),
        "2024-05-10": ("meta", 10),
        "2024-05-25": (None, None),
        "2024-06-15": (None, None),
    }
    for text, (operator, age) in days.items():
        (row,) = empty.ingest(flow("157.240.1.60"), day=dt.date.fromisoformat(text))
        assert (row["operator"], row["list_age"]) == (operator, age)
        assert row["remote_asn"] == (32934 if operator else 64500)


def test_a_name_needs_no_list(empty: Any, flow: Callable[..., Any]) -> None:
    empty.give("asn", META, *APRIL)
    (row,) = empty.ingest(flow("157.240.1.60", name="www.facebook.com"), day=dt.date(2030, 1, 1))
    assert (row["service"], row["evidence"], row["list_age"]) == ("facebook", "name", None)


def test_a_services_own_network_before_it_had_it(world: Any, flow: Callable[..., Any]) -> None:
    # Telegram began in 2013; the day lies before what the catalogue vouches for.
    (now,) = world.ingest(flow("149.154.161.1"))
    (before,) = world.ingest(flow("149.154.161.1"), day=dt.date(2010, 1, 1))
    assert (now["service"], now["list_age"]) == ("telegram", 0)
    assert before["service"] == "telegram"
    assert before["list_age"] > 365


def test_addresses_that_change_hands_are_judged_on_the_day_only(
    empty: Any, flow: Callable[..., Any]
) -> None:
    empty.give("vpn", "203.0.113.0,203.0.113.63,anyvpn\n", *APRIL)
    empty.give("proxy", "203.0.113.64,203.0.113.127,anyproxy\n", *APRIL)
    hidden = {}
    for day in (dt.date(2024, 4, 30), dt.date(2024, 5, 1)):
        rows = empty.ingest(flow("203.0.113.9", 8443), flow("203.0.113.70", 8443), day=day)
        hidden[day] = [r["hidden"] for r in rows]
    assert list(hidden.values()) == [["vpn", "proxy"], [None, None]]


def test_explain_names_the_list_and_its_dates(empty: Any, flow: Callable[..., Any]) -> None:
    list_id = empty.give("asn", META, *APRIL)
    empty.ingest(flow("157.240.1.60"))
    for day in ("2024-04-15", "2024-05-20"):
        spoken = empty.study.explain("157.240.1.60", day)
        of_list = [s for s in spoken if s["rule"] == list_id]
        assert [s["dates"] for s in of_list] == ["2024-04-01..2024-04-30"]
        assert [s["operator"] for s in spoken if s["wins"]] == ["meta"]
