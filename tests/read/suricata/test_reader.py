"""Hand-made EVE: flow and netflow, names, and whatever a line may be instead."""

import gzip
import io
import json
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkways.model.addresses import address_from_text
from folkways.model.batches import Tally
from folkways.model.errors import FormatError
from folkways.read.reader import ReadOptions
from folkways.read.source import Source
from folkways.read.suricata import SuricataReader, reader

FLOW: dict[str, Any] = {
    "timestamp": "2024-02-29T23:59:59.999999+0530",
    "flow_id": 1374195536821504,
    "event_type": "flow",
    "src_ip": "192.0.2.1",
    "src_port": 50000,
    "dest_ip": "2001:db8::2",
    "dest_port": 443,
    "proto": "TCP",
    "app_proto": "tls",
    "flow": {
        "pkts_toserver": 3,
        "pkts_toclient": 2,
        "bytes_toserver": 300,
        "bytes_toclient": 2000,
        "start": "2024-02-29T23:59:58.999999+0530",
        "end": "2024-03-01T00:00:01.000000+0530",
    },
    "tcp": {"tcp_flags": "1f", "tcp_flags_ts": "1B", "tcp_flags_tc": "12"},
    "host": "sensor-1",
}
NETFLOW: dict[str, Any] = {
    "timestamp": "2024-03-01T00:00:00.000000+0000",
    "flow_id": 7,
    "event_type": "netflow",
    "src_ip": "192.0.2.1",
    "src_port": 50000,
    "dest_ip": "192.0.2.2",
    "dest_port": 53,
    "proto": "UDP",
    "netflow": {
        "pkts": 3,
        "bytes": 300,
        "start": "2024-02-29T23:00:00.5Z",
        "end": "2024-02-29T23:00:00.501Z",
    },
}
TLS: dict[str, Any] = {
    "timestamp": "2024-03-01T00:00:00.001999+0000",
    "flow_id": 7,
    "event_type": "tls",
    "tls": {"sni": "WWW.Example.ORG."},
}


def lines(*events: object) -> bytes:
    return "".join(f"{json.dumps(event)}\n" for event in events).encode()


def source_of(data: bytes) -> Source:
    stream = cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", io.BytesIO(data)), 65_536))
    return Source("a file", None, stream)


def read(source: Source | bytes) -> tuple[list[dict[str, Any]], Tally]:
    tally = Tally()
    source = source_of(source) if isinstance(source, bytes) else source
    batches = SuricataReader().read(source, ReadOptions(), tally)
    return [row for b in batches for row in b.rows.to_pylist()], tally


def changed(event: dict[str, Any], **values: Any) -> dict[str, Any]:
    """An event with other values; ``flow__start`` stands for ``start`` in ``flow``."""
    event = json.loads(json.dumps(event))
    for name, value in values.items():
        outer, _, inner = name.partition("__")
        place = event[outer] if inner else event
        if value is None:
            del place[inner or outer]
        else:
            place[inner or outer] = value
    return event


def test_a_flow_is_a_whole_connection_from_client_to_server() -> None:
    rows, tally = read(lines(FLOW))
    assert [{k: v for k, v in rows[0].items() if v is not None}] == [
        {
            # 18:29:58.999 and 18:30:01.000 UTC, the microseconds cut off.
            "start_ms": 1_709_231_398_999,
            "end_ms": 1_709_231_401_000,
            "source_address": address_from_text("192.0.2.1"),
            "destination_address": address_from_text("2001:db8::2"),
            "source_port": 50000,
            "destination_port": 443,
            "protocol": 6,
            "bytes_forward": 300,
            "bytes_reverse": 2000,
            "packets_forward": 3,
            "packets_reverse": 2,
            "tcp_flags_forward": 0x1B,
            "tcp_flags_reverse": 0x12,
            "initiator": "source",
            "begins": True,
            "uid": 1374195536821504,
            "sensor_label": "tls",
            "sampling": 1,
            "exporter": "sensor-1",
            "flaws": "frame-bytes",
        }
    ]
    assert (tally.records, tally.skipped, tally.flagged) == (1, {}, {"frame-bytes": 1})
    assert any("frames" in note for note in tally.notes)


