"""Files that nfdump prints: every field as it prints it, and its own totals."""

import datetime as dt
import struct
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.read.nfcapd.nfcapd_files import (
    Row,
    exporter,
    extension_map,
    file1,
    flow1,
    read,
    structure,
)

from folkways.formats.nfcapd import layout1
from folkways.model.addresses import MAPPED_PREFIX, address_from_text

# With IPv6, TCP, UDP and ICMP among them.
CAPTURES = ("wechat.pcap", "instagram.pcap", "dns.pcap", "ipv6_in_gtp.pcap", "6in4tunnel.pcap")
FLAGS = {"C": 128, "E": 64, "U": 32, "A": 16, "P": 8, "R": 4, "S": 2, "F": 1}
FORMAT = "fmt:%ts|%te|%pr|%sa|%da|%sp|%dp|%flg|%pkt|%byt|%sas|%das"
_PORTS = ("source_port", "destination_port")
COMPRESSIONS = {"none": (), "LZO": ("-z",), "LZ4": ("-y",), "bzip2": ("-j",)}


@pytest.fixture
def metered(
    shared_data: Path, tool: Callable[[str], str], collect: Callable[..., Path]
) -> Callable[..., Path]:
    def send(version: str) -> Callable[[int], None]:
        def to(port: int) -> None:
            for name in CAPTURES:
                capture = shared_data / "captures/ndpi/pcap" / name
                command = [tool("softflowd"), "-r", str(capture), "-n", f"127.0.0.1:{port}"]
                subprocess.run(
                    [*command, "-v", version, "-d"], check=True, capture_output=True, timeout=20
                )

        return to

    return lambda version, *options: collect(send(version), *options)


def printed(text: str) -> Counter[Any]:
    """nfdump's lines as tuples; ports and flags only where a protocol has them."""
    found: Counter[Any] = Counter()
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != 12:
            continue
        ported = cells[2] in {"6", "17"}
        start, end = (_milliseconds(cell) for cell in cells[:2])
        found[
            (
                start,
                # softflowd's IPFIX of old captures has ends before starts.
                max(start, end),
                *(address_from_text(cell) for cell in cells[3:5]),
                *(int(cell) if ported else None for cell in cells[5:7]),
                sum(FLAGS[c] for c in cells[7] if c in FLAGS) if cells[2] == "6" else None,
                *(int(cell) for cell in cells[8:10]),
                *(int(cell) or None for cell in cells[10:]),
            )
        ] += 1
    return found


def ours(rows: list[Row]) -> Counter[Any]:
    """The same of our rows."""
    return Counter(
        (
            row["start_ms"],
            row["end_ms"],
            row["source_address"],
            row["destination_address"],
            *(row[p] if row["protocol"] in {6, 17} else None for p in _PORTS),
            row["tcp_flags_forward"],
            row["packets_forward"],
            row["bytes_forward"],
            row["source_asn"],
            row["destination_asn"],
        )
        for row in rows
    )


def _milliseconds(text: str) -> int:
    moment = dt.datetime.strptime(text + " +0000", "%Y-%m-%d %H:%M:%S.%f %z")
    return round(moment.timestamp() * 1000)


@pytest.mark.external
@pytest.mark.parametrize("version", ["5", "9", "10"])
def test_every_field_is_as_nfdump_prints_it(
    metered: Callable[..., Path], nfdump: Callable[..., str], tmp_path: Path, version: str
) -> None:
    collected = metered(version)
    told = printed(nfdump("-6", "-q", "-N", "-r", collected, "-o", FORMAT))
    for name, option in COMPRESSIONS.items():
        file = tmp_path / name
        nfdump("-r", collected, *option, "-w", file)
        rows, tally = read(file)
        assert len(rows) > 90
        assert any(not r["source_address"].startswith(MAPPED_PREFIX) for r in rows) == (
            version != "5"
        )
        assert ours(rows) == told
        assert tally.versions == {f"nfcapd layout 2 ({name})": 1}
        assert {row["exporter"] for row in rows} == {"127.0.0.1"}


