"""A port names a service only where it may, tried on the packaged catalogue."""

import datetime as dt
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.attribute.conftest import CALL, connected_table

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.check import check
from folkways.attribute.explain import explain
from folkways.attribute.ladder import attribute_day
from folkways.attribute.port_evidence import EPHEMERAL
from folkways.attribute.recognised import own_ports, recognised
from folkways.attribute.snapshot import Snapshot

DAY = "2026-11-30"
SYN, ACK, PUSH, RST = 2, 16, 8, 4
Row = dict[str, Any]


@cache
def packaged() -> Catalogue:
    return Catalogue.load()


def attributed(rows: Iterable[Row]) -> list[Row]:
    """Rows at an address of which nothing is known, in their order."""
    whole = [{**CALL, "remote": "203.0.113.7", **r, "start_ms": n} for n, r in enumerate(rows)]
    with duckdb.connect() as con:
        con.register("connected", connected_table(whole, DAY))
        view = attribute_day(con, "connected", DAY, packaged(), Snapshot())
        columns = "service, function, evidence, hidden, encrypted"
        query = f"SELECT {columns} FROM {view} ORDER BY start_ms"
        found: list[Row] = con.sql(query).to_arrow_table().to_pylist()
    return found


def named(rows: Iterable[Row]) -> list[str | None]:
    return [row["service"] for row in attributed(rows)]


def by_port(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["evidence"] == "port" or row["hidden"] is not None]


TCP = {"ssh": 22, "rdp": 3389, "bitcoin": 8333, "imap": 993, "mysql": 3306, "minecraft": 25565}
UDP = {"ntp": 123, "dns": 53, "factorio": 34197, "ipsec": 4500, "teamspeak": 9987}
PORTS = [(6, port, name) for name, port in TCP.items()] + [(17, p, name) for name, p in UDP.items()]


@pytest.mark.parametrize(("protocol", "port", "service"), PORTS)
def test_what_the_member_called_and_was_answered_is_named_and_nothing_less(
    protocol: int, port: int, service: str
) -> None:
    call: Row = {"protocol": protocol, "remote_port": port}
    told = [
        call,
        {**call, "answered": None},
        {**call, "answered": False},
        {**call, "opened_by": "remote"},
        {**call, "opened_by": None},
        *({**call, "noise": kind} for kind in ("scan", "local", "internal", "denied")),
    ]
    # A system port was called by whoever has none, even where nobody knows who began.
    anyway = service if port < 1024 else None
    assert named(told) == [service, service, None, None, anyway, None, None, None, None]


@pytest.mark.parametrize("opened_by", ["remote", None])
@pytest.mark.parametrize("protocol", [6, 17])
def test_of_20_000_clients_of_a_members_server_none_is_named(
    opened_by: str | None, protocol: int
) -> None:
    random = np.random.default_rng(20_000)
    clients = random.integers(1024, 65536, 20_000).tolist()
    servers = random.choice([22, 53, 80, 443, 8080, 8333, 25565, 51820, 64738], 20_000).tolist()
    rows = attributed(
        {"protocol": protocol, "member_port": s, "remote_port": c, "opened_by": opened_by}
        for s, c in zip(servers, clients, strict=True)
    )
    assert by_port(rows) == []


def test_a_servers_answer_that_seems_to_come_first_names_no_client() -> None:
    ports = np.random.default_rng(1).integers(1024, 65536, 20_000).tolist()
    for protocol, server in ((17, 53), (6, 443)):
        rows = ({"protocol": protocol, "member_port": server, "remote_port": p} for p in ports)
        assert by_port(attributed(rows)) == []


@pytest.mark.parametrize("protocol", [6, 17])
def test_no_port_at_all_names_an_unanswered_attempt(protocol: int) -> None:
    rows = attributed(
        {"protocol": protocol, "remote_port": port, "answered": False} for port in range(1, 65536)
    )
    assert by_port(rows) == []
    assert {row["encrypted"] for row in rows} == {None}


