"""Each rung of the ladder and each tie, with the outcome worked out by hand."""

from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.ladder import attribute_day
from folkways.attribute.snapshot import Snapshot
from folkways.model.addresses import address_from_text
from folkways.model.columns import CONNECTED, CONNECTIONS

Attribute = Callable[..., list[dict[str, Any]]]
META, SERVICES_NET, CLOUD = "157.240.1.1", "149.154.161.1", "52.1.2.3"
NOWHERE = "192.0.2.1"


def decided(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["service"], row["operator"], row["evidence"], row["rule"])


NOBODY = (None, None, None, None)


def test_schema_is_that_of_connections(small: Catalogue, lists: Snapshot) -> None:
    with duckdb.connect() as con:
        con.register("connected", pa.Table.from_batches([], CONNECTED.schema))
        view = attribute_day(con, "connected", "2017-05-01", small, lists)
        found = con.sql(f"FROM {view}").to_arrow_table()
    assert found.num_rows == 0
    assert found.schema.names == list(CONNECTIONS.names)
    assert [pa.binary() if t == pa.binary(16) else t for t in CONNECTIONS.schema.types] == (
        found.schema.types
    )


def test_name_beats_everything(attribute: Attribute) -> None:
    row = attribute(
        {
            "name": "www.facebook.com",
            "remote": SERVICES_NET,
            "sensor_label": "WhatsApp",
            "remote_port": 53,
        }
    )[0]
    assert decided(row) == ("facebook", "meta", "name", "facebook/domain/facebook.com")
    assert (row["function"], row["jurisdiction"], row["list_age"]) == ("social", "US", None)


def test_longest_suffix_wins(attribute: Attribute) -> None:
    rows = attribute(
        {"name": "edge.chat.facebook.com"},
        {"name": "chat.facebook.com"},
        {"name": "notfacebook.com"},
        {"name": "t.me"},
        {"name": "www.t.me"},
    )
    assert [r["service"] for r in rows] == ["whatsapp", "whatsapp", None, "telegram", None]


def test_a_name_that_matches_nothing_decides_nothing(attribute: Attribute) -> None:
    alone, at_meta, at_service = attribute(
        {"name": "www.unheard.example", "remote": NOWHERE},
        {"name": "www.unheard.example", "remote": META},
        {"name": "www.unheard.example", "remote": SERVICES_NET},
    )
    assert decided(alone) == NOBODY
    assert decided(at_meta) == (None, "meta", "address", "operator/meta/network/AS32934")
    assert at_service["service"] == "telegram"


def test_service_by_its_own_prefix_goes_before_sensor_and_port(attribute: Attribute) -> None:
    row = attribute({"remote": SERVICES_NET, "sensor_label": "facebook", "remote_port": 8333})[0]
    assert decided(row) == ("telegram", "telegram", "address", "telegram/network/149.154.160.0/20")
    assert (row["function"], row["jurisdiction"]) == ("messaging", "AE")
    assert (row["list_age"], row["remote_asn"], row["remote_country"]) == (0, 62041, "GB")


def test_service_by_as_number(attribute: Attribute) -> None:
    row = attribute({"remote": "91.108.56.1"})[0]
    assert decided(row) == ("telegram", "telegram", "address", "telegram/network/AS62041")
    assert row["list_age"] == 0


def test_ipv6_remote(attribute: Attribute) -> None:
    row = attribute({"remote": "2a03:2880:f10d::1"})[0]
    assert (row["operator"], row["remote_country"]) == ("meta", "IE")


def test_sensor_goes_before_operator_by_address(attribute: Attribute) -> None:
    rows = attribute(
        {"remote": META, "sensor_label": "WHATSAPP"},
        {"remote": META, "sensor_label": "TLS.WhatsApp"},
        {"remote": META, "sensor_label": "ssl"},
    )
    assert decided(rows[0]) == ("whatsapp", "meta", "sensor", "whatsapp/sensor/whatsapp")
    assert rows[1]["service"] == "whatsapp"
    assert decided(rows[2]) == (None, "meta", "address", "operator/meta/network/AS32934")


def test_operator_by_address_goes_before_port(attribute: Attribute) -> None:
    row = attribute({"remote": META, "remote_port": 8333})[0]
    assert (row["service"], row["operator"], row["evidence"]) == (None, "meta", "address")
    assert row["function"] is None


