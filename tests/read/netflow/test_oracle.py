"""Real datagrams of about 44 devices against the expectations of the logstash codec."""

import ipaddress
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from folkways.model.addresses import address_to_text
from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.netflow import Decoder, NetFlowReader
from folkways.read.netflow.messages import DataSet
from folkways.read.netflow.sessions import Sessions
from folkways.read.netflow.templates import SCOPE
from folkways.read.netflow.walk import split
from folkways.read.reader import ReadOptions
from folkways.read.source import Source

Names = dict[tuple[int, int], str]

pytestmark = pytest.mark.external

FIELD_DIFFERENCES = {
    # The expectation's text is unfilled: '#{nanos}' stands where the codec puts the digits.
    ("IPFIX Netscaler with variable length fields", 0, "2016-11-11T12:09:19.000#{nanos}Z"),
}
NO_ROW = {
    "Netflow 9 options template with scope fields": "options record",
    "IPFIX": "options record",
    "IPFIX YAF basic with applabel": "options record",
    "Netflow 9 Fortigate FortiOS 5.2.1": "options record",
    "IPFIX options template from Juniper MX240 JunOS 15.1 R6 S3": "options record",
    "Juniper SRX options template with 0 scope field length": "options record",
    "Netflow 9 Cisco ASR 9000 series options template 256": "options record",
    "Netflow 9 Cisco NBAR options template 260": "options record",
    "Netflow 9 Cisco WLC": "no address",
    "IPFIX Barracuda extended uniflow template 256": "firewall event without traffic",
    # Records of egress count in OUT_BYTES; the expected event has the 0 of IN_BYTES.
    "Netflow 9 template with 0 length fields": "",
}
INVALID = {"netflow5_test_invalid01.dat", "netflow5_test_invalid02.dat"}
# One is from an exporter whose clock says 1970: --format netflow reads it.
UNSURE = {*INVALID, "netflow9_test_nprobe_dpi.dat"}
_COLUMNS = {
    "source_address": ("ipv4_src_addr", "sourceIPv4Address", "sourceIPv6Address"),
    "destination_address": ("ipv4_dst_addr", "destinationIPv4Address", "destinationIPv6Address"),
    "source_port": ("l4_src_port", "sourceTransportPort"),
    "destination_port": ("l4_dst_port", "destinationTransportPort"),
    "protocol": ("protocol", "protocolIdentifier"),
    "bytes_forward": ("in_bytes", "octetDeltaCount"),
    "packets_forward": ("in_pkts", "packetDeltaCount"),
}


@pytest.fixture
def folder(shared_data: Path) -> Path:
    return shared_data / "exports" / "logstash_codec_netflow"


@pytest.fixture
def cases(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "expected.json").read_text("utf-8"))
    return found


def test_all_expected_field_values_stand_in_the_records(
    folder: Path, cases: list[dict[str, Any]]
) -> None:
    by_version = {5: v9_names(folder), 9: v9_names(folder), 10: ipfix_names(folder)}
    equal, different = 0, set()
    for case in cases:
        found = records(folder, case["datagrams"])
        if case["records"]:
            found = found[-case["records"] :]
        for field in case["fields"]:
            raw = found[field["record"]]
            expected = field["value"]
            if isinstance(expected, str):
                expected = expected.strip("'")
            names = by_version[raw[-1, -1].header.version]
            if same(value(raw, field["field"], names), expected, field["field"]):
                equal += 1
            else:
                different.add((case["case"], field["record"], expected))
    assert different == FIELD_DIFFERENCES
    assert equal == 172 - len(FIELD_DIFFERENCES)


def test_records_are_counted_and_expected_events_become_rows(
    folder: Path, cases: list[dict[str, Any]]
) -> None:
    counts, without_row, events = {}, {}, 0
    for case in cases:
        tally, rows = _decode(folder, case["datagrams"])
        if case["records"] is not None and tally.records != case["records"]:
            counts[case["case"]] = (case["records"], tally.records)
        for expected in case["expected"]:
            events += 1
            if not any(_matches(row, expected["event"]["netflow"]) for row in rows):
                without_row[case["case"]] = next(iter(tally.skipped), "")
    # One datagram of data comes before its templates and again behind them: it counts once.
    assert counts == {}
    assert events == 57
    assert without_row == NO_ROW


def test_every_datagram_is_read_without_a_crash(folder: Path) -> None:
    for path in sorted(folder.glob("*.dat")):
        tally = Tally()
        source = Source(path.name, path)
        rows = 0
        try:
            rows = sum(b.rows.num_rows for b in NetFlowReader().read(source, ReadOptions(), tally))
        except FormatError:
            assert path.name in INVALID
        assert rows <= tally.records
        assert tally.records or tally.skipped or "tpl" in path.name


