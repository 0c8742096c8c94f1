from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from folkways.connect.orient import Orienter
from folkways.model.addresses import address_from_text, address_to_text
from folkways.model.batches import make_batch
from folkways.model.population import Population

POPULATION = Population.parse(
    """
[[range]]
prefix = "198.51.100.0/24"
label = "first carrier"
[[exclude]]
prefix = "198.51.100.53/32"
reason = "resold"
"""
)
MEMBER, OTHER, REMOTE = "198.51.100.7", "198.51.100.8", "203.0.113.9"


def orient(rows: list[dict[str, Any]], population: Population = POPULATION) -> Any:
    names = {key for row in rows for key in row}
    columns: dict[str, pa.Array] = {}
    for name in names:
        values = [row.get(name) for row in rows]
        if name.endswith("_address"):
            values = [None if v is None else address_from_text(v) for v in values]
            columns[name] = pa.array(values, pa.binary(16))
        else:
            columns[name] = pa.array(values)
    batch = make_batch("records", columns, len(rows)).rows
    return Orienter(population, lambda a: f"member-{a[-1]:02x}").orient(batch)


def flow(source: str | None, destination: str | None, **more: Any) -> dict[str, Any]:
    sides = {"source_address": source, "destination_address": destination}
    return {"start_ms": 0, "end_ms": 0} | sides | more


def test_the_members_side_comes_from_the_address_space_never_from_ports() -> None:
    # Case 21 of public bug trackers: source port 5601 below destination port 1366.
    rows = [
        flow(MEMBER, REMOTE, source_port=5601, destination_port=1366, bytes_forward=10),
        flow(REMOTE, MEMBER, source_port=1366, destination_port=5601, bytes_forward=20),
    ]
    columns = orient(rows).columns
    assert [address_to_text(a) for a in columns["member"].to_pylist()] == [MEMBER, MEMBER]
    assert columns["member_port"].to_pylist() == [5601, 5601]
    assert columns["remote_port"].to_pylist() == [1366, 1366]
    assert columns["bytes_out"].to_pylist() == [10, None]
    assert columns["bytes_in"].to_pylist() == [None, 20]
    assert columns["sent_first"].to_pylist() == ["member", "remote"]
    assert columns["opened_by"].to_pylist() == [None, None]
    assert columns["member_range"].to_pylist() == ["first carrier"] * 2


def test_what_the_source_says_of_the_remote_side_is_kept() -> None:
    says = {"source_country": "AA", "destination_country": "BB"}
    columns = orient([flow(MEMBER, REMOTE, **says), flow(REMOTE, MEMBER, **says)]).columns
    assert columns["remote_country"].to_pylist() == ["BB", "AA"]


@pytest.mark.parametrize(
    ("source", "destination", "initiator", "opener"),
    [
        (MEMBER, REMOTE, "source", "member"),
        (MEMBER, REMOTE, "destination", "remote"),
        (REMOTE, MEMBER, "source", "remote"),
        (REMOTE, MEMBER, "destination", "member"),
        (REMOTE, MEMBER, None, None),
    ],
)
def test_opener(source: str, destination: str, initiator: str | None, opener: str | None) -> None:
    columns = orient([flow(source, destination, initiator=initiator)]).columns
    assert columns["opened_by"].to_pylist() == [opener]


def test_what_is_left_out_is_counted_by_cause() -> None:
    result = orient(
        [
            flow(REMOTE, "203.0.113.10"),
            flow(REMOTE, "198.51.100.53"),
            flow(MEMBER, REMOTE, start_ms=-5, end_ms=0),
            flow(None, None),
            flow(MEMBER, OTHER, start_ms=0, end_ms=0),
        ]
    )
    assert result.dropped == {
        "neither side in the population": 2,
        "excluded: resold": 1,
        "time out of range": 1,
    }
    assert result.rows == 1
    assert result.columns["internal"].to_pylist() == [True]


@pytest.mark.parametrize("edge", ["198.51.100.255", "198.51.100.0"])
def test_a_networks_own_addresses_are_no_members(edge: str) -> None:
    result = orient(
        [
            flow(MEMBER, edge),
            flow(edge, MEMBER),
            flow("10.0.0.5", edge, bytes_forward=500),
            flow(edge, REMOTE),
            flow(edge, edge),
        ]
    )
    assert result.dropped == {"only a network's or broadcast address of the population": 3}
    assert [address_to_text(a) for a in result.columns["member"].to_pylist()] == [MEMBER, MEMBER]
    assert [address_to_text(a) for a in result.columns["remote"].to_pylist()] == [edge, edge]
    assert result.columns["internal"].to_pylist() == [True, True]
    assert result.columns["member_range"].to_pylist() == ["first carrier"] * 2


