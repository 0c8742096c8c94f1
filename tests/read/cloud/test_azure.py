import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from folkways.model.addresses import address_to_text
from folkways.model.batches import Tally
from folkways.model.columns import RECORDS
from folkways.model.errors import FormatError
from folkways.read.cloud import AzureReader, azure
from folkways.read.lines import Chunks
from folkways.read.reader import ReadOptions
from folkways.read.source import Source

NSG = "Azure flow log, network security group"
VNET = "Azure flow log, virtual network"
BEGIN = "1594238636,10.1.0.4,20.38.107.36,52246,443,T,O,A,B,,,,"
END = "1594238651,10.1.0.4,20.38.107.36,52246,443,T,O,A,E,9,1599,12,11178"


def read(path: Path) -> tuple[list[dict[str, Any]], Tally]:
    tally = Tally()
    batches = AzureReader().read(Source(path.name, path), ReadOptions(), tally)
    return [row for b in batches for row in b.rows.to_pylist()], tally


def nsg(*tuples: Any, mac: str = "000D3AD53B86", version: int = 2) -> dict[str, Any]:
    return {
        "time": "2020-07-08T20:04:43.4178856Z",
        "category": "NetworkSecurityGroupFlowEvent",
        "resourceId": "/SUBSCRIPTIONS/X/NETWORKSECURITYGROUPS/GROUP-2",
        "properties": {
            "Version": version,
            "flows": [{"rule": "r", "flows": [{"mac": mac, "flowTuples": list(tuples)}]}],
        },
    }


def vnet(*tuples: str) -> dict[str, Any]:
    return {
        "time": "2022-09-14T09:00:52.5625085Z",
        "flowLogVersion": 4,
        "macAddress": "112233445566",
        "category": "FlowLogFlowEvent",
        "targetResourceID": "/subscriptions/x/virtualNetworks/myVNet",
        "flowRecords": {
            "flows": [{"aclID": "y", "flowGroups": [{"rule": "r", "flowTuples": list(tuples)}]}]
        },
    }


def write(folder: Path, *records: Any, indent: int | None = None) -> Path:
    path = folder / "PT1H.json"
    path.write_text(json.dumps({"records": list(records)}, indent=indent))
    return path


def number(text: str) -> int | None:
    return int(text) if text else None


def shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        k: address_to_text(v) if k.endswith("address") and v is not None else v
        for k, v in row.items()
    }


def expected(text: str, exporter: str) -> dict[str, Any]:
    """A record by the documentation, from a tuple of version 2."""
    t = text.split(",")
    wanted: dict[str, Any] = dict.fromkeys(RECORDS.names)
    return wanted | {
        "start_ms": int(t[0]) * 1000,
        "end_ms": int(t[0]) * 1000,
        "source_address": t[1],
        "destination_address": t[2],
        "source_port": int(t[3]),
        "destination_port": int(t[4]),
        "protocol": {"T": 6, "U": 17}[t[5]],
        "flaws": "rejected" if t[7] == "D" else None,
        "denied": t[7] == "D",
        "begins": True if t[8] == "B" else None,
        "packets_forward": number(t[9]),
        "bytes_forward": number(t[10]),
        "packets_reverse": number(t[11]),
        "bytes_reverse": number(t[12]),
        "initiator": "source",
        "exporter": exporter,
    }


def walk(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        expected(text, record["resourceId"].split("/")[-1] + "/" + inner["mac"])
        for record in document["records"]
        for flow in record["properties"]["flows"]
        for inner in flow["flows"]
        for text in inner["flowTuples"]
    ]


@pytest.mark.external
def test_the_hour_tuple_by_tuple(shared_data: Path) -> None:
    path = shared_data / "exports" / "cloud" / "azure_nsg_v2_PT1H.json"
    found, tally = read(path)
    wanted = walk(json.loads(path.read_bytes()))
    assert len(wanted) == 8203
    assert [shown(row) for row in found] == wanted
    assert tally == Tally(records=8203, versions=Counter({NSG: 8203}))
    kinds = Counter((row["begins"], row["flaws"]) for row in found)
    assert kinds == {(True, None): 5054, (None, None): 3142, (True, "rejected"): 7}
    assert AzureReader().sniff(Source("x", path), ReadOptions()) == 0.95