def test_netflow_alone_is_one_direction_a_record() -> None:
    rows, tally = read(lines(NETFLOW, changed(NETFLOW, tcp={"tcp_flags": "02"}, proto="TCP")))
    assert rows[0]["start_ms"] == 1_709_247_600_500
    assert rows[0]["end_ms"] == 1_709_247_600_501
    assert (rows[0]["bytes_forward"], rows[0]["packets_forward"]) == (300, 3)
    for name in ("bytes_reverse", "packets_reverse", "begins", "initiator", "tcp_flags_forward"):
        assert rows[0][name] is None
    assert (rows[1]["tcp_flags_forward"], rows[1]["tcp_flags_reverse"]) == (2, None)
    assert tally.flagged == {"frame-bytes": 2}


@pytest.mark.parametrize("flow_comes", ["first", "last"])
def test_netflow_is_not_counted_beside_its_flow(flow_comes: str, tmp_path: Path) -> None:
    both = changed(NETFLOW, flow_id=FLOW["flow_id"])
    parts = [lines(FLOW), lines(both, both)]
    path = tmp_path / "eve.json"
    path.write_bytes(b"".join(parts if flow_comes == "first" else reversed(parts)))
    rows, tally = read(Source("eve.json", path))
    assert [row["bytes_forward"] for row in rows] == [300]
    assert rows[0]["bytes_reverse"] == 2000
    assert tally.records == 3
    assert tally.skipped == {"netflow beside flow": 2}
    assert any("twice" in note for note in tally.notes)


@pytest.mark.parametrize("flow_id", [8, None])
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (1, 0, 2)])
def test_netflow_without_its_flow_is_used(flow_id: int | None, order: tuple[int, ...]) -> None:
    events = [FLOW, changed(NETFLOW, flow_id=FLOW["flow_id"]), changed(NETFLOW, flow_id=flow_id)]
    rows, tally = read(lines(*(events[place] for place in order)))
    found = {row["uid"]: (row["bytes_forward"], row["bytes_reverse"]) for row in rows}
    assert found == {FLOW["flow_id"]: (300, 2000), flow_id: (300, None)}
    assert tally.records == 3
    assert tally.skipped == {"netflow beside flow": 1}


@pytest.mark.parametrize("usual", [FLOW, NETFLOW])
def test_a_block_that_is_not_as_it_begins(usual: dict[str, Any]) -> None:
    many = [changed(usual, flow_id=number) for number in range(300)]
    odd = NETFLOW if usual is FLOW else FLOW
    rows, tally = read(lines(*many, changed(odd, flow_id=1000)))
    assert len(rows) == 301
    assert [row["bytes_reverse"] for row in rows if row["uid"] == 1000] == [
        None if odd is NETFLOW else 2000
    ]
    assert not tally.skipped


def test_flow_and_netflow_further_apart_than_a_block_both_give_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reader, "BLOCK_BYTES", 2000)
    rows, tally = read(lines(NETFLOW, *[TLS] * 50, changed(FLOW, flow_id=7)))
    flows = [row for row in rows if "bytes_forward" in row]
    assert [row["bytes_reverse"] for row in flows] == [None, 2000]
    assert {row["uid"] for row in flows} == {7}
    assert not tally.skipped


def test_the_flow_of_the_tunnel() -> None:
    inner = changed(FLOW, parent_id=7)
    direction = changed(NETFLOW, flow_id=9, parent_id=1374195536821505)
    rows, _ = read(lines(changed(FLOW, flow_id=7, proto="GRE"), inner, direction))
    assert {row["uid"]: row["parent_uid"] for row in rows} == {
        7: None,
        FLOW["flow_id"]: 7,
        9: 1374195536821505,
    }


@pytest.mark.parametrize(
    ("action", "denied"),
    [
        ("drop", True),
        ("reject", True),
        ("pass", False),
        ("accept", False),
        ("odd", None),
        ("", None),
    ],
)
def test_what_an_inline_sensor_did_with_a_flow(
    action: str,
    denied: bool | None,  # noqa: FBT001  # a case's value
) -> None:
    rows, _ = read(lines(changed(FLOW, flow__action=action), changed(FLOW, flow_id=7)))
    assert [row["denied"] for row in rows] == [denied, None]


