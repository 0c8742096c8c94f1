import gzip
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from folkways.model.addresses import address_to_text
from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.cloud import GcpReader
from folkways.read.reader import ReadOptions
from folkways.read.source import Source


def read(path: Path) -> tuple[list[dict[str, Any]], Tally]:
    tally = Tally()
    batches = GcpReader().read(Source(path.name, path), ReadOptions(), tally)
    return [row for b in batches for row in b.rows.to_pylist()], tally


def entry(**payload: Any) -> dict[str, Any]:
    connection = {"src_ip": "192.0.2.1", "dest_ip": "2001:db8::1", "src_port": 443, "protocol": 6}
    return {
        "logName": "projects/p/logs/compute.googleapis.com%2Fvpc_flows",
        "jsonPayload": {
            "connection": connection,
            "reporter": "SRC",
            "bytes_sent": "5",
            "start_time": "2018-04-03T13:47:37.9999Z",
            "end_time": "2018-04-03T13:47:38Z",
        }
        | payload,
    }


def write(folder: Path, *lines: Any) -> Path:
    path = folder / "flows.jsonl"
    path.write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines))
    return path


def milliseconds(text: str) -> int:
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(whole + "+00:00").timestamp())
    return seconds * 1000 + int((fraction + "000")[:3])


@pytest.mark.external
def test_published_payloads_field_by_field(shared_data: Path) -> None:
    path = shared_data / "exports" / "cloud" / "gcp_vpc_flow_payloads.jsonl"
    assert GcpReader().sniff(Source("x", path), ReadOptions()) == 0.95
    found, tally = read(path)
    payloads = [json.loads(line)["jsonPayload"] for line in path.read_text().splitlines()]
    assert len(found) == len(payloads) == 4
    for row, payload in zip(found, payloads, strict=True):
        connection = payload["connection"]
        side = "src" if payload["reporter"] == "SRC" else "dest"
        machine = payload[f"{side}_instance"]
        assert row["end_ms"] == milliseconds(payload["end_time"])
        assert row["start_ms"] == milliseconds(payload.get("start_time", payload["end_time"]))
        assert address_to_text(row["source_address"]) == connection["src_ip"]
        assert address_to_text(row["destination_address"]) == connection["dest_ip"]
        assert row["source_port"] == connection.get("src_port")
        assert row["destination_port"] == connection.get("dest_port")
        assert row["protocol"] == connection["protocol"]
        assert row["bytes_forward"] == int(payload["bytes_sent"])
        assert row["packets_forward"] == int(payload["packets_sent"])
        assert row["exporter"] == machine["project_id"] + "/" + machine["vm_name"]
        unknown = ("bytes_reverse", "sampling", "initiator", "begins", "source_country")
        assert all(row[name] is None for name in unknown)
    assert tally.records == 4
    assert not tally.skipped
    assert tally.flagged == {"no start: the end stands for it": 1}
    assert any("SRC and DEST" in note for note in tally.notes)
    assert any("three letters" in note for note in tally.notes)


def test_countries_systems_gateways_and_offsets(tmp_path: Path) -> None:
    (row,), tally = read(
        write(
            tmp_path,
            entry(
                reporter="DEST_GATEWAY",
                src_location={"country": "us", "asn": 64500},
                dest_location={"country": "deu", "asn": "x"},
                dest_gateway={"name": "tunnel-1"},
                start_time="2018-04-03T15:47:37.5+02:00",
            ),
        )
    )
    assert (row["source_country"], row["destination_country"]) == ("US", None)
    assert (row["source_asn"], row["destination_asn"]) == (64500, None)
    assert row["exporter"] == "tunnel-1"
    assert row["start_ms"] == milliseconds("2018-04-03T13:47:37.5Z")
    assert tally.flagged == {"bad value: destination_asn": 1}