@pytest.mark.external
def test_the_hour_in_small_chunks_and_batches(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shared_data / "exports" / "cloud" / "azure_nsg_v2_PT1H.json"
    whole, _ = read(path)
    monkeypatch.setattr(azure, "BATCH_ROWS", 1000)
    monkeypatch.setattr(azure, "Chunks", lambda stream, tally: Chunks(stream, tally, 5000))
    found, tally = read(path)
    assert found == whole
    assert tally == Tally(records=8203, versions=Counter({NSG: 8203}))


def test_version_1_has_neither_states_nor_counters(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        nsg(
            "1491143966,10.2.0.4,23.99.34.232,37560,443,T,O,A",
            "1491143967,10.2.0.4,2001:db8::1,56559,123,U,O,D",
            version=1,
        ),
    )
    (a, b), tally = read(path)
    assert (a["start_ms"], a["protocol"], a["begins"], a["flaws"]) == (1491143966000, 6, None, None)
    assert (b["start_ms"], b["protocol"], b["begins"], b["flaws"]) == (
        1491143967000,
        17,
        None,
        "rejected",
    )
    assert address_to_text(b["destination_address"]) == "2001:db8::1"
    assert (a["denied"], b["denied"]) == (False, True)
    assert all(r[f"{c}_{w}"] is None for r in (a, b) for c in ("bytes", "packets")
               for w in ("forward", "reverse"))  # fmt: skip
    assert tally == Tally(records=2, versions=Counter({NSG: 2}))


def test_virtual_networks_have_milliseconds_and_protocol_numbers(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        vnet(
            "1663146003599,10.0.0.6,192.0.2.180,23956,443,6,O,B,NX,0,0,0,0",
            "1663146003606,10.0.0.6,192.0.2.180,23956,443,6,O,E,NX,3,767,2,1580",
            "1663146003637,203.0.113.17,10.0.0.6,22730,0,1,I,D,NX,,,,",
        ),
        indent=4,
    )
    found, tally = read(path)
    assert [
        (r["start_ms"], r["protocol"], r["destination_port"], r["begins"], r["flaws"])
        for r in found
    ] == [
        (1663146003599, 6, 443, True, None),
        (1663146003606, 6, 443, None, None),
        (1663146003637, 1, None, None, "rejected"),
    ]
    assert [r["denied"] for r in found] == [False, False, True]
    assert (found[1]["packets_forward"], found[1]["bytes_forward"]) == (3, 767)
    assert (found[1]["packets_reverse"], found[1]["bytes_reverse"]) == (2, 1580)
    assert {r["exporter"] for r in found} == {"myVNet/112233445566"}
    assert tally == Tally(records=3, versions=Counter({VNET: 3}))


def test_bad_tuples_and_records_are_counted_by_cause(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        nsg(BEGIN, "1,2,3", "x" + BEGIN, BEGIN.replace("10.1.0.4", "10.1.0.444")),
        nsg(END.replace("1599", "-5"), END.replace("10.1.0.4,20.38.107.36", ",")),
        nsg(END, 5),
        {"time": "2020", "category": "Audit"},
        {"properties": {"flows": "none"}},
        vnet("1663146003599,10.0.0.6,192.0.2.180,23956,443,6,O,C,NX,1,2,3,4"),
    )
    found, tally = read(path)
    assert [r["bytes_forward"] for r in found] == [None, None, 2]
    assert tally.skipped == {
        "wrong number of fields": 1,
        "no time": 1,
        "address does not parse: source_address": 1,
        "no address": 1,
        "record does not decode": 2,
        "record of another kind": 1,
    }
    assert tally.flagged == {"bad value: bytes_forward": 1}
    assert tally.records == len(found) + 7


def test_a_cut_file_gives_its_whole_records(tmp_path: Path) -> None:
    text = json.dumps({"records": [nsg(BEGIN), nsg(END), nsg(BEGIN, END)]}).encode()
    path = tmp_path / "cut.json"
    for end in range(20, len(text), 37):
        path.write_bytes(text[:end])
        found, tally = read(path)
        assert len(found) in {0, 1, 2, 4}
        assert tally.notes
        assert sum(tally.skipped.values()) <= 1
    tuples = [END.replace("1599", str(i)) for i in range(20_000)]
    text = json.dumps(
        {"records": [nsg(*tuples[i : i + 10]) for i in range(0, 20_000, 10)]}
    ).encode()
    path.write_bytes(gzip.compress(text)[:-3000])
    found, tally = read(path)
    assert 1000 < len(found) < 20_000
    assert [r["bytes_forward"] for r in found] == list(range(len(found)))
    assert tally.flagged["compressed stream broken off"] == 1
    assert tally.skipped == {"cut object": 1}
    assert tally.records == len(found) + sum(tally.skipped.values())


def test_records_one_a_line_or_in_an_array(tmp_path: Path) -> None:
    wanted, _ = read(write(tmp_path, nsg(BEGIN), nsg(END)))
    path = tmp_path / "other.json"
    path.write_text(json.dumps(nsg(BEGIN)) + "\n" + json.dumps(nsg(END)))
    assert read(path)[0] == wanted
    path.write_text("\ufeff" + json.dumps([nsg(BEGIN), nsg(END)]))
    assert read(path)[0] == wanted
    assert len(wanted) == 2


def test_an_interface_under_two_security_groups_is_said(tmp_path: Path) -> None:
    other = nsg(BEGIN) | {"resourceId": "/SUBSCRIPTIONS/X/NETWORKSECURITYGROUPS/GROUP-3"}
    assert not read(write(tmp_path, nsg(BEGIN), nsg(END), nsg(BEGIN, mac="2")))[1].notes
    found, tally = read(write(tmp_path, nsg(BEGIN), other))
    assert [row["exporter"] for row in found] == ["GROUP-2/000D3AD53B86", "GROUP-3/000D3AD53B86"]
    assert "may stand here twice" in tally.notes[0]


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00\x01"])
def test_what_is_no_json_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    assert AzureReader().sniff(Source("x", path), ReadOptions()) == 0.0
    with pytest.raises(FormatError, match="not JSON"):
        read(path)


def test_absurdly_deep_nesting_is_counted(tmp_path: Path) -> None:
    deep = '{"records":[{"properties":' + '{"a":' * 100_000 + "1" + "}" * 100_000 + "}]}"
    path = tmp_path / "deep.json"
    path.write_text(deep)
    found, tally = read(path)
    assert not found
    assert sum(tally.skipped.values()) == 1


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 1200), st.binary(max_size=4), st.integers(0, 3))
def test_garbled_bytes_never_stop_it(tmp_path: Path, at: int, noise: bytes, lost: int) -> None:
    text = json.dumps({"records": [nsg(BEGIN, END), vnet(BEGIN), nsg(END)]}).encode()
    path = tmp_path / "garbled.json"
    at = min(at, len(text))
    path.write_bytes(b'{"records"' + (text[:at] + noise + text[at + lost :])[10:])
    found, tally = read(path)
    assert len(found) <= 4
    assert tally.records == len(found) + sum(tally.skipped.values())