def test_port_only_on_the_remote_side_with_protocol_and_opened_by_the_member(
    attribute: Attribute,
) -> None:
    rows = attribute(
        {"remote": NOWHERE, "remote_port": 8333, "opened_by": "member"},
        {"remote": NOWHERE, "remote_port": 8333, "opened_by": None},
        {"remote": NOWHERE, "remote_port": 8333, "opened_by": "remote"},
        {"remote": NOWHERE, "member_port": 8333, "opened_by": "member"},
        {"remote": NOWHERE, "remote_port": 8333, "protocol": 17},
        {"remote": NOWHERE, "remote_port": 8333, "protocol": None},
    )
    assert decided(rows[0]) == ("bitcoin", None, "port", "bitcoin/port/tcp/8333")
    assert [r["service"] for r in rows] == ["bitcoin", None, None, None, None, None]


def test_a_port_that_two_services_claim_names_none(attribute: Attribute) -> None:
    rows = attribute(
        {"remote": NOWHERE, "remote_port": 27960, "protocol": 17},
        {"remote": NOWHERE, "remote_port": 27961, "protocol": 17},
    )
    assert decided(rows[0]) == NOBODY
    assert decided(rows[1]) == ("quake", None, "port", "quake/port/udp/27960-27969")


def test_a_dns_query_is_not_use_of_whoever_answers(attribute: Attribute) -> None:
    rows = attribute(
        {"remote": META, "remote_port": 53, "protocol": 17},
        {"remote": SERVICES_NET, "remote_port": 53, "protocol": 17},
        {"remote": "8.8.8.8", "remote_port": 53, "protocol": 17},
        {"remote": "8.8.8.9", "remote_port": 53, "protocol": 17},
        {"remote": META, "remote_port": 40000, "sensor_label": "DNS.Facebook"},
        {"remote": META, "remote_port": 123, "protocol": 17},
        {"remote": SERVICES_NET, "remote_port": 123, "protocol": 17},
        {"remote": META, "remote_port": 53, "name": "www.facebook.com"},
    )
    assert decided(rows[0]) == ("dns", None, "port", "dns/port/udp/53")
    assert [r["service"] for r in rows] == [
        "dns", "dns", "open-resolver", "dns", "dns", "ntp", "telegram", "facebook"
    ]  # fmt: skip
    assert decided(rows[4]) == ("dns", None, "sensor", "dns/sensor/dns")


def test_what_is_rented_out_names_no_brand(attribute: Attribute) -> None:
    cloud, number, own, cdn, listed, listed_cdn, named = attribute(
        {"remote": CLOUD},
        {"remote_asn": 16509},
        {"remote": "72.21.200.1"},
        {"remote": "23.40.0.1"},
        {"remote": "198.51.100.130"},
        {"remote": "198.51.100.70"},
        {"remote": CLOUD, "name": "www.amazon.com"},
    )
    assert (decided(cloud), cloud["remote_kind"]) == (NOBODY, "hosting")
    assert (decided(number), number["remote_kind"]) == (NOBODY, "hosting")
    assert (own["operator"], own["remote_kind"]) == ("amazon", None)
    assert (decided(cdn), cdn["remote_kind"]) == (NOBODY, "cdn")
    assert (decided(listed), listed["remote_kind"]) == (NOBODY, "hosting")
    assert (decided(listed_cdn), listed_cdn["remote_kind"]) == (NOBODY, "cdn")
    assert (named["service"], named["remote_kind"]) == ("shop", "hosting")


def test_what_the_source_says_goes_before_lists(attribute: Attribute) -> None:
    both, only_number, zero = attribute(
        {
            "remote": SERVICES_NET.replace("149.154.161", "198.51.100"),
            "remote_asn": 32934,
            "remote_country": "FR",
        },
        {"remote": None, "remote_asn": 32934},
        {"remote": META, "remote_asn": 0},
    )
    assert (both["remote_asn"], both["remote_country"], both["operator"]) == (32934, "FR", "meta")
    assert both["list_age"] is None
    assert (only_number["operator"], only_number["list_age"]) == ("meta", None)
    assert (zero["remote_asn"], zero["operator"], zero["list_age"]) == (32934, "meta", 0)


def test_an_as_number_of_the_source_tells_the_age_of_a_fact_outside_its_dates(
    attribute: Attribute,
) -> None:
    row = attribute({"remote_asn": 62041}, day="2019-01-10")[0]
    assert (row["service"], row["list_age"]) == ("telegram", 10)


def test_local_remotes_have_neither_country_nor_as(attribute: Attribute) -> None:
    local = ("10.1.2.3", "192.168.1.1", "224.0.0.251", "fe80::1", "::1")
    for row in attribute(*({"remote": remote} for remote in local)):
        assert (row["remote_asn"], row["remote_country"], row["remote_kind"]) == (None, None, None)


def test_the_pseudonym_of_internal_traffic_is_not_looked_up(attribute: Attribute) -> None:
    rows = attribute({"remote": META, "noise": "internal"})
    assert (rows[0]["operator"], rows[0]["remote_country"], rows[0]["remote_asn"]) == (None,) * 3


