"""The nfstream reader against the metering of Folkways, which other tests check; and bad input."""

import gzip
import importlib.util
import io
import multiprocessing
import os
import struct
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from folkways.model.addresses import address_from_text
from folkways.model.batches import Tally
from folkways.model.columns import RECORDS
from folkways.model.errors import FormatError, UserError
from folkways.read.capture import CaptureReader
from folkways.read.nfstream import NfstreamReader
from folkways.read.reader import Reader, ReadOptions
from folkways.read.source import Source

Rows = list[dict[str, Any]]
Needs = Callable[[str, bool], None]
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
START = 1_600_000_000
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


@pytest.fixture
def nfstream(needs: Needs) -> None:
    needs("the package nfstream", importlib.util.find_spec("nfstream") is not None)


def read(path: Path, options: ReadOptions | None = None, reader: Reader | None = None) -> Rows:
    tally = Tally()
    source = Source(str(path), path)
    found: Rows = []
    for batch in (reader or NfstreamReader()).read(source, options or ReadOptions(), tally):
        if batch.kind == "records":
            assert batch.rows.schema == RECORDS.schema
            found += batch.rows.to_pylist()
    return found


def segment(at: float, flags: int, payload: bytes = b"", *, back: bool = False) -> bytes:
    """A pcap record of a TCP segment between 10.0.0.1:1000 and 192.0.2.1:80."""
    ends, ports = [bytes([10, 0, 0, 1]), bytes([192, 0, 2, 1])], [1000, 80]
    if back:
        ends.reverse()
        ports.reverse()
    size = 40 + len(payload)
    packet = struct.pack(">BBHHHBBH", 0x45, 0, size, 0, 0, 64, 6, 0) + b"".join(ends)
    packet += struct.pack(">HHIIBBHHH", *ports, 7, 0, 0x50, flags, 0, 0, 0) + payload
    whole, part = divmod(round((START + at) * 1000), 1000)
    return struct.pack("<IIII", whole, part * 1000, size, size) + packet


def capture(folder: Path, *records: bytes) -> Path:
    path = folder / "made.pcap"
    path.write_bytes(HEADER + b"".join(records))
    return path


GET = b"GET / HTTP/1.1\r\nHost: WWW.Example.org:80\r\n\r\n"
CONNECTION = (
    segment(0, SYN),
    segment(0.02, SYN | ACK, back=True),
    segment(0.04, ACK),
    segment(0.05, PSH | ACK, GET),
    segment(0.25, PSH | ACK, b"HTTP/1.1 204 No Content\r\n\r\n", back=True),
    segment(0.5, FIN | ACK),
    segment(0.75, FIN | ACK, back=True),
)


@pytest.mark.external
@pytest.mark.usefixtures("nfstream")
def test_a_connection_made_by_hand(tmp_path: Path) -> None:
    (row,) = read(capture(tmp_path, *CONNECTION))
    assert {k: v for k, v in row.items() if v is not None} == {
        "start_ms": START * 1000,
        "end_ms": START * 1000 + 750,
        "source_address": address_from_text("10.0.0.1"),
        "destination_address": address_from_text("192.0.2.1"),
        "source_port": 1000,
        "destination_port": 80,
        "protocol": 6,
        "bytes_forward": 4 * 40 + len(GET),
        "bytes_reverse": 3 * 40 + 27,
        "packets_forward": 4,
        "packets_reverse": 3,
        "tcp_flags_forward": SYN | ACK | PSH | FIN,
        "tcp_flags_reverse": SYN | ACK | PSH | FIN,
        "initiator": "source",
        "name": "www.example.org",
        "name_source": "http",
        "sensor_label": "HTTP",
        "exclusive": True,
        "sampling": 1,
    }


OPENERS = (
    ((segment(0, SYN), segment(1, SYN | ACK, back=True)), "source"),
    ((segment(0, SYN | ACK, back=True), segment(1, ACK)), "destination"),
    ((segment(0, ACK), segment(1, ACK, back=True)), None),
    ((segment(0, SYN | ACK, back=True), segment(1, RST, back=True)), None),
    ((segment(0, SYN), segment(1, RST | ACK, back=True)), "source"),
)


@pytest.mark.external
@pytest.mark.usefixtures("nfstream")
@pytest.mark.parametrize(("records", "opener"), OPENERS)
def test_who_opened_is_said_only_where_it_shows(
    tmp_path: Path, records: tuple[bytes, ...], opener: str | None
) -> None:
    (row,) = read(capture(tmp_path, *records))
    assert row["initiator"] == opener


