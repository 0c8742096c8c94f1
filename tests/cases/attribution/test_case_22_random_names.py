"""A name that looks random is no evidence of Tor; real Tor flows are found by relay and port."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from folkways.model.addresses import address_to_text

RANDOM = (
    "www.awxcdn.com",
    "foxbusiness.com",
    "www.anywayanyday.com",
    "www.t4qfj2o3zlkd.com",  # what Tor itself writes, but anybody may
    "www.6km4ztios2pngaka.com",
    "d3c33hcgiwev3.cloudfront.net",
    "xn--80aaxitdbjk.example",
    "qzxkvwjrtplmnb.example.net",
    "2gyzk3onion6db62.onion.example",
)


def test_at_an_address_that_is_no_relay_no_name_says_tor(
    world: Any, flow: Callable[..., Any], relay: Callable[..., Any]
) -> None:
    world.give_relays(relay("203.0.113.250", ports="443"))
    ways = [("tls", 443), ("tls", 8443), ("tls", 9001), ("http", 80), ("quic", 443)]
    rows = world.ingest(
        *(
            flow("203.0.113.5", port, "udp" if source == "quic" else "tcp", name, source)
            for name in RANDOM
            for source, port in ways
        ),
        *(flow(f"203.0.113.{n}", 443, asked=name) for n, name in enumerate(RANDOM, 20)),
    )
    assert {row["hidden"] for row in rows} == {None}
    assert world.summary("hidden") == {(None,): len(rows)}


def test_the_same_names_at_a_relay_are_tor_by_the_relay(
    world: Any, flow: Callable[..., Any], relay: Callable[..., Any]
) -> None:
    world.give_relays(relay("203.0.113.250", ports="443"))
    rows = world.ingest(
        flow("203.0.113.250", name="www.t4qfj2o3zlkd.com"),
        flow("203.0.113.250"),
        # Tor's handshake cannot show these.
        flow("203.0.113.250", name="foxbusiness.com"),
        flow("203.0.113.250", name="www.anywayanyday.example"),
        # Another port.
        flow("203.0.113.250", 8443, name="www.t4qfj2o3zlkd.com"),
    )
    assert [row["hidden"] for row in rows] == ["tor", "tor", None, None, None]


# The real log. Which of its servers are relays is told by their certificates, which no stage of
# Folkways reads: in Tor's link handshake a relay shows one that it made up, whose subject and
# issuer are CN=www.<random>.net and CN=www.<random>.com and nothing else (Tor's source, tortls).
# The list of relays is made of these servers, their ports and the days of the log.
SUBJECT = re.compile(r"CN=www\.[a-z2-7]{8,20}\.net")
ISSUER = re.compile(r"CN=www\.[a-z2-7]{8,20}\.com")
CONN = (
    "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes "
    "conn_state history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes"
)
ENDS = CONN.split()[:6]
Handshake = dict[str, str]


def handshakes(path: Path) -> Iterator[Handshake]:
    fields: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#fields"):
            fields = line.split("\t")[1:]
        elif not line.startswith("#"):
            yield dict(zip(fields, line.split("\t"), strict=True))


def is_tor(row: Handshake) -> bool:
    return bool(SUBJECT.fullmatch(row["subject"]) and ISSUER.fullmatch(row["issuer"]))


def day_of(row: Handshake) -> dt.date:
    return dt.datetime.fromtimestamp(float(row["ts"]), dt.UTC).date()


@pytest.fixture
def log(shared_data: Path) -> Path:
    return shared_data / "exports/zat_zeek_logs/tor_ssl.log"


@pytest.fixture
def logs(log: Path, tmp_path: Path) -> Path:
    """The log, with the log of connections that belongs to it; only the former is at hand."""
    folder = tmp_path / "logs"
    folder.mkdir()
    rest = ["tcp", "ssl", "1.0", "500", "4000", "SF", "ShADadFf", "8", "820", "8", "4320"]
    lines = [
        "#separator \\x09",
        "#unset_field\t-",
        "#path\tconn",
        "#fields\t" + CONN.replace(" ", "\t"),
    ]
    lines += ["\t".join([*(row[e] for e in ENDS), *rest]) for row in handshakes(log)]
    (folder / "conn.log").write_text("\n".join([*lines, ""]), encoding="utf-8")
    (folder / "ssl.log").write_bytes(log.read_bytes())
    return folder


def hidden_ways(rows: list[dict[str, Any]]) -> set[str]:
    return {way for row in rows if row["hidden"] for way in row["hidden"].split(",")}


@pytest.mark.external
@pytest.mark.parametrize("ports", [True, False])
def test_real_tor_flows_are_found_and_ordinary_tls_is_not(
    log: Path, logs: Path, empty: Any, relay: Callable[..., Any], *, ports: bool
) -> None:
    rows = list(handshakes(log))
    tor = [row for row in rows if is_tor(row)]
    assert (len(rows), len(tor)) == (733, 54)
    first, last = min(map(day_of, tor)), max(map(day_of, tor))
    servers = {(row["id.resp_h"], row["id.resp_p"]) for row in tor}
    listed = [(address, port if ports else None) for address, port in sorted(servers)]
    empty.give_relays(*(relay(address, "relay", port, first, last) for address, port in listed))
    found = empty.ingest_logs(logs)
    assert len(found) == len(rows)
    called = {
        (row["member_port"], address_to_text(row["remote"]), row["remote_port"])
        for row in found
        if "tor" in (row["hidden"] or "").split(",")
    }
    assert called == {(int(r["id.orig_p"]), r["id.resp_h"], int(r["id.resp_p"])) for r in tor}
    assert "possible-tor" not in hidden_ways(found)


@pytest.mark.external
def test_without_the_list_of_those_days_names_and_ports_say_nothing(
    log: Path, logs: Path, empty: Any, relay: Callable[..., Any]
) -> None:
    tor = [row for row in handshakes(log) if is_tor(row)]
    ages_ago = dt.date(2009, 1, 1)
    empty.give_relays(*(relay(row["id.resp_h"], since=ages_ago, until=ages_ago) for row in tor))
    assert not {"tor", "possible-tor"} & hidden_ways(empty.ingest_logs(logs))
