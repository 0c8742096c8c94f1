"""A small catalogue and lists made by hand, so that each outcome can be worked out on paper."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from folkways.attribute import importing
from folkways.attribute.catalogue import Catalogue
from folkways.attribute.importing import import_list
from folkways.attribute.imports.formats import Format
from folkways.attribute.imports.rows import RangeRows
from folkways.attribute.ladder import attribute_day
from folkways.attribute.snapshot import Snapshot
from folkways.model.addresses import address_from_text
from folkways.model.columns import CONNECTED

ORIGIN = 'source = "made by hand"\nchecked = 2026-11-25\n'

SERVICES = {
    "facebook": """
        operator = "meta"
        function = "social"
        [[domain]]
        suffix = "facebook.com"
        ORIGIN
        [[domain]]
        suffix = "fbcdn.net"
        ORIGIN
        [[sensor]]
        label = "Facebook"
        ORIGIN
    """,
    "whatsapp": """
        operator = "meta"
        function = "messaging"
        [[domain]]
        suffix = "whatsapp.net"
        ORIGIN
        [[domain]]
        suffix = "chat.facebook.com"
        ORIGIN
        [[port]]
        protocol = "tcp"
        port = 5222
        ORIGIN
        [[sensor]]
        label = "WhatsApp"
        ORIGIN
    """,
    "telegram": """
        operator = "telegram"
        function = "messaging"
        [[domain]]
        exact = "t.me"
        ORIGIN
        [[network]]
        prefix = "149.154.160.0/20"
        from = 2014-01-01
        ORIGIN
        [[network]]
        asn = 62041
        from = 2014-01-01
        to = 2018-12-31
        ORIGIN
    """,
    "shop": """
        operator = "amazon"
        function = "shopping"
        [[domain]]
        suffix = "amazon.com"
        ORIGIN
    """,
    "aws": """
        operator = "amazon"
        function = "cloud"
        [[domain]]
        suffix = "amazonaws.com"
        ORIGIN
        [[network]]
        prefix = "52.0.0.0/8"
        ORIGIN
    """,
    "edge": """
        operator = "edge"
        function = "cdn"
        [[domain]]
        suffix = "edge.net"
        ORIGIN
    """,
    "dns": """
        function = "infrastructure"
        [[port]]
        protocol = "udp"
        port = 53
        ORIGIN
        [[port]]
        protocol = "tcp"
        port = 53
        ORIGIN
        [[sensor]]
        label = "dns"
        ORIGIN
    """,
    "open-resolver": """
        operator = "search-company"
        function = "infrastructure"
        [[network]]
        prefix = "8.8.8.8/32"
        ORIGIN
    """,
    "ntp": """
        function = "infrastructure"
        [[port]]
        protocol = "udp"
        port = 123
        ORIGIN
    """,
    "bitcoin": """
        function = "crypto-node"
        ledger = "transparent"
        [[port]]
        protocol = "tcp"
        port = 8333
        ORIGIN
    """,
    "monero": """
        function = "crypto-node"
        ledger = "opaque"
        [[port]]
        protocol = "tcp"
        port = 18080
        ORIGIN
    """,
    "pool": """
        function = "crypto-mining"
        [[domain]]
        suffix = "pool.example.org"
        ORIGIN
    """,
    "quake": """
        function = "games"
        [[port]]
        protocol = "udp"
        range = [27960, 27969]
        ORIGIN
    """,
    "urban": """
        function = "games"
        [[port]]
        protocol = "udp"
        port = 27960
        ORIGIN
    """,
    "somevpn": """
        operator = "somevpn-company"
        function = "vpn"
        hidden = "vpn"
        [[domain]]
        suffix = "somevpn.com"
        ORIGIN
    """,
}
OPERATORS = {
    "meta": """
        [[seat]]
        country = "US"
        ORIGIN
        [[asn]]
        number = 32934
        from = 2004-08-24
        ORIGIN
    """,
    "telegram": """
        [[seat]]
        country = "RU"
        to = 2014-12-31
        ORIGIN
        [[seat]]
        country = "AE"
        from = 2017-01-01
        ORIGIN
    """,
    "amazon": """
        [[seat]]
        country = "US"
        ORIGIN
        [[asn]]
        number = 16509
        from = 2000-05-04
        ORIGIN
        [[asn]]
        number = 7224
        use = "own"
        from = 2000-05-04
        ORIGIN
    """,
    "edge": """
        [[asn]]
        number = 20940
        from = 2001-01-01
        ORIGIN
    """,
    "search-company": """
        [[seat]]
        country = "US"
        ORIGIN
        [[asn]]
        number = 15169
        from = 2000-03-30
        ORIGIN
        [[parent]]
        operator = "letters"
        from = 2015-10-02
        ORIGIN
    """,
    "letters": "",
    "somevpn-company": "",
}

LISTS: dict[str, tuple[str, str | None, str | None]] = {
    # kind: rows, from, to
    "asn": (
        (
            "149.154.160.0,149.154.175.255,62041,Telegram\n"
            "91.108.56.0,91.108.59.255,62041,Telegram\n"
            '157.240.0.0,157.240.255.255,32934,"Facebook, Inc."\n'
            "52.0.0.0,52.255.255.255,16509,Amazon\n"
            "72.21.192.0,72.21.223.255,7224,Amazon\n"
            "23.32.0.0,23.67.255.255,20940,Akamai\n"
            "8.8.8.0,8.8.8.255,15169,Google\n"
            "198.51.100.0,198.51.100.255,64500,Example\n"
            "2a03:2880::,2a03:2880:ffff:ffff:ffff:ffff:ffff:ffff,32934,Facebook\n"
        ),
        "2017-04-01",
        "2017-06-30",
    ),
    "country": (
        (
            "149.154.160.0,149.154.175.255,GB\n157.240.0.0,157.240.255.255,IE\n"
            "10.0.0.0,10.255.255.255,US\n198.51.100.0,198.51.100.255,KP\n"
            "2a03:2880::,2a03:2880:ffff:ffff:ffff:ffff:ffff:ffff,IE\n"
        ),
        None,
        None,
    ),
    "hosting": ("198.51.100.128,198.51.100.255,provider\n", None, None),
    "cdn": ("198.51.100.64,198.51.100.95,deliverer\n", None, None),
    "vpn": ("203.0.113.0,203.0.113.63,anyvpn\n", "2017-04-01", "2017-07-06"),
    "tor-relay": (
        "203.0.113.9,203.0.113.9,guard\n198.51.100.200,198.51.100.200,guard\n",
        "2017-05-01",
        "2017-05-01",
    ),
    "proxy": ("203.0.113.64,203.0.113.127,anyproxy\n", None, None),
}


def write_catalogue(
    folder: Path, services: dict[str, str], operators: dict[str, str] | None = None
) -> Path:
    """Files from short texts: id and name are added, ORIGIN stands for source and date."""
    for kind, texts in (("services", services), ("operators", operators or {})):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            lines = "\n".join(line.strip() for line in text.splitlines())
            head = f'id = "{name}"\nname = "{name.title()}"\n'
            content = head + lines.replace("ORIGIN", ORIGIN)
            (folder / kind / f"{name}.toml").write_text(content, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def write() -> Callable[..., Path]:
    """Writes a catalogue from short texts and gives its folder."""
    return write_catalogue


def write_list(folder: Path, kind: str, rows: str, first: str | None, last: str | None) -> None:
    path = folder.parent / f"{kind}.csv"
    path.write_text(rows, encoding="utf-8")
    days = [dt.date.fromisoformat(d) if d else None for d in (first, last)]
    import_list(path, folder, kind=kind, source="hand", first=days[0], last=days[1], licence="CC0")


@pytest.fixture
def given_rows(monkeypatch: pytest.MonkeyPatch) -> Callable[[RangeRows], None]:
    """Whatever file is imported next, its rows are those given."""

    def give(rows: RangeRows) -> None:
        form = Format("given", "rows", (), lambda _: True, lambda *_: rows)
        monkeypatch.setattr(importing, "recognise", lambda _: form.id)
        monkeypatch.setattr(importing, "format_named", lambda _: form)

    return give


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return Catalogue.load(write_catalogue(tmp_path_factory.mktemp("small"), SERVICES, OPERATORS))


@pytest.fixture(scope="session")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("lists") / "reference"
    for kind, (rows, first, last) in LISTS.items():
        write_list(folder, kind, rows, first, last)
    return Snapshot.load(folder)


# What a row is unless a test says otherwise: a member called, and was answered.
CALL = {"protocol": 6, "opened_by": "member", "answered": True, "member_port": 50_000}

Rows = list[dict[str, Any]]
Attribute = Callable[..., Rows]


def connected_table(rows: Rows, day: str) -> pa.Table:
    """Rows with the schema CONNECTED from what a test states; remote as text."""
    defaults = {"day": day, "start_ms": 0, "end_ms": 0, "opens": 1, "noise": "use", "source": "s"}
    full = []
    for row in rows:
        remote = row.get("remote")
        address = address_from_text(remote) if isinstance(remote, str) else remote
        full.append({**defaults, **row, "remote": address})
    columns = [pa.array([r.get(c.name) for r in full], c.type) for c in CONNECTED.columns]
    return pa.Table.from_arrays(columns, schema=CONNECTED.schema)


@pytest.fixture
def attribute(small: Catalogue, lists: Snapshot) -> Attribute:
    """Attribute rows, each stated by the columns that matter; a dict a row, in order."""

    def run(
        *rows: dict[str, Any],
        day: str = "2017-05-01",
        anonymised: bool = False,
        snapshot: Snapshot = lists,
    ) -> Rows:
        numbered = [{**CALL, **row, "start_ms": n} for n, row in enumerate(rows)]
        with duckdb.connect() as con:
            con.register("connected", connected_table(numbered, day))
            view = attribute_day(con, "connected", day, small, snapshot, anonymised=anonymised)
            found: Rows = con.sql(f"FROM {view} ORDER BY start_ms").to_arrow_table().to_pylist()
        return found

    return run
