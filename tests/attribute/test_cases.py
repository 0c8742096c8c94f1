"""What public bug trackers of flow tools taught: the kinds of mistakes, each as a small input."""

from collections.abc import Callable
from typing import Any

Attribute = Callable[..., list[dict[str, Any]]]


def test_the_lower_port_is_not_the_server(attribute: Attribute) -> None:
    # Source port 5601 below destination port 1366: only the far side's port names a service, and a
    # lone SYN to a dead port stays an unnamed attempt.
    far, own, syn = attribute(
        {"member_port": 40000, "remote_port": 18080, "opened_by": "member", "remote": "192.0.2.1"},
        {"member_port": 18080, "remote_port": 40000, "opened_by": "member", "remote": "192.0.2.1"},
        {"member_port": 5601, "remote_port": 1366, "opened_by": "member", "answered": False},
    )
    assert (far["service"], own["service"], syn["service"]) == ("monero", None, None)


def test_a_name_that_looks_random_is_never_evidence_of_tor(attribute: Attribute) -> None:
    names = ("www.awxcdn.com", "foxbusiness.com", "www.anywayanyday.com", "www.t4qfj2o3zlkd.com")
    rows = attribute(
        *(
            {"name": n, "name_source": "tls", "remote": "192.0.2.1", "remote_port": port}
            for n in names
            for port in (443, 9001)
        )
    )
    assert {row["hidden"] for row in rows} == {None}
    assert {row["evidence"] for row in rows} == {None}


def test_tor_by_the_relay_list_of_that_day(attribute: Attribute) -> None:
    guard = {"remote": "203.0.113.9", "remote_port": 443, "opened_by": "member"}
    on_the_day, with_random_name, ordinary_site = attribute(
        guard,
        {**guard, "name": "www.t4qfj2o3zlkd.com", "name_source": "tls"},
        {**guard, "name": "www.facebook.com", "name_source": "tls"},
    )
    assert (on_the_day["remote_kind"], on_the_day["hidden"]) == ("tor-relay", "tor")
    assert with_random_name["hidden"] == "tor"
    # A relay that hosts an ordinary site as well: what the name says goes before the list.
    assert (ordinary_site["service"], ordinary_site["hidden"]) == ("facebook", None)
    assert attribute(guard, day="2017-05-02")[0]["hidden"] != "tor"


def test_whatsapp_at_a_meta_address(attribute: Attribute) -> None:
    flow = {"remote": "157.240.1.60", "remote_port": 5222, "opened_by": "member"}
    plain, signed = attribute(flow, {**flow, "sensor_label": "WhatsApp"})
    assert (plain["service"], plain["operator"], plain["evidence"]) == (None, "meta", "address")
    assert (signed["service"], signed["evidence"]) == ("whatsapp", "sensor")


def test_hosted_at_a_cloud_is_not_use_of_the_clouds_shop(attribute: Attribute) -> None:
    row = attribute({"remote": "52.1.2.3", "remote_port": 443, "opened_by": "member"})[0]
    assert (row["service"], row["operator"], row["function"]) == (None, None, None)
    assert (row["remote_kind"], row["remote_asn"]) == ("hosting", 16509)


def test_a_list_older_or_newer_than_the_flow_says_so(attribute: Attribute) -> None:
    flow = {"remote": "149.154.161.1"}
    inside, before = (attribute(flow, day=day)[0] for day in ("2017-05-01", "2013-01-01"))
    assert (inside["service"], inside["list_age"]) == ("telegram", 0)
    assert (before["service"], before["list_age"]) == ("telegram", 365)


def test_mining_and_nodes_are_kept_apart(attribute: Attribute) -> None:
    pool, bitcoin, monero = attribute(
        {"name": "pool.example.org", "remote_port": 45560},
        {"remote": "192.0.2.7", "remote_port": 8333},
        {"remote": "192.0.2.7", "remote_port": 18080},
    )
    assert [r["function"] for r in (pool, bitcoin, monero)] == [
        "crypto-mining",
        "crypto-node",
        "crypto-node",
    ]


def test_the_outer_name_of_an_encrypted_client_hello_is_no_service(attribute: Attribute) -> None:
    row = attribute(
        {"name": "cloudflare-ech.com", "name_source": "tls", "remote": "198.51.100.70"}
    )[0]
    assert (row["service"], row["rule"], row["encrypted"]) == (None, None, "ech")
    assert (row["remote_kind"], row["hidden"]) == ("cdn", None)