def test_names() -> None:
    http = changed(TLS, event_type="http", tls=None, http={"hostname": "a.example:8080"})
    quic = changed(TLS, event_type="quic", tls=None, quic={"sni": "q.example"})
    rows, tally = read(
        lines(
            TLS,
            http,
            quic,
            changed(http, http__hostname="192.0.2.9"),
            changed(TLS, tls__sni=None),
            changed(TLS, flow_id=None),
            changed(TLS, tls__sni="not a name"),
            changed(TLS, timestamp="yesterday"),
        )
    )
    assert [(r["name_source"], r["name"]) for r in rows] == [
        ("tls", "www.example.org"),
        ("quic", "q.example"),
        ("http", "a.example"),
    ]
    assert {r["uid"] for r in rows} == {7}
    assert {r["start_ms"] for r in rows} == {1_709_251_200_001}
    assert tally.records == 8
    assert tally.skipped == {
        "name is an address": 1,
        "no name": 1,
        "no uid": 1,
        "name not usable": 1,
        "no time": 1,
    }


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"flow__start": None}, "no time"),
        ({"flow__end": "2024-02-30T00:00:00.000000+0000"}, "no time"),
        ({"flow__end": "2024-03-01T00:00:00.000000"}, "no time"),  # of which time zone?
        ({"flow__end": 1709247600}, "no time"),
        ({"flow__start": "1969-12-31T23:59:59.9Z"}, "no time"),
        ({"flow": "nothing"}, "no time"),
        ({"flow__end": "2024-02-29T23:59:58.999998+0530"}, "ends before it begins"),
        ({"src_ip": None}, "bad address"),
        ({"dest_ip": "192.0.2.256"}, "bad address"),
        ({"dest_ip": ["192.0.2.2"]}, "bad address"),
        ({"src_port": 65536}, "bad number"),
        ({"src_port": "http"}, "bad number"),
        ({"flow__bytes_toclient": -1}, "bad number"),
        ({"flow__bytes_toclient": 2**63}, "bad number"),
        ({"flow__pkts_toserver": 1.5}, "bad number"),
        ({"flow__pkts_toserver": True}, "bad number"),
        ({"event_type": None}, "no event type"),
        ({"event_type": "stats"}, "event not used: stats"),
        ({"event_type": "\u0000\n"}, "event not used: other"),
        ({"event_type": {"a": 1}}, "event not used: other"),
    ],
)
def test_what_gives_no_row_is_counted_by_cause(values: dict[str, Any], cause: str) -> None:
    rows, tally = read(lines(FLOW, changed(FLOW, **values), FLOW))
    assert len(rows) == 2
    assert tally.records == 3
    assert tally.skipped == {cause: 1}


def test_unknown_is_null() -> None:
    bare = changed(FLOW, flow_id=None, tcp=None, host=None, app_proto="failed", proto="MUX")
    bare = changed(bare, flow__bytes_toclient=None, flow__pkts_toclient=None)
    rows, tally = read(lines(bare))
    for name in ("uid", "tcp_flags_forward", "exporter", "sensor_label", "protocol"):
        assert rows[0][name] is None
    assert (rows[0]["bytes_forward"], rows[0]["bytes_reverse"]) == (300, None)
    assert not tally.skipped


@pytest.mark.parametrize(
    ("word", "number", "port"),
    [
        ("UDP", 17, 50000),
        ("SCTP", 132, 50000),
        ("ICMP", 1, None),
        ("IPv6-ICMP", 58, None),
        ("GRE", 47, None),
        ("099", 99, None),
    ],
)
def test_protocols_and_ports(word: str, number: int, port: int | None) -> None:
    rows, _ = read(lines(changed(FLOW, proto=word)))
    assert (rows[0]["protocol"], rows[0]["source_port"]) == (number, port)


def test_lines_that_are_no_events() -> None:
    good = lines(FLOW)
    garbage = b'{"event_type":\n[1]\n7\n\xff\xfe\n{"a":"\\ud800"}\nnull\n\n   \n{}\n'
    rows, tally = read(b"\xef\xbb\xbf" + good + garbage + good.replace(b"\n", b"\r\n"))
    assert len(rows) == 2
    assert tally.records == 10
    assert tally.skipped == {"not a JSON object": 7, "no event type": 1}