def test_most_datagrams_are_found_by_content(folder: Path) -> None:
    sniff = NetFlowReader().sniff
    unsure = {
        path.name
        for path in folder.glob("*.dat")
        if sniff(Source(path.name, path), ReadOptions()) < 0.9
    }
    assert unsure == UNSURE


def _decode(folder: Path, datagrams: list[str]) -> tuple[Tally, list[dict[str, Any]]]:
    tally = Tally()
    decoder = Decoder(tally)
    batches = [b for name in datagrams for b in decoder.feed((folder / name).read_bytes())]
    batches += decoder.finish()
    return tally, [row for batch in batches for row in batch.rows.to_pylist()]


def _matches(row: dict[str, Any], event: dict[str, Any]) -> bool:
    compared = 0
    for column, names in _COLUMNS.items():
        known = [event[name] for name in names if name in event]
        if not known:
            continue
        got = row[column]
        if column.endswith("port") and got is None and row["protocol"] not in {6, 17}:
            continue
        if column.endswith("address") and got is not None:
            got = address_to_text(got)
        if got not in known:
            return False
        compared += 1
    return compared > 1


def v9_names(folder: Path) -> Names:
    found: Names = {(1, SCOPE): "scope_system"}
    number = 0
    for line in (folder / "netflow.yaml").read_text("utf-8").splitlines():
        if match := re.fullmatch(r"(\d+):\s*", line):
            number = int(match[1])
        elif match := re.fullmatch(r" *- :?(\w+)\s*", line):
            found[number, 0] = match[1]  # the last one is the name
    return found


def ipfix_names(folder: Path) -> Names:
    found: Names = {}
    enterprise = number = 0
    for line in (folder / "ipfix.yaml").read_text("utf-8").splitlines():
        if match := re.fullmatch(r"(\d+):\s*", line):
            enterprise = int(match[1])
        elif match := re.fullmatch(r" +(\d+):\s*", line):
            number = int(match[1])
        elif match := re.fullmatch(r" +- :(\w+)\s*", line):
            found[number, enterprise] = match[1]  # the last one is the name
    return found


def records(folder: Path, datagrams: list[str]) -> list[dict[tuple[int, int], Any]]:
    """All records, options too, in the order of the datagrams: raw octets by field."""
    sessions = Sessions(Tally())
    found = []
    for name in datagrams:
        for data in sessions.feed((folder / name).read_bytes(), None):
            found += [_record(data, values) for values in split(data.template, data.content)[0]]
    return found


def _record(data: DataSet, values: list[bytes]) -> dict[tuple[int, int], Any]:
    raw: dict[tuple[int, int], Any] = {}
    for field, value in zip(data.template.fields, values, strict=True):
        raw[field.number, field.enterprise] = value
    return raw | {(-1, -1): data}


def value(raw: dict[tuple[int, int], Any], name: str, names: Names) -> bytes | int | None:
    data: DataSet = raw[-1, -1]
    if name == "version":
        return data.header.version
    if name == "flowset_id":
        return data.template.number
    fields = [k for k, known in names.items() if known == name and k in raw]
    return raw[fields[0]] if fields else None


def same(octets: bytes | int | None, expected: Any, name: str) -> bool:
    if octets is None:
        return False
    if isinstance(octets, int):
        return bool(octets == expected)
    return expected in _spellings(octets, name)


def _spellings(octets: bytes, name: str) -> list[Any]:
    found: list[Any] = [int.from_bytes(octets, "big")]
    found.append(octets.split(b"\0")[0].decode("utf-8", "replace"))
    found.append(octets.hex())
    if len(octets) in {4, 16}:
        found.append(str(ipaddress.ip_address(octets)))
    if len(octets) == 6:
        found.append(octets.hex(":"))
    if name == "application_id":
        engine, rest = octets[0], octets[1:]
        found.append(f"{engine}..{int.from_bytes(rest, 'big')}")
        if engine == 20:  # enterprise number, then selector
            pen, selector = int.from_bytes(rest[:4], "big"), int.from_bytes(rest[4:], "big")
            found.append(f"20..{pen}..{selector}")
    if name.endswith("Microseconds"):
        seconds = int.from_bytes(octets[:4], "big") - 2_208_988_800
        nanos = int.from_bytes(octets[4:8], "big") * 10**9 >> 32
        stamp = datetime.fromtimestamp(max(seconds, 0), UTC).strftime("%Y-%m-%dT%H:%M:%S")
        found += [f"{stamp}.{nanos:09d}Z", f"{stamp}.{nanos // 10**6:03d}Z"]
    return found
