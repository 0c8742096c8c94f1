"""Connections, packets and IP bytes against Zeek's conn.log; see tests/cases/capture."""

import csv
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from folkways.model.addresses import address_from_text

Read = Callable[..., SimpleNamespace]
CASES = Path(__file__).parents[2] / "cases" / "capture" / "zeek_differences.toml"
EXPECTED: dict[str, Any] = tomllib.loads(CASES.read_text(encoding="utf-8"))
TUNNEL_PORTS = frozenset(EXPECTED["envelope"]["ports"])
# Zeek has no active timeout; its longest inactivity timeout is five minutes.
TIMEOUTS = {"active_timeout_s": 10**8, "idle_timeout_s": 300}
PORTLESS = (1, 58, 132)


@dataclass
class Traffic:
    """All connections between the same two ends."""

    connections: int = 0
    sums: Counter[Any] = field(default_factory=Counter)
    counted: bool = True

    def add(self, end: Any, packets: int, octets: int) -> None:
        self.sums[end, "packets"] += packets
        self.sums[end, "bytes"] += octets


def zeek_rows(path: Path) -> Iterator[dict[str, str]]:
    names: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#fields"):
            names = line.split("\t")[1:]
        elif not line.startswith("#"):
            yield dict(zip(names, line.split("\t"), strict=True))


def their_traffic(path: Path) -> dict[Any, Traffic]:
    """By ends; Zeek's type and code of ICMP are no ports."""
    found: dict[Any, Traffic] = {}
    numbers = {"tcp": 6, "udp": 17, "icmp": 1, "unknown_transport": 132}
    for row in zeek_rows(path):
        protocol = numbers[row["proto"]]
        source, destination = (
            (address_from_text(row[f"id.{side}_h"]), int(row[f"id.{side}_p"]))
            for side in ("orig", "resp")
        )
        if protocol in PORTLESS:
            source, destination = (source[0], 0), (destination[0], 0)
        traffic = found.setdefault((protocol, frozenset([source, destination])), Traffic())
        traffic.connections += 1
        for end, side in ((source, "orig"), (destination, "resp")):
            if row[f"{side}_pkts"] == "-":
                traffic.counted = False
            else:
                traffic.add(end, int(row[f"{side}_pkts"]), int(row[f"{side}_ip_bytes"]))
    return found


def our_traffic(found: SimpleNamespace) -> dict[Any, Traffic]:
    result: dict[Any, Traffic] = {}
    for row in found.rows:
        protocol = 1 if row["protocol"] == 58 else row["protocol"]
        source, destination = (
            (row[f"{side}_address"], 0 if protocol in PORTLESS else row[f"{side}_port"])
            for side in ("source", "destination")
        )
        traffic = result.setdefault((protocol, frozenset([source, destination])), Traffic())
        traffic.connections += 1
        traffic.add(source, row["packets_forward"], row["bytes_forward"])
        traffic.add(destination, row["packets_reverse"], row["bytes_reverse"])
    return result


def compare(ours: dict[Any, Traffic], theirs: dict[Any, Traffic]) -> Counter[str]:
    """How many pairs of ends are the same, and how the others differ."""
    outcome: Counter[str] = Counter()
    for key, traffic in theirs.items():
        mine = ours.get(key)
        protocol, ends = key
        if not traffic.counted:
            outcome["not counted by Zeek"] += 1
        elif mine is not None and +mine.sums == +traffic.sums:
            outcome["same"] += 1
            outcome["split"] += mine.connections != traffic.connections
        elif protocol == 17 and TUNNEL_PORTS & {port for _, port in ends}:
            outcome["envelope"] += 1
        else:
            outcome["differs"] += 1
    return outcome


@pytest.mark.external
def test_connections_are_those_of_zeek(shared_data: Path, read: Read) -> None:
    folder = shared_data / "captures" / "zeek"
    total: Counter[str] = Counter()
    unexplained = {}
    explained = {d["test"]: d for d in EXPECTED["difference"]}
    with (folder / "trace_to_log.csv").open(encoding="utf-8") as table:
        pairs = [row for row in csv.DictReader(table) if row["log"].endswith("conn.log")]
    for pair in pairs:
        theirs = their_traffic(folder / pair["log"])
        ours = our_traffic(read(folder / "traces" / pair["trace"], **TIMEOUTS))
        outcome = +compare(ours, theirs)
        total += outcome
        expected = explained.get(pair["zeek_test"], {})
        found = {kind: outcome[kind] for kind in ("differs", "split", "not counted by Zeek")}
        if found != {kind: expected.get(kind.split()[0], 0) for kind in found}:
            unexplained[pair["zeek_test"]] = found
    share = total["same"] / (total["same"] + total["differs"])
    print(f"Of Zeek's conn.log: {dict(total)}; {share:.1%} of what both count is the same")  # noqa: T201  # the measured share
    assert not unexplained
    assert share > 0.9
