"""The packaged catalogue as plain data: shape, references, and facts from outside sources."""

import csv
import datetime as dt
import gzip
import ipaddress
import json
import re
import tarfile
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from folkways.attribute.name_rules import Leading

FOLDER = Path(__file__).resolve().parents[2] / "src" / "folkways" / "attribute"
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]+")
ORIGIN = {"source", "checked"}
HIDDEN = {"vpn", "tor", "proxy", "encrypted-dns"}
SERVICE_KEYS = {
    *("id", "name", "operator", "function", "aliases", "hidden", "ledger", "note"),
    *("domain", "network", "port", "sensor"),
}
OPERATOR_KEYS = {"id", "name", "note", "seat", "asn", "network", "parent"}
SERVICE_FACTS = {
    "domain": {"suffix", "leading", "exact"},
    "network": {"prefix", "asn", "from", "to"},
    "port": {"protocol", "port", "ports", "range", "shared", "telling", "over"},
    "sensor": {"label"},
}
OPERATOR_FACTS = {
    "seat": {"country", "from", "to"},
    "asn": {"number", "use", "from", "to"},
    "network": {"prefix", "use", "from", "to"},
    "parent": {"operator", "from", "to"},
}

# What the reference study names, by the id that stands for it.
STUDY = {
    "social": ["facebook", "instagram"],
    "search": ["google", "baidu"],
    "shopping": ["alibaba", "amazon"],
    "video": ["youku"],
    "music": ["itunes"],
    "file-sharing": ["bittorrent"],
    "other": ["tencent"],
    "software": ["apple"],
    "game-market": ["steam"],
    "crypto-node": ["bitcoin", "monero"],
    "crypto-mining": ["bitcoin-mining", "monero-mining"],
    "games": [
        *("world-of-tanks", "0ad", "ace-of-spades", "marathon-trilogy", "arma"),
        *("quake", "quake2", "quake3", "quake4", "quake-live", "world-of-warcraft"),
        *("cube2", "diablo2", "league-of-legends", "second-life"),
    ],
}

# Services with the function games that are no title, but publishers, portals and tools.
NO_TITLES = {
    *("4399", "7k7k", "37-games", "activision", "bandai-namco", "bethesda", "bigpoint"),
    *("bohemia-interactive", "byond", "capcom", "changyou", "crazygames", "curseforge", "cygames"),
    *("daybreak", "faceit", "friv", "gaijin", "gameforge", "geforce-now", "hangame", "innogames"),
    *("king", "kongregate", "konami", "kuro-games", "mihoyo", "miniclip", "mobile-premier-league"),
    *("netease-games", "netmarble", "newgrounds", "nexon", "perfect-world", "plarium", "poki"),
    *("riot-games", "rockstar", "seasun", "shanda-games", "square-enix", "supercell"),
    *("tencent-games", "toca-boca", "wargaming", "y8", "yandex-games", "yostar", "zynga"),
}


# UDP ports that the list of games gives to several titles, but the others are parts or mods of this
# one, or (27666, 28015) have no servers any more.
ALONE_IN_SPITE_OF_THE_LIST = {
    12203: "medal-of-honor",
    16567: "battlefield",
    22003: "multi-theft-auto",
    25600: "serious-sam",
    27666: "doom",
    28015: "rust",
    28960: "call-of-duty",
    32887: "ace-of-spades",
}


@cache
def read(kind: str) -> dict[str, dict[str, Any]]:
    """The entries of a folder by file name without its ending."""
    files = sorted((FOLDER / kind).glob("*.toml"))
    return {f.stem: tomllib.loads(f.read_text(encoding="utf-8")) for f in files}