def test_list_age(attribute: Attribute) -> None:
    ages = [
        attribute({"remote": META}, day=day)[0]["list_age"]
        for day in ("2017-03-31", "2017-04-01", "2017-06-30", "2017-07-10")
    ]
    assert ages == [1, 0, 0, 10]
    before, after = (
        attribute({"remote": SERVICES_NET}, day=d)[0]["list_age"]
        for d in ("2013-12-31", "2026-11-27")
    )
    assert (before, after) == (1, 2)


def test_jurisdiction_by_day(attribute: Attribute) -> None:
    seats = [
        attribute({"name": "t.me"}, day=day)[0]["jurisdiction"]
        for day in ("2014-12-31", "2015-01-01", "2016-12-31", "2017-01-01")
    ]
    assert seats == ["RU", None, None, "AE"]


HIDDEN: list[tuple[dict[str, Any], str | None]] = [
    ({"remote_port": 1194, "protocol": 17}, "possible-vpn"),
    ({"remote_port": 1194, "protocol": 17, "opened_by": "remote"}, None),
    ({"remote_port": 51820, "protocol": 17}, "possible-vpn"),
    ({"remote_port": 51820, "protocol": 6}, None),
    ({"remote_port": 4500, "protocol": 17}, "vpn"),
    ({"protocol": 50}, "vpn"),
    ({"protocol": 51, "opened_by": "remote"}, "vpn"),
    ({"protocol": 47}, None),
    ({"remote_port": 1723}, "vpn"),
    ({"remote_port": 1701, "protocol": 17}, "vpn"),
    ({"remote_port": 853}, "encrypted-dns"),
    ({"remote_port": 853, "protocol": 17}, "encrypted-dns"),
    ({"remote_port": 9001}, "possible-tor"),
    ({"remote_port": 9001, "name": "www.unheard.example"}, None),
    ({"remote_port": 9001, "remote": META}, None),
    ({"name": "www.somevpn.com"}, "vpn"),
    ({"sensor_label": "OpenVPN"}, "vpn"),
    ({"sensor_label": "TLS.Tor"}, "tor"),
    ({"sensor_label": "SOCKS"}, "proxy"),
    ({"remote": "203.0.113.1"}, "vpn"),
    ({"remote": "203.0.113.100"}, "proxy"),
    ({"remote": "203.0.113.9"}, "tor"),
    ({"remote": "203.0.113.1", "opened_by": "remote"}, None),
    ({"remote": "203.0.113.1", "remote_port": 853}, "encrypted-dns,vpn"),
    ({"remote": "198.51.100.130"}, "possible-vps"),
    ({"remote": "198.51.100.130", "name": "www.unheard.example"}, None),
    ({"remote": "198.51.100.130", "name": "198.51.100.130"}, "possible-vps"),
    ({"remote": "198.51.100.130", "remote_port": 53, "protocol": 17}, None),
    ({"remote": "198.51.100.130", "opened_by": "remote"}, None),
    ({"remote": "198.51.100.130", "remote_port": 1194}, "possible-vpn,possible-vps"),
    ({"remote": NOWHERE, "remote_port": 443}, None),
]


def test_hidden(attribute: Attribute) -> None:
    rows = attribute(*(row for row, _ in HIDDEN))
    found = [(stated, row["hidden"]) for (stated, _), row in zip(HIDDEN, rows, strict=True)]
    assert found == HIDDEN


def test_lists_of_vpn_and_tor_speak_only_on_their_days(attribute: Attribute) -> None:
    row = attribute({"remote": "203.0.113.9"}, day="2017-05-02")[0]
    assert (row["remote_kind"], row["hidden"]) == ("vpn", "vpn")
    row = attribute({"remote": "203.0.113.9"}, day="2017-07-07")[0]
    assert (row["remote_kind"], row["hidden"]) == (None, None)


ENCRYPTED: list[tuple[dict[str, Any], str | None]] = [
    ({"name": "x.example", "name_source": "tls", "remote_port": 80}, "tls"),
    ({"name": "x.example", "name_source": "quic", "protocol": 17}, "quic"),
    ({"name": "x.example", "name_source": "http", "remote_port": 443}, "none"),
    ({"name": "cloudflare-ech.com", "name_source": "tls"}, "ech"),
    ({"sensor_label": "SSL"}, "tls"),
    ({"sensor_label": "smtp,ssl"}, "tls"),
    ({"sensor_label": "ssh"}, "other"),
    ({"sensor_label": "http", "remote_port": 443}, "none"),
    ({"remote_port": 443}, "tls"),
    ({"remote_port": 443, "protocol": 17}, "quic"),
    ({"remote_port": 993}, "tls"),
    ({"remote_port": 80}, "none"),
    ({"remote_port": 53, "protocol": 17}, "none"),
    ({"remote_port": 22}, "other"),
    ({"protocol": 50}, "other"),
    ({"protocol": 51}, None),
    ({"remote_port": 40000}, None),
    ({"remote_port": 40000, "member_port": 443, "opened_by": "remote"}, "tls"),
    ({"remote_port": 443, "member_port": 40000, "opened_by": "remote"}, None),
    ({"remote_port": 443, "protocol": None}, None),
]