def test_a_cut_last_line() -> None:
    rows, tally = read(lines(FLOW) + lines(FLOW)[:-20])
    assert (len(rows), tally.records, tally.skipped) == (1, 2, {"cut line": 1})
    rows, tally = read((lines(FLOW) * 2)[:-1])
    assert (len(rows), tally.records, tally.skipped) == (2, 2, {})


def test_a_broken_gzip(tmp_path: Path) -> None:
    data = lines(*[changed(FLOW, flow_id=n) for n in range(3000)])
    path = tmp_path / "eve.json.gz"
    path.write_bytes(gzip.compress(data)[:-3000])
    rows, tally = read(Source("eve.json.gz", path))
    assert 100 < len(rows) < 3000
    assert tally.flagged["compressed stream broken off"] == 1


@pytest.mark.parametrize("size", [1, 700, 5000])
def test_the_cut_into_blocks_changes_no_flow(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = lines(*[changed(FLOW, flow_id=n) for n in range(40)])
    wanted = read(data)
    monkeypatch.setattr(reader, "BLOCK_BYTES", size)
    assert read(data) == wanted
    assert [r["uid"] for r in wanted[0]] == list(range(40))


def test_many_types_of_event_are_few_causes() -> None:
    rows, tally = read(lines(FLOW, *[changed(FLOW, event_type=f"t{n}") for n in range(500)]))
    assert len(rows) == 1
    assert tally.records == 501
    assert sum(tally.skipped.values()) == 500
    assert len(tally.skipped) < 70


@pytest.mark.parametrize(
    ("data", "sure"),
    [
        (lines(FLOW), 0.95),
        (b"\xef\xbb\xbf" + lines({"timestamp": "x", "event_type": "stats"}), 0.95),
        (b'"host":"end of a cut line"}\n' + lines(FLOW), 0.95),
        (b'{"ts":1.5,"uid":"C1","id.orig_h":"192.0.2.1"}\n', 0.0),
        (b'{"event_type":"flow"}\n', 0.0),
        (b'["event_type","timestamp"]\n', 0.0),
        (b"[" * 100_000, 0.0),
        (lines(changed(FLOW, proto="x" * 100_000)), 0.95),
        (b'{"timestamp":"' + b"x" * 100_000, 0.0),
        (b"event_type,timestamp\nflow,1\n", 0.0),
        (b"", 0.0),
    ],
)
def test_sniff(data: bytes, sure: float) -> None:
    assert SuricataReader().sniff(source_of(data), ReadOptions()) == sure


def test_what_is_no_eve_is_said_in_one_line() -> None:
    for data in (b"", b"start,end\n1,2\n", b'{"ts":1}\n', bytes(5000)):
        with pytest.raises(FormatError, match="a file is") as error:
            read(data)
        assert "\n" not in str(error.value)


SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20)
)
WORDS = st.sampled_from(
    ["A", "CNAME", "53", "answer", "192.0.2.1", "a.example", "2024-02-29T23:00:00Z"]
)
JSON = st.recursive(
    SCALARS | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "start",
                    "rrname",
                    "rrtype",
                    "rdata",
                    "ttl",
                    "A",
                    "CNAME",
                    "grouped",
                    "answers",
                    "id",
                ]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
TOP = st.sampled_from([*FLOW, "dns", "tls", "http", "netflow", "quic"])


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["flow", "netflow", "dns", "tls", "http", "quic", "stats"]),
            st.dictionaries(TOP, JSON, max_size=5),
        ),
        max_size=6,
    )
)
def test_values_of_any_type_are_counted_or_used(
    events: list[tuple[str, dict[str, Any]]],
) -> None:
    data = [{**FLOW, "event_type": kind, **values} for kind, values in events]
    for event in data:
        if isinstance(event.get("dns"), dict):
            event["dns"] = {"type": "answer", "rrname": "a.example", **event["dns"]}
    _, tally = read(lines(FLOW, *data))
    assert tally.records == 1 + len(events)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_garbage_is_counted(garbage: bytes) -> None:
    rows, tally = read(lines(FLOW) + garbage + b"\n" + lines(FLOW))
    assert len([r for r in rows if r["bytes_forward"] == 300]) == 2
    assert tally.records == 2 + sum(tally.skipped.values())