@pytest.mark.parametrize(
    ("text", "address", "kept"),
    [
        ('prefix = "192.0.2.0/30"', "192.0.2.3", False),
        ('prefix = "192.0.2.0/31"', "192.0.2.1", True),
        ('prefix = "192.0.2.0/31"', "192.0.2.0", True),
        ('prefix = "192.0.2.255/32"', "192.0.2.255", True),
        ('prefix = "192.0.0.0/22"', "192.0.2.255", True),
        ('prefix = "192.0.0.0/22"', "192.0.3.255", False),
        ('prefix = "10.0.0.0/8"', "10.255.255.255", False),
        ('prefix = "0.0.0.0/0"', "255.255.255.255", True),
        ('prefix = "192.0.2.0/24"\nsubnet = false', "192.0.2.255", True),
        ('prefix = "2001:db8::/64"', "2001:db8::", True),
        ('prefix = "2001:db8::/64"', "2001:db8::ffff:ffff:ffff:ffff", True),
        ('prefix = "192.0.2.0/24"\n[study]\nanonymised = true', "192.0.2.255", True),
    ],
)
def test_only_the_edges_of_an_ipv4_subnet_are_no_hosts(
    text: str, address: str, *, kept: bool
) -> None:
    population = Population.parse(f"[[range]]\n{text}\n")
    assert orient([flow(address, REMOTE)], population).rows == kept


def test_an_edge_counts_only_in_the_time_of_its_range() -> None:
    population = Population.parse(
        '[[range]]\nprefix = "192.0.2.0/25"\nto = 1970-01-01\n'
        '[[range]]\nprefix = "192.0.2.0/24"\nfrom = 1970-01-02\n'
    )
    rows = [flow("192.0.2.127", REMOTE, start_ms=at, end_ms=at) for at in (0, 86_400_000)]
    result = orient(rows, population)
    assert result.columns["start_ms"].to_pylist() == [86_400_000]


def test_an_id_instead_of_an_address_makes_the_source_the_member() -> None:
    result = orient([flow(None, None, source_member="7", destination_asn=64500, flows=3)])
    assert result.member_id.to_pylist() == ["7"]
    assert result.columns["remote_asn"].to_pylist() == [64500]
    assert result.columns["sent_first"].to_pylist() == [None]


def test_a_members_address_as_host_name_is_replaced_others_stay() -> None:
    rows = [
        flow(MEMBER, REMOTE, name="198.51.100.8"),
        flow(MEMBER, REMOTE, name="203.0.113.9"),
        flow(MEMBER, REMOTE, name="example.com"),
        flow(MEMBER, REMOTE, name=None),
    ]
    names = orient(rows).columns["name"].to_pylist()
    assert names == ["member-08", "203.0.113.9", "example.com", None]


def test_a_flow_that_ends_before_it_starts_is_flagged_and_has_no_negative_duration() -> None:
    result = orient([flow(MEMBER, REMOTE, start_ms=100, end_ms=50, flaws="cut")])
    assert result.columns["end_ms"].to_pylist() == [100]
    assert result.columns["flaws"].to_pylist() == ["cut,clock"]
    assert result.flagged == {"ends before it starts": 1}


def test_days_are_utc_days_of_the_start() -> None:
    rows = [flow(MEMBER, REMOTE, start_ms=at, end_ms=at) for at in (0, 86_399_999, 86_400_000)]
    assert orient(rows).columns["day"].to_pylist() == ["1970-01-01", "1970-01-01", "1970-01-02"]


def test_a_slice_of_a_batch_is_oriented_like_the_batch() -> None:
    rows = [flow(MEMBER, REMOTE), flow(REMOTE, MEMBER), flow(REMOTE, OTHER)]
    addresses = [
        (address_from_text(r["source_address"]), address_from_text(r["destination_address"]))
        for r in rows
    ]
    columns = {
        "start_ms": pa.array([0, 0, 0]),
        "end_ms": pa.array([0, 0, 0]),
        "source_address": pa.array([a for a, _ in addresses], pa.binary(16)),
        "destination_address": pa.array([b for _, b in addresses], pa.binary(16)),
    }
    batch = make_batch("records", columns, 3).rows.slice(1)
    columns = Orienter(POPULATION, str).orient(batch).columns
    assert [address_to_text(a) for a in columns["member"].to_pylist()] == [MEMBER, OTHER]
    assert np.array_equal(columns["internal"].to_numpy(zero_copy_only=False), [False, False])


def test_a_translation_is_told_by_side_and_a_strange_address_is_no_member() -> None:
    def moved(source: str, destination: str, inner: str) -> dict[str, Any]:
        return flow(
            source,
            destination,
            translated_source_address=inner,
            translated_source_port=6000,
            translated_destination_address="192.0.2.5",
            translated_destination_port=8443,
        )

    columns = orient([moved(MEMBER, REMOTE, OTHER), moved(MEMBER, REMOTE, "192.0.2.1")]).columns
    members = columns["translated_member"].to_pylist()
    assert [m and address_to_text(m) for m in members] == [OTHER, None]
    assert [address_to_text(a) for a in columns["translated_remote"].to_pylist()] == [
        "192.0.2.5"
    ] * 2
    assert columns["translated_member_port"].to_pylist() == [6000, 6000]
    assert columns["translated_remote_port"].to_pylist() == [8443, 8443]
    back = orient([flow(REMOTE, OTHER, translated_destination_address=MEMBER)]).columns
    assert [address_to_text(a) for a in back["translated_member"].to_pylist()] == [MEMBER]
    assert back["translated_remote"].to_pylist() == [None]