def test_encrypted(attribute: Attribute) -> None:
    rows = attribute(*(row for row, _ in ENCRYPTED))
    found = [(stated, row["encrypted"]) for (stated, _), row in zip(ENCRYPTED, rows, strict=True)]
    assert found == ENCRYPTED


def test_the_view_of_the_day_before_is_gone(small: Catalogue, lists: Snapshot) -> None:
    with duckdb.connect() as con:
        con.register("connected", pa.Table.from_batches([], CONNECTED.schema))
        first = attribute_day(con, "connected", "2017-05-01", small, lists)
        attribute_day(con, "connected", "2017-05-02", small, lists)
        with pytest.raises(duckdb.CatalogException):
            con.sql(f"FROM {first}")


# What can stand in a row, for the property below.
_ROWS = st.fixed_dictionaries(
    {
        "remote": st.sampled_from([None, META, SERVICES_NET, CLOUD, "10.0.0.1", "203.0.113.9"]),
        "name": st.sampled_from([None, "facebook.com", "x.example", "cloudflare-ech.com", ""]),
        "sensor_label": st.sampled_from([None, "dns", "ssl", "facebook", "TLS.Tor", "", ".,"]),
        "remote_port": st.sampled_from([None, 0, 53, 443, 8333, 27960, 9001]),
        "protocol": st.sampled_from([None, 1, 6, 17, 50]),
        "opened_by": st.sampled_from([None, "member", "remote"]),
        "remote_asn": st.sampled_from([None, 0, 32934, 16509]),
        "noise": st.sampled_from(["use", "scan", "internal"]),
    }
)  # fmt: skip


@settings(max_examples=10, deadline=None)
@given(rows=st.lists(_ROWS, max_size=30), data=st.data())
def test_total_and_independent_of_the_order_of_rows(
    small: Catalogue, lists: Snapshot, rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    full = [
        {**row, "start_ms": n, "end_ms": n, "day": "2017-05-01", "opens": 1, "source": "s",
         "remote": address_from_text(row["remote"]) if row["remote"] else None}
        for n, row in enumerate(rows)
    ]  # fmt: skip
    shuffled = data.draw(st.permutations(full))
    results = []
    for order in (full, shuffled):
        columns = [pa.array([r.get(c.name) for r in order], c.type) for c in CONNECTED.columns]
        with duckdb.connect() as con:
            con.register("connected", pa.Table.from_arrays(columns, schema=CONNECTED.schema))
            view = attribute_day(con, "connected", "2017-05-01", small, lists)
            results.append(con.sql(f"FROM {view} ORDER BY start_ms").to_arrow_table())
    assert results[0] == results[1]
    assert results[0].num_rows == len(rows)
    for row in results[0].to_pylist():
        assert (row["rule"] is None) == (row["evidence"] is None)
        assert (row["evidence"] is None) == (row["service"] is None and row["operator"] is None)
        assert row["evidence"] in {None, "name", "address", "sensor", "port"}


def test_of_anonymised_addresses_nothing_is_told(attribute: Attribute) -> None:
    rows: tuple[dict[str, Any], ...] = (
        {"remote": SERVICES_NET},
        {"remote": META},
        {"remote": CLOUD},
        {"remote": META, "name": "www.facebook.com"},
        {"remote": SERVICES_NET, "remote_port": 123, "protocol": 17},
        {"remote": NOWHERE, "remote_asn": 62041, "remote_country": "GB"},
    )
    real, found = attribute(*rows), attribute(*rows, anonymised=True)
    assert [row["evidence"] for row in real[:2]] == ["address", "address"]
    assert [decided(row) for row in found[:3]] == [NOBODY] * 3
    for row in found[:3]:
        told = ("remote_asn", "remote_country", "remote_kind", "hidden")
        assert {name: row[name] for name in told} == dict.fromkeys(told)
    assert [row["service"] for row in found[3:5]] == ["facebook", "ntp"]
    # What the source itself says of the AS holds, for it was said of the real address.
    assert (found[5]["service"], found[5]["remote_country"]) == ("telegram", "GB")