def test_no_client_port_names_anything_unless_it_is_marked() -> None:
    rows = [(p, n) for p in (6, 17) for n in range(EPHEMERAL, 65536)]
    found = attributed({"protocol": p, "remote_port": n} for p, n in rows)
    names = {key: row["service"] for key, row in zip(rows, found, strict=True) if row["service"]}
    assert names == {
        (6, 64738): "mumble",
        (17, 32887): "ace-of-spades",
        (17, 34197): "factorio",
        (17, 64738): "mumble",
    }
    hidden = {key: row["hidden"] for key, row in zip(rows, found, strict=True) if row["hidden"]}
    assert hidden == {(17, 41641): "possible-vpn", (17, 51820): "possible-vpn"}


DANGEROUS = {
    17: [8000, 5353, 7777, 30000, *range(2302, 2307), *range(13000, 13051), *range(32801, 32826)],
    6: [4000, 6112, 7777, 50001, 50002, *range(54992, 55041), 18444, 8444, 9333, 20000],
}


def test_ports_that_others_use_as_much_name_nothing() -> None:
    calls = [{"protocol": p, "remote_port": n} for p, ports in DANGEROUS.items() for n in ports]
    assert by_port(attributed(calls)) == []


def test_a_lone_syn_and_a_refusal_are_no_use() -> None:
    ssh = {"remote_port": 22}
    flags: list[Row] = [
        {"tcp_flags_out": SYN, "tcp_flags_in": None, "answered": None},
        {"tcp_flags_out": SYN, "tcp_flags_in": RST | ACK},
        {"tcp_flags_out": SYN | ACK, "tcp_flags_in": RST},
        {"tcp_flags_out": SYN | ACK | PUSH, "tcp_flags_in": SYN | ACK | PUSH | RST},
        {"tcp_flags_out": SYN, "tcp_flags_in": SYN | ACK},
        {"tcp_flags_out": ACK | PUSH, "answered": None},
    ]
    rows = attributed({**ssh, **f} for f in flags)
    assert [r["service"] for r in rows] == [None, None, None, "ssh", "ssh", "ssh"]
    assert [r["encrypted"] for r in rows] == [None, None, None, "other", "other", "other"]


def test_a_member_that_refuses_has_no_tls_either() -> None:
    called: Row = {"opened_by": "remote", "member_port": 443, "remote_port": 40_000}
    refused = {**called, "tcp_flags_out": RST | ACK, "tcp_flags_in": SYN}
    assert [r["encrypted"] for r in attributed([called, refused])] == ["tls", None]


SEEN: list[tuple[Row, str | None, str | None, str | None]] = [
    # what stands in the row; service, hidden, encrypted
    ({"remote_port": 8333, "sensor_label": "http"}, None, None, "none"),
    ({"remote_port": 8333, "sensor_label": "web-browsing"}, None, None, None),
    ({"remote_port": 8333, "name": "a.example", "name_source": "http"}, None, None, "none"),
    ({"remote_port": 8333, "sensor_label": "tls"}, None, None, "tls"),
    ({"remote_port": 8333, "name": "a.example", "name_source": "dns"}, "bitcoin", None, None),
    ({"remote_port": 22, "sensor_label": "SSL"}, None, None, "tls"),
    ({"remote_port": 22, "name": "a.example", "name_source": "tls"}, None, None, "tls"),
    ({"remote_port": 22, "sensor_label": "unknown"}, None, None, None),
    ({"remote_port": 22, "sensor_label": "incomplete"}, "ssh", None, "other"),
    ({"remote_port": 22, "sensor_label": "some-new-word"}, None, None, "other"),
    ({"remote_port": 443, "sensor_label": "Unknown"}, None, None, None),
    ({"remote_port": 443, "sensor_label": "unknown-tcp"}, None, None, None),
    ({"remote_port": 443, "sensor_label": "openvpn"}, "openvpn", "vpn", "other"),
    ({"remote_port": 443, "sensor_label": "mysql"}, "mysql", None, None),
    ({"remote_port": 443, "sensor_label": "WhatsApp"}, "whatsapp", None, "tls"),
    ({"remote_port": 443}, None, None, "tls"),
    ({"remote_port": 993, "sensor_label": "ssl"}, "imap", None, "tls"),
    ({"remote_port": 993, "sensor_label": "imap"}, "imap", None, "tls"),
    ({"remote_port": 993, "name": "a.example", "name_source": "tls"}, "imap", None, "tls"),
    ({"remote_port": 993, "sensor_label": "http"}, None, None, "none"),
    ({"remote_port": 631, "sensor_label": "http"}, "ipp", None, "none"),
    ({"remote_port": 853, "sensor_label": "tls"}, "encrypted-dns", "encrypted-dns", "tls"),
    ({"remote_port": 853, "sensor_label": "ssh"}, "ssh", None, "other"),
    ({"remote_port": 853, "sensor_label": "unknown"}, None, None, None),
    ({"remote_port": 53, "sensor_label": "tls"}, None, None, "tls"),
    ({"remote_port": 1723, "sensor_label": "http"}, None, None, "none"),
    ({"remote_port": 9001, "sensor_label": "http"}, None, None, "none"),
    ({"remote_port": 9001, "sensor_label": "unknown"}, None, "possible-tor", None),
]