def facts(kind: str, part: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, entry in read(kind).items():
        for fact in entry.get(part, []):
            yield name, fact


def ports_of(fact: dict[str, Any]) -> list[int]:
    if "range" in fact:
        low, high = fact["range"]
        return list(range(low, high + 1))
    return list(fact["ports"]) if "ports" in fact else [fact["port"]]


def asns() -> Iterator[tuple[str, int, str]]:
    for name, fact in facts("operators", "asn"):
        yield f"operator/{name}", fact["number"], fact["source"]
    for name, fact in facts("services", "network"):
        if "asn" in fact:
            yield name, fact["asn"], fact["source"]


@pytest.mark.parametrize(
    ("kind", "keys", "parts"),
    [
        ("services", SERVICE_KEYS, SERVICE_FACTS),
        ("operators", OPERATOR_KEYS, OPERATOR_FACTS),
    ],
)
def test_shape(kind: str, keys: set[str], parts: dict[str, set[str]]) -> None:
    for name, entry in read(kind).items():
        assert entry["id"] == name, name
        assert ID.fullmatch(name), name
        assert isinstance(entry["name"], str), name
        assert entry["name"].strip(), name
        assert set(entry) <= keys, name
        for part, allowed in parts.items():
            for fact in entry.get(part, []):
                assert ORIGIN <= set(fact) <= allowed | ORIGIN, (name, fact)
                assert fact["source"].strip(), (name, fact)
                for key in {"checked", "from", "to"} & set(fact):
                    assert type(fact[key]) is dt.date, (name, fact)
                assert fact.get("from", dt.date.min) <= fact.get("to", dt.date.max), (name, fact)


def test_there_are_enough_and_their_names_differ() -> None:
    assert len(read("services")) >= 150
    assert len(read("operators")) >= 120
    for kind in ("services", "operators"):
        counts = Counter(entry["name"].lower() for entry in read(kind).values())
        assert [name for name, n in counts.items() if n > 1] == []


def test_aliases_are_nobody_elses_id() -> None:
    ids = set(read("services"))
    seen: set[str] = set()
    for name, entry in read("services").items():
        for alias in entry.get("aliases", []):
            assert alias not in ids | seen, (name, alias)
            seen.add(alias)


def test_references_exist() -> None:
    text = (FOLDER / "functions.toml").read_text(encoding="utf-8")
    functions = {function["id"] for function in tomllib.loads(text)["function"]}
    operators = read("operators")
    for name, entry in read("services").items():
        assert entry["function"] in functions, name
        assert entry.get("operator") is None or entry["operator"] in operators, name
        assert entry.get("hidden", "vpn") in HIDDEN, name
        assert entry.get("ledger", "opaque") in {"transparent", "opaque"}, name
    for name, fact in facts("operators", "parent"):
        assert fact["operator"] in operators, name
        assert fact["operator"] != name


def test_every_service_can_be_recognised() -> None:
    mute = [name for name, e in read("services").items() if not SERVICE_FACTS.keys() & set(e)]
    assert mute == []


def test_domains_are_names_and_stand_once() -> None:
    owners: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for name, fact in facts("services", "domain"):
        (kind,) = {"suffix", "exact"} & set(fact)
        assert HOST.fullmatch(fact[kind]), (name, fact)
        owners[kind, f"{fact.get('leading', '')} {fact[kind]}"].append(name)
    assert {k: v for k, v in owners.items() if len(v) > 1} == {}
    # No list was copied wholesale.
    assert max(Counter(name for (name,) in owners.values()).values()) <= 50


def test_a_port_speaks_for_one_service_or_all_say_that_they_share_it() -> None:
    owners: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    shared: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for name, fact in facts("services", "port"):
        assert fact["protocol"] in {"tcp", "udp"}, (name, fact)
        assert len({"port", "ports", "range"} & set(fact)) == 1, (name, fact)
        for port in ports_of(fact):
            assert 0 < port < 65536, (name, fact)
            owners[fact["protocol"], port].add(name)
            if fact.get("shared", False):
                shared[fact["protocol"], port].add(name)
    assert {k: v for k, v in owners.items() if len(v) > 1} == shared
    # The web's own ports tell nothing.
    assert not {port for _, port in owners} & {80, 443, 8080, 8443}


def test_a_label_speaks_for_one_service() -> None:
    owners: defaultdict[str, list[str]] = defaultdict(list)
    for name, fact in facts("services", "sensor"):
        assert fact["label"] == fact["label"].strip().lower(), (name, fact)
        owners[fact["label"]].append(name)
    assert {k: v for k, v in owners.items() if len(v) > 1} == {}
    assert not {"tls", "ssl", "http", "quic", "unknown"} & set(owners)


def test_an_as_number_has_one_operator() -> None:
    numbers: Counter[int] = Counter()
    for name, fact in facts("operators", "asn"):
        assert 0 < fact["number"] < 2**32, name
        assert fact.get("use", "own") in {"own", "hosting", "cdn"}, name
        numbers[fact["number"]] += 1
    assert [number for number, n in numbers.items() if n > 1] == []
    for name, fact in facts("services", "network"):
        if "prefix" in fact:
            ipaddress.ip_network(fact["prefix"])
        operator = read("services")[name].get("operator", "")
        own = {asn["number"] for asn in read("operators")[operator]["asn"]}
        assert "asn" not in fact or fact["asn"] in own, (name, fact)


def test_seats_are_countries() -> None:
    for name, fact in facts("operators", "seat"):
        assert re.fullmatch(r"[A-Z]{2}", fact["country"]), name
    seats = {n: {f["country"] for f in e.get("seat", [])} for n, e in read("operators").items()}
    known = {"meta": "US", "baidu": "CN", "naver": "KR", "yandex": "RU", "wargaming": "CY"}
    assert {name: seats[name] for name in known} == {n: {c} for n, c in known.items()}


@pytest.mark.parametrize("function", sorted(STUDY))
def test_what_the_study_names_is_there(function: str) -> None:
    services = read("services")
    for name in STUDY[function]:
        assert services[name]["function"] == function, name


def test_there_are_eighty_titles_and_markets_besides() -> None:
    functions = {name: entry["function"] for name, entry in read("services").items()}
    games = {name for name, function in functions.items() if function == "games"}
    assert games >= NO_TITLES
    assert len(games - NO_TITLES - set(STUDY["games"])) >= 80
    markets = {name for name, function in functions.items() if function == "game-market"}
    assert markets >= {"steam", "skinport", "dmarket", "buff163", "playerauctions", "g2g", "igv"}


def test_hidden_ways_of_the_study_are_told_apart() -> None:
    services = read("services")
    ways = {name: services[name].get("hidden") for name in ("tor", "tor-project", "nordvpn")}
    assert ways == {"tor": "tor", "tor-project": None, "nordvpn": "vpn"}
    assert services["psiphon"]["hidden"] == "proxy"
    assert "domain" not in services["tor"]
    ledgers = {name: services[name].get("ledger") for name in ("bitcoin", "monero", "nicehash")}
    assert ledgers == {"bitcoin": "transparent", "monero": "opaque", "nicehash": None}


def test_ports_known_from_elsewhere() -> None:
    # IANA's registry (26000), the projects' own documentation (8333, 18080, 30303, 20595, 28785),
    # the operators' help pages (12035), and the port lists of games.
    owners: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for name, fact in facts("services", "port"):
        for port in ports_of(fact):
            owners[fact["protocol"], port].add(name)
    known = {
        ("tcp", 8333): {"bitcoin"},
        ("tcp", 18080): {"monero"},
        ("tcp", 30303): {"ethereum"},
        ("tcp", 3724): {"world-of-warcraft", "wurm"},
        ("tcp", 25565): {"minecraft"},
        ("udp", 26000): {"quake", "nexuiz", "xonotic"},
        ("udp", 27500): {"quake"},
        ("udp", 27910): {"quake2", "alien-arena"},
        ("udp", 28004): {"quake4"},
        ("udp", 28960): {"call-of-duty"},
        ("udp", 20595): {"0ad"},
        ("udp", 32887): {"ace-of-spades"},
        ("udp", 34197): {"factorio"},
        ("udp", 28785): {"cube2"},
        ("udp", 12035): {"second-life"},
        ("udp", 53): {"dns"},
    }
    assert {key: owners[key] for key in known} == known
    kin = {
        ("udp", 27015): {"counter-strike", "half-life", "garrys-mod", "team-fortress-2"},
        ("udp", 27960): {"quake3", "quake-live", "openarena", "urban-terror", "wolfenstein-et"},
    }
    assert all(titles <= owners[key] for key, titles in kin.items())


@pytest.mark.external
def test_no_title_has_a_port_alone_that_a_list_of_games_gives_to_several(
    shared_data: Path,
) -> None:
    path = shared_data / "reference" / "games" / "gamedig_game_ports.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        listed = Counter(int(row["port"]) for row in csv.DictReader(stream) if row["port"])
    alone = {
        port: name
        for name, fact in facts("services", "port")
        if read("services")[name]["function"] == "games"
        for port in ports_of(fact)
        if fact["protocol"] == "udp" and listed[port] > 1 and not fact.get("shared", False)
    }
    assert alone == ALONE_IN_SPITE_OF_THE_LIST


def begins_so(fact: dict[str, Any], host: str) -> bool:
    above, dot, rest = host.rpartition(f".{fact['suffix']}")
    fits = Leading.of(fact["leading"]).fits(["x" + above if above[:1] == "-" else above])
    return bool(dot) and not rest and fits


@pytest.mark.external
def test_domains_stand_in_the_lists_that_are_given_as_their_source(shared_data: Path) -> None:
    lists: defaultdict[str, set[str]] = defaultdict(set)
    patterns: defaultdict[str, set[str]] = defaultdict(set)
    folder = shared_data / "reference" / "domain_lists"
    with tarfile.open(folder / "v2fly_domain-list-community_data.tar.gz") as tar:
        for member in tar:
            body = tar.extractfile(member)
            for line in body.read().decode().splitlines() if body else []:
                word = (line.split("#")[0].split() or [""])[0]
                prefix, _, rest = word.rpartition(":")
                found = patterns if prefix == "regexp" else lists
                if prefix in {"", "domain", "full", "regexp"}:
                    found[f"v2fly domain-list-community: {Path(member.name).name}"].add(rest)
    entities = (folder / "third_party_web_entities.json").read_text(encoding="utf-8")
    for entity in json.loads(entities):
        lists[f"third-party-web: {entity['name']}"] |= {d.lstrip("*.") for d in entity["domains"]}
    hosts = shared_data / "reference" / "ndpi_lists" / "ndpi_host_match.csv"
    with hosts.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            lists[f"nDPI host list: {row['name']}"].add(row["host"].lstrip("."))
    looked_up = 0
    for name, fact in facts("services", "domain"):
        if fact["source"].startswith(("v2fly", "third-party-web", "nDPI")):
            domain = fact.get("suffix") or fact["exact"]
            assert domain in lists[fact["source"]], (name, fact)
            looked_up += 1
        elif fact["source"].startswith("names in "):
            listed = lists[fact["source"].removeprefix("names in ")]
            assert any(begins_so(fact, one) for one in listed), (name, fact)
        elif fact["source"].startswith("a pattern in "):
            listed = patterns[fact["source"].removeprefix("a pattern in ")]
            assert any(re.escape(fact["suffix"]) in one for one in listed), (name, fact)
    assert looked_up > 1000


@pytest.mark.external
def test_as_numbers_are_routed_unless_said_otherwise(shared_data: Path) -> None:
    routed: set[int] = set()
    for version in ("4", "6"):
        path = shared_data / "reference" / "ip_db" / f"asn-ipv{version}.csv.gz"
        with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
            routed |= {int(row[2]) for row in csv.reader(stream)}
    for name, number, source in asns():
        assert (number in routed) == ("no longer in routing data" not in source), (name, number)


@pytest.mark.external
def test_frequent_as_numbers_of_the_real_flows_have_names(shared_data: Path) -> None:
    path = shared_data / "longitudinal" / "cs448b_ipasn" / "cs448b_ipasn.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        counts = Counter(int(row["r_asn"]) for row in csv.DictReader(stream))
    known = {number for _, number, _ in asns()}
    frequent = [number for number, _ in counts.most_common(40)]
    # Not known: numbers whose holder of 2006 no source at hand names.
    assert [n for n in frequent if n not in known] == [13867, 30099, 6478]