@pytest.mark.external
@pytest.mark.usefixtures("nfstream")
def test_time_limits_are_the_users(tmp_path: Path) -> None:
    path = capture(tmp_path, segment(0, SYN), segment(100, SYN), segment(200, SYN))
    rows = {seconds: read(path, ReadOptions(idle_timeout_s=seconds)) for seconds in (60.0, 120.0)}
    assert {seconds: len(found) for seconds, found in rows.items()} == {60.0: 3, 120.0: 1}
    assert len(read(path, ReadOptions(active_timeout_s=150))) == 2


# None that holds packets twice: nfstream counts these twice.
CAPTURES = (
    *("instagram.pcap", "wechat.pcap", "quic.pcap", "dns.pcap", "facebook.pcap", "bittorrent.pcap"),
    *("whatsapp_login_chat.pcap", "ssh.pcap", "6in4tunnel.pcap", "teams.pcap"),
    *("zoom.pcap", "ipv6_in_gtp.pcap", "snapchat.pcap", "wireguard.pcap", "vk.pcapng"),
    *(
        "pinterest.pcap",
        "waze.pcap",
        "reddit.pcap",
        "pluralsight.pcap",
    ),
    *("tls_1.3_unidirectional_server.pcapng", "stun_wa_call.pcapng", "starcraft_battle.pcap"),
)
VOLUMES = ("bytes_forward", "bytes_reverse", "packets_forward", "packets_reverse")


def ends(row: dict[str, Any]) -> tuple[Any, ...]:
    """A row's key without direction."""
    pair = [(row[f"{side}_address"], row[f"{side}_port"]) for side in ("source", "destination")]
    return (row["protocol"], *sorted(pair, key=repr))


def totals(rows: Rows) -> dict[tuple[Any, ...], dict[str, Any]]:
    """By key: rows, volumes each way, flags, first and last time, names."""
    found: defaultdict[tuple[Any, ...], dict[str, Any]] = defaultdict(
        lambda: {"volumes": defaultdict(int), "flags": defaultdict(int), "names": set(), "rows": 0}
    )
    for row in rows:
        total = found[ends(row)]
        total["rows"] += 1
        total["first"] = min(row["start_ms"], total.get("first", row["start_ms"]))
        total["last"] = max(row["end_ms"], total.get("last", row["end_ms"]))
        for side, way in (("source", "forward"), ("destination", "reverse")):
            sender = (row[f"{side}_address"], row[f"{side}_port"])
            for what in ("bytes", "packets"):
                total["volumes"][what, sender] += row[f"{what}_{way}"]
            total["flags"][sender] |= row[f"tcp_flags_{way}"] or 0
        if row["name"]:
            total["names"].add((row["name"], row["name_source"]))
    return found


@pytest.mark.external
@pytest.mark.usefixtures("nfstream")
@pytest.mark.parametrize("name", CAPTURES)
def test_it_agrees_with_our_own_metering(shared_data: Path, name: str) -> None:
    path = shared_data / "captures/ndpi/pcap" / name
    own, theirs = totals(read(path, reader=CaptureReader())), totals(read(path))
    assert own.keys() == theirs.keys()
    for key, total in theirs.items():
        same = ("rows", "volumes", "flags", "first", "last")
        assert {k: total[k] for k in same} == {k: own[key][k] for k in same}
        assert total["names"] <= own[key]["names"]


@pytest.mark.external
@pytest.mark.usefixtures("nfstream")
def test_openers_that_are_told_are_right(shared_data: Path) -> None:
    folder = shared_data / "captures/ndpi/pcap"
    told = 0
    for name in CAPTURES:
        own = {ends(r): r for r in read(folder / name, reader=CaptureReader()) if r["initiator"]}
        for row in read(folder / name):
            if row["initiator"]:
                told += 1
                address = row[f"{row['initiator']}_address"]
                assert own[ends(row)]["source_address"] == address
    assert told > 150


