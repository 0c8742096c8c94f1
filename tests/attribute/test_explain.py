"""What speaks of a thing, and that the winner is the ladder's own."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.explain import Spoken, explain
from folkways.attribute.snapshot import Snapshot

DAY = dt.date(2017, 5, 1)


@pytest.fixture
def ask(small: Catalogue, lists: Snapshot) -> Callable[[str], list[Spoken]]:
    return lambda thing: explain(thing, small, lists, DAY)


def test_a_host(ask: Callable[[str], list[Spoken]]) -> None:
    first, second = ask("Edge.Chat.Facebook.com.")
    assert (first.rule, first.wins, first.service) == (
        "whatsapp/domain/chat.facebook.com",
        True,
        "whatsapp",
    )
    assert (second.rule, second.wins) == ("facebook/domain/facebook.com", False)
    assert second.why == "a longer name matches as well"
    assert ask("unheard.example") == []


def test_an_outer_name(ask: Callable[[str], list[Spoken]]) -> None:
    (only,) = ask("cloudflare-ech.com")
    assert (only.wins, only.why) == (False, "names no service")


def test_an_address(ask: Callable[[str], list[Spoken]]) -> None:
    spoken = ask("149.154.161.1")
    assert (spoken[0].rule, spoken[0].wins) == ("telegram/network/149.154.160.0/20", True)
    assert spoken[0].says == "149.154.161.1 lies in 149.154.160.0/20 of Telegram"
    assert str(spoken[0].dates) == "2014-01-01..2026-11-25"
    others = {(s.rule.split("-")[0], s.says) for s in spoken[1:]}
    assert ("asn", "asn: 62041") in others
    assert ("country", "country: GB") in others
    assert ("telegram/network/AS62041", "149.154.161.1 lies in AS62041 of Telegram") in others
    assert not any(s.wins for s in spoken[1:])


def test_an_address_that_is_rented_out(ask: Callable[[str], list[Spoken]]) -> None:
    spoken = ask("52.1.2.3")
    assert not any(s.wins for s in spoken)
    assert {s.rule for s in spoken if "rented out (hosting)" in s.says} == {
        "aws/network/52.0.0.0/8",
        "operator/amazon/network/AS16509",
    }


def test_a_local_address(ask: Callable[[str], list[Spoken]]) -> None:
    assert [s.rule for s in ask("10.1.2.3")] == ["local/10.0.0.0/8"]


def test_ports(ask: Callable[[str], list[Spoken]]) -> None:
    assert [(s.rule, s.wins) for s in ask("UDP/53")] == [
        ("dns/port/udp/53", True),
        ("encrypted/udp/53", False),
    ]
    assert [(s.rule, s.wins) for s in ask("udp/27960")] == [
        ("quake/port/udp/27960-27969", False),
        ("urban/port/udp/27960", False),
    ]
    assert [s.rule for s in ask("tcp/9001")] == ["hidden/possible-tor/tcp/9001"]
    assert ask("tcp/40000") == []
    assert ask("tcp/99999") == []


def test_the_winner_is_the_ladders(
    ask: Callable[[str], list[Spoken]], attribute: Callable[..., list[dict[str, Any]]]
) -> None:
    things = ["157.240.1.1", "8.8.8.8", "72.21.200.1", "198.51.100.130", "2a03:2880::1"]
    rows = attribute(*({"remote": t} for t in things))
    winners = [next((s.rule for s in ask(t) if s.wins), None) for t in things]
    assert winners == [row["rule"] for row in rows]
    assert winners[1] == "open-resolver/network/8.8.8.8/32"


@pytest.mark.parametrize(
    ("rule", "service", "operator", "says"),
    [
        ("facebook/domain/facebook.com", "facebook", "meta", "names Facebook"),
        ("operator/amazon/network/AS16509", None, "amazon", "names Amazon"),
        ("dns/port/udp/53", "dns", None, "names Dns"),
    ],
)
def test_a_stored_rule(
    ask: Callable[[str], list[Spoken]],
    rule: str,
    service: str | None,
    operator: str | None,
    says: str,
) -> None:
    (found,) = ask(rule)
    assert (found.rule, found.service, found.operator, found.says) == (
        rule,
        service,
        operator,
        says,
    )
    assert found.why.startswith("source: ")


def test_a_list_named_by_a_stored_row(ask: Callable[[str], list[Spoken]], lists: Snapshot) -> None:
    one = next(one for one in lists.lists if one.kind == "vpn")
    (found,) = ask(one.id)
    assert (found.says, found.dates) == ("a list of kind vpn from hand", one.dates)
