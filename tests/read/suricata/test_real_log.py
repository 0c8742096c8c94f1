"""A log that Suricata wrote, against sums made of it line by line with Python's own JSON."""

import datetime as dt
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from folkways.model.addresses import address_to_text
from folkways.model.batches import Tally
from folkways.read.reader import ReadOptions
from folkways.read.source import Source
from folkways.read.suricata import SuricataReader

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

pytestmark = pytest.mark.external


def _ms(text: str) -> int:
    return (dt.datetime.fromisoformat(text) - EPOCH) // dt.timedelta(milliseconds=1)


def _flow(event: dict[str, Any]) -> tuple[Any, ...]:
    flow, tcp = event["flow"], event.get("tcp", {})
    flags = (tcp.get("tcp_flags_ts"), tcp.get("tcp_flags_tc"))
    label = event.get("app_proto")
    return (
        *(_ms(flow["start"]), _ms(flow["end"]), event["src_ip"], event["dest_ip"]),
        *(event["src_port"], event["dest_port"], {"TCP": 6, "UDP": 17}[event["proto"]]),
        *(flow["bytes_toserver"], flow["bytes_toclient"]),
        *(flow["pkts_toserver"], flow["pkts_toclient"]),
        *(None if f is None else int(f, 16) for f in flags),
        *(event["flow_id"], None if label == "failed" else label, event["host"]),
    )


def _answers(event: dict[str, Any]) -> list[tuple[Any, ...]]:
    dns = event["dns"]
    target = {r["rrname"]: r for r in dns["answers"] if r["rrtype"] == "CNAME"}
    name, chain, ttls = dns["rrname"], [dns["rrname"]], []
    while name in target:
        ttls.append(target[name]["ttl"])
        name = target[name]["rdata"]
        chain.append(name)
    return [
        (
            *(_ms(event["timestamp"]), event["src_ip"], dns["rrname"], name),
            ",".join(chain) if len(chain) > 1 else None,
            *(r["rdata"], min([*ttls, r["ttl"]])),
        )
        for r in dns["answers"]
        if r["rrtype"] in {"A", "AAAA"} and r["rrname"] == name
    ]


def test_the_real_log(shared_data: Path) -> None:
    path = shared_data / "exports" / "slips" / "test6-malicious.suricata.json"
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    tally = Tally()
    rows: dict[str, list[dict[str, Any]]] = {"records": [], "names": [], "answers": []}
    for batch in SuricataReader().read(Source(str(path), path), ReadOptions(), tally):
        rows[batch.kind] += batch.rows.to_pylist()

    flows = [_flow(e) for e in events if e["event_type"] == "flow"]
    columns = (
        *("start_ms", "end_ms", "source_address", "destination_address", "source_port"),
        *("destination_port", "protocol", "bytes_forward", "bytes_reverse", "packets_forward"),
        *("packets_reverse", "tcp_flags_forward", "tcp_flags_reverse", "uid", "sensor_label"),
        "exporter",
    )
    for row in rows["records"]:
        for side in ("source_address", "destination_address"):
            row[side] = address_to_text(row[side])
    assert [tuple(r[c] for c in columns) for r in rows["records"]] == flows
    assert len(flows) == 3512
    sums = [sum(f[i] for f in flows) for i in (7, 8, 9, 10)]
    measured = ("bytes_forward", "bytes_reverse", "packets_forward", "packets_reverse")
    assert [sum(r[c] for r in rows["records"]) for c in measured] == sums

    answered = [e for e in events if e["event_type"] == "dns" and e["dns"]["type"] == "answer"]
    found = [
        (
            *(r["start_ms"], address_to_text(r["client_address"]), r["query"], r["canonical"]),
            *(r["chain"], address_to_text(r["address"]), r["ttl_s"]),
        )
        for r in rows["answers"]
    ]
    assert found == [a for e in answered for a in _answers(e)]
    assert len(found) == 340

    # All Host fields of this log are addresses, or missing.
    named = [e for e in events if e["event_type"] == "tls" and "sni" in e["tls"]]
    assert [(r["start_ms"], r["uid"], r["name"], r["name_source"]) for r in rows["names"]] == [
        (_ms(e["timestamp"]), e["flow_id"], e["tls"]["sni"], "tls") for e in named
    ]
    https = [e for e in events if e["event_type"] == "http"]
    kinds = Counter(e["event_type"] for e in events)
    assert tally.records == len(events) == 5000
    assert tally.skipped == {
        "dns request": kinds["dns"] - len(answered),
        "name is an address": sum("hostname" in e["http"] for e in https),
        "no name": sum("hostname" not in e["http"] for e in https),
        **{f"event not used: {k}": kinds[k] for k in ("alert", "anomaly", "fileinfo")},
    }
    assert tally.flagged == {"frame-bytes": 3512}
