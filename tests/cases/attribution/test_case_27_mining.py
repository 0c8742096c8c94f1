"""Mining pools and nodes of a coin are kept apart, and a port that both could use says neither."""

from collections.abc import Callable
from typing import Any

import pytest

LONG = {"duration": 72_000.0, "at": 0, "out": 40_000, "into": 90_000}
POOLS = (
    # name, port, service
    ("pool.supportxmr.com", 45560, "monero-mining"),
    ("gulf.moneroocean.stream", 10128, "monero-mining"),
    ("stratum.slushpool.com", 3333, "bitcoin-mining"),
    ("daggerhashimoto.usa.nicehash.com", 3353, "nicehash"),
    ("bcn.pool.minergate.com", 45550, "minergate"),
)
PEERS = 40


def test_a_long_slow_flow_to_a_pool_is_mining_whatever_its_port(
    world: Any, flow: Callable[..., Any]
) -> None:
    asked = [flow(f"203.0.113.{n}", p, asked=name, **LONG) for n, (name, p, _) in enumerate(POOLS)]
    seen = [flow(f"203.0.113.{n}", 443, name=name) for n, (name, _, _) in enumerate(POOLS, 50)]
    rows = world.ingest(*asked, *seen)
    expected = [service for _, _, service in POOLS]
    assert [r["service"] for r in rows] == expected * 2
    assert {r["function"] for r in rows} == {"crypto-mining"}
    assert [r["evidence"] for r in rows] == ["dns"] * len(POOLS) + ["name"] * len(POOLS)


def test_a_node_has_many_peers_and_is_no_miner(world: Any, flow: Callable[..., Any]) -> None:
    rows = world.ingest(
        *(flow(f"203.0.113.{n}", 8333, **LONG) for n in range(PEERS)),
        *(flow(f"203.0.113.{n}", 18080, **LONG) for n in range(PEERS)),
        flow("203.0.113.200", 45560, asked="pool.supportxmr.com", **LONG),
    )
    assert {r["service"] for r in rows[:PEERS]} == {"bitcoin"}
    assert {r["service"] for r in rows[PEERS:-1]} == {"monero"}
    assert world.summary("function") == {("crypto-node",): 2 * PEERS, ("crypto-mining",): 1}


PLAIN_PORTS = (45550, 5555, 7777, 8332, 8545, 18081, 9332)


def test_a_port_by_itself_is_no_mining(world: Any, flow: Callable[..., Any]) -> None:
    rows = world.ingest(*(flow(f"203.0.113.{p % 200}", p, **LONG) for p in PLAIN_PORTS))
    assert {r["function"] for r in rows} & {"crypto-mining"} == set()


@pytest.mark.parametrize("port", [3333, 14444])
def test_the_usual_port_of_stratum_alone_is_no_mining(
    world: Any, flow: Callable[..., Any], port: int
) -> None:
    (row,) = world.ingest(flow("203.0.113.7", port, **LONG))
    assert row["function"] != "crypto-mining"


def test_who_calls_the_members_own_node_names_no_service_by_its_own_port(
    world: Any, flow: Callable[..., Any]
) -> None:
    (row,) = world.ingest(flow("203.0.113.7", 8333, by="remote"))
    assert row["service"] is None


def test_a_sensor_that_saw_the_method_names_mining(world: Any, flow: Callable[..., Any]) -> None:
    (row,) = world.ingest(flow("203.0.113.7", 45560, label="mining", **LONG))
    assert (row["function"], row["evidence"]) == ("crypto-mining", "sensor")


def test_a_pools_name_goes_before_the_nodes_port(world: Any, flow: Callable[..., Any]) -> None:
    plain, unknown, pool = world.ingest(
        flow("203.0.113.7", 8333),
        flow("203.0.113.7", 8333, name="www.example.org"),
        flow("203.0.113.8", 8333, name="stratum.slushpool.com"),
    )
    assert (plain["service"], plain["evidence"]) == ("bitcoin", "port")
    # TLS was seen there, which no node of Bitcoin speaks.
    assert (unknown["service"], unknown["evidence"]) == (None, None)
    assert (pool["service"], pool["evidence"]) == ("bitcoin-mining", "name")
