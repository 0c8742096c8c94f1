"""The logs against the truth, read by Python's own csv module and nothing of Folkways."""

import csv
import datetime as dt
import gzip
import ipaddress
import itertools
from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from folkways.simulate import Simulated

Rows = list[dict[str, str]]
MEMBERS = [
    ipaddress.ip_network(prefix) for prefix in ("198.18.0.0/22", "198.18.8.0/24", "2001:db8:1::/48")
]
REMOTES = [ipaddress.ip_network("198.19.0.0/16"), ipaddress.ip_network("2001:db8:f000::/36")]
EXCLUDED = ipaddress.ip_network("198.18.0.240/28")


def header(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file if line.startswith("#")]


def rows(path: Path) -> Rows:
    """The rows of a log; a log that was never opened has none."""
    if not path.exists():
        return []
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        lines = list(file)
    fields = next(x for x in lines if x.startswith("#fields\t")).rstrip("\n").split("\t")[1:]
    read = list(
        csv.reader(
            (x for x in lines if not x.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE
        )
    )
    assert all(len(row) == len(fields) for row in read)
    return [dict(zip(fields, row, strict=True)) for row in read]


def days(simulated: Simulated) -> list[tuple[str, Path]]:
    return [(one.name, day) for one in simulated.rounds for day in sorted(one.folder.iterdir())]


def test_headers_are_those_of_zeek(small: Simulated) -> None:
    for name, day in days(small):
        assert {path.name for path in day.iterdir()} >= {"conn.log.gz", "ssl.log.gz", "dns.log.gz"}
        for path in day.iterdir():
            lines = header(path)
            log = path.name.removesuffix(".log.gz")
            assert lines[:5] == [
                "#separator \\x09",
                "#set_separator\t,",
                "#empty_field\t(empty)",
                "#unset_field\t-",
                f"#path\t{log}",
            ]
            assert lines[5] == f"#open\t{day.name}-00-00-00"
            assert lines[6].startswith(
                "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p"
            )
            assert lines[7].startswith("#types\ttime\tstring\taddr\tport\taddr\tport")
            assert lines[6].count("\t") == lines[7].count("\t")
            assert lines[8].startswith("#close\t")
        assert name in str(day)


def test_sums_are_those_of_the_truth(small: Simulated, small_truth: dict[str, Any]) -> None:
    for name, day in days(small):
        counted = small_truth["days"][name][day.name].values()
        conn = rows(day / "conn.log.gz")
        assert len(conn) == sum(connections for connections, _, _ in counted)
        ip_bytes = sum(int(r["orig_ip_bytes"]) + int(r["resp_ip_bytes"]) for r in conn)
        assert ip_bytes == sum(size for _, size, _ in counted)


def test_named_items_are_found_by_their_hosts(
    small: Simulated, small_truth: dict[str, Any]
) -> None:
    for item, suffix in (
        ("facebook", "facebook.com"),
        ("google", "google.com"),
        ("other-web", "other-web.example"),
    ):
        for name, day in days(small):
            conn = {r["uid"]: r for r in rows(day / "conn.log.gz")}
            uids = {
                r["uid"]
                for log, column in (("ssl", "server_name"), ("http", "host"))
                for r in rows(day / f"{log}.log.gz")
                if r[column].endswith(suffix)
            }
            mine = [conn[uid] for uid in uids]
            size = sum(int(r["orig_ip_bytes"]) + int(r["resp_ip_bytes"]) for r in mine)
            members = len({r["id.orig_h"] for r in mine})
            assert [len(mine), size, members] == small_truth["days"][name][day.name].get(
                item, [0, 0, 0]
            )


@pytest.mark.parametrize(
    ("item", "port", "proto"), [("quake4", "28004", "udp"), ("bitcoin", "8333", "tcp")]
)
def test_items_with_a_port_are_found_by_it(
    small: Simulated, small_truth: dict[str, Any], item: str, port: str, proto: str
) -> None:
    for name, day in days(small):
        mine = [
            r
            for r in rows(day / "conn.log.gz")
            if (r["id.resp_p"], r["proto"]) == (port, proto) and r["local_orig"] == "T"
        ]
        assert len(mine) == small_truth["days"][name][day.name].get(item, [0])[0]


def test_noise_and_excluded_rows_look_like_it(
    small: Simulated, small_truth: dict[str, Any]
) -> None:
    for name, day in days(small):
        seen: Counter[str] = Counter()
        for r in rows(day / "conn.log.gz"):
            if ipaddress.ip_address(r["id.resp_h"]) in EXCLUDED:
                seen["resold"] += 1
            elif r["local_orig"] == "F" and r["conn_state"] == "S0":
                seen["scan"] += 1
            elif r["history"] in {"^h", "^r"}:
                assert r["orig_pkts"] == "0"
                assert r["orig_ip_bytes"] == "0"
                seen["backscatter"] += 1
            elif r["conn_state"] == "S0":
                assert r["resp_pkts"] == "0"
                seen["attempts"] += 1
        for item in ("resold", "scan", "backscatter", "attempts"):
            assert seen[item] == small_truth["days"][name][day.name][item][0]


def test_every_row_starts_on_its_local_day(small: Simulated) -> None:
    zone = ZoneInfo("Asia/Pyongyang")
    for _, day in days(small):
        for path in day.iterdir():
            for r in rows(path):
                assert dt.datetime.fromtimestamp(float(r["ts"]), zone).date().isoformat() == (
                    day.name
                )


def test_rows_come_in_the_order_in_which_they_end(small: Simulated) -> None:
    for _, day in days(small):
        ends = [
            float(r["ts"]) + (float(r["duration"]) if r["duration"] != "-" else 0)
            for r in rows(day / "conn.log.gz")
            if r["duration"] != "-"
        ]
        assert all(a <= b + 1e-5 for a, b in itertools.pairwise(ends))


def test_addresses_are_members_and_remotes_of_reserved_space(small: Simulated) -> None:
    for _, day in days(small):
        for r in rows(day / "conn.log.gz"):
            local, remote = r["id.orig_h"], r["id.resp_h"]
            if r["local_orig"] == "F":
                local, remote = remote, local
            assert (r["local_orig"], r["local_resp"]) in {("T", "F"), ("F", "T")}
            assert any(ipaddress.ip_address(local) in network for network in MEMBERS)
            assert any(ipaddress.ip_address(remote) in network for network in REMOTES)


def test_numbers_fit_each_other(small: Simulated) -> None:
    """Payload, packets and IP bytes of a row are such as the headers' sizes allow."""
    for _, day in days(small):
        for r in rows(day / "conn.log.gz"):
            header_size = (40 if ":" in r["id.orig_h"] else 20) + (20 if r["proto"] == "tcp" else 8)
            for side in ("orig", "resp"):
                packets = int(r[f"{side}_pkts"])
                payload = 0 if r[f"{side}_bytes"] == "-" else int(r[f"{side}_bytes"])
                ip_bytes = int(r[f"{side}_ip_bytes"])
                assert ip_bytes >= payload + header_size * packets
                assert ip_bytes <= payload + (header_size + 60) * packets
                assert ip_bytes <= 1500 * packets
                assert (packets == 0) == (ip_bytes == 0)
            single = int(r["orig_pkts"]) + int(r["resp_pkts"]) == 1
            assert (r["duration"] == "-") == single
            assert (r["orig_bytes"] == "-") == single
            assert r["missed_bytes"] == "0"
            if r["conn_state"] == "SF":
                assert int(r["orig_pkts"]) > 0
                assert int(r["resp_pkts"]) > 0


def test_uids_are_unique_and_join(small: Simulated) -> None:
    everywhere: list[str] = []
    for _, day in days(small):
        conn = {r["uid"]: r for r in rows(day / "conn.log.gz")}
        everywhere += conn
        assert len(conn) == len(rows(day / "conn.log.gz"))
        for log, service in (("ssl", "ssl"), ("http", "http"), ("quic", "quic"), ("dns", "dns")):
            for r in rows(day / f"{log}.log.gz"):
                mine = conn[r["uid"]]
                assert service in mine["service"].split(",")
                for key in ("ts", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p"):
                    assert r[key] == mine[key]
    assert all(len(uid) == 18 and uid[0] == "C" and uid.isalnum() for uid in everywhere)
    assert len(set(everywhere)) == len(everywhere)


def test_dns_answers_lead_to_the_connections_that_follow(small: Simulated) -> None:
    followed = 0
    for _, day in days(small):
        conn = rows(day / "conn.log.gz")
        to = {(r["id.orig_h"], r["id.resp_h"]): float(r["ts"]) for r in conn}
        for r in rows(day / "dns.log.gz"):
            answers = r["answers"].split(",")
            assert r["qtype_name"] == ("AAAA" if ":" in answers[-1] else "A")
            assert len(r["TTLs"].split(",")) == len(answers)
            assert (r["id.orig_h"], answers[-1]) in to
            followed += 1
            if len(answers) == 2:
                assert answers[0] == r["query"] + ".edge.example"
    assert followed > 400
