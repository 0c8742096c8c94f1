"""An address of an operator of many services names none of them: WhatsApp is not Facebook."""

from collections.abc import Callable
from typing import Any

UNNAMED = (
    ("157.240.1.60", 5222, "tcp"),
    ("157.240.1.60", 443, "tcp"),
    ("157.240.1.60", 5228, "tcp"),
    ("31.13.93.53", 5222, "tcp"),
    ("157.240.1.60", 443, "udp"),
    ("2a03:2880:f213:c5:face:b00c:0:167", 5222, "tcp"),
)


def test_address_and_port_alone_name_the_operator(world: Any, flow: Callable[..., Any]) -> None:
    v6 = {"member": "2001:db8:1::7"}
    rows = world.ingest(*(flow(*one, **v6 if ":" in one[0] else {}) for one in UNNAMED))
    for row in rows:
        assert (row["service"], row["function"], row["operator"]) == (None, None, "meta")
        assert (row["evidence"], row["list_age"]) == ("address", 0)
    assert world.summary("service", "operator") == {(None, "meta"): len(UNNAMED)}
    spoken = world.study.explain("157.240.1.60", "2024-05-01")
    winners = [(s["service"], s["operator"], s["evidence"]) for s in spoken if s["wins"]]
    assert winners == [(None, "meta", "address")]


def test_what_was_seen_names_the_service(world: Any, flow: Callable[..., Any]) -> None:
    address = "157.240.1.60"
    rows = world.ingest(
        flow(address, 5222, label="whatsapp"),
        flow(address, 5222, name="g.whatsapp.net"),
        flow(address, 443, name="www.facebook.com"),
        flow("157.240.1.61", 443, name="scontent.cdninstagram.com"),
        flow("157.240.1.62", 5222, asked="e7.whatsapp.net"),
    )
    assert [(r["service"], r["evidence"]) for r in rows] == [
        ("whatsapp", "sensor"),
        ("whatsapp", "name"),
        ("facebook", "name"),
        ("instagram", "name"),
        ("whatsapp", "dns"),
    ]
    assert {r["operator"] for r in rows} == {"meta"}


def test_dns_that_names_several_services_names_the_operator(
    world: Any, flow: Callable[..., Any]
) -> None:
    address = "157.240.1.63"
    rows = world.ingest(
        flow(address, 443, asked="www.facebook.com", at=100),
        flow(address, 443, asked="www.instagram.com", at=110),
        flow(address, 443, at=120),
    )
    assert [(r["service"], r["operator"]) for r in rows[1:]] == [(None, "meta"), (None, "meta")]


def test_who_called_the_member_is_no_use_of_a_service(world: Any, flow: Callable[..., Any]) -> None:
    (row,) = world.ingest(flow("157.240.1.60", 5222, by="remote"))
    assert row["service"] is None


def test_a_port_of_infrastructure_names_the_protocol(world: Any, flow: Callable[..., Any]) -> None:
    (row,) = world.ingest(flow("157.240.1.60", 3478, "udp"))
    assert (row["service"], row["operator"], row["function"]) == ("stun", None, "infrastructure")
