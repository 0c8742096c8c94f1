"""Rows of a NAT box: who is the member, and that both directions have one key."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.connect.orient import Orienter
from folkways.model.addresses import address_from_text, address_to_text
from folkways.model.batches import make_batch
from folkways.model.population import Population

HOST, NEIGHBOUR, ROUTER = "192.168.1.10", "192.168.1.11", "192.168.1.1"
OUTSIDE, SERVER, PROXY = "198.51.100.9", "203.0.113.5", "10.0.0.3"
LAN, ADDRESS = "192.168.1.0/24", "198.51.100.9/32"
ENDS = ("source", "destination", "translated_source", "translated_destination")

End = tuple[str, int] | str | None


def population(*prefixes: str, more: str = "") -> Population:
    return Population.parse(more + "".join(f'[[range]]\nprefix = "{p}"\n' for p in prefixes))


def row(*ends: End, **more: Any) -> dict[str, Any]:
    """Source and destination, then both after translation; an end is an address or with a port."""
    found: dict[str, Any] = {"start_ms": 0, "end_ms": 0, "protocol": 6, **more}
    for name, end in zip(ENDS, (*ends, None, None), strict=False):
        address, port = (end, None) if isinstance(end, str | None) else end
        found[f"{name}_address"] = None if address is None else address_from_text(address)
        found[f"{name}_port"] = port
    return found


def orient(who: Population, *rows: dict[str, Any]) -> Any:
    table = pa.Table.from_pylist(list(rows))
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    binary = {n: c.cast(pa.binary(16)) for n, c in columns.items() if n.endswith("_address")}
    batch = make_batch("records", columns | binary, len(rows)).rows
    return Orienter(who, str).orient(batch)


def told(found: Any) -> list[tuple[Any, ...]]:
    """Member and remote with their ports, and whether the row is internal."""

    def texts(name: str) -> list[str | None]:
        return [a and address_to_text(a) for a in found.columns[name].to_pylist()]

    ports = [found.columns[f"{side}_port"].to_pylist() for side in ("member", "remote")]
    internal = found.columns["internal"].to_pylist()
    return list(zip(texts("member"), ports[0], texts("remote"), ports[1], internal, strict=True))


GOES = row((HOST, 5000), (SERVER, 443), (OUTSIDE, 6000), None)
COMES = row((SERVER, 443), (OUTSIDE, 6000), None, (HOST, 5000))
ASKED = row((SERVER, 7000), (OUTSIDE, 8443), None, (HOST, 443))
ANSWER = row((HOST, 443), (SERVER, 7000), (OUTSIDE, 8443), None)


@pytest.mark.parametrize(
    ("prefix", "member", "port", "served"),
    [(LAN, HOST, 5000, 443), (ADDRESS, OUTSIDE, 6000, 8443)],
)
def test_source_nat_and_a_forwarded_port_from_either_side(
    prefix: str, member: str, port: int, served: int
) -> None:
    found = orient(population(prefix), GOES, COMES, ASKED, ANSWER)
    assert (
        told(found)
        == [(member, port, SERVER, 443, False)] * 2 + [(member, served, SERVER, 7000, False)] * 2
    )
    for name in ("translated_member", "translated_remote"):
        assert found.columns[name].to_pylist() == [None] * 4


def test_with_both_in_the_population_rows_stay_and_tell_the_other_address() -> None:
    found = orient(population(LAN, ADDRESS), GOES, COMES)
    assert told(found) == [
        (HOST, 5000, SERVER, 443, False),
        (OUTSIDE, 6000, SERVER, 443, False),
    ]
    others = found.columns["translated_member"].to_pylist()
    assert [address_to_text(a) for a in others] == [OUTSIDE, HOST]
    assert found.columns["translated_member_port"].to_pylist() == [6000, 5000]
    assert found.columns["observation_point"].to_pylist() == [None, None]


def test_a_port_that_is_not_said_to_be_translated_is_the_same() -> None:
    rows = (
        row((HOST, 5000), (SERVER, 443), OUTSIDE),
        row((SERVER, 443), (OUTSIDE, 5000), None, HOST),
    )
    for prefix, member in ((LAN, HOST), (ADDRESS, OUTSIDE)):
        assert told(orient(population(prefix), *rows)) == [(member, 5000, SERVER, 443, False)] * 2


@pytest.mark.parametrize("prefix", [LAN, ADDRESS])
def test_both_ends_translated(prefix: str) -> None:
    mapped = "192.0.2.77"
    goes = row((HOST, 1), (mapped, 2), (OUTSIDE, 3), (SERVER, 4))
    comes = row((SERVER, 4), (OUTSIDE, 3), (mapped, 2), (HOST, 1))
    member, remote = ((HOST, 1), (mapped, 2)) if prefix == LAN else ((OUTSIDE, 3), (SERVER, 4))
    assert told(orient(population(prefix), goes, comes)) == [(*member, *remote, False)] * 2


@pytest.mark.parametrize("prefix", [LAN, ADDRESS])
def test_a_stranger_who_was_given_the_routers_address_is_a_stranger(prefix: str) -> None:
    asked = row((SERVER, 7000), (OUTSIDE, 8443), (ROUTER, 9000), (HOST, 443))
    answer = row((HOST, 443), (ROUTER, 9000), (OUTSIDE, 8443), (SERVER, 7000))
    member = (HOST, 443) if prefix == LAN else (OUTSIDE, 8443)
    found = orient(population(prefix), asked, answer)
    assert told(found) == [(*member, SERVER, 7000, False)] * 2
    assert found.columns["translated_remote"].to_pylist() == [None, None]


def test_behind_a_transparent_proxy_stands_what_was_asked_for() -> None:
    goes = row((OUTSIDE, 1), (SERVER, 80), None, (PROXY, 3128))
    comes = row((PROXY, 3128), (OUTSIDE, 1), (SERVER, 80), None)
    found = orient(population(ADDRESS), goes, comes)
    assert told(found) == [(OUTSIDE, 1, SERVER, 80, False)] * 2


def test_a_host_that_calls_another_by_the_outside_address_is_internal() -> None:
    goes = row((HOST, 1), (OUTSIDE, 8443), (ROUTER, 2), (NEIGHBOUR, 443))
    found = orient(population(LAN), goes)
    assert told(found) == [(HOST, 1, NEIGHBOUR, 443, True)]


def test_customers_behind_one_address_are_one_member_or_many() -> None:
    rows = [row((f"100.64.0.{n}", 1000), (SERVER, 443), (OUTSIDE, 6000 + n)) for n in (1, 2)]
    assert told(orient(population(ADDRESS), *rows)) == [
        (OUTSIDE, 6001, SERVER, 443, False),
        (OUTSIDE, 6002, SERVER, 443, False),
    ]
    assert [t[0] for t in told(orient(population("100.64.0.0/10"), *rows))] == [
        "100.64.0.1",
        "100.64.0.2",
    ]


def test_ipv6_behind_a_translator() -> None:
    goes = row(("2001:db8::5", 1), ("64:ff9b::cb00:7105", 443), (OUTSIDE, 2), (SERVER, 443))
    comes = row((SERVER, 443), (OUTSIDE, 2), ("64:ff9b::cb00:7105", 443), ("2001:db8::5", 1))
    for prefix, member, remote in (
        ("2001:db8::/32", ("2001:db8::5", 1), "64:ff9b::cb00:7105"),
        (ADDRESS, (OUTSIDE, 2), SERVER),
    ):
        found = told(orient(population(prefix), goes, comes))
        assert found == [(*member, remote, 443, False)] * 2


def test_what_was_turned_is_a_sighting_of_its_own() -> None:
    rows = [COMES, {**COMES, "observation_point": "ingress"}, row(SERVER, (HOST, 5000))]
    found = orient(population(LAN), *({"observation_point": None, **r} for r in rows))
    points = found.columns["observation_point"].to_pylist()
    assert points == ["translated", "ingress, translated", None]


def test_exclusion_looks_at_both_views() -> None:
    who = population(LAN, more=f'[[exclude]]\nprefix = "{HOST}/32"\nreason = "guest"\n')
    found = orient(who, GOES, COMES, row(NEIGHBOUR, SERVER, OUTSIDE))
    assert found.dropped == {"excluded: guest": 2}
    outside = population(LAN, more=f'[[exclude]]\nprefix = "{OUTSIDE}/32"\nreason = "sold"\n')
    assert orient(outside, GOES, COMES).dropped == {"excluded: sold": 2}


def test_a_range_counts_after_translation_too_only_in_its_time() -> None:
    who = Population.parse(f'[[range]]\nprefix = "{LAN}"\nfrom = 1970-01-02\n')
    late = {"start_ms": 86_400_000, "end_ms": 86_400_000}
    found = orient(who, COMES, {**COMES, **late})
    assert found.dropped == {"neither side in the population": 1}
    assert told(found) == [(HOST, 5000, SERVER, 443, False)]


def test_anonymised_addresses_say_nothing_of_local() -> None:
    goes = row((OUTSIDE, 1), (PROXY, 80), None, (SERVER, 3128))
    real = told(orient(population(ADDRESS), goes))
    made_up = told(orient(population(ADDRESS, more="[study]\nanonymised = true\n"), goes))
    assert (real[0][2:4], made_up[0][2:4]) == ((SERVER, 3128), (PROXY, 80))


ANY = st.sampled_from([HOST, NEIGHBOUR, ROUTER, OUTSIDE, SERVER, PROXY, None])


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(ANY, ANY, ANY, ANY), min_size=1, max_size=6),
    st.sampled_from([(LAN,), (ADDRESS,), (LAN, ADDRESS)]),
)
def test_rows_are_alike_alone_and_together_and_none_is_lost(
    ends: list[tuple[str | None, ...]], prefixes: tuple[str, ...]
) -> None:
    rows = [row(*((end, n) if end else None for n, end in enumerate(e, 1))) for e in ends]
    who = population(*prefixes)
    together = orient(who, *rows)
    assert together.rows + sum(together.dropped.values()) == len(rows)
    assert told(together) == [one for r in rows for one in told(orient(who, r))]
    inside = {"192.168.1": LAN in prefixes, "198.51.100": ADDRESS in prefixes}
    for member, _, remote, _, internal in told(together):
        assert inside[member.rpartition(".")[0]]
        if internal:
            assert inside[remote.rpartition(".")[0]]
