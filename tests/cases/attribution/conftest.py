"""A study from flows that a test states: written as Zeek's logs, ingested, settled, read again."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from folkways.attribute.catalogue import Catalogue
from folkways.attribute.facts import Dates
from folkways.attribute.importing import import_list
from folkways.attribute.lists import OPTIONAL, SCHEMA, ReferenceList, write_list
from folkways.attribute.pairs import content_digest
from folkways.model.addresses import address_from_text
from folkways.study import Study

DAY = dt.date(2024, 5, 1)
MEMBER = "198.51.100.7"
POPULATION = """
[study]
k = 1
public_data = true
[[range]]
prefix = "198.51.100.0/24"
[[range]]
prefix = "10.0.0.0/8"
[[range]]
prefix = "192.168.0.0/16"
[[range]]
prefix = "2001:db8:1::/48"
"""
NETWORKS = """\
13.64.0.0,13.107.255.255,8075,Microsoft
23.32.0.0,23.67.255.255,20940,Akamai
31.13.24.0,31.13.127.255,32934,Meta
34.64.0.0,34.127.255.255,396982,Google Cloud
52.0.0.0,52.95.255.255,16509,Amazon
51.68.0.0,51.68.255.255,16276,OVH
104.16.0.0,104.31.255.255,13335,Cloudflare
149.154.160.0,149.154.175.255,62041,Telegram
157.240.0.0,157.240.255.255,32934,Meta
203.0.113.0,203.0.113.255,64500,Example
2606:4700::,2606:4700:ffff:ffff:ffff:ffff:ffff:ffff,13335,Cloudflare
2a03:2880::,2a03:2880:ffff:ffff:ffff:ffff:ffff:ffff,32934,Meta
"""
CONN = (
    "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes "
    "conn_state history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes"
)
ENDS = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p"
NAMED = {"tls": ("ssl", "server_name"), "quic": ("quic", "server_name"), "http": ("http", "host")}
FIRST_PORT = 10_000

Row = dict[str, Any]


@dataclass(frozen=True)
class Flow:
    """A connection of the member, as far as a test cares.

    ``asked`` is a name that the member resolved to the remote address a second before; ``by`` who
    opened; ``label`` what the sensor calls it; ``at`` seconds of the day.
    """

    remote: str
    port: int = 443
    protocol: str = "tcp"
    name: str | None = None
    name_source: str = "tls"
    asked: str | None = None
    label: str | None = None
    by: str = "member"
    at: int = 3600
    duration: float = 10.0
    out: int = 2000
    into: int = 9000
    member: str = MEMBER


@dataclass(frozen=True)
class Relay:
    """A row of a list of relays; ``ports`` None: the list does not say at which it listens."""

    address: str
    role: str = "guard"
    ports: str | None = None
    since: dt.date = DAY
    until: dt.date = DAY


@dataclass
class World:
    """A study and its reference lists."""

    folder: Path
    days: list[dt.date] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.folder / "study"

    @cached_property
    def study(self) -> Study:
        """The study as it is when it is first asked for, so lists are given before."""
        return Study.open(self.root)

    def give(
        self, kind: str, rows: str, first: dt.date | None = None, last: dt.date | None = None
    ) -> str:
        """Import a range list; its id."""
        path = self.folder / f"{kind}.csv"
        path.write_text(rows, encoding="utf-8")
        reference = self.root / "reference"
        days: Row = {"first": first, "last": last}
        done = import_list(path, reference, kind=kind, source="test", licence="CC0", **days)
        return done.list.id

    def give_relays(self, *relays: Relay) -> None:
        """A list of relays whose rows have dates, and ports where the test states them."""
        addresses = [address_from_text(r.address) for r in relays]
        columns = {
            "start": addresses,
            "end": addresses,
            "value": [r.role for r in relays],
            "name": [None for _ in relays],
            "ports": [r.ports for r in relays],
            "since": [r.since for r in relays],
            "until": [r.until for r in relays],
        }
        table = pa.table(columns, schema=pa.schema([*SCHEMA, *OPTIONAL]))
        ipv6 = sum(":" in r.address for r in relays)
        covered = Dates(min(r.since for r in relays), max(r.until for r in relays))
        write_list(
            ReferenceList(
                id="tor-relay-test",
                kind="tor-relay",
                dates=covered,
                source="test",
                licence="CC0",
                digest=content_digest(table),
                imported=DAY,
                ipv4_ranges=len(relays) - ipv6,
                ipv6_ranges=ipv6,
                folder=self.root / "reference",
            ),
            table,
        )

    def ingest(self, *flows: Flow, day: dt.date = DAY) -> list[Row]:
        """Write the flows as logs, ingest and settle them; their connections in their order."""
        logs = self.folder / f"logs-{len(self.days)}"
        logs.mkdir()
        for kind, fields, rows in _logs(flows, day):
            if rows:
                _write(logs / f"{kind}.log", kind, fields, rows)
        self.days.append(day)
        found = [row for row in self.ingest_logs(logs) if row["day"] == str(day)]
        assert len(found) == len(flows)
        return found

    def ingest_logs(self, logs: Path) -> list[Row]:
        """Ingest and settle a folder of logs; all connections of the study by member's port."""
        self.study.ingest(str(logs))
        with duckdb.connect() as con:
            self.study.folder.store.view(con, "c", "connections")
            found: list[Row] = (
                con.sql("FROM c ORDER BY day, member_port").to_arrow_table().to_pylist()
            )
        return found

    def summary(self, *by: str) -> dict[tuple[Any, ...], int]:
        """Connections of all ingested days by groups, as the question answers it."""
        rows = self.study.summary(f"{min(self.days)}..{max(self.days)}", list(by))["rows"]
        return {tuple(row[b] for b in by): row["connections"] for row in rows}


