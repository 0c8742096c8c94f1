"""What lists say of remote addresses: ports of relays, owners, kinds of networks, countries."""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from folkways.attribute.importing import import_list
from folkways.attribute.imports.rows import RangeRows
from folkways.attribute.snapshot import Snapshot
from folkways.model.addresses import address_from_text

Attribute = Callable[..., list[dict[str, Any]]]
DAY = dt.date(2017, 5, 1)


@pytest.fixture
def relays(tmp_path: Path, given_rows: Callable[[RangeRows], None]) -> Snapshot:
    """A relay that says its ports, and one whose ports nobody said."""
    octets = np.frombuffer(
        b"".join(address_from_text(t) or b"" for t in ("192.0.2.1", "192.0.2.2")), np.uint8
    ).reshape(-1, 16)
    given_rows(
        RangeRows(
            octets,
            octets,
            pa.array(["guard", "exit"]),
            pa.nulls(2, pa.string()),
            2,
            Counter(),
            ports=pa.array(["443,9030", None]),
            dates=(DAY, DAY),
        )
    )
    return made(tmp_path, "tor-relay", "")


def made(
    folder: Path,
    kind: str,
    rows: str,
    source: str = "test",
    first: dt.date | None = DAY,
) -> Snapshot:
    path = folder / f"{kind}-{source}.csv"
    path.write_text(rows, encoding="utf-8")
    import_list(
        path,
        folder / "reference",
        kind=kind,
        source=source,
        first=first,
        last=first,
        licence="CC0",
    )
    return Snapshot.load(folder / "reference")


def called(remote: str, port: int, **more: Any) -> dict[str, Any]:
    return {"remote": remote, "remote_port": port, "opened_by": "member", **more}


def named(name: str, source: str = "tls") -> dict[str, str]:
    return {"name": name, "name_source": source}


@pytest.mark.parametrize(
    ("row", "hidden"),
    [
        (called("192.0.2.1", 443), "tor"),
        (called("192.0.2.1", 9030, **named("192.0.2.1", "http")), "tor"),
        (called("192.0.2.1", 443, **named("www.t4qfj2o3zlkd.com")), "tor"),
        # A site at the relay's own port: its name is none that Tor's handshake shows.
        (called("192.0.2.1", 443, **named("shop.example.org")), None),
        (called("192.0.2.1", 443, **named("www.t4qfj2o3zlkd.net")), None),
        # Another port of the same computer.
        (called("192.0.2.1", 80), None),
        (called("192.0.2.1", 443, opened_by="remote"), None),
        (called("192.0.2.2", 8443), "tor"),
        (called("192.0.2.3", 443), None),
    ],
)
def test_a_relay_is_tor_where_it_listens(
    attribute: Attribute, relays: Snapshot, row: dict[str, Any], hidden: str | None
) -> None:
    (found,) = attribute(row, snapshot=relays)
    assert found["hidden"] == hidden


def test_what_the_list_says_of_an_address_is_kept(attribute: Attribute, relays: Snapshot) -> None:
    (found,) = attribute(called("192.0.2.1", 80), snapshot=relays)
    assert (found["remote_kind"], found["remote_detail"]) == ("tor-relay", "guard")


def test_a_relay_of_unknown_ports_that_serves_sites_is_possible_only(
    attribute: Attribute, relays: Snapshot
) -> None:
    site = called("192.0.2.2", 443, **named("shop.example.org"))
    nameless = called("192.0.2.2", 443)
    rows = attribute(site, nameless, called("192.0.2.1", 443), snapshot=relays)
    assert [row["hidden"] for row in rows] == [None, "possible-tor", "tor"]
    # A name that Tor's handshake shows as well makes no site of it.
    random = called("192.0.2.2", 443, **named("www.abcdefgh2345.com"))
    rows = attribute(random, nameless, snapshot=relays)
    assert [row["hidden"] for row in rows] == ["tor", "tor"]


def test_outside_the_days_of_the_list_nobody_is_a_relay(
    attribute: Attribute, relays: Snapshot
) -> None:
    (found,) = attribute(called("192.0.2.1", 443), snapshot=relays, day="2017-05-02")
    assert (found["hidden"], found["remote_kind"]) == (None, None)


def test_the_usual_port_alone_is_possible_only(attribute: Attribute) -> None:
    (found,) = attribute(called("192.0.2.77", 9001), snapshot=Snapshot())
    assert found["hidden"] == "possible-tor"


def test_lists_of_services_and_operators(attribute: Attribute, tmp_path: Path) -> None:
    made(tmp_path, "operator", "192.0.2.0,192.0.2.255,meta\n198.51.100.0,198.51.100.9,nobody\n")
    snapshot = made(tmp_path, "service", "192.0.2.64,192.0.2.95,telegram\n")
    own, service, unknown = attribute(
        called("192.0.2.1", 443),
        called("192.0.2.65", 443),
        called("198.51.100.1", 443),
        snapshot=snapshot,
    )
    ids = {one.kind: one.id for one in snapshot.lists}
    assert (own["service"], own["operator"], own["rule"]) == (None, "meta", ids["operator"])
    assert (service["service"], service["evidence"]) == ("telegram", "address")
    assert (service["rule"], service["list_age"]) == (ids["service"], 0)
    assert (unknown["service"], unknown["operator"], unknown["rule"]) == (None, None, None)
    (later,) = attribute(called("192.0.2.1", 443), snapshot=snapshot, day="2017-05-11")
    assert (later["operator"], later["list_age"]) == ("meta", 10)


def test_a_kind_of_network_by_list_then_by_its_name(attribute: Attribute, tmp_path: Path) -> None:
    made(
        tmp_path,
        "asn",
        "192.0.2.0,192.0.2.127,64500,University of Example\n"
        "192.0.2.128,192.0.2.255,64501,Example Holdings\n",
    )
    made(tmp_path, "government", "192.0.2.64,192.0.2.95,a ministry\n")
    snapshot = made(tmp_path, "hosting", "192.0.2.96,192.0.2.127,a provider\n")
    rows = attribute(
        *(called(f"192.0.2.{last}", 443) for last in (1, 65, 97, 129)), snapshot=snapshot
    )
    assert [row["remote_kind"] for row in rows] == ["education", "government", "hosting", None]
    assert [row["remote_detail"] for row in rows] == [None, "a ministry", "a provider", None]


def test_both_countries_are_kept(attribute: Attribute, tmp_path: Path) -> None:
    made(tmp_path, "country", "192.0.2.0,192.0.2.255,DE\n", "one")
    snapshot = made(tmp_path, "country", "192.0.2.0,192.0.2.127,NL\n", "two", None)
    both, one, told = attribute(
        called("192.0.2.1", 443),
        called("192.0.2.200", 443),
        called("192.0.2.1", 443, remote_country="FR"),
        snapshot=snapshot,
    )
    pairs = [(row["remote_country"], row["remote_country_second"]) for row in (both, one, told)]
    assert pairs == [("DE", "NL"), ("DE", None), ("FR", "DE")]