@pytest.mark.external
@pytest.mark.usefixtures("nfstream")
def test_labels_are_those_that_ndpi_saw(shared_data: Path) -> None:
    folder = shared_data / "captures/ndpi/pcap"
    labels = {r["sensor_label"] for r in read(folder / "quic.pcap")}
    assert labels >= {"QUIC.GMail", "QUIC.YouTube"}
    assert "Unknown" not in labels
    tally = Tally()
    path = folder / "instagram.pcap"
    rows = [
        row
        for batch in NfstreamReader().read(Source(str(path), path), ReadOptions(), tally)
        for row in batch.rows.to_pylist()
    ]
    guessed = tally.flagged["label guessed by port or address: not used"]
    assert guessed == 7
    # One flow nDPI calls Unknown.
    assert sum(row["sensor_label"] is None for row in rows) == guessed + 1
    assert tally.records == len(rows) == 38
    # What was asked of DNS is no name of a server.
    assert {r["name"] for r in read(folder / "dns.pcap")} == {None}


@pytest.mark.external
@pytest.mark.usefixtures("nfstream")
def test_what_it_declares_is_what_it_gives(shared_data: Path) -> None:
    rows = [r for n in CAPTURES[:6] for r in read(shared_data / "captures/ndpi/pcap" / n)]
    assert {k for row in rows for k, v in row.items() if v is not None} == NfstreamReader.gives


@pytest.mark.external
@pytest.mark.usefixtures("nfstream")
@pytest.mark.parametrize("size", [24, 30, 41, 77, 300, 20_000])
def test_a_cut_capture_gives_what_came_before(shared_data: Path, tmp_path: Path, size: int) -> None:
    data = (shared_data / "captures/ndpi/pcap/wechat.pcap").read_bytes()
    path = tmp_path / "cut.pcap"
    path.write_bytes(data[:size])
    own, theirs = totals(read(path, reader=CaptureReader())), totals(read(path))
    assert {k: v["volumes"] for k, v in own.items()} == {k: v["volumes"] for k, v in theirs.items()}


@pytest.mark.external
@pytest.mark.usefixtures("nfstream")
def test_times_that_nfstream_cannot_hold_give_no_row(tmp_path: Path) -> None:
    late = struct.pack("<I", 0xF0000000)
    first, *others = CONNECTION
    path = capture(tmp_path, late + first[4:], *others)
    tally = Tally()
    assert not list(NfstreamReader().read(Source(str(path), path), ReadOptions(), tally))
    assert (tally.records, dict(tally.skipped)) == (1, {"time out of range": 1})


@pytest.mark.external
@pytest.mark.usefixtures("nfstream")
def test_garbage_behind_a_header_ends(tmp_path: Path) -> None:
    for seed in range(8):
        noise = bytes((seed * 37 + i * i * 13) % 256 for i in range(5000))
        path = tmp_path / f"{seed}.pcap"
        path.write_bytes(HEADER + b"".join(CONNECTION) + noise)
        assert sum(r["packets_forward"] for r in read(path)) >= 4


@pytest.mark.external
@pytest.mark.usefixtures("nfstream")
def test_who_wants_no_more_leaves_nothing_behind(shared_data: Path) -> None:
    path = shared_data / "captures/ndpi/pcap/wechat.pcap"
    before = os.sched_getaffinity(0) if sys.platform == "linux" else None
    batches = NfstreamReader().read(Source(str(path), path), ReadOptions(), Tally())
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert not multiprocessing.active_children()
    if sys.platform == "linux":
        assert os.sched_getaffinity(0) == before


def test_it_is_never_a_guess(tmp_path: Path) -> None:
    path = capture(tmp_path, *CONNECTION)
    assert NfstreamReader().sniff(Source(str(path), path), ReadOptions()) == 0


def test_without_nfstream_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nfstream", None)
    with pytest.raises(UserError, match=r"install folkways\[ndpi\]"):
        read(capture(tmp_path, *CONNECTION))


@pytest.mark.external
@pytest.mark.usefixtures("nfstream")
def test_sources_that_it_cannot_read(tmp_path: Path) -> None:
    packed = tmp_path / "packed.pcap.gz"
    packed.write_bytes(gzip.compress(HEADER + b"".join(CONNECTION)))
    with pytest.raises(UserError, match="plain files only"):
        read(packed)
    stream = io.BufferedReader(io.BytesIO(HEADER))
    with pytest.raises(UserError, match="standard input"):
        next(NfstreamReader().read(Source("standard input", None, stream), ReadOptions(), Tally()))
    text = tmp_path / "text.pcap"
    for content in (b"", b"no capture", HEADER[:3]):
        text.write_bytes(content)
        with pytest.raises(FormatError, match="no capture"):
            read(text)