@pytest.mark.parametrize(("row", "service", "hidden", "encrypted"), SEEN)
def test_what_was_seen_goes_before_the_port(
    row: Row, service: str | None, hidden: str | None, encrypted: str | None
) -> None:
    (found,) = attributed([row])
    assert (found["service"], found["hidden"], found["encrypted"]) == (service, hidden, encrypted)


POSSIBLE = {
    "possible-vpn": [(17, 1194), (6, 1194), (17, 51820), (17, 41641), (17, 2408), (17, 9993)],
    "possible-proxy": [(6, 1080), (6, 3128), (6, 8388), (17, 8388)],
}


@pytest.mark.parametrize("way", POSSIBLE)
def test_a_port_with_other_uses_is_a_suspicion_only(way: str) -> None:
    for protocol, port in POSSIBLE[way]:
        call: Row = {"protocol": protocol, "remote_port": port}
        rows = attributed(
            [
                call,
                {**call, "answered": False},
                {**call, "opened_by": "remote"},
                {**call, "opened_by": None},
                {**call, "sensor_label": "bittorrent"},
                {**call, "name": "www.example.org", "name_source": "tls"},
            ]
        )
        assert [r["hidden"] for r in rows] == [way, None, None, None, None, None], call
        assert {r["evidence"] for r in rows} <= {None, "sensor"}
        assert rows[0]["encrypted"] is None


@pytest.mark.parametrize(
    ("label", "hidden"),
    [
        ("stun", None),
        ("STUN", None),
        ("socks", "proxy"),
        ("socks5", "proxy"),
        ("http_connect", "proxy"),
        ("http_proxy", "proxy"),
    ],
)
@pytest.mark.parametrize("port", [443, 1080, 3128, 3478, 40_000])
def test_a_handshake_that_opens_the_way_names_nothing(
    label: str, hidden: str | None, port: int
) -> None:
    row: Row = {"remote_port": port, "sensor_label": label}
    plain, followed = attributed([row, {**row, "name": "www.facebook.com", "name_source": "tls"}])
    assert (plain["service"], plain["evidence"], plain["encrypted"]) == (None, None, None)
    assert plain["hidden"] == hidden
    assert (followed["service"], followed["encrypted"]) == ("facebook", "tls")


def test_of_several_words_the_one_behind_the_opener_names() -> None:
    labels = ("STUN.WhatsAppCall", "STUN.Unknown", "socks,ssl", "ssl,smtp")
    rows = attributed({"remote_port": 40_000, "sensor_label": label} for label in labels)
    assert [r["service"] for r in rows] == ["whatsapp", None, None, "smtp"]


