import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from folkways.model.addresses import address_to_text
from folkways.model.batches import Tally
from folkways.model.errors import FormatError, MappingError
from folkways.model.period import instant_text
from folkways.read.reader import ReadOptions
from folkways.read.source import Source
from folkways.read.tabular import TabularReader, load_mapping, presets
from folkways.read.tabular.mapping import parse_mapping

Read = Callable[..., tuple[list[dict[str, Any]], Tally]]
Write = Callable[..., Path]

EXPORT_HEADER = (
    "start_time,src_ip_addr,src_cc,dst_ip_addr,dst_cc,proto,src_port,dst_port,tcp_flags,"
    "num_pkts,num_octets,sample_interval\n"
)


def test_the_preset_for_commercial_exports(read: Read, write: Write) -> None:
    rows = (
        "2017-04-01 00:00:12,198.51.100.7,KP,203.0.113.9,US,6,5601,443,27,3,1500,1000\n"
        "2017-04-01T00:00:13.5Z,203.0.113.9,US,198.51.100.7,KP,udp,53,5353,,1,80,\n"
    )
    path = write(EXPORT_HEADER + rows)
    assert TabularReader().sniff(Source("t", path), ReadOptions()) > 0
    (a, b), tally = read(path)
    assert instant_text(a["start_ms"]) == "2017-04-01T00:00:12.000Z"
    assert instant_text(b["start_ms"]) == "2017-04-01T00:00:13.500Z"
    assert address_to_text(a["source_address"]) == "198.51.100.7"
    assert (a["source_country"], a["destination_country"]) == ("KP", "US")
    assert (a["protocol"], a["source_port"], a["destination_port"]) == (6, 5601, 443)
    assert (a["packets_forward"], a["bytes_forward"], a["bytes_reverse"]) == (3, 1500, None)
    assert (a["tcp_flags_forward"], a["sampling"]) == (27, 1000)
    assert (b["protocol"], b["tcp_flags_forward"], b["sampling"]) == (17, None, None)
    assert a["begins"] is None
    assert tally.records == 2
    assert not tally.skipped


def test_bad_rows_are_counted_by_cause_and_bad_values_become_unknown(
    read: Read, write: Write
) -> None:
    good = "2017-04-01 00:00:12,198.51.100.7,KP,203.0.113.9,US,6,1,443,27,3,1500,1000\n"
    rows = [
        good,
        "2017-04-01 00:00:12,198.51.100.7\n",
        good.replace("2017-04-01", "2017-13-01"),
        good.replace("203.0.113.9", "203.0.113.999"),
        good.replace(",443,", ",70000,"),
        good.replace(",1500,", ",many,"),
        good[: len(good) // 2].rstrip("\n"),
    ]
    found, tally = read(write(EXPORT_HEADER + "".join(rows)))
    assert len(found) == 3
    assert tally.records == len(rows)
    assert sum(tally.skipped.values()) == 4
    assert tally.skipped["no time"] == 1
    assert tally.skipped["address does not parse: destination_address"] == 1
    assert tally.skipped["row has 2 fields instead of 12"] == 1
    assert tally.flagged == {"bad value: destination_port": 1, "bad value: bytes_forward": 1}
    assert [r["destination_port"] for r in found] == [443, None, 443]
    assert [r["bytes_forward"] for r in found] == [1500, 1500, None]


def test_sums_of_days_with_member_ids(read: Read, write: Write) -> None:
    text = 'date,l_ipn,r_asn,f\n2006-07-01,0,701,1\n2006-07-02,9,AS8075,21\n"2006-07-32",1,1,1\n'
    found, tally = read(write(text))
    assert [(r["source_member"], r["destination_asn"], r["flows"]) for r in found] == [
        ("0", 701, 1),
        ("9", 8075, 21),
    ]
    assert found[1]["start_ms"] - found[0]["start_ms"] == 86_400_000
    assert found[0]["end_ms"] == found[1]["start_ms"] - 1
    assert found[0]["bytes_forward"] is None
    assert tally.skipped == {"no time": 1}


MAPPING = """
name = "own"
direction = "bidirectional"
source_opens = true
zone = "Asia/Pyongyang"
[columns]
start = "when"
duration = "took"
source_address = "a"
destination_address = "b"
bytes_forward = "kb_up"
bytes_reverse = "kb_down"
name = "host"
[units]
duration = "ms"
bytes_forward = "kB"
bytes_reverse = "kB"
"""
RECORD = {
    "when": "2017-04-01 08:30:00",
    "took": "1500",
    "a": "198.51.100.7",
    "b": "2001:DB8::1",
    "kb_up": "1.5",
    "kb_down": "2",
    "host": "example.com",
}


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "ndjson", "parquet"])
def test_one_mapping_any_container(read: Read, write: Write, tmp_path: Path, kind: str) -> None:
    form = kind.removesuffix(".gz")
    mapping = write(f'format = "{form}"\n{MAPPING}', "m.toml")
    lines = f"{','.join(RECORD)}\n{','.join(RECORD.values())}\n"
    if form == "parquet":
        path = tmp_path / "t"
        pq.write_table(pa.Table.from_pylist([RECORD]), path)
    elif form == "ndjson":
        path = write(json.dumps(RECORD) + "\n[1]\n{cut", "t")
    else:
        data = lines.encode()
        path = write(gzip.compress(data) if kind.endswith("gz") else data, "t")
    (row,), tally = read(path, str(mapping))
    assert instant_text(row["start_ms"]) == "2017-04-01T00:00:00.000Z"
    assert row["end_ms"] - row["start_ms"] == 1500
    assert (row["bytes_forward"], row["bytes_reverse"]) == (1500, 2000)
    assert (row["initiator"], row["begins"], row["name"]) == ("source", True, "example.com")
    assert address_to_text(row["destination_address"]) == "2001:db8::1"
    assert tally.skipped == ({"line is not a JSON object": 2} if form == "ndjson" else {})


