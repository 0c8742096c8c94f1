"""Tor by the relays that were valid on that day, at the ports where they listen."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

DAY = dt.date(2024, 5, 1)
NEXT = DAY + dt.timedelta(days=1)
TOR_NAME = "www.t4qfj2o3zlkd.com"


def hidden(rows: list[dict[str, Any]]) -> list[str | None]:
    return [row["hidden"] for row in rows]


@pytest.mark.slow
def test_a_guard_that_is_no_exit_is_found_on_its_days_only(
    world: Any, flow: Callable[..., Any], relay: Callable[..., Any]
) -> None:
    later = DAY + dt.timedelta(days=3)
    world.give_relays(
        relay("203.0.113.9", "guard", "443", DAY, NEXT),
        relay("203.0.113.10", "exit", "9101", DAY, later),
    )
    found = {}
    for days in (-1, 0, 1, 2, 4):
        rows = world.ingest(
            flow("203.0.113.9"), flow("203.0.113.10", 9101), day=DAY + dt.timedelta(days=days)
        )
        found[days] = hidden(rows)
    assert found == {
        -1: [None, None],
        0: ["tor", "tor"],
        1: ["tor", "tor"],
        2: [None, "tor"],
        4: [None, None],
    }


def test_the_usual_port_without_a_list_is_a_suspicion(
    world: Any, flow: Callable[..., Any], relay: Callable[..., Any]
) -> None:
    world.give_relays(relay("203.0.113.9", ports="443"))
    rows = world.ingest(
        flow("203.0.113.5", 9001),
        flow("203.0.113.5", 9001, name="www.example.org"),
        flow("203.0.113.5", 9001, by="remote"),
    )
    assert hidden(rows) == ["possible-tor", None, None]


def test_what_is_known_is_no_suspicion_as_well(
    world: Any, flow: Callable[..., Any], relay: Callable[..., Any]
) -> None:
    world.give_relays(relay("203.0.113.9", ports="9001"), relay("203.0.113.10"))
    rows = world.ingest(flow("203.0.113.9", 9001), flow("203.0.113.10", 9001))
    assert hidden(rows) == ["tor", "tor"]


def test_at_other_ports_of_a_relay_there_are_other_things(
    world: Any, flow: Callable[..., Any], relay: Callable[..., Any]
) -> None:
    world.give_relays(relay("203.0.113.9", "guard", "443,9030"), relay("203.0.113.10", "relay"))
    ports = (443, 9030, 22, 25, 4430, 43)
    rows = world.ingest(*(flow(f"203.0.113.{n}", port) for n in (9, 10) for port in ports))
    assert hidden(rows[:6]) == ["tor", "tor", None, None, None, None]
    # A list that says no ports speaks of the whole address.
    assert hidden(rows[6:]) == ["tor"] * 6
    assert {row["remote_kind"] for row in rows} == {"tor-relay"}


def test_a_relay_that_hosts_ordinary_sites_is_possible(
    world: Any, flow: Callable[..., Any], relay: Callable[..., Any]
) -> None:
    world.give_relays(
        relay("203.0.113.9"), relay("203.0.113.10"), relay("203.0.113.11", ports="9101")
    )
    rows = world.ingest(
        flow("203.0.113.9", name="www.example.org"),
        flow("203.0.113.9"),
        flow("203.0.113.9", name=TOR_NAME),
        flow("203.0.113.10"),
        flow("203.0.113.10", name=TOR_NAME),
        flow("203.0.113.11", name="www.example.org"),
        flow("203.0.113.11", 9101),
        flow("203.0.113.11", 443),
    )
    assert hidden(rows) == [
        *(None, "possible-tor", "possible-tor"),  # ordinary sites were seen there that day
        *("tor", "tor"),  # at this one none was
        *(None, "tor", None),  # the port decides where it is known
    ]


def test_a_named_service_at_a_relay_is_that_service(
    world: Any, flow: Callable[..., Any], relay: Callable[..., Any]
) -> None:
    world.give_relays(relay("203.0.113.9"))
    named, by_dns = world.ingest(
        flow("203.0.113.9", name="www.facebook.com"), flow("203.0.113.9", asked="www.facebook.com")
    )
    assert (named["service"], named["hidden"]) == ("facebook", None)
    assert by_dns["service"] == "facebook"


def test_what_a_relay_opens_towards_a_member_is_no_use_of_tor(
    world: Any, flow: Callable[..., Any], relay: Callable[..., Any]
) -> None:
    world.give_relays(relay("203.0.113.9", "exit", "9001"), relay("203.0.113.10", "exit"))
    rows = world.ingest(
        flow("203.0.113.9", 9001, by="remote"), flow("203.0.113.10", 40_000, by="remote")
    )
    assert hidden(rows) == [None, None]


def test_a_relay_names_nobody_as_operator(
    world: Any, flow: Callable[..., Any], relay: Callable[..., Any]
) -> None:
    # A relay at a cloud or in an operator's own network is not use of the operator.
    world.give_relays(relay("52.31.2.3", ports="9101"), relay("157.240.1.60", ports="443"))
    rows = world.ingest(flow("52.31.2.3", 9101), flow("157.240.1.60"))
    assert hidden(rows) == ["tor", "tor"]
    assert {row["operator"] for row in rows} == {None}
    assert world.summary("hidden") == {("tor",): 2}


def test_a_relay_of_ipv6(world: Any, flow: Callable[..., Any], relay: Callable[..., Any]) -> None:
    world.give_relays(relay("2001:db8:5::9", ports="443"), relay("203.0.113.9", ports="9101"))
    rows = world.ingest(
        *(flow("2001:db8:5::9", port, member="2001:db8:1::7") for port in (443, 9101)),
        flow("203.0.113.9", 9101),
    )
    assert hidden(rows) == ["tor", None, "tor"]


@pytest.mark.parametrize("label", ["tor", "TLS.Tor"])
def test_a_sensor_that_knows_tor_needs_no_list(
    world: Any, flow: Callable[..., Any], label: str
) -> None:
    (row,) = world.ingest(flow("203.0.113.77", 4443, label=label))
    assert (row["hidden"], row["service"]) == ("tor", "tor")