@pytest.mark.external
def test_shared_file_of_layout_1_is_as_nfdump_tells_it(
    shared_data: Path, nfdump: Callable[..., str], tmp_path: Path
) -> None:
    file = shared_data / "exports/slips/test1-malicious.nfdump"
    rows, tally = read(file)
    assert ours(rows) == printed(nfdump("-6", "-q", "-N", "-r", file, "-o", FORMAT))
    stated = dict(
        line.split(": ") for line in nfdump("-I", "-r", file).splitlines() if ": " in line
    )
    for word, protocols in (("tcp", {6}), ("udp", {17}), ("icmp", {1, 58})):
        mine = [row for row in rows if row["protocol"] in protocols]
        assert int(stated[f"Flows_{word}"]) == len(mine)
        assert int(stated[f"Packets_{word}"]) == sum(row["packets_forward"] for row in mine)
        assert int(stated[f"Bytes_{word}"]) == sum(row["bytes_forward"] for row in mine)
    assert (len(rows), sum(row["bytes_forward"] for row in rows)) == (4593, 241_025)
    assert min(row["start_ms"] for row in rows) == int(stated["First"]) * 1000 + 940
    assert {row["exporter"] for row in rows} == {"147.32.82.62"}
    assert {row["observation_point"] for row in rows} == {"domain 58"}
    assert {row["source_asn"] for row in rows} >= {2852}
    assert tally.versions == {"nfcapd layout 1 (none)": 1}
    assert tally.flagged == {"sequence jumped, as the collector counted": 443}
    # Written again in layout 2 by nfdump it is the same.
    nfdump("-r", file, "-w", tmp_path / "again")
    again, _ = read(tmp_path / "again")
    assert ours(again) == ours(rows)


@pytest.mark.external
@pytest.mark.parametrize("option", ["-b", "-B"])
def test_joined_directions_are_as_nfdump_prints_them(
    shared_data: Path, nfdump: Callable[..., str], tmp_path: Path, option: str
) -> None:
    file, joined = shared_data / "exports/slips/test1-malicious.nfdump", tmp_path / "joined"
    nfdump("-r", file, option, "-w", joined)
    rows, tally = read(joined)
    text = nfdump("-q", "-N", "-r", joined, "-o", "fmt:%ibyt|%obyt|%ipkt|%opkt")
    told = Counter(
        tuple(int(cell) for cell in line.split("|")) for line in text.split("\n") if line
    )
    assert len(rows) == 2398
    assert told == Counter(
        (
            row["bytes_forward"],
            row["bytes_reverse"] or 0,
            row["packets_forward"],
            row["packets_reverse"] or 0,
        )
        for row in rows
    )
    assert sum(row["bytes_forward"] + (row["bytes_reverse"] or 0) for row in rows) == 241_025
    assert {row["flows"] for row in rows} == {None}
    assert not tally.flagged


@pytest.mark.external
def test_aggregated_flows_say_how_many_they_are(
    shared_data: Path, nfdump: Callable[..., str], tmp_path: Path
) -> None:
    file, summed = shared_data / "exports/slips/test1-malicious.nfdump", tmp_path / "summed"
    nfdump("-r", file, "-A", "srcip,dstip", "-w", summed)
    rows, _ = read(summed)
    assert sum(row["flows"] or 1 for row in rows) == 4593
    assert sum(row["bytes_forward"] for row in rows) == 241_025
    assert {row["bytes_reverse"] for row in rows} == {None}


@pytest.mark.external
def test_layout_1_with_extensions_is_as_nfdump_prints_it(
    nfdump: Callable[..., str], tmp_path: Path
) -> None:
    """nfdump 1.7 reads files of layout 1 that nothing writes any more."""
    values: dict[int, tuple[int, ...]] = {
        7: (64500, 64501),
        8: (0, 1, 24, 24),
        15: (9,),
        17: (900,),
        19: (7,),
        37: (1_700_000_002_500, 77, 0, 2, 0, 0, 0),
        38: (5000, 443),
        39: (0xC0000299, 0xC6336402),
    }
    rest = b"".join(structure(layout1.EXTENSIONS[n], v) for n, v in values.items())
    records = [exporter(), extension_map(1, []), extension_map(2, list(values))]
    for flags in range(8):
        body = struct.pack("<4Q", 1 << 61, 1, 1 << 61, 2) if flags & 1 else struct.pack("<2I", 1, 2)
        body += struct.pack("<Q" if flags & 2 else "<I", 3)
        body += struct.pack("<Q" if flags & 4 else "<I", 180 + flags)
        records += [flow1(body, flags=flags), flow1(body + rest, flags=flags, extensions=2)]
    file = tmp_path / "layout1"
    file.write_bytes(file1(records))
    rows, _ = read(file)
    assert ours(rows) == printed(nfdump("-6", "-q", "-N", "-r", file, "-o", FORMAT))
    text = nfdump("-q", "-N", "-r", file, "-o", "fmt:%byt|%obyt|%opkt|%dir|%xsp")
    assert Counter(line.replace(" ", "") for line in text.splitlines() if line) == Counter(
        f"{row['bytes_forward']}|{row['bytes_reverse'] or 0}|{row['packets_reverse'] or 0}|"
        f"{'E' if 'egress' in row['observation_point'] else 'I'}|"
        f"{row['translated_source_port'] or 0}"
        for row in rows
    )