def _logs(flows: tuple[Flow, ...], day: dt.date) -> Iterator[tuple[str, str, list[str]]]:
    midnight = int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp())
    numbered = list(enumerate(flows, FIRST_PORT))
    conn = []
    names: dict[str, list[str]] = {kind: [] for kind in NAMED}
    asked = []
    for port, flow in numbered:
        start, uid = f"{midnight + flow.at}.0", f"C{day:%m%d}{port}"
        ends = [f"{flow.member} {port}", f"{flow.remote} {flow.port}"]
        volumes = [f"5 {flow.out}", f"5 {flow.into}"]
        if flow.by == "remote":
            ends.reverse()
            volumes.reverse()
        state = f"{flow.duration} 100 200 SF ShADadFf"
        label = flow.label or "-"
        row = f"{start} {uid} {' '.join(ends)} {flow.protocol} {label} {state} {' '.join(volumes)}"
        conn.append(row)
        if flow.name is not None:
            names[flow.name_source].append(f"{start} {uid} {' '.join(ends)} {flow.name}")
        if flow.asked is not None:
            kind = "AAAA" if ":" in flow.remote else "A"
            before = f"{midnight + flow.at - 1}.0 D{uid} {flow.member} 4000 192.0.2.53 53 udp"
            asked.append(f"{before} {flow.asked} {kind} {flow.remote} 300.0")
    yield "conn", CONN, conn
    for source, (kind, column) in NAMED.items():
        yield kind, f"{ENDS} {column}", names[source]
    yield "dns", f"{ENDS} proto query qtype_name answers TTLs", asked


def _write(path: Path, kind: str, fields: str, rows: Iterable[str]) -> None:
    head = ["#separator \\x09", "#set_separator\t,", "#unset_field\t-", f"#path\t{kind}"]
    lines = [*head, "#fields\t" + fields.replace(" ", "\t"), *(r.replace(" ", "\t") for r in rows)]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


@pytest.fixture(scope="session")
def load_once() -> Callable[..., Catalogue]:
    """The catalogue, read once for all these studies: it does not change."""
    return cache(Catalogue.load)


@pytest.fixture
def empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load_once: Callable[..., Catalogue]
) -> World:
    """A study without any list."""
    monkeypatch.setattr(Catalogue, "load", load_once)
    monkeypatch.setenv("FOLKWAYS_CONFIG_DIR", str(tmp_path / "config"))
    population = tmp_path / "population.toml"
    population.write_text(POPULATION, encoding="utf-8")
    Study.create(tmp_path / "study", population)
    return World(tmp_path)


@pytest.fixture
def world(empty: World) -> World:
    """A study that knows to which AS the addresses of NETWORKS belong on DAY."""
    empty.give("asn", NETWORKS, DAY, DAY)
    return empty


@pytest.fixture(scope="session")
def flow() -> Callable[..., Flow]:
    """Makes a flow."""
    return Flow


@pytest.fixture(scope="session")
def relay() -> Callable[..., Relay]:
    """Makes a row of a list of relays."""
    return Relay