def test_a_lookup_that_nobody_answered_is_not_use_of_whoever_has_the_address(
    attribute: Callable[..., list[Row]],
) -> None:
    asked = {"protocol": 17, "remote_port": 53, "answered": False}
    meta, telegram, resolver, tls = attribute(
        {**asked, "remote": "157.240.1.1"},
        {**asked, "remote": "149.154.161.1"},
        {**asked, "remote": "8.8.8.8"},
        {**asked, "remote": "157.240.1.1", "sensor_label": "ssl"},
    )
    assert [r["service"] for r in (meta, telegram, resolver)] == [None, None, "open-resolver"]
    assert [r["operator"] for r in (meta, telegram)] == [None, None]
    assert tls["operator"] == "meta"


def test_an_attempt_at_a_usual_port_of_a_hoster_is_no_suspicion(
    attribute: Callable[..., list[Row]],
) -> None:
    call: Row = {"remote": "198.51.100.130", "remote_port": 8333, "answered": False}
    usual, other = attribute(call, {**call, "remote_port": 8334})
    assert (usual["hidden"], other["hidden"]) == (None, "possible-vps")


MARKED = """
    function = "games"
    [[port]]
    protocol = "udp"
    port = {port}
    {more}
    source = "hand"
    checked = 2026-12-01
"""


@pytest.mark.parametrize(
    ("port", "more", "problem"),
    [
        (40_000, "", "one/port/udp/40000: never speaks from 32768 on, where clients' ports are"),
        (40_000, 'telling = "hand"', None),
        (2000, 'telling = "hand"', "one/port/udp/2000: telling changes nothing below 32768"),
        (2000, 'over = ["tls"]', None),
    ],
)
def test_marks_are_checked(
    write: Callable[..., Path], tmp_path: Path, port: int, more: str, problem: str | None
) -> None:
    text = MARKED.format(port=port, more=more)
    catalogue = Catalogue.load(write(tmp_path, {"one": text}))
    assert check(catalogue) == ([] if problem is None else [problem])
    (spoken,) = explain(f"udp/{port}", catalogue, Snapshot(), dt.date(2026, 12, 1))
    assert spoken.wins == (port < EPHEMERAL or "telling" in more)


def test_what_labels_show() -> None:
    shown = {
        "tls": {"tls"},
        "TLS.Unknown": {"tls"},
        "ssl,smtp": {"tls", "other"},
        "Unknown": {"unrecognised"},
        "incomplete": set(),
        "": set(),
        "http2": {"http"},
        "word-of-the-future": {"other"},
        "applabel:443": {"tls"},
    }
    assert {label: recognised(packaged(), label) for label in shown} == shown
    assert own_ports(packaged(), "ssh") == [6 << 16 | 22]
    assert [own_ports(packaged(), w) for w in ("tls", "netflix", "stun", "unknown")] == [
        *(None, None),
        *([], []),
    ]


@settings(max_examples=15, deadline=None)
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "protocol": st.sampled_from([6, 17]),
                "remote_port": st.integers(0, 65535) | st.sampled_from([22, 53, 8333, 853, 1194]),
                "member_port": st.none() | st.integers(0, 65535),
                "opened_by": st.sampled_from([None, "member", "remote"]),
                "answered": st.sampled_from([None, True, False]),
                "noise": st.sampled_from(["use", "scan", "local", "denied"]),
                "sensor_label": st.sampled_from([None, "tls", "http", "unknown", "stun", "ssh"]),
            }
        ),
        max_size=40,
    )
)
def test_a_port_speaks_only_of_answered_use_that_the_member_can_have_opened(
    rows: list[Row],
) -> None:
    for row, found in zip(rows, attributed(rows), strict=True):
        if found["evidence"] == "port":
            assert row["noise"] == "use"
            assert row["answered"] is not False
            assert row["opened_by"] == "member" or (
                row["opened_by"] is None and row["remote_port"] < 1024
            )
            assert row["sensor_label"] not in {"stun", "ssh"}