def test_bad_entries_are_counted_by_cause(tmp_path: Path) -> None:
    found, tally = read(
        write(
            tmp_path,
            "garbage {",
            entry(),
            "[1]",
            "",
            {"textPayload": "hello"},
            {"jsonPayload": {"connection": 5}},
            entry(connection={"src_ip": "192.0.2.999", "dest_ip": "192.0.2.1"}),
            entry(connection={}),
            entry(start_time="2018-04-03T13:47:37", end_time=None),
            entry(start_time="2018-13-03T13:47:37Z", end_time=17),
            entry(start_time="9999999-04-03T13:47:37Z"),
            json.dumps(entry())[:-9],
        )
    )
    assert [r["start_ms"] for r in found] == [
        milliseconds("2018-04-03T13:47:37.999Z"),
        milliseconds("2018-04-03T13:47:38Z"),
    ]
    assert tally.skipped == {
        "not a JSON object": 3,
        "entry of another log": 2,
        "address does not parse: source_address": 1,
        "no address": 1,
        "no time": 2,
    }
    assert tally.records == len(found) + 9


def test_an_array_gives_what_lines_give(tmp_path: Path) -> None:
    entries = [entry(bytes_sent=str(i), note='}"{') for i in range(50)]
    wanted, _ = read(write(tmp_path, *entries))
    path = tmp_path / "array.json"
    path.write_text(json.dumps(entries, indent=2))
    assert GcpReader().sniff(Source("x", path), ReadOptions()) == 0.95
    found, tally = read(path)
    assert found == wanted
    assert len(found) == tally.records == 50
    path.write_text(json.dumps(entries, indent=2)[:-100])
    found, tally = read(path)
    assert found == wanted[:-1]
    assert tally.skipped == {"cut object": 1}
    assert tally.records == 50


def test_a_broken_stream_keeps_what_came_before(tmp_path: Path) -> None:
    lines = "".join(json.dumps(entry(bytes_sent=str(i))) + "\n" for i in range(20_000))
    path = tmp_path / "flows.jsonl.gz"
    path.write_bytes(gzip.compress(lines.encode())[:-3000])
    found, tally = read(path)
    assert 1000 < len(found) < 20_000
    assert [r["bytes_forward"] for r in found] == list(range(len(found)))
    assert tally.flagged["compressed stream broken off"] == 1


@pytest.mark.parametrize("content", [b"", b"hello\n", b"[", b"[1,2]", b'{"a"'])
def test_what_is_no_log_entry_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    assert GcpReader().sniff(Source("x", path), ReadOptions()) == 0.0
    with pytest.raises(FormatError, match="no JSON object"):
        read(path)


NOISE = st.text(st.sampled_from('{}[]",:\\ntrue19.é\x00 \ud7ff'), max_size=40)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(NOISE, max_size=5), st.integers(0, 300), st.text(max_size=3))
def test_garbage_is_counted(tmp_path: Path, noise: list[str], at: int, inside: str) -> None:
    text = json.dumps(entry())
    garbled = (text[:at] + inside + text[at:]).encode("utf-8", "replace").decode()
    path = tmp_path / "garbage.jsonl"
    path.write_bytes("\n".join([text, *noise, garbled, text]).encode())
    found, tally = read(path)
    assert len(found) >= 2
    assert tally.records == len(found) + sum(tally.skipped.values())


@pytest.mark.parametrize(
    "text",
    [
        "2018-04-03T15:47:37.5+02:00",
        "2018-04-03T15:47:37.5+0200",
        "2018-04-03T15:47:37,5+02",
        "2018-04-03t13:47:37.5z",
        "2018-04-03 13:47:37.500000000 UTC",
    ],
)
def test_times_in_other_forms_of_iso_8601(text: str, tmp_path: Path) -> None:
    rows, tally = read(write(tmp_path, entry(), entry(start_time=text)))
    assert not tally.skipped
    assert [row["start_ms"] for row in rows] == [
        milliseconds("2018-04-03T13:47:37.9999Z"),
        milliseconds("2018-04-03T13:47:37.5Z"),
    ]


def test_a_time_without_a_zone_is_none(tmp_path: Path) -> None:
    times = {"start_time": "2018-04-03T13:47:37", "end_time": "2018-04-03 13:47:38,0"}
    rows, tally = read(write(tmp_path, entry(), entry(**times)))
    assert len(rows) == 1
    assert tally.skipped == {"no time": 1}
