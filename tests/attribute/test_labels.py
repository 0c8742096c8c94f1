"""The table of sensors' labels fits the catalogue; each sensor's spelling finds its service."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.check import check
from folkways.attribute.fields import CatalogueError
from folkways.attribute.labels import Spellings, load_labels
from folkways.attribute.ladder import attribute_day
from folkways.attribute.snapshot import Snapshot
from folkways.model.columns import CONNECTED

DAY = "2024-05-01"
HEAD = '[[sensor]]\nid = "pan"\n[[sensor]]\nid = "nbar"\n'


@pytest.fixture(scope="session")
def table() -> Spellings:
    return load_labels()


@pytest.fixture(scope="session")
def packaged(table: Spellings) -> Catalogue:
    """The packaged catalogue with the table in it."""
    plain = Catalogue.load()
    protocols = replace(plain.protocols, labels=table.protocols(plain.protocols.labels))
    return replace(plain, services=table.name(plain.services), protocols=protocols)


def test_the_table_fits_the_catalogue(table: Spellings) -> None:
    assert not list(table.problems(Catalogue.load().services))
    assert all(e.source and e.checked for e in table.entries)
    assert all(e.service or e.says.encrypted or e.says.hidden for e in table.entries)
    named = {e.label for e in table.entries if e.service}
    assert len(named) > 700
    assert not named & set(table.ambiguous)


def test_the_check_of_the_catalogue_finds_nothing_new(packaged: Catalogue) -> None:
    assert set(check(packaged)) <= set(check(Catalogue.load()))


EXAMPLES = (
    # sensor, label as the sensor writes it, service
    ("pan", "facebook-base", "facebook"),
    ("pan", "facebook-chat", "messenger"),
    ("pan", "youtube-streaming", "youtube"),
    ("pan", "gmail-base", "gmail"),
    ("pan", "google-base", "google"),
    ("pan", "ms-update", "windows-update"),
    ("pan", "ms-office365-base", "office365"),
    ("pan", "whatsapp-base", "whatsapp"),
    ("pan", "vkontakte-chat", "vk"),
    ("pan", "mail.ru-agent-base", "mail-ru"),
    ("pan", "sina-weibo-base", "weibo"),
    ("pan", "qq-mail", "qq-mail"),
    ("pan", "bittorrent", "bittorrent"),
    ("pan", "tor", "tor"),
    ("pan", "open-vpn", "openvpn"),
    ("pan", "ipsec-esp-udp", "ipsec"),
    ("pan", "dns-base", "dns"),
    ("pan", "h.323", "h323"),
    ("pan", "web-browsing", None),
    ("pan", "ssl", None),
    ("pan", "unknown-tcp", None),
    ("nbar", "ms-office-365", "office365"),
    ("nbar", "Microsoft Office 365", "office365"),
    ("nbar", "google-services", "google"),
    ("nbar", "ms-teams", "teams"),
    ("nbar", "youtube", "youtube"),
    ("nbar", "encrypted-bittorrent", "bittorrent"),
    ("nbar", "whatsapp", "whatsapp"),
    ("nbar", "WeChat", "wechat"),
    ("nbar", "Mail.ru", "mail-ru"),
    ("nbar", "Audible.com", "audible"),
    ("nbar", "VKontakte", "vk"),
    ("nbar", "secure-http", None),
    ("nbar", "binary-over-http", None),
    ("zeek", "ssl,smtp", "smtp"),
    ("zeek", "krb_tcp", "kerberos"),
    ("zeek", "spicy_wireguard", "wireguard"),
    ("zeek", "bittorrent", "bittorrent"),
    ("zeek", "gssapi,smb,krb", "kerberos"),
    ("suricata", "bittorrent-dht", "bittorrent"),
    ("suricata", "krb5", "kerberos"),
    ("suricata", "pgsql", "postgresql"),
    ("suricata", "failed", None),
    ("ndpi", "TLS.Facebook", "facebook"),
    ("ndpi", "FacebookZero", "facebook"),
    ("ndpi", "QUIC.YouTube", "youtube"),
    ("ndpi", "DNS.Facebook", "dns"),
    ("ndpi", "STUN.TeamsCall", "teams"),
    ("ndpi", "ESP", "ipsec"),
    ("ndpi", "Unencrypted_Jabber", "xmpp"),
    ("any", "msn", None),
    ("any", "Oracle", None),
)


@pytest.mark.parametrize(("sensor", "label", "service"), EXAMPLES)
def test_each_sensors_spelling(
    packaged: Catalogue, sensor: str, label: str, service: str | None
) -> None:
    rule = packaged.label_rule(label)
    assert (rule.service if rule else None) == service, sensor


def test_labels_say_how_traffic_is_hidden_and_encrypted(packaged: Catalogue) -> None:
    said = {
        "tor": ("tls", "tor"),
        "open-vpn": ("other", "vpn"),
        "ipsec-esp-udp": ("other", "vpn"),
        "ipsec-ah": (None, "vpn"),  # it signs and does not encrypt
        "ultrasurf": (None, "proxy"),
        "http-proxy": (None, "proxy"),
        "packetix-vpn": ("other", "vpn"),
        "ssl": ("tls", None),
        "secure-http": ("tls", None),
        "web-browsing": (None, None),
        "facebook-base": (None, None),
        "doh2": ("tls", "encrypted-dns"),
        "dns-base": (None, None),
    }
    same = {"day": DAY, "end_ms": 0, "opens": 1, "noise": "use", "source": "s", "protocol": 6}
    rows = [{**same, "start_ms": n, "sensor_label": label} for n, label in enumerate(said)]
    columns = [pa.array([r.get(c.name) for r in rows], c.type) for c in CONNECTED.columns]
    with duckdb.connect() as con:
        con.register("connected", pa.Table.from_arrays(columns, schema=CONNECTED.schema))
        view = attribute_day(con, "connected", DAY, packaged, Snapshot())
        query = f"SELECT encrypted, hidden FROM {view} ORDER BY start_ms"
        found: list[tuple[Any, ...]] = con.sql(query).fetchall()
    assert dict(zip(said, found, strict=True)) == said


Write = Callable[..., Path]


def small(tmp_path: Path, write: Write, text: str) -> tuple[Catalogue, Spellings]:
    """Two services, the first of which knows a label of its own."""
    origin = '[[sensor]]\nlabel = "One"\nORIGIN\n'
    services = {"one": 'function = "social"\n' + origin, "two": 'function = "video"\n'}
    path = tmp_path / "labels.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    return Catalogue.load(write(tmp_path / "small", services)), load_labels(path)


def test_what_a_service_states_itself_is_not_stated_again(tmp_path: Path, write: Write) -> None:
    catalogue, table = small(
        tmp_path, write, '[[label]]\nservice = "one"\npan = ["one", "one-base"]'
    )
    facts = table.name(catalogue.services)["one"].sensors
    assert [f.id for f in facts] == ["one/sensor/one", "one/sensor/one-base"]
    assert facts[0].source == "made by hand"
    assert table.name(table.name(catalogue.services))["one"].sensors == facts


def test_a_label_that_two_services_claim_is_told(tmp_path: Path, write: Write) -> None:
    text = '[[label]]\nservice = "two"\npan = ["one"]\n[[label]]\nservice = "three"\nnbar = ["x"]'
    catalogue, table = small(tmp_path, write, text)
    assert list(table.problems(catalogue.services)) == [
        "labels.toml: 'x' names 'three', which is no service",
        "sensor label 'one' is claimed by one (services/one.toml), two (labels.toml, pan)",
    ]


def test_a_label_that_sensors_mean_differently_names_nothing(tmp_path: Path, write: Write) -> None:
    text = """
