"""Encrypted client hello: the outer name is its provider's for all who are behind it."""

from collections.abc import Callable
from typing import Any

OUTER = ("cloudflare-ech.com", "CLOUDFLARE-ECH.COM", "cloudflare-ech.com.", "cloudflare-esni.com")


def test_the_outer_name_names_nobody(world: Any, flow: Callable[..., Any]) -> None:
    ways = [("tls", "tcp"), ("quic", "udp")]
    flows = [flow("104.16.1.2", 443, p, name, source) for name in OUTER for source, p in ways]
    for row in world.ingest(*flows):
        assert (row["service"], row["function"], row["operator"]) == (None, None, None)
        assert (row["encrypted"], row["hidden"]) == ("ech", None)
        assert row["remote_kind"] == "cdn"
    assert not [s for s in world.study.explain("cloudflare-ech.com", "2024-05-01") if s["wins"]]


def test_ech_is_a_way_of_encryption_and_no_group_of_services(
    world: Any, flow: Callable[..., Any]
) -> None:
    world.ingest(
        flow("104.16.1.2", name="cloudflare-ech.com"),
        flow("104.16.1.3", name="cloudflare-ech.com"),
        flow("104.16.1.4", name="discord.com"),
    )
    assert world.summary("encrypted") == {("ech",): 2, ("tls",): 1}
    assert world.summary("service") == {(None,): 2, ("discord",): 1}


def test_names_that_are_seen_go_on_to_count(world: Any, flow: Callable[..., Any]) -> None:
    rows = world.ingest(
        flow("104.16.1.2", name="www.cloudflare.com"),
        flow("104.16.1.2", name="medium.com"),
        flow("104.16.1.2", name="www.cloudflare-ech.com.example.org"),
        flow("2606:4700::6810:102", name="cloudflare-ech.com", member="2001:db8:1::7"),
        flow("203.0.113.5", name="cloudflare-ech.com"),
    )
    assert [r["encrypted"] for r in rows] == ["tls", "tls", "tls", "ech", "ech"]
    assert [r["service"] for r in rows] == ["cloudflare", "medium", None, None, None]


def test_over_http_it_is_a_host_like_any_other(world: Any, flow: Callable[..., Any]) -> None:
    (row,) = world.ingest(flow("104.16.1.2", 80, name="cloudflare-ech.com", name_source="http"))
    assert row["encrypted"] == "none"
    assert row["service"] is None


def test_the_inner_name_that_dns_gave_is_not_the_outer_one(
    world: Any, flow: Callable[..., Any]
) -> None:
    (row,) = world.ingest(flow("104.16.1.2", name="cloudflare-ech.com", asked="discord.com"))
    assert row["encrypted"] == "ech"
    # What DNS said may name it, with DNS as its evidence; the outer name never does.
    assert (row["service"], row["evidence"]) in {(None, None), ("discord", "dns")}
