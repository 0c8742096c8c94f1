"""A video service at a cloud is not use of the cloud's owner, least of all of its shop."""

from collections.abc import Callable
from typing import Any

HOSTS = (
    ("52.31.2.3", "hosting"),
    ("13.74.100.1", "hosting"),
    ("34.90.1.2", "hosting"),
    ("51.68.1.2", "hosting"),
    ("23.40.1.2", "cdn"),
    ("104.16.1.2", "cdn"),
)
OWNERS = {"amazon", "amazon-video", "aws", "microsoft", "azure", "google", "google-cloud", "ovh"}
OWNERS |= {"akamai", "cloudflare", "bing", "youtube", "outlook", "office365", "windows-update"}


def test_without_a_name_it_is_unknown_at_that_provider(
    world: Any, flow: Callable[..., Any]
) -> None:
    ways = [(443, "tcp"), (443, "udp"), (1935, "tcp"), (8080, "tcp")]
    flows = [(address, kind, way) for address, kind in HOSTS for way in ways]
    many = {"out": 10**6, "into": 10**9, "duration": 7000}
    rows = world.ingest(*(flow(address, *way, **many) for address, _, way in flows))
    for row, (_, kind, _) in zip(rows, flows, strict=True):
        assert row["service"] not in OWNERS
        assert (row["operator"], row["remote_kind"]) == (None, kind)
        assert row["evidence"] in {None, "port"}
    assert world.summary("operator") == {(None,): len(flows)}


def test_with_a_name_it_is_the_one_that_runs_there(world: Any, flow: Callable[..., Any]) -> None:
    addresses = [address for address, _ in HOSTS]
    rows = world.ingest(
        *(flow(address, name="vod-hls-uk-live.bbc.co.uk") for address in addresses),
        *(flow(address, 443, "udp", "www.netflix.com", "quic") for address in addresses),
        *(flow(address, name="unheard-of.example") for address in addresses),
    )
    services = [(r["service"], r["operator"]) for r in rows]
    named = [("bbc", "bbc"), ("netflix", "netflix"), (None, None)]
    assert services == [one for one in named for _ in addresses]


def test_a_clouds_own_name_tells_where_not_what(world: Any, flow: Callable[..., Any]) -> None:
    asked = flow("52.31.2.3", asked="ec2-52-31-2-3.eu-west-1.compute.amazonaws.com")
    asked_edge = flow("23.40.1.2", asked="e1.akamaiedge.net")
    for row in world.ingest(asked, asked_edge):
        assert (row["service"], row["operator"]) == (None, None)


def test_the_shop_is_named_by_its_name(world: Any, flow: Callable[..., Any]) -> None:
    shop, edge = world.ingest(
        flow("52.94.236.248", name="www.amazon.com"), flow("104.16.1.2", name="www.cloudflare.com")
    )
    assert (shop["service"], shop["function"]) == ("amazon", "shopping")
    assert edge["operator"] == "cloudflare"


def test_a_list_of_hosting_makes_an_unknown_networks_address_hosting(
    world: Any, flow: Callable[..., Any]
) -> None:
    world.give("hosting", "203.0.113.128,203.0.113.255,provider\n")
    hosted, other = world.ingest(flow("203.0.113.200"), flow("203.0.113.20"))
    assert (hosted["remote_kind"], hosted["operator"]) == ("hosting", None)
    assert other["remote_kind"] is None