@pytest.mark.parametrize(
    ("time", "text", "instant"),
    [
        ("epoch-s", "1601998374.677015", "2020-10-06T15:32:54.677Z"),
        ("epoch-ms", "1601998374677", "2020-10-06T15:32:54.677Z"),
        ("epoch-us", "1601998374677999", "2020-10-06T15:32:54.677Z"),
        ("iso", "2020-10-06T15:32:54.677+02:00", "2020-10-06T13:32:54.677Z"),
        ("iso", "2020-10-06T15:32:54.677999+02:00", "2020-10-06T13:32:54.677Z"),
        ("iso", "2020-10-06 15:32:54.677999", "2020-10-06T15:32:54.677Z"),
        ("%d/%m/%Y %H:%M", "06/10/2020 15:32", "2020-10-06T15:32:00.000Z"),
    ],
)
def test_times(read: Read, write: Write, time: str, text: str, instant: str) -> None:
    mapping = (
        f'name = "t"\ndirection = "unidirectional"\ntime = "{time}"\n'
        '[columns]\nstart = "s"\nsource_address = "a"\n'
    )
    path = write(f"s,a\n{text},192.0.2.1\n")
    (row,), _ = read(path, str(write(mapping, "m.toml")))
    assert instant_text(row["start_ms"]) == instant


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('name = "x"', "columns"),
        (MAPPING.replace("[columns]", '[columns]\nport = "p"'), "unknown field 'port'"),
        (MAPPING.replace("bidirectional", "sums"), "flows"),
        (MAPPING.replace("bidirectional", "unidirectional"), "no reverse"),
        (MAPPING.replace('"kB"', '"kb"', 1), "unit 'kb'"),
        (MAPPING.replace("Pyongyang", "Nowhere"), "zone"),
        ("=", "Invalid"),
    ],
)
def test_a_mapping_that_contradicts_itself_is_refused(text: str, says: str) -> None:
    with pytest.raises(MappingError, match=says):
        parse_mapping(text)


def test_a_missing_column_is_said_with_those_that_are_there(read: Read, write: Write) -> None:
    with pytest.raises(FormatError, match=r"no column when.*it has x, y"):
        read(write("x,y\n1,2\n"), str(write(MAPPING, "m.toml")))


def test_parquet_that_is_none(read: Read, write: Write) -> None:
    mapping = write(f'format = "parquet"\n{MAPPING}', "m.toml")
    with pytest.raises(FormatError, match="not a Parquet file"):
        read(write(b"PAR1 and then nothing of the kind"), str(mapping))


def test_presets_are_sound() -> None:
    assert {p.name for p in presets()} >= {"flow-export-csv", "daily-as-sums"}
    with pytest.raises(MappingError, match="neither a mapping file"):
        load_mapping("no-such-preset")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_garbage_after_a_good_header_never_crashes(
    read: Read, write: Write, content: bytes
) -> None:
    path = write(EXPORT_HEADER.encode() + content)
    found, tally = read(path)
    assert len(found) + sum(tally.skipped.values()) == tally.records


@pytest.mark.external
def test_real_sums_add_up(read: Read, shared_data: Path) -> None:
    path = shared_data / "longitudinal/cs448b_ipasn/cs448b_ipasn.csv"
    found, tally = read(path)
    lines = [line.split(",") for line in path.read_text().split("\n")[1:] if line]
    assert tally.records == len(found) == len(lines) == 20_803
    assert sum(r["flows"] for r in found) == sum(int(line[3]) for line in lines)
    assert not tally.skipped
    assert not tally.flagged


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2017-04-01T12:00:00+01:00", "2017-04-01T11:00:00.000Z"),
        ("2017-04-01T12:00:00+0100", "2017-04-01T11:00:00.000Z"),
        ("2017-04-01 12:00:00 +0100", "2017-04-01T11:00:00.000Z"),
        ("2017-04-01 12:00:00 -05:30", "2017-04-01T17:30:00.000Z"),
        ('"2017-04-01T12:00:00,25+01:00"', "2017-04-01T11:00:00.250Z"),
        ("2017-04-01t12:00:00z", "2017-04-01T12:00:00.000Z"),
        ("2017-04-01 12:00:00 UTC", "2017-04-01T12:00:00.000Z"),
        ("2017-04-01 12:00:00 Asia/Tokyo", "2017-04-01T03:00:00.000Z"),
        ('"2017-04-01 12:00:00,25"', "2017-04-01T12:00:00.250Z"),
    ],
)
def test_a_time_that_says_its_zone_is_taken_at_its_word(
    text: str, instant: str, read: Read, write: Write
) -> None:
    row = "2017-04-01 00:00:12,198.51.100.7,KP,203.0.113.9,US,6,5601,443,27,3,1500,1000\n"
    table = EXPORT_HEADER + row + row.replace("2017-04-01 00:00:12", text)
    rows, tally = read(write(table))
    assert not tally.skipped
    assert instant_text(rows[1]["start_ms"]) == instant


def test_a_time_with_a_comma_and_no_zone_is_local_time_as_any_other(
    read: Read, write: Write
) -> None:
    row = '"2017-04-01 12:00:00,25",198.51.100.7,KP,203.0.113.9,US,6,5601,443,27,3,1500,1000\n'
    own = 'name = "own"\npreset = "flow-export-csv"\nzone = "Asia/Tokyo"\n'
    (found,), _ = read(write(EXPORT_HEADER + row), write(own, "own.toml"))
    assert instant_text(found["start_ms"]) == "2017-04-01T03:00:00.250Z"