[[ambiguous]]
labels = ["one"]
why = "pan: one; nbar: two"
[[label]]
service = "two"
pan = ["one", "second"]
"""
    catalogue, table = small(tmp_path, write, text)
    assert not list(table.problems(catalogue.services))
    merged = replace(catalogue, services=table.name(catalogue.services))
    assert merged.label_rule("One") is None
    assert merged.services["one"].sensors == ()
    second = merged.label_rule("second")
    assert second is not None
    assert second.service == "two"


BAD = (
    ('[[label]]\nservice = "one"\npan = ["One"]', "must be in lower case"),
    ('[[label]]\nservice = "one"\nsnort = ["one"]', "is not a known key"),
    ('[[label]]\nservice = "one"\npan = ["a", "a"]', "pan states 'a' twice"),
    ('[[label]]\nencrypted = "yes"\npan = ["a"]', "must be one of"),
    ('[[ambiguous]]\nlabels = ["a"]', "why is missing"),
    ('[[label]]\nservice = "one"\npan = "a"', "must be a list of texts"),
)


@pytest.mark.parametrize(("text", "problem"), BAD)
def test_mistakes_name_their_place(tmp_path: Path, write: Write, text: str, problem: str) -> None:
    with pytest.raises(CatalogueError, match=problem):
        small(tmp_path, write, text)
